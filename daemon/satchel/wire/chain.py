"""The per-origin hash chain: what makes a copied store and a tampered log visible.

``chain(c) = BLAKE2b-256(chain(c-1) | origin | ctr u64 | BLAKE2b-256(body))`` (sync.md 3.2).
Whoever holds a chain value at a counter has agreed on every byte up to it.
"""

from __future__ import annotations

from hashlib import blake2b

CHAIN_START = bytes(32)
"""The chain before the first changeset of an origin."""


def body_hash(body: bytes) -> bytes:
    """BLAKE2b-256 of an entry's bytes (``bh``)."""
    return blake2b(body, digest_size=32).digest()


def extend(chain: bytes, origin: bytes, ctr: int, bh: bytes) -> bytes:
    """The chain after changeset (origin, ctr) with body hash ``bh``."""
    return blake2b(chain + origin + ctr.to_bytes(8, "big") + bh, digest_size=32).digest()
