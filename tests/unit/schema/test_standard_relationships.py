"""Lookups, links and their behaviours: each there, each numbered once."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model.kinds import Kind
from satchel.model.limits import TABLES_MAX
from satchel.schema.catalog import Catalog
from satchel.schema.relationship import CASCADE_BEHAVIOURS, DELETE_BEHAVIOURS
from tests.unit.schema.walk import columns, tables


def test_every_lookup_has_targets_and_a_behaviour_for_each(catalog: Catalog) -> None:
    """A lookup refers to tables of the catalogue only, and each has its relationship."""
    for table, column in columns(catalog):
        if column.kind is not Kind.LOOKUP:
            continue
        assert column.targets or column.readonly, f"{table.name}.{column.name}"
        for target in column.targets:
            relation = catalog.relation(table.name, column.name, target)
            assert relation is not None, f"{table.name}.{column.name} to {target}"
            assert relation.delete in DELETE_BEHAVIOURS
            for action in (relation.assign, relation.share, relation.unshare, relation.reparent):
                assert action in CASCADE_BEHAVIOURS
            assert catalog.relation_number(relation.number) is relation
            assert (relation.table_number, relation.column_number, relation.target_number) == (
                table.number,
                column.number,
                catalog.number_of(target),
            )


def test_no_relationship_without_its_lookup(catalog: Catalog, document: dict[str, Any]) -> None:
    """Each relationship belongs to a lookup column that has its target."""
    for entry in document["relationships"]:
        column = catalog.table(entry["table"]).columns[entry["column"]]
        assert entry["target"] in column.targets


@pytest.mark.parametrize(
    ("table", "column", "target", "delete"),
    [
        ("contact", "parentcustomerid", "account", "cascade"),
        ("systemuser", "businessunitid", "businessunit", "restrict"),
        ("account", "primarycontactid", "contact", "remove_link"),
        ("opportunityproduct", "opportunityid", "opportunity", "cascade"),
        ("opportunity", "customerid", "account", "cascade"),
        ("opportunity", "customerid", "contact", "cascade"),
        ("task", "regardingobjectid", "account", "cascade"),
        ("task", "regardingobjectid", "opportunity", "cascade"),
        ("annotation", "objectid", "incident", "cascade"),
        ("account", "parentaccountid", "account", "remove_link"),
        ("account", "ownerid", "systemuser", "none"),
        ("account", "createdby", "systemuser", "none"),
        ("account", "transactioncurrencyid", "transactioncurrency", "restrict"),
        ("opportunityproduct", "productid", "product", "restrict"),
        ("salesorder", "quoteid", "quote", "restrict"),
        ("businessunit", "parentbusinessunitid", "businessunit", "restrict"),
    ],
)
def test_delete_behaviour(
    catalog: Catalog, table: str, column: str, target: str, delete: str
) -> None:
    """What becomes of the rows under a deleted row is what Dataverse does with them."""
    relation = catalog.relation(table, column, target)
    assert relation is not None
    assert relation.delete == delete
    assert relation in catalog.pointing_at(catalog.number_of(target))
    assert relation in catalog.lookups_of(catalog.number_of(table))


def test_parental_relationships_carry_assign_and_share(catalog: Catalog) -> None:
    """A contact follows its account when that is assigned, shared or moved; a line does not."""
    contact = catalog.relation("contact", "parentcustomerid", "account")
    line = catalog.relation("opportunityproduct", "opportunityid", "opportunity")
    assert contact is not None
    assert line is not None
    assert {contact.assign, contact.share, contact.unshare, contact.reparent} == {"cascade"}
    assert {line.share, line.unshare, line.reparent} == {"none"}


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("contactleads_association", "contact", "lead"),
        ("accountleads_association", "account", "lead"),
        ("opportunitycompetitors_association", "opportunity", "competitor"),
        ("leadcompetitors_association", "lead", "competitor"),
        ("teammembership_association", "team", "systemuser"),
        ("systemuserroles_association", "systemuser", "role"),
    ],
)
def test_links(catalog: Catalog, name: str, left: str, right: str) -> None:
    """The N:N relationships that the field needs are there, with both their ends."""
    link = catalog.link(name)
    assert (link.left, link.right) == (left, right)
    assert (link.left_number, link.right_number) == (
        catalog.number_of(left),
        catalog.number_of(right),
    )
    assert catalog.link_number(link.number) is link


def test_tables_of_links_belong_to_a_link(catalog: Catalog) -> None:
    """A table that shows links names an N:N relationship whose intersect table it is."""
    for table in tables(catalog):
        if table.intersect is not None:
            assert catalog.link(table.intersect).intersect == table.name


def test_numbers_are_never_used_twice(catalog: Catalog, document: dict[str, Any]) -> None:
    """Numbers of tables, of relationships and links, and of columns and groups are unique."""
    relations = [entry["number"] for entry in document["relationships"] + document["links"]]
    assert len(set(relations)) == len(relations)
    assert min(relations) >= 1
    assert max(relations) < document["next"]["relation"] <= TABLES_MAX
    numbers = [table["number"] for table in document["tables"].values()]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) >= 1
    assert max(numbers) < document["next"]["table"] <= TABLES_MAX
    names = [entry["name"].lower() for entry in document["relationships"] + document["links"]]
    assert len(set(names)) == len(names)
    for table in tables(catalog):
        own = [column.number for column in table.columns.values()]
        assert len({*own, *table.groups}) == len(own) + len(table.groups), table.name
        assert min(own) >= 1
