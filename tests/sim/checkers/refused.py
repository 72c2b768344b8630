"""Refused work, and what stands on it, is in no VIEW after its FLIP (sync.md I7, I18).

Quarantine holds exactly the refused, with the hub's own codes, less what a person has tended.
"""

from __future__ import annotations

from collections.abc import Sequence

from satchel.engine import log
from satchel.model.ids import Dot
from satchel.model.row import BASE, CTR, LIFE, LIFE_STAMP, ORIGIN, STAMP_SEQ, STAMPS, Row, Stamp
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from tests.sim.checkers.checker import Checker, Flipped
from tests.sim.device import SimDevice
from tests.sim.ledger import Written


class Refused(Checker):
    """Looks at all of VIEW and of quarantine: both are small."""

    def committed(self, device: SimDevice, written: Sequence[Written]) -> None:
        device.read(lambda txn: self._check_quarantine(txn, device))

    def flipped(self, flip: Flipped) -> None:
        flip.device.read(lambda txn: self._check_quarantine(txn, flip.device))
        flip.device.read(lambda txn: self._check_view(txn, flip.device))

    def rested(self) -> None:
        for device in self.scene.devices:
            device.read(lambda txn, device=device: self._check_quarantine(txn, device))  # type: ignore[misc]

    def _check_quarantine(self, txn: ReadTxn, device: SimDevice) -> None:
        refused = self.scene.ledger.refused_of(device.own, device.state.seq)
        held = {Dot(*layout.parse_log_key(key)): unpack(raw) for key, raw in txn.scan(layout.QTN)}
        surplus = held.keys() - refused.keys()
        assert not surplus, f"{device.name} holds {surplus} in quarantine, which nobody refused"
        missing = refused.keys() - held.keys() - self.scene.ledger.tended
        assert not missing, f"{device.name} has let refused work go: {missing}"
        for dot, parked in held.items():
            assert parked[1] == refused[dot].code, f"{device.name}: {dot.ctr} has another code"
            assert parked[0] == self.scene.ledger.written[dot].body, f"{dot.ctr} has other bytes"

    def _check_view(self, txn: ReadTxn, device: SimDevice) -> None:
        own, number = device.own, device.replica.identity.number
        lost = {dot.ctr for dot in self.scene.ledger.refused_of(own, device.state.seq)}
        for ctr, record in log.records(txn, own):
            assert ctr not in lost, f"{device.name}: {ctr} is refused and still in the log"
            if any(dot.ctr in lost for dot in record.entry().hard):
                lost.add(ctr)
        for raw, value in txn.scan(layout.VIEW):
            key = layout.parse_view_key(raw)
            if key.dot is None and value:
                stamps = unpack(value) if key.link else _stamps_of(unpack(value))
                for stamp in stamps:
                    own_pending = stamp[ORIGIN] == number and stamp[STAMP_SEQ] is None
                    assert not (own_pending and stamp[CTR] in lost), (
                        f"{device.name}: refused change {stamp[CTR]} is in VIEW at {raw.hex()}"
                    )


def _stamps_of(row: Row) -> list[Stamp]:
    return [row[BASE], row[LIFE][LIFE_STAMP], *(row[STAMPS] or {}).values()]
