"""Joining an organisation: keys, the hub's certificate, and a store of its own.

The keys are made here and never leave.  A hub that lost the answer gives it again to the
same key; a store whose certificate has run out is renewed for the key it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satchel.config import Layout
from satchel.engine.replica import Identity, create_store, write_identity
from satchel.model.errors import Clash, Garbled
from satchel.model.ids import REPLICA_BYTES, id_text
from satchel.shell import clock
from satchel.shell.device import Device
from satchel.shell.hub_link import HubLink
from satchel.store import layout as disk
from satchel.store.env import Store
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import NO_LINK, SYNC_PATH, public_key, sign_request
from satchel.wire.frame import Frame, FrameType, encode

_ANSWER_S = 30.0
_SECRET_BYTES = 32
_FIELDS = {
    "org": bytes,
    "org_name": str,
    "user": bytes,
    "user_name": str,
    "device": bytes,
    "number": int,
    "certificate": bytes,
    "hub_public": bytes,
    "epoch": int,
}


class Applicant:
    """Who asks to join: a fresh replica, or one whose certificate is to be renewed.

    Kept until it is answered: only to the same key a hub gives a lost answer again.
    """

    def __init__(self, invite: str, renewing: Device | None) -> None:
        identity = renewing.replica.identity if renewing is not None else None
        self.invite = invite
        self.replica = identity.replica if identity else clock.fresh_bytes(REPLICA_BYTES)
        self.secret = identity.secret if identity else clock.fresh_bytes(_SECRET_BYTES)


async def enrol(
    hub: str, device_name: str, applicant: Applicant, ca: str | None, insecure: bool
) -> dict[str, Any]:
    """Ask the hub for a certificate.  Raises Denied BAD_INVITE, INSECURE; Unavailable."""
    link = HubLink(hub, ca_file=ca, insecure=insecure)
    try:
        payload = {
            "org": None,
            "org_name": None,
            "invite": applicant.invite.strip().upper(),
            "replica": applicant.replica,
            "pubkey": public_key(applicant.secret),
            "device": device_name,
            "proto": [1, 1],
        }
        frame = encode(Frame(FrameType.ENROL, 0, 1, pack(payload)))
        auth = sign_request(applicant.secret, "POST", SYNC_PATH, NO_LINK, 0, frame)
        frames = await link.call(frame, auth=auth, read_timeout_s=_ANSWER_S)
    finally:
        await link.aclose()
    answer = unpack(frames[0].payload)
    if (
        frames[0].type is not FrameType.ENROLLED
        or not isinstance(answer, dict)
        or not all(isinstance(answer.get(name), kind) for name, kind in _FIELDS.items())
    ):
        raise Garbled("BAD_FRAME", "The hub's answer to the invite makes no sense.")
    checked: dict[str, Any] = answer
    return checked


def identity_of(
    answer: Mapping[str, Any],
    applicant: Applicant,
    hub: str,
    device_name: str,
    ca: str | None,
    insecure: bool,
) -> Identity:
    """The identity that an ENROLLED answer gives this store."""
    return Identity(
        answer["org"],
        answer["org_name"],
        answer["user"],
        answer["user_name"],
        answer["device"],
        device_name,
        applicant.replica,
        answer["number"],
        applicant.secret,
        answer["certificate"],
        answer["hub_public"],
        hub,
        ca,
        insecure,
        clock.fresh_bytes(_SECRET_BYTES),
    )


def make_store(layout: Layout, identity: Identity, epoch: int) -> Device:
    """Create the store of a new replica.  Raises Clash ALREADY_EXISTS if there is one."""
    path = Path(layout.store(identity.org, identity.user))
    if (path / "data.mdb").exists():
        raise Clash(
            "ALREADY_EXISTS",
            f"{identity.user_name} has already joined {identity.org_name} on this machine.",
            f"Leave it first with: satchel org leave {identity.org_name}",
            {"org": identity.org_name, "user": id_text(identity.user)},
        )
    store = Store.open(path, disk.DEVICE_DBS)
    try:
        store.write(lambda txn: create_store(txn, identity, epoch))
    finally:
        store.close()
    return Device.open(path)


async def renew(device: Device, answer: Mapping[str, Any]) -> None:
    """Put a renewed certificate into an open store; the next HELLO shows it."""
    identity = device.replica.identity._replace(certificate=answer["certificate"])
    await device.writer.call(lambda txn: write_identity(txn, identity))
    device.renew(identity)
