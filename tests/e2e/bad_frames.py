"""What bad apps say on a daemon's socket, as hypothesis strategies, and saying it.

Owns the cases (frames truncated, oversized, random, of other versions, in the wrong order,
with arguments of wrong kinds) and what every answer to them must look like.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import trio
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.api.messages import COMMANDS, OPS
from satchel.model.errors import CODES
from satchel.model.limits import FRAME_BYTES_MAX
from satchel.wire.codec import unpack
from tests.e2e.hazards import blows, broken_msgpack, damage, noise, odd_values, spoil
from tests.shell.raw_app import HELLO, framed

ROW: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
GARBLED: Final = {"BAD_FRAME", "FRAME_TOO_BIG", "BAD_VERSION"}

STAY: Final = "closes its sending side and reads to the end"
LEAVE: Final = "closes at once"
RESET: Final = "resets the connection"

ENDING_COMMANDS: Final = {"stop", "org.leave", "join"}
"""Commands that end something or go elsewhere: asked properly they would be obeyed."""


class Case(NamedTuple):
    """One connection of a bad app: whether it greets first, what it sends, how it goes."""

    greets: bool
    data: bytes
    ending: str


_GOOD: Final = (
    framed([1, 0, "list", {"table": "account"}]),
    framed([1, 0, "upsert", {"table": "account", "id": ROW, "columns": {"name": "Contoso"}}]),
    framed([1, 0, "ping", {}]) + framed([2, 1, "status", {}]),
    framed(HELLO),
)
_ARGUMENTS: Final[dict[str, Any]] = {
    "table": "account", "id": ROW, "columns": {"name": "Contoso"}, "version": "1.1",
    "relationship": "contactleads_association", "left": ROW, "right": ROW, "limit": 3,
    "after": ROW, "since": 0, "ctr": 1, "until": "decided", "timeout_ms": 1, "request": 1,
    "ops": [{"do": "create", "table": "account", "columns": {"name": "Contoso"}}],
    "action": "now", "name": "account", "side": "left", "replica": "00" * 8,
}  # fmt: skip
_NAMES: Final = sorted(COMMANDS.keys() - ENDING_COMMANDS)


def _with_length(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def _spoilt_request(drawn: tuple[str, int, Any]) -> bytes:
    name, which, value = drawn
    given = {each: _ARGUMENTS.get(each, value) for each in COMMANDS[name].arguments}
    return framed([1, 0, name, spoil(given, which, value) if given else {"more": value}])


def _spoilt_op(drawn: tuple[str, int, Any]) -> bytes:
    do, which, value = drawn
    op = {each: _ARGUMENTS[each] for each in COMMANDS[do].arguments}
    return framed([1, 0, "change", {"ops": [spoil({"do": do, **op}, which, value)]}])


def _spoilt_greeting(drawn: tuple[int, Any]) -> bytes:
    which, value = drawn
    full = {**HELLO, "session": None, "org": None, "token": None}
    return framed(spoil(full, which, value))


_spoilt: SearchStrategy[bytes] = st.one_of(
    st.tuples(st.sampled_from(_NAMES), st.integers(0, 99), odd_values).map(_spoilt_request),
    st.tuples(st.sampled_from(OPS), st.integers(0, 99), odd_values).map(_spoilt_op),
    st.tuples(odd_values, odd_values, odd_values, odd_values).map(lambda four: framed([*four])),
    st.tuples(st.integers(0, 99), odd_values).map(_spoilt_greeting),
    st.tuples(st.integers(2, 1 << 32), odd_values).map(
        lambda drawn: framed({**HELLO, "satchel": drawn[0], "proto": drawn[1]})
    ),
    st.tuples(st.integers(-3, 9), st.integers(-3, 9)).map(
        lambda versions: framed({**HELLO, "proto": [*versions]})
    ),
)
_torn: SearchStrategy[bytes] = st.one_of(
    noise,
    noise.map(_with_length),
    broken_msgpack.map(_with_length),
    odd_values.map(framed),
    st.tuples(st.sampled_from(_GOOD), blows).map(lambda drawn: damage(*drawn)),
    st.tuples(st.integers(FRAME_BYTES_MAX + 1, (1 << 32) - 1), noise).map(
        lambda drawn: struct.pack(">I", drawn[0]) + drawn[1]
    ),
    st.sampled_from((FRAME_BYTES_MAX + 1, 1 << 31)).map(
        lambda length: struct.pack(">I", length) + bytes(200_000)
    ),
    st.sampled_from((b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"{}\n", bytes(64))),
)

cases: SearchStrategy[Case] = st.builds(
    Case,
    st.booleans(),
    st.one_of(
        _torn,
        _spoilt,
        st.tuples(_spoilt, _torn).map(b"".join),
        st.tuples(st.sampled_from(_GOOD), _torn).map(b"".join),
    ),
    st.sampled_from((STAY, STAY, STAY, STAY, LEAVE, RESET)),
)


async def play(path: str, case: Case) -> None:
    """Be that app once.  Raises AssertionError for an answer that is not a stable one."""
    with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM) as app:
        await app.connect(path)
        stream = trio.SocketStream(app)
        with suppress(trio.BrokenResourceError):  # refused before all of it was sent
            await stream.send_all((framed(HELLO) if case.greets else b"") + case.data)
        if case.ending == RESET:
            app.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if case.ending != STAY:
            return
        with suppress(OSError):  # closed from the other side already
            app.shutdown(socket.SHUT_WR)
        judge(case, await hear_all(stream))


async def hear_all(stream: trio.SocketStream) -> bytes:
    """Everything the other side says until it closes."""
    heard = bytearray()
    # What it had not read makes its end a reset; what it said before has arrived.
    with suppress(trio.BrokenResourceError):
        async for data in stream:
            heard += data
    return bytes(heard)


def judge(case: Case, heard: bytes) -> None:
    """Whole frames, each a greeting, an answer or a refusal with a stable code."""
    answers = list(_frames(heard))
    if case.greets and answers:
        welcome = answers.pop(0)
        assert isinstance(welcome, dict), welcome
        assert "session" in welcome, welcome
    for position, answer in enumerate(answers):
        code = _code_of(answer)
        if code is not None:
            assert code in CODES, answer
            assert code != "INTERNAL", answer
        if code in GARBLED:
            assert position == len(answers) - 1, "said after the protocol was broken"
    if case.data and not case.greets:
        assert answers, "a stranger was not answered"


def _code_of(answer: Any) -> str | None:
    match answer:
        case {"error": {"code": str(code), "message": str(_), "remedy": str(_)}}:
            return code
        case {"session": bytes(_)} | [int(_), 0, _] | [int(_), 2, dict(_)]:
            return None
        case [int(_), 1, {"code": str(code), "message": str(_), "remedy": str(_)}]:
            return code
    raise AssertionError(f"not an answer of the local API: {answer!r}")


def _frames(heard: bytes) -> Iterator[Any]:
    at = 0
    while at < len(heard):
        (length,) = struct.unpack_from(">I", heard, at)
        body = heard[at + 4 : at + 4 + length]
        assert len(body) == length, "the last answer is cut"
        yield unpack(body)
        at += 4 + length
