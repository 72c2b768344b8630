"""Each kind: what an app may say, what is stored, what is answered, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model.errors import Invalid
from satchel.schema.catalog import Catalog
from satchel.schema.validate import check_stored, from_stored, to_stored
from tests.unit.schema.walk import ROW_ID

ROW = bytes.fromhex(ROW_ID.replace("-", ""))
POOLS = [192350000, 192350002]


@pytest.mark.parametrize(
    ("place", "said", "stored", "answered"),
    [
        ("account.name", "Contoso", "Contoso", "Contoso"),
        ("account.name", "Cafe\u0301", "Caf\u00e9", "Caf\u00e9"),
        ("account.name", "", None, None),
        ("account.name", None, None, None),
        ("account.description", "two\nlines", "two\nlines", "two\nlines"),
        ("account.numberofemployees", 12, 12, 12),
        ("account.numberofemployees", "12", 12, 12),
        ("account.creditlimit", "1200.50", [12005, 1], "1200.5"),
        ("account.creditlimit", 1200, [1200, 0], "1200"),
        ("account.creditlimit", 0.1, [1, 1], "0.1"),
        ("account.creditlimit", "1e3", [1000, 0], "1000"),
        ("account.creditlimit", "-0", [0, 0], "0"),
        ("opportunity.estimatedvalue", "-7.05", [-705, 2], "-7.05"),
        ("opportunity.estimatedvalue", "-0.00", [0, 0], "0"),
        ("opportunity.discountpercentage", ".5", [5, 1], "0.5"),
        ("account.address1_latitude", 47, 47.0, 47.0),
        ("account.address1_latitude", "-0.0", 0.0, 0.0),
        ("account.creditonhold", True, True, True),
        ("account.creditonhold", "yes", True, True),
        ("account.creditonhold", "false", False, False),
        ("account.donotemail", "Do Not Allow", True, True),
        ("account.accountcategorycode", 1, 1, 1),
        ("account.accountcategorycode", "preferred customer", 1, 1),
        ("account.accountcategorycode", "2", 2, 2),
        ("account.statecode", "Inactive", 1, 1),
        ("bookableresource.msdyn_pooltype", [192350002, 192350000], POOLS, POOLS),
        ("bookableresource.msdyn_pooltype", "User, Account", POOLS, POOLS),
        ("bookableresource.msdyn_pooltype", [], None, None),
        ("task.scheduledend", "2024-03-31T03:30:00Z", 1711855800000, "2024-03-31T03:30:00Z"),
        ("task.scheduledend", "2024-03-31T05:30:00+02:00", 1711855800000, "2024-03-31T03:30:00Z"),
        ("task.scheduledend", "2024-03-31T03:30:00.25Z", 1711855800250, "2024-03-31T03:30:00.250Z"),
        ("task.scheduledend", "1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"),
        ("contact.birthdate", "2024-03-31", 19813, "2024-03-31"),
        ("contact.birthdate", "1753-01-01", -79257, "1753-01-01"),
        (
            "msdyn_customerasset.msdyn_manufacturingdate",
            "2024-03-31T03:30:00",
            1711855800000,
            "2024-03-31T03:30:00Z",
        ),
        ("account.processid", "{" + ROW_ID.upper() + "}", ROW, ROW_ID),
    ],
)
def test_said_stored_answered(
    catalog: Catalog, place: str, said: Any, stored: Any, answered: Any
) -> None:
    """A value is stored in its one exact form, passes the hub's check, and is answered."""
    table_name, _, name = place.partition(".")
    table = catalog.table(table_name)
    column = table.columns[name]
    got = to_stored(catalog, table, column, said)
    assert got == stored
    assert type(got) is type(stored)
    check_stored(catalog, table, column, got)
    assert from_stored(catalog, table, column, got) == answered


@pytest.mark.parametrize(
    "said",
    [{"table": "contact", "id": ROW_ID}, f"contact:{ROW_ID}", ROW_ID, ROW_ID.replace("-", "")],
)
def test_a_lookup_names_its_row_in_three_ways(catalog: Catalog, said: Any) -> None:
    """A map, ``table:id``, or a bare id where only one table can be meant."""
    account = catalog.table("account")
    column = account.columns["primarycontactid"]
    stored = to_stored(catalog, account, column, said)
    assert stored == [catalog.number_of("contact"), ROW]
    check_stored(catalog, account, column, stored)
    assert from_stored(catalog, account, column, stored) == {"table": "contact", "id": ROW_ID}


