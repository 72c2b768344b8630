"""``kill -9`` of daemons and of the hub under load, fifty times, and nothing is lost.

Two real devices and a real hub.  On each device apps of every kind write on: one that
blocks, one that asks and waits, eight tasks that share a connection.  Kill points are seeded
and counted: a daemon dies as the n-th acknowledgement arrives, with other requests in its
hands; the hub as the n-th request has reached it, and its answer has not.
"""

from __future__ import annotations

import random
import select
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

import pytest
import trio

import satchel
from satchel.client.async_trio import AsyncClient, open_client
from tests.e2e.field import HUB, Field
from tests.e2e.load import TABLE, Acknowledged, Flow, Ledger, Writer
from tests.e2e.processes import PATIENCE_S
from tests.e2e.reckoning import check_equal, check_log, check_rows
from tests.e2e.tap import Tap

SEED: Final = 20_260
DEVICES: Final = ("ana", "ben")
KILLS: Final = {HUB: 20, "ana": 15, "ben": 15}
PIPELINED: Final = 8
WRITERS: Final = len(DEVICES) * (PIPELINED + 2)
ANSWERS: Final = (5, 60)
"""Acknowledgements that come before a daemon is killed, since the kill before."""
REQUESTS: Final = (3, 15)
"""Requests that go to the hub before it is killed, with the last of them in its hands."""


class Kill(NamedTuple):
    """A process that was ended; ``unanswered``: what apps had asked and not been told."""

    victim: str
    pid: int
    unanswered: int


