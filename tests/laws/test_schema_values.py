"""Laws of values: what is said comes back, what is stored passes, nonsense never gets in.

They hold for every column of every standard table, so the column is drawn too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import Invalid
from satchel.model.kinds import Kind
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.document import standard_document
from satchel.schema.table import Table
from satchel.schema.validate import (
    check_create,
    check_registers,
    check_stored,
    create_values,
    from_stored,
    to_stored,
    update_values,
)

CATALOG = Catalog(standard_document())
PLACES = [
    (CATALOG.table(name), column)
    for name in CATALOG.names()
    for column in CATALOG.table(name).columns.values()
    if column.kind not in (Kind.ID, Kind.VIRTUAL)
    and (column.kind is not Kind.LOOKUP or column.targets)
]
KINDS = sorted({column.kind for _, column in PLACES})
OWNER = (CATALOG.number_of("systemuser"), bytes(16))


def said(column: Column) -> st.SearchStrategy[Any]:
    """API values that the column takes, in the form in which it answers them."""
    kind = column.kind
    if kind in (Kind.STRING, Kind.MEMO):
        text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
        return text.map(lambda drawn: normalize("NFC", drawn)[: column.max_length])
    if kind in (Kind.INTEGER, Kind.BIGINT):
        low = -(2**63) + 1 if column.min is None else int(column.min)
        high = 2**63 - 1 if column.max is None else int(column.max)
        return st.integers(low, high)
    if kind in (Kind.DECIMAL, Kind.MONEY):
        return decimals(column)
    if kind is Kind.DOUBLE:
        return st.floats(float(column.min or 0), float(column.max or 0)).map(lambda x: x + 0.0)
    if kind is Kind.BOOLEAN:
        return st.booleans()
    if kind in (Kind.CHOICE, Kind.STATE, Kind.STATUS):
        return st.sampled_from(list(column.options))
    if kind is Kind.MULTICHOICE:
        return st.sets(st.sampled_from(list(column.options)), min_size=1).map(sorted)
    if kind is Kind.DATETIME:
        moments = st.datetimes(datetime(1753, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001
        return moments.map(moment_text)
    if kind is Kind.DATE:
        return st.dates(datetime(1753, 1, 1, tzinfo=UTC).date()).map(lambda day: day.isoformat())
    if kind is Kind.GUID:
        return st.uuids().map(str)
    assert kind is Kind.LOOKUP
    rows = st.tuples(st.sampled_from(column.targets), st.uuids())
    return rows.map(lambda row: {"table": row[0], "id": str(row[1])})


def decimals(column: Column) -> st.SearchStrategy[str]:
    """Decimal texts without trailing zeros, within the column's bounds and 63 bits."""
    places = column.precision or 0
    low = max(Decimal(repr(column.min)), -Decimal((1 << 63) - 1).scaleb(-places))
    high = min(Decimal(repr(column.max)), Decimal((1 << 63) - 1).scaleb(-places))
    scaled = st.integers(int(low.scaleb(places)), int(high.scaleb(places)))

    def text(unscaled: int) -> str:
        shown = f"{Decimal(unscaled).scaleb(-places):f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown

    return scaled.map(text)


def moment_text(moment: datetime) -> str:
    """A moment as the API answers it: milliseconds only where there are some."""
    whole = moment.isoformat(timespec="milliseconds")
    return (whole[:-4] if whole.endswith(".000") else whole) + "Z"


def sayable(refused: Invalid) -> None:
    """A refusal is one short line that any encoder can write."""
    line = refused.message.encode()
    assert len(line) < 2000
    assert b"\n" not in line


@st.composite
def places(draw: st.DrawFn) -> tuple[Table, Column]:
    """A column of the catalogue, each kind as likely as any other."""
    kind = draw(st.sampled_from(KINDS))
    return draw(st.sampled_from([place for place in PLACES if place[1].kind is kind]))


