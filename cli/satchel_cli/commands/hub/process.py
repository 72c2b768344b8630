"""``satchel hub init`` and ``run``: handed over to ``satcheld``, which owns the stores."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.context import absolute, home_arguments
from satchel_cli.groups import member
from satchel_cli.satcheld import become

Listen = Annotated[
    str | None,
    typer.Option("--listen", metavar="HOST:PORT", help="Where devices reach it; port 0: any."),
]


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group."""
    member(group, "init", 'satchel hub init --org "Adventure Works"')(init)
    member(group, "run", "satchel hub run --listen 0.0.0.0:7443 --cert hub.pem --key hub.key")(run)


def init(
    org: Annotated[str, typer.Option("--org", metavar="NAME", help="The organisation's name.")],
    listen: Listen = None,
) -> None:
    """Found an organisation: its store, its keys and the standard tables."""
    become("hub", "init", "--org", org, *_given("--listen", listen), *home_arguments())


def run(
    listen: Listen = None,
    certificate: Annotated[
        str | None,
        typer.Option("--cert", metavar="FILE", help="PEM file: the TLS certificate and its chain."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="PEM file: its private key.")
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", metavar="", help="Plain HTTP beyond this machine: anybody can read."
        ),
    ] = False,
) -> None:
    """Run the hub in the foreground; Ctrl-C ends it.  For service managers."""
    become(
        "hub",
        "run",
        *_given("--listen", listen),
        *_given("--cert", certificate and absolute(certificate)),
        *_given("--key", key and absolute(key)),
        *(["--insecure"] if insecure else []),
        *home_arguments(),
    )


def _given(option: str, value: str | None) -> list[str]:
    return [] if value is None else [option, value]