class Day:
    """Load on both devices, and the kills in it."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._chance = random.Random(SEED)
        self._flow = Flow()
        self._tap = Tap(field.port)
        self._watchers: dict[str, AsyncClient] = {}
        self._struck = trio.Event()
        self.ledger = Ledger()
        self.kills: list[Kill] = []

    async def play(self) -> Aftermath:
        """Write and kill until all kills are done and all that was asked is answered."""
        async with trio.open_nursery() as nursery, AsyncExitStack() as apps:
            await nursery.start(self._tap.run)
            for name in DEVICES:
                await trio.to_thread.run_sync(self._field.join, name, self._tap.url)
            clients = {name: [await self._open(apps, name) for _ in range(3)] for name in DEVICES}
            self._watchers = {name: watcher for name, (watcher, _, _) in clients.items()}
            async with trio.open_nursery() as writers:
                for name, (_, shared, single) in clients.items():
                    self._start_writers(writers, name, [*[shared] * PIPELINED, single])
                await self._kill_all()
                self._flow.end()
            aftermath = await trio.to_thread.run_sync(look, self._field)
            nursery.cancel_scope.cancel()
        return aftermath

    async def _open(self, apps: AsyncExitStack, name: str) -> AsyncClient:
        home = str(self._field.homes[name])
        return await apps.enter_async_context(open_client(home, timeout=PATIENCE_S))

    def _start_writers(
        self, writers: trio.Nursery, name: str, clients: Sequence[AsyncClient]
    ) -> None:
        """A writer on each of these clients, and one that blocks."""
        for number, client in enumerate(clients):
            writers.start_soon(self._writer(f"{name} {number}").write_on, client)
        home = str(self._field.homes[name])
        writers.start_soon(trio.to_thread.run_sync, self._block, home, f"{name} blocking")

    def _block(self, home: str, name: str) -> None:
        with satchel.connect(home, timeout=PATIENCE_S) as client:
            self._writer(name).write_blocking(client)

    def _writer(self, name: str) -> Writer:
        return Writer(name, self.ledger, self._flow)

    async def _kill_all(self) -> None:
        victims = [name for name, count in KILLS.items() for _ in range(count)]
        self._chance.shuffle(victims)
        for victim in victims:
            await self._kill_under_load(victim)

    async def _kill_under_load(self, victim: str) -> None:
        self._struck = trio.Event()
        counted, gap = (
            (self._tap.requests, REQUESTS) if victim == HUB else (self.ledger.tally, ANSWERS)
        )
        counted.after(self._chance.randint(*gap), partial(self._strike, victim))
        self._flow.allow()
        await self._struck.wait()
        await trio.to_thread.run_sync(self._field.restart, victim)
        for name in DEVICES if victim == HUB else (victim,):
            await self._until_online(name)

    def _strike(self, victim: str) -> None:
        process = self._field.process(victim)
        self.kills.append(Kill(victim, process.pid, self.ledger.unanswered))
        process.kill()
        self._flow.allow(WRITERS)  # the others go on meanwhile, each a little
        self._struck.set()

    async def _until_online(self, name: str) -> None:
        """Wait until a device speaks to the hub; a person would press the button too."""
        watcher = self._watchers[name]
        await watcher.sync("now")
        with trio.move_on_after(PATIENCE_S):
            # A status rings no event on this side.
            while (await watcher.status())["orgs"][0]["state"] != "online":  # noqa: ASYNC110
                await trio.sleep(0.02)
            return
        raise AssertionError(f"{name} does not come back to the hub")


class Aftermath(NamedTuple):
    """What hub and devices say when all is over."""

    digests: dict[str, dict[str, Any]]
    log: list[list[Any]]
    rows: dict[str, dict[str, dict[str, Any]]]


def look(field: Field) -> Aftermath:
    """Wait until nobody has anything left to say, and write down how all stand."""
    rows = {}
    for name in DEVICES:
        with satchel.connect(str(field.homes[name])) as client:
            client.sync("now")
            client.sync("wait", timeout=PATIENCE_S)
    deadline = monotonic() + PATIENCE_S
    while check_equal(digests := field.digests()) and monotonic() < deadline:
        select.select([], [], [], 0.05)
    for name in DEVICES:
        with satchel.connect(str(field.homes[name])) as client:
            rows[name] = {row.id: dict(row) for row in client.list(TABLE)}
    return Aftermath(digests, field.hub.log(), rows | {HUB: field.rows_at_hub(TABLE)})


def test_what_was_acknowledged_outlives_every_kill() -> None:
    """Fifty kills under load: every acknowledged write is there, none twice, counters gapless."""
    with ExitStack() as stack:
        field = Field(stack, DEVICES)
        day = Day(field)
        after = trio.run(day.play)
        entries = day.ledger.entries
        breaches = check_log(after.log, entries) + check_equal(after.digests)
        for place, rows in after.rows.items():
            breaches += check_rows(place, rows, entries)
        assert not breaches, breaches[:20]
        assert day.ledger.unanswered == 0
        assert not field.troubles()
        assert Counter(kill.victim for kill in day.kills) == KILLS
        assert len({kill.pid for kill in day.kills}) == len(day.kills), "each another process"
        assert all(kill.unanswered for kill in day.kills), "each in the middle of something"


# -- the checks themselves ---------------------------------------------------------------------

ENTRIES: Final = [
    Acknowledged("a", 1, "r1", {"name": "a 1"}, True),
    Acknowledged("b", 1, "r2", {"name": "b 1"}, True),
    Acknowledged("a", 2, "r1", {"fax": "a 2"}, False),
]
LOG: Final = [[1, "a", 1, "OK", None], [2, "b", 1, "OK", None], [3, "a", 2, "OK", None]]
ROWS: Final = {"r1": {"name": "a 1", "fax": "a 2"}, "r2": {"name": "b 1"}}
EQUAL: Final = {"hub": {"cursor": 3, "digest": "d"}, "ana": {"cursor": 3, "digest": "d"}}


def test_what_is_as_it_should_be_is_no_breach() -> None:
    """A day on which nothing went wrong passes every check."""
    assert check_log(LOG, ENTRIES) == check_rows("hub", ROWS, ENTRIES) == check_equal(EQUAL) == []


@pytest.mark.parametrize(
    "breaches",
    [
        check_log(LOG[:2], ENTRIES),  # lost
        check_log([*LOG, [4, "a", 3, "OK", None]], ENTRIES),  # applied again under a new number
        check_log([*LOG[:2], [4, "a", 2, "OK", None]], ENTRIES),  # a gap in the sequence
        check_log([LOG[2], LOG[1], LOG[0]], ENTRIES),  # out of order
        check_log([*LOG[:2], [3, "a", 2, "GONE", None]], ENTRIES),  # refused
        check_log(LOG, [*ENTRIES, ENTRIES[2]]),  # two writes, one number
        check_rows("hub", {"r1": ROWS["r1"]}, ENTRIES),  # a row lost
        check_rows("hub", {**ROWS, "r1": {"name": "a 1"}}, ENTRIES),  # a value lost
        check_rows("hub", {**ROWS, "r1": {"name": "a 1", "fax": "a 1"}}, ENTRIES),  # an older one
        check_rows("hub", {**ROWS, "r3": {"name": "b 1"}}, ENTRIES),  # made twice
        check_equal({**EQUAL, "ben": {"cursor": 3, "digest": "e"}}),
        check_equal({**EQUAL, "ben": {"cursor": 2, "digest": "d"}}),
        check_equal({**EQUAL, "ben": {"cursor": 3, "digest": "d", "overlay": 1}}),
    ],
)
def test_each_breach_is_seen(breaches: list[str]) -> None:
    """Evidence tampered with in one place fails the check that is for it."""
    assert breaches
