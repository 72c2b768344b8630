"""One run of a device's daemon, from start to crash: what lives in its memory.

Owns what ``shell/syncing`` and ``shell/device`` own: the production session is fed events and
its effects are performed, one after the other, with pauses in which apps and network go on.
It decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Protocol

from satchel.engine import build, flip, log, outbox, stage
from satchel.engine.commit import Randomness
from satchel.engine.replica import Replica, decided, read_state
from satchel.engine.requests import RequestWindow
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.model.ids import IdMaker
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.sync import effects as fx
from satchel.sync import events as ev
from satchel.sync.answers import Answer, Flip, HelloOk, Pulled, Pushed
from satchel.sync.session import Session
from satchel.sync.states import LaneName
from satchel.wire.codec import pack
from satchel.wire.envelope import NO_LINK, SYNC_PATH, sign_request
from satchel.wire.frame import Frame, encode
from tests.sim.clock import SimClock
from tests.sim.disk import SimDisk
from tests.sim.timeline import Timeline, Timer

_PAUSE_MS_MAX = 300
_RESULTS = {
    flip.Installed.DONE: "installed",
    flip.Installed.IGNORED: "ignored",
    flip.Installed.FORK: "fork",
    flip.Installed.TOO_LARGE: "building",
}


class Carrier(Protocol):
    """The network as a process sees it."""

    def carry(
        self, process: DeviceProcess, send: fx.Send, auth: str, body: bytes
    ) -> Callable[[], None]:
        """Send a request; what comes of it is fed to the process.  Returns how to give it up."""


class DeviceProcess:
    """Feed it events.  ``pausing``: how likely a pause follows a step on the store."""

    def __init__(
        self, timeline: Timeline, chance: Random, clock: SimClock, disk: SimDisk, net: Carrier
    ) -> None:
        self._timeline = timeline
        self._chance = chance
        self._clock = clock
        self._disk = disk
        self._net = net
        self.alive = True
        self.pausing = 0.1
        self.bundle_max = chance.choice((1, 3, limits.BUNDLE_ENTRIES_MAX))
        """As if changesets were so large that no more fit a bundle: FLIPs come in between."""
        self.replica = disk.read(Replica.load)
        own = self.replica.identity.replica
        self.window = disk.read(lambda txn: RequestWindow(txn, own))
        self.session = Session(chance.randbytes(16))
        self.ahead_ms = 0
        self._ids = IdMaker()
        self._inbox: deque[ev.Event] = deque()
        self._own: deque[ev.Event] = deque()
        self._effects: deque[fx.Effect] = deque()
        self._busy = False
        self._timers: dict[LaneName, Timer] = {}
        self._requests: dict[LaneName, Callable[[], None]] = {}
        self._numbers: dict[bytes, int] = {}

    @property
    def own(self) -> bytes:
        """The replica."""
        return self.replica.identity.replica

    def moment(self) -> tuple[int, float]:
        """The time and some chance, as every event brings them."""
        return self._clock.now_ms(), self._chance.random()

    def world(self) -> Randomness:
        """What one commit takes from the world."""
        return Randomness(self._clock.now_ms(), self._chance.randbytes, self.make_id, self.ahead_ms)

    def make_id(self) -> bytes:
        """A new row id."""
        return self._ids.make(self._clock.now_ms(), self._chance.randbytes(8))

    def start(self) -> None:
        """The daemon is up."""
        self._sweep()
        self.feed(ev.Started(*self.moment()))
        self.wake()

    def wake(self) -> None:
        """Tell the session how far the outbox reaches."""
        self.feed(ev.Woke(*self.moment(), self._head()))

    def end(self) -> None:
        """Nothing that was planned happens any more."""
        self.alive = False
        for timer in self._timers.values():
            timer.cancel()
        for give_up in self._requests.values():
            give_up()

    # -- turns -------------------------------------------------------------------------------

    def feed(self, event: ev.Event) -> None:
        """Give the session an event; one is handled after the other, with all that follows."""
        if self.alive:
            self._inbox.append(event)
            self._turn()

    def _turn(self) -> None:
        if self._busy or not self.alive:
            return
        self._busy = True
        while self.alive:
            if self._effects:
                answer = self._perform(self._effects.popleft())
                if answer is not None:
                    self._own.append(answer)
                    if self._chance.random() < self.pausing:
                        pause = self._chance.randint(1, _PAUSE_MS_MAX)
                        self._timeline.after(pause, "device: goes on", self._go_on)
                        return
            elif self._own or self._inbox:
                event = (self._own or self._inbox).popleft()
                self._effects.extend(self.session.handle(event))
            else:
                break
        self._busy = False

    def _go_on(self) -> None:
        self._busy = False
        self._turn()

    def _perform(self, effect: fx.Effect) -> ev.Event | None:
        match effect:
            case fx.Send():
                self._send(effect)
            case fx.Cancel(lane):
                give_up = self._requests.pop(lane, None)
                if give_up is not None:
                    give_up()
            case fx.Arm(timer, delay_ms):
                self._disarm(timer)
                self._timers[timer] = self._timeline.after(
                    delay_ms, "device: timer", lambda: self._ring(timer)
                )
            case fx.Disarm(timer):
                self._disarm(timer)
            case fx.Report():
                pass
            case _:
                return self._on_store(effect)
        return None

    def _disarm(self, name: LaneName) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _ring(self, name: LaneName) -> None:
        self._timers.pop(name, None)
        self.feed(ev.Due(*self.moment(), name))

    # -- the store ---------------------------------------------------------------------------

    def _on_store(self, effect: fx.Effect) -> ev.Event | None:
        try:
            return self._store_effect(effect)
        except SatchelError as error:
            lane: LaneName = "push" if isinstance(effect, fx.ReadOutbox) else "pull"
            if isinstance(effect, fx.ReadStanding):
                lane = effect.lane
            elif isinstance(effect, fx.CheckChain):
                lane = "hello"
            request = getattr(effect, "request", 0)
            return ev.Failed(*self.moment(), lane, request, error.code, error.message)

    def _store_effect(self, effect: fx.Effect) -> ev.Event | None:
        disk, own = self._disk, self.own
        match effect:
            case fx.ReadStanding(_, request):
                while self._disk.read(build.read_build) is not None:
                    if self._build_step() is not flip.Installed.TOO_LARGE:
                        break
                return ev.StandingRead(*self.moment(), request, self._standing())
            case fx.CheckChain(request, processed, chain):
                same = disk.read(lambda txn: log.chain_matches(txn, own, processed, chain))
                return ev.ChainChecked(*self.moment(), request, same)
            case fx.ReadOutbox(request, after, entries_max, bytes_max):
                most = min(entries_max, self.bundle_max)
                found = disk.read(lambda txn: outbox.read_bundle(txn, own, after, most, bytes_max))
                entries = tuple(found.entries)
                return ev.OutboxRead(
                    *self.moment(), request, found.first, found.prev_chain, entries, found.last
                )
            case fx.SaveSchema(version, document):
                disk.write(lambda txn: txn.put(layout.SCH, layout.seq_key(version), document))
            case fx.StagePage(request, epoch, base, entries, cursor):
                disk.write(lambda txn: stage.stage(txn, epoch, base, entries, cursor))
                return ev.Staged(*self.moment(), request)
            case fx.InstallFlip(request, wire):
                return self._install(request, wire)
            case fx.BuildStep(request, _):
                self._timeline.after(1, "device: builds", lambda: self._build_on(request))
        return None

    def _standing(self) -> ev.Standing:
        identity, state = self.replica.identity, self._disk.read(read_state)
        return ev.Standing(
            identity.org, identity.replica, identity.certificate, state.schema,
            state.epoch if state.generation else None, state.seq,
            state.pass_cursor or state.cursor, self._head(),
        )  # fmt: skip

    def _head(self) -> int:
        return self._disk.read(lambda txn: log.last_counter(txn, self.own))

    def _install(self, request: int, wire: Flip) -> ev.Event:
        fields = [*wire]

        def work(txn: Txn) -> flip.Installed:
            end = flip.Flip.read(fields)
            now = self._clock.now_ms()
            result = flip.install(txn, self.replica, end, now, self.window.confirmed)
            if result is flip.Installed.TOO_LARGE:
                build.start(txn, fields)
            elif result is flip.Installed.IGNORED:
                stage.discard(txn)
            return result

        return self._flipped(request, self._disk.write(work), wire.schema)

    def _build_on(self, request: int) -> None:
        if not self.alive:
            return
        try:
            result = self._build_step()
        except SatchelError as error:
            self.feed(ev.Failed(*self.moment(), "pull", request, error.code, error.message))
            return
        self.feed(self._flipped(request, result, 0))
        self._sweep()

    def _build_step(self) -> flip.Installed:
        now = self._clock.now_ms()
        return self._disk.write(
            lambda txn: build.step(txn, self.replica, now, self.window.confirmed)
        )

    def _sweep(self) -> None:
        try:
            while self._disk.read(build.read_build) is None and self._disk.write(build.sweep):
                pass
        except SatchelError as error:
            self._timeline.tell(f"{self._disk.owner}: the sweep waits: {error.code}")

    def _flipped(self, request: int, result: flip.Installed, schema: int) -> ev.Flipped:
        self._disk.read(lambda txn: decided(txn, self.own))
        self.window.expire(self._clock.now_ms())
        return ev.Flipped(*self.moment(), request, _RESULTS.get(result) or f"needs_schema:{schema}")

    # -- the network -------------------------------------------------------------------------

    def _send(self, send: fx.Send) -> None:
        assert send.lane not in self._requests, f"two requests on {send.lane}"
        body = encode(Frame(send.frame_type, 0, send.request, pack(send.payload)), compress=True)
        number = 0
        if send.link is not None:
            number = self._numbers.get(send.link, 0) + 1
            self._numbers = {send.link: number}
        secret = self.replica.identity.secret
        auth = sign_request(secret, "POST", SYNC_PATH, send.link or NO_LINK, number, body)
        self._requests[send.lane] = self._net.carry(self, send, auth, body)

    def answered(self, send: fx.Send, answer: Answer, last: bool) -> None:
        """A piece of the hub's answer has come."""
        if not self.alive:
            return
        now = self._clock.now_ms()
        hub_now = None
        if isinstance(answer, Pulled):
            hub_now = answer.end.hub_now if isinstance(answer.end, Flip) else None
        elif isinstance(answer, HelloOk | Pushed):
            hub_now = answer.hub_now
        if hub_now is not None:
            self.ahead_ms = hub_now - now
        if last:
            self._requests.pop(send.lane, None)
        self.feed(ev.Answered(*self.moment(), send.lane, send.request, answer))

    def failed(self, send: fx.Send, code: str, message: str, retry_ms: int | None) -> None:
        """A request came to nothing, as far as this side can tell."""
        if self.alive:
            self._requests.pop(send.lane, None)
            self.feed(ev.Failed(*self.moment(), send.lane, send.request, code, message, retry_ms))
