# ruff: noqa: A002, ASYNC109 - `id` is what everybody calls the id of a row, and `timeout` is the
# daemon's to keep: the names are those of the blocking client
"""The trio client: ``async with satchel.client.open_client() as office``.

Each method plans the same call as its namesake of ``blocking.Client`` (which documents it)
and awaits it over a shared line (``line_trio``); many tasks may use one client at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio

from satchel.api.caller import Pending
from satchel.client import calls
from satchel.client.blocking import TIMEOUT_S
from satchel.client.calls import Call, Pages, Plain, Target
from satchel.client.line_trio import AsyncLine
from satchel.client.rows import Receipt, Row

Answered = TypeVar("Answered")


@asynccontextmanager
async def open_client(
    home: str | None = None, org: str | None = None, timeout: float = TIMEOUT_S
) -> AsyncIterator[AsyncClient]:
    """A client for as long as the block runs; arguments and errors as ``blocking.connect``."""
    line = AsyncLine(home, org, timeout)
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        try:
            await nursery.start(line.run)
            yield AsyncClient(line, timeout)
        except Exception as error:  # noqa: BLE001 - raised below, not wrapped in a group
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


class AsyncWatching:
    """The events of ``AsyncClient.watch``, from the moment it was called."""

    def __init__(self, line: AsyncLine, pending: Pending) -> None:
        self._line = line
        self._pending = pending

    def __aiter__(self) -> AsyncWatching:
        return self

    async def __anext__(self) -> Plain:
        event = await self._line.event(self._pending)
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """Watch no more."""
        self._line.forget(self._pending)


class AsyncClient:
    """The methods of ``blocking.Client``, awaited."""

    def __init__(self, line: AsyncLine, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s

    # -- rows and links

    async def create(
        self, table: str, columns: Mapping[str, Any], id: str | None = None
    ) -> Receipt:
        return await self._run(calls.create(table, columns, id))

    async def get(self, table: str, id: str, columns: Sequence[str] | None = None) -> Row:
        return await self._run(calls.get(table, id, columns))

    async def update(
        self,
        row_or_table: Row | str,
        id: str | None = None,
        columns: Mapping[str, Any] | None = None,
        version: str | None = None,
    ) -> Receipt:
        return await self._run(calls.update(row_or_table, id, columns, version))

    async def upsert(self, table: str, id: str, columns: Mapping[str, Any]) -> Receipt:
        return await self._run(calls.upsert(table, id, columns))

    async def delete(
        self, row_or_table: Row | str, id: str | None = None, version: str | None = None
    ) -> Receipt:
        return await self._run(calls.delete(row_or_table, id, version))

    async def restore(self, row_or_table: Row | str, id: str | None = None) -> Receipt:
        return await self._run(calls.restore(row_or_table, id))

    async def link(self, relationship: str, left: Target, right: Target) -> Receipt:
        return await self._run(calls.link(relationship, left, right))

    async def unlink(self, relationship: str, left: Target, right: Target) -> Receipt:
        return await self._run(calls.unlink(relationship, left, right))

    async def change(self, ops: Sequence[Mapping[str, Any]]) -> Receipt:
        return await self._run(calls.change(ops))

    def list(
        self, table: str, columns: Sequence[str] | None = None, page_rows: int | None = None
    ) -> AsyncIterator[Row]:
        return self._pages(calls.rows(table, columns, page_rows))

    def links(self, relationship: str, id: Target, side: str = "left") -> AsyncIterator[str]:
        return self._pages(calls.links(relationship, id, side))

    # -- following

    async def changes(self, since: int, limit: int | None = None) -> Plain:
        return await self._plain("changes", since=since, limit=limit)

    def watch(self, since: int | None = None) -> AsyncWatching:
        return AsyncWatching(self._line, self._line.ask("watch", calls.watch(since).arguments))

    async def wait(
        self, receipt: Receipt | int, until: str = "visible", timeout: float | None = None
    ) -> Plain:
        return await self._run(calls.wait(receipt, until, timeout))

    # -- synchronising

    async def status(self) -> Plain:
        return await self._plain("status")

    async def sync(self, action: str = "now", timeout: float | None = None) -> Plain:
        return await self._run(calls.sync(action, timeout))

    async def digest(self) -> Plain:
        return await self._plain("digest")

    # -- undecided and refused work

    def outbox(self) -> AsyncIterator[Plain]:
        return self._pages(calls.entries("outbox"))

    async def outbox_show(self, ctr: int) -> Plain:
        return await self._plain("outbox.show", ctr=ctr)

    def quarantine(self) -> AsyncIterator[Plain]:
        return self._pages(calls.entries("quarantine"))

    async def quarantine_show(self, ctr: int, replica: str | None = None) -> Plain:
        return await self._plain("quarantine.show", ctr=ctr, replica=replica)

    async def quarantine_retry(
        self, ctr: int, with_dependants: bool = True, replica: str | None = None
    ) -> Sequence[Receipt]:
        return await self._run(calls.retry(ctr, with_dependants, replica))

    async def quarantine_edit(
        self, ctr: int, columns: Mapping[str, Any], op: int = 0, replica: str | None = None
    ) -> Sequence[Receipt]:
        return await self._run(calls.edit(ctr, columns, op, replica))

    async def quarantine_discard(self, ctr: int, replica: str | None = None) -> Plain:
        return await self._plain("quarantine.discard", ctr=ctr, replica=replica)

    async def quarantine_export(self, ctr: int | None = None, replica: str | None = None) -> Plain:
        return await self._plain("quarantine.export", ctr=ctr, replica=replica)

    def conflicts(self, all: bool = False) -> AsyncIterator[Plain]:
        return self._pages(calls.conflicts(all))

    async def conflicts_show(self, id: str) -> Plain:
        return await self._plain("conflicts.show", id=id)

    # -- organisations, tables, the daemon itself

    async def orgs(self) -> Sequence[Plain]:
        return await self._run(Call("orgs", {}, calls.as_a_list))

    async def join(
        self,
        hub: str,
        invite: str,
        device: str | None = None,
        insecure: bool = False,
        ca: str | None = None,
    ) -> Plain:
        return await self._plain(
            "join", hub=hub, invite=invite, device=device, insecure=insecure, ca=ca
        )

    async def org_leave(self, org: str, discard: bool = False) -> Plain:
        return await self._plain("org.leave", org=org, discard=discard)

    async def tables(self) -> Plain:
        return await self._plain("tables")

    async def table(self, name: str) -> Plain:
        return await self._plain("table", name=name)

    async def doctor(self) -> Plain:
        return await self._plain("doctor")

    async def ping(self) -> Plain:
        return await self._plain("ping")

    async def stop(self) -> Plain:
        return await self._plain("stop")

    # -- the client

    @property
    def daemon_version(self) -> str:
        """The version of the daemon it is connected to."""
        welcome = self._line.caller.welcome
        return welcome.version if welcome else ""

    @property
    def org(self) -> str | None:
        """The organisation of this connection; None where none is joined."""
        welcome = self._line.caller.welcome
        return welcome.org if welcome else None

    async def call(self, command: str, **arguments: Any) -> Any:
        return await self._run(Call(command, arguments, calls.as_it_is))

    async def _run(self, call: Call[Answered]) -> Answered:
        wait_s = calls.patience(call, self._timeout_s)
        return call.shape(await self._line.result(call.command, call.arguments, wait_s))

    async def _plain(self, command: str, **arguments: Any) -> Plain:
        return await self._run(Call(command, arguments, calls.as_a_map))

    async def _pages(self, pages: Pages[Answered]) -> AsyncIterator[Answered]:
        after = None
        while True:
            items, after = await self._run(pages.page(after))
            for item in items:
                yield item
            if after is None:
                return
