"""Who has written something never sees an older value of their own again (sync.md I8).

Whatever BASE and overlay do: where a register shows own work, it is the latest own work there
that was not refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satchel.model import changeset as cs
from satchel.model.changeset import Entry
from satchel.model.ids import Dot
from satchel.model.row import CTR, ORIGIN, Row, is_dead, stamp_of
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from tests.sim.checkers.checker import Checker, Flipped, Scene
from tests.sim.device import SimDevice
from tests.sim.ledger import Written

Register = tuple[int, bytes, int]


class Own(Checker):
    """Keeps, for each device and register, the own changes that wrote it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._writes: dict[bytes, dict[Register, list[int]]] = {}
        self._on: dict[Dot, list[Register]] = {}

    def committed(self, device: SimDevice, written: Sequence[Written]) -> None:
        writes = self._writes.setdefault(device.own, {})
        for one in written:
            registers = list(dict.fromkeys(_registers(one.entry)))
            self._on[one.dot] = registers
            for register in registers:
                writes.setdefault(register, []).append(one.dot.ctr)
        self._check(device, [register for one in written for register in self._on[one.dot]])

    def flipped(self, flip: Flipped) -> None:
        if flip.whole:
            registers = list(self._writes.get(flip.device.own, ()))
        else:
            registers = [
                register for decision in flip.retired for register in self._on.get(decision.dot, ())
            ]
        self._check(flip.device, registers)

    def rested(self) -> None:
        for device in self.scene.devices:
            self._check(device, list(self._writes.get(device.own, ())))

    def _check(self, device: SimDevice, registers: list[Register]) -> None:
        if registers:
            device.read(lambda txn: self._look(txn, device, registers))

    def _look(self, txn: ReadTxn, device: SimDevice, registers: list[Register]) -> None:
        state, number = device.state, device.replica.identity.number
        refused = {dot.ctr for dot in self.scene.ledger.refused_of(device.own, state.seq)}
        for table, rec, register in registers:
            row = _row(txn, state.generation, table, rec)
            if row is None:
                continue
            stamp = stamp_of(row, register)
            if stamp[ORIGIN] != number:
                continue
            newer = [
                ctr
                for ctr in self._writes[device.own][table, rec, register]
                if ctr > stamp[CTR] and not self._is_lost(Dot(device.own, ctr), refused)
            ]
            assert not newer, (
                f"{device.name}: register {register} of {rec.hex()} shows own change "
                f"{stamp[CTR]}, though {newer} came later"
            )

    def _is_lost(self, dot: Dot, refused: set[int]) -> bool:
        """Refused as far as this device knows, or standing on what is."""
        if dot.ctr in refused:
            return True
        hard = self.scene.ledger.written[dot].entry.hard
        return any(self._is_lost(cause, refused) for cause in hard)


def _row(txn: ReadTxn, generation: int, table: int, rec: bytes) -> Row | None:
    """The row as VIEW shows it, if it does and all of it is here: what is being restored shows
    no more than was written since (sync.md 1.3)."""
    filed = txn.get(layout.ROW, layout.row_key(generation, table, rec))
    base = unpack(filed) if filed is not None else None
    folded = txn.get(layout.VIEW, layout.view_row_key(table, rec))
    row: Row | None = unpack(folded) if folded is not None else base
    if row is None or is_dead(row) or (base is not None and is_dead(base)):
        return None
    return row


def _registers(entry: Entry) -> Iterator[Register]:
    for op in entry.ops:
        if op[0] == cs.GROUP:
            yield op[1], op[2], op[3]
        elif op[0] in (cs.SET, cs.UPSERT):
            for column in op[3]:
                yield op[1], op[2], column
            for group in op[4] if op[0] == cs.UPSERT else ():
                yield op[1], op[2], group
