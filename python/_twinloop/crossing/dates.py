"""Dates and times as JavaScript has them: milliseconds since 1970, in UTC.

A ``datetime`` without a time zone is in local time, as its own ``timestamp`` has it; a ``date`` is midnight UTC, as in JavaScript's
``new Date("2024-02-29")``; a ``timedelta`` is what the difference of two Dates is, a number of milliseconds. A ``time`` has no
counterpart. Microseconds are lost, which a Date does not have.

The types of Temporal (https://tc39.es/proposal-temporal) are Python's own by name; their nanoseconds are lost.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo

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


def number_of(value: object) -> float | None:
    """What JavaScript compares and subtracts, as those of a Date: milliseconds, with the microseconds as their fraction; None for what has none."""
    if isinstance(value, datetime.timedelta):
        return value / _MILLISECOND
    if isinstance(value, datetime.datetime):
        return (value.astimezone(datetime.UTC) - _BEGIN) / _MILLISECOND
    return milliseconds_of(value)[1] if isinstance(value, datetime.date) else None


def datetime_of(milliseconds: float) -> datetime.datetime | None:
    """The moment of a Date, in UTC; None for an invalid Date, as in its JSON."""
    if milliseconds != milliseconds:
        return None
    return _BEGIN + datetime.timedelta(milliseconds=milliseconds)


_DURATION = re.compile(
    r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?",
)


def temporal_of(kind: str, text: str) -> datetime.date | datetime.time | datetime.timedelta:
    """What is said by the ``text`` of an object of Temporal's of this ``kind``: ``PlainDate``, ``ZonedDateTime``, ``Duration`` ...

    Raises OverflowError for a year that Python does not have.
    """
    if kind == "Duration":
        return _duration_of(text)
    text, _, notes = text.partition("[")
    try:
        match kind:
            case "PlainDate":
                return datetime.date.fromisoformat(text)
            case "PlainTime":
                return datetime.time.fromisoformat(text)
            case _:
                moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise OverflowError(f"Python has no {kind} for {text}") from None
    zone = notes.partition("]")[0]
    if kind != "ZonedDateTime" or zone.startswith(("+", "-")):
        return moment
    return moment.astimezone(zoneinfo.ZoneInfo(zone))


def _duration_of(text: str) -> datetime.timedelta:
    parts = _DURATION.fullmatch(text)
    assert parts is not None, text
    sign, weeks, days, hours, minutes, seconds, fraction = parts.groups(default="0")
    duration = datetime.timedelta(
        weeks=int(weeks),
        days=int(days),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int(fraction.ljust(6, "0")[:6]),
    )
    return -duration if sign == "-" else duration
