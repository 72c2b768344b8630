"""Arguments and options that several commands take, said once and alike."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", help='Print JSON: {"schema": 1, ..}; errors too, on stderr.'
    ),
]
Org = Annotated[
    str | None,
    typer.Option("--org", metavar="NAME", help="Which organisation, where several are joined."),
]
Table = Annotated[
    str, typer.Argument(metavar="TABLE", help="A table, as account (see: satchel org tables).")
]
RowId = Annotated[str, typer.Argument(metavar="ID", help="The row's id, a UUID.")]
Columns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COLUMN=VALUE",
        help='name="Adventure Works" creditlimit=5000 primarycontactid=contact:UUID; '
        "an empty value clears the column.",
    ),
]
JsonColumns = Annotated[
    str | None,
    typer.Option(
        "--json-columns",
        metavar="FILE",
        help="A JSON object of columns; - reads standard input.",
    ),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        metavar="VERSION",
        help="What `satchel get` said; refused (CONFLICT) where a column set here has changed.",
    ),
]
Relationship = Annotated[
    str, typer.Argument(metavar="RELATIONSHIP", help="As contactleads_association.")
]
Left = Annotated[str, typer.Argument(metavar="LEFT", help="Row id on the left side.")]
Right = Annotated[str, typer.Argument(metavar="RIGHT", help="Row id on the right side.")]
Counter = Annotated[
    int, typer.Argument(metavar="NUMBER", help="The changeset's number, as the list shows it.")
]
Replica = Annotated[
    str | None,
    typer.Option(
        "--replica",
        metavar="HEX",
        help="Whose changeset, where the list shows several replicas.",
    ),
]
