"""Numbers: whole, decimal and floating, from what an app says to what is stored and back.

Owns the exact forms of INTEGER, BIGINT, DECIMAL, MONEY and DOUBLE (sync.md appendix A):
decimals are ``[unscaled, scale]`` without trailing zeros, so that equal amounts are equal
bytes.  No arithmetic on binary fractions: 0.1 stays 0.1.
"""

from __future__ import annotations

import re
from typing import Any, Final

from satchel.model.limits import INTEGER_MAX
from satchel.schema.column import Column
from satchel.schema.refusal import Refuse

Forms = tuple[Any, Any, Any]
"""Three closures of one column: API value to stored, check of stored, stored to API value."""

DECIMAL_PLACES_MAX: Final = 10
"""Dataverse's own bound on the precision of a decimal column."""

_DECIMAL = re.compile(r"([+-]?)([0-9]{0,400})(?:\.([0-9]{0,400}))?(?:[eE]([+-]?[0-9]{1,3}))?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")


def integer(column: Column, refuse: Refuse) -> Forms:
    """Whole numbers between ``min`` and ``max``, 64 bits signed at most."""
    low = -INTEGER_MAX if column.min is None else int(column.min)
    high = INTEGER_MAX if column.max is None else int(column.max)
    outside = f"takes whole numbers from {low} to {high}"

    def check(stored: Any) -> None:
        if type(stored) is not int:
            raise refuse("WRONG_TYPE", "takes whole numbers", stored)
        if not low <= stored <= high:
            raise refuse("OUT_OF_RANGE", outside, stored)

    def to_stored(value: Any) -> int:
        if type(value) is str and _WHOLE.fullmatch(value):
            value = int(value)
        check(value)
        number: int = value
        return number

    return to_stored, check, _same


def double(column: Column, refuse: Refuse) -> Forms:
    """Floating-point numbers between ``min`` and ``max``; no NaN, no infinity, no -0.0."""
    low = float("-inf") if column.min is None else column.min
    high = float("inf") if column.max is None else column.max
    outside = f"takes numbers from {low} to {high}"

    def check(stored: Any) -> None:
        if type(stored) is not float or str(stored) in ("nan", "inf", "-inf", "-0.0"):
            raise refuse("WRONG_TYPE", "takes numbers", stored)
        if not low <= stored <= high:
            raise refuse("OUT_OF_RANGE", outside, stored)

    def to_stored(value: Any) -> float:
        if type(value) in (str, int):
            try:
                value = float(value)
            except ValueError:
                raise refuse("WRONG_TYPE", "takes numbers", value) from None
            except OverflowError:
                raise refuse("OUT_OF_RANGE", outside, value) from None
        number: float = value + 0.0 if type(value) is float else value
        check(number)
        return number

    return to_stored, check, _same


def decimal(column: Column, refuse: Refuse) -> Forms:
    """Decimal numbers with at most ``precision`` places.  More places are refused, not rounded.

    API values: text, int, or float taken by its shortest text; answers are text.
    """
    places = DECIMAL_PLACES_MAX if column.precision is None else column.precision
    low, high = _bound(column.min, places), _bound(column.max, places)
    outside = f"takes amounts from {column.min} to {column.max}"
    too_fine = f"takes at most {places} decimal places"

    def check(stored: Any) -> None:
        if not (
            type(stored) is list
            and len(stored) == 2
            and type(stored[0]) is int
            and type(stored[1]) is int
            and (stored[1] == 0 or (stored[1] > 0 and stored[0] % 10))
        ):
            raise refuse("WRONG_TYPE", "takes decimal numbers", stored)
        inside(stored[0], stored[1], stored)

    def inside(unscaled: int, scale: int, value: Any) -> None:
        if scale > places:
            raise refuse("OUT_OF_RANGE", too_fine, value)
        scaled = unscaled * 10 ** (places - scale)
        if (
            (low is not None and scaled < low)
            or (high is not None and scaled > high)
            or not -INTEGER_MAX <= unscaled <= INTEGER_MAX
        ):
            raise refuse("OUT_OF_RANGE", outside, value)

    def to_stored(value: Any) -> list[int]:
        kind = type(value)
        if kind is int:
            parts: tuple[int, int] | None = (value, 0)
        elif kind is str:
            parts = decimal_parts(value)
        elif kind is float:
            parts = decimal_parts(repr(value))
        else:
            parts = None
        if parts is None:
            raise refuse("WRONG_TYPE", "takes decimal numbers", value)
        inside(parts[0], parts[1], value)
        return [parts[0], parts[1]]

    return to_stored, check, decimal_text


def decimal_parts(text: str) -> tuple[int, int] | None:
    """``"-1.50"`` is ``(-15, 1)``: unscaled and scale, no trailing zero; None if no number."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction, exponent = found.groups()
    digits = whole + (fraction or "")
    if not digits:
        return None
    unscaled = int(digits)
    scale = len(fraction or "") - int(exponent or 0)
    if scale < 0:
        unscaled, scale = unscaled * 10**-scale, 0
    while scale and unscaled % 10 == 0:
        unscaled, scale = unscaled // 10, scale - 1
    return (-unscaled if sign == "-" else unscaled), scale


def decimal_text(stored: list[int]) -> str:
    """``[-15, 1]`` is ``"-1.5"``."""
    unscaled, scale = stored
    if scale == 0:
        return str(unscaled)
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{'-' if unscaled < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def _bound(bound: int | float | None, places: int) -> int | None:
    """A bound as an unscaled number with ``places`` places; a finer one counts as zero."""
    if bound is None:
        return None
    parts = decimal_parts(repr(bound))
    assert parts is not None, f"{bound} is no decimal bound"
    unscaled, scale = parts
    return unscaled * 10 ** (places - scale) if scale <= places else 0


def _same(stored: Any) -> Any:
    return stored
