"""The life of a hub process, and what an administrator does without one.

``run``: lock, stores, ports, signals, drain.  ``init`` and ``call`` open the stores of a
hub that does not run.  SIGTERM, SIGINT and the order ``stop`` end a hub the same way: no
request is begun any more, those that run are answered, and the exit code is 0.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import Any, Final

import trio

import satchel
from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import check_request, find_command
from satchel.config import HubSettings, Layout, parse_listen
from satchel.hub.orders import carry_out, choose, status
from satchel.hub.reception import Reception
from satchel.model.errors import Missing, Mistake, Trouble, Unavailable
from satchel.shell import clock
from satchel.shell.http_server import Listener, open_listeners, serve_http, tls_context
from satchel.shell.hub_address import check_hub_url
from satchel.shell.hub_admin import HubAdmin, hub_report, moment, outside
from satchel.shell.hub_home import close_desks, found_org, hub_lock, open_desks
from satchel.shell.hub_server import HubServer
from satchel.shell.import_watch import begin_import
from satchel.shell.listeners import listen_unix, make_private_folder
from satchel.shell.logs import start_logging
from satchel.shell.run import find_layout, read_settings_file
from satchel.shell.server import Server
from satchel.shell.store_thread import StoreThread

log = logging.getLogger(__name__)

LOG_NAME: Final = "hub"
READY: Final = "satchel hub ready on"
"""A running hub's first line on stdout: this and its addresses."""


class _Port:
    """Where a hub listens, settings and options taken together."""

    def __init__(self, settings: HubSettings, insecure: bool) -> None:
        """Raises Denied INSECURE for plain HTTP beyond this machine, Mistake BAD_SETTING for
        a certificate that cannot be read."""
        self.host, self.port = parse_listen(settings.listen)
        self.tls = _tls(settings) if settings.certificate else None
        self.scheme = "https" if self.tls is not None else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        check_hub_url(f"{self.scheme}://{host}", insecure)


def init(name: str, listen: str | None, home: str | None) -> None:
    """Found an organisation; ``listen`` becomes the setting of that name.

    Raises Clash ALREADY_EXISTS or ALREADY_RUNNING; Mistake.
    """
    layout = find_layout(home)
    if listen is not None:
        parse_listen(listen)
        _refuse_present_settings(layout, listen)
    with hub_lock(layout):
        folder = found_org(layout, name)
    if listen is not None:
        _write_settings(layout, listen)
    _say(f"Founded {name} in {folder}.")


def call(command: str, home: str | None) -> None:
    """Carry out one order on the stores of a hub that does not run.

    Its arguments come as JSON on stdin, its result goes as JSON to stdout.
    """
    layout = find_layout(home)
    entry = find_command(command, HUB_COMMANDS)
    arguments = check_request(entry, _read_arguments(sys.stdin.read()))
    if command in ("ping", "stop", "cancel"):
        raise Unavailable("NOT_RUNNING", "No hub is running.", "Start it with: satchel hub run")
    with hub_lock(layout):
        desks = open_desks(layout)
        try:
            if command == "hub.status":
                orgs = status(desks, moment(None))
                result: Any = {"hub": hub_report(_home(layout), None, []), "orgs": orgs}
            elif command == "hub.import":
                desk = choose(desks, arguments["org"])
                *_, last = begin_import(desk, arguments, outside())
                result = last.to_wire()
            else:
                result = carry_out(desks, command, arguments, moment(None))
        finally:
            close_desks(desks)
    _say(json.dumps(result, ensure_ascii=False))


def run(
    home: str | None, listen: str | None, certificate: str | None, key: str | None, insecure: bool
) -> None:
    """Run the hub of a home until it is told to stop; options go before settings.

    Raises Clash ALREADY_RUNNING, Missing NO_SUCH_ORG, Denied INSECURE, Mistake, Trouble.
    """
    layout = find_layout(home)
    settings = read_settings_file(layout).hub
    if bool(certificate) != bool(key):
        raise Mistake("BAD_SETTING", "A certificate and its key go together.", "Give both.")
    settings = settings._replace(
        listen=listen or settings.listen,
        certificate=certificate or settings.certificate,
        key=key or settings.key,
    )
    port = _Port(settings, insecure)
    make_private_folder(Path(layout.logs))
    start_logging(layout.logs, LOG_NAME, settings.log_level)
    with hub_lock(layout):
        trio.run(_run, layout, port)


