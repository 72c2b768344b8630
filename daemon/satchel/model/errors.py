"""Every error a person or a program can meet, as one tree with stable codes.

    SatchelError
    |-- Mistake         exit 2   the request makes no sense: BAD_REQUEST, UNKNOWN_COMMAND
    |-- Invalid         exit 3   a value breaks a rule of its column: UNKNOWN_COLUMN, TOO_LONG, ...
    |-- Missing         exit 4   the thing is not there: NO_SUCH_ROW, GONE, NO_SUCH_ENTRY
    |-- Clash           exit 5   it is there, but not as you think: CONFLICT, DUP_ID, RESTRICT
    |-- Unavailable     exit 6   later, or after a command: NOT_RUNNING, LOADING, HUB_UNREACHABLE
    |-- Denied          exit 7   you may not: NOT_ALLOWED, UNKNOWN_DEVICE, EXPIRED, REVOKED, ...
    |-- Garbled         exit 8   bytes that are no message: BAD_FRAME, FRAME_TOO_BIG, BAD_VERSION
    |-- Trouble         exit 9   disk or store: DISK_FULL, STORE_DAMAGED, FORK
    `-- Fault           exit 70  a bug in Satchel: INTERNAL

Each error carries ``code`` (stable, upper case), ``message`` (one sentence for a person),
``remedy`` (one sentence: the way out; may be empty) and ``details`` (a flat map for
programs).  An assertion failure is a bug and is never turned into a reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class SatchelError(Exception):
    """Base of all errors that are answers.  Not raised itself."""

    exit: ClassVar[int] = 1

    def __init__(
        self,
        code: str,
        message: str,
        remedy: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.details: dict[str, Any] = dict(details or {})

    def to_wire(self) -> dict[str, Any]:
        """The error as a map of plain values, as both the local API and the hub answer it."""
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "details": self.details,
        }


class Mistake(SatchelError):
    """The request itself makes no sense."""

    exit = 2


class Invalid(SatchelError):
    """A value breaks a rule of its column; ``details`` name table, column, rule and value."""

    exit = 3


class Missing(SatchelError):
    """A row, changeset or other thing that is not there."""

    exit = 4


class Clash(SatchelError):
    """It exists, but not as the request assumes."""

    exit = 5


class Unavailable(SatchelError):
    """It can succeed later, or after the command that the remedy names."""

    exit = 6


class Denied(SatchelError):
    """Whoever asks may not have it."""

    exit = 7


class Garbled(SatchelError):
    """Bytes that are no message of this protocol."""

    exit = 8


class Trouble(SatchelError):
    """The disk or the store, not the request."""

    exit = 9


class Fault(SatchelError):
    """A bug in Satchel."""

    exit = 70


CODES: dict[str, type[SatchelError]] = {
    # Mistake
    "BAD_REQUEST": Mistake,
    "UNKNOWN_COMMAND": Mistake,
    "BAD_SETTING": Mistake,
    "BAD_MAP": Mistake,
    # Invalid: see satchel.schema.validate for the rule behind each
    "UNKNOWN_TABLE": Invalid,
    "UNKNOWN_COLUMN": Invalid,
    "UNKNOWN_RELATIONSHIP": Invalid,
    "WRONG_TYPE": Invalid,
    "TOO_LONG": Invalid,
    "OUT_OF_RANGE": Invalid,
    "NOT_AN_OPTION": Invalid,
    "STATUS_MISMATCH": Invalid,
    "WRONG_TARGET": Invalid,
    "MISSING_COLUMN": Invalid,
    "READ_ONLY": Invalid,
    "TOO_BIG": Invalid,
    "UNSUPPORTED": Invalid,
    "INVALID": Invalid,
    "BAD_ROWS": Invalid,
    "BAD_TABLE": Invalid,
    # Missing
    "NO_SUCH_ROW": Missing,
    "GONE": Missing,
    "TARGET_GONE": Missing,
    "NO_SUCH_ENTRY": Missing,
    "NO_SUCH_ORG": Missing,
    "NO_SUCH_USER": Missing,
    "NO_SUCH_DEVICE": Missing,
    "NOT_JOINED": Missing,
    # Clash
    "CONFLICT": Clash,
    "DUP_ID": Clash,
    "RESTRICT": Clash,
    "ALREADY_EXISTS": Clash,
    "ALREADY_RUNNING": Clash,
    "SESSION_EXPIRED": Clash,
    "DENIED_EARLIER": Clash,
    "REFUSED": Clash,
    # Unavailable
    "NOT_RUNNING": Unavailable,
    "STOPPING": Unavailable,
    "LOADING": Unavailable,
    "PAUSED": Unavailable,
    "HUB_UNREACHABLE": Unavailable,
    "TIMEOUT": Unavailable,
    "BUSY": Unavailable,
    "RETRY_LATER": Unavailable,
    "REREAD": Unavailable,
    # Denied
    "NOT_ALLOWED": Denied,
    "UNKNOWN_DEVICE": Denied,
    "EXPIRED": Denied,
    "REVOKED": Denied,
    "WRONG_ORG": Denied,
    "BAD_SIGNATURE": Denied,
    "BAD_INVITE": Denied,
    "UNKNOWN_LINK": Denied,
    "REPLAYED": Denied,
    "INSECURE": Denied,
    # Garbled
    "BAD_FRAME": Garbled,
    "FRAME_TOO_BIG": Garbled,
    "BAD_VERSION": Garbled,
    # Trouble
    "DISK_FULL": Trouble,
    "STORE_DAMAGED": Trouble,
    "STORE_VERSION": Trouble,
    "FORK": Trouble,
    "EPOCH": Trouble,
    "CHECK_FAILED": Trouble,
    # Fault
    "INTERNAL": Fault,
}
"""Stable code to error class: what a client raises for a code it reads from the wire."""


def error_from_wire(wire: Mapping[str, Any]) -> SatchelError:
    """The exception for an error map; an unknown code becomes a plain :class:`SatchelError`."""
    code = str(wire.get("code", "INTERNAL"))
    details = wire.get("details")
    return CODES.get(code, SatchelError)(
        code,
        str(wire.get("message", code)),
        str(wire.get("remedy", "")),
        details if isinstance(details, Mapping) else None,
    )
