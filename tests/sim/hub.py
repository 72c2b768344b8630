"""The hub's machine: a disk, a clock, and a process of production reception and desk.

Owns what ``shell/hub_server`` owns: which jobs are under way, which PULLs wait and what wakes
them.  Must not know the network, nor decide anything.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from satchel.hub.answers import Answer, refused
from satchel.hub.desk import Desk
from satchel.hub.orders import Moment, carry_out
from satchel.hub.pulling import Idle, PullJob
from satchel.hub.pushing import PushJob
from satchel.hub.reception import RANDOM_BYTES, Reception, Signed
from satchel.hub.requests import read_request
from satchel.model import limits
from satchel.model.errors import SatchelError
from tests.sim.clock import SimClock
from tests.sim.disk import SimDisk
from tests.sim.timeline import Timeline

Reply = Callable[[bytes], None]
"""Takes the bytes of a whole answer."""


class HubProcess:
    """One run of the hub, from start to crash: links, jobs and waiting PULLs die with it."""

    def __init__(self, timeline: Timeline, chance: Random, clock: SimClock, disk: SimDisk) -> None:
        self._timeline = timeline
        self._chance = chance
        self._clock = clock
        self.desk = Desk(disk)
        self.reception = Reception([self.desk])
        self.alive = True
        self.response_bytes_max = limits.PULL_BYTES_MAX
        """As if so little were free: PULLs are torn into many responses."""
        self._waiting: dict[bytes, tuple[int, Callable[[bool], None]]] = {}
        self._looked_at = self.desk.head

    def take(self, auth: str, body: bytes, method: str, path: str, reply: Reply) -> None:
        """A request has arrived; ``reply`` is called once, perhaps much later."""
        req = 0
        try:
            frame = read_request(body)
            req = frame.req
            signed = Signed(method, path, auth, body)
            random = self._chance.randbytes(RANDOM_BYTES)
            job = self.reception.take(signed, frame, self._clock.now_ms(), random)
        except SatchelError as error:
            self._refuse(req, error, reply)
            return
        if isinstance(job, PushJob):
            self._push(req, job, reply)
        elif isinstance(job, PullJob):
            self._begin_pull(req, job, reply)
        else:
            reply(_bytes_of(job))

    def order(self, command: str, arguments: dict[str, Any]) -> Any:
        """Carry out an administrator's order."""
        seen = self.reception.links.last_seen()
        random = self._chance.randbytes
        moment = Moment(self._clock.now_ms(), random, lambda: random(16), seen)
        try:
            return carry_out([self.desk], command, arguments, moment)
        finally:
            self._look()

    def _refuse(self, req: int, error: SatchelError, reply: Reply) -> None:
        known = error.details.get("req")
        reply(_bytes_of(refused(known if isinstance(known, int) else req, error)))

    # -- jobs --------------------------------------------------------------------------------

    def _push(self, req: int, job: PushJob, reply: Reply) -> None:
        if not self.alive:
            return
        try:
            answer = job.step(self._clock.now_ms())
        except SatchelError as error:
            self._look()
            self._refuse(req, error, reply)
            return
        self._look()
        if answer is None:
            self._timeline.after(1, "hub: next slice", lambda: self._push(req, job, reply))
        else:
            reply(_bytes_of(answer))

    def _begin_pull(self, req: int, job: PullJob, reply: Reply) -> None:
        older = self._waiting.pop(job.link.id, None)
        if older is not None:
            older[1](False)  # a device has one PULL: whoever asked before has gone
        self._pull(req, job, reply, job.wait_ms > 0)

    def _pull(self, req: int, job: PullJob, reply: Reply, patient: bool) -> None:
        if not self.alive:
            return
        room = min(job.bytes_max, self.response_bytes_max)
        try:
            step = job.step(self._clock.now_ms(), room, patient)
        except SatchelError as error:
            self._refuse(req, error, reply)
            return
        if isinstance(step, Idle):
            self._wait(req, job, reply, step.head)
        else:
            reply(_bytes_of(step))

    def _wait(self, req: int, job: PullJob, reply: Reply, head: int) -> None:
        link = job.link.id

        def go_on(patient: bool) -> None:
            if self._waiting.get(link) is entry:
                del self._waiting[link]
            timer.cancel()
            self._pull(req, job, reply, patient)

        timer = self._timeline.after(job.wait_ms, "hub: a poll ends", lambda: go_on(False))
        entry = self._waiting[link] = (head, go_on)

    def _look(self) -> None:
        """Wake the PULLs that wait for a head that has come."""
        if self._looked_at == self.desk.head:
            return
        self._looked_at = self.desk.head
        for head, go_on in list(self._waiting.values()):
            if self.desk.head > head:
                self._timeline.after(0, "hub: news", lambda go_on=go_on: go_on(True))  # type: ignore[misc]


class SimHub:
    """The machine on which hub processes run.  ``process`` is None while it is down."""

    name = "hub"

    def __init__(self, timeline: Timeline, chance: Random, disk: SimDisk) -> None:
        self._timeline = timeline
        self._chance = chance
        self.clock = SimClock(timeline)
        self.disk = disk
        self.process: HubProcess | None = None
        self.start()

    def start(self) -> None:
        """Start a process on what the disk holds."""
        if self.process is None:
            self.disk.reopen()
            self.process = HubProcess(self._timeline, self._chance, self.clock, self.disk)

    def crash(self) -> None:
        """End the process; the disk keeps what was committed."""
        if self.process is not None:
            self.process.alive = False
            self.process = None


def _bytes_of(answer: Answer) -> bytes:
    return b"".join(answer.frames)
