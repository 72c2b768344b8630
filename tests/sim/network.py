"""The network between devices and hub: bytes that are late, lost, doubled, cut or replayed.

Owns what becomes of a request and of its answer.  A request that fails on one side may have
been carried out on the other, as ever.  Must not know what messages say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple

from satchel.model.errors import SatchelError
from satchel.sync import effects as fx
from satchel.sync.answers import Answer, Flip, More, Page, Pulled, read_answer
from satchel.wire.codec import unpack
from satchel.wire.envelope import SYNC_PATH
from satchel.wire.frame import Frame, FrameReader, FrameType, read_error
from tests.sim.hub import SimHub
from tests.sim.process import DeviceProcess
from tests.sim.tally import Tally
from tests.sim.timeline import Timeline

_CAPTURED_MAX = 60
_LATENCY_MS = (5, 40)
_DELAY_MS = (1_000, 40_000)


class Weather(NamedTuple):
    """How likely each fault is, for one request."""

    lose_request: float = 0.0
    lose_answer: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    cut: float = 0.0
    late: float = 0.0
    replay: float = 0.0


CALM = Weather()
STORM = Weather(0.04, 0.05, 0.05, 0.06, 0.05, 0.3, 0.08)


class Way:
    """The way of one device to the hub.  ``blocked``: none, "both", "up" or "down"."""

    def __init__(self) -> None:
        self.blocked: str | None = None


class Exchange:
    """One request under way, and its answer as far as it has come."""

    def __init__(self, process: DeviceProcess, send: fx.Send) -> None:
        self.process = process
        self.send = send
        self.over = False
        self.given_up = False
        self.heard_ms = 0
        self.reader = FrameReader()


class SimNet:
    """All ways to one hub."""

    def __init__(self, timeline: Timeline, chance: Random, hub: SimHub, tally: Tally) -> None:
        self._timeline = timeline
        self._chance = chance
        self._hub = hub
        self._tally = tally
        self.weather = CALM
        self.ways: dict[bytes, Way] = {}
        self.requests = 0
        """Sent so far: what exchanges are counted by."""
        self._open: dict[Exchange, None] = {}
        self._captured: list[tuple[str, bytes]] = []

    def way(self, replica: bytes) -> Way:
        """The way of a device."""
        return self.ways.setdefault(replica, Way())

    def carry(
        self, process: DeviceProcess, send: fx.Send, auth: str, body: bytes
    ) -> Callable[[], None]:
        """Send a request; returns how to give it up."""
        self.requests += 1
        exchange = Exchange(process, send)
        exchange.heard_ms = self._timeline.now_ms
        self._open[exchange] = None
        self._capture(auth, body)
        self._watch(exchange)
        way = self.way(process.own)
        if way.blocked == "both":
            self._later(exchange, "offline", partial(self._fail, exchange, "offline"))
        elif way.blocked == "up":
            self._tally.fault("one-way partition")
        elif self._happens(self.weather.lose_request):
            self._tally.fault("request lost")
        else:
            self._travel(exchange, auth, body)
        return partial(self._give_up, exchange)

    def hub_is_gone(self) -> None:
        """Every connection breaks."""
        for exchange in list(self._open):
            self._later(exchange, "connection reset", partial(self._fail, exchange, "reset"))

    # -- there -------------------------------------------------------------------------------

    def _travel(self, exchange: Exchange, auth: str, body: bytes) -> None:
        if self._happens(self.weather.delay):
            self._tally.fault("delayed")
            delay = self._chance.randint(*_DELAY_MS)
        else:
            delay = self._chance.randint(*_LATENCY_MS)
        arrive = partial(self._arrive, exchange, auth, body)
        self._timeline.after(delay, f"{exchange.send.frame_type.name} arrives", arrive)
        if self._happens(self.weather.duplicate):
            self._tally.fault("request duplicated")
            self._stray(auth, body, delay + self._chance.randint(0, 2_000))

    def _arrive(self, exchange: Exchange, auth: str, body: bytes) -> None:
        if self._hub.process is None:
            self._fail(exchange, "refused")
            return
        self._hub.process.take(auth, body, "POST", SYNC_PATH, partial(self._reply, exchange))

    def _capture(self, auth: str, body: bytes) -> None:
        if self._happens(self.weather.replay) and self._captured:
            self._tally.fault("request replayed")
            self._stray(*self._chance.choice(self._captured), self._chance.randint(1, 5_000))
        if len(self._captured) < _CAPTURED_MAX:
            self._captured.append((auth, body))
        else:
            self._captured[self._chance.randrange(_CAPTURED_MAX)] = (auth, body)

    def _stray(self, auth: str, body: bytes, delay_ms: int) -> None:
        """A copy of a request arrives; nobody waits for its answer."""

        def arrive() -> None:
            if self._hub.process is not None:
                self._hub.process.take(auth, body, "POST", SYNC_PATH, lambda _: None)

        self._timeline.after(delay_ms, "a stray request arrives", arrive)

    # -- and back ----------------------------------------------------------------------------

    def _reply(self, exchange: Exchange, answer: bytes) -> None:
        way = self.way(exchange.process.own)
        if way.blocked == "down":
            self._tally.fault("one-way partition")
            return
        if way.blocked == "both" or self._happens(self.weather.lose_answer):
            self._tally.fault("answer lost")
            return
        ending = None
        if self._happens(self.weather.cut) and len(answer) > 1:
            self._tally.fault("cut in mid-frame")
            answer = answer[: self._chance.randrange(1, len(answer))]
            ending = self._chance.choice(("reset", "end"))
        at, delay = 0, 0
        while at < len(answer):
            size = self._chance.choice((len(answer), self._chance.randint(1, len(answer))))
            piece, at = answer[at : at + size], at + size
            delay += self._chance.randint(*_LATENCY_MS)
            self._timeline.after(delay, "bytes arrive", partial(self._read, exchange, piece))
        if ending is not None:
            self._timeline.after(delay + 1, "an answer ends", partial(self._end, exchange, ending))

    def _read(self, exchange: Exchange, piece: bytes) -> None:
        if exchange.over or (exchange.given_up and not self._happens(self.weather.late)):
            return
        exchange.heard_ms = self._timeline.now_ms
        try:
            for frame in exchange.reader.feed(piece):
                self._hear(exchange, frame)
        except SatchelError as error:
            self._close(exchange)
            retry = error.details.get("retry_after_ms")
            if not exchange.given_up:
                exchange.process.failed(exchange.send, error.code, error.message, retry)

    def _hear(self, exchange: Exchange, frame: Frame) -> None:
        if frame.type is FrameType.ERR:
            raise read_error(frame)
        assert frame.req == exchange.send.request, "the hub answers another request"
        read = read_answer(frame.type, unpack(frame.payload))
        answer: Answer
        if isinstance(read, Page):
            answer = Pulled((read,), None)
        elif isinstance(read, More | Flip):
            answer = Pulled((), read)
        else:
            answer = read
        if frame.last:
            self._close(exchange)
        if exchange.given_up:
            self._tally.fault("answer late")
        exchange.process.answered(exchange.send, answer, frame.last and not exchange.given_up)

    def _end(self, exchange: Exchange, ending: str) -> None:
        if exchange.over or exchange.given_up:
            return
        if ending == "end":
            try:
                exchange.reader.finish()
            except SatchelError as error:
                self._close(exchange)
                exchange.process.failed(exchange.send, error.code, error.message, None)
                return
        self._fail(exchange, ending)

    # -- ends --------------------------------------------------------------------------------

    def _watch(self, exchange: Exchange) -> None:
        """Silence for too long is a failure, whatever became of the request."""
        wait = exchange.heard_ms + exchange.send.timeout_ms - self._timeline.now_ms

        def look() -> None:
            if exchange.over or exchange.given_up:
                return
            if self._timeline.now_ms - exchange.heard_ms >= exchange.send.timeout_ms:
                self._fail(exchange, "timeout")
            else:
                self._watch(exchange)

        self._timeline.after(wait, "patience ends", look)

    def _later(self, exchange: Exchange, what: str, deed: Callable[[], None]) -> None:
        self._timeline.after(self._chance.randint(*_LATENCY_MS), what, deed)

    def _fail(self, exchange: Exchange, why: str) -> None:
        if not exchange.over and not exchange.given_up:
            self._close(exchange)
            exchange.process.failed(exchange.send, "HUB_UNREACHABLE", why, None)

    def _give_up(self, exchange: Exchange) -> None:
        exchange.given_up = True
        self._open.pop(exchange, None)

    def _close(self, exchange: Exchange) -> None:
        exchange.over = True
        self._open.pop(exchange, None)

    def _happens(self, likelihood: float) -> bool:
        return likelihood > 0 and self._chance.random() < likelihood