@pytest.mark.parametrize(
    ("place", "said", "code"),
    [
        ("account.name", 7, "WRONG_TYPE"),
        ("account.name", b"Contoso", "WRONG_TYPE"),
        ("account.name", ["Contoso"], "WRONG_TYPE"),
        ("account.name", "x\ud800", "WRONG_TYPE"),
        ("account.name", "x" * 161, "TOO_LONG"),
        ("account.numberofemployees", "many", "WRONG_TYPE"),
        ("account.numberofemployees", True, "WRONG_TYPE"),
        ("account.numberofemployees", 1.0, "WRONG_TYPE"),
        ("account.numberofemployees", -1, "OUT_OF_RANGE"),
        ("account.numberofemployees", 10**20, "OUT_OF_RANGE"),
        ("account.creditlimit", "lots", "WRONG_TYPE"),
        ("account.creditlimit", "", "WRONG_TYPE"),
        ("account.creditlimit", ".", "WRONG_TYPE"),
        ("account.creditlimit", "1\u0661", "WRONG_TYPE"),
        ("account.creditlimit", float("nan"), "WRONG_TYPE"),
        ("account.creditlimit", False, "WRONG_TYPE"),
        ("account.creditlimit", "-1", "OUT_OF_RANGE"),
        ("account.creditlimit", "0.001", "OUT_OF_RANGE"),
        ("account.creditlimit", "1e300", "OUT_OF_RANGE"),
        ("account.address1_latitude", 91, "OUT_OF_RANGE"),
        ("account.address1_latitude", float("nan"), "WRONG_TYPE"),
        ("account.address1_latitude", "inf", "WRONG_TYPE"),
        ("account.address1_latitude", "north", "WRONG_TYPE"),
        ("account.address1_latitude", 10**400, "OUT_OF_RANGE"),
        ("account.address1_latitude", True, "WRONG_TYPE"),
        ("account.creditonhold", 1, "WRONG_TYPE"),
        ("account.creditonhold", "perhaps", "WRONG_TYPE"),
        ("account.accountcategorycode", 99, "NOT_AN_OPTION"),
        ("account.accountcategorycode", "Best Customer", "NOT_AN_OPTION"),
        ("account.accountcategorycode", 1.0, "WRONG_TYPE"),
        ("account.accountcategorycode", True, "WRONG_TYPE"),
        ("bookableresource.msdyn_pooltype", [1], "NOT_AN_OPTION"),
        ("bookableresource.msdyn_pooltype", 192350000, "WRONG_TYPE"),
        ("bookableresource.msdyn_pooltype", [None], "WRONG_TYPE"),
        ("task.scheduledend", "2024-03-31T03:30:00", "WRONG_TYPE"),
        ("task.scheduledend", "2024-03-31", "WRONG_TYPE"),
        ("task.scheduledend", "tomorrow", "WRONG_TYPE"),
        ("task.scheduledend", 1711855800000, "WRONG_TYPE"),
        ("task.scheduledend", "1700-01-01T00:00:00Z", "OUT_OF_RANGE"),
        ("contact.birthdate", "31.03.2024", "WRONG_TYPE"),
        ("contact.birthdate", "2024-02-30", "WRONG_TYPE"),
        ("contact.birthdate", "2024-03-31T00:00:00Z", "WRONG_TYPE"),
        ("contact.birthdate", 19813, "WRONG_TYPE"),
        ("contact.birthdate", "1752-12-31", "OUT_OF_RANGE"),
        (
            "msdyn_customerasset.msdyn_manufacturingdate",
            "2024-03-31T03:30:00+02:00",
            "WRONG_TYPE",
        ),
        ("account.processid", "no-uuid", "WRONG_TYPE"),
        ("account.processid", 7, "WRONG_TYPE"),
        ("account.primarycontactid", {"table": "lead", "id": ROW_ID}, "WRONG_TARGET"),
        ("account.primarycontactid", {"table": "acount", "id": ROW_ID}, "WRONG_TARGET"),
        ("account.primarycontactid", {"table": "contact", "id": "Ada"}, "WRONG_TYPE"),
        ("account.primarycontactid", {"table": 2, "id": ROW_ID}, "WRONG_TYPE"),
        ("account.primarycontactid", {}, "WRONG_TYPE"),
        ("account.primarycontactid", "Ada", "WRONG_TYPE"),
        ("account.primarycontactid", 7, "WRONG_TYPE"),
        ("contact.parentcustomerid", ROW_ID, "WRONG_TARGET"),
        ("account.accountid", ROW_ID, "READ_ONLY"),
        ("phonecall.to", [ROW_ID], "READ_ONLY"),
    ],
)
def test_refusals_name_table_column_rule_and_value(
    catalog: Catalog, place: str, said: Any, code: str
) -> None:
    """What cannot be stored is refused in one sentence with a stable code."""
    table_name, _, name = place.partition(".")
    table = catalog.table(table_name)
    with pytest.raises(Invalid) as refused:
        to_stored(catalog, table, table.columns[name], said)
    error = refused.value
    assert error.code == code
    assert error.message.startswith(place + " ")
    assert error.message.endswith(".")
    assert error.details["table"] == table_name
    assert error.details["column"] == name
    assert error.details["rule"] in error.message
    assert error.details["value"] in error.message
    assert len(error.details["value"]) <= 80
    error.message.encode()


