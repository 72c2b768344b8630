"""Equal cursor, equal BASE, byte for byte, at every moment (sync.md I5, I14).

On the rows a FLIP touched: they are what the hub filed last by then, so whole changesets only.
Over all of BASE: the digest is that of whoever stood at the same seq before.
"""

from __future__ import annotations

from collections.abc import Sequence

from satchel.engine.digest import base_digest as device_digest
from satchel.hub.digest import base_digest as hub_digest
from satchel.model.feed import Line
from satchel.model.row import is_dead, tombstone
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack
from tests.sim.checkers.checker import Checker, Flipped, Scene
from tests.sim.ledger import Decision


class Equal(Checker):
    """Keeps every version of every row that the hub has filed, by seq."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._rows: dict[bytes, list[tuple[int, bytes]]] = {}
        self._changed: list[tuple[int, bytes]] = []
        self._digests: dict[int, str] = {}
        self._filed = 0

    def decided(self, decisions: Sequence[Decision]) -> None:
        self.scene.hub.disk.read(self._file)

    def flipped(self, flip: Flipped) -> None:
        flip.device.read(lambda txn: self._compare_rows(txn, flip))
        if flip.whole:
            self._compare_digest(flip.after, flip.device.read(device_digest), flip.device.name)

    def rested(self) -> None:
        state = self.scene.hub.disk.read(hub_digest)
        self._compare_digest(state.seq, state.digest, "hub")
        for device in self.scene.devices:
            assert device.state.seq == state.seq, f"{device.name} rests at {device.state.seq}"
            self._compare_digest(state.seq, device.read(device_digest), device.name)

    def _file(self, txn: ReadTxn) -> None:
        for raw, _ in txn.scan(layout.FEED, layout.seq_key(self._filed + 1)):
            seq, kind, key = layout.parse_feed_key(raw)
            self._filed = max(self._filed, seq)
            if kind == Line.ROW:
                data = txn.get(layout.ROW, key)
                assert data is not None, "a line of the feed points at nothing"
                row = unpack(data)
                shown = pack(tombstone(row)) if is_dead(row) else data
                self._rows.setdefault(key, []).append((seq, shown))
                self._changed.append((seq, key))

    def _compare_rows(self, txn: ReadTxn, flip: Flipped) -> None:
        generation = flip.device.state.generation
        for key in self._changed_between(flip.before, flip.after):
            wanted = [shown for seq, shown in self._rows[key] if seq <= flip.after][-1]
            found = txn.get(layout.ROW, layout.gen_prefix(generation) + key)
            assert found == wanted, f"{flip.device.name} at {flip.after}: row {key.hex()} differs"

    def _changed_between(self, before: int, after: int) -> list[bytes]:
        found: dict[bytes, None] = {}
        for seq, key in reversed(self._changed):
            if seq <= before:
                break
            if seq <= after:
                found[key] = None
        return list(found)

    def _compare_digest(self, seq: int, digest: str, who: str) -> None:
        known = self._digests.setdefault(seq, digest)
        assert known == digest, f"{who} at seq {seq} has another BASE than others had there"
