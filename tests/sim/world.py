"""A world from a seed: a hub, three to eight devices, their people, and all that goes wrong.

Owns building, living, healing and the calling of checkers.  Everything in it follows from the
seed: no clock, chance, order of sets or of folders comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from random import Random

from satchel.engine.replica import Identity, decided
from satchel.hub.found import FIRST_EPOCH
from satchel.model.errors import SatchelError, Unavailable
from satchel.store import layout
from satchel.store.txn import ReadTxn
from tests.sim.checkers.accounted import Accounted
from tests.sim.checkers.causal import Causal
from tests.sim.checkers.checker import Checker, Flipped, Scene
from tests.sim.checkers.derived import Derived
from tests.sim.checkers.equal import Equal
from tests.sim.checkers.losses import Losses
from tests.sim.checkers.once import Once
from tests.sim.checkers.own import Own
from tests.sim.checkers.reference import AsReference
from tests.sim.checkers.refused import Refused
from tests.sim.device import Place, SimDevice, join
from tests.sim.disk import Crash, SimDisk
from tests.sim.faults import Faults
from tests.sim.hub import SimHub
from tests.sim.ledger import Ledger
from tests.sim.network import SimNet
from tests.sim.schema import founded
from tests.sim.tally import Tally
from tests.sim.timeline import Timeline
from tests.sim.user import SimUser
from tests.sim.wishes import Memory

CHECKERS: tuple[type[Checker], ...] = (
    Once, Causal, Equal, Accounted, Refused, Own, Derived, Losses, AsReference,
)  # fmt: skip

DECIDED_MIN = 60
"""A seed lives until the hub has decided so many changesets of devices."""

_DEVICES = (3, 8)
_WHOLE_EVERY = 10
_ACT_MS = (500, 9_000)
_JOIN_MS_MAX = 60_000
_LIFE_MS_MAX = 6 * 3600 * 1000
_REST_MS_MAX = 30 * 60 * 1000
_REST_REQUESTS_MAX = 80
"""Requests of one device from healing to rest: HELLO, PUSH, PULL, and what backs off between."""


class World:
    """Call :meth:`run`.  ``folder``: where LMDB keeps the stores; None: all in memory."""

    def __init__(self, seed: int, folder: Path | None = None) -> None:
        self.seed = seed
        self._folder = folder
        self.timeline = Timeline()
        self.tally = Tally()
        self.ledger = Ledger()
        self.devices: list[SimDevice] = []
        self.hub = SimHub(self.timeline, self._stream("hub"), self._disk("hub", layout.HUB_DBS))
        self.net = SimNet(self.timeline, self._stream("net"), self.hub, self.tally)
        self.faults = Faults(self.timeline, self._stream("faults"), self.net, self.hub, self.tally)
        self.checkers: list[Checker] = [kind(self._scene()) for kind in CHECKERS]
        self._memory = Memory()
        self._seen: dict[bytes, tuple[int, int]] = {}
        self._flips = 0
        self._living = True
        self.hub.disk.committed = self._hub_committed
        self._hub_committed()
        self._invite()

    def run(self) -> None:
        """Live, heal, come to rest; AssertionError is a finding."""
        while len(self.ledger.by_seq) < DECIDED_MIN + len(self.devices) + 1:
            assert self.timeline.now_ms < _LIFE_MS_MAX, "so long, and so little decided"
            self._step(_LIFE_MS_MAX)
        self.rest()

    def rest(self) -> None:
        """Heal everything and wait until nobody has anything left to say."""
        self._living = False
        self.timeline.tell("everything heals")
        self.faults.heal()
        began, requests = self.timeline.now_ms, self.net.requests
        while not self._is_quiet():
            waited = self.timeline.now_ms - began
            assert waited < _REST_MS_MAX, f"no rest: {self._standing()}"
            self._step(began + _REST_MS_MAX)
        spent = self.net.requests - requests
        assert spent <= _REST_REQUESTS_MAX * len(self.devices), f"{spent} requests to come to rest"
        for checker in self.checkers:
            checker.rested()

    def digest(self) -> str:
        """One hash over every byte of every store."""
        whole = blake2b(digest_size=16)
        self.hub.disk.read(lambda txn: _feed(whole.update, txn, layout.HUB_DBS))
        for device in self.devices:
            device.read(lambda txn: _feed(whole.update, txn, layout.DEVICE_DBS))
        return whole.hexdigest()

    def close(self) -> None:
        """Close every store."""
        self.hub.disk.close()
        for device in self.devices:
            device.disk.close()

    # -- building ----------------------------------------------------------------------------

    def _scene(self) -> Scene:
        return self

    def _stream(self, name: str) -> Random:
        """Chance of its own for each part: one part's throws do not shift another's."""
        return Random(f"{self.seed} {name}")

    def _disk(self, name: str, dbs: Sequence[str]) -> SimDisk:
        folder = self._folder / name if self._folder is not None else None
        disk = SimDisk(name, tuple(dbs), folder)
        if name == "hub":
            disk.fill(founded())
        return disk

    def _invite(self) -> None:
        chance = self._stream("people")
        count = chance.randint(*_DEVICES)
        for number in range(count):
            delay = 0 if number < 2 else chance.randint(0, _JOIN_MS_MAX)
            name = f"device{number + 1}"
            self.timeline.after(delay, f"{name} joins", partial(self._join, name))

    def _join(self, name: str, attempt: int = 1) -> None:
        """Join a device, as often as it takes: a crash of the hub may cut it short."""
        chance = self._stream(f"{name} {attempt}")
        try:
            identity = self._enrol(name if attempt == 1 else f"{name} again {attempt}", chance)
        except BaseException as fault:
            again = partial(self._join, name, attempt + 1)
            self.timeline.after(1_000, f"{name} joins", again)
            if not isinstance(fault, SatchelError):
                raise
            return
        place = Place(self.timeline, chance, self.net, self._disk(name, layout.DEVICE_DBS))
        device = SimDevice(place, name, identity, FIRST_EPOCH)
        device.disk.committed = lambda: self._device_committed(device)
        self.devices.append(device)
        self._seen[device.own] = (0, 0)
        user = SimUser(
            device, self._stream(f"user of {name}"), self.ledger, self.tally, self._memory
        )
        self.faults.add(user)
        device.start()
        self._act_later(user)

    def _enrol(self, person: str, chance: Random) -> Identity:
        process = self.hub.process
        if process is None:
            raise Unavailable("HUB_UNREACHABLE", "The hub is down.")
        return join(process.desk, process.order, chance, person, self.hub.clock.now_ms())

    def _act_later(self, user: SimUser) -> None:
        def act() -> None:
            if self._living:
                self._act_later(user)
                user.act()

        delay = user.device.chance.randint(*_ACT_MS)
        self.timeline.after(delay, f"{user.device.name}: a person acts", act)

    # -- living ------------------------------------------------------------------------------

    def _step(self, until_ms: int) -> None:
        timer = self.timeline.next(until_ms)
        if timer is None:
            return
        self.timeline.tell(timer.what)
        try:
            timer.deed()
        except Crash as crash:
            self.timeline.tell(f"{crash.owner} crashes")
            self.faults.crashed(crash.owner)

    def _is_quiet(self) -> bool:
        head = len(self.ledger.by_seq)
        for device in self.devices:
            process, own = device.process, device.own
            if process is None or process.session.status.state != "online":
                return False
            if device.state.seq != head:
                return False
            written = max((d.ctr for d in self.ledger.written if d.replica == own), default=0)
            if device.read(lambda txn, own=own: decided(txn, own)[0]) != written:  # type: ignore[misc]
                return False
        return True

    def _standing(self) -> list[str]:
        return [
            f"{device.name}: seq {device.state.seq} of {len(self.ledger.by_seq)}, "
            f"{device.process.session.status if device.process else 'down'}"
            for device in self.devices
        ]

    # -- looking on --------------------------------------------------------------------------

    def _hub_committed(self) -> None:
        decisions = self.ledger.note_hub(self.hub)
        for decision in decisions:
            if decision.number != 0:
                self.tally.outcome(decision.code.name)
        if decisions:
            for checker in self.checkers:
                checker.decided(decisions)

    def _device_committed(self, device: SimDevice) -> None:
        written = self.ledger.note_device(device)
        state = device.state
        (before, generation), after = self._seen[device.own], state.seq
        if before == after:
            for checker in self.checkers:
                checker.committed(device, written)
            return
        self._seen[device.own] = after, state.generation
        if state.generation != generation != 0:
            self.tally.op("build aside")
        self._flips += 1
        retired = [one for one in self.ledger.by_seq[before:after] if one.dot.replica == device.own]
        flip = Flipped(device, before, after, retired, self._flips % _WHOLE_EVERY == 0)
        for checker in self.checkers:
            checker.flipped(flip)


def _feed(update: Callable[[bytes], None], txn: ReadTxn, dbs: Sequence[str]) -> None:
    for db in dbs:
        for key, value in txn.scan(db):
            update(len(key).to_bytes(4, "big") + key + len(value).to_bytes(4, "big") + value)
