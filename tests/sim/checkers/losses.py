"""No accepted value vanishes unannounced: every unseen loss has a record at its author (I20)."""

from __future__ import annotations

from satchel.wire.entry import decode_entry
from tests.laws.reckoning import Decided, Reckoning
from tests.sim.checkers.checker import Checker


class Losses(Checker):
    """Settles the account of every accepted change, on each author's own device."""

    def rested(self) -> None:
        ledger = self.scene.ledger
        accepted: list[Decided] = []
        for device in self.scene.devices:
            identity = device.replica.identity
            accepted += [
                Decided(identity, dot.ctr, one.seq, decode_entry(ledger.written[dot].body))
                for dot, one in ledger.decided.items()
                if dot.replica == device.own and one.accepted
            ]
        for device in self.scene.devices:
            reckoning = Reckoning(device)
            for decided in accepted:
                if decided.author.replica == device.own:
                    reckoning.settle(decided, accepted)
