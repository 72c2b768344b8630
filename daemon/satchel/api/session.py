"""Client sessions: the token that lets a repeated command be recognised.

A token is 16 bytes: ``issued u48 (ms since 1970) | chance 2 bytes | tag 8 bytes``, the tag a
BLAKE2b under a secret of the store.  So the daemon knows the sessions that *this* store
issued without writing one down, a restart included, and a store that was deleted and
joined anew, or another organisation's, knows none of them: there the receipts are
missing too, and a repeated command would run twice.

Pure: clock and chance are handed in.  Which numbers of a session have been answered is the
engine's to know (sync.md 5.4, "Request ids").
"""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from satchel.model.limits import SESSION_MS

SESSION_BYTES: Final = 16
CHANCE_BYTES: Final = 2
_HEAD_BYTES: Final = 6 + CHANCE_BYTES
_TAG_BYTES: Final = SESSION_BYTES - _HEAD_BYTES


def issue(secret: bytes, now_ms: int, chance: bytes) -> bytes:
    """A new token.

    ``secret``: 16 to 64 bytes, the store's; ``chance``: 2 random bytes.  Two tokens of one
    millisecond and one ``chance`` are the same session, so the issuer must never give one
    ``now_ms`` twice.
    """
    head = now_ms.to_bytes(6, "big") + chance
    return head + _tag(secret, head)


def known(secret: bytes, token: bytes, now_ms: int) -> bool:
    """Whether this store issued the token, and not longer ago than ``SESSION_MS``.

    A clock that was set back makes a token one from the future; it is known all the same,
    within the same bound.
    """
    if len(token) != SESSION_BYTES:
        return False
    head = token[:_HEAD_BYTES]
    if not compare_digest(token[_HEAD_BYTES:], _tag(secret, head)):
        return False
    return abs(now_ms - int.from_bytes(head[:6], "big")) <= SESSION_MS


def _tag(secret: bytes, head: bytes) -> bytes:
    return blake2b(head, digest_size=_TAG_BYTES, key=secret, person=b"satchel session").digest()
