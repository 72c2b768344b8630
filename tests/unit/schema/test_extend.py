"""An organisation's own tables and columns: added from a file, never taken away."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from satchel.model.errors import Invalid
from satchel.model.kinds import Kind
from satchel.schema.catalog import Catalog
from satchel.schema.document import extend, parse_addition
from satchel.schema.validate import check_create, create_values
from tests.unit.schema.walk import USER

VESSEL = """
[[table]]
name = "new_vessel"
label = "Vessel"
primary = "new_name"

[[table.column]]
name = "new_length"
kind = "decimal"
label = "Length"
precision = 2
min = 0
max = 500
required = true

[[table.column]]
name = "new_flag"
kind = "choice"
label = "Flag"
options = [[1, "Norway"], [2, "Malta"]]
default = "Malta"

[[table.column]]
name = "new_launched"
kind = "date"
label = "Launched"

[[table.column]]
name = "new_homeportid"
kind = "lookup"
label = "Home port"
targets = ["new_port"]
delete = "restrict"

[[table]]
name = "new_port"
label = "Port"
ownership = "organization"

[[table]]
name = "account"

[[table.column]]
name = "new_flagshipid"
kind = "lookup"
label = "Flagship"
targets = ["new_vessel"]

[[table.column]]
name = "industrycode"
options = [[900, "Fisheries"]]

[[table.column]]
name = "name"
max_length = 200

[[table.column]]
name = "statuscode"
options = [[900, "On Leave", 1]]

