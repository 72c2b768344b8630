"""The base digest: one hash by which two replicas are equal (sync.md 0.8).

    BLAKE2b-256 over, for each thing:  tag u8 | key length u32 | key | value length u32 | value

in ascending order of tag, then key.  Keys are the hub's (a device cuts its generation byte
off), values are the bytes as they are stored and travel:

===  =====================  =========================================================
tag  key                    value
===  =====================  =========================================================
1    row key, 18 bytes      the row, of every row that is alive
2    link key, 34 bytes     its add stamps, of every link that is live and not hidden
3    conflict key           the record, of every record that is open
4    replica, 8 bytes       [number, processed, chain, user, device], of every origin
                            of which something is decided
===  =====================  =========================================================

Owns the bytes that are hashed.  Must not know where a replica keeps its things: hub and
device each walk their own store and feed this one class.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import Final

from satchel.wire.codec import pack

_HEAD: Final = Struct(">BI").pack
_LENGTH: Final = Struct(">I").pack

_ROW: Final = 1
_LINK: Final = 2
_CONFLICT: Final = 3
_ORIGIN: Final = 4


class BaseDigest:
    """Fed rows, then links, then conflict records, then origins, each in key order.

    Another order is a bug of the one who feeds it: AssertionError.
    """

    __slots__ = ("_hash", "_last")

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=32)
        self._last = (0, b"")

    def row(self, key: bytes, row: bytes) -> None:
        """A living row.  ``key``: table u16 and id; ``row``: its bytes as stored."""
        self._feed(_ROW, key, row)

    def link(self, key: bytes, stamps: bytes) -> None:
        """A link that readers see.  ``key``: relationship u16, left and right id; ``stamps``:
        the encoded list of its live add stamps, as a LINK entry carries it."""
        self._feed(_LINK, key, stamps)

    def conflict(self, key: bytes, record: bytes) -> None:
        """An open conflict record.  ``key``: table u16, id, register u16, seq u64, n u16."""
        self._feed(_CONFLICT, key, record)

    def origin(
        self, replica: bytes, number: int, processed: int, chain: bytes, user: bytes, device: bytes
    ) -> None:
        """An origin whose changesets are decided up to ``processed``, which is not 0."""
        self._feed(_ORIGIN, replica, pack([number, processed, chain, user, device]))

    def digest(self) -> bytes:
        """The 32 bytes of what was fed so far."""
        return self._hash.digest()

    def hexdigest(self) -> str:
        """The same as 64 hexadecimal digits, as people and programs are shown it."""
        return self._hash.hexdigest()

    def _feed(self, tag: int, key: bytes, value: bytes) -> None:
        place = (tag, key)
        assert self._last < place, "the digest is fed in order, each thing once"
        self._last = place
        self._hash.update(_HEAD(tag, len(key)) + key + _LENGTH(len(value)))
        self._hash.update(value)
