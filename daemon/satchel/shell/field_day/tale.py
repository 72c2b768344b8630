"""What a newcomer is told at the end: who wrote what, in what order, what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from satchel.shell.field_day.checks import ACCEPTED
from satchel.shell.field_day.ledger import Evidence, Ruling, Written

_NAMES_MAX = 12


def tell(evidence: Evidence) -> list[str]:
    """The day in lines."""
    by_dot = {(w.replica, w.ctr): w for w in evidence.written}
    rulings = sorted(evidence.rulings, key=lambda ruling: ruling.seq)
    return [
        "",
        "Who wrote what",
        *_authors(evidence),
        "",
        "In what order the hub took it",
        *_order(rulings, by_dot),
        "",
        "What was refused, and where it waits",
        *(_refused(rulings, by_dot) or ["  nothing"]),
        "",
        "What lost to another, and is kept for its author",
        *(_losses(evidence) or ["  nothing"]),
    ]


def _authors(evidence: Evidence) -> list[str]:
    lines = []
    for who, group in groupby(evidence.written, key=lambda written: written.who):
        counts = Counter(op["do"] for written in group for op in written.ops)
        done = ", ".join(f"{count} {do}" for do, count in sorted(counts.items()))
        lines.append(f"  {who:8} {done}")
    return lines


def _order(rulings: Sequence[Ruling], by_dot: dict[tuple[str, int], Written]) -> list[str]:
    lines = []
    for who, group in groupby(rulings, key=lambda r: by_dot[r.replica, r.ctr].who):
        run = list(group)
        lines.append(
            f"  {run[0].seq:>5} to {run[-1].seq:<5} {who}'s changes {run[0].ctr} to {run[-1].ctr}"
        )
    return lines


def _refused(rulings: Sequence[Ruling], by_dot: dict[tuple[str, int], Written]) -> list[str]:
    lines = []
    for ruling in rulings:
        if ruling.code not in ACCEPTED:
            written = by_dot[ruling.replica, ruling.ctr]
            lines.append(f"  {written.who}'s change {ruling.ctr}, {written.why}: {ruling.code}")
            lines.append(f"      {ruling.message}")
            lines.append(f"      It waits in {written.who}'s quarantine.")
    return lines


def _losses(evidence: Evidence) -> list[str]:
    lines = []
    for loss in evidence.losses[:_NAMES_MAX]:
        columns = evidence.rows.get((loss.table, loss.row))
        now = "the row is deleted" if columns is None else f"it is {columns.get(loss.column)!r}"
        lines.append(f"  {loss.table}.{loss.column} {loss.value!r}: {now}")
    if len(evidence.losses) > _NAMES_MAX:
        lines.append(f"  and {len(evidence.losses) - _NAMES_MAX} more")
    return lines
