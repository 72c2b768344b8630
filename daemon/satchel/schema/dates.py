"""Moments and days, from ISO 8601 text to what is stored and back.

Owns the three behaviours of date columns (Dataverse: DateTimeBehavior).  *user_local*: a
moment, stored as milliseconds since 1970 UTC; what a user sees depends on his time zone.
*zone_independent*: a wall-clock reading without a zone, stored as if it were UTC.
*date_only*: a day, stored as days since 1970-01-01, the same for everybody.
Must not know the present moment or anybody's time zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from satchel.schema.column import Column
from satchel.schema.numbers import Forms
from satchel.schema.refusal import Refuse

ZONE_INDEPENDENT: Final = "zone_independent"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_MS: Final = 86_400_000
DAY_MIN: Final = date(1753, 1, 1).toordinal() - _EPOCH_DAY
"""Dataverse takes no earlier day: SQL Server's datetime begins here."""
DAY_MAX: Final = date.max.toordinal() - _EPOCH_DAY
_MS_MIN: Final = DAY_MIN * _DAY_MS
_MS_MAX: Final = (DAY_MAX + 1) * _DAY_MS - 1

_OUTSIDE: Final = "takes dates from 1753-01-01 to 9999-12-31"
_DAY_FORM: Final = "takes a day as YYYY-MM-DD"
_MOMENT_FORM: Final = "takes a moment in ISO 8601 with Z or an offset"
_READING_FORM: Final = "takes a date and time in ISO 8601 without an offset"


def moment(column: Column, refuse: Refuse) -> Forms:
    """Moments in milliseconds; anything finer in the text is cut off, as Dataverse does."""
    independent = column.dates == ZONE_INDEPENDENT
    form = _READING_FORM if independent else _MOMENT_FORM

    def to_stored(value: Any) -> int:
        try:
            read = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise refuse("WRONG_TYPE", form, value) from None
        offset = read.utcoffset()
        if (offset is None) is not independent and (offset or not independent):
            raise refuse("WRONG_TYPE", form, value)
        since = read.replace(tzinfo=UTC) - _EPOCH - (offset or timedelta())
        stored = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
        if not _MS_MIN <= stored <= _MS_MAX:
            raise refuse("OUT_OF_RANGE", _OUTSIDE, value)
        return stored

    def check(stored: Any) -> None:
        if type(stored) is not int:
            raise refuse("WRONG_TYPE", "takes a moment in milliseconds", stored)
        if not _MS_MIN <= stored <= _MS_MAX:
            raise refuse("OUT_OF_RANGE", _OUTSIDE, stored)

    return to_stored, check, moment_text


def day(column: Column, refuse: Refuse) -> Forms:
    """Days: ``YYYY-MM-DD`` outside, days since 1970-01-01 inside."""
    del column

    def to_stored(value: Any) -> int:
        try:
            if len(value) != 10 or value[4] != "-":
                raise ValueError
            stored = date.fromisoformat(value).toordinal() - _EPOCH_DAY
        except (ValueError, TypeError):
            raise refuse("WRONG_TYPE", _DAY_FORM, value) from None
        if stored < DAY_MIN:
            raise refuse("OUT_OF_RANGE", _OUTSIDE, value)
        return stored

    def check(stored: Any) -> None:
        if type(stored) is not int:
            raise refuse("WRONG_TYPE", "takes a day as a number of days", stored)
        if not DAY_MIN <= stored <= DAY_MAX:
            raise refuse("OUT_OF_RANGE", _OUTSIDE, stored)

    return to_stored, check, day_text


def moment_text(stored: int) -> str:
    """``2024-03-31T03:30:00Z``; milliseconds only where there are some."""
    read = _EPOCH + timedelta(milliseconds=stored)
    return read.isoformat(timespec="milliseconds" if stored % 1000 else "seconds")[:-6] + "Z"


def day_text(stored: int) -> str:
    """``2024-03-31``."""
    return date.fromordinal(stored + _EPOCH_DAY).isoformat()
