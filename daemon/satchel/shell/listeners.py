"""Where the daemon listens for apps, and who may connect.

A Unix socket (mode 0600, in a private folder) tells by itself who is at the other end.
Where there is none, or on demand, a loopback port does, behind a token that only this user
can read.  Owns addresses, permissions and peer credentials; no frames.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import stat
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

import trio

from satchel.config import check_socket_path
from satchel.model.errors import Clash, Denied, Trouble

_UCRED: Final = Struct("3i")  # struct ucred of Linux: pid, uid, gid
_TOKEN_BYTES: Final = 32
_BACKLOG: Final = 128


class Peer(NamedTuple):
    """The process at the other end, as the system tells; pid 0 where it does not."""

    uid: int
    pid: int


def can_serve_unix() -> bool:
    """Whether this system has Unix sockets that tell who connects."""
    return hasattr(socket, "AF_UNIX") and hasattr(socket, "SO_PEERCRED")


async def listen_unix(path: str) -> trio.SocketListener:
    """Listen on a Unix socket, in a folder of mode 0700 that is made where it is missing.

    A socket left behind by a daemon that was killed is replaced.  Raises BAD_SETTING (the
    path is too long), ALREADY_RUNNING, or NOT_ALLOWED (the folder is somebody else's).
    """
    check_socket_path(path)
    make_private_folder(Path(path).parent)
    await _clear(path)
    listening = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
    try:
        await listening.bind(path)
        os.chmod(path, 0o600)  # before it listens: until then nobody can connect
        listening.listen(_BACKLOG)
    except OSError as refused:
        listening.close()
        raise Trouble(
            "CHECK_FAILED",
            f"The daemon cannot listen at {path}: {refused.strerror}.",
            "See `satchel doctor`.",
        ) from None
    return trio.SocketListener(listening)


async def listen_tcp(file: str) -> tuple[trio.SocketListener, str]:
    """Listen on a free loopback port.  Writes address and token to ``file`` (mode 0600) and
    returns the token too.  Raises NOT_ALLOWED where its folder is somebody else's.
    """
    make_private_folder(Path(file).parent)
    listening = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_STREAM)
    await listening.bind(("127.0.0.1", 0))
    listening.listen(_BACKLOG)
    host, port = listening.getsockname()
    token = secrets.token_hex(_TOKEN_BYTES)
    _write_private(file, f"{host} {port} {token}\n")
    return trio.SocketListener(listening), token


def peer_of(stream: trio.SocketStream) -> Peer:
    """Who is at the other end of a Unix socket."""
    raw = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(raw)
    return Peer(uid, pid)


def check_peer(peer: Peer, own_uid: int) -> None:
    """Raise NOT_ALLOWED unless the peer is this daemon's own user, or the system's."""
    if peer.uid not in (own_uid, 0):
        raise Denied(
            "NOT_ALLOWED",
            f"This daemon belongs to user {own_uid}; user {peer.uid} may not use it.",
            "Start a daemon of your own with: satchel start",
        )


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, or see that it is one.

    Raises NOT_ALLOWED where it belongs to somebody else or is no folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Denied(
            "NOT_ALLOWED",
            f"{folder} is not a folder of yours, so nothing private can lie in it.",
            "Remove it, or choose another --home or XDG_RUNTIME_DIR.",
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _write_private(file: str, text: str) -> None:
    """Put text where only this user reads it; a reader sees the old file or the new one."""
    fresh = f"{file}.new"
    with suppress(FileNotFoundError):
        os.unlink(fresh)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as written:
        written.write(text)
    os.replace(fresh, file)


async def _clear(path: str) -> None:
    """Remove the socket of a daemon that is gone.  Raises ALREADY_RUNNING where it is not."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Clash(
            "ALREADY_EXISTS",
            f"{path} is in the way: it is not a socket.",
            "Remove it, or choose another --home.",
        )
    with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM) as probe:
        try:
            await probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except OSError as full:
            if full.errno != errno.EAGAIN:  # as many are waiting as may: somebody is there
                raise
    raise Clash(
        "ALREADY_RUNNING",
        f"A daemon is already serving {path}.",
        "Use that one, or stop it with: satchel stop",
    )
