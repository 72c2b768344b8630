"""What was written, acknowledged and decided, as somebody sees who sees everything.

Owns the account that checkers compare stores with.  Filled by the world after every commit,
crash or not; it reads stores and never writes one.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.engine import log
from satchel.hub.office import State, read_origin
from satchel.hub.outcomes import read_outcome
from satchel.model.changeset import Entry
from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED, Code
from satchel.store import layout
from satchel.store.txn import ReadTxn
from tests.sim.device import SimDevice
from tests.sim.hub import SimHub

Name = tuple[bytes, int]
"""(client session, request number)"""


class Written(NamedTuple):
    """A changeset that a commit has put into a log."""

    dot: Dot
    body: bytes
    chain: bytes
    entry: Entry
    request: Name | None


class Decision(NamedTuple):
    """A changeset that the hub has decided.  ``clock``: the hlc of its effects."""

    dot: Dot
    seq: int
    code: Code
    cause: Dot | None
    clock: int
    bh: bytes
    number: int
    entry: Entry | None

    @property
    def accepted(self) -> bool:
        """Whether it took effect."""
        return self.code in ACCEPTED


class Ledger:
    """Everything that is true of a world, by dot."""

    def __init__(self) -> None:
        self.written: dict[Dot, Written] = {}
        self.acknowledged: dict[Dot, Name] = {}
        self.decided: dict[Dot, Decision] = {}
        self.by_seq: list[Decision] = []
        self.tended: set[Dot] = set()
        """Refused changesets that a person wanted discarded or tried anew."""
        self._known: dict[bytes, int] = {}

    def note_device(self, device: SimDevice) -> list[Written]:
        """Take in what is new in a device's log."""
        own = device.own
        new = []

        def look(txn: ReadTxn) -> None:
            known = self._known.get(own, 0)
            if log.last_counter(txn, own) > known:
                for ctr, record in log.records(txn, own, after=known):
                    named = (record.session, record.number) if record.session else None
                    new.append(
                        Written(Dot(own, ctr), record.body, record.chain, record.entry(), named)
                    )

        device.read(look)
        for written in new:
            self.written[written.dot] = written
            self._known[own] = written.dot.ctr
        return new

    def note_hub(self, hub: SimHub) -> list[Decision]:
        """Take in what the hub has decided since."""
        new = hub.disk.read(self._new_decisions)
        for decision in new:
            self.decided[decision.dot] = decision
        self.by_seq += new
        return new

    def refused_of(self, own: bytes, upto_seq: int) -> dict[Dot, Decision]:
        """What of a replica's was refused by then."""
        return {
            dot: one
            for dot, one in self.decided.items()
            if dot.replica == own and not one.accepted and one.seq <= upto_seq
        }

    def _new_decisions(self, txn: ReadTxn) -> list[Decision]:
        head = State.read(txn).head
        new = []
        start = self.by_seq[-1].seq + 1 if self.by_seq else 1
        for key, raw in txn.scan(layout.SEQ, layout.seq_key(start)):
            seq, dot = layout.parse_seq_key(key), Dot(*layout.parse_log_key(raw))
            outcome, origin = read_outcome(txn, *dot), read_origin(txn, dot.replica)
            assert outcome is not None
            assert origin is not None
            assert outcome.seq == seq <= head
            named = (outcome.detail or {}).get("cause")
            written = self.written.get(dot)
            entry = written.entry if written is not None else None
            new.append(
                Decision(
                    dot, seq, outcome.code, Dot(*named) if named else None, outcome.clock,
                    outcome.bh, origin.number, entry,
                )
            )  # fmt: skip
        return new
