"""The summary as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sendbatch.message.variants import Variants
from sendbatch.reports.report import ThisRun
from sendbatch.reports.text import summary
from sendbatch.values import Status
from sendbatch.words import width
from tests.kit.local_time import local_time

COMMANDS = {"resolve": "sendbatch resolve spring.yaml --run may"}


@pytest.fixture(autouse=True)
def in_berlin() -> Iterator[None]:
    with local_time("CET-1CEST,M3.5.0,M10.5.0/3"):
        yield


def test_the_whole_summary_is_aligned_and_in_plain_words(record) -> None:
    record.facts["run"] = "2026-12"
    for _ in range(1200):
        record.add(
            Status.ACCEPTED,
            code=250,
            content="a" * 64,
            first_attempt_at=1_800_000_000.0,
            finished_at=1_800_000_080.0,
        )
    unknown = {"code": 550, "enhanced": "5.1.1", "reply": "No such user"}
    record.add(Status.REJECTED, email="jane@example.com", **unknown)
    record.add(Status.REJECTED, email="bo@example.com", **unknown)
    record.add(Status.IN_DOUBT, email="cy@example.com", reason="the connection was lost")
    record.add(Status.INVALID, email="", key="", reason="the address is empty")
    record.add(Status.FILTERED)

    text = summary(record.report("spring (2026-12)", {"report": "reports/x.csv"}))

    assert (
        text
        == """\
spring (2026-12): 1,200 of 1,204 accepted

  accepted  1,200  the server took it
  rejected      2  refused for good by the server
  in doubt      1  the message may have arrived; no reply came
  invalid       1  no usable address, key or required cell
  filtered      1  left out by `where` or only_to

  in 1 min 20 s, 15 a second; 2027-01-15 09:00:00 to 09:01:20 CET

Needs attention
  row 1204         cy@example.com               in doubt  the connection was lost
  rows 1202, 1203  jane@example.com and 1 more  rejected  550 5.1.1 No such user
  row 1205         (no address)                 invalid   the address is empty

What it means
  550 5.1.1: There is no mailbox of this name.
    Look for a slip in the address. If there is none, put it on your suppression list: going on with it \
harms your name as a sender.

  report:  reports/x.csv