[[link]]
name = "new_vessel_contacts"
left = "new_vessel"
right = "contact"
"""


def grow(document: dict[str, Any], text: str) -> dict[str, Any]:
    return extend(document, parse_addition(tomllib.loads(text)))


def column(name: str, **keys: Any) -> dict[str, Any]:
    return {"table": [{"name": "account", "column": [{"name": name, **keys}]}]}


def table(**keys: Any) -> dict[str, Any]:
    return {"table": [{"name": "new_boat", "label": "Boat", **keys}]}


def test_a_file_adds_tables_columns_options_and_links(document: dict[str, Any]) -> None:
    """The example does what it says, and rows of the new table can be made."""
    grown = grow(document, VESSEL)
    assert grown["version"] == 2
    catalog = Catalog(grown)
    vessel = catalog.table("new_vessel")
    assert (vessel.plural, vessel.entity_set, vessel.id_column) == (
        "Vessels",
        "new_vessels",
        "new_vesselid",
    )
    assert vessel.primary_column == "new_name"
    assert vessel.owner_column is vessel.columns["ownerid"]
    assert vessel.columns["new_launched"].kind is Kind.DATE
    given = {"new_name": "Maria", "new_length": "12.5", "new_launched": "1999-05-01"}
    values = create_values(catalog, vessel, given, USER)
    check_create(catalog, vessel, values)
    assert values[vessel.columns["new_flag"].number] == 2
    assert values[vessel.columns["statecode"].number] == 0
    home = catalog.relation("new_vessel", "new_homeportid", "new_port")
    flagship = catalog.relation("account", "new_flagshipid", "new_vessel")
    assert home is not None
    assert flagship is not None
    assert (home.delete, flagship.delete) == ("restrict", "remove_link")
    assert catalog.link("new_vessel_contacts").right == "contact"
    account = catalog.table("account")
    assert account.columns["industrycode"].options[900] == "Fisheries"
    assert account.columns["name"].max_length == 200
    assert account.columns["statuscode"].states[900] == 1


def test_the_document_before_stays_as_it_was(document: dict[str, Any]) -> None:
    """Growing makes a new document; the old one is still the old version."""
    before = copy.deepcopy(document)
    grow(document, VESSEL)
    assert document == before


def test_what_was_there_keeps_its_numbers(document: dict[str, Any]) -> None:
    """Numbers of the old document mean the same in the new one, and new ones are new."""
    grown = grow(grow(document, VESSEL), VESSEL.replace("new_", "own_").replace("900", "901"))
    assert grown["version"] == 3
    for name, old in document["tables"].items():
        new = grown["tables"][name]
        assert new["number"] == old["number"]
        for column_name, entry in old["columns"].items():
            assert new["columns"][column_name]["number"] == entry["number"]
    relations = [entry["number"] for entry in grown["relationships"] + grown["links"]]
    assert len(set(relations)) == len(relations)
    tables = [entry["number"] for entry in grown["tables"].values()]
    assert len(set(tables)) == len(tables)
    assert max(tables) < grown["next"]["table"]
    assert max(relations) < grown["next"]["relation"]
    for entry in grown["tables"].values():
        numbers = [one["number"] for one in entry["columns"].values()]
        numbers += entry.get("groups", {}).values()
        assert len(set(numbers)) == len(numbers)


def test_adding_the_same_table_twice_is_refused(document: dict[str, Any]) -> None:
    """A table that is there is not made again."""
    grown = grow(document, VESSEL)
    with pytest.raises(Invalid) as refused:
        grow(grown, VESSEL)
    assert refused.value.code == "BAD_TABLE"
    assert "new_vessel is there already" in refused.value.message


@pytest.mark.parametrize(
    "entry",
    [
        column("name", max_length=100),
        column("name", kind="memo"),
        column("name", label="Firm"),
        column("name", required=False),
        column("numberofemployees", max=10),
        column("numberofemployees", min=1),
        column("creditlimit", precision=1),
        column("industrycode", options=[[1, "Something else"]]),
        column("statecode", options=[[7, "Asleep"]]),
        column("statuscode", options=[[900, "On Leave"]]),
        column("primarycontactid", delete="cascade"),
        column("primarycontactid", targets=["new_nowhere"]),
        column("name", options=[[1, "Big"]]),
        column("new_a", kind="string", label="A"),
        column("new_a", kind="string", max_length=5),
        column("new_a", label="A"),
        column("new_a", kind="choice", label="A"),
        column("new_a", kind="choice", label="A", options=[[1, "X"], [1, "Y"]]),
        column("new_a", kind="choice", label="A", options=[["1", "X"]]),
        column("new_a", kind="choice", label="A", options=[[1, "X"]], default="Z"),
        column("new_a", kind="lookup", label="A", targets=["new_nowhere"]),
        column("new_a", kind="lookup", label="A", targets=["lead"], delete="explode"),
        column("new_a", kind="lookup", label="A", targets=["lead"], max_length=5),
        column("new_a", kind="status", label="A", options=[[1, "X"]]),
        column("new_a", kind="jigsaw", label="A"),
        column("new_a", kind="string", label="A", max_length=0),
        column("new_a", kind="string", label="A", max_length=10**9),
        column("new_a", kind="string", label="A", max_length="5"),
        column("new_a", kind="integer", label="A", min=5, max=1),
        column("new_a", kind="integer", label="A", max_length=5),
        column("new_a", kind="integer", label="A", default="many"),
        column("new_a", kind="decimal", label="A", precision=11),
        column("new_a", kind="boolean", label="A", labels=["No"]),
        column("new_a", kind="datetime", label="A", dates="date_only"),
        column("new_a", kind="integer", label="A", policy="mine"),
        column("new_a", kind="integer", label="A", required=True),
        column("new_a", kind="integer", label="A", colour="red"),
        column("New Column", kind="integer", label="A"),
        {"table": [{"name": "account", "column": [{"name": "x"}, {"name": "x"}]}]},
        {"table": [{"name": "account", "column": 7}]},
        {"table": [{"name": "account", "plural": "Firms"}]},
        {"table": [{"name": "account", "label": "Firm"}]},
        {"table": [{"name": "new_nowhere"}]},
        {"table": [{"name": "teammembership", "column": []}]},
        {"table": [{"name": "account"}, {"name": "account"}]},
        {"table": [{"name": "x" * 65, "label": "X"}]},
        {"table": [{"label": "X"}]},
        {"table": 7},
        {"tables": []},
        table(ownership="everyone"),
        table(set="accounts"),
        table(primary="Name"),
        table(column=[{"name": "name", "kind": "integer", "label": "N"}]),
        table(column=[{"name": "createdon", "kind": "datetime", "label": "C"}]),
        {"link": [{"name": "new_l", "left": "account", "right": "new_nowhere"}]},
        {"link": [{"name": "contactleads_association", "left": "contact", "right": "lead"}]},
        {"link": [{"name": "new_l", "left": "account"}]},
        {"link": [{"name": "new_l", "left": "account", "right": "lead", "colour": 1}]},
    ],
)
def test_what_is_not_additive_or_not_sound_is_refused(
    document: dict[str, Any], entry: dict[str, Any]
) -> None:
    """BAD_TABLE, in one sentence that names the place and the rule."""
    with pytest.raises(Invalid) as refused:
        extend(document, parse_addition(entry))
    error = refused.value
    assert error.code == "BAD_TABLE"
    assert error.details["table"]
    assert error.details["rule"] in error.message
    assert error.message.endswith(".")


def test_a_required_lookup_restricts(document: dict[str, Any]) -> None:
    """A column that cannot be empty cannot be emptied by a delete either."""
    port = {"name": "portid", "kind": "lookup", "label": "P", "targets": ["lead"], "required": True}
    grown = extend(document, parse_addition(table(column=[port])))
    relation = Catalog(grown).relation("new_boat", "portid", "lead")
    assert relation is not None
    assert relation.delete == "restrict"
    with pytest.raises(Invalid) as refused:
        extend(document, parse_addition(table(column=[port | {"delete": "remove_link"}])))
    assert refused.value.code == "BAD_TABLE"


def test_an_old_lookup_gets_another_target(document: dict[str, Any]) -> None:
    """A new target brings its own relationship; the old ones stay."""
    grown = extend(document, parse_addition(column("primarycontactid", targets=["lead"])))
    catalog = Catalog(grown)
    assert catalog.table("account").columns["primarycontactid"].targets == ("contact", "lead")
    relation = catalog.relation("account", "primarycontactid", "lead")
    assert relation is not None
    assert relation.delete == "remove_link"
