"""A device's machine: a disk, a clock, and the daemon and the app that run on it.

Owns starting and crashing.  What is in memory dies with the process; what the disk holds, and
what the app remembers of its own requests, does not.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple, TypeVar

from satchel.engine.replica import Identity, Replica, State, create_store, read_state
from satchel.hub.desk import Desk
from satchel.hub.enrol import Joining
from satchel.store.txn import ReadTxn
from satchel.wire.envelope import public_key
from tests.sim.clock import SimClock
from tests.sim.disk import SimDisk
from tests.sim.process import Carrier, DeviceProcess
from tests.sim.timeline import Timeline

T = TypeVar("T")


class Place(NamedTuple):
    """What a device is built on."""

    timeline: Timeline
    chance: Random
    net: Carrier
    disk: SimDisk


class SimDevice:
    """One replica.  ``process`` is None while it is down."""

    def __init__(self, place: Place, name: str, identity: Identity, epoch: int) -> None:
        self.name = name
        self.disk = place.disk
        self.clock = SimClock(place.timeline)
        self.chance = place.chance
        self._timeline = place.timeline
        self._net = place.net
        self.disk.write(lambda txn: create_store(txn, identity, epoch))
        self.replica = self.disk.read(Replica.load)
        """For whoever looks on; the process has its own."""
        self.process: DeviceProcess | None = None

    @property
    def own(self) -> bytes:
        """The replica."""
        return self.replica.identity.replica

    @property
    def state(self) -> State:
        """Where BASE stands."""
        return self.disk.read(read_state)

    @property
    def loaded(self) -> bool:
        """Whether a first download has been installed."""
        return self.state.generation != 0

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """Run ``work`` on a snapshot, whether a process runs or not."""
        return self.disk.read(work)

    def start(self) -> None:
        """Start the daemon on what the disk holds."""
        if self.process is None:
            self.disk.reopen()
            self.process = DeviceProcess(
                self._timeline, self.chance, self.clock, self.disk, self._net
            )
            self.process.start()

    def crash(self) -> None:
        """End the process; the disk keeps what was committed."""
        if self.process is not None:
            self.process.end()
            self.process = None


def join(
    desk: Desk, order: Callable[[str, dict[str, Any]], Any], chance: Random, name: str, now_ms: int
) -> Identity:
    """Let a new user's new device in, as an administrator and ``shell/joining`` do."""
    order("hub.user.add", {"org": None, "name": name, "id": None})
    invite = order("hub.invite", {"org": None, "user": name})["invite"]
    secret, replica = chance.randbytes(32), chance.randbytes(8)
    joining = Joining(invite, replica, public_key(secret), f"device of {name}")
    joined, _ = desk.enrol(joining, chance.randbytes(16), now_ms)
    setup = desk.office.setup
    return Identity(
        setup.org, setup.name, joined.user.id, name, joined.device.id, joining.name, replica,
        joined.device.number, secret, joined.certificate, desk.public, "sim://hub", None, False,
        chance.randbytes(32),
    )  # fmt: skip
