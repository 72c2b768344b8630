"""The log: this replica's changesets that the hub has not yet decided as of S.

Owns the log record.  The next counter, the clock's floor and the chain's head are read
from the last record in the transaction that needs them (budget.md 2): state that could be
derived is not kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from satchel.engine.replica import decided
from satchel.model.changeset import Entry
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire import chain as chains
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry


class LogRecord(NamedTuple):
    """A changeset as it waits: its bytes, its chain, and the request that made it.

    ``hlc``: its clock, so that who comes next need not decode it.  ``session`` and
    ``number`` name the app's request, ``confirmed`` the highest number whose answer that app
    had by then, ``receipt`` the answer (sync.md 5.4).
    """

    body: bytes
    chain: bytes
    hlc: int
    session: bytes | None
    number: int
    confirmed: int
    receipt: dict[str, Any]
    time_ms: int

    def entry(self) -> Entry:
        """The decoded changeset."""
        return decode_entry(self.body)


class Head(NamedTuple):
    """Where this replica's own history ends."""

    ctr: int
    chain: bytes
    hlc: int


def read_head(txn: ReadTxn, replica: bytes) -> Head:
    """The last own counter, the chain at it and the clock's floor (0 with an empty log)."""
    last = txn.last(layout.LOG, replica)
    if last is None:
        ctr, chain = decided(txn, replica)
        return Head(ctr, chain, 0)
    record = LogRecord(*unpack(last[1]))
    return Head(layout.parse_log_key(last[0])[1], record.chain, record.hlc)


def last_counter(txn: ReadTxn, replica: bytes) -> int:
    """The last own counter."""
    last = txn.last(layout.LOG, replica)
    return layout.parse_log_key(last[0])[1] if last is not None else decided(txn, replica)[0]


def append(txn: Txn, replica: bytes, ctr: int, record: LogRecord) -> None:
    """Add the next changeset of an origin."""
    txn.put(layout.LOG, layout.log_key(replica, ctr), pack(list(record)))


def read_record(txn: ReadTxn, replica: bytes, ctr: int) -> LogRecord | None:
    """The record of a changeset that is still undecided here, or None."""
    raw = txn.get(layout.LOG, layout.log_key(replica, ctr))
    return LogRecord(*unpack(raw)) if raw is not None else None


def records(
    txn: ReadTxn, replica: bytes, after: int = 0, upto: int | None = None
) -> Iterator[tuple[int, LogRecord]]:
    """(counter, record) of one origin, ascending, past ``after`` up to ``upto``."""
    stop = layout.log_key(replica, (1 << 64) - 1 if upto is None else upto + 1)
    for key, raw in txn.scan(layout.LOG, layout.log_key(replica, after + 1), stop):
        yield layout.parse_log_key(key)[1], LogRecord(*unpack(raw))


def chain_matches(txn: ReadTxn, replica: bytes, processed: int, chain: bytes) -> bool:
    """Whether the hub's history of this replica up to ``processed`` is this store's own.

    A store that was copied, and whose copy has written, fails here; then nothing may leave
    the log (sync.md 2.1).
    """
    known, known_chain = decided(txn, replica)
    if processed == known:
        return chain == known_chain
    if processed < known:
        return False
    record = read_record(txn, replica, processed)
    return record is not None and record.chain == chain


def next_chain(head: Head, replica: bytes, body: bytes) -> bytes:
    """The chain after a new own changeset."""
    return chains.extend(head.chain, replica, head.ctr + 1, chains.body_hash(body))
