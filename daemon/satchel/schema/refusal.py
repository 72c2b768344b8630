"""The one form of refusing a value: which table, which column, which rule, what it got.

Owns the sentence and the details of every :class:`satchel.model.errors.Invalid` of this
package.  The codes and the rule behind each:

    WRONG_TYPE       the value is not of the column's kind, nor a text form of it
    TOO_LONG         more characters than max_length
    OUT_OF_RANGE     below min, above max, too many decimal places, or no date that is stored
    NOT_AN_OPTION    a choice that the column does not have
    STATUS_MISMATCH  a status reason that belongs to another state
    WRONG_TARGET     a lookup to a table that the column cannot refer to
    MISSING_COLUMN   a required column not given, or cleared
    READ_ONLY        the platform fills the column
    UNKNOWN_COLUMN   the table has no such column
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from satchel.model.errors import Invalid

SHOWN_MAX: Final = 80
"""Characters of a bad value in a message: enough to know it again, never a whole memo."""

Refuse = Callable[[str, str, Any], Invalid]
"""``refuse(code, rule, value)``: the exception for one column, to be raised by the caller."""


def refusal(code: str, table: str, column: str, rule: str, value: Any) -> Invalid:
    """The exception that says in one sentence why ``value`` cannot be in ``table.column``."""
    shown = show(value)
    return Invalid(
        code,
        f"{table}.{column} {rule}; it got {shown}.",
        details={"table": table, "column": column, "rule": rule, "value": shown},
    )


def refuser(table: str, column: str) -> Refuse:
    """:func:`refusal` with table and column filled in, for compiled checkers."""

    def refuse(code: str, rule: str, value: Any) -> Invalid:
        return refusal(code, table, column, rule, value)

    return refuse


def show(value: Any) -> str:
    """A value as an error message shows it: at most :data:`SHOWN_MAX` characters."""
    if value is None:
        return "nothing"
    if isinstance(value, str | bytes):
        value = value[: SHOWN_MAX + 1]
    text = ascii(value) if not _printable(value) else repr(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def _printable(value: Any) -> bool:
    """False for text with lone surrogates, which no encoder of a reply could write."""
    return not isinstance(value, str) or value.isprintable()


def listed(names: list[str], last: str = "or") -> str:
    """``a, b or c``; long lists end in how many more there are."""
    if len(names) > 12:
        return ", ".join(names[:12]) + f" and {len(names) - 12} more"
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
