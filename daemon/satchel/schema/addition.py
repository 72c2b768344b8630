"""The file of ``satchel hub table add FILE``: a short form of tables and columns to add.

Owns the file's format and turns it into an *addition* for :func:`satchel.schema.extend.extend`.
Must not know the organisation's document: what is additive is decided there.

    [[table]]                       # a new table, or one that exists and gets columns
    name = "new_vessel"
    label = "Vessel"                # new tables: label; plural and set are made from it
    plural = "Vessels"              #   and from the name unless given
    ownership = "user"              #   or "organization"; user unless given
    primary = "new_name"            #   the name column; "name", 100 characters, unless given

    [[table.column]]
    name = "new_length"
    kind = "decimal"                # string memo integer bigint decimal money double boolean
    label = "Length"                #   choice multichoice datetime date lookup guid
    precision = 2                   # also: required default max_length min max options
    min = 0                         #   labels targets dates policy

    [[table.column]]
    name = "new_homeportid"
    kind = "lookup"
    label = "Home port"
    targets = ["new_port"]
    delete = "restrict"             # cascade restrict remove_link none; unless given remove_link,
                                    #   of a required column restrict
                                    # also: assign share unshare reparent, none unless given

    [[table.column]]                # a column that exists: more options, targets, wider bounds
    name = "industrycode"           #   (a status reason also names its state: [7, "Held", 0])
    options = [[34, "Fisheries"]]

    [[link]]                        # an N:N relationship
    name = "new_vessel_contacts"
    left = "new_vessel"
    right = "contact"

A new table also gets what every table has: its id, who made and changed it and when, its
version, state and status reason, and on a user-owned one the owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from satchel.model.errors import Invalid
from satchel.schema.column import KINDS
from satchel.schema.relationship import CASCADE_BEHAVIOURS, DELETE_BEHAVIOURS

BEHAVIOURS: Final[dict[str, frozenset[str]]] = {
    "delete": DELETE_BEHAVIOURS,
    "assign": CASCADE_BEHAVIOURS,
    "share": CASCADE_BEHAVIOURS,
    "unshare": CASCADE_BEHAVIOURS,
    "reparent": CASCADE_BEHAVIOURS,
}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PLATFORM_KINDS: Final = frozenset({"state", "status", "id", "virtual"})
_TEXT, _WHOLE, _NUMBER, _LIST = (str,), (int,), (int, float), (list,)
_COLUMN_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": _TEXT,
    "kind": _TEXT,
    "label": _TEXT,
    "required": (bool,),
    "default": (bool, int, float, str),
    "max_length": _WHOLE,
    "min": _NUMBER,
    "max": _NUMBER,
    "precision": _WHOLE,
    "options": _LIST,
    "labels": _LIST,
    "targets": _LIST,
    "dates": _TEXT,
    "policy": _TEXT,
    **dict.fromkeys(BEHAVIOURS, _TEXT),
}
_TABLE_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": _TEXT,
    "label": _TEXT,
    "plural": _TEXT,
    "set": _TEXT,
    "ownership": _TEXT,
    "primary": _TEXT,
    "column": _LIST,
}
_LINK_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": _TEXT,
    "left": _TEXT,
    "right": _TEXT,
    "intersect": _TEXT,
}


def bad_table(table: str, column: str | None, rule: str, value: Any = None) -> Invalid:
    """The exception for a file that cannot be added: table, column and rule in one sentence."""
    place = f"{table}.{column}" if column else table
    shown = "" if value is None else f"; it got {value!r:.80}"
    return Invalid(
        "BAD_TABLE",
        f"{place} {rule}{shown}.",
        details={"table": table, "column": column, "rule": rule, "value": value},
    )


def parse_addition(toml: Mapping[str, Any]) -> dict[str, Any]:
    """The addition ``{"tables": [...], "links": [...]}`` of a parsed TOML file.

    Each table is ``{"name", "new": the head of a new table or None, "columns": {name: entry}}``.
    Raises Invalid BAD_TABLE for anything the format does not have.
    """
    for key in toml:
        if key not in ("table", "link"):
            raise bad_table("the file", None, f"has an unknown section [[{key}]]")
    tables = _entries(toml, "table", "the file")
    links = _entries(toml, "link", "the file")
    for link in links:
        _check_keys(link, _LINK_KEYS, str(link.get("name", "a link")), None)
        for key in ("name", "left", "right"):
            _name(link.get(key), "a link", None)
    return {"tables": [_table(entry) for entry in tables], "links": [dict(link) for link in links]}


def _table(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = _name(entry.get("name"), "a table", None)
    _check_keys(entry, _TABLE_KEYS, name, None)
    given: dict[str, dict[str, Any]] = {}
    for column in _entries(entry, "column", name):
        column_name = _name(column.get("name"), name, None)
        _check_keys(column, _COLUMN_KEYS, name, column_name)
        if column_name in given:
            raise bad_table(name, column_name, "is listed twice")
        _check_column(column, name, column_name)
        given[column_name] = {key: value for key, value in column.items() if key != "name"}
    if "label" not in entry:
        stray = [key for key in entry if key not in ("name", "column")]
        if stray:
            raise bad_table(name, None, f"needs a label to be a new table with {stray[0]}")
        return {"name": name, "new": None, "columns": given}
    return _new_table(entry, name, given)


def _new_table(
    entry: Mapping[str, Any], name: str, given: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    ownership = entry.get("ownership", "user")
    if ownership not in ("user", "organization"):
        raise bad_table(name, None, "is owned by user or organization", ownership)
    primary = _name(entry.get("primary", "name"), name, "primary")
    columns = _platform_columns(name, entry["label"], ownership)
    for column in given:
        if column in columns:
            raise bad_table(name, column, "is there in every table")
    if primary not in given:
        columns[primary] = {"kind": "string", "label": "Name", "max_length": 100, "required": True}
    elif given[primary].get("kind") != "string":
        raise bad_table(name, primary, "is the name column and must be a string")
    head = {
        "label": entry["label"],
        "plural": entry.get("plural", entry["label"] + "s"),
        "set": entry.get("set", name + "s"),
        "id": name + "id",
        "primary": primary,
        "ownership": ownership,
    }
    return {"name": name, "new": head, "columns": columns | given}


def _platform_columns(name: str, label: str, ownership: str) -> dict[str, dict[str, Any]]:
    """What every table has, in the form of an addition."""

    def filled(kind: str, text: str, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "label": text, "readonly": True, **more}

    def by(text: str, target: str, delete: str = "none") -> dict[str, Any]:
        return filled("lookup", text, targets=[target], delete=delete)

    columns: dict[str, dict[str, Any]] = {
        name + "id": filled("id", label),
        "createdby": by("Created By", "systemuser"),
        "createdon": filled("datetime", "Created On", dates="user_local"),
        "modifiedby": by("Modified By", "systemuser"),
        "modifiedon": filled("datetime", "Modified On", dates="user_local"),
        "statecode": {
            "kind": "state",
            "label": "Status",
            "options": [[0, "Active"], [1, "Inactive"]],
            "group": "state",
        },
        "statuscode": {
            "kind": "status",
            "label": "Status Reason",
            "options": [[1, "Active", 0], [2, "Inactive", 1]],
            "group": "state",
        },
        "versionnumber": filled("bigint", "Version Number"),
    }
    if ownership == "user":
        columns["ownerid"] = {
            "kind": "lookup",
            "label": "Owner",
            "targets": ["systemuser", "team"],
            "policy": "reject",
            "delete": "none",
        }
        columns["owningbusinessunit"] = by("Owning Business Unit", "businessunit", "restrict")
    return columns


def _check_column(column: Mapping[str, Any], table: str, name: str) -> None:
    kind = column.get("kind")
    if kind is not None and (kind not in KINDS or kind in _PLATFORM_KINDS):
        raise bad_table(table, name, "is of no kind that a column can have", kind)
    for behaviour, allowed in BEHAVIOURS.items():
        if behaviour in column and column[behaviour] not in allowed:
            rule = f"has a {behaviour} behaviour that is none of {', '.join(sorted(allowed))}"
            raise bad_table(table, name, rule, column[behaviour])
    for option in column.get("options", ()):
        parts = [type(part) for part in option] if type(option) is list else []
        if parts not in ([int, str], [int, str, int]) or not option[1]:
            raise bad_table(table, name, "has an option that is not [number, label]", option)
    for key in ("labels", "targets"):
        if any(type(part) is not str for part in column.get(key, ())):
            raise bad_table(table, name, f"has {key} that are not text")


def _entries(of: Mapping[str, Any], key: str, place: str) -> list[Mapping[str, Any]]:
    found = of.get(key, [])
    if type(found) is not list or any(not isinstance(entry, Mapping) for entry in found):
        raise bad_table(place, None, f"writes each {key} as a section of its own")
    return found


def _check_keys(
    entry: Mapping[str, Any],
    known: Mapping[str, tuple[type, ...]],
    table: str,
    column: str | None,
) -> None:
    for key, value in entry.items():
        if key not in known:
            raise bad_table(table, column, f"has the unknown key {key}")
        if type(value) not in known[key]:
            raise bad_table(table, column, f"has a {key} of the wrong type", value)


def _name(name: Any, table: str, column: str | None) -> str:
    if type(name) is not str or not _NAME.fullmatch(name):
        rule = "needs a name of lower-case letters, digits and _, at most 64"
        raise bad_table(table, column, rule, name)
    return name
