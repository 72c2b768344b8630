# ruff: noqa: A002 - `id` is what everybody calls the id of a row
"""The blocking client: ``satchel.connect()``.  Standard library only, loads no trio.

Each method plans a call (``calls``) and carries it out over the line (``line``).  The
methods of ``async_trio.AsyncClient`` have the same names, arguments and errors.

Errors are those of ``satchel.model.errors``.  A lost connection is opened again and what was
unanswered is asked again, applied once; SESSION_EXPIRED, TIMEOUT and NOT_RUNNING after a
writing method say that it may or may not have been carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from satchel.api.caller import Pending
from satchel.client import calls
from satchel.client.calls import Call, Pages, Plain, Target
from satchel.client.line import Line
from satchel.client.rows import Receipt, Row

Answered = TypeVar("Answered")
TIMEOUT_S: Final = 30.0
"""An answer takes milliseconds; a daemon under load or restarting may take seconds."""


def connect(home: str | None = None, org: str | None = None, timeout: float = TIMEOUT_S) -> Client:
    """Connect to the daemon of this user, or to the one under ``home``.

    ``org``: which organisation, where the daemon has joined several.  ``timeout``: seconds
    that an answer, or a daemon that went away, is waited for.  Raises NOT_RUNNING,
    NO_SUCH_ORG, NOT_ALLOWED, BAD_VERSION.
    """
    line = Line(home, org, timeout)
    try:
        line.connect()
    except BaseException:
        line.close()
        raise
    return Client(line, timeout)


class Watching(Iterator[Plain]):
    """The events of ``Client.watch``, from the moment it was called.  Close it when done."""

    def __init__(self, line: Line, pending: Pending) -> None:
        self._line = line
        self._pending = pending

    def __next__(self) -> Plain:
        event = self._line.event(self._pending)
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        """Watch no more."""
        self._line.forget(self._pending)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Client:
    """A connection to the daemon.  For one thread at a time; closes with ``with``."""

    def __init__(self, line: Line, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s

    # -- rows and links

    def create(self, table: str, columns: Mapping[str, Any], id: str | None = None) -> Receipt:
        """Create a row; the receipt has its id.  Raises Invalid, DUP_ID."""
        return self._run(calls.create(table, columns, id))

    def get(self, table: str, id: str, columns: Sequence[str] | None = None) -> Row:
        """One row.  Raises NO_SUCH_ROW, GONE."""
        return self._run(calls.get(table, id, columns))

    def update(
        self,
        row_or_table: Row | str,
        id: str | None = None,
        columns: Mapping[str, Any] | None = None,
        version: str | None = None,
    ) -> Receipt:
        """Set columns: ``update(row, columns={..})`` or ``update("account", id, {..})``.

        A row that was read passes its version along: CONFLICT where a column has changed
        since, with both values in ``details``, and nothing is written.
        """
        return self._run(calls.update(row_or_table, id, columns, version))

    def upsert(self, table: str, id: str, columns: Mapping[str, Any]) -> Receipt:
        """Create the row, or set its columns where it exists.  Raises Invalid, GONE."""
        return self._run(calls.upsert(table, id, columns))

    def delete(
        self, row_or_table: Row | str, id: str | None = None, version: str | None = None
    ) -> Receipt:
        """Delete a row: ``delete(row)`` or ``delete("account", id)``.  Raises RESTRICT, GONE."""
        return self._run(calls.delete(row_or_table, id, version))

    def restore(self, row_or_table: Row | str, id: str | None = None) -> Receipt:
        """Bring a deleted row back."""
        return self._run(calls.restore(row_or_table, id))

    def link(self, relationship: str, left: Target, right: Target) -> Receipt:
        """Link two rows of a many-to-many relationship.  Raises UNKNOWN_RELATIONSHIP."""
        return self._run(calls.link(relationship, left, right))

    def unlink(self, relationship: str, left: Target, right: Target) -> Receipt:
        """Take a link away."""
        return self._run(calls.unlink(relationship, left, right))

    def change(self, ops: Sequence[Mapping[str, Any]]) -> Receipt:
        """Several ops as one changeset, all or none: ``[{"do": "create", "table": ..}, ..]``."""
        return self._run(calls.change(ops))

    def list(
        self, table: str, columns: Sequence[str] | None = None, page_rows: int | None = None
    ) -> Iterator[Row]:
        """The rows of a table in key order, read page by page as they are taken."""
        return self._pages(calls.rows(table, columns, page_rows))

    def links(self, relationship: str, id: Target, side: str = "left") -> Iterator[str]:
        """The ids linked to a row; ``side``: on which side of the relationship ``id`` stands."""
        return self._pages(calls.links(relationship, id, side))

    # -- following

    def changes(self, since: int, limit: int | None = None) -> Plain:
        """What changed after a journal position: ``{"changes", "position", "reload"}``."""
        return self._plain("changes", since=since, limit=limit)

    def watch(self, since: int | None = None) -> Watching:
        """Every change after a position (None: from now on), as it happens.

        The first event says where it begins and has no rows.  One that says ``reload`` means
        that rows must be read afresh.
        """
        return Watching(self._line, self._line.ask("watch", calls.watch(since).arguments))

    def wait(
        self, receipt: Receipt | int, until: str = "visible", timeout: float | None = None
    ) -> Plain:
        """Wait until the hub has decided a change, or its result is "visible" here.

        ``timeout``: seconds (None: for ever), then TIMEOUT with the state in ``details``.
        """
        return self._run(calls.wait(receipt, until, timeout))

    # -- synchronising

    def status(self) -> Plain:
        """The daemon and each organisation: ``{"daemon", "orgs"}``."""
        return self._plain("status")

    def sync(self, action: str = "now", timeout: float | None = None) -> Plain:
        """ "now", "pause", "resume", or "wait" until all is decided and visible."""
        return self._run(calls.sync(action, timeout))

    def digest(self) -> Plain:
        """The base digest, by which two replicas are equal."""
        return self._plain("digest")

    # -- undecided and refused work

    def outbox(self) -> Iterator[Plain]:
        """The changesets that the hub has not decided, in order."""
        return self._pages(calls.entries("outbox"))

    def outbox_show(self, ctr: int) -> Plain:
        """One of them in full."""
        return self._plain("outbox.show", ctr=ctr)

    def quarantine(self) -> Iterator[Plain]:
        """Refused changesets and what depended on them."""
        return self._pages(calls.entries("quarantine"))

    def quarantine_show(self, ctr: int, replica: str | None = None) -> Plain:
        """One of them in full."""
        return self._plain("quarantine.show", ctr=ctr, replica=replica)

    def quarantine_retry(
        self, ctr: int, with_dependants: bool = True, replica: str | None = None
    ) -> Sequence[Receipt]:
        """Submit it again, and its dependants after it."""
        return self._run(calls.retry(ctr, with_dependants, replica))

    def quarantine_edit(
        self, ctr: int, columns: Mapping[str, Any], op: int = 0, replica: str | None = None
    ) -> Sequence[Receipt]:
        """Change columns of its op number ``op`` and submit it again."""
        return self._run(calls.edit(ctr, columns, op, replica))

    def quarantine_discard(self, ctr: int, replica: str | None = None) -> Plain:
        """Give it up for good."""
        return self._plain("quarantine.discard", ctr=ctr, replica=replica)

    def quarantine_export(self, ctr: int | None = None, replica: str | None = None) -> Plain:
        """All of it, or one, as plain JSON values."""
        return self._plain("quarantine.export", ctr=ctr, replica=replica)

    def conflicts(self, all: bool = False) -> Iterator[Plain]:
        """Values that lost unseen; ``all``: closed ones too."""
        return self._pages(calls.conflicts(all))

    def conflicts_show(self, id: str) -> Plain:
        """One of them."""
        return self._plain("conflicts.show", id=id)

    # -- organisations, tables, the daemon itself

    def orgs(self) -> Sequence[Plain]:
        """The organisations that this daemon has joined."""
        return self._run(Call("orgs", {}, calls.as_a_list))

    def join(
        self,
        hub: str,
        invite: str,
        device: str | None = None,
        insecure: bool = False,
        ca: str | None = None,
    ) -> Plain:
        """Join an organisation with an invite.  Raises BAD_INVITE, HUB_UNREACHABLE, INSECURE."""
        return self._plain("join", hub=hub, invite=invite, device=device, insecure=insecure, ca=ca)

    def org_leave(self, org: str, discard: bool = False) -> Plain:
        """Leave an organisation; refused while work is undecided, unless ``discard``."""
        return self._plain("org.leave", org=org, discard=discard)

    def tables(self) -> Plain:
        """All tables: ``{"version", "tables"}``."""
        return self._plain("tables")

    def table(self, name: str) -> Plain:
        """One table and its columns.  Raises UNKNOWN_TABLE."""
        return self._plain("table", name=name)

    def doctor(self) -> Plain:
        """The daemon's checks of itself: ``{"checks"}``."""
        return self._plain("doctor")

    def ping(self) -> Plain:
        """Nothing, but answered."""
        return self._plain("ping")

    def stop(self) -> Plain:
        """Ask the daemon to drain and exit."""
        return self._plain("stop")

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

    def call(self, command: str, **arguments: Any) -> Any:
        """Any command of the index (``satchel.api.messages``); plain values in and out."""
        return self._run(Call(command, arguments, calls.as_it_is))

    def close(self) -> None:
        """Close the connection.  What was answered is stored, whatever follows."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, call: Call[Answered]) -> Answered:
        pending = self._line.ask(call.command, call.arguments)
        return call.shape(self._line.result(pending, calls.patience(call, self._timeout_s)))

    def _plain(self, command: str, **arguments: Any) -> Plain:
        return self._run(Call(command, arguments, calls.as_a_map))

    def _pages(self, pages: Pages[Answered]) -> Iterator[Answered]:
        after = None
        while True:
            items, after = self._run(pages.page(after))
            yield from items
            if after is None:
                return
