"""A small daemon behind the API server: rows in a dictionary, and faults on demand.

It keeps what a real one would keep on disk (rows, receipts by session and number) in a
:class:`Desk` that outlives the server in front of it, so a test can kill the server and
start another.  :class:`Daemon` runs one on a thread of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import trio

from satchel.config import Layout, locate
from satchel.model.errors import Clash, Missing, SatchelError, Unavailable
from satchel.shell.handlers import Actor, Greeting, Request
from satchel.shell.listeners import listen_tcp, listen_unix
from satchel.shell.server import Server

REPLICA = "00112233aabbccdd"
PATIENCE_S = 20.0


class Desk:
    """The handlers.  Commands it does not know it answers with their own name and arguments."""

    def __init__(self) -> None:
        self.secret = b"the secret of this desk's store."
        self.rows: dict[str, dict[str, Any]] = {}
        self.receipts: dict[tuple[bytes, int], dict[str, Any]] = {}
        self.applied: list[dict[str, Any]] = []
        self.actors: list[Actor] = []
        self.batches: list[int] = []
        self.before_answer: Callable[[Request], Any] | None = None
        """Called after a write is applied; what it returns is awaited."""
        self.position = 0
        self.moved = trio.Event()

    def greet(self, org: str | None) -> Greeting:
        if org not in (None, "Office"):
            raise Missing("NO_SUCH_ORG", f"There is no {org!r} here.", "Join it first.")
        return Greeting(self.secret, "0.1.0", "Office", "ada", 1)

    def read(self, actor: Actor, request: Request) -> Any:
        arguments = request.arguments
        match request.command.name:
            case "get":
                if arguments["id"] not in self.rows:
                    raise Missing("NO_SUCH_ROW", "There is no such row.", "List the table.")
                return self._row(arguments["id"])
            case "list":
                ids = sorted(self.rows)
                after = arguments["after"] or ""
                page = [each for each in ids if each > after][: arguments["limit"]]
                more = bool(page) and page[-1] != ids[-1]
                return {
                    "rows": [self._row(each) for each in page],
                    "next": page[-1] if more else None,
                }
            case "tables":
                raise ZeroDivisionError("a bug, planted")
            case "orgs":
                raise AssertionError("an impossible state, planted")
            case "digest":
                return {"digest": object()}
            case "doctor" | "status":
                return {"daemon": {"pid": os.getpid()}, "orgs": []}
        return {"command": request.command.name, "actor": actor.uid, **arguments}

    async def write(self, actor: Actor, requests: Sequence[Request]) -> Sequence[Any]:
        self.actors.append(actor)
        self.batches.append(len(requests))
        answers: list[Any] = []
        for request in requests:
            await trio.lowlevel.checkpoint()
            name = (actor.session, request.n)
            if request.ended:
                answers.append(Clash("SESSION_EXPIRED", "Superseded.", ""))
            elif name in self.receipts:
                answers.append(self.receipts[name])
            else:
                answers.append(self._apply(name, request))
            if self.before_answer is not None:
                await self.before_answer(request)
        return answers

    async def wait(self, actor: Actor, request: Request) -> Any:
        if request.command.name == "await":
            await trio.sleep_forever()
        return {"command": request.command.name, **request.arguments}

    def watch(self, actor: Actor, request: Request) -> DeskWatch:
        return DeskWatch(self, request.arguments["since"])

    def move(self) -> None:
        """One more journal line."""
        self.position += 1
        self.moved.set()
        self.moved = trio.Event()

    def _apply(self, name: tuple[bytes, int], request: Request) -> dict[str, Any] | SatchelError:
        arguments = request.arguments
        if arguments.get("columns", {}).get("refuse"):
            return Unavailable("BUSY", "Refused, as it was asked for.", "Do not ask for it.")
        self.applied.append({"n": request.n, "command": request.command.name, **arguments})
        ctr = len(self.applied)
        row = arguments.get("id") or f"00000000-0000-7000-8000-{ctr:012d}"
        self.rows[row] = {**self.rows.get(row, {}), **arguments.get("columns", {})}
        receipt = {"replica": REPLICA, "ctr": ctr, "ids": [row], "version": f"v{ctr}"}
        self.receipts[name] = receipt
        self.move()
        return receipt

    def _row(self, row: str) -> dict[str, Any]:
        columns = self.rows[row]
        return {"table": "account", "id": row, "version": "v", "pending": True, "columns": columns}


class DeskWatch:
    """Follows the desk's position, as a real watch follows the journal."""

    def __init__(self, desk: Desk, since: int | None) -> None:
        self.desk = desk
        self.told: int | None = None
        self.since = desk.position if since is None else since

    async def next(self) -> dict[str, Any]:
        if self.told is None:
            self.told = self.since
            return {"position": self.since, "rows": []}
        while self.desk.position <= self.told:
            await self.desk.moved.wait()
        self.told += 1
        return {"position": self.told, "rows": [{"kind": "put", "text": "x" * 10_000}]}


class Daemon:
    """A server with a desk behind it, on a thread, in a home of its own; ends with ``with``."""

    def __init__(self, *, tcp: bool = False) -> None:
        self.desk = Desk()
        self.home = tempfile.mkdtemp(prefix="s", dir="/tmp")
        self.layout: Layout = locate({}, "/nobody", self.home)
        self.server: Server | None = None
        self._tcp = tcp
        self._ready = threading.Event()
        self._restart = True
        self._life: trio.CancelScope | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        assert self.failure is None, self.failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restart = False
        if self._thread.is_alive():
            self.call(self.crash)
        self._thread.join(PATIENCE_S)
        shutil.rmtree(self.home)
        assert not self._thread.is_alive()
        assert self.failure is None, self.failure

    def crash(self) -> None:
        """Drop every connection with no answer, and serve again (from within its thread)."""
        assert self._life is not None
        self._life.cancel()

    def restart(self) -> None:
        """Crash, and wait until the next server listens (from any other thread)."""
        self._ready.clear()
        self.call(self.crash)
        assert self._ready.wait(PATIENCE_S)

    async def crash_now(self, request: Request) -> None:
        """A fault for ``Desk.before_answer``: applied, and never answered.  Once."""
        self.desk.before_answer = None
        self.crash()
        await trio.sleep_forever()

    def call(self, work: Callable[[], Any]) -> None:
        """Run something in the server's thread, soon."""
        assert self._token is not None
        self._token.run_sync_soon(work)

    def stop_serving(self) -> None:
        """Crash for good."""
        self._restart = False
        self.call(self.crash)
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Until the server is gone by itself."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as failure:  # noqa: BLE001 - told by the test's own thread
            self.failure = failure
            self._ready.set()

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        while self._restart:
            with trio.CancelScope() as self._life:
                token = None
                if self._tcp:
                    listener, token = await listen_tcp(self.layout.tcp)
                else:
                    listener = await listen_unix(self.layout.socket)
                self.server = Server(
                    self.desk,
                    now_ms=lambda: int(time.time() * 1000),
                    chance=bytes,  # no chance at all: sessions must differ by themselves
                    token=token,
                )
                self._ready.set()
                await self.server.serve([listener])
                return  # drained
