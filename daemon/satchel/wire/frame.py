"""Frames between device and hub: the envelope of every message on that link.

    len u32 | type u8 | flags u8 | req u32 | payload | crc32 u32        (big-endian)

``len`` counts everything after itself; the checksum covers everything before itself, the
length included.  Owns the bounds: a frame is at most ``FRAME_BYTES_MAX`` bytes, as it
travels and with its payload decompressed alike, and both are checked before allocation.
Must not know what a payload says, except that of ERR, which every answer may be.

Rules: sync.md 3.1.  The local API has a framing of its own (satchel.api).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Any, Final, NamedTuple
from zlib import crc32

from satchel.model.errors import Garbled, Invalid, SatchelError, error_from_wire
from satchel.model.limits import FRAME_BYTES_MAX
from satchel.wire.codec import pack, unpack
from satchel.wire.compress import restore, shrink

_LENGTH: Final = Struct(">I")
_HEAD: Final = Struct(">IBBI")  # len, type, flags, req
_CRC: Final = Struct(">I")

OVERHEAD_BYTES: Final = _HEAD.size + _CRC.size
"""What a frame adds to its payload."""

PAYLOAD_BYTES_MAX: Final = FRAME_BYTES_MAX - OVERHEAD_BYTES
"""Largest payload, before compression and after decompression."""

_LEN_MIN: Final = OVERHEAD_BYTES - _LENGTH.size
_LEN_MAX: Final = FRAME_BYTES_MAX - _LENGTH.size

COMPRESSED: Final = 1
LAST: Final = 2
ERROR: Final = 4
_FLAGS: Final = COMPRESSED | LAST | ERROR


class FrameType(IntEnum):
    """What a frame is.  From 20 on: named so that no other use takes the number, not spoken yet."""

    HELLO = 1
    HELLO_OK = 2
    SCHEMA = 3
    SCHEMA_OK = 4
    PUSH = 5
    PUSHED = 6
    PULL = 7
    PAGE = 8
    MORE = 9
    FLIP = 10
    ENROL = 11
    ENROLLED = 12
    ERR = 15
    SNAP = 20
    MANIFEST = 21
    SEG = 22
    BLOB_GET = 23
    BLOB_HAVE = 24
    BLOB_PUT = 25
    VV = 26
    WANT = 27
    BUNDLES = 28
    BYE = 29


_SPOKEN: Final = frozenset(kind for kind in FrameType if kind <= FrameType.ERR)


class Frame(NamedTuple):
    """One message.  ``payload`` is never compressed here; ``flags`` are LAST and ERROR.

    ``req`` (u32) is the sender's number of the request; all frames of its answer repeat
    it, and the final one carries LAST.
    """

    type: FrameType
    flags: int
    req: int
    payload: bytes

    @property
    def last(self) -> bool:
        """Whether this frame ends its request or answer."""
        return bool(self.flags & LAST)


def encode(frame: Frame, compress: bool = False) -> bytes:
    """The bytes of one frame; with ``compress`` its payload is made smaller where that helps.

    Raises :class:`Garbled` FRAME_TOO_BIG for a payload above ``PAYLOAD_BYTES_MAX``, however
    small it might become: the receiver's bound holds for the bytes it restores.
    """
    payload, flags = frame.payload, frame.flags & ~COMPRESSED
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise _too_big(len(payload) + OVERHEAD_BYTES)
    if compress and (small := shrink(payload)) is not None:
        payload, flags = small, flags | COMPRESSED
    head = _HEAD.pack(_LEN_MIN + len(payload), frame.type, flags, frame.req)
    return b"".join((head, payload, _CRC.pack(crc32(payload, crc32(head)))))


def request_number(encoded: bytes) -> int:
    """The ``req`` of an encoded frame, without decoding it: what its answer will repeat."""
    return int(_HEAD.unpack_from(encoded)[3])


def error_frame(req: int, error: SatchelError, retry_after_ms: int | None = None) -> Frame:
    """The ERR frame that ends an answer; ``retry_after_ms``: do not come back earlier."""
    wire = error.to_wire()
    if retry_after_ms is not None:
        wire["retry_after_ms"] = retry_after_ms
    return Frame(FrameType.ERR, LAST | ERROR, req, pack(wire))


def read_error(frame: Frame) -> SatchelError:
    """The exception that an ERR frame carries; a delay asked for is in its ``details`` too.

    Raises :class:`Garbled` BAD_FRAME if the payload is no error map.
    """
    wire = unpack(frame.payload)
    if not isinstance(wire, dict) or not isinstance(wire.get("code"), str):
        raise Garbled("BAD_FRAME", "An error frame holds no error.")
    error = error_from_wire(wire)
    delay_ms: Any = wire.get("retry_after_ms")
    if type(delay_ms) is int and delay_ms >= 0:
        error.details["retry_after_ms"] = delay_ms
    return error


class FrameReader:
    """Turns bytes, cut anywhere, into frames.

    It never holds more than one frame beyond what it was last fed.  After it has raised
    it is spent: there is no way to find the next frame in a stream that lost its place,
    so feeding it again raises the same error.
    """

    __slots__ = ("_broken", "_buffer")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken: SatchelError | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """Take ``data`` now; the iterator yields the frames that are complete.

        Raises, in their place among the frames, :class:`Garbled` BAD_FRAME (checksum,
        length, flags, compression), FRAME_TOO_BIG, and :class:`Invalid` UNSUPPORTED for a
        type that is not spoken, with ``type`` and ``req`` in its details.
        """
        if self._broken is not None:
            raise self._broken
        self._buffer += data
        return self._frames()

    def finish(self) -> None:
        """Say that the stream has ended.  Raises BAD_FRAME if it ended inside a frame."""
        if self._broken is not None:
            raise self._broken
        if self._buffer:
            self._broken = Garbled(
                "BAD_FRAME", f"The stream ended inside a frame, after {len(self._buffer)} bytes."
            )
            raise self._broken

    def _frames(self) -> Iterator[Frame]:
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if self._broken is not None:
            raise self._broken
        try:
            if (size := _frame_size(self._buffer)) is None or len(self._buffer) < size:
                return None
            raw = bytes(self._buffer[:size])
            del self._buffer[:size]
            return _decode(raw)
        except SatchelError as broken:
            self._broken = broken
            self._buffer.clear()
            raise


def _frame_size(buffer: bytearray) -> int | None:
    """Bytes of the frame that begins here, None while its length is not complete."""
    if len(buffer) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(buffer)
    if length < _LEN_MIN:
        raise Garbled("BAD_FRAME", f"A frame cannot have a length of {length}.")
    if length > _LEN_MAX:
        raise _too_big(length + _LENGTH.size)
    return int(length) + _LENGTH.size


def _decode(raw: bytes) -> Frame:
    """One whole frame.  The checksum comes first: nothing is believed before it holds."""
    if _CRC.unpack_from(raw, len(raw) - _CRC.size)[0] != crc32(memoryview(raw)[: -_CRC.size]):
        raise Garbled("BAD_FRAME", "A frame does not match its checksum.")
    _, number, flags, req = _HEAD.unpack_from(raw)
    if flags & ~_FLAGS or bool(flags & ERROR) != (number == FrameType.ERR):
        raise Garbled("BAD_FRAME", f"A frame of type {number} cannot have flags {flags}.")
    if number not in _SPOKEN:
        raise Invalid(
            "UNSUPPORTED",
            f"Messages of type {number} are not supported by this version.",
            "Both sides may need the same version of Satchel.",
            {"type": number, "req": req},
        )
    payload = raw[_HEAD.size : -_CRC.size]
    if flags & COMPRESSED:
        payload = restore(payload, PAYLOAD_BYTES_MAX)
    return Frame(FrameType(number), flags & ~COMPRESSED, req, payload)


def _too_big(size: int) -> Garbled:
    return Garbled(
        "FRAME_TOO_BIG", f"A frame of {size} bytes exceeds the bound of {FRAME_BYTES_MAX} bytes."
    )
