"""A command with commands of its own: ``satchel quarantine show 12``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from rich.markup import escape

Command = TypeVar("Command", bound=Callable[..., None])

HELP_OPTIONS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def new_group(help_line: str, example: str, *, lists: bool) -> typer.Typer:
    """A group.  ``lists``: called by its bare name it does something itself."""
    return typer.Typer(
        help=help_line,
        epilog=epilog(example),
        invoke_without_command=lists,
        no_args_is_help=not lists,
        rich_markup_mode="rich",
        context_settings=HELP_OPTIONS,
    )


def member(group: typer.Typer, name: str, example: str) -> Callable[[Command], Command]:
    """Put a function into the group under that name."""
    return group.command(name, epilog=epilog(example), context_settings=HELP_OPTIONS)


def epilog(example: str) -> str:
    """The last line of a command's help."""
    return f"Example:  [bold]{escape(example)}[/bold]"
