"""Stamps, authors and rows as short as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.crdt.fold import Source
from satchel.crdt.seen import Author
from satchel.model.row import Row, Stamp, Values, make_stamp, new_row


def replica_of(origin: int) -> bytes:
    """Replica ids that fall as numbers grow: a tie broken by the number would show."""
    return (1_000_000 - origin).to_bytes(8, "big")


def stamp(hlc: int, origin: int = 1, ctr: int = 1, seq: int | None = None) -> Stamp:
    """A stamp; decided where ``seq`` is given."""
    return make_stamp(hlc, origin, ctr, seq)


def author(
    origin: int = 1, ctr: int = 1, base: int = 0, foreign: Mapping[int, int] | None = None
) -> Author:
    """Who writes, and on top of what."""
    return Author(origin, ctr, base, foreign or {})


def source(
    hlc: int,
    origin: int = 1,
    ctr: int = 1,
    base: int = 0,
    seq: int | None = None,
    foreign: Mapping[int, int] | None = None,
) -> Source:
    """A changeset as the laws see it."""
    return Source(stamp(hlc, origin, ctr, seq), author(origin, ctr, base, foreign), replica_of)


def row(values: Values, made: Stamp | None = None, **marks: Any) -> Row:
    """A living row made at clock 10 by origin 9, unless said otherwise."""
    return new_row(made or stamp(10, 9, 1, 1), dict(sorted(values.items())), **marks)
