"""Frames: their exact bytes, their bounds, and what is refused."""

from __future__ import annotations

import struct
from binascii import unhexlify
from zlib import crc32

import pytest
import zstandard

from satchel.model.errors import Denied, Garbled, Invalid, SatchelError
from satchel.model.limits import FRAME_BYTES_MAX
from satchel.wire.codec import pack
from satchel.wire.frame import (
    COMPRESSED,
    ERROR,
    LAST,
    PAYLOAD_BYTES_MAX,
    Frame,
    FrameReader,
    FrameType,
    encode,
    error_frame,
    read_error,
)

PUSH = Frame(FrameType.PUSH, LAST, 9, b"work")


def raw_frame(kind: int, flags: int, payload: bytes, req: int = 1) -> bytes:
    """A frame with a right checksum, whatever it says."""
    head = struct.pack(">IBBI", 10 + len(payload), kind, flags, req)
    return head + payload + struct.pack(">I", crc32(head + payload))


def read_all(data: bytes) -> list[Frame]:
    reader = FrameReader()
    frames = list(reader.feed(data))
    reader.finish()
    return frames


def refusal(data: bytes) -> SatchelError:
    with pytest.raises(SatchelError) as caught:
        read_all(data)
    return caught.value


def test_the_bytes_of_a_frame_are_those_of_the_protocol() -> None:
    """Length, type, flags, request, payload, checksum: big-endian, in this order."""
    assert encode(PUSH) == unhexlify("0000000e050200000009") + b"work" + struct.pack(
        ">I", crc32(unhexlify("0000000e050200000009") + b"work")
    )


def test_frames_follow_each_other_in_one_stream() -> None:
    """A stream is frame after frame, with nothing between them."""
    page = Frame(FrameType.PAGE, 0, 9, b"")
    assert read_all(encode(page) + encode(PUSH)) == [page, PUSH]


def test_a_payload_is_compressed_only_where_that_helps() -> None:
    """Short and incompressible payloads travel as they are, long ones shorter."""
    long = Frame(FrameType.PAGE, LAST, 1, b"account " * 400)
    noise = Frame(
        FrameType.PAGE, LAST, 1, zstandard.ZstdCompressor(19).compress(bytes(range(256)) * 4)
    )
    assert len(encode(long, compress=True)) < len(long.payload) // 10
    assert encode(PUSH, compress=True) == encode(PUSH)
    assert encode(noise, compress=True) == encode(noise)
    assert read_all(encode(long, compress=True)) == [long]


def test_the_largest_payload_fits_and_one_byte_more_does_not() -> None:
    """The bound is on the whole frame, and sender and receiver agree on it to the byte."""
    largest = encode(Frame(FrameType.PAGE, LAST, 1, bytes(PAYLOAD_BYTES_MAX)))
    assert len(largest) == FRAME_BYTES_MAX
    assert len(read_all(largest)[0].payload) == PAYLOAD_BYTES_MAX
    with pytest.raises(Garbled, match="exceeds") as caught:
        encode(Frame(FrameType.PAGE, LAST, 1, bytes(PAYLOAD_BYTES_MAX + 1)), compress=True)
    assert caught.value.code == "FRAME_TOO_BIG"


def test_a_length_beyond_the_bound_is_refused_before_its_bytes_arrive() -> None:
    """Four bytes are enough to refuse a frame that would be too big."""
    assert refusal(struct.pack(">I", FRAME_BYTES_MAX - 3)).code == "FRAME_TOO_BIG"
    assert refusal(b"PRI * HTTP/2.0").code == "FRAME_TOO_BIG"


def test_a_length_too_small_for_a_frame_is_refused() -> None:
    """A length that leaves no room for type, flags, request and checksum is no frame."""
    assert refusal(struct.pack(">I", 9)).code == "BAD_FRAME"


@pytest.mark.parametrize("claimed", [PAYLOAD_BYTES_MAX + 1, 1 << 40])
def test_a_small_frame_cannot_unfold_into_a_large_one(claimed: int) -> None:
    """What a compressed payload claims to become is judged before it becomes it."""
    header = b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", claimed)
    bomb = header + zstandard.ZstdCompressor().compress(b"0" * 4096)[6:]
    assert zstandard.get_frame_parameters(bomb).content_size == claimed
    assert refusal(raw_frame(FrameType.PUSH, COMPRESSED, bomb)).code == "FRAME_TOO_BIG"


