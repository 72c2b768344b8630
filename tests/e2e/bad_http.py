"""What strangers and bad devices send to a hub's port, as hypothesis strategies, and sending it.

Owns the cases (no HTTP, HTTP with bad headers, good HTTP around broken frames, frames around
broken payloads, wrong signatures, messages of later versions) and what every answer to them
must look like.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final, NamedTuple
from zlib import crc32

import h11
import trio
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.model.errors import CODES
from satchel.model.limits import FRAME_BYTES_MAX
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import CONTENT_TYPE
from satchel.wire.frame import COMPRESSED, ERROR, LAST, Frame, FrameReader, FrameType, encode
from tests.devices import HandMadeDevice
from tests.e2e.bad_frames import LEAVE, RESET, STAY, hear_all
from tests.e2e.bad_requests import (
    SIGNERS,
    BadRequest,
    Damaged,
    Framed,
    OtherVersion,
    Raw,
    Signer,
    Spoilt,
    SpoiltBundle,
    posted,
)
from tests.e2e.hazards import blows, broken_msgpack, damage, noise, odd_values

STATUSES: Final = {200, 400, 404, 405, 408, 411, 413, 415, 431}
"""What the port may say.  Never 500: that would be our fault, not the stranger's."""


class Case(NamedTuple):
    """One connection: what it sends, and how it goes."""

    request: BadRequest
    ending: str


# -- the cases -----------------------------------------------------------------------------

_signers: SearchStrategy[Signer] = st.tuples(st.sampled_from(SIGNERS), st.integers(0, 255))
_requests: Final = (
    FrameType.HELLO, FrameType.ENROL, FrameType.SCHEMA, FrameType.PUSH, FrameType.PULL,
)  # fmt: skip
_TEMPLATE: Final = encode(Frame(FrameType.PULL, LAST, 1, pack({"cursor": None, "max": 1})))
_GET: Final = b"GET /v1/health HTTP/1.1\r\nHost: hub\r\n\r\n"

_HEADS: Final = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    bytes.fromhex("16030100f4010000f00303") + bytes(200),
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /v1/sync HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"DELETE /v1/health HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"POST /v1/sync HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 1\r\n\r\nx",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Type: application/vnd.satchel+msgpack; v=2\r\n"
    b"Content-Length: 1\r\n\r\nx",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 2097153\r\n\r\n" + bytes(70_000),
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n0\r\n\r\n",
    b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /v1/health HTTP/9.9\r\nHost: hub\r\n\r\n",
    b"GET /v1/health\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: hub\r\n" + b"X: y\r\n" * 4_000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: hub\r\nX\x00: y\r\n\r\n",
    b"GET /%ff/../../etc/passwd HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"CONNECT hub:443 HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"A" * 100_000,
    _GET * 50,
)


def _choose(choices: tuple[bytes, ...]) -> SearchStrategy[bytes]:
    return st.integers(0, len(choices) - 1).map(choices.__getitem__)


def _with_header(drawn: tuple[str, int]) -> bytes:
    text, where = drawn
    lines = [b"POST /v1/sync HTTP/1.1", b"Host: hub", b"Content-Length: 0"]
    lines.insert(where % 4, text.encode("utf-8", "replace"))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _odd_frame(drawn: tuple[int, int, bytes]) -> bytes:
    """A frame whose checksum holds, of any type and flags."""
    kind, flags, payload = drawn
    good = encode(Frame(FrameType.PULL, LAST, 7, payload[:100_000]))
    head = good[:4] + bytes([kind, flags]) + good[6:-4]
    return head + struct.pack(">I", crc32(head))


_raw: SearchStrategy[Raw] = st.one_of(
    noise,
    _choose(_HEADS),
    st.tuples(_choose((_GET, posted(_TEMPLATE, "v1"))), blows).map(lambda drawn: damage(*drawn)),
    st.tuples(st.text(max_size=20), st.integers(0, 3)).map(_with_header),
    st.tuples(_choose(_HEADS), noise).map(b"".join),
).map(Raw)

