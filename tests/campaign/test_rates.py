"""Rates as people and providers write them: taken, or refused with what to write."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.campaign.written.rates import EXAMPLE, PATTERN, parse_rate, parse_rates, spelled

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400

TAKEN = {
    "14/s": Rate(14, 1),
    "10/sec": Rate(10, 1),
    "10 / secs": Rate(10, 1),
    "10 per second": Rate(10, 1),
    "10 a second": Rate(10, 1),
    "600/min": Rate(600, 60),
    "10/minute": Rate(10, 60),
    "5000/h": Rate(5000, HOUR),
    "600/hr": Rate(600, HOUR),
    "100 emails per hour": Rate(100, HOUR),
    "100 e-mails an hour": Rate(100, HOUR),
    "50_000 / day": Rate(50000, DAY),
    "300/d": Rate(300, DAY),
    "5,000/day": Rate(5000, DAY),
    "5000 / day": Rate(5000, DAY),
    "5 000/day": Rate(5000, DAY),
    "1,500,000 per day": Rate(1_500_000, DAY),
    "5'000/day": Rate(5000, DAY),
    "20000/month": Rate(20000, MONTH),
    "20k/mo": Rate(20000, MONTH),
    "1M/month": Rate(1_000_000, MONTH),
    "1k/h": Rate(1000, HOUR),
    "1.5k/h": Rate(1500, HOUR),
    # lengths of time with a number
    "50/5min": Rate(50, 300),
    "50 emails in 5 minutes": Rate(50, 300),
    "50 every 5 minutes": Rate(50, 300),
    "1/2s": Rate(1, 2),
    "10/10s": Rate(10, 10),
    "100/60min": Rate(100, HOUR),
    "5000/24h": Rate(5000, DAY),
    "5000/24 hours": Rate(5000, DAY),
    "20000/30 days": Rate(20000, MONTH),
    "1/500ms": Rate(2, 1),
    # parts of a recipient
    "0.5/s": Rate(1, 2),
    "0.125/s": Rate(1, 8),
    "14.5/s": Rate(29, 2),
    "2.5/min": Rate(1, 24),
    "10/1.5s": Rate(20, 3),
}

REFUSED = {
    "100/m": "100/min or 100/month",
    "100/M": "100/min or 100/month",
    "50/5m": "50/5min",
    "14/mn": "14/min",
    "14/minuten": "14/minute",
    "5/hoour": "5/hour",
    "14": "14/s or 14/min or 14/h or 14/day",
    "10/s burst 20": "10/s",
    "max 10/s": "10/s",
    "~10/s": "10/s",
    "10-20/s": "10/s",
    "10 to 20 per second": "10/s",
    "14/s and 1000/day": "14/s, 1000/day",
    "10 rps": "10/s",
    "500 daily": "500/day",
    "every 2 seconds": "1/2s",
    "5.000/day": "5000/day or 5/day",  # is the point one between thousands?
    "1.500/min": "1500/min or 1.5/min",
    "0,5/s": "0.5/s",
    "1.500.000/month": "1500000/month",
    "0.333333/s": "599/30min",
    "10/0s": "10/s",
    # windows that are not remembered: as fast as never lets through more
    "100/2h": "50/h",
    "100/12h": "8/h",
    "7000/week": "1000/day",
    "5/week": "5/month",
    "100/90min": "50/h",
    # parts of a recipient
    "1.5/h": "1/h or 36/day",
    "0.5/h": "12/day",
    "2.5/day": "2/day or 75/month",
}

NO_RATE = (
    "", "0/s", "-1/s", "1/fortnight", "fast", "/s", "s/14", "1/year", "9" * 50 + "/s", "1/s" * 100,
    "10 per connection", "unlimited", "0.5/month", "10 connections", "٣/s", "1e3/s", "0/h",
)  # fmt: skip


@pytest.mark.parametrize(("text", "rate"), TAKEN.items())
def test_a_rate_with_one_meaning_is_taken(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate
    assert parse_rate(f" {text} ") == rate


def test_every_spelling_that_is_taken_is_one_for_an_editor_too() -> None:
    assert [text for text in TAKEN if not re.search(PATTERN, text)] == []
    assert re.search(PATTERN, "14/s, 5,000/day")
    assert not re.search(PATTERN, "14")
    assert not re.search(PATTERN, "10/s burst 20")


@pytest.mark.parametrize(("text", "advice"), REFUSED.items())
def test_another_is_refused_with_what_to_write_and_that_is_taken(text: str, advice: str) -> None:
    with pytest.raises(Wrong) as raised:
        parse_rates(text)
    assert raised.value.hint == f"write {advice}"
    for way in advice.split(" or "):
        assert parse_rates(way)


def test_a_limit_for_each_connection_has_a_key_of_its_own() -> None:
    for text in ("100 per connection", "100 messages/session"):
        with pytest.raises(Wrong) as raised:
            parse_rate(text)
        assert raised.value.hint == "write messages_per_connection: 100 in the profile"


@pytest.mark.parametrize("text", ["1/1h30m", "3/1min30s", "1e3/h", "1.5e3/h"])
def test_a_part_of_what_was_written_is_not_advised(text: str) -> None:
    """1/h would be faster than one in an hour and a half."""
    with pytest.raises(Wrong) as raised:
        parse_rate(text)
    assert raised.value.hint == EXAMPLE


@pytest.mark.parametrize("text", NO_RATE)
def test_what_is_no_rate_is_refused_in_words(text: str) -> None:
    with pytest.raises(Wrong) as raised:
        parse_rate(text)
    assert str(raised.value)
    assert len(str(raised.value)) < 200


def test_several_rates_hold_together() -> None:
    both = (Rate(14, 1), Rate(50000, DAY))
    assert parse_rates("14/s, 50000/day") == both
    assert parse_rates("14/s,50,000/day") == both
    assert parse_rates(["14/s", "50000/day"]) == both


@given(st.integers(1, 10**6), st.sampled_from([1, 2, 10, 60, 300, 1800, HOUR, DAY, MONTH]))
def test_a_rate_that_is_spelled_is_read_as_the_same(count: int, seconds: int) -> None:
    assert parse_rate(spelled(Rate(count, seconds))) == Rate(count, seconds)


@given(st.integers(1, 10**5), st.integers(61, 60 * 24 * 60))
def test_what_is_advised_for_another_window_never_lets_through_more(
    count: int, minutes: int
) -> None:
    try:
        rate = parse_rate(f"{count}/{minutes}min")
    except Wrong as wrong:
        if wrong.hint is None:
            return
        rate = parse_rate(wrong.hint.removeprefix("write "))
        windows = -(-minutes * 60 // rate.seconds)  # so many windows touch that stretch at most
        assert rate.count * windows <= count
    else:
        assert Fraction(rate.count, rate.seconds) == Fraction(count, minutes * 60)


SPELLINGS = st.builds(
    "{}{}{}{}{}".format,
    st.from_regex(r"[0-9]{1,4}([.,' ][0-9]{1,4}){0,2}", fullmatch=True),
    st.sampled_from(["", "k", "M", " emails"]),
    st.sampled_from(["/", " per ", " every ", " x "]),
    st.sampled_from(["", "2", "90", "0", "1.500", "0,5"]),
    st.sampled_from(["s", "m", "min", "mn", "hr", "day", "week", "month", "mths", "year", "foo"]),
)


@given(SPELLINGS)
def test_every_advice_is_taken(text: str) -> None:
    try:
        parse_rates(text)
    except Wrong as wrong:
        if wrong.hint is None or wrong.hint == EXAMPLE or not wrong.hint.startswith("write "):
            return
        for way in wrong.hint.removeprefix("write ").split(" or "):
            assert parse_rates(way)


@given(st.text(max_size=60) | SPELLINGS)
def test_whatever_is_written_is_a_rate_or_told_in_words(text: str) -> None:
    try:
        rates = parse_rates(text)
    except Wrong:
        return
    for rate in rates:
        assert rate.count >= 1
        assert 1 <= rate.seconds < HOUR or rate.seconds in (HOUR, DAY, MONTH)
