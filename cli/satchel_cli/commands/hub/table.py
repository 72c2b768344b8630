"""``satchel hub table add``: tables and columns of an organisation's own."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any

import typer

from satchel.model.errors import Mistake
from satchel_cli.groups import member, new_group
from satchel_cli.hub_line import ask
from satchel_cli.options import Json, Org
from satchel_cli.output import print_json

EXAMPLE = "satchel hub table add visits.toml"


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group."""
    tables = new_group("Tables of an organisation's own.", EXAMPLE, lists=False)
    member(tables, "add", EXAMPLE)(add)
    group.add_typer(tables, name="table")


def add(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="TOML: [[table]] with its columns, [[link]].")
    ],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Add the tables and columns of a file; devices get them by themselves."""
    answer = ask("hub.table.add", org=org, **_read(file))
    if as_json:
        print_json(answer)
    else:
        print(f"The tables are now at version {answer['version']}.")


def _read(path: str) -> dict[str, Any]:
    """The file as the order takes it.  Raises :class:`Mistake` BAD_REQUEST."""
    try:
        with open(path, "rb") as file:
            plain = tomllib.load(file)
    except OSError as broken:
        raise Mistake("BAD_REQUEST", f"{path} cannot be read: {broken.strerror}.") from None
    except ValueError as broken:
        raise Mistake("BAD_REQUEST", f"{path} is not TOML: {broken}.") from None
    strangers = sorted(plain.keys() - {"table", "link"})
    if strangers:
        raise Mistake(
            "BAD_REQUEST",
            f"{path} has {strangers[0]!r} at its top.",
            "It takes [[table]] and [[link]] there.",
        )
    return plain
