"""The help: every command has its heading, its sentence and an example that works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
import typer
from typer.main import get_command

from satchel_cli import program
from tests.shell.cli_line import run_line, short_home
from tests.shell.cli_replies import HUB_REPLIES, REPLIES
from tests.shell.fake_daemon import fake_daemon, fake_hub

NAMES = {
    "run", "start", "stop", "join", "status", "create", "get", "update", "upsert", "delete",
    "restore", "list", "link", "unlink", "watch", "sync", "outbox", "quarantine", "conflicts",
    "org", "hub", "demo", "doctor", "logs", "version",
}  # fmt: skip
NEEDS_A_FILE = {"logs", "hub table", "hub table add", "hub import"}


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with its own words, groups included."""
    if words:
        yield " ".join(words), command
    for name, member in getattr(command, "commands", {}).items():
        yield from commands(member, (*words, name))


ALL = dict(commands(get_command(program.build())))


def example_of(command: Any) -> str:
    """The command line under ``Example:``."""
    found = re.fullmatch(r"Example:  \[bold\](.+)\[/bold\]", command.epilog or "")
    assert found is not None, command.epilog
    return found[1].replace("\\[", "[")


def test_every_command_is_there() -> None:
    """The commands are those of the product's description, each under a heading."""
    assert {name for name in ALL if " " not in name} == NAMES
    listed = [name for commands in program.COMMANDS.values() for name, *_ in commands]
    assert sorted(listed) == sorted(NAMES)


@pytest.mark.parametrize("name", ALL)
def test_a_command_says_what_it_does_and_shows_an_example(name: str) -> None:
    """A sentence, an example that begins with the command itself, and a word for each option."""
    command = ALL[name]
    assert command.help
    assert command.help.strip().endswith((".", "?"))
    assert example_of(command).startswith(f"satchel {name}")
    for parameter in command.params:
        assert getattr(parameter, "help", None), (name, parameter.name)


@pytest.mark.parametrize("name", sorted(ALL.keys() - NEEDS_A_FILE))
def test_an_example_works(name: str) -> None:
    """What the help shows can be typed as it stands; what hands over, hands over."""
    with (
        short_home() as home,
        fake_daemon(home, REPLIES),
        fake_hub(home, HUB_REPLIES),
        mock.patch("satchel_cli.commands.stop.wait_until_gone"),
        mock.patch("os.execv", side_effect=SystemExit(0)) as become,
    ):
        for line in example_of(ALL[name]).partition(" > ")[0].split(" && "):
            ran = run_line(home, *shlex.split(line)[1:])
            assert ran.code == 0, ran.err
    assert become.called == (name in {"run", "demo", "hub", "hub init", "hub run"})


@pytest.mark.parametrize("name", ["", *ALL])
def test_help_is_printed(name: str) -> None:
    """``--help`` and ``-h`` answer without a daemon."""
    with short_home() as home:
        ran = run_line(home, *name.split(), "--help")
        assert ran.code == 0
        assert "Usage: satchel" in ran.out
        assert run_line(home, *name.split(), "-h") == ran


def test_the_headings_are_shown() -> None:
    """The overview is in sections, so that a newcomer finds where to look."""
    with short_home() as home:
        shown = run_line(home, "--help").out
    places = [shown.index(heading) for heading in program.COMMANDS]
    assert places == sorted(places)
    assert isinstance(program.build(), typer.Typer)