"""
    )


def test_what_refusals_mean_is_said_once_for_each_meaning_and_of_the_commonest(record) -> None:
    for code, reply, number in (
        (550, "No such user", 5), (550, "User unknown", 4), (452, "4.2.2 Over quota", 3),
        (451, "Greylisting", 2), (554, "spam", 1),
    ):  # fmt: skip
        for _ in range(number):
            record.add(Status.DEFERRED, code=code, reply=reply)

    said = summary(record.report()).partition("What it means\n")[2].split("\n")[:7:2]

    assert [line.partition(".")[0] for line in said] == [
        "  550: There is no mailbox of this name",
        "  452: The recipient's mailbox is full",
        "  451: The server does not know you yet, and asks everybody new to come again later (greylisting)",
        "  … and 1 more meaning: report",
    ]


def test_where_a_code_means_several_things_each_has_the_words_of_its_reply(record) -> None:
    for reply in ("spam detected", "Relay access denied", "Relay access denied"):
        record.add(Status.REJECTED, code=554, enhanced="5.7.1", reply=reply)

    said = summary(record.report()).partition("What it means\n")[2]

    assert "  554 5.7.1 Relay access denied: The server does not take mail" in said
    assert "  554 5.7.1 spam detected: " in said


def test_a_run_that_goes_on_with_an_earlier_one_tells_its_own_time(record) -> None:
    yesterday, today = 1_800_000_000.0, 1_800_082_800.0
    for at in (yesterday, yesterday, today, today, today):
        record.add(Status.ACCEPTED, first_attempt_at=at, finished_at=at + 2)

    def told(began_at: float, accepted: int) -> str:
        return summary(record.report(run=ThisRun(began_at, accepted)))

    assert (
        "\n  this run: in 3.0 s, 1.0 a second; 2027-01-16 07:59:59 to 08:00:02 CET\n"
        in told(today - 1, 3)
    )
    assert "\n  in 23 h, 5.0 an hour" not in told(today - 1, 3)
    assert "\n  this run: in 3.0 s; 2027-01-16" in told(today - 1, 0)  # where nobody was accepted
    assert "this run" not in told(yesterday - 1, 5)  # the first of all


def test_when_everyone_has_the_mail_there_is_little_to_say(record) -> None:
    for _ in range(3):
        record.add(Status.ACCEPTED)

    text = summary(record.report())

    assert text == "spring: all 3 accepted\n\n  accepted  3  the server took it\n"


def test_a_campaign_for_nobody_says_so(record) -> None:
    record.add(Status.FILTERED)

    assert summary(record.report()).startswith("spring: nobody to send to\n")


def test_one_fault_of_many_rows_is_one_line_with_the_count_and_the_first_rows(record) -> None:
    for _ in range(1234):
        record.add(Status.FAILED, reason="no such file: x.pdf")
    all_fail = summary(record.report())
    record.add(Status.ACCEPTED)

    text = summary(record.report())

    assert "  all 1,234 rows  p2@example.com and 1,233 more  failed  no such file: x.pdf\n" in all_fail
    assert text.count("no such file") == 1
    assert "  rows 2, 3, 4, …  p2@example.com and 1,233 more  failed  no such file: x.pdf\n" in text
    assert "… and" not in text


def test_of_many_faults_the_first_ten_are_named_and_the_others_counted(record) -> None:
    for letter in "abcdefghijklmnopqrstuvwxyz":
        record.add(Status.FAILED, reason=f"the macro {letter} is not defined")

    text = summary(record.report())

    assert text.count("is not defined") == 10
    assert "  … and 16 more\n" in text


def test_versions_servers_and_those_gone_are_told_where_there_is_more_than_one(record) -> None:
    record.add(Status.ACCEPTED, content="a" * 64)
    record.add(Status.ACCEPTED, content="b" * 64)
    record.used = [("mail.example.com", 1), ("backup.example.net", 1)]
    record.gone.append(record.rows[0])

    text = summary(record.report())

    assert "  2 versions went out: aaaaaaaaaaaa 1, bbbbbbbbbbbb 1\n" in text
    assert "  accepted through mail.example.com 1, backup.example.net 1\n" in text
    assert "  no longer in the CSV, and not counted: accepted 1\n" in text


def test_a_hostile_reply_cannot_drive_the_terminal_nor_fill_it(record) -> None:
    record.add(
        Status.REJECTED,
        email="a\x1b[2J@x.example",
        code=550,
        reply="\x1b]0;owned\x07\n" + "x" * 5000,
    )

    text = summary(record.report())

    assert "\x1b" not in text
    assert "\x07" not in text
    assert all(len(line) < 200 for line in text.splitlines())


def test_wide_characters_do_not_break_the_columns(record) -> None:
    record.add(Status.REJECTED, email="用户@例え.jp", code=550, reply="no")
    record.add(Status.REJECTED, email="jane@example.com", code=551, reply="no")

    lines = summary(record.report()).splitlines()

    columns = [width(line[: line.index("rejected")]) for line in lines if "row " in line]
    assert len(columns) == 2
    assert len(set(columns)) == 1


def test_who_is_refused_with_5xx_and_not_settled_is_told_with_the_way_to_settle_it(record) -> None:
    relay = {"code": 554, "enhanced": "5.7.1", "reply": "Relay access denied", "why": "set-up"}
    for number in range(3):
        record.add(Status.DEFERRED, email=f"p{number}@example.com", **relay)
    record.add(Status.DEFERRED, email="cy@example.com", code=451, reply="later")
    text = summary(replace(record.report(), commands=COMMANDS))
    assert (
        """
Refused with 5xx and still open
  3 × 554 5.7.1 Relay access denied (speaks of our set-up, not of them)
  The server says never, but it speaks of us, or nobody was accepted after that:
  the next run tries these 3 again. Where the server is right, they can be settled for good:
  sendbatch resolve spring.yaml --run may KEY… --as rejected
