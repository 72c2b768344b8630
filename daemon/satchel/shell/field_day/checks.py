"""The day in court: four promises, each checked against the evidence alone.

Pure functions from :class:`~satchel.shell.field_day.ledger.Evidence` to sentences, one for
each violation found.  They know nothing of how Satchel works inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from satchel.shell.field_day.ledger import Evidence, Ruling, Written

ACCEPTED = ("OK", "OK_MODIFIED")

_WHOLE_ROW = "delete"


def check_convergence(evidence: Evidence) -> list[str]:
    """Every replica is the hub's equal: same cursor, same digest, nothing over it."""
    found = []
    for name, standing in evidence.replicas.items():
        if standing.cursor != evidence.hub.cursor:
            found.append(f"{name} stands at {standing.cursor}, the hub at {evidence.hub.cursor}")
        if standing.digest != evidence.hub.digest:
            found.append(f"{name} holds other records than the hub")
        if standing.overlay or standing.outbox:
            found.append(f"{name} still has {standing.outbox} undecided changes")
    return found


def check_nothing_lost(evidence: Evidence) -> list[str]:
    """Every acknowledged change has a ruling; accepted ones show, refused ones are parked."""
    rulings = {(ruling.replica, ruling.ctr): ruling for ruling in evidence.rulings}
    accepted = [w for w in evidence.written if _accepted(rulings.get((w.replica, w.ctr)))]
    found = []
    for written in evidence.written:
        name = f"{written.who}'s change {written.ctr} ({written.why})"
        ruling = rulings.get((written.replica, written.ctr))
        if ruling is None:
            found.append(f"{name} never reached the hub")
        elif not _accepted(ruling):
            if (written.replica, written.ctr) not in evidence.parked:
                found.append(f"{name} was refused and is in no quarantine")
        else:
            found += [f"{name}: {what}" for what in _vanished(evidence, written, accepted)]
    return found


def check_nothing_twice(evidence: Evidence) -> list[str]:
    """One ruling for each change, no change that nobody wrote, no row made twice."""
    found = []
    counts = Counter((ruling.replica, ruling.ctr) for ruling in evidence.rulings)
    again = [(dot, count) for dot, count in counts.items() if count > 1]
    found += [f"change {ctr} of {at} was decided {count} times" for (at, ctr), count in again]
    known = {(written.replica, written.ctr) for written in evidence.written}
    for replica, ctr in counts:
        if (replica, ctr) not in known:
            found.append(f"the hub decided change {ctr} of {replica}, which nobody wrote")
    made = {(op["table"], i) for w in evidence.written for op, i in _creates(w)}
    strangers = [place for place in evidence.rows if place not in made]
    return found + [f"the {table} {row} is there, which nobody made" for table, row in strangers]


def check_causal_order(evidence: Evidence) -> list[str]:
    """Each author's changes in their order, gap-free; nothing before what it stands on."""
    found = []
    by_seq = sorted(evidence.rulings, key=lambda ruling: ruling.seq)
    next_ctr: Counter[str] = Counter()
    for ruling in by_seq:
        next_ctr[ruling.replica] += 1
        if ruling.ctr != next_ctr[ruling.replica]:
            found.append(
                f"at {ruling.seq} the hub took change {ruling.ctr} of {ruling.replica} "
                f"instead of {next_ctr[ruling.replica]}"
            )
            next_ctr[ruling.replica] = ruling.ctr
    seqs = {(ruling.replica, ruling.ctr): ruling.seq for ruling in evidence.rulings}
    made = {i: seqs.get((w.replica, w.ctr), 0) for w in evidence.written for _, i in _creates(w)}
    for written in evidence.written:
        seq = seqs.get((written.replica, written.ctr))
        if seq is None:
            continue
        if seq <= written.seen:
            found.append(f"{written.who}'s change {written.ctr} was taken before what it had seen")
        early = [row for row in _named(written) if made.get(row, 0) > seq]
        name = f"{written.who}'s change {written.ctr}"
        found += [f"{name} was taken before its row {row}" for row in early]
    return found


def _accepted(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.code in ACCEPTED


def _creates(written: Written) -> list[tuple[Any, str]]:
    return [
        (op, row)
        for op, row in zip(written.ops, written.ids, strict=True)
        if op["do"] == "create" and row is not None
    ]


def _named(written: Written) -> list[str]:
    """The rows that a change is on or points at."""
    named = [row for row in written.ids if row is not None]
    for op in written.ops:
        named += [op[end] for end in ("left", "right") if end in op]
        for value in op.get("columns", {}).values():
            if isinstance(value, dict):
                named.append(value["id"])
    return named


def _vanished(evidence: Evidence, written: Written, accepted: Sequence[Written]) -> list[str]:
    """Which values of an accepted change are neither there nor accounted for."""
    found = []
    for op, row in zip(written.ops, written.ids, strict=True):
        if row is None or op["do"] == "delete":
            continue
        place = (op["table"], row)
        if place not in evidence.rows:
            found.append(f"the {op['table']} {row} is not known to the hub")
            continue
        columns = evidence.rows[place]
        for column, value in op.get("columns", {}).items():
            there = columns is not None and columns.get(column) == value
            if not there and not _accounted(evidence, written, accepted, place, column):
                found.append(f"{column} = {value!r} of {op['table']} {row} has vanished")
    return found


def _accounted(
    evidence: Evidence,
    written: Written,
    accepted: Sequence[Written],
    place: tuple[str, str],
    column: str,
) -> bool:
    """Whether a later accepted change replaced the value, or a conflict record keeps it."""
    for loss in evidence.losses:
        if (loss.table, loss.row, loss.column) == (*place, column):
            return True
    deleted = evidence.rows.get(place) is None
    wanted = _WHOLE_ROW if deleted else column
    return any(other is not written and wanted in _touches(other, place) for other in accepted)


def _touches(written: Written, place: tuple[str, str]) -> set[str]:
    """The columns of a row that a change sets; "delete" if it deletes it."""
    touched: set[str] = set()
    for op, row in zip(written.ops, written.ids, strict=True):
        if row is not None and (op["table"], row) == place:
            touched |= {_WHOLE_ROW} if op["do"] == "delete" else set(op.get("columns", ()))
    return touched
