"""Whole rows and changes on the device: defaults, required columns, states, groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from satchel.model.errors import Invalid
from satchel.schema.catalog import Catalog
from satchel.schema.table import Table
from satchel.schema.validate import create_values, update_values
from tests.unit.schema.walk import ROW_ID, USER


def named(table: Table, values: dict[int, Any]) -> dict[str, Any]:
    return {table.by_number[number].name: stored for number, stored in values.items()}


def present(table: Table, **values: Any) -> Callable[[int], Any]:
    numbers = {table.columns[name].number: stored for name, stored in values.items()}
    return numbers.get


def registers(table: Table, made: dict[int, dict[int, Any]]) -> list[dict[str, Any]]:
    assert all(
        {table.by_number[number].register for number in values} == {register}
        for register, values in made.items()
    )
    return [named(table, values) for values in made.values()]


def test_a_new_row_gets_state_status_and_owner(catalog: Catalog) -> None:
    """What the app leaves out and the platform knows is filled in."""
    account = catalog.table("account")
    values = create_values(catalog, account, {"name": "Contoso"}, USER)
    assert named(account, values) == {
        "name": "Contoso",
        "ownerid": [46, bytes(16)],
        "statecode": 0,
        "statuscode": 1,
    }


def test_a_given_owner_stays(catalog: Catalog) -> None:
    """Whoever names an owner gets that owner."""
    account = catalog.table("account")
    given = {"name": "Contoso", "ownerid": f"team:{ROW_ID}"}
    values = named(account, create_values(catalog, account, given, USER))
    assert values["ownerid"][0] == catalog.number_of("team")


def test_no_owner_where_nobody_owns(catalog: Catalog) -> None:
    """Organisation-owned rows get none, and without an owner none is made up."""
    currency, account = catalog.table("transactioncurrency"), catalog.table("account")
    given = {"currencyname": "Euro", "currencysymbol": "€", "isocurrencycode": "EUR"}
    assert "ownerid" not in named(currency, create_values(catalog, currency, given, USER))
    made = create_values(catalog, account, {"name": "Contoso"}, None)
    assert "ownerid" not in named(account, made)


def test_defaults_fill_what_is_not_given(catalog: Catalog) -> None:
    """A default holds unless the app says something else, nothing included."""
    task = catalog.table("task")
    given = {"subject": "Call back"}
    assert named(task, create_values(catalog, task, given, USER))["prioritycode"] == 1
    high = create_values(catalog, task, given | {"prioritycode": "High"}, USER)
    assert named(task, high)["prioritycode"] == 2
    none = create_values(catalog, task, given | {"prioritycode": None}, USER)
    assert "prioritycode" not in named(task, none)


@pytest.mark.parametrize("given", [{}, {"name": None}, {"name": ""}])
def test_a_missing_required_column_is_refused(catalog: Catalog, given: dict[str, Any]) -> None:
    """MISSING_COLUMN, whether left out, null or empty."""
    with pytest.raises(Invalid) as refused:
        create_values(catalog, catalog.table("account"), given, USER)
    assert refused.value.code == "MISSING_COLUMN"
    assert refused.value.message == "account.name is required; it got nothing."


def test_an_unknown_column_is_refused(catalog: Catalog) -> None:
    """UNKNOWN_COLUMN names the table and the column."""
    account = catalog.table("account")
    for refuse in (
        lambda: create_values(catalog, account, {"name": "x", "nmae": "y"}, USER),
        lambda: update_values(catalog, account, {"nmae": "y"}, present(account)),
    ):
        with pytest.raises(Invalid) as refused:
            refuse()
        assert refused.value.code == "UNKNOWN_COLUMN"
        assert refused.value.message == "In account, 'nmae' is no column of this table."


@pytest.mark.parametrize(
    "column", ["createdon", "modifiedby", "versionnumber", "accountid", "owninguser", "aging30"]
)
def test_what_the_platform_fills_is_refused(catalog: Catalog, column: str) -> None:
    """READ_ONLY on create and update alike, even with nothing to write."""
    account = catalog.table("account")
    with pytest.raises(Invalid) as created:
        create_values(catalog, account, {"name": "x", column: None}, USER)
    with pytest.raises(Invalid) as updated:
        update_values(catalog, account, {column: None}, present(account))
    assert created.value.code == updated.value.code == "READ_ONLY"
    assert created.value.details["column"] == column


@pytest.mark.parametrize(
    ("given", "state", "status"),
    [
        ({}, 0, 1),
        ({"statecode": "Won"}, 1, 3),
        ({"statuscode": "Out-Sold"}, 2, 5),
        ({"statecode": 2, "statuscode": 5}, 2, 5),
        ({"statecode": 0, "statuscode": "On Hold"}, 0, 2),
        ({"statecode": None}, 0, 1),
    ],
)
def test_state_and_status_of_a_new_row(
    catalog: Catalog, given: dict[str, Any], state: int, status: int
) -> None:
    """A status implies its state, a state its first status."""
    table = catalog.table("opportunity")
    values = named(table, create_values(catalog, table, {"name": "Deal"} | given, USER))
    assert (values["statecode"], values["statuscode"]) == (state, status)


def test_a_status_of_another_state_is_refused(catalog: Catalog) -> None:
    """STATUS_MISMATCH says to which state the status belongs."""
    table = catalog.table("opportunity")
    given = {"name": "Deal", "statecode": "Open", "statuscode": "Won"}
    with pytest.raises(Invalid) as refused:
        create_values(catalog, table, given, USER)
    assert refused.value.code == "STATUS_MISMATCH"
    assert refused.value.message == (
        "opportunity.statuscode 'Won' belongs to statecode 1 (Won); it got 'statecode 0'."
    )


@pytest.mark.parametrize(
    ("given", "now", "state", "status"),
    [
        ({"statecode": 1}, (0, 2), 1, 3),
        ({"statecode": 0}, (0, 2), 0, 2),
        ({"statecode": 0}, (1, 3), 0, 1),
        ({"statuscode": 2}, (0, 1), 0, 2),
        ({"statuscode": 3}, (0, 1), 1, 3),
    ],
)
def test_state_and_status_of_a_change(
    catalog: Catalog, given: dict[str, Any], now: tuple[int, int], state: int, status: int
) -> None:
    """The pair changes as one register; a status that still fits is kept."""
    table = catalog.table("opportunity")
    current = present(table, statecode=now[0], statuscode=now[1])
    made = registers(table, update_values(catalog, table, given, current))
    assert made == [{"statecode": state, "statuscode": status}]


def test_a_change_of_other_columns_leaves_the_state_alone(catalog: Catalog) -> None:
    """A lone column is a register of its own."""
    table = catalog.table("opportunity")
    current = present(table, statecode=0, statuscode=1)
    made = update_values(catalog, table, {"name": "Deal", "closeprobability": 50}, current)
    assert registers(table, made) == [{"name": "Deal"}, {"closeprobability": 50}]


def test_a_group_changes_as_a_whole(catalog: Catalog) -> None:
    """One part of an address brings the others along, as they are now."""
    table = catalog.table("account")
    current = present(table, address1_line1="Main St 1", address1_city="Berne")
    made = update_values(catalog, table, {"address1_city": "Basle"}, current)
    (address,) = registers(table, made)
    assert address["address1_city"] == "Basle"
    assert address["address1_line1"] == "Main St 1"
    assert address["address1_postalcode"] is None
    register = table.columns["address1_city"].register
    assert len(address) == len(table.groups[register])


@pytest.mark.parametrize("column", ["lastname", "statecode", "statuscode"])
def test_clearing_a_required_column_is_refused(catalog: Catalog, column: str) -> None:
    """MISSING_COLUMN: a row never loses what it must have."""
    table = catalog.table("contact")
    current = present(table, lastname="Lovelace", statecode=0, statuscode=1)
    with pytest.raises(Invalid) as refused:
        update_values(catalog, table, {column: None}, current)
    assert refused.value.code == "MISSING_COLUMN"


def test_an_optional_column_can_be_cleared(catalog: Catalog) -> None:
    """Null and empty text clear a column."""
    table = catalog.table("account")
    made = update_values(catalog, table, {"fax": None, "telephone1": ""}, present(table))
    assert registers(table, made) == [{"fax": None}, {"telephone1": None}]


def test_a_table_of_links_takes_no_rows(catalog: Catalog) -> None:
    """Memberships are links; the refusal names the relationship to use."""
    table = catalog.table("teammembership")
    for refuse in (
        lambda: create_values(catalog, table, {}, USER),
        lambda: update_values(catalog, table, {}, present(table)),
    ):
        with pytest.raises(Invalid) as refused:
            refuse()
        assert refused.value.code == "READ_ONLY"
        assert "teammembership_association" in refused.value.remedy
