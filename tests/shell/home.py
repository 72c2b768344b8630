"""A daemon in the test's own event loop, without sockets: its handlers, called as the server does.

Its store is real, its hub one of :mod:`tests.shell.hub` or none that can be reached.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from satchel.api.messages import READING, WRITING, check_request, find_command
from satchel.config import Layout, locate, read_settings
from satchel.model.errors import SatchelError
from satchel.shell.daemon import Daemon
from satchel.shell.handlers import Actor, Presence, Request
from tests.shell.hub import Hub, running_hub
from tests.shell.loopback import run

SESSION = b"session of a app"
UNREACHABLE = "http://127.0.0.1:1"


@contextmanager
def new_layout() -> Iterator[Layout]:
    """Everything of a daemon under one folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        layout = locate({}, str(folder), str(folder))
        for part in (layout.data, layout.run, layout.logs):
            Path(part).mkdir(mode=0o700, parents=True, exist_ok=True)
        yield layout
    finally:
        shutil.rmtree(folder)


class Home:
    """A running daemon and the one app that talks to it."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.numbers = 0
        self.presence = Presence()

    @property
    def actor(self) -> Actor:
        """The app."""
        return Actor(0, 0, SESSION, None)

    def request(
        self, name: str, n: int | None = None, confirmed: int = 0, /, **given: Any
    ) -> Request:
        """A request as the server hands it on; its number is the next unless given."""
        if n is None:
            self.numbers += 1
            n = self.numbers
        command = find_command(name)
        return Request(n, confirmed, command, check_request(command, given), self.presence)

    async def call(self, name: str, /, **given: Any) -> Any:
        """Ask one thing.  Raises what it is refused with."""
        request = self.request(name, **given)
        if request.command.access == WRITING:
            (result,) = await self.daemon.write(self.actor, [request])
            if isinstance(result, SatchelError):
                raise result
            return result
        if request.command.access == READING:
            return self.daemon.read(self.actor, request)
        return await self.daemon.wait(self.actor, request)

    async def join(self, hub: Hub, user: str = "Fay Field") -> None:
        """Join a hub as a new user."""
        await hub.order("hub.user.add", name=user)
        invite = (await hub.order("hub.invite", user=user))["invite"]
        await self.call("join", hub=hub.link.origin, invite=invite)

    async def loaded(self) -> None:
        """Wait until everything is here and decided."""
        await self.call("sync", action="wait", timeout_ms=15_000)


@asynccontextmanager
async def running_daemon(layout: Layout) -> AsyncIterator[Home]:
    """Run a daemon for the length of the block; it ends as on SIGTERM."""
    daemon = Daemon(layout, read_settings({}), "laptop")
    async with trio.open_nursery() as nursery:
        await nursery.start(daemon.run)
        yield Home(daemon)
        nursery.cancel_scope.cancel()


def joined(test: Callable[[Hub, Home], Awaitable[None]]) -> None:
    """Run a test with a daemon that has joined a hub and downloaded what there is."""

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub, running_daemon(layout) as home:
                await home.join(hub)
                await home.loaded()
                await test(hub, home)

    run(main)


async def refusal(asked: Awaitable[Any]) -> SatchelError:
    """The error with which it is answered."""
    with pytest.raises(SatchelError) as refused:
        await asked
    return refused.value