"""
        in text
    )


def test_where_it_is_one_alone_they_are_named(record) -> None:
    record.add(Status.DEFERRED, key="jane", code=550, enhanced="5.1.1", reply="no such user")
    text = summary(replace(record.report(), commands=COMMANDS))
    assert "  1 × 550 5.1.1 no such user\n" in text
    assert "\n  sendbatch resolve spring.yaml --run may jane --as rejected\n" in text


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("x; touch P; $(id)", "'x; touch P; $(id)' --as rejected"),
        ("--as=accepted", "--as rejected -- --as=accepted"),
        ("two\nlines", "KEY… --as rejected"),
        ("x" * 400, "KEY… --as rejected"),
    ],
)
def test_a_key_in_a_line_to_be_pasted_is_one_word_or_left_out(record, key: str, line: str) -> None:
    record.add(Status.DEFERRED, key=key, code=550, enhanced="5.1.1", reply="no such user")
    text = summary(replace(record.report(), commands=COMMANDS))
    assert f"\n  sendbatch resolve spring.yaml --run may {line}\n" in text


def test_of_many_such_replies_the_most_frequent_are_shown_and_the_others_counted(record) -> None:
    for reply in range(7):
        for _ in range(8 - reply):
            record.add(Status.DEFERRED, code=550, reply=f"no {'x' * reply}")
    text = summary(record.report())
    assert "  4 × 550 no xxxx\n  … and 5 more by other replies\n" in text
    assert "the next run tries these 35 again" in text


def test_with_4xx_alone_nothing_of_that_is_said(record) -> None:
    record.add(Status.DEFERRED, code=451, reply="later")
    assert "still open" not in summary(record.report())


def test_variants_of_the_subject_are_a_table_that_says_who_is_in_none_of_them(record) -> None:
    variants = Variants("spring", ("Hello {{ first_name }}", "News\x1b[2J"))
    record.facts["subjects of " + "a" * 64] = variants.remembered()
    by_name: dict[str, list[str]] = {"A": [], "B": []}
    for number in range(40):
        by_name[variants.name_of(f"p{number}")].append(f"p{number}")
    for name, many in (("A", 11), ("B", 9)):
        for key in by_name[name][:many]:
            record.add(Status.ACCEPTED, key=key, content="a" * 64)
    record.add(Status.REJECTED, key=by_name["B"][9], content="a" * 64, code=554, reply="spam")
    record.add(Status.DEFERRED, key=by_name["A"][11], code=450, reply="grey")
    record.add(Status.ACCEPTED, content="b" * 64)  # when there was one subject

    text = summary(record.report())

    table = text[text.index("Variants") :].partition("\n\n")[0]
    assert table == """\
Variants of the subject
  A  accepted 11  rejected  0  Hello {{ first_name }}
  B  accepted  9  rejected  1  News�[2J
  sent none of these: accepted 1, deferred 1"""


def test_of_several_contents_each_has_a_table_of_its_variants(record) -> None:
    for content in ("a" * 64, "b" * 64):
        record.facts[f"subjects of {content}"] = Variants("spring", ("One", "Two")).remembered()
        record.add(Status.ACCEPTED, content=content)

    text = summary(record.report())

    assert "Variants of the subject of content aaaaaaaaaaaa\n" in text
    assert "Variants of the subject of content bbbbbbbbbbbb\n" in text
    assert "sent none of these" not in text


def test_the_variants_of_the_last_content_come_last_also_where_nobody_has_it_yet(record) -> None:
    for content in ("b" * 64, "a" * 64):
        record.facts[f"subjects of {content}"] = Variants("spring", ("One", "Two")).remembered()
    record.facts["content"] = "a" * 64
    record.add(Status.ACCEPTED, content="b" * 64)
    record.add(Status.DEFERRED, content="a" * 64, code=451, reply="grey")

    text = summary(record.report())

    assert text.index("of content bbbb") < text.index("of content aaaa")
