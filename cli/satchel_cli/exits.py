"""How the program ends: what an error says, and with which exit code.

The codes are declared on the classes of ``satchel.model.errors``; here they become words.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from satchel.model.errors import SatchelError, Trouble
from satchel_cli.output import plain_text, print_json_line

UNREAD: Final = 1
"""As typer ends where the same happens in the middle of a line."""


def report(error: SatchelError, as_json: bool) -> int:
    """Say on stderr what went wrong and the way out; returns the exit code."""
    sys.stdout.flush()
    if as_json:
        print_json_line({"error": error.to_wire()}, sys.stderr)
    else:
        print(f"satchel: {plain_text(error.message)}", file=sys.stderr)
        if error.remedy:
            print(f"  {plain_text(error.remedy)}", file=sys.stderr)
    return error.exit


def unread() -> int:
    """The reader of the output has gone (``satchel list account | head``): end silently."""
    _drop_output()
    return UNREAD


def unwritten(broken: OSError) -> int:
    """The output goes to a disk that is full."""
    _drop_output()
    error = Trouble("DISK_FULL", f"The output cannot be written: {broken.strerror}.")
    return report(error, as_json=False)


def _drop_output() -> None:
    """What is still in the buffer goes nowhere, so that the interpreter ends without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
