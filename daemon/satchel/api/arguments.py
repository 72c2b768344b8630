"""What an argument of a command may be, and the check of it.

Owns the shapes and the sentences that refuse them.  Must not know any command
(``messages`` does) nor any table: whether a column takes a value is for ``schema`` to say.
Checked on the hot path of every request, so a shape is one function and no object is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from satchel.model.errors import Mistake
from satchel.model.ids import REPLICA_BYTES, parse_id
from satchel.model.limits import INTEGER_MAX


class Shape(NamedTuple):
    """A kind of argument: how a sentence names it, and whether a value is one."""

    words: str
    fits: Callable[[Any], bool]


class Argument(NamedTuple):
    """One argument of a command; optional ones that are not given read as ``default``."""

    name: str
    shape: Shape
    required: bool = True
    default: Any = None


def between(low: int, high: int) -> Shape:
    """A whole number from ``low`` to ``high``, both included."""
    return Shape(
        f"a whole number from {low} to {high}",
        # type() rather than isinstance(): a bool is no number here.
        lambda value: type(value) is int and low <= value <= high,
    )


def one_of(*choices: str) -> Shape:
    """One of these words."""
    return Shape(
        f"one of {', '.join(choices)}", lambda value: isinstance(value, str) and value in choices
    )


def _is_replica(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 2 * REPLICA_BYTES:
        return False
    return all(digit in "0123456789abcdef" for digit in value)


TEXT: Final = Shape("a text", lambda value: isinstance(value, str))
NAME: Final = Shape("a name", lambda value: isinstance(value, str) and value != "")
ROW_ID: Final = Shape(
    "a row id (a UUID)", lambda value: isinstance(value, str) and parse_id(value) is not None
)
NUMBER: Final = Shape(
    "a whole number, not below zero",
    lambda value: type(value) is int and 0 <= value <= INTEGER_MAX,
)
COUNTER: Final = between(1, INTEGER_MAX)
FLAG: Final = Shape("true or false", lambda value: isinstance(value, bool))
BYTES: Final = Shape("bytes", lambda value: isinstance(value, bytes))
COLUMNS: Final = Shape(
    "a map from column names to values",
    lambda value: isinstance(value, dict) and all(isinstance(name, str) for name in value),
)
NAMES: Final = Shape(
    "a list of names",
    lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
)
REPLICA: Final = Shape(f"a replica ({2 * REPLICA_BYTES} hexadecimal digits)", _is_replica)
PLACE: Final = Shape(
    "the `next` of the page before", lambda value: isinstance(value, str) or type(value) is int
)
MAPS: Final = Shape(
    "a list of maps",
    lambda value: isinstance(value, list) and all(COLUMNS.fits(item) for item in value),
)


def check_arguments(
    place: str, expected: dict[str, Argument], given: dict[str, Any]
) -> dict[str, Any]:
    """The arguments with defaults filled in; an optional one that is nil counts as not given.

    ``place``: the command, or the op within it, for messages.
    Raises :class:`Mistake` BAD_REQUEST naming the argument.
    """
    complete: dict[str, Any] = {}
    for argument in expected.values():
        value = given.get(argument.name)
        if value is not None:
            if not argument.shape.fits(value):
                raise bad_argument(place, argument.name, f"is not {argument.shape.words}")
            complete[argument.name] = value
        elif argument.required:
            raise bad_argument(place, argument.name, f"is missing: {argument.shape.words}")
        else:
            complete[argument.name] = argument.default
    if not given.keys() <= expected.keys():
        stranger = min(given.keys() - expected.keys())
        raise bad_argument(place, stranger, "is not known")
    return complete


def bad_argument(place: str, name: str, what: str) -> Mistake:
    """The refusal of one argument."""
    return Mistake(
        "BAD_REQUEST",
        f"{place}: the argument {name!r} {what}.",
        "The index of commands in PROTOCOL.md lists what each takes.",
        {"command": place, "argument": name},
    )
