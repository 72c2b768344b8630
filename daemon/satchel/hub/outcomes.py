"""Outcomes as they are kept: one for each changeset ever decided, in OUT and SEQ.

Owns their encoding, the index from seq to changeset, and the index of refused creates by
which a late dependant is told DEP and not GONE.  Counter and code of a refusal stay for
ever; its body until its author's replica has collected it (sync.md 3.4, 4.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from satchel.hub.office import Origin
from satchel.model import changeset as cs
from satchel.model.changeset import Entry
from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED, Code
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack


class Outcome(NamedTuple):
    """The verdict on changeset ``ctr`` of an origin.

    ``clock``: the hlc with which its effects are stamped, clamped by the hub; ``bh``: the
    hash of the body that was decided; ``detail``: a flat map with a sentence, or None.
    """

    ctr: int
    code: Code
    seq: int
    detail: dict[str, Any] | None
    clock: int
    bh: bytes

    def to_wire(self) -> list[Any]:
        """[ctr, code, seq, detail], as PUSHED and pages carry it."""
        return [self.ctr, int(self.code), self.seq, self.detail]


def write_outcome(
    txn: Txn, origin: Origin, outcome: Outcome, refused_body: bytes | None, entry: Entry | None
) -> None:
    """Record a verdict, and index or clear refused creates of the rows it would have made."""
    record = [outcome.seq, int(outcome.code), outcome.detail, outcome.clock, outcome.bh]
    key = layout.log_key(origin.replica, outcome.ctr)
    txn.put(layout.OUT, key, pack([*record, refused_body]))
    txn.append(layout.SEQ, layout.seq_key(outcome.seq), key)
    for op in entry.ops if entry is not None else ():
        if op[0] in (cs.CREATE, cs.UPSERT):
            if outcome.code in ACCEPTED:
                txn.delete(layout.BADC, op[2])
            else:
                txn.put(layout.BADC, op[2], key)


def read_outcome(txn: ReadTxn, replica: bytes, ctr: int) -> Outcome | None:
    """The outcome of a changeset, or None if it is not decided."""
    raw = txn.get(layout.OUT, layout.log_key(replica, ctr))
    return _decode(ctr, raw) if raw is not None else None


def outcomes_after(txn: ReadTxn, replica: bytes, ctr: int) -> Iterator[Outcome]:
    """The outcomes of one origin past ``ctr``, in counter order."""
    for key, raw in txn.scan(
        layout.OUT, layout.log_key(replica, ctr + 1), layout.log_key(replica, (1 << 64) - 1)
    ):
        yield _decode(layout.parse_log_key(key)[1], raw)


def first_after_seq(txn: ReadTxn, replica: bytes, processed: int, seq: int) -> int:
    """The highest counter of an origin decided at or below ``seq``: O(log processed).

    Counters and seqs of one origin grow together, so the line between is found by halving.
    """
    low, high = 0, processed
    while low < high:
        middle = (low + high + 1) // 2
        outcome = read_outcome(txn, replica, middle)
        if outcome is not None and outcome.seq <= seq:
            low = middle
        else:
            high = middle - 1
    return low


def refused_create(txn: ReadTxn, rec: bytes) -> Dot | None:
    """The refused changeset that would have created row ``rec``, unless a later one did."""
    raw = txn.get(layout.BADC, rec)
    return Dot(*layout.parse_log_key(raw)) if raw is not None else None


def _decode(ctr: int, raw: bytes) -> Outcome:
    seq, code, detail, clock, bh, _ = unpack(raw)
    return Outcome(ctr, Code(code), seq, detail, clock, bh)
