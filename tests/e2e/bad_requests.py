"""Requests that no good device makes, each rendered in the moment in which it is sent.

A case cannot be bytes from the start: what is signed needs a link that lives and a number
that was not used.  Owns how each kind of case becomes bytes.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from satchel.wire.codec import pack
from satchel.wire.envelope import AUTH_HEADER, CONTENT_TYPE, NO_LINK, SYNC_PATH, sign_request
from satchel.wire.frame import LAST, Frame, FrameType, encode
from tests.devices import HandMadeDevice
from tests.e2e.hazards import Blow, damage, spoil

Signer = tuple[str, int]
"""How a request is signed (see :func:`signature`), and a number for what varies in it."""

SIGNERS: Final = (
    "device", "device", "device", "nobody", "nonsense", "other key", "other link", "old number",
    "no link", "other body",
)  # fmt: skip


class Raw(NamedTuple):
    """Bytes as they are."""

    data: bytes

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        return self.data


class Framed(NamedTuple):
    """A well-formed POST whose body is these bytes, signed in some way."""

    body: bytes
    signer: Signer

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        return posted(self.body, signature(device, self.signer, self.body))


class Spoilt(NamedTuple):
    """A request with one field of its payload another value."""

    kind: FrameType
    which: int
    value: Any
    signer: Signer

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        payload = spoil(_fields(device, self.kind), self.which, self.value)
        body = encode(Frame(self.kind, LAST, 1, pack(payload)))
        return posted(body, signature(device, _as_is_due(self.signer, self.kind), body))


class OtherVersion(NamedTuple):
    """A greeting of a device that speaks other versions of the protocol."""

    kind: FrameType
    versions: tuple[int, int]

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        payload = {**_fields(device, self.kind), "proto": [*self.versions]}
        body = encode(Frame(self.kind, LAST, 1, pack(payload)))
        return posted(body, signature(device, ("no link", 0), body))


class Damaged(NamedTuple):
    """A good request, signed by a device that has joined, damaged on its way."""

    kind: FrameType
    blow: Blow

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        body = encode(Frame(self.kind, LAST, 1, pack(_fields(device, self.kind))))
        signer = _as_is_due(("device", 0), self.kind)
        return damage(posted(body, signature(device, signer, body)), self.blow)


class SpoiltBundle(NamedTuple):
    """A PUSH, signed as it should be, with one part of its bundle another value."""

    which: int
    value: Any

    def render(self, device: HandMadeDevice) -> bytes:
        """What goes over the line."""
        bundle = _fields(device, FrameType.PUSH)["bundle"]
        bundle[self.which % len(bundle)] = self.value
        body = encode(Frame(FrameType.PUSH, LAST, 1, pack({"bundle": bundle})))
        return posted(body, signature(device, ("device", 0), body))


BadRequest = Raw | Framed | Spoilt | SpoiltBundle | OtherVersion | Damaged


def posted(body: bytes, auth: str, *more: str) -> bytes:
    """A POST to the hub's path with this body."""
    lines = (
        f"POST {SYNC_PATH} HTTP/1.1", "Host: hub", f"Content-Type: {CONTENT_TYPE}",
        f"{AUTH_HEADER}: {auth}", f"Content-Length: {len(body)}", *more,
    )  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def signature(device: HandMadeDevice, signer: Signer, body: bytes) -> str:
    """The header of a signature that holds ("device") or does not."""
    how, number = signer
    if how == "nobody":
        return ""
    if how == "nonsense":
        return ("v1", "v1 0 0 0", "v2 " + "00" * 16 + " 1 AAAA", "v1 " + "zz" * 16 + " 1 AAAA",
                "v1 " + "00" * 16 + " -1 AAAA", "v1 " + "00" * 16 + f" {10**40} AAAA",
                "\u00e9" * 9, "a" * 5_000)[number % 8]  # fmt: skip
    secret, link, n, signed = device.secret, device.link, 0, body
    if how == "no link":
        link = NO_LINK
    elif how == "old number":
        n = number % 3  # 0, or one that has been used in this batch or will be
    else:
        device.n += 1
        n = device.n
    if how == "other key":
        secret = bytes([number % 256]) * 32
    elif how == "other link":
        link = bytes([number % 256]) * 16
    elif how == "other body":
        signed = body + b"."
    return sign_request(secret, "POST", SYNC_PATH, link, n, signed)


def _as_is_due(signer: Signer, kind: FrameType) -> Signer:
    """A greeting is signed off any link."""
    greeting = kind in (FrameType.HELLO, FrameType.ENROL)
    return ("no link", signer[1]) if greeting and signer[0] == "device" else signer


def _fields(device: HandMadeDevice, kind: FrameType) -> dict[str, Any]:
    """The payload of a good request."""
    nonce = b"\xff" * 8 + device.n.to_bytes(8, "big")
    bundle = [1, device.replica, device.ctr + 1, device.chain, [b"\x98"], device.ctr + 1, None]
    fields: dict[FrameType, dict[str, Any]] = {
        FrameType.HELLO: {
            "proto": [1, 1], "org": device.org, "replica": device.replica,
            "cert": device.certificate, "schema": 1, "features": 0, "nonce": nonce, "now_ms": 0,
        },
        FrameType.ENROL: {
            "org": None, "org_name": None, "invite": "AAAA-BBBB", "replica": device.replica,
            "pubkey": device.public, "device": "field laptop", "proto": [1, 1],
        },
        FrameType.SCHEMA: {"version": 1},
        FrameType.PUSH: {"bundle": bundle},
        FrameType.PULL: {"cursor": None, "max": 1, "wait": 0},
    }  # fmt: skip
    return fields[kind]
