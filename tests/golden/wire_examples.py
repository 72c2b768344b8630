"""The examples of frames between device and hub, and of signed requests."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zlib import crc32

import zstandard

from satchel.hub import answers, requests
from satchel.model.errors import Unavailable
from satchel.sync.answers import read_answer
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import SYNC_PATH, parse_auth, sign_request
from satchel.wire.frame import COMPRESSED, Frame, FrameReader, FrameType, encode, read_error
from tests.golden import fixed
from tests.golden.byte_examples import Build
from tests.golden.example import Example
from tests.golden.story import Story

_REQUESTS: Mapping[FrameType, Callable[[Frame], object]] = {
    FrameType.HELLO: requests.read_hello,
    FrameType.ENROL: requests.read_enrol,
    FrameType.SCHEMA: requests.read_schema,
    FrameType.PUSH: requests.read_push,
    FrameType.PULL: requests.read_pull,
}


def decoded(data: bytes) -> Frame:
    """The one frame that fills these bytes."""
    reader = FrameReader()
    (frame,) = reader.feed(data)
    reader.finish()
    return frame


def _read(data: bytes) -> Any:
    """As the receiver of such a frame reads it: by its type, field by field."""
    frame = decoded(data)
    payload = unpack(frame.payload)
    if frame.type in _REQUESTS:
        _REQUESTS[frame.type](frame)
    elif frame.type is FrameType.ERR:
        assert read_error(frame).code == payload["code"]
    elif frame.type is not FrameType.ENROLLED:
        read_answer(frame.type, payload)
    return {
        "type": frame.type.name,
        "flags": frame.flags,
        "req": frame.req,
        "payload": payload,
    }


def _write(meaning: Any) -> bytes:
    kind = FrameType[meaning["type"]]
    return encode(Frame(kind, meaning["flags"], meaning["req"], pack(meaning["payload"])))


def _frame(frame: Frame) -> Example:
    return Example(encode(frame), _read, _write)


def _said(kind: FrameType, which: int, story: Story) -> Example:
    """A frame of the story: the first of its type (0) or the last (-1)."""
    return _frame([frame for frame in story.device.frames if frame.type is kind][which])


def _of(answer: answers.Answer) -> Example:
    (data,) = answer.frames
    return _frame(decoded(data))


def _compressed(_story: Story) -> Example:
    """A frame that only a reader is held to: another compressor makes other bytes.

    Its payload is shorter than what the production code would compress.
    """
    small = zstandard.ZstdCompressor(write_content_size=True).compress(pack({"version": 1}))
    head = struct.pack(">IBBI", 10 + len(small), FrameType.SCHEMA, COMPRESSED, 4)
    return Example(head + small + struct.pack(">I", crc32(head + small)), _read, _write)


FRAMES: dict[str, Build] = {
    "frame-enrol": partial(_said, FrameType.ENROL, 0),
    "frame-enrolled": partial(_said, FrameType.ENROLLED, 0),
    "frame-hello": partial(_said, FrameType.HELLO, 0),
    "frame-hello-ok": partial(_said, FrameType.HELLO_OK, 0),
    "frame-schema": partial(_said, FrameType.SCHEMA, 0),
    "frame-schema-ok": lambda _: _of(answers.schema_ok(4, 1, pack({"version": 1}))),
    "frame-push": partial(_said, FrameType.PUSH, -1),
    "frame-pushed": partial(_said, FrameType.PUSHED, -1),
    "frame-pull": partial(_said, FrameType.PULL, -1),
    "frame-page": partial(_said, FrameType.PAGE, 0),
    "frame-more": lambda story: _frame(story.short[-1]),
    "frame-flip": partial(_said, FrameType.FLIP, -1),
    "frame-err": lambda _: _of(
        answers.refused(11, Unavailable("RETRY_LATER", "The hub cannot store anything now."))
    ),
    "frame-compressed": _compressed,
}
"""Name to builder."""

READ_ONLY = frozenset({"frame-compressed"})
"""Examples whose bytes another writer need not make."""


def auth_lines(_story: Story) -> dict[str, str]:
    """A signed PULL: what is hashed and signed, and the header that says so."""
    body = encode(Frame(FrameType.PULL, 0, 5, pack({"cursor": None, "max": 1 << 20, "wait": 0})))
    header = sign_request(fixed.ONE_SECRET, "POST", SYNC_PATH, fixed.LINK, 1, body)
    assert parse_auth(header).n == 1
    return {"body": body.hex(), "satchel-auth": header}
