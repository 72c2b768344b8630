"""What ``satchel doctor`` can see without the daemon: folders, permissions, the socket.

What only the running daemon knows, the clock against the hub's and the hub itself, it
checks itself (the command ``doctor`` of the local API).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from typing import NamedTuple

from satchel.client.discover import find_layout, read_settings
from satchel.model.errors import SatchelError


class Check(NamedTuple):
    """One thing looked at; ``remedy`` says what to do where it is not ``ok``."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


def local_checks() -> Iterator[Check]:
    """Settings, folders and the socket of this user's (or this home's) daemon."""
    try:
        layout = find_layout()
        read_settings(layout)
    except SatchelError as error:
        yield Check("settings", False, error.message, error.remedy)
        return
    there = os.path.exists(layout.settings)
    yield Check("settings", True, layout.settings if there else f"{layout.settings}: defaults")
    for name, path in (("data", layout.data), ("run", layout.run), ("logs", layout.logs)):
        yield folder_check(f"{name} folder", path)
    yield socket_check(layout.socket)


def folder_check(name: str, path: str) -> Check:
    """Whether a folder is there, ours, writable and closed to others."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return _missing_folder(name, path)
    except OSError as broken:
        return Check(name, False, f"{path}: {broken.strerror}.", "See who owns the folders above.")
    if not stat.S_ISDIR(found.st_mode):
        return Check(name, False, f"{path} is not a folder.", "Move the file away.")
    if found.st_uid != os.getuid():
        return Check(
            name,
            False,
            f"{path} belongs to another user.",
            f"Run: sudo chown -R {os.getuid()} {path}",
        )
    if not os.access(path, os.W_OK | os.X_OK):
        return Check(name, False, f"{path} cannot be written.", f"Run: chmod 700 {path}")
    if found.st_mode & 0o077:
        return Check(name, False, f"{path} is open to others.", f"Run: chmod 700 {path}")
    return Check(name, True, path)


def _missing_folder(name: str, path: str) -> Check:
    """A folder that is not there yet can be made if the nearest one above is writable."""
    above = os.path.dirname(path)
    while not os.path.exists(above) and above != "/":
        above = os.path.dirname(above)
    if os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK):
        return Check(name, True, f"{path}: made when it is needed")
    return Check(
        name,
        False,
        f"{path} cannot be made in {above}.",
        "Give --home a folder that you may write to.",
    )


def socket_check(path: str) -> Check:
    """Whether something answers at the daemon's socket, and what lies there if not."""
    name = "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.settimeout(2.0)
            line.connect(path)
        except FileNotFoundError:
            return Check(name, True, f"{path}: made when the daemon starts")
        except ConnectionRefusedError:
            return Check(name, True, f"{path}: left by a daemon that was killed; start replaces it")
        except PermissionError:
            return Check(
                name, False, f"{path} is not yours to use.", "Use the account that runs the daemon."
            )
        except OSError as broken:
            if broken.errno is None or broken.errno == errno.ENAMETOOLONG:
                return Check(
                    name,
                    False,
                    f"{path} is too long for a socket.",
                    "Choose a shorter --home, or a shorter XDG_RUNTIME_DIR.",
                )
            return Check(name, False, f"{path}: {broken}.", "Run: satchel stop && satchel start")
    if os.stat(path).st_mode & 0o077:
        return Check(name, False, f"{path} is open to others.", f"Run: chmod 600 {path}")
    return Check(name, True, path)
