"""Who belongs to an organisation: its users, their devices, the invites not used yet.

Owns the records in USR, DEV and INV and their encodings, nothing of what follows from
them (:mod:`satchel.hub.enrol`, :mod:`satchel.hub.admission`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack

_FORMAT = 1


class User(NamedTuple):
    """Somebody who may join devices.  Also a ``systemuser`` row with the same id."""

    id: bytes
    name: str
    disabled: bool


class DeviceState(IntEnum):
    """Whether a device is let in.  On disk: append only."""

    ACTIVE = 0
    REVOKED = 1


class Device(NamedTuple):
    """An installation that has joined.  ``number``: the hub's number of its origin;
    ``not_after_ms``: the end of its latest certificate."""

    id: bytes
    replica: bytes
    user: bytes
    pubkey: bytes
    name: str
    state: DeviceState
    number: int
    not_after_ms: int


class Invite(NamedTuple):
    """The right to join one device, kept under the hash of its code.

    ``used_by``: the replica that joined with it, which alone may use it again.
    """

    code_hash: bytes
    user: bytes
    expires_ms: int
    used_by: bytes | None


def read_user(txn: ReadTxn, user: bytes) -> User | None:
    """The user of that id, or None."""
    raw = txn.get(layout.USR, user)
    return _user(user, raw) if raw is not None else None


def write_user(txn: Txn, user: User) -> None:
    """Store a user; the row beside it is the caller's."""
    txn.put(layout.USR, user.id, pack([_FORMAT, user.name, user.disabled]))


def users(txn: ReadTxn) -> Iterator[User]:
    """All users, in the order of their ids, which is that in which they were added."""
    for user, raw in txn.scan(layout.USR):
        yield _user(user, raw)


def read_device(txn: ReadTxn, device: bytes) -> Device | None:
    """The device of that id, or None."""
    raw = txn.get(layout.DEV, device)
    return _device(device, raw) if raw is not None else None


def write_device(txn: Txn, device: Device) -> None:
    """Store a device."""
    txn.put(layout.DEV, device.id, pack([_FORMAT, *device[1:]]))


def devices(txn: ReadTxn) -> Iterator[Device]:
    """All devices that ever joined, in the order of their ids."""
    for device, raw in txn.scan(layout.DEV):
        yield _device(device, raw)


def hash_code(code: str) -> bytes:
    """What is kept of an invite's code: who reads the store cannot join with it.

    Case, spaces and hyphens do not count, and digits that base32 has not are read as the
    letters they are mistaken for.
    """
    letters = code.upper().translate(_MISREAD)
    return blake2b(letters.encode(), digest_size=32, person=b"satchel invite").digest()


def read_invite(txn: ReadTxn, code: str) -> Invite | None:
    """The invite behind a code, or None."""
    code_hash = hash_code(code)
    raw = txn.get(layout.INV, code_hash)
    return Invite(code_hash, *unpack(raw)[1:]) if raw is not None else None


def write_invite(txn: Txn, invite: Invite) -> None:
    """Store an invite."""
    txn.put(layout.INV, invite.code_hash, pack([_FORMAT, *invite[1:]]))


def drop_expired_invites(txn: Txn, now_ms: int) -> None:
    """Remove invites that nobody used in time: nothing can come of them."""
    dead = [
        key
        for key, raw in txn.scan(layout.INV)
        if (invite := Invite(key, *unpack(raw)[1:])).used_by is None and invite.expires_ms <= now_ms
    ]
    for key in dead:
        txn.delete(layout.INV, key)


def _user(user: bytes, raw: bytes) -> User:
    _, name, disabled = unpack(raw)
    return User(user, name, disabled)


def _device(device: bytes, raw: bytes) -> Device:
    _, replica, user, pubkey, name, state, number, not_after_ms = unpack(raw)
    return Device(device, replica, user, pubkey, name, DeviceState(state), number, not_after_ms)


_MISREAD = str.maketrans({" ": None, "-": None, "0": "O", "1": "I", "8": "B"})
