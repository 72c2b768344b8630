"""The schema document: what the hub keeps, sends to devices, and extends.

Owns the shape of the document, the standard one that ships with Satchel, and the law that
it only ever grows.  Must not know the classes made from it (:mod:`satchel.schema.catalog`).

    {"version": n,
     "tables": {name: {"name", "number", "label", "plural", "set", "id", "primary"?,
                       "ownership", "activity"?, "intersect"?, "groups"?: {name: number},
                       "columns": {name: {"number", "kind", "label", ...}}}},
     "relationships": [{"name", "number", "table", "column", "target", "delete",
                        "assign"?, "share"?, "unshare"?, "reparent"?}],
     "links": [{"name", "number", "intersect", "left", "right"}],
     "next": {"table": n, "relation": n}}

What is marked ? may be missing: None, False, empty, and "none" for a behaviour.
Keys of a column: kind, label, required, default (stored form), max_length, min, max,
precision, options ([value, label], for a status [value, label, state]), labels ([no, yes]),
targets, dates, group, policy, readonly, derived.  Only maps with text keys, lists, text,
numbers and booleans: any codec can carry it.  Numbers are never used twice: those of columns
and groups within their table, those of tables, and those of 1:N and N:N relationships
together.  Table facts: Common Data Model (see NOTICE).
"""

from __future__ import annotations

import json
from typing import Any

from satchel.schema.addition import parse_addition
from satchel.schema.extend import extend

__all__ = ["extend", "parse_addition", "standard_document"]


def standard_document() -> dict[str, Any]:
    """The document of a new organisation: the standard tables, at version 1."""
    from importlib import resources

    folder = resources.files("satchel.schema") / "standard"
    relationships = json.loads((folder / "relationships.json").read_text("utf-8"))
    links = json.loads((folder / "links.json").read_text("utf-8"))
    found = [
        json.loads(file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".json") and file.name not in ("relationships.json", "links.json")
    ]
    found.sort(key=lambda table: table["number"])
    numbers = [entry["number"] for entry in (*relationships, *links)]
    return {
        "version": 1,
        "tables": {table["name"]: table for table in found},
        "relationships": relationships,
        "links": links,
        "next": {"table": found[-1]["number"] + 1, "relation": max(numbers) + 1},
    }
