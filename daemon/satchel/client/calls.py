"""What each method of a client asks and how it reads the answer, for both clients.

Every function plans one :class:`Call` (or :class:`Pages`, for what comes page by page);
a client carries it out.  So the blocking and the trio client cannot differ in more than
waiting.  Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from satchel.api.messages import COMMANDS, WAITING
from satchel.client.rows import Receipt, Row, receipt_from_wire, row_from_wire

Answered = TypeVar("Answered")
Plain = dict[str, Any]
Target = str | Row | Receipt
"""A row: its id, the row as it was read, or the receipt of its create."""


class Call(Generic[Answered]):
    """One command with its arguments, and the shape in which the app gets the result."""

    __slots__ = ("arguments", "command", "shape")

    def __init__(
        self, command: str, arguments: Mapping[str, Any], shape: Callable[[Any], Answered]
    ) -> None:
        self.command = command
        self.arguments = {name: value for name, value in arguments.items() if value is not None}
        self.shape = shape


class Pages(Generic[Answered]):
    """A command that answers page by page; ``items`` names the list in each page."""

    __slots__ = ("arguments", "command", "items", "shape")

    def __init__(
        self,
        command: str,
        arguments: Mapping[str, Any],
        items: str,
        shape: Callable[[Any], Answered],
    ) -> None:
        self.command = command
        self.arguments = arguments
        self.items = items
        self.shape = shape

    def page(self, after: Any = None) -> Call[tuple[Sequence[Answered], Any]]:
        """The page behind ``after``: its items, and where the next one begins (None: nowhere)."""

        def read(plain: Plain) -> tuple[Sequence[Answered], Any]:
            return [self.shape(item) for item in plain[self.items]], plain.get("next")

        return Call(self.command, {**self.arguments, "after": after}, read)


def as_it_is(plain: Any) -> Any:
    """The result as the daemon gave it: plain values."""
    return plain


def as_a_map(plain: Plain) -> Plain:
    """The result, a map, as the daemon gave it."""
    return plain


def as_a_list(plain: Any) -> Sequence[Plain]:
    """The result, a list of maps, as the daemon gave it."""
    return [*plain]


def is_waiting(command: str) -> bool:
    """Whether this command is answered when there is something to say, and not at once."""
    entry = COMMANDS.get(command)
    return entry is not None and entry.access == WAITING


def patience(call: Call[Any], timeout_s: float) -> float | None:
    """Seconds to wait for the answer; None (for ever) where waiting is what was asked for."""
    if not is_waiting(call.command):
        return timeout_s
    asked_ms = call.arguments.get("timeout_ms")
    return None if asked_ms is None else timeout_s + asked_ms / 1000


def create(table: str, columns: Mapping[str, Any], row_id: str | None) -> Call[Receipt]:
    """See ``Client.create``."""
    return _change("create", {"table": table, "columns": dict(columns), "id": row_id})


def update(
    row: Row | str, row_id: str | None, columns: Mapping[str, Any] | None, version: str | None
) -> Call[Receipt]:
    """See ``Client.update``."""
    given = None if columns is None else dict(columns)
    return _change("update", {**_addressed(row, row_id, version), "columns": given})


def upsert(table: str, row_id: str, columns: Mapping[str, Any]) -> Call[Receipt]:
    """See ``Client.upsert``."""
    return _change("upsert", {"table": table, "id": row_id, "columns": dict(columns)})


def delete(row: Row | str, row_id: str | None, version: str | None) -> Call[Receipt]:
    """See ``Client.delete``."""
    return _change("delete", _addressed(row, row_id, version))


def restore(row: Row | str, row_id: str | None) -> Call[Receipt]:
    """See ``Client.restore``."""
    place = _addressed(row, row_id, None)
    return _change("restore", {"table": place["table"], "id": place["id"]})


def link(relationship: str, left: Target, right: Target) -> Call[Receipt]:
    """See ``Client.link``."""
    return _change("link", _ends(relationship, left, right))


def unlink(relationship: str, left: Target, right: Target) -> Call[Receipt]:
    """See ``Client.unlink``."""
    return _change("unlink", _ends(relationship, left, right))


def change(ops: Sequence[Mapping[str, Any]]) -> Call[Receipt]:
    """See ``Client.change``."""
    return _change("change", {"ops": [dict(op) for op in ops]})


def get(table: str, row_id: str, columns: Sequence[str] | None) -> Call[Row]:
    """See ``Client.get``."""
    return Call("get", {"table": table, "id": row_id, "columns": _names(columns)}, row_from_wire)


def rows(table: str, columns: Sequence[str] | None, page_rows: int | None) -> Pages[Row]:
    """See ``Client.list``."""
    arguments = {"table": table, "columns": _names(columns), "limit": page_rows}
    return Pages("list", arguments, "rows", row_from_wire)


def links(relationship: str, row_id: Target, side: str) -> Pages[str]:
    """See ``Client.links``."""
    arguments = {"relationship": relationship, "id": _id_of(row_id), "side": side}
    return Pages("links", arguments, "ids", as_it_is)


def watch(since: int | None) -> Call[Plain]:
    """See ``Client.watch``."""
    return Call("watch", {"since": since}, as_a_map)


def entries(command: str) -> Pages[Plain]:
    """See ``Client.outbox`` and ``Client.quarantine``."""
    return Pages(command, {}, "entries", as_a_map)


def conflicts(closed_too: bool) -> Pages[Plain]:
    """See ``Client.conflicts``."""
    return Pages("conflicts", {"all": closed_too}, "conflicts", as_a_map)


def wait(receipt: Receipt | int, until: str, timeout_s: float | None) -> Call[Plain]:
    """See ``Client.wait``."""
    ctr = receipt.ctr if isinstance(receipt, Receipt) else receipt
    return Call("await", {"ctr": ctr, "until": until, "timeout_ms": _ms(timeout_s)}, as_a_map)


def sync(action: str, timeout_s: float | None) -> Call[Plain]:
    """See ``Client.sync``."""
    return Call("sync", {"action": action, "timeout_ms": _ms(timeout_s)}, as_a_map)


def retry(ctr: int, with_dependants: bool, replica: str | None) -> Call[Sequence[Receipt]]:
    """See ``Client.quarantine_retry``."""
    arguments = {"ctr": ctr, "with_dependants": with_dependants, "replica": replica}
    return Call("quarantine.retry", arguments, _receipts)


def edit(
    ctr: int, columns: Mapping[str, Any], op: int, replica: str | None
) -> Call[Sequence[Receipt]]:
    """See ``Client.quarantine_edit``."""
    arguments = {"ctr": ctr, "columns": dict(columns), "op": op, "replica": replica}
    return Call("quarantine.edit", arguments, _receipts)


def _change(command: str, arguments: Mapping[str, Any]) -> Call[Receipt]:
    return Call(command, arguments, receipt_from_wire)


def _receipts(plain: Plain) -> Sequence[Receipt]:
    return [receipt_from_wire(each) for each in plain["receipts"]]


def _addressed(row: Row | str, row_id: str | None, version: str | None) -> Plain:
    """Where a row is, from the row that was read (its version comes along) or table and id."""
    if isinstance(row, Row):
        return {"table": row.table, "id": row.id, "version": version or row.version}
    return {"table": row, "id": row_id, "version": version}


def _ends(relationship: str, left: Target, right: Target) -> Plain:
    return {"relationship": relationship, "left": _id_of(left), "right": _id_of(right)}


def _id_of(target: Target) -> str:
    return target if isinstance(target, str) else target.id


def _names(columns: Sequence[str] | None) -> Sequence[str] | None:
    return None if columns is None else [*columns]


def _ms(timeout_s: float | None) -> int | None:
    return None if timeout_s is None else max(0, int(timeout_s * 1000))
