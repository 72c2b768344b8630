"""The life of a daemon process: settings, log, sockets, signals, drain.

SIGTERM and SIGINT, and the command ``stop``, end it the same way: nobody new is accepted,
every answer that was begun is sent, then the stores are closed and the exit code is 0.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from pathlib import Path

import trio

import satchel
from satchel.config import Layout, Settings, locate, parse_settings
from satchel.shell import clock
from satchel.shell.daemon import Daemon
from satchel.shell.listeners import (
    can_serve_unix,
    listen_tcp,
    listen_unix,
    make_private_folder,
)
from satchel.shell.logs import start_logging
from satchel.shell.server import Server

logger = logging.getLogger(__name__)

_DRAIN_S = 10.0
"""How long answers that were begun may take; an app that reads nothing does not keep us."""


def find_layout(home: str | None) -> Layout:
    """The layout that this environment and ``--home`` mean."""
    absolute = str(Path(home).absolute()) if home else None
    return locate(os.environ, str(Path.home()), absolute)


def read_settings_file(layout: Layout) -> Settings:
    """The settings of a layout; defaults where there is no file.  Raises BAD_SETTING."""
    try:
        text = Path(layout.settings).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    return parse_settings(text, layout.settings)


def main(home: str | None = None, tcp: bool = False) -> None:
    """Run a daemon until it is told to stop.  Raises model errors if it cannot start."""
    layout = find_layout(home)
    settings = read_settings_file(layout)
    make_private_folder(Path(layout.data))
    make_private_folder(Path(layout.logs))
    start_logging(layout.logs, "satcheld", settings.daemon.log_level)
    trio.run(_run, layout, settings, tcp or settings.daemon.tcp or not can_serve_unix())


async def _run(layout: Layout, settings: Settings, tcp: bool) -> None:
    daemon = Daemon(layout, settings, socket.gethostname())
    token = None
    if tcp:
        listener, token = await listen_tcp(layout.tcp)
    else:
        listener = await listen_unix(layout.socket)
    server = Server(daemon, now_ms=clock.now_ms, chance=clock.fresh_bytes, token=token)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(daemon.run)
            nursery.start_soon(_stop_on_signal, daemon.stopping)
            logger.info("satcheld %s started, process %d", satchel.__version__, os.getpid())
            async with trio.open_nursery() as serving:
                await serving.start(server.serve, [listener])
                await daemon.stopping.wait()
                serving.cancel_scope.deadline = trio.current_time() + _DRAIN_S
                server.drain()
            nursery.cancel_scope.cancel()
    finally:
        _remove(layout.tcp if tcp else layout.socket)
    logger.info("satcheld stopped")


async def _stop_on_signal(stopping: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for _ in received:
            stopping.set()


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)