@given(places(), st.data())
def test_what_is_said_comes_back(place: tuple[Table, Column], data: st.DataObject) -> None:
    """from_stored undoes to_stored, and the hub takes what the device stores."""
    table, column = place
    value = data.draw(said(column))
    stored = to_stored(CATALOG, table, column, value)
    check_stored(CATALOG, table, column, stored)
    answered = from_stored(CATALOG, table, column, stored)
    assert answered == value
    assert to_stored(CATALOG, table, column, answered) == stored


@given(places(), st.data())
def test_the_text_form_says_the_same(place: tuple[Table, Column], data: st.DataObject) -> None:
    """A command line or a file can say any value: each kind takes its own text."""
    table, column = place
    value = data.draw(said(column))
    if isinstance(value, dict):
        text = f"{value['table']}:{value['id']}"
    elif isinstance(value, list):
        text = ",".join(map(str, value))
    else:
        text = str(value)
    assert to_stored(CATALOG, table, column, text) == to_stored(CATALOG, table, column, value)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(places(), ANYTHING)
def test_anything_is_stored_exactly_or_refused(place: tuple[Table, Column], value: Any) -> None:
    """Whatever an app sends ends in a value the hub takes, or in Invalid: never in a crash."""
    table, column = place
    try:
        stored = to_stored(CATALOG, table, column, value)
    except Invalid as refused:
        sayable(refused)
        return
    check_stored(CATALOG, table, column, stored)
    assert to_stored(CATALOG, table, column, from_stored(CATALOG, table, column, stored)) == stored


@given(places(), ANYTHING)
def test_the_hub_takes_nothing_it_cannot_answer(place: tuple[Table, Column], value: Any) -> None:
    """What passes the check is a stored form: answering and storing it again gives it back."""
    table, column = place
    try:
        check_stored(CATALOG, table, column, value)
    except Invalid as refused:
        sayable(refused)
        return
    answered = from_stored(CATALOG, table, column, value)
    assert to_stored(CATALOG, table, column, answered) == value


@st.composite
def rows(draw: st.DrawFn) -> tuple[Table, dict[str, Any], dict[str, Any]]:
    """A table, the given columns of a new row, and those of a change to it."""
    table = CATALOG.table(draw(st.sampled_from(["account", "contact", "opportunity", "task"])))
    free = [
        column
        for column in table.columns.values()
        if not column.readonly and column.kind not in (Kind.STATE, Kind.STATUS)
    ]
    first = draw(st.lists(st.sampled_from(free), max_size=6, unique_by=lambda one: one.name))
    second = draw(st.lists(st.sampled_from(free), max_size=6, unique_by=lambda one: one.name))
    new = {column.name: draw(said(column)) for column in [*first, *table.required]}
    change = {
        column.name: draw(said(column) if column.required else st.none() | said(column))
        for column in second
    }
    if table.status_column is not None and draw(st.booleans()):
        change["statuscode"] = draw(said(table.status_column))
    return table, new, change


@given(rows())
def test_what_a_device_makes_passes_the_hub(
    row: tuple[Table, dict[str, Any], dict[str, Any]],
) -> None:
    """Rows and changes that pass here pass there, groups whole and states fitting."""
    table, new, change = row
    values = create_values(CATALOG, table, new, OWNER)
    check_create(CATALOG, table, values)
    registers = update_values(CATALOG, table, change, values.get)
    check_registers(CATALOG, table, registers)
    for register, parts in registers.items():
        assert set(parts) == set(table.groups.get(register, (register,)))
    after = {**values, **{n: v for parts in registers.values() for n, v in parts.items()}}
    check_create(CATALOG, table, after)


def test_a_lossy_conversion_would_be_caught() -> None:
    """The law is not empty: with a column that rounds, what is said does not come back."""
    table = Catalog(standard_document()).table("account")
    column = table.columns["creditlimit"]
    to_stored(CATALOG, table, column, "1.25")
    exact = column.to_stored
    assert exact is not None
    column.to_stored = lambda value: exact(str(round(float(value), 1)))
    stored = to_stored(CATALOG, table, column, "1.25")
    with pytest.raises(AssertionError):
        assert from_stored(CATALOG, table, column, stored) == "1.25"
