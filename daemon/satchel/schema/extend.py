"""The law that a schema only ever grows: additions to a document, and nothing else.

Owns the check of an addition against the document and the giving of numbers.  Stores hold
numbers and values of every version there ever was, so nothing is renamed, narrowed, taken
away or numbered twice.  Must not know files (:mod:`satchel.schema.addition`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from satchel.model.errors import Invalid
from satchel.model.limits import TABLES_MAX, TEXT_LENGTH_MAX
from satchel.schema.addition import BEHAVIOURS, bad_table
from satchel.schema.catalog import Catalog
from satchel.schema.column import POLICIES
from satchel.schema.numbers import DECIMAL_PLACES_MAX
from satchel.schema.validate import to_stored

_BOUNDED: Final = frozenset({"integer", "bigint", "decimal", "money", "double"})
_NEEDS: Final = {
    "string": "max_length",
    "choice": "options",
    "multichoice": "options",
    "lookup": "targets",
}
_ONLY_FOR: Final[dict[str, frozenset[str]]] = {
    "max_length": frozenset({"string", "memo"}),
    "min": _BOUNDED,
    "max": _BOUNDED,
    "precision": frozenset({"decimal", "money"}),
    "options": frozenset({"choice", "multichoice", "state", "status"}),
    "labels": frozenset({"boolean"}),
    "targets": frozenset({"lookup"}),
    "dates": frozenset({"datetime", "date"}),
}
_DATES: Final = {"date": ("date_only",), "datetime": ("user_local", "zone_independent")}
_BOUNDS: Final = ("max_length", "min", "max")


def extend(document: Mapping[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    """The document with an addition (see :mod:`satchel.schema.addition`), at version + 1.

    The given document is not changed.  Raises Invalid BAD_TABLE for anything that is not
    purely additive, naming table, column and rule.
    """
    growth = _Growth(document)
    for table in addition["tables"]:
        growth.add_table(table)
    for table in addition["tables"]:
        for name, entry in table["columns"].items():
            growth.add_column(table["name"], name, entry)
    for link in addition["links"]:
        growth.add_link(link)
    return growth.finish(document["version"] + 1)


class _Growth:
    """A document in the making.  What it changes it has copied before."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._tables: dict[str, dict[str, Any]] = dict(document["tables"])
        self._relationships: list[dict[str, Any]] = list(document["relationships"])
        self._links: list[dict[str, Any]] = list(document["links"])
        self._next: dict[str, int] = dict(document["next"])
        self._names = {entry["name"] for entry in (*self._relationships, *self._links)}
        self._new: set[str] = set()
        self._touched: set[str] = set()
        self._defaults: list[tuple[str, str, Any]] = []

    def add_table(self, table: Mapping[str, Any]) -> None:
        """Make room for a new table, or copy the one that gets columns."""
        name, head = table["name"], table["new"]
        present = self._tables.get(name)
        if name in self._touched:
            raise bad_table(name, None, "is listed twice")
        self._touched.add(name)
        if head is None:
            if present is None:
                raise bad_table(name, None, "is no table yet, and needs a label to become one")
            if present.get("intersect"):
                raise bad_table(name, None, "shows the links of two tables and takes no columns")
            groups = dict(present.get("groups", {}))
            self._tables[name] = {
                **present,
                "groups": groups,
                "columns": dict(present["columns"]),
            }
            return
        if present is not None:
            raise bad_table(name, None, "is there already; leave out the label to add columns")
        if any(head["set"] == entry["set"] for entry in self._tables.values()):
            raise bad_table(name, None, "has the entity-set name of another table", head["set"])
        number = self._take("table", name)
        self._tables[name] = {"name": name, "number": number, **head, "groups": {}, "columns": {}}
        self._new.add(name)

    def add_column(self, table: str, name: str, entry: Mapping[str, Any]) -> None:
        """Add a column, or widen the one that is there."""
        columns = self._tables[table]["columns"]
        present = columns.get(name)
        if present is None:
            columns[name] = self._made(table, name, entry)
        else:
            columns[name] = _widened(table, name, present, entry)
        known = present["targets"] if present is not None and "targets" in present else ()
        for target in columns[name].get("targets", ()):
            if target not in known:
                self._relate(table, name, target, entry)

    def add_link(self, link: Mapping[str, Any]) -> None:
        """Add an N:N relationship between two tables."""
        name = link["name"]
        for side in (link["left"], link["right"]):
            if side not in self._tables:
                raise bad_table(name, None, "links a table that is not there", side)
        self._claim(name, name, None)
        self._links.append(
            {
                "name": name,
                "number": self._take("relation", name),
                "intersect": link.get("intersect", name),
                "left": link["left"],
                "right": link["right"],
            }
        )

    def finish(self, version: int) -> dict[str, Any]:
        """The grown document; defaults, given as an app would, are in their stored form."""
        document = {
            "version": version,
            "tables": self._tables,
            "relationships": self._relationships,
            "links": self._links,
            "next": self._next,
        }
        catalog = Catalog(document)
        for table, name, value in self._defaults:
            made = catalog.table(table)
            try:
                stored = to_stored(catalog, made, made.columns[name], value)
            except Invalid as error:
                rule = f"has a default that breaks its own rule: it {error.details['rule']}"
                raise bad_table(table, name, rule, value) from None
            self._tables[table]["columns"][name]["default"] = stored
        return document

    def _made(self, table: str, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The document's entry of a new column."""
        kind = entry.get("kind")
        for key in ("kind", "label", _NEEDS.get(str(kind), "kind")):
            if not entry.get(key):
                raise bad_table(table, name, f"is new and needs {key}")
        self._check_new(table, name, entry)
        made: dict[str, Any] = {"number": self._free_number(table)}
        made |= {key: value for key, value in entry.items() if key not in BEHAVIOURS}
        if kind in _DATES:
            made.setdefault("dates", _DATES[kind][0])
        if "default" in made:
            self._defaults.append((table, name, made.pop("default")))
        group = made.get("group")
        groups = self._tables[table]["groups"]
        if group is not None and group not in groups:
            groups[group] = made["number"] + 1
        return made

    def _check_new(self, table: str, name: str, entry: Mapping[str, Any]) -> None:
        kind = entry["kind"]
        for key, kinds in _ONLY_FOR.items():
            if key in entry and kind not in kinds:
                raise bad_table(table, name, f"is a {kind} and has no {key}", entry[key])
        if entry.get("dates") and entry["dates"] not in _DATES[kind]:
            raise bad_table(table, name, f"is a {kind} of unknown behaviour", entry["dates"])
        if entry.get("policy", "lww") not in POLICIES:
            raise bad_table(table, name, "has an unknown policy", entry["policy"])
        if not 0 <= entry.get("precision", 0) <= DECIMAL_PLACES_MAX:
            rule = f"has a precision outside 0 to {DECIMAL_PLACES_MAX}"
            raise bad_table(table, name, rule, entry["precision"])
        _check_bounds(table, name, entry)
        numbers = [option[0] for option in entry.get("options", ())]
        if len(set(numbers)) < len(numbers):
            raise bad_table(table, name, "has two options of one number")
        if len(entry.get("labels", ("No", "Yes"))) != 2:
            raise bad_table(table, name, "has labels other than [no, yes]", entry["labels"])
        if entry.get("required") and "default" not in entry and table not in self._new:
            raise bad_table(table, name, "is required of rows that are there, without a default")

    def _relate(self, table: str, column: str, target: str, entry: Mapping[str, Any]) -> None:
        """Add the 1:N relationship of a lookup column with one target."""
        if target not in self._tables:
            raise bad_table(table, column, "refers to a table that is not there", target)
        name = f"{table}_{column}_{target}"
        self._claim(name, table, column)
        relation = {
            "name": name,
            "number": self._take("relation", name),
            "table": table,
            "column": column,
            "target": target,
            "delete": "restrict" if entry.get("required") else "remove_link",
        }
        relation |= {key: entry[key] for key in BEHAVIOURS if key in entry}
        if relation["delete"] == "remove_link" and entry.get("required"):
            raise bad_table(table, column, "is required, and cannot be emptied by remove_link")
        self._relationships.append(relation)

    def _claim(self, name: str, table: str, column: str | None) -> None:
        if name in self._names:
            raise bad_table(table, column, "names a relationship that is there already", name)
        self._names.add(name)

    def _take(self, counter: str, name: str) -> int:
        number = self._next[counter]
        if number > TABLES_MAX:
            raise bad_table(name, None, f"is one {counter} more than the {TABLES_MAX} there can be")
        self._next[counter] = number + 1
        return number

    def _free_number(self, table: str) -> int:
        entry = self._tables[table]
        numbers: list[int] = [column["number"] for column in entry["columns"].values()]
        groups: list[int] = list(entry["groups"].values())
        return max([0, *numbers, *groups]) + 1


def _widened(
    table: str, name: str, present: Mapping[str, Any], entry: Mapping[str, Any]
) -> dict[str, Any]:
    """A column that is there, with more options or targets, or with wider bounds."""
    grown = dict(present)
    for key, value in entry.items():
        if key in _ONLY_FOR and present["kind"] not in _ONLY_FOR[key]:
            raise bad_table(table, name, f"is a {present['kind']} and has no {key}", value)
        if key == "options":
            grown[key] = _more_options(table, name, present, value)
        elif key == "targets":
            more = [target for target in value if target not in present["targets"]]
            grown[key] = [*present["targets"], *more]
        elif key in _BOUNDS:
            bound = present.get(key)
            if bound is None or (value > bound if key == "min" else value < bound):
                raise bad_table(table, name, f"cannot get a narrower {key}", value)
            grown[key] = value
        elif key not in BEHAVIOURS and present.get(key) != value:
            raise bad_table(table, name, f"is there already and keeps its {key}", value)
    if grown.get("targets") == present.get("targets"):
        for key in BEHAVIOURS:
            if key in entry:
                raise bad_table(table, name, f"is there already and keeps its {key}", entry[key])
    return grown


def _more_options(
    table: str, name: str, present: Mapping[str, Any], options: list[list[Any]]
) -> list[list[Any]]:
    """The options there are and the new ones; a label that is there does not change."""
    known = {option[0]: option for option in present["options"]}
    length = 3 if present["kind"] == "status" else 2
    if present["kind"] == "state":
        raise bad_table(table, name, "has its states for good")
    more: list[list[Any]] = []
    for option in options:
        if len(option) != length:
            parts = "[number, label, state]" if length == 3 else "[number, label]"
            raise bad_table(table, name, f"has an option that is not {parts}", option)
        if option[0] not in known:
            known[option[0]] = option
            more.append(option)
        elif known[option[0]] != option:
            raise bad_table(table, name, "has another option of this number", option)
    return [*present["options"], *more]


def _check_bounds(table: str, name: str, entry: Mapping[str, Any]) -> None:
    if not 1 <= entry.get("max_length", 1) <= TEXT_LENGTH_MAX:
        rule = f"has a max_length outside 1 to {TEXT_LENGTH_MAX}"
        raise bad_table(table, name, rule, entry["max_length"])
    if "min" in entry and "max" in entry and entry["min"] > entry["max"]:
        raise bad_table(table, name, "has a min above its max", entry["min"])