_bodies: SearchStrategy[bytes] = st.one_of(
    noise,
    st.tuples(st.just(_TEMPLATE), blows).map(lambda drawn: damage(*drawn)),
    st.tuples(st.integers(0, 255), st.sampled_from((0, LAST, COMPRESSED | LAST, ERROR, 255)),
              broken_msgpack).map(_odd_frame),
    st.tuples(st.integers(FRAME_BYTES_MAX - 3, (1 << 32) - 1), noise).map(
        lambda drawn: struct.pack(">I", drawn[0]) + drawn[1]
    ),
    st.integers(2, 9).map(lambda times: _TEMPLATE * times),
    st.integers(1, 3).map(lambda times: _TEMPLATE + bytes(times)),
)  # fmt: skip

_payloads: SearchStrategy[bytes] = st.tuples(
    st.sampled_from([int(kind) for kind in FrameType if kind is not FrameType.ERR]),
    st.just(LAST),
    st.one_of(broken_msgpack, odd_values.map(pack)),
).map(_odd_frame)

cases: SearchStrategy[Case] = st.builds(
    Case,
    st.one_of(
        _raw,
        st.builds(Framed, st.one_of(_bodies, _payloads), _signers),
        st.builds(Spoilt, st.sampled_from(_requests), st.integers(0, 99), odd_values, _signers),
        st.builds(
            Spoilt, st.sampled_from(_requests), st.integers(0, 99), odd_values,
            st.tuples(st.just("device"), st.just(0)),
        ),
        st.builds(SpoiltBundle, st.integers(0, 6), odd_values),
        st.builds(
            OtherVersion,
            st.sampled_from((FrameType.HELLO, FrameType.ENROL)),
            st.tuples(st.integers(-1, 9), st.integers(-1, 9)),
        ),
        st.builds(Damaged, st.sampled_from(_requests), blows),
    ),
    st.sampled_from((STAY, STAY, STAY, STAY, STAY, STAY, LEAVE, RESET)),
)  # fmt: skip


# -- playing them ----------------------------------------------------------------------------


async def play(port: int, case: Case, device: HandMadeDevice) -> None:
    """Be that stranger once.  Raises AssertionError for an answer that is not a stable one."""
    data = case.request.render(device)
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        with suppress(trio.BrokenResourceError):  # refused before all of it was sent
            await stream.send_all(data)
        if case.ending == RESET:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if case.ending != STAY:
            return
        with suppress(OSError):  # closed from the other side already
            stream.socket.shutdown(socket.SHUT_WR)
        judge(await hear_all(stream))


def judge(heard: bytes) -> None:
    """Whole HTTP answers with a known status, and frames in each of the protocol's; or nothing."""
    while heard:
        heard = _judge_one(heard)


def _judge_one(heard: bytes) -> bytes:
    """Judge the first answer; what follows it."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "hub")]))
    client.send(h11.EndOfMessage())
    client.receive_data(heard)
    client.receive_data(b"")
    body, kind = b"", ""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            assert event.status_code in STATUSES, event
            kind = dict(event.headers).get(b"content-type", b"").decode()
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            assert isinstance(event, h11.InformationalResponse), event
    if kind == CONTENT_TYPE:
        judge_frames(body)
    else:
        assert body.strip(), "an answer without a sentence"
    return bytes(client.trailing_data[0])


def judge_frames(body: bytes) -> str:
    """Whole frames, the last of which ends the answer; the code of a refusal or ''."""
    reader = FrameReader()
    frames = list(reader.feed(body))
    reader.finish()
    assert frames, "an answer without frames"
    assert frames[-1].last
    if frames[-1].type is not FrameType.ERR:
        return ""
    error = unpack(frames[-1].payload)
    assert error["code"] in CODES, error
    assert error["code"] != "INTERNAL", error
    assert error["message"], error
    return str(error["code"])
