"""What was acknowledged is somewhere: waiting, archived, in quarantine, or tended by a person.

sync.md I1, and I19: nothing leaves a log but by the hub's own verdict on these very bytes.
"""

from __future__ import annotations

from satchel.engine import log
from satchel.model.ids import Dot
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from tests.sim.checkers.checker import Checker, Flipped
from tests.sim.device import SimDevice


class Accounted(Checker):
    """Looks for the changesets that left at each FLIP, and at times for every one."""

    def flipped(self, flip: Flipped) -> None:
        own = flip.device.own
        dots = [decision.dot for decision in flip.retired]
        if flip.whole:
            dots = [dot for dot in self.scene.ledger.acknowledged if dot.replica == own]
        flip.device.read(lambda txn: self._look(txn, flip.device, dots))

    def rested(self) -> None:
        for device in self.scene.devices:
            dots = [dot for dot in self.scene.ledger.acknowledged if dot.replica == device.own]
            device.read(lambda txn, device=device, dots=dots: self._look(txn, device, dots))  # type: ignore[misc]

    def _look(self, txn: ReadTxn, device: SimDevice, dots: list[Dot]) -> None:
        for dot in dots:
            found = self._find(txn, dot)
            assert found is not None, f"{device.name} has lost its change {dot.ctr}"
            written = self.scene.ledger.written[dot]
            assert found in (written.body, b""), f"{device.name}: change {dot.ctr} has other bytes"
            decision = self.scene.ledger.decided.get(dot)
            if log.read_record(txn, *dot) is None:
                assert decision is not None, f"{device.name}: {dot.ctr} left, and nobody decided it"
                assert decision.seq <= device.state.seq, f"{device.name}: {dot.ctr} left too early"

    def _find(self, txn: ReadTxn, dot: Dot) -> bytes | None:
        """Its body; empty where a person has let it go; None where it is nowhere."""
        key = layout.log_key(*dot)
        record = log.read_record(txn, *dot)
        if record is not None:
            return record.body
        for db in (layout.QTN, layout.ARC):
            raw = txn.get(db, key)
            if raw is not None:
                body: bytes = unpack(raw)[0]
                assert body or dot in self.scene.ledger.tended, "dropped, and nobody wanted it"
                return body
        return None
