"""Columns as a person types them: ``name="Adventure Works"``, or JSON from a file.

Owns the split at ``=`` and the errors about it.  What a text means for a column is the
daemon's to say: every kind has a text form (``schema.values``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from satchel.model.errors import Mistake


def read_columns(pairs: Sequence[str], json_file: str | None) -> dict[str, Any]:
    """The columns that the command line sets; ``column=`` clears one.

    ``json_file``: a file with a JSON object of columns, ``-`` for standard input; what
    the command line says goes before it.  Raises :class:`Mistake` BAD_REQUEST.
    """
    columns = {} if json_file is None else read_json_object(json_file)
    seen: set[str] = set()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Mistake(
                "BAD_REQUEST",
                f"{pair!r} is not COLUMN=VALUE.",
                'Write each column as name="Adventure Works"; an empty value clears it.',
            )
        if name in seen:
            raise Mistake("BAD_REQUEST", f"The column {name} is given twice.")
        seen.add(name)
        columns[name] = value or None
    if not columns:
        raise Mistake(
            "BAD_REQUEST",
            "No columns are given.",
            'Write COLUMN=VALUE, as name="Adventure Works", or use --json-columns FILE.',
        )
    return columns


def read_json_object(path: str) -> dict[str, Any]:
    """A JSON object from a file (``-``: standard input).  Raises :class:`Mistake` BAD_REQUEST."""
    place = "standard input" if path == "-" else path
    try:
        if path == "-":
            plain = json.load(sys.stdin)
        else:
            with open(path, encoding="utf-8") as file:
                plain = json.load(file)
    except OSError as broken:
        raise Mistake("BAD_REQUEST", f"{place} cannot be read: {broken.strerror}.") from None
    except (ValueError, RecursionError) as broken:
        raise Mistake("BAD_REQUEST", f"{place} is not JSON: {broken}.") from None
    if not isinstance(plain, dict):
        raise Mistake(
            "BAD_REQUEST",
            f"{place} is not a JSON object.",
            'Write {"column": value, ..}.',
        )
    return plain


def read_names(text: str | None) -> list[str] | None:
    """``name,telephone1`` as names; None where nothing was said."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]
