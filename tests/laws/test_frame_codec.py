"""Laws of the frame codec: cutting changes nothing, damage never passes unnoticed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.model.errors import SatchelError
from satchel.wire.frame import ERROR, LAST, Frame, FrameReader, FrameType, encode

CODES = {"BAD_FRAME", "FRAME_TOO_BIG", "UNSUPPORTED"}
SPOKEN = [kind for kind in FrameType if kind < FrameType.ERR]

payloads = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda seed, times: seed * times, st.binary(min_size=1, max_size=9), st.integers(0, 900)
    ),
)
frames = st.one_of(
    st.builds(
        Frame,
        st.sampled_from(SPOKEN),
        st.sampled_from([0, LAST]),
        st.integers(0, 2**32 - 1),
        payloads,
    ),
    st.builds(
        lambda req, payload: Frame(FrameType.ERR, LAST | ERROR, req, payload),
        st.integers(0, 2**32 - 1),
        payloads,
    ),
)
streams = st.lists(st.tuples(frames, st.booleans()), min_size=1, max_size=5)


def bytes_of(stream: list[tuple[Frame, bool]]) -> bytes:
    return b"".join(encode(frame, compress) for frame, compress in stream)


def read_until_end(pieces: list[bytes]) -> tuple[list[Frame], str]:
    """What was delivered, and the code of the error that ended it ('' for a clean end)."""
    reader = FrameReader()
    seen: list[Frame] = []
    try:
        for piece in pieces:
            seen.extend(reader.feed(piece))
        reader.finish()
    except SatchelError as error:
        return seen, error.code
    return seen, ""


@given(streams, st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_however_a_stream_is_cut_the_same_frames_come_out(
    stream: list[tuple[Frame, bool]], data: st.DataObject
) -> None:
    """Frames do not depend on how the network cut the bytes, nor on compression."""
    whole = bytes_of(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read_until_end(pieces) == ([frame for frame, _ in stream], "")


@given(streams, st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_a_stream_that_ends_early_delivers_whole_frames_and_says_so(
    stream: list[tuple[Frame, bool]], data: st.DataObject
) -> None:
    """A cut inside a frame is an error; the frames before it are exactly those sent."""
    whole = bytes_of(stream)
    cut = data.draw(st.integers(0, len(whole)))
    seen, code = read_until_end([whole[:cut]])
    sent = [frame for frame, _ in stream]
    assert seen == sent[: len(seen)]
    assert (code == "") == (len(bytes_of(stream[: len(seen)])) == cut)
    assert code in ("", "BAD_FRAME")


@given(streams, st.data())
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_changed_byte_never_becomes_another_message(
    stream: list[tuple[Frame, bool]], data: st.DataObject
) -> None:
    """Damage in any one byte is refused; what was delivered before it is what was sent."""
    whole = bytearray(bytes_of(stream))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    seen, code = read_until_end([bytes(whole)])
    sent = [frame for frame, _ in stream]
    assert seen == sent[: len(seen)]
    assert len(seen) < len(sent)
    assert code in CODES


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_noise_is_refused_with_a_stable_code(pieces: list[bytes]) -> None:
    """Random bytes give an error of this protocol, never another exception."""
    seen, code = read_until_end(pieces)
    assert seen == []
    assert code in CODES or not b"".join(pieces)
