"""Names of things: rows (UUIDv7), replicas, dots.  Ids are bytes inside, text at the edge.

A UUIDv7 gives LMDB time-ordered keys (ten times the load rate of random ones,
limits.md 1).  It is not an ordering authority and uniqueness is not trusted: the hub
refuses a create of an id that exists (sync.md 2.1).
"""

from __future__ import annotations

from binascii import hexlify, unhexlify
from typing import NamedTuple

ID_BYTES = 16
REPLICA_BYTES = 8

_MONOTONIC_MAX = 0xFFF


class Dot(NamedTuple):
    """The name of a changeset: the replica that wrote it and its counter there, from 1."""

    replica: bytes
    ctr: int


class IdMaker:
    """Makes UUIDv7 ids that grow within one process, clock steps back included.

    Time and randomness are handed in, so a simulator can replay the ids it saw.
    """

    __slots__ = ("_last_ms", "_sequence")

    def __init__(self) -> None:
        self._last_ms = 0
        self._sequence = 0

    def make(self, now_ms: int, random8: bytes) -> bytes:
        """Return 16 bytes.  ``now_ms``: wall clock; ``random8``: 8 fresh random bytes."""
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        elif self._sequence < _MONOTONIC_MAX:
            self._sequence += 1
        else:
            self._last_ms, self._sequence = self._last_ms + 1, 0
        tail = int.from_bytes(random8, "big") & ((1 << 62) - 1)
        number = (
            (self._last_ms & ((1 << 48) - 1)) << 80
            | 0x7 << 76
            | self._sequence << 64
            | 0b10 << 62
            | tail
        )
        return number.to_bytes(16, "big")


def id_text(raw: bytes) -> str:
    """16 bytes as the usual 36 characters with hyphens, lower case."""
    text = hexlify(raw).decode()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_id(text: str) -> bytes | None:
    """The 16 bytes of a UUID in text, with or without hyphens or braces; None if it is none."""
    bare = text.strip("{}").replace("-", "")
    if len(bare) != 32:
        return None
    try:
        return unhexlify(bare)
    except ValueError:
        return None


def dot_text(dot: Dot) -> str:
    """``a1b2c3d4e5f60718:42``, as logs and error messages show a changeset."""
    return f"{dot.replica.hex()}:{dot.ctr}"
