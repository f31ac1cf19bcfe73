"""What may stand in a log that many can read."""

from __future__ import annotations

import time

import pytest

from sendbatch.cli.masking import masked


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("row 3, ada@example.com: invalid", "row 3, ***@example.com: invalid"),
        ("<o'brien+x@mail.example.com>, a@b.de.", "<***@mail.example.com>, ***@b.de."),
        ('"john doe"@example.com', "***@example.com"),
        ("müller@bücher.example\nnéo@x.org", "***@bücher.example\n***@x.org"),
        ("mailto:ada@example.com", "mailto:***@example.com"),
        ("--only ada@example.com", "--only ***@example.com"),
        ("(as =?utf-8?q?a?=@example.com)", "(as ***@example.com)"),
        ("ada@[192.0.2.1]", "***@[192.0.2.1]"),
        ("ada@xn--bcher-kva.example", "***@xn--bcher-kva.example"),
    ],
)
def test_the_local_part_of_an_address_is_masked(said: str, shown: str) -> None:
    assert masked(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "report: campaigns/reports/news@2026-12/report.csv",
        "reports/news@2026-12.sandbox/outbox",
        "reports/news@v1.2: there is no record here",
        "a @ b.de",
        "@example.com",
        "12 of 40,000 an hour used",
    ],
)
def test_what_is_no_address_stays(said: str) -> None:
    assert masked(said) == said


@pytest.mark.parametrize(
    "text", ["a" * 200_000, '"' * 200_000, "a@b." * 50_000, "a." * 100_000 + "@"]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 2.0
