"""PROTOCOL.md as the tests read it: its fenced examples and its marked tables.

An example is a fenced block whose first line says ``example=NAME``: in ``hex`` what is on
the wire, in ``diag`` what it means (:mod:`tests.golden.notation`), in ``json`` what an app
reads, in ``pairs`` in each line what becomes of what, as ``left => right``.  A table is named by the comment
``<!-- table: NAME -->`` before it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "daemon" / "PROTOCOL.md"

_FENCE = re.compile(r"^```(\w+) example=([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^<!-- table: ([\w-]+) -->\n\n?((?:\|[^\n]*\n)+)", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


@cache
def text() -> str:
    """The whole page."""
    return PATH.read_text(encoding="utf-8")


@cache
def blocks(form: str) -> dict[str, str]:
    """Name to text of every example in one form (``hex``, ``diag``, ``json``, ``pairs``)."""
    found: dict[str, str] = {}
    for kind, name, body in _FENCE.findall(text()):
        if kind == form:
            assert name not in found, f"the example {name} stands twice as {form}"
            found[name] = body
    return found


@cache
def forms() -> frozenset[str]:
    """Every form in which an example stands on the page."""
    return frozenset(kind for kind, _, _ in _FENCE.findall(text()))


def pairs(name: str) -> list[list[str]]:
    """The lines of a ``pairs`` example, each as its sides."""
    lines = [line for line in blocks("pairs")[name].splitlines() if line.strip()]
    return [[side.strip() for side in line.split(" => ")] for line in lines]


@cache
def table(name: str) -> list[list[str]]:
    """The rows of a marked table, without its head; bars may be escaped in a cell."""
    tables = dict(_TABLE.findall(text()))
    rows = tables[name].splitlines()[2:]
    return [
        [cell.strip().replace("\\|", "|") for cell in _CELL.split(row.strip()[1:-1])]
        for row in rows
    ]


def code_words(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
