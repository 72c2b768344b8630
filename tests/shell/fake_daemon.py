"""A daemon without a store: speaks the real local API from a thread, answers what it is told.

What it is asked is checked against the index of commands, as the daemon does, so that a
command line which says what no daemon takes fails here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from satchel import __version__
from satchel.api.connection import (
    Answer,
    Connection,
    Ended,
    Event,
    Failure,
    Hello,
    Message,
    Request,
    Welcome,
)
from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import COMMANDS, WATCHING, Command, check_request, find_command
from satchel.model.errors import SatchelError

Reply = Any | SatchelError | Callable[[dict[str, Any]], Any]
"""What a command answers: a value, an error, or a function of the arguments."""


class Watched(NamedTuple):
    """What a watching command answers: events, and the result at the end."""

    events: list[dict[str, Any]]
    result: Any = None


class FakeDaemon:
    """Serves a socket.  ``replies`` may be changed while it runs."""

    def __init__(
        self, path: Path, index: Mapping[str, Command], replies: Mapping[str, Reply], version: str
    ) -> None:
        self.replies = dict(replies)
        self._index = index
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Commands with the arguments as they were given, nils and defaults left out."""
        self.version = version
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen()
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Accept nobody more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                line, _ = self._listener.accept()
                Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        connection = Connection("server")
        with line, suppress(ConnectionError):
            while True:
                message = connection.next_event()
                match message:
                    case None:
                        connection.receive_data(line.recv(65536))
                    case Ended():
                        return
                    case Hello():
                        welcome = Welcome(
                            self.version, bytes(16), "Adventure Works", "Fay Field", 1
                        )
                        line.sendall(connection.send(welcome))
                    case Request():
                        for answer in self._answers(message):
                            line.sendall(connection.send(answer))

    def _answers(self, request: Request) -> Iterator[Message]:
        self.asked.append((request.command, request.arguments))
        try:
            command = find_command(request.command, self._index)
            arguments = check_request(command, request.arguments)
            reply = self.replies[request.command]
            answered = reply(arguments) if callable(reply) else reply
            if isinstance(answered, SatchelError):
                raise answered
        except SatchelError as error:
            yield Failure(request.n, error)
            return
        if command.access == WATCHING:
            yield from (Event(request.n, event) for event in answered.events)
            answered = answered.result
        yield Answer(request.n, answered)


@contextmanager
def fake_daemon(
    home: Path, replies: Mapping[str, Reply], version: str = __version__
) -> Iterator[FakeDaemon]:
    """A fake daemon under this home while the block runs."""
    yield from _serve(home, "daemon.sock", COMMANDS, replies, version)


@contextmanager
def fake_hub(home: Path, replies: Mapping[str, Reply]) -> Iterator[FakeDaemon]:
    """A fake hub that takes its administrator's orders under this home."""
    yield from _serve(home, "hub.sock", HUB_COMMANDS, replies, __version__)


def _serve(
    home: Path, name: str, index: Mapping[str, Command], replies: Mapping[str, Reply], version: str
) -> Iterator[FakeDaemon]:
    path = home / "run" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    daemon = FakeDaemon(path, index, replies, version)
    try:
        yield daemon
    finally:
        daemon.close()
        path.unlink()
