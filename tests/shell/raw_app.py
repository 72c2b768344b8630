"""An app that speaks bytes: what a test says to the server is not what a client would."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Any, Self

from satchel.config import Layout
from satchel.wire.codec import pack, unpack

HELLO: dict[str, Any] = {"satchel": 1, "proto": [1, 1], "client": "raw"}
PATIENCE_S = 20.0


def framed(plain: Any) -> bytes:
    """Plain values as one frame."""
    body = pack(plain)
    return struct.pack(">I", len(body)) + body


class RawApp:
    """One connection, closed with ``with``."""

    def __init__(self, layout: Layout, *, hello: dict[str, Any] | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_S)
        try:
            self.socket.connect(layout.socket)
        except OSError:
            self.socket.close()
            raise
        self.session: bytes = b""
        if hello is not None:
            self.say(hello)
            answer = self.hear()
            assert isinstance(answer, dict)
            self.session = answer.get("session", b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def say(self, *plain: Any) -> None:
        """Send each as a frame, all in one go."""
        self.send(b"".join(map(framed, plain)))

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a server that has hung up already is no error here."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def hear(self) -> Any:
        """The next frame's plain values; None at the end."""
        head = self._read(4)
        if len(head) < 4:
            return None
        return unpack(self._read(struct.unpack(">I", head)[0]))

    def hear_all(self) -> list[Any]:
        """Every frame until the server closes."""
        return list(iter(self.hear, None))

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                piece = self.socket.recv(length - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                return data
            data += piece
        return data
