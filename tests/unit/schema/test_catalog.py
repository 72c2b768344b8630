"""The catalogue answers by name and by number, and builds what is asked for once."""

from __future__ import annotations

import pytest

from satchel.model.errors import Invalid
from satchel.schema.catalog import Catalog


def test_a_table_is_found_by_name_and_number(catalog: Catalog) -> None:
    """Name and number lead to the same table, built once."""
    account = catalog.table("account")
    assert catalog.table_number(account.number) is account
    assert catalog.table("account") is account
    assert catalog.number_of("account") == account.number
    assert "account" in catalog.names()


@pytest.mark.parametrize("name", ["acount", "", "Account", 7, None])
def test_an_unknown_table_is_named_in_the_refusal(catalog: Catalog, name: str) -> None:
    """UNKNOWN_TABLE says which name there is no table for."""
    with pytest.raises(Invalid) as refused:
        catalog.table(name)
    assert refused.value.code == "UNKNOWN_TABLE"
    assert repr(name) in refused.value.message


def test_an_unknown_relationship_is_named_in_the_refusal(catalog: Catalog) -> None:
    """UNKNOWN_RELATIONSHIP says which name there is no N:N relationship for."""
    with pytest.raises(Invalid) as refused:
        catalog.link("contact_leads")
    assert refused.value.code == "UNKNOWN_RELATIONSHIP"
    assert "'contact_leads'" in refused.value.message


def test_what_is_not_there_by_number_is_none(catalog: Catalog) -> None:
    """A number from outside leads to nothing, not to an error."""
    assert catalog.table_number(16_000) is None
    assert catalog.relation_number(16_000) is None
    assert catalog.link_number(16_000) is None
    assert catalog.relation("account", "name", "contact") is None
    assert catalog.pointing_at(16_000) == ()
    assert catalog.lookups_of(16_000) == ()


def test_a_column_knows_its_register(catalog: Catalog) -> None:
    """A lone column is its own register; a group's columns share a number of their own."""
    account = catalog.table("account")
    name = account.columns["name"]
    assert name.register == name.number
    assert account.by_number[name.number] is name
    city = account.columns["address1_city"]
    assert city.number in account.groups[city.register]
    assert name.register not in account.groups
    assert set(account.policies) == {column.register for column in account.columns.values()}
