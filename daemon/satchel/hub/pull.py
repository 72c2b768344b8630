"""PULL: what changed since a cursor, in passes over the feed (sync.md 3.5).

Owns the cursor and the pass.  One response is one snapshot.  A pass that was read in one
snapshot ends with FLIP; one torn over several responses ends in another pass over what
changed meanwhile, because only a FLIP may move a device from S to S'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple

from satchel.hub.office import Office, Origin, State, read_origin
from satchel.hub.outcomes import first_after_seq, outcomes_after
from satchel.model import limits
from satchel.model.errors import Denied, Trouble
from satchel.model.feed import Item, Line
from satchel.model.row import SEQ, is_dead, tombstone
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack

_MAC_BYTES = 16


class Cursor(NamedTuple):
    """Where a device stands, opaque to it.

    ``base``: the S of its BASE.  ``low``: the pass under way covers what changed after it.
    ``torn_at``: the head when this pass began, if it is not whole (else 0).  ``after``: the
    last feed key served (b"" at the start); ``ctr``: own outcomes up to here were served.
    """

    epoch: int
    base: int
    low: int
    torn_at: int
    after: bytes
    ctr: int

    @classmethod
    def start(cls, epoch: int, base: int) -> Cursor:
        return cls(epoch, base, base, 0, b"", -1)

    def seal(self, key: bytes) -> bytes:
        body = pack(list(self))
        return body + _mac(key, body)

    @classmethod
    def open(cls, key: bytes, data: bytes) -> Cursor:
        """Raises Denied BAD_SIGNATURE for a cursor this hub did not make."""
        body, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
        if not compare_digest(_mac(key, body), mac):
            raise Denied("BAD_SIGNATURE", "This cursor was not made by this hub.")
        return cls(*unpack(body))


class Response(NamedTuple):
    """Entries of the pages, and how the response ends: with a FLIP at ``flip_to``, or MORE.

    ``pages``: where a page ends before the last, as (entries so far, cursor to go on from
    there), for a device that is cut off.  ``pass_head``: the seq at which the pass ends that
    ``cursor`` continues.
    """

    entries: list[bytes]
    cursor: bytes
    flip_to: int | None
    base: int
    state: State
    pages: list[tuple[int, bytes]]
    pass_head: int


def pull(txn: ReadTxn, office: Office, origin: Origin, cursor: Cursor, bytes_max: int) -> Response:
    """Serve one response to the replica of ``origin`` from one snapshot.

    ``entries`` are encoded page entries of together about ``bytes_max`` bytes, at least one
    where there is any.  Raises Trouble EPOCH for a cursor that this hub has not come to yet.
    """
    state = State.read(txn)
    if max(cursor.base, cursor.low, cursor.torn_at) > state.head:
        raise Trouble(
            "EPOCH",
            f"The cursor stands at seq {cursor.base}, the hub at {state.head}.",
            "The hub was restored from a backup; ask its administrator.",
        )
    key = office.setup.cursor_key
    entries: list[bytes] = []
    pages: list[tuple[int, bytes]] = []
    room = min(max(bytes_max, 1), limits.PULL_BYTES_MAX)
    page_room = limits.PAGE_BYTES_TARGET
    while True:
        whole = not cursor.after  # torn among outcomes it still is: they never change
        pass_head = cursor.torn_at or state.head
        for step, item in _pass(txn, origin, cursor):
            if room <= 0:
                sealed = cursor._replace(torn_at=pass_head).seal(key)
                return Response(entries, sealed, None, cursor.base, state, pages, pass_head)
            if len(item) > page_room and page_room < limits.PAGE_BYTES_TARGET:
                pages.append((len(entries), cursor._replace(torn_at=pass_head).seal(key)))
                page_room = limits.PAGE_BYTES_TARGET
            cursor = step
            entries.append(item)
            room -= len(item)
            page_room -= len(item)
        if whole:
            sealed = Cursor.start(state.epoch, state.head).seal(key)
            return Response(entries, sealed, state.head, cursor.base, state, pages, state.head)
        cursor = Cursor(cursor.epoch, cursor.base, pass_head, 0, b"", -1)


def _pass(txn: ReadTxn, origin: Origin, cursor: Cursor) -> Iterator[tuple[Cursor, bytes]]:
    """The rest of a pass: (cursor after the entry, encoded entry)."""
    if not cursor.after:
        served = cursor.ctr
        if served < 0:
            served = first_after_seq(txn, origin.replica, origin.processed, cursor.low)
        for outcome in outcomes_after(txn, origin.replica, served):
            item = [Item.OUTCOME, outcome.seq, outcome.ctr, int(outcome.code), outcome.detail]
            cursor = cursor._replace(ctr=outcome.ctr)
            yield cursor, pack(item)
    start = layout.seq_key(cursor.low + 1) if not cursor.after else cursor.after + b"\0"
    for raw, _ in txn.scan(layout.FEED, start):
        seq, kind, key = layout.parse_feed_key(raw)
        yield cursor._replace(after=raw, ctr=0), pack(_READERS[kind](txn, seq, key))


def _row(txn: ReadTxn, seq: int, key: bytes) -> list[Any]:
    table, rec = layout.parse_hub_row_key(key)
    data = txn.get(layout.ROW, key)
    assert data is not None, "a feed line points at a row"
    row = unpack(data)
    assert row[SEQ] == seq, "a row stands in the feed at the seq of its latest change"
    if is_dead(row):
        return [Item.TOMB, seq, table, rec, pack(tombstone(row))]
    return [Item.PUT, seq, table, rec, data]


def _link(txn: ReadTxn, seq: int, key: bytes) -> list[Any]:
    relation, left, right = layout.parse_hub_lnk_key(key)
    data = txn.get(layout.LNK, key)
    assert data is not None, "a feed line points at a link"
    _, stamps, hidden = unpack(data)
    if hidden or not stamps:
        return [Item.UNLINK, seq, relation, left, right]
    return [Item.LINK, seq, relation, left, right, pack(stamps)]


def _conflict(txn: ReadTxn, seq: int, key: bytes) -> list[Any]:
    data = txn.get(layout.CNF, key)
    assert data is not None, "a feed line points at a conflict record"
    return [Item.CONFLICT, seq, *layout.parse_hub_cnf_key(key), data]


def _origin(txn: ReadTxn, seq: int, key: bytes) -> list[Any]:
    origin = read_origin(txn, key)
    assert origin is not None, "a feed line points at an origin"
    return [
        Item.ORIGIN, seq, origin.number, origin.replica, origin.processed, origin.chain,
        None, origin.user, origin.device,
    ]  # fmt: skip


_READERS: dict[int, Callable[[ReadTxn, int, bytes], list[Any]]] = {
    Line.ROW: _row,
    Line.LINK: _link,
    Line.CONFLICT: _conflict,
    Line.ORIGIN: _origin,
}


def _mac(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_MAC_BYTES).digest()
