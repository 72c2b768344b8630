"""The transaction of :mod:`satchel.store.txn` over LMDB: a thin layer, no policy.

Owns the calls into py-lmdb that read and write keys.  Beginning, committing and what an
error means are :mod:`satchel.store.env`'s.  Arguments go by position because keywords
cost py-lmdb a tenth of a put.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import lmdb

from satchel.store.txn import prefix_end

Handles = Mapping[str, lmdb._Database]  # noqa: SLF001 - py-lmdb has no other name for it
"""Database name to open handle; handles live as long as the environment."""


class LmdbReadTxn:
    """A ``ReadTxn``; ``raw`` stays the property of the store that began it."""

    __slots__ = ("_get", "_handles", "_raw", "reads")

    def __init__(self, raw: lmdb.Transaction[bytes], handles: Handles) -> None:
        self._raw = raw
        self._handles = handles
        self._get = raw.get
        self.reads = 0

    def get(self, db: str, key: bytes) -> bytes | None:
        self.reads += 1
        return self._get(key, None, self._handles[db])

    def scan(
        self, db: str, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        cursor = self._raw.cursor(self._handles[db])
        if reverse:
            if not _seek_below(cursor, stop):
                return
            for pair in cursor.iterprev():
                if pair[0] < start:
                    return
                self.reads += 1
                yield pair
        elif cursor.set_range(start):
            for pair in cursor.iternext():
                if stop is not None and pair[0] >= stop:
                    return
                self.reads += 1
                yield pair

    def prefix(self, db: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return self.scan(db, prefix, prefix_end(prefix))

    def first(self, db: str, prefix: bytes = b"") -> tuple[bytes, bytes] | None:
        self.reads += 1
        cursor = self._raw.cursor(self._handles[db])
        if not cursor.set_range(prefix):
            return None
        pair = cursor.item()
        return pair if pair[0].startswith(prefix) else None

    def last(self, db: str, prefix: bytes = b"") -> tuple[bytes, bytes] | None:
        self.reads += 1
        cursor = self._raw.cursor(self._handles[db])
        if not _seek_below(cursor, prefix_end(prefix)):
            return None
        pair = cursor.item()
        return pair if pair[0].startswith(prefix) else None

    def count(self, db: str) -> int:
        return self._raw.stat(self._handles[db])["entries"]


class LmdbTxn(LmdbReadTxn):
    """A ``Txn``.

    ``failure`` keeps the first error of a write: LMDB has then given the transaction up,
    and the store must know it even where the caller swallowed the exception.
    """

    __slots__ = ("_put", "failure", "writes")

    def __init__(self, raw: lmdb.Transaction[bytes], handles: Handles) -> None:
        super().__init__(raw, handles)
        self._put = raw.put
        self.writes = 0
        self.failure: lmdb.Error | None = None

    def put(self, db: str, key: bytes, value: bytes) -> None:
        self.writes += 1
        try:
            self._put(key, value, True, True, False, self._handles[db])
        except lmdb.Error as error:
            self._failed(error)
            raise

    def append(self, db: str, key: bytes, value: bytes) -> None:
        self.writes += 1
        try:
            done = self._put(key, value, True, True, True, self._handles[db])
        except lmdb.Error as error:
            self._failed(error)
            raise
        if not done:
            raise AssertionError(f"append to {db}: {key.hex()} is not above the last key")

    def delete(self, db: str, key: bytes) -> bool:
        self.writes += 1
        try:
            return self._raw.delete(key, b"", self._handles[db])
        except lmdb.Error as error:
            self._failed(error)
            raise

    def delete_prefix(self, db: str, prefix: bytes, limit: int | None = None) -> int:
        cursor = self._raw.cursor(self._handles[db])
        found = cursor.set_range(prefix)
        removed = 0
        try:
            while found and removed != limit and cursor.key().startswith(prefix):
                cursor.delete()
                removed += 1
                # Deleting moves to the next pair; past the last one the key is empty.
                found = cursor.key() != b""
        except lmdb.Error as error:
            self._failed(error)
            raise
        finally:
            self.writes += removed
        return removed

    def _failed(self, error: lmdb.Error) -> None:
        if self.failure is None:
            self.failure = error


def _seek_below(cursor: lmdb.Cursor[bytes], stop: bytes | None) -> bool:
    """Put the cursor on the highest key below ``stop`` (None: on the highest of all)."""
    if stop is not None and cursor.set_range(stop):
        return cursor.prev()
    return cursor.last()
