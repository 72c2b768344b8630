"""Joining: from a one-time invite to a certificate.

Owns what an invite is good for.  A code works once; only the replica that used it may use
it again, with the same key, and gets the same certificate, because it may have lost the
answer.  A code that is unknown, used or too old gets BAD_INVITE and nothing else, so that
a stranger cannot tell which.
"""

from __future__ import annotations

from base64 import b32encode
from typing import Final, NamedTuple

from satchel.hub.office import Office, Origin, State, read_origin, write_origin
from satchel.hub.roster import (
    Device,
    DeviceState,
    Invite,
    User,
    drop_expired_invites,
    hash_code,
    read_device,
    read_invite,
    read_user,
    write_device,
    write_invite,
)
from satchel.model import limits
from satchel.model.errors import Denied
from satchel.store.txn import Txn
from satchel.wire.envelope import Certificate, make_certificate

INVITE_RANDOM_BYTES: Final = 15
"""120 bits: nobody guesses one in a week, and it is 24 letters without padding."""

_GROUP: Final = 4


class Joining(NamedTuple):
    """Who wants to join with what.  That it holds the key's secret is shown already."""

    invite: str
    replica: bytes
    pubkey: bytes
    name: str


class Joined(NamedTuple):
    """Who has joined: the device, its user, and the certificate with the hub's signature."""

    device: Device
    user: User
    certificate: bytes


def make_invite(txn: Txn, user: User, now_ms: int, random: bytes) -> str:
    """A new code that joins one device of ``user``, as a person may type it.

    ``random``: :data:`INVITE_RANDOM_BYTES` bytes.  Only its hash is kept.
    """
    assert len(random) == INVITE_RANDOM_BYTES
    drop_expired_invites(txn, now_ms)
    letters = b32encode(random).decode()
    code = "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))
    write_invite(txn, Invite(hash_code(code), user.id, now_ms + limits.INVITE_MS, None))
    return code


def enrol(txn: Txn, office: Office, joining: Joining, new_device: bytes, now_ms: int) -> Joined:
    """Let a replica join, or renew its certificate.  ``new_device``: 16 fresh bytes.

    Takes no seq: the origin appears in the feed with its first changeset.  Raises Denied
    BAD_INVITE; NOT_ALLOWED for a replica that is somebody else's; REVOKED.
    """
    invite = read_invite(txn, joining.invite)
    if invite is None:
        raise bad_invite()
    device = _device_of(txn, joining)
    if invite.used_by is not None:
        if device is None or invite.used_by != joining.replica:
            raise bad_invite()
        return _joined(txn, office, device)
    user = read_user(txn, invite.user)
    if invite.expires_ms <= now_ms or user is None or user.disabled:
        raise bad_invite()
    if device is None:
        device = _admit(txn, joining, user, new_device)
    elif device.user != user.id:
        raise _not_yours()
    device = device._replace(name=joining.name, not_after_ms=now_ms + limits.CERTIFICATE_MS)
    joined = _joined(txn, office, device)
    write_device(txn, device)
    write_invite(txn, invite._replace(used_by=joining.replica))
    return joined


def _device_of(txn: Txn, joining: Joining) -> Device | None:
    """The device that this replica has joined as.  Raises Denied if its key is another."""
    origin = read_origin(txn, joining.replica)
    if origin is None:
        return None
    device = read_device(txn, origin.device)
    if device is None or device.pubkey != joining.pubkey:
        raise _not_yours()
    return device


def _admit(txn: Txn, joining: Joining, user: User, device: bytes) -> Device:
    """A new origin with the next number, and its device."""
    state = State.read(txn)
    number = state.next_origin
    write_origin(txn, Origin.fresh(number, joining.replica, user.id, device))
    state._replace(next_origin=number + 1).write(txn)
    return Device(
        device, joining.replica, user.id, joining.pubkey, joining.name, DeviceState.ACTIVE, number, 0
    )  # fmt: skip


def _joined(txn: Txn, office: Office, device: Device) -> Joined:
    """What the device is told.  The signature is the same each time it is made."""
    if device.state is not DeviceState.ACTIVE:
        raise Denied("REVOKED", f"The device {device.name!r} was revoked by the administrator.")
    user = read_user(txn, device.user)
    assert user is not None, "a device belongs to a user"
    body = Certificate(
        office.setup.org, device.user, device.id, device.replica, device.pubkey,
        device.number, device.not_after_ms,
    )  # fmt: skip
    return Joined(device, user, make_certificate(office.setup.secret, body))


def bad_invite() -> Denied:
    """The one refusal of a code, whatever is wrong with it."""
    return Denied(
        "BAD_INVITE",
        "This invite is not valid.",
        "Ask the administrator for a new one; each works once, within a week.",
    )


def _not_yours() -> Denied:
    return Denied("NOT_ALLOWED", "This replica has joined with another key or for another user.")
