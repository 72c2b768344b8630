"""``satchel hub import``: a folder of CSV files becomes rows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from satchel.model.errors import Invalid
from satchel_cli.context import absolute
from satchel_cli.groups import member
from satchel_cli.hub_line import ask
from satchel_cli.options import Json, Org
from satchel_cli.output import counted, note, plain_text, print_json, print_table
from satchel_cli.progress import progress

EXAMPLE = "satchel hub import --map northwind.toml data/northwind"


def add_to(group: typer.Typer) -> None:
    """Put the command into the group."""
    member(group, "import", EXAMPLE)(import_folder)


def import_folder(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder with the CSV files.")],
    map_file: Annotated[
        str, typer.Option("--map", metavar="MAP.toml", help="Which column goes where.")
    ],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Import a folder of CSV files through a map; bad rows are listed, good ones load.

    Importing the same folder again changes nothing.
    """
    with progress("Importing", "lines", wanted=not as_json) as tell:
        report = ask(
            "hub.import",
            told=lambda event: tell(event["done"], event["total"]),
            org=org,
            map=absolute(map_file),
            dir=absolute(folder),
        )
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["bad_total"]:
        raise Invalid(
            "BAD_ROWS",
            f"{counted(report['bad_total'], 'row')} could not be imported; all others were.",
            "Correct them and import the folder again.",
            {"bad": report["bad_total"]},
        )


def _print(report: dict[str, Any]) -> None:
    names = ("section", "file", "read", "written", "unchanged", "skipped", "bad")
    print_table(
        names, ([one[name] for name in names] for one in report["files"]), "The map names no file."
    )
    for bad in report["bad"]:
        note(plain_text(f"{bad['file']}:{bad['line']}: {bad['reason']}"))
    if report["bad_total"] > len(report["bad"]):
        note(f"and {report['bad_total'] - len(report['bad']):,} more")
