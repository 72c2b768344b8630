"""Values read from a line: texts, translations, exact numbers."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.hub.map_sources import (
    Amount,
    BadValue,
    Constant,
    Field,
    Marks,
    Product,
    Template,
    parse_amount,
    round_half_up,
    text_of,
)

POINT, COMMA = Marks(".", ""), Marks(",", ".")


@pytest.mark.parametrize(
    ("text", "marks", "number"),
    [
        ("12", POINT, "12"),
        ("9.80000019", POINT, "9.80000019"),
        ("-0.50", POINT, "-0.5"),
        (" 7 ", POINT, "7"),
        ("1e3", POINT, "1000"),
        ("1.234,5", COMMA, "1234.5"),
        ("1.234.567", COMMA, "1234567"),
        ("1,5", Marks(",", ""), "1.5"),
        ("1 000.25", Marks(".", " "), "1000.25"),
        ("1.5", Marks(",", ""), None),
        ("1,5", POINT, None),
        ("nan", POINT, None),
        ("", POINT, None),
        ("twelve", POINT, None),
    ],
)
def test_numbers_as_files_write_them(text: str, marks: Marks, number: str | None) -> None:
    """A number is read with the marks of its file, and with no others."""
    found = parse_amount(text, marks)
    assert (found.text if found is not None else None) == number


@pytest.mark.parametrize(
    ("number", "places", "rounded"),
    [
        (Amount(980000019, 8), 2, "9.8"),
        (Amount(5, 1), 0, "1"),
        (Amount(-5, 1), 0, "-1"),
        (Amount(25, 1), 0, "3"),
        (Amount(1005, 3), 2, "1.01"),
        (Amount(-1, 3), 2, "0"),
        (Amount(10049, 4), 2, "1"),
        (Amount(125, 2), None, "1.25"),
    ],
)
def test_rounding(number: Amount, places: int | None, rounded: str) -> None:
    """Halves go away from zero, without a detour over binary fractions."""
    assert round_half_up(number, places).text == rounded


@given(st.integers(-(10**12), 10**12), st.integers(0, 8), st.integers(0, 8))
def test_rounding_stays_within_half_a_unit(unscaled: int, scale: int, places: int) -> None:
    """A rounded number is at most half a unit of its last place away, and has no more places."""
    rounded = round_half_up(Amount(unscaled, scale), places)
    assert rounded.scale <= places
    common = 10 ** (scale + places)
    exact = unscaled * common // 10**scale
    assert 2 * abs(rounded.unscaled * common // 10**rounded.scale - exact) <= 10**scale


def test_fields() -> None:
    """A column of the file is cut, then given its default, then translated, parsed or rounded."""
    record = {"a": "Maria Anders", "b": None, "c": "1.005", "d": "24.12.1999"}
    first = re.compile(r"(\S+) .*")
    assert Field("a", POINT).read(record) == "Maria Anders"
    assert Field("a", POINT, match=first).read(record) == "Maria"
    assert Field("a", POINT, match=re.compile("Maria.*")).read(record) == "Maria Anders"
    assert Field("a", POINT, match=re.compile("Maria")).read(record) is None
    assert Field("a", POINT, match=first, values={"Maria": 3}).read(record) == 3
    assert Field("b", POINT).read(record) is None
    assert Field("b", POINT, default=0, values={"x": 1}).read(record) == 0
    assert Field("c", POINT, places=2).read(record) == Amount(101, 2)
    read = Field("d", POINT, date_form="%d.%m.%Y").read(record)
    assert read == datetime(1999, 12, 24)  # noqa: DTZ001  the zone is the map's


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (Field("a", POINT, values={"y": 1}), "a is 'x', for which the map has no value"),
        (Field("a", POINT, places=2), "a is 'x', which is no number"),
        (Field("a", POINT, date_form="%Y"), "a is 'x', which is no date as %Y"),
    ],
)
def test_bad_values(field: Field, said: str) -> None:
    """What cannot be read is told with the column and the text."""
    with pytest.raises(BadValue, match=re.escape(said)):
        field.read({"a": "x"})


def test_templates() -> None:
    """Columns go into the text; one that is nothing leaves nothing, and all of them no text."""
    template = Template([("Order ", "a"), (" of ", "b")])
    assert template.read({"a": "1", "b": "2"}) == "Order 1 of 2"
    assert template.read({"a": "1", "b": None}) == "Order 1 of"
    assert template.read({"a": None, "b": None}) is None
    assert Template([("always", None)]).read({}) == "always"


def test_products_are_exact() -> None:
    """Factors are rounded as the map says, multiplied exactly, and rounded once at the end."""
    factors = [Field("price", POINT, places=2), Field("n", POINT), Field("off", POINT, places=2)]
    record = {"price": "20.7000008", "n": "15", "off": "0.0500000007"}
    assert Product(factors, None).read(record) == Amount(15525, 3)
    assert Product(factors, 2).read(record) == Amount(1553, 2)
    assert Product(factors, 2).read({**record, "off": None}) is None
    with pytest.raises(BadValue, match="n is 'many'"):
        Product(factors, 2).read({**record, "n": "many"})


def test_keys_are_text() -> None:
    """Every kind of value can be part of a key; an empty text is no part."""
    values = [Constant(7).read({}), Amount(15, 1), datetime(2024, 5, 6), "x", "", None]  # noqa: DTZ001
    assert [text_of(value) for value in values] == [
        "7", "1.5", "2024-05-06T00:00:00", "x", None, None,
    ]  # fmt: skip
