"""What goes wrong, and when: crashes, full disks, lying clocks, weather, ways that are cut.

Owns the schedule of faults of one world.  Everything here ends when the world heals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from satchel.model import limits
from tests.sim.clock import DRIFT_PPM_MAX, YEAR_MS
from tests.sim.device import SimDevice
from tests.sim.disk import DiskFault
from tests.sim.hub import SimHub
from tests.sim.network import CALM, STORM, SimNet
from tests.sim.tally import Tally
from tests.sim.timeline import Timeline
from tests.sim.user import SimUser

_EVERY_MS = (2_000, 30_000)
_DOWN_MS = (500, 60_000)
_OFFLINE_MS = (5_000, 900_000)
_TINY_RESPONSES = (400, 2_000, 20_000)


class Faults:
    """Plans one fault after the other until :meth:`heal`."""

    def __init__(
        self, timeline: Timeline, chance: Random, net: SimNet, hub: SimHub, tally: Tally
    ) -> None:
        self._timeline = timeline
        self._chance = chance
        self._net = net
        self._hub = hub
        self._tally = tally
        self.users: list[SimUser] = []
        self._on = True
        net.weather = STORM
        hub.disk.injected = lambda name: self._tally.fault(f"hub {name}")
        self._plan()

    def add(self, user: SimUser) -> None:
        """One more device to trouble: its clock is wrong from the start."""
        device, chance = user.device, self._chance
        self.users.append(user)
        device.disk.injected = lambda name: self._tally.fault(f"device {name}")
        if chance.random() < 0.4:
            device.clock.offset_ms = chance.randint(-YEAR_MS, YEAR_MS)
            self._tally.fault("clock skew")
        if chance.random() < 0.3:
            device.clock.grain_ms = chance.choice((1_000, 20_000))
            self._tally.fault("coarse clock")
        if chance.random() < 0.5:
            device.clock.drift_ppm = chance.randint(-DRIFT_PPM_MAX, DRIFT_PPM_MAX)
            self._tally.fault("clock drift")

    def heal(self) -> None:
        """From here on everything works."""
        self._on = False
        self._net.weather = CALM
        for way in self._net.ways.values():
            way.blocked = None
        for machine in self._machines():
            machine.disk.calm()
            machine.start()
        for user in self.users:
            assert user.device.process is not None
            user.device.process.bundle_max = limits.BUNDLE_ENTRIES_MAX
        assert self._hub.process is not None
        self._hub.process.response_bytes_max = limits.PULL_BYTES_MAX

    def crashed(self, name: str) -> None:
        """The process of a machine ends here; another is started later."""
        (machine,) = (machine for machine in self._machines() if machine.name == name)
        machine.crash()
        if machine is self._hub:
            self._net.hub_is_gone()
        delay = self._chance.randint(*_DOWN_MS)
        self._timeline.after(delay, f"{machine.name} starts", machine.start)

    # -- the schedule ------------------------------------------------------------------------

    def _plan(self) -> None:
        deeds: tuple[Callable[[], None], ...] = (
            self._break_disk, self._break_disk, self._break_disk, self._kill, self._cut_way,
            self._cut_way, self._lie, self._lie_at_hub, self._squeeze,
        )  # fmt: skip
        deed = self._chance.choice(deeds)

        def happen() -> None:
            if self._on:
                deed()
                self._plan()

        self._timeline.after(self._chance.randint(*_EVERY_MS), deed.__name__[1:], happen)

    def _machines(self) -> list[SimDevice | SimHub]:
        return [self._hub, *(user.device for user in self.users)]

    def _break_disk(self) -> None:
        machine = self._chance.choice(self._machines())
        fault = self._chance.choice(tuple(DiskFault))
        commits = self._chance.randint(1, 6)
        self._timeline.tell(f"{machine.name}: {fault.value} at commit {commits} from now")
        machine.disk.plan(fault, commits)

    def _kill(self) -> None:
        machine = self._chance.choice(self._machines())
        if machine.process is not None:
            kind = "hub" if machine is self._hub else "device"
            self._tally.fault(f"{kind} killed")
            self._timeline.tell(f"{machine.name} is killed")
            self.crashed(machine.name)

    def _cut_way(self) -> None:
        if not self.users:
            return
        device = self._chance.choice(self.users).device
        way = self._net.way(device.own)
        way.blocked = self._chance.choice(("both", "up", "down"))
        if way.blocked == "both":
            self._tally.fault("offline")
        self._timeline.tell(f"{device.name}: way blocked, {way.blocked}")

        def clear() -> None:
            way.blocked = None

        self._timeline.after(self._chance.randint(*_OFFLINE_MS), "way clear", clear)

    def _lie(self) -> None:
        if not self.users:
            return
        user = self._chance.choice(self.users)
        step = self._chance.choice((3_600_000, 86_400_000, YEAR_MS))
        self._tally.fault("clock set back")
        user.device.clock.offset_ms -= self._chance.randint(1, step)
        self._timeline.tell(f"{user.device.name}: clock set back")

    def _lie_at_hub(self) -> None:
        self._tally.fault("hub clock set")
        self._hub.clock.offset_ms = self._chance.randint(-600_000, 600_000)

    def _squeeze(self) -> None:
        """The hub has little room: pulls are torn over many responses."""
        if self._hub.process is not None:
            self._tally.fault("pulls torn")
            room = self._chance.choice(_TINY_RESPONSES)
            process = self._hub.process
            process.response_bytes_max = room
            widen = partial(setattr, process, "response_bytes_max", limits.PULL_BYTES_MAX)
            self._timeline.after(self._chance.randint(*_OFFLINE_MS), "room again", widen)
