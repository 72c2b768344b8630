"""Finds the daemon: reads environment and files, by the rules of ``satchel.config``.

Light on purpose: ``satchel status`` goes through here, and its budget is a few
milliseconds.  Connects to nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from satchel.config import Layout, Settings, check_socket_path, locate, parse_settings
from satchel.model.errors import Denied, Mistake, Unavailable


class Address(NamedTuple):
    """Where the daemon listens: a Unix socket, or a loopback port with its token."""

    path: str | None
    host: str = ""
    port: int = 0
    token: str | None = None

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def find_layout(home: str | None = None) -> Layout:
    """The folders of this user, or those under ``home`` (relative to the current folder).

    Raises :class:`Mistake` BAD_SETTING.
    """
    chosen = home or os.environ.get("SATCHEL_HOME")
    return locate(os.environ, os.path.expanduser("~"), os.path.abspath(chosen) if chosen else None)


def read_settings(layout: Layout) -> Settings:
    """The settings of this layout; defaults where there is no file.

    Raises :class:`Mistake` BAD_SETTING, also for a file that cannot be read.
    """
    try:
        with open(layout.settings, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as broken:
        raise Mistake(
            "BAD_SETTING",
            f"{layout.settings} cannot be read: {broken}.",
            "Make it a UTF-8 text file that you may read, or remove it.",
        ) from None
    return parse_settings(text, layout.settings)


def find_address(layout: Layout) -> Address:
    """Where the daemon of this layout says it listens.

    Raises :class:`Unavailable` NOT_RUNNING where there is neither socket nor port file.
    """
    if os.path.exists(layout.socket):
        check_socket_path(layout.socket)
        return Address(layout.socket)
    try:
        with open(layout.tcp, encoding="ascii") as file:
            host, port, token = file.read().split()
        return Address(None, host, int(port), token)
    except (OSError, ValueError):
        raise not_running(layout) from None


def not_running(layout: Layout) -> Unavailable:
    """The error for a daemon that does not answer; its remedy starts one."""
    home = f" --home {layout.home}" if layout.home else ""
    return Unavailable(
        "NOT_RUNNING",
        f"The daemon is not running: nothing answers at {layout.socket}.",
        f"Start it with: satchel start{home}",
        {"socket": layout.socket},
    )


def not_allowed(address: Address) -> Denied:
    """The error for a socket that the system will not let this user use."""
    return Denied(
        "NOT_ALLOWED",
        f"You may not use the daemon at {address}.",
        "Use the account that runs it, or give another --home.",
    )


def no_answer() -> Unavailable:
    """The error for an answer that did not come in time."""
    return Unavailable(
        "TIMEOUT", "The daemon did not answer in time.", "It may be busy: see `satchel status`."
    )
