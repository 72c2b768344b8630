"""Which daemon is meant, and the connection to it.

Owns the environment of a command: the home (``app`` has put ``--home`` into
``SATCHEL_HOME``), the folders that follow from it, and the word about versions that differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from satchel.client.blocking import Client, connect
from satchel.client.discover import find_layout
from satchel_cli import __version__
from satchel_cli.output import note

DAEMON_LOG: Final = "satcheld.log"
DAEMON_OUTPUT: Final = "satcheld.out"
HUB_LOG: Final = "hub.log"


@contextmanager
def daemon(org: str | None = None) -> Iterator[Client]:
    """A connection to the running daemon, closed at the end.

    ``org``: which organisation, where it has joined several.  Raises NOT_RUNNING and
    whatever else ``satchel.client.connect`` does.
    """
    with connect(org=org) as client:
        if client.daemon_version != __version__:
            note(other_version(client.daemon_version))
        yield client


def home_arguments() -> list[str]:
    """``--home DIR`` as ``satcheld`` takes it, where a home was given."""
    home = find_layout().home
    return ["--home", home] if home else []


def absolute(path: str) -> str:
    """A path that means the same to a process with another current folder."""
    return os.path.abspath(os.path.expanduser(path))


def other_version(daemon_version: str) -> str:
    """What to do when the running daemon is of another version than this command."""
    home = "".join(f" {word}" for word in home_arguments())
    return (
        f"satchel: the running daemon is version {daemon_version}, this command {__version__}.\n"
        f"  Restart it, so that both are the one installed: "
        f"satchel stop{home} && satchel start{home}"
    )
