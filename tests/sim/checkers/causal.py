"""No outcome before its causal past, and a dependant falls with its cause (sync.md I4, 2.4).

In a log the hlc order of what touches a row extends the causal order there (I6b).
"""

from __future__ import annotations

from collections.abc import Sequence

from satchel.model.changeset import LINK_OPS, Entry
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from tests.sim.checkers.checker import Checker, Scene
from tests.sim.device import SimDevice
from tests.sim.ledger import Decision, Written

RowName = tuple[int, bytes]


class Causal(Checker):
    """Follows the sequence, and each log."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._own_clock: dict[tuple[bytes, RowName], tuple[int, int]] = {}

    def committed(self, device: SimDevice, written: Sequence[Written]) -> None:
        """Own changes to a row have clocks in the order in which they were made."""
        for one in written:
            for row in rows_of(one.entry):
                ctr, clock = self._own_clock.get((device.own, row), (0, 0))
                in_order = one.entry.hlc > clock or one.entry.ctx.base_seq >= self._seq(device, ctr)
                assert in_order, f"{device.name}: change {one.dot.ctr} has a clock before {ctr}'s"
                self._own_clock[device.own, row] = one.dot.ctr, one.entry.hlc

    def decided(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            if decision.entry is not None:
                self._check_past(decision, decision.entry)

    def _seq(self, device: SimDevice, ctr: int) -> int:
        """Where the hub decided an own change; beyond everything while it has not."""
        known = self.scene.ledger.decided.get(Dot(device.own, ctr))
        return known.seq if known is not None else 1 << 62

    def _check_past(self, decision: Decision, entry: Entry) -> None:
        decided = self.scene.ledger.decided
        name = f"{decision.dot.replica.hex()}:{decision.dot.ctr}"
        assert entry.ctx.base_seq < decision.seq, f"{name} was decided before what it had seen"
        for replica, hi in entry.ctx.foreign.items():
            past = decided.get(Dot(replica, hi))
            assert past is not None, f"{name} was decided before {hi} of {replica.hex()}"
            assert past.seq < decision.seq, f"{name} was decided before {hi} of {replica.hex()}"
        refused = []
        for dot in entry.hard:
            cause = decided.get(dot)
            assert cause is not None, f"{name} was decided before {dot.ctr}, on which it stands"
            assert cause.seq < decision.seq, f"{name} was decided before {dot.ctr}"
            if not cause.accepted:
                refused.append(dot)
        if refused:
            assert decision.code == Code.DEP, f"{name} stands on a refusal and is {decision.code}"
            assert decision.cause in refused, f"{name} names another cause"
        if decision.code == Code.DEP:
            assert decision.cause is not None
            cause = decided.get(decision.cause)
            assert cause is not None, f"{name} fell with an undecided change"
            assert not cause.accepted, f"{name} fell with a change that was accepted"


def rows_of(entry: Entry) -> list[RowName]:
    """The rows that a changeset's ops are on."""
    rows = dict.fromkeys((op[1], op[2]) for op in entry.ops if op[0] not in LINK_OPS)
    return list(rows)
