"""What may stand in a log that many can read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.errors import Finding, Place
from sendbatch.runtime.addresses import LEAST
from sendbatch.runtime.masking import masked, masked_finding


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("row 3, jane@example.com: invalid", "row 3, j…e@example.com: invalid"),
        ("<o'brien+x@mail.example.com>, a@b.de.", "<o…x@mail.example.com>, …@b.de."),
        ("ada@example.com", "…@example.com"),
        ('"john doe"@example.com', "j…e@example.com"),
        ("müller@bücher.example\nnéo@x.org", "m…r@bücher.example\n…@x.org"),
        ("mailto:jane@example.com", "mailto:j…e@example.com"),
        ("--only jane@example.com", "--only j…e@example.com"),
        ("(as =?utf-8?q?a?=@example.com)", "(as …@example.com)"),
        ("jane@[192.0.2.1]", "j…e@[192.0.2.1]"),
        ("jane@192.0.2.1", "j…e@192.0.2.1"),
        ("jane@xn--bcher-kva.example", "j…e@xn--bcher-kva.example"),
        ("https://x.example/u?m=jane%40example.com&n=1", "https://x.example/u?m=j…e%40example.com&n=1"),
        ("?next=%2Fu%3Fm%3Djane%2540example.com", "?next=…%2540example.com"),
        ("https://x.example/unsub/jane@example.com/1", "https://x.example/…@example.com/1"),
        ("bounce+jane=example.com@lists.example", "b…m@lists.example"),
        ("jane@home@example.com", "j…e@example.com"),
        ("jane＠example.com jane&#64;example.com", "j…e＠example.com j…e&#64;example.com"),
        ("jane(at)example.com", "j…e(at)example.com"),
        ("jane@example: no dot", "j…e@example: no dot"),
        ("files/jane@example.com/ticket.pdf: no such file", "…@example.com/ticket.pdf: no such file"),
        ("550 jane.doe=40example.net", "550 j…e=40example.net"),
        ("jane@x.de: 550 no jane=x.de, jane=y.org", "j…e@x.de: 550 no j…e=x.de, j…e=y.org"),
        ("jane@x.de: 550 no b+jane=x.de", "j…e@x.de: 550 no b+j…e=x.de"),
        ("refused, the last one: 550 5.7.1 no jane; x", "refused, the last one: 550 5.7.1 …"),
        (
            "refused, the last one: 450 jane; it is worth trying again from 13:00",
            "refused, the last one: 450 …; it is worth trying again from 13:00",
        ),
        ("` the last one: 550 jane `\nx", "` the last one: 550 … `\nx"),
        ("{'a': 'jane@example.com'}", "{'a': 'j…e@example.com'}"),
        ("550 no mailbox jane.do…", "550 no mailbox …"),
        ("550 <jane.doe@exam…", "550 <…"),
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
        "uses: actions/checkout@v4",
        "@octocat, --only @people.csv",
        "reports/news@spring/report.csv",
        "sendbatch resolve news.yaml KEY… --as accepted",
        "rows 2, 3, … and more",
        "--limit=40 --rate=40.5, quota=400.5",
        "set the public key, age1…, which age-keygen shows too",
    ],
)
def test_what_is_no_address_stays(said: str) -> None:
    assert masked(said) == said


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, '"' * 200_000, "a@b." * 50_000, "a." * 100_000 + "@", "a@" * 100_000, "a…" * 100_000,
     "'\"" * 100_000 + "@", "%2540" * 40_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 2.0


# RFC 5322 §3.2.3, with the letters of RFC 6532; what a reply, a link or a cell may put around it
ATEXT = st.text(st.sampled_from("abcXYZ09.!#$%&*+-/=?^_`{|}~éßжñ字"), min_size=LEAST, max_size=20)
QUOTED = st.text(st.sampled_from("abcXYZ09 ,;:<>()[]@éж"), min_size=LEAST, max_size=20).map('"{}"'.format)
ESCAPED = st.sampled_from([r'"jane\"doe"', r'"jane\\"'])
AROUND = st.sampled_from(
    ["{}", "<{}>", "550 5.1.1 <{}>: unknown", "row 3, {}: invalid", "'{}'", "mailto:{}", "({}),", "x {}… y",
     "{}/ticket.pdf", "https://x.example/unsub/?a={}", "| ` {} ` | 5 |", '{{"key": "{}"}}', "{}, …", "«{}»"]
)  # fmt: skip


@given(ATEXT | QUOTED | ESCAPED, AROUND, st.text(max_size=10))
def test_of_no_address_more_than_two_letters_are_left(local: str, around: str, other: str) -> None:
    said = masked(f"{other} {around.format(f'{local}@example.com')} {other}")
    inner, beside = local.strip('"'), f"{other} {around}@example.com {other}"
    for start in range(len(inner) - 2):
        part = inner[start : start + 3]
        if part not in beside and part.strip():
            assert part not in said


@given(ATEXT | QUOTED | ESCAPED, AROUND)
def test_masked_twice_is_masked_once(local: str, around: str) -> None:
    once = masked(around.format(f"{local}@example.com"))
    assert masked(once) == once


def test_a_mailbox_that_a_server_names_without_its_domain_is_masked_where_it_is_known() -> None:
    said = "550 5.1.1 Jane.Doe... User unknown, ask janet"
    assert masked(said, "jane.doe@example.com") == "550 5.1.1 J…e... User unknown, ask janet"
    told = "row 3, user@example.com is rejected: 550 5.1.1 <user>: no such mailbox\nthe user is asked"
    assert masked(told) == (
        "row 3, u…r@example.com is rejected: 550 5.1.1 <u…r>: no such mailbox\nthe user is asked"
    )


def test_a_finding_is_masked_in_its_line_and_its_caret_stays_where_it_was() -> None:
    line = "jane@example.com,x,jane.doe@example.com"
    place = Place("people.csv", 3, 18, line)
    found = Finding("rule", "error", place, "jane@example.com: no", "not jane@x.de")
    shown = masked_finding(found)
    assert shown.message == "j…e@example.com: no"
    assert shown.hint == "not j…e@x.de"
    assert shown.place is not None
    assert shown.place.text == "j…e@example.com,x,j…e@example.com"
    assert shown.place.text[(shown.place.column or 0) - 1 :].startswith("x,")
