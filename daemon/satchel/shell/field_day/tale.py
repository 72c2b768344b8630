"""What a newcomer is told at the end: who wrote what, in what order, what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from satchel.shell.field_day import sample
from satchel.shell.field_day.checks import ACCEPTED
from satchel.shell.field_day.ledger import Evidence, Ruling, Written

_NAMES_MAX = 12
_MERGED_MAX = 4


def tell(evidence: Evidence) -> list[str]:
    """The day in lines, rows by their names."""
    names = _names(evidence)
    return [_by_name(line, names) for line in _told(evidence)]


def _told(evidence: Evidence) -> list[str]:
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
        "What merged by itself",
        *_merged(evidence),
        "",
        "What was refused, and where it waits",
        *(_refused(rulings, by_dot) or ["  nothing"]),
        "",
        "What lost to another, and is kept for its author",
        *(_losses(evidence) or ["  nothing"]),
    ]


def _names(evidence: Evidence) -> dict[str, str]:
    """What people call the rows of the day."""
    names = {}
    for written in evidence.written:
        for op, row in zip(written.ops, written.ids, strict=True):
            if op["do"] == "create" and row is not None:
                columns = op["columns"]
                person = " ".join(
                    columns[part] for part in ("firstname", "lastname") if part in columns
                )
                names[row] = columns.get("name") or columns.get("subject") or person
    return names


def _by_name(line: str, names: dict[str, str]) -> str:
    for row, name in names.items():
        line = line.replace(row, name)
    return line


def _merged(evidence: Evidence) -> list[str]:
    """Rows that several people changed, each another column, and that show all of it."""
    lines = []
    for (table, row), columns in evidence.rows.items():
        shown: dict[str, str] = {}
        for written in evidence.written:
            for op, at in zip(written.ops, written.ids, strict=True):
                if at == row and op["do"] == "update":
                    for column, value in op["columns"].items():
                        if columns is not None and columns.get(column) == value:
                            shown[column] = written.who
        if len(set(shown.values())) > 1:
            whose = ", ".join(f"{column} is {who}'s" for column, who in sorted(shown.items()))
            lines.append(f"  {table} {row}: {whose}")
    if len(lines) > _MERGED_MAX:
        lines[_MERGED_MAX:] = [f"  and {len(lines) - _MERGED_MAX} more rows"]
    met = [w for w in evidence.written for op in w.ops if "left" in op and w.who in sample.FIELD]
    if met:
        whose = " and ".join(f"{written.who}'s {written.why}" for written in met)
        lines.append(f"  one link: {whose} met; the add, which the remove had not seen, stays")
    return lines


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
        lines.append(f"  {loss.row}, {loss.column} {loss.value!r}: {now}")
    if len(evidence.losses) > _NAMES_MAX:
        lines.append(f"  and {len(evidence.losses) - _NAMES_MAX} more")
    return lines
