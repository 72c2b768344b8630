"""Exactly once, in order, of the very bytes that were written (sync.md I2, I3, I12, I22).

The hub's sequence has no gap, an origin's counters are decided contiguously and once, and one
request of an app makes at most one change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from satchel.model.ids import Dot
from satchel.wire.chain import body_hash
from tests.sim.checkers.checker import Checker, Scene
from tests.sim.device import SimDevice
from tests.sim.ledger import Decision, Written


class Once(Checker):
    """Follows the sequence."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._head = 0
        self._processed: Counter[bytes] = Counter()
        self._requests: dict[tuple[bytes, int], Dot] = {}

    def committed(self, device: SimDevice, written: Sequence[Written]) -> None:
        for one in written:
            if one.request is not None:
                earlier = self._requests.setdefault(one.request, one.dot)
                assert earlier == one.dot, f"{device.name}: request {one.request[1]} ran twice"

    def decided(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            self._head += 1
            assert decision.seq == self._head, f"seq {decision.seq} follows {self._head - 1}"
            replica, ctr = decision.dot
            self._processed[replica] += 1
            assert ctr == self._processed[replica], f"{replica.hex()}: {ctr} is decided out of turn"
            written = self.scene.ledger.written.get(decision.dot)
            if decision.number != 0:
                assert written is not None, f"{replica.hex()}:{ctr} was never written"
                assert decision.bh == body_hash(written.body), f"{ctr} was decided with other bytes"
