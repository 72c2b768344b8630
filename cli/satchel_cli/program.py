"""The whole program: every command under its heading, and what becomes of an error.

Owns the order of the help.  ``--home`` belongs to every command and has become
``SATCHEL_HOME`` before this runs (``app``).  Knows nothing of what a command does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from errno import ENOSPC
from typing import Annotated, Any, Final

import typer

from satchel.model.errors import Mistake, SatchelError
from satchel_cli import __version__, exits
from satchel_cli.commands import (
    conflicts,
    create,
    delete,
    demo,
    doctor,
    get,
    hub,
    join,
    link,
    logs,
    org,
    outbox,
    quarantine,
    restore,
    start,
    status,
    stop,
    sync,
    unlink,
    update,
    upsert,
    version,
    watch,
)
from satchel_cli.commands import list as list_rows
from satchel_cli.commands import run as run_daemon
from satchel_cli.groups import HELP_OPTIONS, epilog

Command = tuple[str, Callable[..., None], str]

COMMANDS: Final[dict[str, tuple[Command | tuple[str, typer.Typer], ...]]] = {
    "Records": (
        ("create", create.create, create.EXAMPLE),
        ("get", get.get, get.EXAMPLE),
        ("update", update.update, update.EXAMPLE),
        ("upsert", upsert.upsert, upsert.EXAMPLE),
        ("delete", delete.delete, delete.EXAMPLE),
        ("restore", restore.restore, restore.EXAMPLE),
        ("list", list_rows.list_rows, list_rows.EXAMPLE),
        ("link", link.link, link.EXAMPLE),
        ("unlink", unlink.unlink, unlink.EXAMPLE),
        ("watch", watch.watch, watch.EXAMPLE),
    ),
    "Sync": (
        ("status", status.status, status.EXAMPLE),
        ("sync", sync.sync, sync.EXAMPLE),
        ("outbox", outbox.group),
        ("quarantine", quarantine.group),
        ("conflicts", conflicts.group),
    ),
    "This machine": (
        ("start", start.start, start.EXAMPLE),
        ("stop", stop.stop, stop.EXAMPLE),
        ("run", run_daemon.run, run_daemon.EXAMPLE),
        ("doctor", doctor.doctor, doctor.EXAMPLE),
        ("logs", logs.logs, logs.EXAMPLE),
        ("version", version.version, version.EXAMPLE),
        ("demo", demo.demo, demo.EXAMPLE),
    ),
    "Organisation": (
        ("join", join.join, join.EXAMPLE),
        ("org", org.group),
        ("hub", hub.group),
    ),
}
"""Heading to commands: name, function and example, or name and the group of its own."""


def run(arguments: list[str]) -> int:
    """Run a command line without its ``--home``; returns the exit code or raises SystemExit.

    Only a bug shows a traceback.
    """
    try:
        try:
            build()(args=arguments, prog_name="satchel")
        finally:
            sys.stdout.flush()
    except SatchelError as error:
        return exits.report(error, as_json="--json" in arguments)
    except BrokenPipeError:
        return exits.unread()
    except OSError as broken:
        if broken.errno != ENOSPC:
            raise
        return exits.unwritten(broken)
    return 0


def build() -> typer.Typer:
    """The program with all its commands."""
    settings: dict[str, Any] = {"rich_markup_mode": "rich", "context_settings": HELP_OPTIONS}
    program = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, **settings)
    program.callback(
        epilog=epilog("satchel start && satchel join https://hub.example.com:7443 INVITE")
    )(_program)
    for heading, commands in COMMANDS.items():
        for name, command, *example in commands:
            if isinstance(command, typer.Typer):
                program.add_typer(command, name=name, rich_help_panel=heading)
            else:
                program.command(name, rich_help_panel=heading, epilog=epilog(*example))(command)
    return program


def _say_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


def _program(
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help="Everything of this daemon or hub under one folder; also after the command, "
            "or as SATCHEL_HOME.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_say_version,
            is_eager=True,
            help="Print this command's version.",
        ),
    ] = False,
) -> None:
    """Your office's records, at hand while the network is away."""
    # Taken out of the arguments by `app`, unless it has no folder.
    if home is not None:
        raise Mistake("BAD_SETTING", "--home is empty.", "Give it a folder, as --home ~/field.")
