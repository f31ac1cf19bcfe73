"""The record as Markdown: read by a parser of GitHub's kind, nothing in it is more than data."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sendbatch.ledger.facts import Event
from sendbatch.message.variants import Variants
from sendbatch.reports.markdown import write
from sendbatch.reports.report import Report
from sendbatch.reports.spans import cell, code, table
from sendbatch.values import Status

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = "x|y `a` ``b`` <img src=x> @octocat #7 https://evil.example [l](u) *b* ::error:: \\| a@b.example"


def text_of(report: Report) -> str:
    out = io.StringIO()
    write(report, out)
    return out.getvalue()


def inline(text: str) -> list[tuple[str, str]]:
    return [
        (child.type, child.content)
        for token in GITHUB.parse(text)
        for child in token.children or []
        if child.type != "text" or child.content
    ]


def test_the_whole_is_a_few_tables_with_what_the_refusals_mean(record) -> None:
    times = {"first_attempt_at": 1_800_000_000.0, "finished_at": 1_800_000_080.0}
    record.add(Status.ACCEPTED, code=250, **times)
    record.add(Status.REJECTED, email="jane@example.com", code=550, enhanced="5.1.1", reply="No such user")
    record.add(Status.FILTERED)

    text = text_of(record.report("spring (2026-12)", {"report": "reports/x.csv"}))

    assert text.startswith("# ` spring (2026-12) `: 1 of 2 accepted\n\n|  | recipients |  |\n")
    assert "| accepted | 1 | the server took it |" in text
    assert "Sent from 2027-01-15T08:00:00.000Z to 2027-01-15T08:01:20.000Z, 1 min 20 s" in text
    assert "| rejected | 1 | ` jane@example.com ` | 3 | ` 550 5.1.1 No such user ` |" in text
    assert "| 1 | ` 550 5.1.1 No such user ` | There is no mailbox of this name. ([source](https://" in text
    assert text.endswith("- report: ` reports/x.csv `\n")


def test_data_is_shown_as_it_stands_and_as_nothing_else(record) -> None:
    record.add(Status.REJECTED, email=f"{HOSTILE}@example.com", key=HOSTILE, code=550, reply=HOSTILE)
    text = text_of(record.report(HOSTILE, {"report": HOSTILE}))

    kinds = {kind for kind, _ in inline(text)}
    assert kinds <= {"text", "code_inline", "link_open", "link_close"}
    children = [child for token in GITHUB.parse(text) for child in token.children or []]
    links = [child for child in children if child.type == "link_open"]
    assert all(str(link.attrs["href"]).startswith("https://www.rfc-editor.org/") for link in links)
    words = "".join(content for kind, content in inline(text) if kind == "text")
    assert "octocat" not in words
    assert "evil" not in words
    shown = HOSTILE.replace("\\|", "\\│")
    assert next(content for kind, content in inline(text) if kind == "code_inline") == HOSTILE
    assert any(shown[:90] in content for kind, content in inline(text) if kind == "code_inline")


@given(st.text(max_size=80))
def test_any_text_stays_within_its_cell_and_its_code(data: str) -> None:
    text = table(("a", "b"), [(code(data), "end")])
    cells = [token for token in GITHUB.parse(text) if token.type == "inline"]
    assert [cell.content for cell in cells[:2]] == ["a", "b"]
    assert len(cells) in (3, 4)
    assert cells[-1].content == "end"
    kinds = {child.type for cell in cells for child in cell.children or []}
    assert kinds <= {"text", "code_inline"}


def test_a_bar_behind_a_backslash_ends_no_cell() -> None:
    assert cell("a|b") == "a\\|b"
    assert "|" not in cell("a\\|b")


def test_it_stays_below_what_a_comment_may_hold_whatever_there_is(record) -> None:
    long = "\U0001f600" * 600
    for number in range(3000):
        status = (Status.REJECTED, Status.DEFERRED, Status.IN_DOUBT, Status.FAILED)[number % 4]
        reply = f"{number} {long}"
        record.add(status, email=f"{number}{long}", code=550, reply=reply, content=f"{number:064x}")
    record.facts |= {
        f"subjects of {number:064x}": Variants("spring", (f"A {long}", f"B {long}", "C")).remembered()
        for number in range(40)
    }
    record.used = [(f"{number}{long}", 1) for number in range(40)]
    record.history = [Event(1.0, "stopped", long)] * 300

    text = text_of(record.report(long, {"report": long * 9, "mails": long * 9}))

    assert len(text.encode()) < 60_000
    assert "… and " in text


def test_nobody_to_send_to_is_said(record) -> None:
    assert text_of(record.report()) == "# ` spring `: nobody to send to\n"


def test_a_run_that_broke_off_is_told_at_the_top(record) -> None:
    record.add(Status.SENDING, first_attempt_at=1_800_000_000.0)
    record.facts["ended"] = ""
    out = io.StringIO()

    write(record.report(), out)

    said = "The last run did not come to its end. 1 recipient is in doubt: the mail may have arrived."
    assert said in out.getvalue().partition("|")[0]
