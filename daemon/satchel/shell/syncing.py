"""Drives one device's sync session: its events in, its effects performed.

Owns the tasks (one request per lane, timers) and the translation between the machine's
effects and the network or the store.  It decides nothing: what follows from an answer or a
failure is :mod:`satchel.sync`'s.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import Any

import trio

from satchel.engine import build, flip, log, outbox, stage
from satchel.engine.replica import read_state
from satchel.model.errors import SatchelError
from satchel.shell import clock
from satchel.shell.device import Device
from satchel.shell.hub_link import HubLink
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.sync import effects as fx
from satchel.sync import events as ev
from satchel.sync.answers import Flip, HelloOk, More, Page, Pulled, Pushed, read_answer
from satchel.sync.session import Session
from satchel.sync.states import LaneName
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import NO_LINK, SYNC_PATH, sign_request
from satchel.wire.frame import Frame, encode

logger = logging.getLogger(__name__)

_LINGER_S = 0.005
"""Between a write and the machine's hearing of it.  A turn of the machine for each commit would
be a sixth of what a lone write costs; a hub that is 5 ms away is none the wiser."""

_RESULTS = {
    flip.Installed.DONE: "installed",
    flip.Installed.IGNORED: "ignored",
    flip.Installed.FORK: "fork",
    flip.Installed.TOO_LARGE: "building",
}


class Syncing:
    """The sync of one device with its hub.  Run :meth:`run`; say things with the methods."""

    def __init__(self, device: Device) -> None:
        identity = device.replica.identity
        self._device = device
        self._link = HubLink(identity.hub_url, ca_file=identity.hub_ca, insecure=identity.insecure)
        self._session = Session(clock.fresh_bytes(16))
        self._turn = trio.Lock()
        self._scopes: dict[LaneName, trio.CancelScope] = {}
        self._timers: dict[LaneName, trio.CancelScope] = {}
        self._numbers: dict[bytes, int] = {}
        self._nursery: trio.Nursery | None = None
        self.loaded_entries = 0
        """Entries staged or built since the daemon started: progress for people."""

    @property
    def status(self) -> fx.Status:
        """How sync is doing."""
        return self._session.status

    async def run(self) -> None:
        """Keep the device and its hub in step until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._sweep)
                paused = self._device.read(read_state).paused
                if paused:
                    await self.feed(ev.Asked(*_now(), "pause"))
                else:
                    await self.feed(ev.Started(*_now()))
                await self._follow_outbox()
        finally:
            self._nursery = None
            with trio.CancelScope(shield=True):
                await self._link.aclose()

    async def _follow_outbox(self) -> None:
        """Tell the machine how far the outbox reaches: a level, so that a write made while it
        is being told is told too.  Apps that write in a row are answered first and told of
        together."""
        told = 0
        while True:
            while (head := self._device.head_ctr) == told:
                await self._device.outbox_grew.wait()
                await trio.sleep(_LINGER_S)
            told = head
            await self.feed(ev.Woke(*_now(), head))

    async def ask(self, wish: str) -> None:
        """A person wants sync ``now``, ``pause`` or ``resume``; the last two are remembered."""
        if wish in ("pause", "resume"):

            def remember(txn: Txn) -> None:
                read_state(txn)._replace(paused=wish == "pause").write(txn)

            await self._device.writer.call(remember)
        await self.feed(ev.Asked(*_now(), wish))  # type: ignore[arg-type]

    async def feed(self, event: ev.Event) -> None:
        """Give the machine one event and do everything that follows, in order."""
        with trio.CancelScope(shield=True):
            async with self._turn:
                waiting = deque([event])
                while waiting:
                    for effect in self._session.handle(waiting.popleft()):
                        answer = await self._perform(effect)
                        if answer is not None:
                            waiting.append(answer)

    # -- effects -----------------------------------------------------------------------------

    async def _perform(self, effect: fx.Effect) -> ev.Event | None:
        match effect:
            case fx.Send():
                self._start(effect)
            case fx.Cancel(lane):
                self._stop(self._scopes, lane)
            case fx.Arm(timer, delay_ms):
                self._arm(timer, delay_ms)
            case fx.Disarm(timer):
                self._stop(self._timers, timer)
            case fx.Report(status):
                logger.info("sync of %s: %s", self._device.name, status.state)
                self._device.changed.ring()
            case _:
                return await self._perform_on_store(effect)
        return None

    async def _perform_on_store(self, effect: fx.Effect) -> ev.Event | None:
        lane: LaneName = "push" if isinstance(effect, fx.ReadOutbox) else "pull"
        request = getattr(effect, "request", 0)
        try:
            return await self._store_effect(effect)
        except SatchelError as error:
            if isinstance(effect, fx.ReadStanding):
                lane = effect.lane
            elif isinstance(effect, fx.CheckChain):
                lane = "hello"
            return ev.Failed(*_now(), lane, request, error.code, error.message)

    async def _store_effect(self, effect: fx.Effect) -> ev.Event | None:
        device = self._device
        own = device.replica.identity.replica
        match effect:
            case fx.ReadStanding(_, request):
                await self._finish_build()
                return ev.StandingRead(*_now(), request, self._standing())
            case fx.CheckChain(request, processed, chain):
                same = device.read(lambda txn: log.chain_matches(txn, own, processed, chain))
                return ev.ChainChecked(*_now(), request, same)
            case fx.ReadOutbox(request, after, entries_max, bytes_max):
                found = device.read(
                    lambda txn: outbox.read_bundle(txn, own, after, entries_max, bytes_max)
                )
                return ev.OutboxRead(
                    *_now(),
                    request,
                    found.first,
                    found.prev_chain,
                    tuple(found.entries),
                    found.last,
                )
            case fx.SaveSchema(version, document):
                key = layout.seq_key(version)
                await device.writer.call(lambda txn: txn.put(layout.SCH, key, document))
            case fx.StagePage(request, epoch, base, entries, cursor):
                await device.writer.call(lambda txn: stage.stage(txn, epoch, base, entries, cursor))
                self.loaded_entries += len(entries)
                return ev.Staged(*_now(), request)
            case fx.InstallFlip(request, wire):
                return await self._install(request, wire)
            case fx.BuildStep(request, _):
                assert self._nursery is not None
                self._nursery.start_soon(self._build_on, request)
        return None

    def _standing(self) -> ev.Standing:
        identity = self._device.replica.identity
        state = self._device.read(read_state)
        return ev.Standing(
            identity.org,
            identity.replica,
            identity.certificate,
            state.schema,
            state.epoch if state.generation else None,
            state.seq,
            state.pass_cursor or state.cursor,
            self._device.head_ctr,
        )

    async def _install(self, request: int, wire: Flip) -> ev.Event:
        fields = [*wire]

        def work(txn: Txn) -> flip.Installed:
            device = self._device
            confirmed = device.window.confirmed
            end = flip.Flip.read(fields)
            result = flip.install(txn, device.replica, end, clock.now_ms(), confirmed)
            if result is flip.Installed.TOO_LARGE:
                build.start(txn, fields)
            elif result is flip.Installed.IGNORED:
                stage.discard(txn)
            return result

        return self._flipped(request, await self._device.writer.call(work), wire.schema)

    async def _build_on(self, request: int) -> None:
        """One piece of a build, outside the machine's turn: apps and people go first."""
        try:
            result = await self._build_step()
        except SatchelError as error:
            await self.feed(ev.Failed(*_now(), "pull", request, error.code, error.message))
            return
        await self.feed(self._flipped(request, result, 0))
        await self._sweep()

    async def _build_step(self) -> flip.Installed:
        device = self._device
        result: flip.Installed = await device.writer.call(
            lambda txn: build.step(txn, device.replica, clock.now_ms(), device.window.confirmed)
        )
        return result

    async def _finish_build(self) -> None:
        """A build that was interrupted, by a crash or a person, is finished before anything is
        asked of the hub: what would come next starts where it ends."""
        while self._device.read(build.read_build) is not None:
            if await self._build_step() is not flip.Installed.TOO_LARGE:
                return

    async def _sweep(self) -> None:
        """Remove what a build has left behind, in pieces, while nothing is being built."""
        with suppress(SatchelError):
            while self._device.read(build.read_build) is None:
                if not await self._device.writer.call(build.sweep):
                    return

    def _flipped(self, request: int, result: flip.Installed, schema: int) -> ev.Flipped:
        self._device.tidy(clock.now_ms())
        self._device.changed.ring()
        text = _RESULTS.get(result) or f"needs_schema:{schema}"
        return ev.Flipped(*_now(), request, text)

    # -- the network ---------------------------------------------------------------------------

    def _start(self, send: fx.Send) -> None:
        assert self._nursery is not None
        scope = self._scopes[send.lane] = trio.CancelScope()
        self._nursery.start_soon(self._exchange, send, scope)

    def _stop(self, scopes: dict[LaneName, trio.CancelScope], lane: LaneName) -> None:
        scope = scopes.pop(lane, None)
        if scope is not None:
            scope.cancel()

    def _arm(self, timer: LaneName, delay_ms: int) -> None:
        assert self._nursery is not None
        self._stop(self._timers, timer)
        scope = self._timers[timer] = trio.CancelScope()
        self._nursery.start_soon(self._ring_later, timer, delay_ms / 1000, scope)

    async def _ring_later(self, timer: LaneName, seconds: float, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(seconds)
        if not scope.cancelled_caught:
            await self.feed(ev.Due(*_now(), timer))

    async def _exchange(self, send: fx.Send, scope: trio.CancelScope) -> None:
        """Send one request and feed its answer, piece by piece, or its failure."""
        with scope:
            try:
                await self._ask_hub(send)
            except SatchelError as error:
                retry = error.details.get("retry_after_ms")
                await self.feed(
                    ev.Failed(*_now(), send.lane, send.request, error.code, error.message, retry)
                )

    async def _ask_hub(self, send: fx.Send) -> None:
        frame = encode(Frame(send.frame_type, 0, send.request, pack(send.payload)), compress=True)
        auth = self._sign(send.link, frame)
        async with self._link.stream(
            frame, auth=auth, read_timeout_s=send.timeout_ms / 1000
        ) as answer:
            async for piece in answer:
                read = read_answer(piece.type, unpack(piece.payload))
                if isinstance(read, Page):
                    read_pulled = Pulled((read,), None)
                    await self._answered(send, read_pulled)
                elif isinstance(read, More | Flip):
                    await self._answered(send, Pulled((), read))
                else:
                    await self._answered(send, read)

    async def _answered(self, send: fx.Send, answer: Any) -> None:
        hub_now = _hub_clock(answer)
        if hub_now is not None:
            self._device.ahead_ms = hub_now - clock.now_ms()
        if isinstance(answer, Pushed):
            for outcome in answer.outcomes:
                self._device.hint(outcome.ctr, outcome.code, outcome.seq, outcome.detail)
            self._device.changed.ring()
        await self.feed(ev.Answered(*_now(), send.lane, send.request, answer))

    def _sign(self, link: bytes | None, frame: bytes) -> str:
        number = 0
        if link is not None:
            number = self._numbers.get(link, 0) + 1
            self._numbers = {link: number}
        secret = self._device.replica.identity.secret
        return sign_request(secret, "POST", SYNC_PATH, link or NO_LINK, number, frame)


def _hub_clock(answer: Any) -> int | None:
    """The hub's time in an answer, where it says one.  A step counts from its arrival: what
    the network took is less than what two clocks differ by (sync.md 2.5)."""
    if isinstance(answer, Pulled):
        return answer.end.hub_now if isinstance(answer.end, Flip) else None
    return answer.hub_now if isinstance(answer, HelloOk | Pushed) else None


def _now() -> tuple[int, float]:
    return clock.now_ms(), clock.jitter()
