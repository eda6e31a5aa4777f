"""Dates and times as JavaScript has them: milliseconds since 1970, in UTC.

A ``datetime`` without a time zone is in local time, as its own ``timestamp`` has it; a ``date`` is midnight UTC, as in JavaScript's
``new Date("2024-02-29")``; a ``timedelta`` is what the difference of two Dates is, a number of milliseconds. A ``time`` has no
counterpart. Microseconds are lost, which a Date does not have.
"""

from __future__ import annotations

import datetime

_BEGIN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)

DATES = (datetime.date, datetime.timedelta)


def milliseconds_of(value: datetime.date | datetime.timedelta) -> tuple[bool, float]:
    """Whether ``value`` is a moment, and its milliseconds."""
    if isinstance(value, datetime.timedelta):
        return False, value / _MILLISECOND
    if isinstance(value, datetime.datetime):
        # By whole numbers, which `timestamp()` has not: a half of a millisecond is rounded down, as a Date does.
        return True, (value.astimezone(datetime.UTC) - _BEGIN) // _MILLISECOND
    return True, (datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC) - _BEGIN) // _MILLISECOND


def datetime_of(milliseconds: float) -> datetime.datetime | None:
    """The moment of a Date, in UTC; None for an invalid Date, as in its JSON."""
    if milliseconds != milliseconds:
        return None
    return _BEGIN + datetime.timedelta(milliseconds=milliseconds)
