"""How a map writes down where a value comes from.

Owns the forms to the right of a column in a map, which :mod:`satchel.hub.mapping` documents;
what they then do with a line is :mod:`satchel.hub.map_sources`'.  All errors are Mistake
BAD_MAP naming the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter
from typing import Any, Final

from satchel.hub.map_sources import (
    AnySource,
    Constant,
    Field,
    Find,
    Lookup,
    Marks,
    Product,
    Source,
    Template,
)
from satchel.hub.map_table import MapTable, bad_map


def parse_plain_source(raw: Any, place: str, marks: Marks) -> Source:
    """A source that gives a value of its own, not another row."""
    source = parse_source(raw, place, marks)
    if isinstance(source, Lookup | Find):
        raise bad_map(place, "cannot hold a lookup")
    return source


def parse_source(raw: Any, place: str, marks: Marks) -> AnySource:
    """What stands to the right of a column: a name, or a table that begins with its kind."""
    if isinstance(raw, str):
        return Field(raw, marks)
    table = MapTable(raw, place)
    kinds = [kind for kind in _SOURCES if kind in table]
    if len(kinds) != 1:
        raise bad_map(place, f"must have one of {', '.join(_SOURCES)}")
    source = _SOURCES[kinds[0]](table, marks)
    table.end()
    return source


def _field(table: MapTable, marks: Marks) -> Field:
    column = table.text("from")
    pattern, values = table.take("match"), table.take("values")
    try:
        match = re.compile(pattern) if pattern is not None else None
    except (re.error, TypeError):
        raise bad_map(table.at("match"), "is no regular expression") from None
    date_form, places = table.text_or("date", ""), table.places_or_none("round")
    if (values is not None) + bool(date_form) + (places is not None) > 1:
        raise bad_map(table.place, "can have only one of values, date and round")
    return Field(
        column,
        marks,
        match=match,
        default=table.take("default"),
        values=dict(MapTable(values, table.at("values")).items()) if values is not None else None,
        date_form=date_form or None,
        places=places,
    )


def _template(table: MapTable, marks: Marks) -> Template:
    del marks
    try:
        parsed = list(Formatter().parse(table.text("template")))
    except ValueError:
        raise bad_map(table.at("template"), "has a brace that does not close") from None
    for _, column, form, conversion in parsed:
        if column == "" or form or conversion:
            raise bad_map(table.at("template"), "takes only {column} between its texts")
    return Template([(literal, column) for literal, column, _, _ in parsed])


def _product(table: MapTable, marks: Marks) -> Product:
    place, raw = table.at("multiply"), table.need("multiply")
    factors = [parse_source(one, place, marks) for one in raw] if isinstance(raw, list) else []
    fields = [factor for factor in factors if isinstance(factor, Field)]
    if len(fields) < 2 or len(fields) < len(factors):
        raise bad_map(place, "must be a list of two or more columns of the file")
    return Product(fields, table.places_or_none("round"))


def _constant(table: MapTable, marks: Marks) -> Constant:
    del marks
    return Constant(table.need("value"))


def _lookup(table: MapTable, marks: Marks) -> Lookup:
    section, by = table.text("lookup"), table.need("by")
    if not isinstance(by, list) or not by:
        raise bad_map(table.at("by"), "must be a list of columns")
    return Lookup(section, tuple(parse_plain_source(one, table.at("by"), marks) for one in by))


def _find(table: MapTable, marks: Marks) -> Find:
    name = table.text("table")
    where = MapTable(table.need("where"), table.at("where"))
    return Find(
        name,
        {column: parse_plain_source(raw, where.at(column), marks) for column, raw in where.items()},
    )


_SOURCES: Final[dict[str, Callable[[MapTable, Marks], AnySource]]] = {
    "from": _field,
    "template": _template,
    "multiply": _product,
    "value": _constant,
    "lookup": _lookup,
    "table": _find,
}
"""The key that tells the kind of a source, and how that kind is read."""