@pytest.mark.parametrize(
    ("place", "stored", "code"),
    [
        ("account.name", "", "WRONG_TYPE"),
        ("account.name", "Cafe\u0301", "WRONG_TYPE"),
        ("account.name", 7, "WRONG_TYPE"),
        ("account.name", "x" * 161, "TOO_LONG"),
        ("account.numberofemployees", "12", "WRONG_TYPE"),
        ("account.numberofemployees", True, "WRONG_TYPE"),
        ("account.creditlimit", [10, 1], "WRONG_TYPE"),
        ("account.creditlimit", [1, -1], "WRONG_TYPE"),
        ("account.creditlimit", [True, 0], "WRONG_TYPE"),
        ("account.creditlimit", (1, 0), "WRONG_TYPE"),
        ("account.creditlimit", [1], "WRONG_TYPE"),
        ("account.creditlimit", 1, "WRONG_TYPE"),
        ("account.creditlimit", [1, 3], "OUT_OF_RANGE"),
        ("account.creditlimit", [-1, 0], "OUT_OF_RANGE"),
        ("account.address1_latitude", 47, "WRONG_TYPE"),
        ("account.address1_latitude", -0.0, "WRONG_TYPE"),
        ("account.address1_latitude", 91.0, "OUT_OF_RANGE"),
        ("account.creditonhold", 1, "WRONG_TYPE"),
        ("account.accountcategorycode", "1", "WRONG_TYPE"),
        ("account.accountcategorycode", True, "WRONG_TYPE"),
        ("account.accountcategorycode", 99, "NOT_AN_OPTION"),
        ("bookableresource.msdyn_pooltype", [192350002, 192350000], "WRONG_TYPE"),
        ("bookableresource.msdyn_pooltype", [192350000, 192350000], "WRONG_TYPE"),
        ("bookableresource.msdyn_pooltype", [], "WRONG_TYPE"),
        ("bookableresource.msdyn_pooltype", [7], "NOT_AN_OPTION"),
        ("task.scheduledend", "2024-03-31T03:30:00Z", "WRONG_TYPE"),
        ("task.scheduledend", -(10**15), "OUT_OF_RANGE"),
        ("contact.birthdate", 10**9, "OUT_OF_RANGE"),
        ("contact.birthdate", "2024-03-31", "WRONG_TYPE"),
        ("account.primarycontactid", [2], "WRONG_TYPE"),
        ("account.primarycontactid", [2, b"short"], "WRONG_TYPE"),
        ("account.primarycontactid", ["contact", ROW], "WRONG_TYPE"),
        ("account.primarycontactid", [1, ROW], "WRONG_TARGET"),
        ("account.primarycontactid", [9999, ROW], "WRONG_TARGET"),
        ("account.processid", ROW_ID, "WRONG_TYPE"),
        ("account.accountid", ROW, "READ_ONLY"),
    ],
)
def test_the_hub_takes_exact_stored_forms_only(
    catalog: Catalog, place: str, stored: Any, code: str
) -> None:
    """A value that is not byte for byte what a device would store is refused."""
    table_name, _, name = place.partition(".")
    table = catalog.table(table_name)
    with pytest.raises(Invalid) as refused:
        check_stored(catalog, table, table.columns[name], stored)
    assert refused.value.code == code


def test_a_message_shows_what_can_be_chosen(catalog: Catalog) -> None:
    """NOT_AN_OPTION lists the options, a long list its beginning and how many more."""
    account = catalog.table("account")
    with pytest.raises(Invalid) as refused:
        to_stored(catalog, account, account.columns["accountcategorycode"], 99)
    assert refused.value.message == (
        "account.accountcategorycode takes 1 (Preferred Customer) or 2 (Standard); it got 99."
    )
    with pytest.raises(Invalid) as refused:
        to_stored(catalog, account, account.columns["industrycode"], "Alchemy")
    assert "more; it got 'Alchemy'." in refused.value.message


def test_a_huge_value_is_shown_shortened(catalog: Catalog) -> None:
    """A message never carries a whole memo."""
    account = catalog.table("account")
    with pytest.raises(Invalid) as refused:
        to_stored(catalog, account, account.columns["name"], "x" * 1_000_000)
    assert len(refused.value.message) < 200
    with pytest.raises(Invalid) as refused:
        to_stored(catalog, account, account.columns["name"], ["x"] * 100_000)
    assert len(refused.value.message) < 200
