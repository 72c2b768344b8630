"""What happens to own changesets once the hub's verdict is part of BASE.

Accepted ones go to the archive, refused ones to quarantine with what the rows looked like;
both leave log and overlay here and nowhere else.  Receipts that their app has not confirmed
move from the log record to REQ, and old ones leave it (sync.md 5.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from satchel.crdt.liveness import RowKey
from satchel.engine import journal, log, quarantine, requests
from satchel.engine.commit import Request
from satchel.engine.fold import Folder, touched
from satchel.engine.moment import Moment
from satchel.engine.replica import decided
from satchel.engine.viewspace import LinkKey
from satchel.model import limits
from satchel.model.changeset import Entry
from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack, unpack

_TRIM_MAX = 64


class Decided(NamedTuple):
    """An own outcome as a page reports it."""

    code: int
    seq: int
    detail: dict[str, Any] | None


class Horizon(Protocol):
    """What retiring needs of a FLIP."""

    @property
    def seq(self) -> int: ...

    @property
    def hub_now(self) -> int: ...


Confirmed = Callable[[bytes], int]
"""From a client session to the highest number whose answer its app is known to have."""


def nothing_confirmed(_: bytes) -> int:
    """Where nobody knows what apps have: every receipt is kept."""
    return 0


class Retired(NamedTuple):
    """What the changesets that left were on, and what to tell apps."""

    rows: list[RowKey]
    links: list[LinkKey]
    events: list[list[Any]]


def retire(
    txn: Txn,
    moment: Moment,
    outcomes: dict[int, Decided],
    flip: Horizon,
    now_ms: int,
    confirmed: Confirmed,
) -> Retired:
    """Move every own changeset decided by now out of log and overlay.

    ORG already holds the new line of this replica, and its chain has been compared.
    """
    own = moment.replica.identity.replica
    processed, _ = decided(txn, own)
    rows: dict[RowKey, None] = {}
    links: dict[LinkKey, None] = {}
    events: list[list[Any]] = []
    for ctr, record in list(log.records(txn, own, upto=processed)):
        assert ctr in outcomes, f"the pass that decided {ctr} reports its outcome"
        verdict = outcomes[ctr]
        entry = record.entry()
        _leave(txn, own, ctr, entry)
        if record.session is not None and record.number > confirmed(record.session):
            name = Request(record.session, record.number, record.confirmed)
            requests.keep(txn, name, record.receipt, record.time_ms)
        if verdict.code in ACCEPTED:
            archived = [record.body, verdict.seq, verdict.code, flip.hub_now]
            txn.put(layout.ARC, layout.log_key(own, ctr), pack(archived))
        else:
            quarantine.admit(txn, moment, ctr, record, entry, verdict, now_ms)
        events.append([journal.OUTCOME, ctr, int(verdict.code)])
        on_rows, on_links = touched(entry)
        rows.update(dict.fromkeys(on_rows))
        links.update(dict.fromkeys(on_links))
    if any(event[2] not in ACCEPTED for event in events):
        _add_orphans(moment, rows, links)
    _trim_archive(txn, own, flip.hub_now)
    requests.trim(txn, now_ms)
    return Retired(list(rows), list(links), events)


def _add_orphans(moment: Moment, rows: dict[RowKey, None], links: dict[LinkKey, None]) -> None:
    """What waits and stands on a refused changeset leaves the view: its rows are refolded."""
    own = moment.replica.identity.replica
    folder = Folder(moment)
    for ctr, record in log.records(moment.txn, own):
        if folder.is_orphan(Dot(own, ctr)):
            on_rows, on_links = touched(record.entry())
            rows.update(dict.fromkeys(on_rows))
            links.update(dict.fromkeys(on_links))


def _leave(txn: Txn, own: bytes, ctr: int, entry: Entry) -> None:
    txn.delete(layout.LOG, layout.log_key(own, ctr))
    on_rows, on_links = touched(entry)
    for key in on_rows:
        txn.delete(layout.VIEW, layout.view_overlay_key(*key, own, ctr))
    for link in on_links:
        txn.delete(layout.VIEW, layout.view_link_overlay_key(*link, own, ctr))


def _trim_archive(txn: Txn, own: bytes, hub_now: int) -> None:
    """Where a hub has named no backup, the archive ends after 30 days (sync.md 4.5).

    That a changeset was refused is never forgotten: what stands on it may still wait.  Those
    records have no body, and the time in them is this device's, which proves nothing.
    """
    old: list[bytes] = []
    for key, raw in txn.prefix(layout.ARC, own):
        _, _, code, archived_ms = unpack(raw)
        if code not in ACCEPTED:
            continue
        if len(old) == _TRIM_MAX or archived_ms > hub_now - limits.ARCHIVE_MS:
            break
        old.append(key)
    for key in old:
        txn.delete(layout.ARC, key)
