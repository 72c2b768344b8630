"""``satchel status`` in a few milliseconds: one constant question, one expected answer.

People put their status line into a prompt and look at it all day, so it may cost little
more than the interpreter itself: at most 2.5 times ``python -c pass`` (typer alone costs
14 times that, ``socket`` and ``msgpack`` 0.9).  So this module speaks the local API
byte by byte: the greeting and the question are constants, and exactly one form of answer
is understood.  Whatever else comes, from no daemon at all to one of another version, is
left to the long way (``program``), which says what is wrong.

Must import nothing that the interpreter has not loaded at its start, but ``_socket`` (the C
part of ``socket``).  That these bytes and paths are those of ``satchel.api`` and
``satchel.config`` is held by tests.
"""

from __future__ import annotations

import os
import sys

from satchel_cli import __version__

TIMEOUT_S = 2.0
"""After this the long way is taken, which waits longer and says so."""

WIDTH_MIN, WIDTH_MAX, WIDTH_DEFAULT = 20, 1000, 80
_CHUNK_BYTES = 1 << 16
_ANSWER_BYTES_MAX = 1 << 20


def answer(as_json: bool) -> int | None:
    """Print the daemon's status and return the exit code; None to take the long way.

    None too where the answer cannot be printed: the long way will say why.
    """
    try:
        answered = read_answer(_ask(socket_path(), greeting() + question(_width(), as_json)))
        if answered is None:
            return None
        text, code = answered
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except (ImportError, OSError):
        return None
    return code


def socket_path() -> str:
    """Where the daemon listens, by the rule of ``satchel.config``."""
    home = os.environ.get("SATCHEL_HOME")
    if home:
        return f"{os.path.abspath(home).rstrip('/')}/run/daemon.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        return f"{runtime}/satchel/daemon.sock"
    state = os.environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        state = f"{os.path.expanduser('~')}/.local/state"
    return f"{state}/satchel/run/daemon.sock"


def greeting() -> bytes:
    """The first frame: no session, no organisation, no token."""
    name = f"cli/{__version__}".encode()
    body = (
        b"\x86\xa7satchel\x01\xa5proto\x92\x01\x01\xa6client"
        + bytes((0xA0 | len(name),))
        + name
        + b"\xa7session\xc0\xa3org\xc0\xa5token\xc0"
    )
    return len(body).to_bytes(4, "big") + body


def question(width: int, as_json: bool) -> bytes:
    """The second frame: request 1, ``status.text`` for a terminal of this width."""
    body = (
        b"\x94\x01\x00\xabstatus.text\x82\xa5width\xcd"
        + width.to_bytes(2, "big")
        + (b"\xa4json\xc3" if as_json else b"\xa4json\xc2")
    )
    return len(body).to_bytes(4, "big") + body


def read_answer(got: bytes) -> tuple[str, int] | None:
    """Text and exit code from the bytes of both answers; None unless they are as expected."""
    version = __version__.encode()
    welcome, rest = _split(got)
    expected = b"\x87\xa7satchel\x01\xa5proto\x01\xa7version" + bytes((0xA0 | len(version),))
    if not welcome.startswith(expected + version + b"\xa7session"):
        return None
    body, rest = _split(rest)
    head = b"\x93\x01\x00\x82\xa4text"
    if rest or not body.startswith(head):
        return None
    start, length = _text_at(body, len(head))
    end = start + length
    if body[end:-1] != b"\xa4exit" or body[-1] > 0x7F:
        return None
    try:
        return body[start:end].decode(), body[-1]
    except UnicodeDecodeError:
        return None


def _ask(path: str, words: bytes) -> bytes:
    """Greet and ask in one go; the bytes of the two answers, or fewer where they end early."""
    from _socket import AF_UNIX, SOCK_STREAM
    from _socket import socket as Socket  # noqa: N812 - it is a class, whatever C calls it

    line = Socket(AF_UNIX, SOCK_STREAM)
    try:
        line.settimeout(TIMEOUT_S)
        line.connect(path)
        line.sendall(words)
        got = b""
        while not _is_whole(got) and len(got) < _ANSWER_BYTES_MAX:
            chunk = line.recv(_CHUNK_BYTES)
            if not chunk:
                break
            got += chunk
        return got
    finally:
        line.close()


def _is_whole(got: bytes) -> bool:
    """Whether two frames are there."""
    first = 4 + int.from_bytes(got[:4], "big")
    return len(got) >= first + 4 and len(got) >= first + 4 + int.from_bytes(
        got[first : first + 4], "big"
    )


def _split(got: bytes) -> tuple[bytes, bytes]:
    """The body of the first frame, and what follows it."""
    end = 4 + int.from_bytes(got[:4], "big")
    return got[4:end], got[end:]


def _text_at(body: bytes, place: int) -> tuple[int, int]:
    """Where a msgpack text begins and its length; a length of -1, never met, for no text."""
    kind = body[place] if place < len(body) else 0
    if 0xA0 <= kind <= 0xBF:
        return place + 1, kind & 0x1F
    size = {0xD9: 1, 0xDA: 2, 0xDB: 4}.get(kind)
    if size is None:
        return place, -1
    start = place + 1 + size
    return start, int.from_bytes(body[place + 1 : start], "big")


def _width() -> int:
    try:
        columns = os.get_terminal_size(1).columns
    except OSError:
        return WIDTH_DEFAULT
    return max(WIDTH_MIN, min(columns, WIDTH_MAX)) if columns else WIDTH_DEFAULT
