"""The hub's checks: what devices make passes, what breaks a rule does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from satchel.model.errors import Invalid
from satchel.schema.catalog import Catalog
from satchel.schema.table import Table
from satchel.schema.validate import check_create, check_registers, create_values, update_values
from tests.unit.schema.walk import USER


@pytest.fixture
def account(catalog: Catalog) -> Table:
    return catalog.table("account")


def number(table: Table, name: str) -> int:
    return table.columns[name].number


def test_what_a_device_makes_passes(catalog: Catalog, account: Table) -> None:
    """Values of create and registers of update are taken as they are."""
    given = {"name": "Contoso", "creditlimit": "10", "address1_city": "Berne"}
    values = create_values(catalog, account, given, USER)
    check_create(catalog, account, values)
    changed = {"address1_line1": "Main St 1", "statuscode": "Inactive", "fax": None}
    check_registers(catalog, account, update_values(catalog, account, changed, values.get))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": None}, "MISSING_COLUMN"),
        ({"statecode": None}, "MISSING_COLUMN"),
        ({"statuscode": None}, "MISSING_COLUMN"),
        ({"statecode": 1}, "STATUS_MISMATCH"),
        ({"statuscode": 77}, "NOT_AN_OPTION"),
        ({"createdon": 0}, "READ_ONLY"),
        ({"accountid": bytes(16)}, "READ_ONLY"),
        ({"name": 7}, "WRONG_TYPE"),
        ({"name": "x" * 161}, "TOO_LONG"),
        ({"creditlimit": [-1, 0]}, "OUT_OF_RANGE"),
        ({"primarycontactid": [1, bytes(16)]}, "WRONG_TARGET"),
    ],
)
def test_a_new_row_that_breaks_a_rule_is_refused(
    catalog: Catalog, account: Table, change: dict[str, Any], code: str
) -> None:
    """Every rule of the device is checked again."""
    values = create_values(catalog, account, {"name": "Contoso"}, USER)
    for name, stored in change.items():
        values[number(account, name)] = stored
    with pytest.raises(Invalid) as refused:
        check_create(catalog, account, values)
    assert refused.value.code == code


def test_unknown_numbers_are_refused(catalog: Catalog, account: Table) -> None:
    """Neither a column nor a register that the table does not have."""
    values = create_values(catalog, account, {"name": "Contoso"}, USER)
    city = account.columns["address1_city"]
    stray: dict[int, Any] = dict.fromkeys(account.groups[city.register])
    stray[number(account, "name")] = "x"
    attempts: list[Callable[[], None]] = [
        lambda: check_create(catalog, account, {**values, 9999: 1}),
        lambda: check_create(catalog, account, {**values, city.register: "x"}),
        lambda: check_registers(catalog, account, {9999: {9999: 1}}),
        lambda: check_registers(catalog, account, {city.number: {city.number: "Berne"}}),
        lambda: check_registers(catalog, account, {city.register: stray}),
    ]
    for attempt in attempts:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.code == "UNKNOWN_COLUMN"
        assert refused.value.details["table"] == "account"


def test_a_group_in_part_is_refused(catalog: Catalog, account: Table) -> None:
    """Half an address would mix two people's work."""
    city = account.columns["address1_city"]
    with pytest.raises(Invalid) as refused:
        check_registers(catalog, account, {city.register: {city.number: "Berne"}})
    assert refused.value.code == "MISSING_COLUMN"


@pytest.mark.parametrize(
    ("column", "stored", "code"),
    [
        ("name", None, "MISSING_COLUMN"),
        ("modifiedon", 0, "READ_ONLY"),
        ("numberofemployees", "12", "WRONG_TYPE"),
    ],
)
def test_a_register_that_breaks_a_rule_is_refused(
    catalog: Catalog, account: Table, column: str, stored: Any, code: str
) -> None:
    """Every rule of the device is checked again."""
    one = number(account, column)
    with pytest.raises(Invalid) as refused:
        check_registers(catalog, account, {one: {one: stored}})
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [(0, 2, "STATUS_MISMATCH"), (None, 1, "MISSING_COLUMN"), (0, None, "MISSING_COLUMN")],
)
def test_a_pair_that_does_not_fit_is_refused(
    catalog: Catalog, account: Table, state: int | None, status: int | None, code: str
) -> None:
    """State and status are checked as a pair."""
    pair = {number(account, "statecode"): state, number(account, "statuscode"): status}
    register = account.columns["statecode"].register
    with pytest.raises(Invalid) as refused:
        check_registers(catalog, account, {register: pair})
    assert refused.value.code == code


def test_a_table_of_links_takes_no_rows(catalog: Catalog) -> None:
    """Memberships are links, at the hub too."""
    table = catalog.table("systemuserroles")
    attempts: list[Callable[[], None]] = [
        lambda: check_create(catalog, table, {}),
        lambda: check_registers(catalog, table, {}),
    ]
    for attempt in attempts:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.code == "READ_ONLY"
