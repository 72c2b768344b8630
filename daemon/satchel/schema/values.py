"""The compiled rules of a column: what an app may say, what is stored, what is answered.

Owns the forms of text, ids, lookups and choices, and the table from kind to rules; numbers
and dates have files of their own.  Rules are closures built once per column and kept in
it, because a write checks forty columns and has 60 microseconds (budget.md 3).
Must not know rows: what holds between columns is :mod:`satchel.schema.validate`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from satchel.model.ids import ID_BYTES, id_text, parse_id
from satchel.model.kinds import Kind
from satchel.model.limits import TEXT_LENGTH_MAX
from satchel.schema import dates, numbers
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.numbers import Forms
from satchel.schema.refusal import Refuse, listed, refuser
from satchel.schema.table import Table


def compile_rules(catalog: Catalog, table: Table, column: Column) -> Column:
    """Build the three closures of a column and keep them in it; returns the column."""
    refuse = refuser(table.name, column.name)
    if column.kind is Kind.LOOKUP:
        forms = _lookup(catalog, column, refuse)
    else:
        forms = _RULES[column.kind](column, refuse)
    column.to_stored, column.check, column.from_stored = forms
    return column


def _text(column: Column, refuse: Refuse) -> Forms:
    """Text in NFC, at most ``max_length`` characters; empty text is no value, as in Dataverse."""
    longest = min(column.max_length or TEXT_LENGTH_MAX, TEXT_LENGTH_MAX)
    too_long = f"takes at most {longest} characters"

    def to_stored(value: Any) -> str | None:
        if type(value) is not str:
            raise refuse("WRONG_TYPE", "takes text", value)
        text = value if value.isascii() else unicodedata.normalize("NFC", value)
        if not text:
            return None
        check(text)
        return text

    def check(stored: Any) -> None:
        if type(stored) is not str or not stored:
            raise refuse("WRONG_TYPE", "takes text", stored)
        if len(stored) > longest:
            raise refuse("TOO_LONG", too_long, stored)
        if not stored.isascii():
            if not unicodedata.is_normalized("NFC", stored):
                raise refuse("WRONG_TYPE", "takes text in the composed form (NFC)", stored)
            if any("\ud800" <= character <= "\udfff" for character in stored):
                raise refuse("WRONG_TYPE", "takes text without lone surrogates", stored)

    return to_stored, check, _same


def _boolean(column: Column, refuse: Refuse) -> Forms:
    """True and false, their labels, and the words true and false."""
    no, yes = column.labels
    words = {"false": False, "true": True, no.casefold(): False, yes.casefold(): True}
    rule = f"takes true ({yes}) or false ({no})"

    def to_stored(value: Any) -> bool:
        if type(value) is str:
            value = words.get(value.casefold(), value)
        check(value)
        answer: bool = value
        return answer

    def check(stored: Any) -> None:
        if type(stored) is not bool:
            raise refuse("WRONG_TYPE", rule, stored)

    return to_stored, check, _same


def _choice(column: Column, refuse: Refuse) -> Forms:
    """One of the options, by its number, its label or its number as text."""
    options = column.options
    read = _option_reader(column, refuse)

    def check(stored: Any) -> None:
        if type(stored) is not int:
            raise refuse("WRONG_TYPE", "takes the number of an option", stored)
        if stored not in options:
            raise refuse("NOT_AN_OPTION", _options_rule(column), stored)

    return read, check, _same


def _multichoice(column: Column, refuse: Refuse) -> Forms:
    """A set of options as a sorted list; text separates them by commas, as the Web API does."""
    options = column.options
    read = _option_reader(column, refuse)

    def to_stored(value: Any) -> list[int] | None:
        if type(value) is str:
            value = [part.strip() for part in value.split(",") if part.strip()]
        if type(value) is not list:
            raise refuse("WRONG_TYPE", "takes a list of options", value)
        return sorted({read(option) for option in value}) or None

    def check(stored: Any) -> None:
        if type(stored) is not list or not stored or any(type(o) is not int for o in stored):
            raise refuse("WRONG_TYPE", "takes a list of options", stored)
        if any(option not in options for option in stored):
            raise refuse("NOT_AN_OPTION", _options_rule(column), stored)
        if any(low >= high for low, high in pairwise(stored)):
            raise refuse("WRONG_TYPE", "takes options in rising order, each once", stored)

    return to_stored, check, list


def _option_reader(column: Column, refuse: Refuse) -> Callable[[Any], int]:
    options = column.options
    by_label = {label.casefold(): number for number, label in reversed(options.items())}
    by_label |= {str(number): number for number in options if str(number) not in by_label}

    def read(value: Any) -> int:
        kind = type(value)
        if kind is int:
            if value in options:
                return int(value)
        elif kind is not str:
            raise refuse("WRONG_TYPE", "takes the number or label of an option", value)
        elif (number := by_label.get(value.casefold())) is not None:
            return number
        raise refuse("NOT_AN_OPTION", _options_rule(column), value)

    return read


def _options_rule(column: Column) -> str:
    return "takes " + listed([f"{number} ({label})" for number, label in column.options.items()])


def _lookup(catalog: Catalog, column: Column, refuse: Refuse) -> Forms:
    """``{"table", "id"}``, ``"table:id"``, or a bare id where there is only one target."""
    numbers_of = {name: catalog.number_of(name) for name in column.targets}
    names_of = {number: name for name, number in numbers_of.items()}
    rule = f"takes a row of {listed(list(column.targets))}" if numbers_of else "takes no row"
    only = column.targets[0] if len(column.targets) == 1 else None

    def to_stored(value: Any) -> list[Any]:
        name: Any
        text: Any
        if type(value) is str:
            name, _, text = value.rpartition(":")
        elif type(value) is dict:
            name, text = value.get("table", ""), value.get("id")
        else:
            raise refuse("WRONG_TYPE", rule, value)
        raw = parse_id(text) if type(text) is str else None
        if raw is None or type(name) is not str:
            raise refuse("WRONG_TYPE", f"{rule}, named by its id", value)
        number = numbers_of.get(name or only or "")
        if number is None:
            raise refuse("WRONG_TARGET", rule if name else f"{rule}, named with its table", value)
        return [number, raw]

    def check(stored: Any) -> None:
        if not (
            type(stored) is list
            and len(stored) == 2
            and type(stored[0]) is int
            and type(stored[1]) is bytes
            and len(stored[1]) == ID_BYTES
        ):
            raise refuse("WRONG_TYPE", rule, stored)
        if stored[0] not in names_of:
            raise refuse("WRONG_TARGET", rule, stored)

    def from_stored(stored: Any) -> dict[str, str]:
        return {"table": names_of[stored[0]], "id": id_text(stored[1])}

    return to_stored, check, from_stored


def _guid(column: Column, refuse: Refuse) -> Forms:
    """A UUID in any of its usual spellings."""
    del column

    def to_stored(value: Any) -> bytes:
        raw = parse_id(value) if type(value) is str else None
        if raw is None:
            raise refuse("WRONG_TYPE", "takes a UUID", value)
        return raw

    def check(stored: Any) -> None:
        if type(stored) is not bytes or len(stored) != ID_BYTES:
            raise refuse("WRONG_TYPE", "takes a UUID", stored)

    return to_stored, check, id_text


def _never(column: Column, refuse: Refuse) -> Forms:
    """Columns that no row stores: the id is the row's key, a party list is other rows."""
    rule = (
        "is the id of the row itself" if column.kind is Kind.ID else "shows other rows, stores none"
    )

    def refused(value: Any) -> Any:
        raise refuse("READ_ONLY", rule, value)

    return refused, refused, _same


def _same(stored: Any) -> Any:
    return stored


_RULES: dict[Kind, Callable[[Column, Refuse], Forms]] = {
    Kind.STRING: _text,
    Kind.MEMO: _text,
    Kind.INTEGER: numbers.integer,
    Kind.BIGINT: numbers.integer,
    Kind.DECIMAL: numbers.decimal,
    Kind.MONEY: numbers.decimal,
    Kind.DOUBLE: numbers.double,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.MULTICHOICE: _multichoice,
    Kind.STATE: _choice,
    Kind.STATUS: _choice,
    Kind.DATETIME: dates.moment,
    Kind.DATE: dates.day,
    Kind.GUID: _guid,
    Kind.ID: _never,
    Kind.VIRTUAL: _never,
}
