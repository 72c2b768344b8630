"""The standard tables are complete and named, owned and typed as Dataverse has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.model.kinds import Kind, Policy
from satchel.schema.catalog import Catalog
from tests.unit.schema.walk import tables

OWNERSHIPS = {"user", "organization", "businessunit", "none"}


def test_every_table_has_its_id_its_names_and_an_ownership(catalog: Catalog) -> None:
    """Each table has one id column, a label, an entity set of its own and an ownership."""
    sets = [table.entity_set for table in tables(catalog)]
    assert len(set(sets)) == len(sets)
    for table in tables(catalog):
        ids = [column.name for column in table.columns.values() if column.kind is Kind.ID]
        assert ids == [table.id_column]
        assert table.label
        assert table.plural
        assert table.ownership in OWNERSHIPS, table.name


def test_every_table_that_has_a_name_column_names_it(catalog: Catalog) -> None:
    """The primary column is a text of the table; only tables without any name have none."""
    nameless = {table.name for table in tables(catalog) if table.primary_column is None}
    assert nameless == {
        "activityparty",
        "discount",
        "fieldpermission",
        "post",
        "principalobjectaccess",
        "principalobjectattributeaccess",
        "productpricelevel",
        "recurrencerule",
        "roleprivileges",
        "systemuserprofiles",
        "systemuserroles",
        "teammembership",
        "teamprofiles",
        "teamroles",
        "usersettings",
    }
    for table in tables(catalog):
        if table.primary_column is not None:
            assert table.columns[table.primary_column].kind is Kind.STRING, table.name


def test_user_owned_tables_have_an_owner_and_no_others(catalog: Catalog) -> None:
    """A user-owned table has a writable owner (user or team); on no other can it be written."""
    for table in tables(catalog):
        owner = table.columns.get("ownerid")
        if table.ownership == "user":
            assert table.owner_column is owner is not None, table.name
            assert owner.targets == ("systemuser", "team")
            assert owner.policy is Policy.REJECT
            assert not owner.readonly
        else:
            assert table.owner_column is None
            assert owner is None or owner.readonly, table.name


@pytest.mark.parametrize(
    ("table", "entity_set", "ownership", "primary"),
    [
        ("account", "accounts", "user", "name"),
        ("opportunity", "opportunities", "user", "name"),
        ("product", "products", "organization", "name"),
        ("systemuser", "systemusers", "businessunit", "fullname"),
        ("opportunityproduct", "opportunityproducts", "none", "opportunityproductname"),
        ("transactioncurrency", "transactioncurrencies", "organization", "currencyname"),
        ("savedquery", "savedqueries", "organization", "name"),
        ("userquery", "userqueries", "user", "name"),
        ("usersettings", "usersettingscollection", "businessunit", None),
        ("fax", "faxes", "user", "subject"),
    ],
)
def test_names_and_ownership(
    catalog: Catalog, table: str, entity_set: str, ownership: str, primary: str | None
) -> None:
    """Entity sets, ownership and name columns are those of Dataverse."""
    found = catalog.table(table)
    assert (found.entity_set, found.ownership, found.primary_column) == (
        entity_set,
        ownership,
        primary,
    )


def test_every_table_of_the_source_is_there_with_every_column(
    shared: Path, document: dict[str, Any]
) -> None:
    """Nothing of the 65 tables and 3,800 columns taken over got lost."""
    source = json.loads((shared / "reference" / "standard_tables.json").read_text("utf-8"))
    for name, table in source.items():
        missing = set(table["columns"]) - set(document["tables"][name]["columns"])
        assert not missing, f"{name}: {missing}"


def test_tables_of_security_and_customisation(catalog: Catalog) -> None:
    """Roles, shares, column security, settings, views and forms have their own columns."""
    wanted = {
        "role": {"name", "businessunitid", "parentroleid"},
        "privilege": {"name", "accessright"},
        "roleprivileges": {"roleid", "privilegeid", "privilegedepthmask"},
        "systemuserroles": {"systemuserid", "roleid"},
        "teamroles": {"teamid", "roleid"},
        "principalobjectaccess": {"principalid", "objectid", "accessrightsmask"},
        "principalobjectattributeaccess": {"principalid", "objectid", "readaccess"},
        "fieldsecurityprofile": {"name"},
        "fieldpermission": {"fieldsecurityprofileid", "attributelogicalname", "canread"},
        "usersettings": {"uilanguageid", "localeid", "timezonecode"},
        "savedquery": {"fetchxml", "layoutxml", "returnedtypecode", "querytype", "isdefault"},
        "userquery": {"fetchxml", "layoutxml", "returnedtypecode", "ownerid"},
        "systemform": {"objecttypecode", "type", "formxml"},
    }
    for name, some in wanted.items():
        assert some <= set(catalog.table(name).columns), name


def test_the_document_is_plain(document: dict[str, Any]) -> None:
    """Maps with text keys, lists, text, numbers and booleans: any codec carries it."""

    def walk(value: Any) -> None:
        if type(value) is dict:
            assert all(type(key) is str for key in value)
            for inner in value.values():
                walk(inner)
        elif type(value) is list:
            for inner in value:
                walk(inner)
        else:
            assert type(value) in (str, int, float, bool, type(None)), value

    walk(document)
    assert document["version"] == 1
