"""Where a value comes from: one line of a file in, one value out.

Owns what a map can say about a value, once it has been read (:mod:`satchel.hub.mapping`
reads it, and documents it).  Must not know tables: what a value becomes in its column is
:mod:`satchel.hub.map_binding`'s.

A *record* is one line: column name of the file to text, or None where the file says that
there is nothing.  Amounts are exact: a decimal point that has wandered costs money.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from satchel.schema.numbers import decimal_parts, decimal_text

Record = Mapping[str, str | None]


class BadValue(Exception):
    """This line has no such value; the text says why, for a person."""


class Marks(NamedTuple):
    """How a file writes numbers: its decimal mark, and the mark between thousands or ""."""

    decimal: str
    grouping: str


class Amount(NamedTuple):
    """An exact number, ``unscaled / 10**scale``, without trailing zeros."""

    unscaled: int
    scale: int

    @property
    def text(self) -> str:
        return decimal_text([self.unscaled, self.scale])


class Source(Protocol):
    """Something a value can be read from."""

    @property
    def uses(self) -> frozenset[str]:
        """The columns of the file it looks at."""

    def read(self, record: Record) -> Any:
        """The value, None where there is none.  Raises :class:`BadValue`."""


class Constant:
    """The same value for every line."""

    __slots__ = ("_value",)
    uses: frozenset[str] = frozenset()

    def __init__(self, value: Any) -> None:
        self._value = value

    def read(self, record: Record) -> Any:
        del record
        return self._value


class Field:
    """One column of the file, cut, translated, parsed or rounded as the map asks.

    In this order: ``match`` (what its first group holds; null if the whole text does not
    match), ``default`` for null, ``values`` (text to value), then ``date_form`` or
    ``places``.
    """

    __slots__ = ("_date_form", "_default", "_marks", "_match", "_places", "_values", "column")

    def __init__(
        self,
        column: str,
        marks: Marks,
        *,
        match: re.Pattern[str] | None = None,
        default: Any = None,
        values: Mapping[str, Any] | None = None,
        date_form: str | None = None,
        places: int | None = None,
    ) -> None:
        self.column = column
        self._marks = marks
        self._match = match
        self._default = default
        self._values = values
        self._date_form = date_form
        self._places = places

    @property
    def uses(self) -> frozenset[str]:
        return frozenset((self.column,))

    def read(self, record: Record) -> Any:
        text = record[self.column]
        if text is not None and self._match is not None:
            found = self._match.fullmatch(text)
            text = found.group(1 if self._match.groups else 0) if found is not None else None
        if not text:
            return self._default
        if self._values is not None:
            if text not in self._values:
                raise BadValue(f"{self.column} is {text!r}, for which the map has no value")
            return self._values[text]
        if self._date_form is not None:
            return self._date(text, self._date_form)
        return text if self._places is None else round_half_up(self.amount(text), self._places)

    def amount(self, text: str) -> Amount:
        """The number in a text.  Raises :class:`BadValue`."""
        found = parse_amount(text, self._marks)
        if found is None:
            raise BadValue(f"{self.column} is {text!r}, which is no number")
        return found

    def _date(self, text: str, form: str) -> datetime:
        try:
            # What zone it is in is known where its column is: see map_binding.
            return datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            raise BadValue(f"{self.column} is {text!r}, which is no date as {form}") from None


class Template:
    """Text with ``{columns}`` in it.  Null where every column it names is null."""

    __slots__ = ("_parts", "uses")

    def __init__(self, parts: list[tuple[str, str | None]]) -> None:
        """``parts``: literal text, and the column that follows it or None."""
        self._parts = parts
        self.uses = frozenset(column for _, column in parts if column is not None)

    def read(self, record: Record) -> str | None:
        if self.uses and all(record[column] is None for column in self.uses):
            return None
        return "".join(
            literal + ((record[column] or "") if column is not None else "")
            for literal, column in self._parts
        ).strip()


class Product:
    """Numbers multiplied, exactly, and rounded once at the end.  Null if one of them is."""

    __slots__ = ("_factors", "_places", "uses")

    def __init__(self, factors: list[Field], places: int | None) -> None:
        self._factors = factors
        self._places = places
        self.uses = frozenset(factor.column for factor in factors)

    def read(self, record: Record) -> Amount | None:
        unscaled, scale = 1, 0
        for factor in self._factors:
            value = factor.read(record)
            if value is None:
                return None
            number = value if isinstance(value, Amount) else factor.amount(str(value))
            unscaled, scale = unscaled * number.unscaled, scale + number.scale
        return round_half_up(Amount(unscaled, scale), self._places)


class Lookup(NamedTuple):
    """The row that another section of the map makes of the key read from ``by``."""

    section: str
    by: tuple[Source, ...]

    @property
    def uses(self) -> frozenset[str]:
        return frozenset().union(*(source.uses for source in self.by))


class Find(NamedTuple):
    """The one row of ``table``, there before the import, whose columns have these values."""

    table: str
    where: dict[str, Source]

    @property
    def uses(self) -> frozenset[str]:
        return frozenset().union(*(source.uses for source in self.where.values()))


AnySource = Source | Lookup | Find
"""What a map may say: a value of its own, or another row."""


def parse_amount(text: str, marks: Marks) -> Amount | None:
    """The number a text writes with these marks; None if it writes none.

    A point in a file whose decimal mark is the comma is refused unless it is declared to
    separate thousands: read as either, it would be wrong by a factor in half of all files.
    """
    plain = text.strip()
    if marks.grouping:
        plain = plain.replace(marks.grouping, "")
    if marks.decimal != ".":
        if "." in plain:
            return None
        plain = plain.replace(marks.decimal, ".")
    parts = decimal_parts(plain)
    return Amount(*parts) if parts is not None else None


def round_half_up(number: Amount, places: int | None) -> Amount:
    """The number with at most ``places`` decimals, halves away from zero, as prices are rounded.

    ``None`` leaves it as it is.
    """
    unscaled, scale = number
    if places is not None and scale > places:
        divisor = 10 ** (scale - places)
        whole, rest = divmod(abs(unscaled), divisor)
        whole += 2 * rest >= divisor
        unscaled, scale = (-whole if unscaled < 0 else whole), places
    while scale and unscaled % 10 == 0:
        unscaled, scale = unscaled // 10, scale - 1
    return Amount(unscaled, scale)


def text_of(value: Any) -> str | None:
    """A value as the text by which it is part of a key."""
    if value is None or value == "":
        return None
    if isinstance(value, Amount):
        return value.text
    return value.isoformat() if isinstance(value, date) else str(value)
