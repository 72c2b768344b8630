"""Maps: what can be said, and that whatever cannot is refused with its place."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

import pytest

from satchel.hub import mapping
from satchel.hub.mapping import parse_map
from satchel.model.errors import Mistake

ROWS = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
[rows.firms.columns]
name = {}
"""


def parse(text: str) -> mapping.Map:
    return parse_map(tomllib.loads(text))


def test_the_documented_map() -> None:
    """The example in the module's docstring is a map, and says what the prose around it does."""
    assert mapping.__doc__ is not None
    example = "\n".join(
        line.removeprefix("    ")
        for line in mapping.__doc__.splitlines()
        if line.startswith("    ") or not line
    )
    raw = tomllib.loads(example)
    del raw["files"]["products.csv"]  # no section of the example reads it
    read = parse_map(raw)
    (section,) = read.rows
    (links,) = read.links
    assert read.keep_edited
    assert section.columns.keys() >= {"name", "ownerid", "primarycontactid", "discount"}
    assert section.uses >= {"customer_id", "contact_name", "kind", "off", "agent", "sales", "city"}
    assert links.uses == {"team", "employee"}


def test_defaults_and_what_one_file_has_otherwise() -> None:
    """[csv] holds for all files, [files."x"] for one, and key by key."""
    read = parse(
        ROWS.format('"firm"')
        + '[rows.other]\nfile = "other.csv"\ntable = "account"\nkey = ["c"]\ncolumns = {}\n'
        + '[csv]\ndelimiter = ";"\ndecimal = ","\n[files."other.csv"]\ngrouping = "."\n'
    )
    firms, other = (section.file for section in read.rows)
    assert (firms.path, firms.delimiter, firms.encoding) == ("firms.csv", ";", "utf-8")
    assert (firms.marks.decimal, firms.marks.grouping) == (",", "")
    assert (other.path, other.delimiter) == ("other.csv", ";")
    assert (other.marks.decimal, other.marks.grouping) == (",", ".")


def test_zones() -> None:
    """A zone is UTC, an offset, or a name."""
    offsets: list[Any] = [
        parse(f'zone = "{zone}"\n' + ROWS.format('"firm"')).zone.utcoffset(None)
        for zone in ("UTC", "+01:30", "-05:00")
    ]
    assert offsets == [timedelta(), timedelta(hours=1.5), timedelta(hours=-5)]
    with pytest.raises(Mistake, match=r"zone must be UTC, an offset"):
        parse('zone = "Middle-earth/Shire"\n' + ROWS.format('"firm"'))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "format must be 1"),
        ("format = 2", "format must be 1"),
        ("format = 1", "rows is missing"),
        ("format = 1\nrows = 3", "rows must be a table"),
        ('format = 1\nedited = "ask"', 'edited must be "keep" or "overwrite"'),
        ("format = 1\nzone = 1", "zone must be a text"),
        ('format = 1\n[csv]\nencoding = "morse"', "csv.encoding names 'morse'"),
        ('format = 1\n[csv]\ndelimiter = "||"', "csv.delimiter must be one character"),
        ('format = 1\n[csv]\nquote = "\\n"', "csv.quote must be one character"),
        ("format = 1\n[csv]\ntrim = 1", "csv.trim must be true or false"),
        ('format = 1\n[csv]\nnull = "x"', "csv.null must be a list of texts"),
        ("format = 1\n[csv]\nescapes = { a = 1 }", "csv.escapes must be a table of texts"),
        ('format = 1\n[csv]\nseparator = ";"', "csv.separator is no key"),
        (ROWS.format('"f"') + '[files."x.csv"]\ntrim = true', "files.x.csv is read by no section"),
        ("format = 1\n[rows.a]\n", "rows.a.file is missing"),
        ('format = 1\n[rows.a]\nfile = "../a"', "rows.a.file must lie in the folder"),
        ('format = 1\n[rows.a]\nfile = "/a"', "rows.a.file must lie in the folder"),
        ('format = 1\n[rows.a]\nfile = "a"\nkey = "a"', "rows.a.key must be a list of columns"),
        ('format = 1\n[rows.a]\nfile = "a"\nkey = []', "rows.a.key must be a list of columns"),
        ('format = 1\n[rows.a]\nfile = "a"\nkey = ["a"]', "rows.a.table is missing"),
        (ROWS.format("3"), "rows.firms.columns.name must be a table"),
        (ROWS.format("{}"), "name must have one of from, template, multiply, value, lookup, table"),
        (ROWS.format('{ from = "a", value = 1 }'), "name must have one of"),
        (ROWS.format('{ from = "a", rounded = 1 }'), "columns.name.rounded is no key"),
        (ROWS.format('{ from = "a", round = 11 }'), "columns.name.round must be a number"),
        (ROWS.format('{ from = "a", match = "(" }'), "columns.name.match is no regular expression"),
        (ROWS.format('{ from = "a", round = 1, date = "%Y" }'), "only one of values, date and"),
        (ROWS.format('{ template = "{a" }'), "columns.name.template has a brace"),
        (ROWS.format('{ template = "{a!r}" }'), "columns.name.template takes only {column}"),
        (ROWS.format('{ template = "{}" }'), "columns.name.template takes only {column}"),
        (ROWS.format('{ multiply = ["a"] }'), "columns.name.multiply must be a list of two"),
        (ROWS.format('{ multiply = ["a", { value = 1 }] }'), "multiply must be a list of two"),
        (ROWS.format('{ lookup = "b", by = "a" }'), "columns.name.by must be a list"),
        (ROWS.format('{ table = "b" }'), "columns.name.where is missing"),
        (
            ROWS.format('{ lookup = "b", by = [{ lookup = "c", by = ["a"] }] }'),
            "columns.name.by cannot hold a lookup",
        ),
        (
            ROWS.format('"firm"').replace(
                "[rows.firms.columns]", "when = { a = 1 }\ncolumns.b = 1"
            ),
            "rows.firms.when.a must be a text or a list of texts",
        ),
        (
            'format = 1\n[links.a]\nfile = "a"\nrelationship = "r"\nleft = "a"\nright = "b"',
            "links.a.left must be a lookup",
        ),
    ],
)
def test_what_is_no_map(text: str, said: str) -> None:
    """A map that cannot be followed is refused in a sentence that names the place."""
    with pytest.raises(Mistake) as caught:
        parse(text)
    assert caught.value.code == "BAD_MAP"
    assert said in caught.value.message
    assert "nothing was written" in caught.value.remedy
