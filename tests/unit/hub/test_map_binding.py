"""A map met with the organisation's tables: ids, and mistakes found before anything is read."""

from __future__ import annotations

import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.hub.import_steps import RowStep
from satchel.hub.map_binding import bind_map, row_id
from satchel.hub.mapping import parse_map
from satchel.model.errors import Mistake
from satchel.model.ids import id_text
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document

ORG = bytes(range(16))
CATALOG = Catalog(standard_document())

FIRMS = """
format = 1
[rows.firms]
file = "firms.csv"
table = "{table}"
key = ["code"]
[rows.firms.columns]
{columns}
"""


def bind(text: str) -> list[RowStep]:
    steps = bind_map(parse_map(tomllib.loads(text)), CATALOG, ORG)
    return [step for step in steps if isinstance(step, RowStep)]


def test_ids_are_those_of_the_first_version() -> None:
    """The id of a key never changes: a later version must not import everything a second time."""
    assert (
        id_text(row_id(ORG, "account", "customers", ["ALFKI"]))
        == "8e5a3771-e16a-8f8a-9646-22b33281cd87"
    )
    assert (
        id_text(row_id(ORG, "product", "articles", ["7", "Größe"]))
        == "29a99bf1-6229-8c07-8105-122318aacfca"
    )


composed = st.text(max_size=4).map(lambda text: unicodedata.normalize("NFC", text))
keys = st.lists(composed, min_size=1, max_size=3)


@given(keys, keys)
def test_ids_differ_as_keys_do(one: list[str], other: list[str]) -> None:
    """Different keys give different ids, however their parts are cut; all are UUIDv8."""
    first, second = (row_id(ORG, "account", "a", key) for key in (one, other))
    assert (first == second) == (one == other)
    assert id_text(first)[14] == "8"
    assert id_text(first)[19] in "89ab"


def test_ids_belong_to_organisation_table_and_section() -> None:
    """The same key elsewhere is another row."""
    ids = {
        row_id(ORG, "account", "a", ["1"]),
        row_id(bytes(16), "account", "a", ["1"]),
        row_id(ORG, "contact", "a", ["1"]),
        row_id(ORG, "account", "b", ["1"]),
    }
    assert len(ids) == 4


def test_composed_and_decomposed_text_is_one_key() -> None:
    """Two files that write the same letters in two ways mean the same row."""
    assert row_id(ORG, "account", "a", ["Gro\u0308\u00dfe"]) == row_id(
        ORG, "account", "a", ["Gr\u00f6\u00dfe"]
    )


def test_only_lookups_that_must_wait_do() -> None:
    """A lookup to an earlier section is set at once, one to this section or a later one after."""
    columns = 'name = "n"\nparentaccountid = { lookup = "firms", by = ["p"] }\n'
    columns += 'primarycontactid = { lookup = "people", by = ["c"] }'
    people = '[rows.people]\nfile = "people.csv"\ntable = "contact"\nkey = ["c"]\n'
    people += 'columns = { lastname = "n", parentcustomerid = { lookup = "firms", by = ["f"] } }\n'
    steps = bind(FIRMS.format(table="account", columns=columns) + people)
    assert [(step.section.name, step.first) for step in steps] == [
        ("firms", True), ("people", True), ("firms", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        ("accounts", 'name = "n"', "rows.firms.table names 'accounts', which is no table here"),
        ("teammembership", 'name = "n"', "rows.firms.table shows the links of"),
        ("account", 'nom = "n"', "rows.firms.columns.nom is no column of account"),
        ("account", 'createdon = "n"', "rows.firms.columns.createdon is filled by the platform"),
        ("account", 'accountid = "n"', "rows.firms.columns.accountid is not stored"),
        ("contact", 'fullname = "n"', "rows.firms.columns.fullname is not stored"),
        ("account", "revenue = { value = -1 }", "is a constant that cannot be: account.revenue"),
        ("account", 'statecode = { value = "Asleep" }', "is a constant that cannot be"),
        (
            "account",
            'primarycontactid = { lookup = "people", by = ["n"] }',
            "primarycontactid looks up 'people', which is no section of rows",
        ),
        (
            "account",
            'parentaccountid = { lookup = "firms", by = ["a", "b"] }',
            "parentaccountid needs 1 parts of a key",
        ),
        (
            "account",
            'primarycontactid = { lookup = "firms", by = ["a"] }',
            "primarycontactid refers to rows of account, but takes contact",
        ),
        (
            "account",
            'name = { table = "contact", where = {} }',
            "name refers to rows of contact, but takes no rows",
        ),
        (
            "account",
            'primarycontactid = { table = "contact", where = { nom = "n" } }',
            "primarycontactid.where.nom is no column of contact",
        ),
        (
            "account",
            'primarycontactid = { table = "people", where = {} }',
            "primarycontactid.table names 'people'",
        ),
        (
            "opportunityproduct",
            'quantity = "n"\nopportunityid = { lookup = "late", by = ["n"] }\n'
            '[rows.late]\nfile = "l.csv"\ntable = "opportunity"\nkey = ["n"]\ncolumns.name = "n"',
            "opportunityid is required, so the section it looks up must come before",
        ),
        (
            "account",
            'name = "n"\n[links.l]\nfile = "l.csv"\nrelationship = "none"\n'
            'left = { table = "account", where = {} }\nright = { table = "lead", where = {} }',
            "links.l.relationship names 'none', which is no N:N relationship here",
        ),
        (
            "account",
            'name = "n"\n[links.l]\nfile = "l.csv"\nrelationship = "accountleads_association"\n'
            'left = { table = "lead", where = {} }\nright = { table = "lead", where = {} }',
            "links.l.left refers to rows of lead, but takes account",
        ),
    ],
)
def test_what_does_not_fit_the_tables(table: str, columns: str, said: str) -> None:
    """A name that the organisation does not have, or not so, is refused with its place."""
    with pytest.raises(Mistake) as caught:
        bind(FIRMS.format(table=table, columns=columns))
    assert caught.value.code == "BAD_MAP"
    assert said in caught.value.message
