"""Kinds, bounds, options, dates, groups and defaults of the standard columns."""

from __future__ import annotations

from satchel.model.kinds import Kind, Policy
from satchel.schema.catalog import Catalog
from satchel.schema.validate import check_create, check_stored, create_values, from_stored
from tests.unit.schema.walk import columns, sample, tables

BEHAVIOURS = {"user_local", "date_only", "zone_independent"}
PLATFORM = ("createdon", "createdby", "modifiedon", "modifiedby", "versionnumber")


def test_every_choice_has_options_with_labels(catalog: Catalog) -> None:
    """No choice is without options, no option without a label: placeholders were repaired."""
    kinds = (Kind.CHOICE, Kind.MULTICHOICE, Kind.STATE, Kind.STATUS)
    for table, column in columns(catalog):
        if column.kind in kinds:
            place = f"{table.name}.{column.name}"
            assert column.options, place
            assert all(type(number) is int for number in column.options), place
            assert all(label and label.strip() for label in column.options.values()), place


def test_every_status_belongs_to_a_state_and_every_state_has_one(catalog: Catalog) -> None:
    """Status reasons and states fit together in both directions, in one group."""
    for table in tables(catalog):
        state, status = table.state_column, table.status_column
        assert (state is None) is (status is None), table.name
        if state is not None and status is not None:
            assert set(status.states.values()) == set(state.options), table.name
            assert state.register == status.register != state.number
            assert set(table.groups[state.register]) == {state.number, status.number}
            assert table.policies[state.register] is Policy.SURFACE


def test_dates_have_a_behaviour(catalog: Catalog) -> None:
    """Each date column is user local, date only or zone independent, and all three occur."""
    seen = set()
    for table, column in columns(catalog):
        if column.kind in (Kind.DATETIME, Kind.DATE):
            assert column.dates in BEHAVIOURS, f"{table.name}.{column.name}"
            assert (column.kind is Kind.DATE) is (column.dates == "date_only")
            seen.add(column.dates)
    assert seen == BEHAVIOURS
    assert catalog.table("contact").columns["birthdate"].kind is Kind.DATE
    assert catalog.table("opportunity").columns["estimatedclosedate"].kind is Kind.DATE
    assert catalog.table("task").columns["scheduledend"].kind is Kind.DATETIME


def test_texts_and_numbers_have_bounds(catalog: Catalog) -> None:
    """Every text has a length, every number but a 64-bit one has a lowest and highest value."""
    for table, column in columns(catalog):
        place = f"{table.name}.{column.name}"
        if column.kind in (Kind.STRING, Kind.MEMO):
            assert column.max_length, place
        if column.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DOUBLE):
            assert column.min is not None, place
            assert column.max is not None, place
            assert column.min <= column.max, place
        if column.kind in (Kind.DECIMAL, Kind.MONEY):
            assert column.precision is not None, place


def test_yes_and_no_have_labels(catalog: Catalog) -> None:
    """Booleans carry the labels people see."""
    assert catalog.table("account").columns["creditonhold"].labels == ("No", "Yes")
    assert catalog.table("account").columns["donotemail"].labels == ("Allow", "Do Not Allow")
    assert catalog.table("phonecall").columns["directioncode"].labels == ("Incoming", "Outgoing")


def test_there_are_columns_of_several_choices(catalog: Catalog) -> None:
    """Multi-select columns occur."""
    found = {
        f"{table.name}.{c.name}" for table, c in columns(catalog) if c.kind is Kind.MULTICHOICE
    }
    assert {"bookableresource.msdyn_pooltype", "appaction.clienttype"} <= found


def test_what_the_platform_fills_is_read_only(catalog: Catalog) -> None:
    """Makers, moments, versions, base amounts and composites are never written by an app."""
    for table, column in columns(catalog):
        if column.name in PLATFORM or column.name.endswith(("_base", "_composite")):
            assert column.readonly, f"{table.name}.{column.name}"
        if column.kind in (Kind.ID, Kind.VIRTUAL):
            assert column.readonly, f"{table.name}.{column.name}"
            assert not column.required, f"{table.name}.{column.name}"
    for name in ("contact", "lead", "systemuser"):
        full = catalog.table(name).columns["fullname"]
        assert full.readonly
        assert full.derived == "fullname"
    assert catalog.table("account").columns["exchangerate"].readonly
    assert not catalog.table("transactioncurrency").columns["exchangerate"].readonly


def test_policies_and_groups(catalog: Catalog) -> None:
    """Money and memos surface, owners reject, addresses and names change as a whole."""
    account, contact = catalog.table("account"), catalog.table("contact")
    assert account.columns["creditlimit"].policy is Policy.SURFACE
    assert account.columns["description"].policy is Policy.SURFACE
    assert account.columns["name"].policy is Policy.LWW
    city, line = account.columns["address1_city"], account.columns["address1_line1"]
    assert city.register == line.register not in account.by_number
    assert account.columns["address2_city"].register != city.register
    assert account.policies[city.register] is Policy.LWW
    first, last = contact.columns["firstname"], contact.columns["lastname"]
    assert first.register == last.register
    assert account.columns["transactioncurrencyid"].register not in account.groups
    for table in tables(catalog):
        for register, members in table.groups.items():
            assert len(members) > 1
            assert all(table.by_number[member].register == register for member in members)
            assert not any(table.by_number[member].readonly for member in members), table.name


def test_defaults_are_stored_values_of_their_columns(catalog: Catalog) -> None:
    """A default is what the column would store, and a column with one is never required."""
    for table, column in columns(catalog):
        if column.default is not None:
            check_stored(catalog, table, column, column.default)
            assert not column.required, f"{table.name}.{column.name}"
            assert not column.readonly, f"{table.name}.{column.name}"


def test_rows_need_only_the_obvious(catalog: Catalog) -> None:
    """The tables of the field ask for their name, and not for what the platform knows."""
    needed = {
        name: {column.name for column in catalog.table(name).required}
        for name in (
            "account",
            "contact",
            "lead",
            "opportunity",
            "opportunityproduct",
            "incident",
            "product",
            "task",
            "systemuser",
            "team",
            "businessunit",
        )
    }
    assert needed == {
        "account": {"name"},
        "contact": {"lastname"},
        "lead": {"lastname", "subject"},
        "opportunity": {"name"},
        "opportunityproduct": {"opportunityid", "quantity"},
        "incident": {"title"},
        "product": {"name", "productnumber"},
        "task": {"subject"},
        "systemuser": {"lastname"},
        "team": {"name"},
        "businessunit": {"name"},
    }


def test_a_row_of_every_table_can_be_made_and_read_back(catalog: Catalog) -> None:
    """With its required columns alone, a row of any table passes device and hub alike."""
    owner = (catalog.number_of("systemuser"), bytes(16))
    for table in tables(catalog):
        if table.intersect is not None:
            continue
        given = {column.name: sample(column) for column in table.required}
        values = create_values(catalog, table, given, owner)
        check_create(catalog, table, values)
        if table.ownership == "user":
            assert table.owner_column is not None
            assert values[table.owner_column.number] == list(owner)
        for number, stored in values.items():
            from_stored(catalog, table, table.by_number[number], stored)
