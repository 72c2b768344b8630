"""Where ``satchel`` begins: the quick way for ``satchel status``, else the whole program.

The script's first import, so it loads nothing that the interpreter has not: typer alone
costs ten times what the interpreter does (see ``glance``).
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run what the command line says and return the exit code."""
    if sys.stdout is None:  # started with its output closed
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    home, arguments = take_home(sys.argv[1:])
    if home is not None:
        os.environ["SATCHEL_HOME"] = os.path.abspath(home)
    try:
        if arguments in (["status"], ["status", "--json"]):
            from satchel_cli import glance

            code = glance.answer(as_json=len(arguments) == 2)
            if code is not None:
                return code
        from satchel_cli import program

        return program.run(arguments)
    except KeyboardInterrupt:
        return 130  # as a shell shows it; typer does the same once it runs


def take_home(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take ``--home DIR`` (or ``--home=DIR``) out of the arguments, wherever it stands.

    It says which daemon is meant and so belongs to every command; after ``--`` nothing is
    an option.  The last one counts.  One without a folder is left for ``program`` to refuse.
    """
    home: str | None = None
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
            break
        if argument == "--home":
            given = next(waiting, "")
        elif argument.startswith("--home="):
            given = argument.removeprefix("--home=")
        else:
            rest.append(argument)
            continue
        if given:
            home = given
        else:
            rest.insert(0, "--home=")
    return home, rest
