"""What the apps know: every change whose receipt they hold.  Plain values, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Wish = Mapping[str, Any]


class Written(NamedTuple):
    """One acknowledged change.

    ``seen``: the hub's seq that its author had when writing.  ``ids``: the row of each op.
    ``why``: what the person did, for the tale.
    """

    who: str
    replica: str
    ctr: int
    ops: Sequence[Wish]
    ids: Sequence[str | None]
    seen: int
    why: str


class Ruling(NamedTuple):
    """One line of the hub's log."""

    seq: int
    replica: str
    ctr: int
    code: str
    message: str


class Standing(NamedTuple):
    """How one replica stands when all is over."""

    cursor: int
    digest: str
    overlay: int
    outbox: int


class Loss(NamedTuple):
    """A value that a conflict record keeps."""

    table: str
    row: str
    column: str
    value: Any


class Evidence(NamedTuple):
    """All that is known from outside when the day is over.

    ``rows``: (table, id) to its columns at the hub, None if it is deleted there.
    ``parked``: (replica, ctr) of every change in a quarantine.  ``conflicts``: how many
    records there are; ``losses``: the values they keep.
    """

    written: Sequence[Written]
    rulings: Sequence[Ruling]
    replicas: Mapping[str, Standing]
    hub: Standing
    rows: Mapping[tuple[str, str], Mapping[str, Any] | None]
    parked: frozenset[tuple[str, int]]
    losses: Sequence[Loss]
    conflicts: int


def seen_of(version: str) -> int:
    """The hub's seq inside a version: the demo may look, apps have no need to."""
    return int(version.split(".")[1])
