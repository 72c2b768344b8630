"""Orders to the hub of this home: over its own socket, or to ``satcheld`` where it rests.

A running hub holds the lock of its stores, so it is asked; where none runs, ``satcheld hub
call`` opens them for this one order.  Either way the caller cannot tell the difference.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from satchel.api.caller import Caller
from satchel.client.discover import find_layout
from satchel.model.errors import Denied, Fault, SatchelError, Unavailable, error_from_wire
from satchel_cli import __version__, satcheld
from satchel_cli.context import home_arguments

Plain = dict[str, Any]
CONNECT_S: Final = 10.0
_CHUNK_BYTES: Final = 64 << 10


def ask(order: str, told: Callable[[Plain], None] | None = None, **arguments: Any) -> Plain:
    """Give the hub an order of ``satchel.api.hub_messages`` and return its answer.

    ``told``: gets what the hub says while it works.  Arguments that are None are not given.
    Raises the hub's error; RETRY_LATER where it went away before it had answered.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    line = _dial(find_layout().hub_socket)
    if line is None:
        return _call(order, given)
    with closing(line):
        return _converse(line, order, given, told)


def _dial(path: str) -> socket.socket | None:
    """A connection to the running hub; None where none runs."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(CONNECT_S)
        line.connect(path)
        line.settimeout(None)  # to wait is what an import asks for
    except PermissionError:
        line.close()
        raise Denied(
            "NOT_ALLOWED",
            f"You may not give the hub at {path} orders.",
            "Use the account that runs it.",
        ) from None
    except OSError:
        line.close()
        return None
    return line


def _converse(
    line: socket.socket, order: str, given: Plain, told: Callable[[Plain], None] | None
) -> Plain:
    caller = Caller(f"cli/{__version__}")
    line.sendall(caller.begin())
    pending, _ = caller.ask(order, given)  # goes out with what answers the hub's greeting
    while not pending.done:
        got = line.recv(_CHUNK_BYTES)
        _, reply = caller.receive(got)
        if reply:  # sending nothing to a hub that has answered and gone is an error too
            line.sendall(reply)
        while pending.events:
            event = pending.events.popleft()
            if told is not None:
                told(event)
        if not got and not pending.done:
            raise Unavailable(
                "RETRY_LATER",
                "The hub went away before it had answered.",
                "See whether the order was carried out: satchel hub status",
            )
    if pending.error is not None:
        raise pending.error
    answer: Plain = pending.result
    return answer


def _call(order: str, given: Plain) -> Plain:
    """Have ``satcheld`` carry the order out, and take its error for ours."""
    done = subprocess.run(
        satcheld.command("hub", "call", order, *home_arguments()),
        input=json.dumps(given),
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode == 0:
        answer: Plain = json.loads(done.stdout)
        return answer
    raise _said(done.returncode, done.stderr)


def _said(code: int, text: str) -> SatchelError:
    """The error behind what ``satcheld`` printed: its JSON form on the last line of stderr."""
    try:
        return error_from_wire(json.loads(text.strip().splitlines()[-1])["error"])
    except (IndexError, KeyError, TypeError, ValueError):
        return Fault("INTERNAL", f"satcheld ended with exit code {code}: {text.strip()[-500:]}")
