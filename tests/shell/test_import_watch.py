"""``hub.import`` over the hub's own socket: it tells how far it is, and holds nobody up."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trio

from satchel.api.hub_messages import HUB_COMMANDS
from satchel.config import Layout, locate
from satchel.hub.importing import Outside
from satchel.model.limits import HUB_BATCH_MAX
from satchel.shell.handlers import Actor, Greeting, Request
from satchel.shell.import_watch import ImportWatch, begin_import
from satchel.shell.listeners import listen_unix
from satchel.shell.server import Server
from satchel.shell.store_thread import StoreThread
from tests.shell.raw_app import HELLO, RawApp
from tests.unit.hub.imports import NOW_MS, Hub, open_hub

BATCHES = 5
MAP = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
columns = { name = "firm" }
"""


class Administration:
    """The handlers of a hub that only imports."""

    def __init__(self, hub: Hub, thread: StoreThread) -> None:
        self.hub = hub
        self.thread = thread
        self.heads: list[int] = []

    def greet(self, org: str | None) -> Greeting:
        return Greeting(b"s" * 32, "0.1.0", org, None, 1)

    def read(self, actor: Actor, request: Request) -> Any:
        return {}

    async def write(self, actor: Actor, requests: Sequence[Request]) -> Sequence[Any]:
        return [None] * len(requests)

    async def wait(self, actor: Actor, request: Request) -> Any:
        return None

    def watch(self, actor: Actor, request: Request) -> ImportWatch:
        reports = begin_import(self.hub.desk, request.arguments, Outside(lambda: NOW_MS, bytes))
        return ImportWatch(self.thread, reports, lambda: self.heads.append(self.hub.desk.head))


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def serve_and_ask(home: Path, firms: str, *requests: Any) -> tuple[list[Any], list[int]]:
    """The frames answered to these requests, and the heads noted after each batch."""
    layout = locate({}, "/nobody", str(home))

    async def main() -> tuple[list[Any], list[int]]:
        async with StoreThread() as thread, trio.open_nursery() as nursery:
            opened = open_hub(home)
            hub = await thread.run(opened.__enter__)
            hub.put("firms.csv", firms)
            hub.put("map.toml", MAP)
            handlers = Administration(hub, thread)
            server = Server(
                handlers, now_ms=lambda: NOW_MS, chance=os.urandom, commands=HUB_COMMANDS
            )
            nursery.start_soon(server.serve, [await listen_unix(layout.socket)])
            heard = await trio.to_thread.run_sync(_converse, layout, requests)
            nursery.cancel_scope.cancel()
            await thread.run(lambda: opened.__exit__(None, None, None))
            return heard, handlers.heads
        raise AssertionError("left early")

    return trio.run(main)


def _converse(layout: Layout, requests: Sequence[Any]) -> list[Any]:
    with RawApp(layout, hello=HELLO) as app:
        app.say(*requests)
        heard = []
        left = {request[0] for request in requests}
        while left:
            answer = app.hear()
            heard.append(answer)
            if answer[1] != 2:
                left.remove(answer[0])
        return heard


def test_an_import_tells_how_far_it_is(home: Path) -> None:
    """An event for each batch, the report as the answer, and others are answered meanwhile."""
    count = BATCHES * HUB_BATCH_MAX
    firms = "code,firm\n" + "".join(f"{n},Firm {n}\n" for n in range(count))
    order = {"map": str(home / "files" / "map.toml"), "dir": str(home / "files")}
    heard, heads = serve_and_ask(home, firms, [1, 0, "hub.import", order], [2, 0, "ping", {}])
    *events, last = [answer for answer in heard if answer[0] == 1]
    assert [event[1] for event in events] == [2] * BATCHES
    done = [event[2]["done"] for event in events]
    assert done == sorted(done)
    assert {event[2]["total"] for event in events} == {count + 1}
    assert last[1] == 0
    assert (last[2]["written"], last[2]["bad_total"], last[2]["finished"]) == (count, 0, True)
    assert heard.index([2, 0, {}]) < heard.index(last)
    steps = [after - before for before, after in pairwise(heads[:BATCHES])]
    assert steps == [HUB_BATCH_MAX] * (BATCHES - 1)


def test_an_import_that_cannot_begin(home: Path) -> None:
    """A folder without the files is refused with the map's error."""
    order = {"map": str(home / "files" / "map.toml"), "dir": str(home / "nowhere")}
    ((number, kind, error),), _ = serve_and_ask(home, "", [1, 0, "hub.import", order])
    assert (number, kind, error["code"]) == (1, 1, "BAD_MAP")
    assert "firms.csv cannot be read" in error["message"]
