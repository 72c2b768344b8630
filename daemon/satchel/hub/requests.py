"""What devices say, as values: HELLO, ENROL, SCHEMA, PUSH and PULL, read with care.

Owns the shapes of the requests' payloads (PROTOCOL.md).  A device is a stranger until its
bytes make sense: what has not the shape is BAD_FRAME; keys that a later version adds are
ignored.  Must not know who may say what, nor what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from satchel.hub.push import Bundle, read_bundle
from satchel.model import limits
from satchel.model.errors import Garbled
from satchel.model.ids import ID_BYTES, REPLICA_BYTES
from satchel.wire.codec import unpack
from satchel.wire.envelope import KEY_BYTES
from satchel.wire.frame import PAYLOAD_BYTES_MAX, Frame, FrameReader, FrameType

PROTO: Final = 1
"""The one protocol version this hub speaks."""

NONCE_BYTES: Final = 16
_GREETING_BYTES_MAX: Final = 4 << 10
"""HELLO and ENROL: nobody knows yet who is speaking, so little is read of it."""

_TEXT_MAX: Final = 200
_CURSOR_BYTES_MAX: Final = 1 << 10


class Hello(NamedTuple):
    """A device that has joined, at the beginning of a link."""

    org: bytes
    certificate: bytes
    nonce: bytes


class Enrol(NamedTuple):
    """A replica that wants to join.  ``org`` and ``org_name`` only narrow where the invite
    is looked for."""

    org: bytes | None
    org_name: str | None
    invite: str
    replica: bytes
    pubkey: bytes
    device: str


class Pull(NamedTuple):
    """What has changed since ``cursor`` (None: from the beginning)?"""

    cursor: bytes | None
    bytes_max: int
    wait_ms: int


def read_request(body: bytes) -> Frame:
    """The one frame of a request.

    Raises Garbled BAD_FRAME, FRAME_TOO_BIG; Invalid UNSUPPORTED for a message of a later
    version, with its request number (``req``) in the details.
    """
    reader = FrameReader()
    frames = reader.feed(body)
    # Not all at once: two megabytes can hold frames that come to gigabytes.
    first = next(frames, None)
    if first is None or next(frames, None) is not None:
        raise Garbled("BAD_FRAME", "A request is one frame.")
    reader.finish()
    return first


def read_hello(frame: Frame) -> Hello:
    """Raises Garbled BAD_FRAME, BAD_VERSION."""
    fields = _Fields(frame)
    fields.proto()
    return Hello(
        fields.data("org", ID_BYTES), fields.data("cert"), fields.data("nonce", NONCE_BYTES)
    )


def read_enrol(frame: Frame) -> Enrol:
    """Raises Garbled BAD_FRAME, BAD_VERSION."""
    fields = _Fields(frame)
    fields.proto()
    return Enrol(
        org=fields.data("org", ID_BYTES) if fields.given("org") else None,
        org_name=fields.text("org_name") if fields.given("org_name") else None,
        invite=fields.text("invite"),
        replica=fields.data("replica", REPLICA_BYTES),
        pubkey=fields.data("pubkey", KEY_BYTES),
        device=fields.text("device"),
    )


def read_schema(frame: Frame) -> int:
    """The version asked for.  Raises Garbled BAD_FRAME."""
    return _Fields(frame).number("version")


def read_push(frame: Frame) -> Bundle:
    """Raises Garbled BAD_FRAME, Invalid UNSUPPORTED or TOO_BIG."""
    return read_bundle(_Fields(frame).anything("bundle"))


def read_pull(frame: Frame) -> Pull:
    """Bounds that ask for too much are lowered.  Raises Garbled BAD_FRAME."""
    fields = _Fields(frame)
    cursor = fields.data("cursor") if fields.given("cursor") else None
    if cursor is not None and len(cursor) > _CURSOR_BYTES_MAX:
        raise fields.bad("cursor")
    return Pull(
        cursor,
        min(fields.number("max"), limits.PULL_BYTES_MAX),
        min(fields.number("wait"), limits.PULL_WAIT_MS_MAX),
    )


class _Fields:
    """The fields of one payload, each taken with its type."""

    __slots__ = ("_name", "_payload")

    def __init__(self, frame: Frame) -> None:
        self._name = frame.type.name
        greeting = frame.type in (FrameType.HELLO, FrameType.ENROL)
        payload = unpack(frame.payload, _GREETING_BYTES_MAX if greeting else PAYLOAD_BYTES_MAX)
        if not isinstance(payload, dict):
            raise self.bad("its map")
        self._payload: Mapping[Any, Any] = payload

    def bad(self, field: str) -> Garbled:
        return Garbled("BAD_FRAME", f"In {self._name}, {field} is missing or malformed.")

    def given(self, field: str) -> bool:
        return self._payload.get(field) is not None

    def anything(self, field: str) -> Any:
        return self._payload.get(field)

    def number(self, field: str) -> int:
        value = self._payload.get(field)
        if type(value) is not int or not 0 <= value <= limits.INTEGER_MAX:
            raise self.bad(field)
        return value

    def data(self, field: str, size: int | None = None) -> bytes:
        value = self._payload.get(field)
        if not isinstance(value, bytes) or (size is not None and len(value) != size):
            raise self.bad(field)
        return value

    def text(self, field: str) -> str:
        value = self._payload.get(field)
        if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX:
            raise self.bad(field)
        return value

    def proto(self) -> None:
        """Refuse whoever cannot speak the version that this hub speaks."""
        match self._payload.get("proto"):
            case [int(low), int(high)] if low <= high:
                if not low <= PROTO <= high:
                    raise Garbled(
                        "BAD_VERSION",
                        f"This hub speaks version {PROTO} of the protocol, the device "
                        f"versions {low} to {high}.",
                        "Install the same version of Satchel on device and hub.",
                    )
            case _:
                raise self.bad("proto")
