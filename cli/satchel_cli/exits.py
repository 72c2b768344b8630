"""How the program ends: what an error says, and with which exit code.

The codes are declared on the classes of ``satchel.model.errors``; here they become words.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from satchel.model.errors import SatchelError
from satchel_cli.output import plain_text, print_json_line

UNREAD: Final = 1


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
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD
