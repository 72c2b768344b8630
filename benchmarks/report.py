"""How results are shown: a table for people, one line of JSON for programs.  Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.harness import Result

SCHEMA = 1
_HEAD = ("name", "value", "against", "ratio", "bar", "stretch", "")
_WORDS = {None: "", True: "holds", False: "MISSED"}


def as_json(results: Sequence[Result], quick: bool) -> str:
    """One line: ``{"schema", "quick", "results": [...]}``."""
    document = {"schema": SCHEMA, "quick": quick, "results": [_plain(one) for one in results]}
    return json.dumps(document)


def _plain(one: Result) -> dict[str, Any]:
    bar = one.bar
    return {
        "name": bar.name,
        "value": round(one.value, 3),
        "unit": bar.unit,
        "against": None if one.against is None else round(one.against, 3),
        "ratio": None if one.ratio is None else round(one.ratio, 3),
        "bar": bar.bar,
        "stretch": bar.stretch,
        "holds": one.holds,
    }


def as_table(results: Sequence[Result]) -> str:
    """Lines of aligned columns; what a bar is on has its sign beside it."""
    rows = [_HEAD, *(_cells(one) for one in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _cells(one: Result) -> tuple[str, ...]:
    bar = one.bar
    sign = "<= " if bar.most else ">= "
    against = "" if one.against is None else f"{_figure(one.against)} {bar.unit}, {bar.against}"
    verdict = "stretch" if one.stretches else _WORDS[one.holds]
    return (
        bar.name,
        f"{_figure(one.value)} {bar.unit}",
        against,
        "" if one.ratio is None else f"{one.ratio:.2f}",
        "" if bar.bar is None else f"{sign}{bar.bar:g}",
        "" if bar.stretch is None else f"{sign}{bar.stretch:g}",
        one.void or verdict,
    )


def _figure(number: float) -> str:
    """Three digits or so: more would claim what a shared machine cannot tell."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