def test_a_compressed_payload_must_be_exactly_one_block_of_the_size_it_states() -> None:
    """No size, a false size, a cut, a tail, an empty or a skippable block: all refused."""
    sizeless = zstandard.ZstdCompressor(write_content_size=False).compress(b"0" * 4096)
    whole = zstandard.ZstdCompressor().compress(b"0" * 4096)
    lying = whole[:5] + b"\x00\x00" + whole[7:]
    empty = zstandard.ZstdCompressor().compress(b"") + b"tail"
    skippable = unhexlify("502a4d1808000000") + bytes(8)
    for payload in (sizeless, whole[:-1], whole + b"t", lying, empty, skippable, b"", b"zstd?"):
        assert refusal(raw_frame(FrameType.PUSH, COMPRESSED, payload)).code == "BAD_FRAME"


@pytest.mark.parametrize("number", [0, 13, 14, 16, 30, 255, *range(20, 30)])
def test_a_type_that_is_not_spoken_is_named_and_refused(number: int) -> None:
    """Reserved and unknown types answer UNSUPPORTED with the request they came in."""
    error = refusal(raw_frame(number, LAST, b"", req=77))
    assert isinstance(error, Invalid)
    assert (error.code, error.details) == ("UNSUPPORTED", {"type": number, "req": 77})


def test_flags_must_be_known_and_fit_the_type() -> None:
    """Bits without a meaning are refused, and so is the error bit on what is no error."""
    for kind, flags in ((FrameType.PUSH, 8), (FrameType.PUSH, ERROR), (FrameType.ERR, LAST)):
        assert refusal(raw_frame(kind, flags, b"")).code == "BAD_FRAME"


def test_frames_before_a_broken_one_are_still_delivered_and_then_nothing() -> None:
    """The error stands in its place in the stream, and a spent reader stays spent."""
    reader = FrameReader()
    seen: list[Frame] = []
    with pytest.raises(Garbled):
        seen.extend(reader.feed(encode(PUSH) + b"\x00\x00\x00\x00" + encode(PUSH)))
    assert seen == [PUSH]
    with pytest.raises(Garbled, match="length of 0"):
        reader.feed(encode(PUSH))
    with pytest.raises(Garbled, match="length of 0"):
        reader.finish()


def test_bytes_are_taken_even_if_nobody_looks_at_the_frames_yet() -> None:
    """feed() takes its bytes at once; a later call yields what was left."""
    reader = FrameReader()
    reader.feed(encode(PUSH)[:5])
    assert list(reader.feed(encode(PUSH)[5:])) == [PUSH]


def test_an_error_travels_with_its_remedy_and_its_delay() -> None:
    """An ERR frame becomes the same exception again, the delay asked for in its details."""
    sent = Denied("REVOKED", "This device was revoked.", "Ask for an invite.", {"device": "d"})
    frame = read_all(encode(error_frame(4, sent, retry_after_ms=1500)))[0]
    assert (frame.type, frame.flags, frame.req, frame.last) == (
        FrameType.ERR,
        LAST | ERROR,
        4,
        True,
    )
    read = read_error(frame)
    assert isinstance(read, Denied)
    assert read.to_wire() == {
        "code": "REVOKED",
        "message": "This device was revoked.",
        "remedy": "Ask for an invite.",
        "details": {"device": "d", "retry_after_ms": 1500},
    }


@pytest.mark.parametrize("payload", [pack([]), pack({}), pack({"code": 7}), b"\xc1", b""])
def test_an_error_frame_without_an_error_is_refused(payload: bytes) -> None:
    """A hub cannot make a device raise something that has no code."""
    with pytest.raises(Garbled) as caught:
        read_error(Frame(FrameType.ERR, LAST | ERROR, 1, payload))
    assert caught.value.code == "BAD_FRAME"


@pytest.mark.parametrize("delay", [-1, "5", 1.5, None, True])
def test_a_delay_that_is_none_is_ignored(delay: object) -> None:
    """Only a whole number of milliseconds is a delay."""
    payload = pack({"code": "BUSY", "message": "m", "retry_after_ms": delay})
    assert read_error(Frame(FrameType.ERR, LAST | ERROR, 1, payload)).details == {}
