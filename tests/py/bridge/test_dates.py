"""Dates and times in copies: a Date is a datetime in UTC."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
import twinloop
from twinloop import js

UTC = datetime.UTC


def test_a_datetime_is_copied_to_a_date_and_back() -> None:
    async def main() -> None:
        text = js.function("(d) => d instanceof Date && d.toISOString()")
        moment = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
        assert text(js.to_js(moment)) == "2024-02-29T12:30:15.123Z"
        assert js.to_js(moment).to_py() == moment.replace(microsecond=123000)
        east = moment.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
        assert text(js.to_js(east)) == "2024-02-29T12:30:15.123Z"
        assert text(js.to_js(datetime.date(2024, 2, 29))) == "2024-02-29T00:00:00.000Z"
        assert (
            text(js.to_js(datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)))
            == "1969-12-31T23:59:59.999Z"
        )
        assert js.to_js(datetime.timedelta(seconds=1, microseconds=500)) == 1000.5

    twinloop.run(main())


def test_a_datetime_without_a_zone_is_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:

        async def main() -> Any:
            return js.to_js(datetime.datetime(2024, 1, 1, 9)).toISOString()

        assert twinloop.run(main()) == "2024-01-01T00:00:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_dates_stand_in_structures_of_both_languages() -> None:
    async def main() -> None:
        copied = js.eval("({ at: new Date(1500), none: new Date(NaN), all: [new Date(0)] })").to_py()
        begin = datetime.datetime(1970, 1, 1, tzinfo=UTC)
        assert copied == {"at": begin + datetime.timedelta(milliseconds=1500), "none": None, "all": [begin]}
        assert js.function("(d) => d.toJs().at.getTime()")({"at": begin}) == 0
        # At the border itself they are what they are.
        assert js.function("(d) => d")(begin) is begin and isinstance(js.eval("new Date(0)"), js.JsProxy)

    twinloop.run(main())


def test_a_date_that_python_does_not_have_is_an_error() -> None:
    async def main() -> None:
        with pytest.raises(OverflowError):
            js.eval("new Date(8.64e15)").to_py()

    twinloop.run(main())


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("PlainDate.from('2024-02-29')", datetime.date(2024, 2, 29)),
        ("PlainTime.from('10:30:00.25')", datetime.time(10, 30, 0, 250000)),
        ("PlainDateTime.from('2024-02-29T10:30')", datetime.datetime(2024, 2, 29, 10, 30)),
        (
            "Instant.from('2024-02-29T10:30:00.123456789Z')",
            datetime.datetime(2024, 2, 29, 10, 30, 0, 123456, tzinfo=UTC),
        ),
        ("ZonedDateTime.from('2024-02-29T10:30+01:00[+01:00]')", datetime.datetime(2024, 2, 29, 9, 30, tzinfo=UTC)),
        (
            "ZonedDateTime.from('2024-02-29T10:30+01:00[Europe/Berlin]')",
            datetime.datetime(2024, 2, 29, 9, 30, tzinfo=UTC),
        ),
        ("Duration.from('-P1W2DT3H4M5.25S')", -datetime.timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5.25)),
    ],
)
def test_a_copy_of_what_temporal_has_is_pythons(code: str, value: object) -> None:
    async def main() -> Any:
        return js.eval(f"({{ it: Temporal.{code} }})").to_py()["it"]

    copied = twinloop.run(main())
    assert copied == value and type(copied) is type(value)


def test_a_zone_of_temporal_is_pythons() -> None:
    async def main() -> Any:
        return js.eval("Temporal.ZonedDateTime.from('2024-07-01T10:30[Europe/Berlin]')").to_py()

    assert str(twinloop.run(main())) == "2024-07-01 10:30:00+02:00"


def test_what_temporal_has_and_python_has_not() -> None:
    async def main() -> None:
        # A month has no fixed length.
        assert isinstance(js.eval("Temporal.Duration.from('P1M')").to_py(), js.JsProxy)
        with pytest.raises(OverflowError, match="PlainDate"):
            js.eval("Temporal.PlainDate.from('+012024-02-29')").to_py()

    twinloop.run(main())


def test_javascript_compares_and_subtracts_dates_of_pythons() -> None:
    # By their texts, two zones were compared wrongly, and nothing could be compared with a Date.
    async def main() -> None:
        early = datetime.datetime(2024, 1, 1, 0, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        late = datetime.datetime(2024, 1, 1, tzinfo=UTC)
        day, soon = datetime.timedelta(days=1), late + datetime.timedelta(microseconds=1)
        assert js.function("(a, b, c) => [a < b, b < a, b < c, b - a]")(early, late, soon).to_py() == [
            True,
            False,
            True,
            5400000,
        ]
        beside = js.function(
            "(d, day) => [d < new Date(), d - new Date('2024-01-01'), new Date(+d + +day).getUTCDate(), `${d}`, d + '']"
        )
        text = "2024-01-01 00:00:00+00:00"
        assert beside(late, day).to_py()[:2] == [True, 0] and beside(late, day).to_py()[3:] == [text, text]
        assert js.function("(a, b) => [a < b, Number(b), Math.max(a, b)]")(
            datetime.date(1970, 1, 1), datetime.date(1970, 1, 2)
        ).to_py() == [
            True,
            86400000,
            86400000,
        ]
        # A time alone is no moment.
        assert js.function("(time) => Number.isNaN(+time)")(datetime.time(1, 2))

    twinloop.run(main())