async def _run(layout: Layout, port: _Port) -> None:
    async with StoreThread() as thread:
        desks = await thread.run(lambda: open_desks(layout))
        try:
            if not desks:
                raise Missing(
                    "NO_SUCH_ORG",
                    f"There is no organisation in {layout.hub}.",
                    'Found one with: satchel hub init --org "Adventure Works"',
                )
            listeners = await _listen(port)
            admin_listener = await listen_unix(layout.hub_socket)
            try:
                reception = Reception(desks)
                server = HubServer(reception, thread)
                urls = [_url(port.scheme, listener) for listener in listeners]
                report = hub_report(_home(layout), clock.now_ms(), urls)
                admin = HubAdmin(desks, reception.links, thread, server.look, report)
                async with trio.open_nursery() as nursery:
                    await nursery.start(_stop_on_signal, admin.stopping)
                    _say(f"{READY} {' '.join(urls)}")
                    log.info("satchel hub %s started, process %d", satchel.__version__, os.getpid())
                    await _serve(server, listeners, admin, admin_listener)
                    nursery.cancel_scope.cancel()
            finally:
                _remove(layout.hub_socket)
        finally:
            await thread.run(lambda: close_desks(desks))
    log.info("satchel hub stopped")


async def _serve(
    server: HubServer,
    listeners: list[Listener],
    admin: HubAdmin,
    admin_listener: trio.SocketListener,
) -> None:
    """Serve devices and the administrator until the hub is to stop, then drain."""
    orders = Server(admin, now_ms=clock.now_ms, chance=clock.fresh_bytes, commands=HUB_COMMANDS)
    async with trio.open_nursery() as serving:
        await serving.start(orders.serve, [admin_listener])
        serving.start_soon(lambda: serve_http(listeners, server.handle, stop=admin.stopping))
        await admin.stopping.wait()
        server.stop()
        orders.drain()


async def _listen(port: _Port) -> list[Listener]:
    try:
        return await open_listeners(port.host, port.port, port.tls)
    except OSError as refused:
        raise Trouble(
            "CHECK_FAILED",
            f"The hub cannot listen on {port.host}:{port.port}: {refused.strerror or refused}.",
            "Choose another address with --listen; port 0 takes a free one.",
        ) from None


async def _stop_on_signal(
    stopping: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        task_status.started()
        async for _ in received:
            stopping.set()


def _tls(settings: HubSettings) -> ssl.SSLContext:
    try:
        return tls_context(settings.certificate, settings.key)
    except OSError as unreadable:
        raise Mistake(
            "BAD_SETTING",
            f"The certificate {settings.certificate} or its key cannot be used: {unreadable}.",
            "Both are PEM files; the certificate's chain follows it in the same file.",
        ) from None


def _url(scheme: str, listener: Listener) -> str:
    inner = listener if isinstance(listener, trio.SocketListener) else listener.transport_listener
    assert isinstance(inner, trio.SocketListener)
    host, port = inner.socket.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _refuse_present_settings(layout: Layout, listen: str) -> None:
    """People's files are theirs: a setting is written only where there is no file yet."""
    if Path(layout.settings).exists() and read_settings_file(layout).hub.listen != listen:
        raise Mistake(
            "BAD_SETTING",
            f"{layout.settings} is there already and says otherwise.",
            f'Write it there yourself: in [hub], listen = "{listen}".',
        )


def _write_settings(layout: Layout, listen: str) -> None:
    path = Path(layout.settings)
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(f'[hub]\nlisten = "{listen}"\n', encoding="utf-8")


def _read_arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text) if text.strip() else {}
    except ValueError as broken:
        raise Mistake("BAD_REQUEST", f"The arguments on stdin are no JSON: {broken}.") from None
    if not isinstance(arguments, dict):
        raise Mistake("BAD_REQUEST", "The arguments on stdin are no JSON object.")
    return arguments


def _home(layout: Layout) -> str:
    return layout.home or layout.hub


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
