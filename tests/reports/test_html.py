"""report.html as a file: what it says, that data stays data, that it is bounded, that its policy is true."""

from __future__ import annotations

import hashlib
import io
import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from sendbatch import reports
from sendbatch.ledger.ending import Ended, remembering
from sendbatch.ledger.facts import Event
from sendbatch.message.variants import Variants
from sendbatch.reports.html import write
from sendbatch.reports.people import MOST
from sendbatch.reports.tally import take
from sendbatch.values import Status, Why

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&\u202e\x00\x1b[31m"
SENT = {"attempts": 1, "first_attempt_at": 1_764_230_000.0, "finished_at": 1_764_230_002.0}
REFUSED = {**SENT, "code": 550, "enhanced": "5.1.1", "reply": "no such user", "why": Why.MAILBOX}


def page_of(report) -> str:
    out = io.StringIO(newline="")
    write(report, out)
    return out.getvalue()


def words_of(page: str) -> str:
    """What people read, without the tables' markup."""
    body = page[page.index("<body>") :]
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", body, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", without)).split())


def test_the_first_sentence_says_what_happened(record) -> None:
    for _ in range(3):
        record.add(Status.ACCEPTED, **SENT)
    assert "The server accepted all 3." in words_of(page_of(record.report()))

    record.add(Status.REJECTED, **REFUSED)
    assert "The server accepted 3 of 4; 1 needs attention." in words_of(page_of(record.report()))

    record.add(Status.PENDING)
    said = words_of(page_of(record.report()))
    assert "The server accepted 3 of 5; 1 recipient is still to be tried, and 1 needs attention." in said


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([], "There is nobody to send to."),
        ([Status.FILTERED, Status.DUPLICATE], "There is nobody to send to."),
        ([Status.ACCEPTED], "The server accepted the mail."),
        ([Status.REJECTED] * 3, "The server accepted 0 of 3; 3 need attention."),
        ([Status.IN_DOUBT] * 2, "The server accepted 0 of 2; 2 need attention."),
        ([Status.SENDING], "The server accepted 0 of 1; 1 needs attention."),
    ],
)
def test_a_record_of_any_shape_is_a_whole_page(
    record, statuses: list[Status], said: str
) -> None:
    for status in statuses:
        record.add(status, **(SENT if status in (Status.ACCEPTED, Status.IN_DOUBT) else {}))

    page = page_of(record.report())

    assert said in words_of(page)
    assert page.endswith("</html>\n")
    for name in ("section", "table", "details", "figure", "ul", "ol", "dl", "div", "svg"):
        assert len(re.findall(f"<{name}[ >]", page)) == page.count(f"</{name}>"), name


def test_a_run_under_way_says_so_and_when_the_page_was_made(record) -> None:
    record.add(Status.ACCEPTED, **SENT)
    record.add(Status.SENDING, first_attempt_at=1_764_230_002.0)
    live = replace(
        record.report(), tally=take(record, live=True), live=True, made_at=1_764_230_003.0
    )

    page = page_of(live)

    said = words_of(page)
    assert "Being sent at this moment: 1 of 2 accepted so far." in said
    assert "The run is under way" in said
    assert "Made 2025-11-27 07:53:23 UTC" in said
    assert 'class="sortable people"' not in page  # nobody is in doubt


def test_a_run_that_was_stopped_early_says_why_and_until_when(record) -> None:
    record.add(Status.PENDING)
    ended = Ended(1_764_230_000.0, True, "the limits are used up", 1_764_240_000.0)
    record.facts["ended"] = remembering(ended).value

    said = words_of(page_of(record.report()))

    assert "The last run was stopped early: the limits are used up ." in said
    assert "It is worth going on from 2025-11-27 10:40:00 UTC" in said
    assert "stopped early" not in words_of(page_of(replace(record.report(), live=True)))


def test_every_status_is_counted_with_its_share(record) -> None:
    for _ in range(9):
        record.add(Status.ACCEPTED, **SENT)
    record.add(Status.DEFERRED, **{**REFUSED, "code": 451, "why": Why.GREYLISTING})
    record.add(Status.FILTERED)
    record.gone.append(record.add(Status.WITHDRAWN))
    record.rows.pop()

    said = words_of(page_of(record.report()))

    assert "9 accepted 90.0 % the server took it" in said
    assert "1 deferred 10.0 %" in said
    assert "1 filtered not counted" in said
    assert "No longer in the CSV, and not counted: 1 withdrawn." in said


def test_replies_are_told_with_what_they_mean_and_what_to_do(record) -> None:
    for _ in range(3):
        record.add(Status.REJECTED, **REFUSED)
    record.add(Status.IN_DOUBT, **SENT, why=Why.UNANSWERED, detail="ended")

    page = page_of(record.report())
    answers = words_of("<body>" + page[page.index('<section id="answers"') :])

    assert "3 rejected 550 5.1.1 no such user There is no mailbox of this name." in answers
    assert "1 in doubt the connection ended after the whole message had left" in answers
    assert "Look for their Message-ID" in answers
    assert re.search(r'<a href="https://[^"]+" rel="noreferrer">source</a>', page)


def test_replies_that_differ_by_an_address_or_a_number_are_one(record) -> None:
    for number in range(5):
        reply = {**REFUSED, "reply": f"<p{number}@example.com> unknown, id 4Xa{number}"}
        record.add(Status.REJECTED, **reply)

    said = words_of(page_of(record.report()))

    assert "5 rejected 550 5.1.1 <p0@example.com> unknown, id 4Xa0 (the words vary)" in said


def test_domains_are_told_the_largest_first_and_beyond_fifty_together(record) -> None:
    for number in range(60):
        for _ in range(2 if number == 7 else 1):
            record.add(Status.ACCEPTED, email=f"x@d{number}.example", **SENT)
    record.add(Status.REJECTED, email="y@d7.example", **REFUSED)

    page = page_of(record.report())
    domains = words_of("<body>" + page[page.index('<section id="domains"') :])

    assert "d7.example 3 2 1 66.7 %" in domains
    assert "all 10 others 10 10 0 100 %" in domains


def test_variants_stand_side_by_side(record) -> None:
    variants = Variants("spring", ("One", "Two"))
    record.facts["subjects of " + "a" * 64] = variants.remembered()
    keys = [f"p{number}@example.com" for number in range(8)]
    for key in keys:
        record.add(Status.ACCEPTED, key=key, content="a" * 64, **SENT)

    said = words_of(page_of(record.report()))

    counts = Counter(map(variants.name_of, keys))
    assert f"A One {counts['A']} {counts['A']} 100 %" in said
    assert f"B Two {counts['B']} {counts['B']} 100 %" in said


def test_attempts_and_times_are_told(record) -> None:
    for _ in range(3):
        record.add(Status.ACCEPTED, **SENT)
    record.add(Status.ACCEPTED, **{**SENT, "attempts": 3, "finished_at": 1_764_230_300.0})

    said = words_of(page_of(record.report()))

    assert "1 attempt 3 3" in said
    assert "3 attempts 1 1" in said
    assert "Of 3 recipients accepted at the first attempt, half were within 2.0 s" in said
    assert "Of 1 recipient accepted after more than one, half were within 5 min" in said


def test_what_was_asked_is_told(record) -> None:
    record.facts |= {"run": "may", "from": "News <n@example.com>", "content": "c" * 64}
    record.facts["subject of " + "c" * 64] = "Spring, {{ name }}"
    record.history = [Event(1_764_230_000.0, "began", "2 recipients; sendbatch run spring.yaml")]

    page = page_of(record.report())
    asked = words_of("<body>" + page[page.index('<section id="asked"') :])

    for words in ("Edition may", "From News <n@example.com>", "Subject Spring, {{ name }}", "Server mx"):
        assert words in asked
    assert "2 recipients; sendbatch run spring.yaml" in asked


def test_the_lines_that_lead_on_stand_with_the_status_that_they_settle(record) -> None:
    for status in (Status.IN_DOUBT, Status.REJECTED, Status.FAILED, Status.DEFERRED, Status.PENDING):
        record.add(status, **SENT)
    commands = {name: f"sendbatch {name}" for name in ("run", "retry", "check", "settle", "resend")}

    said = words_of(page_of(replace(record.report(), commands=commands)))

    for name in commands:
        assert said.count(f"sendbatch {name}") == 1
    assert said.index("sendbatch settle") < said.index("sendbatch resend") < said.index("sendbatch retry")


def test_hostile_data_is_text_wherever_it_stands(record) -> None:
    record.facts |= dict.fromkeys(("name", "run", "from", "server"), HOSTILE)
    record.facts["content"] = "c" * 64
    record.facts["subject of " + "c" * 64] = HOSTILE
    record.facts["subjects of " + "c" * 64] = Variants("x", (HOSTILE, HOSTILE + "2")).remembered()
    record.history = [Event(1_764_230_000.0, kind, HOSTILE) for kind in ("began", "stopped", HOSTILE)]
    record.used = [(HOSTILE, 1), ("other" + HOSTILE, 2)]
    record.add(Status.ACCEPTED, email=f"x@{HOSTILE}", key=HOSTILE, content="c" * 64, **SENT)
    record.add(Status.REJECTED, key=HOSTILE, email=HOSTILE, **{**REFUSED, "reply": HOSTILE})
    record.add(Status.FAILED, reason=HOSTILE, **SENT)
    commands = {"check": HOSTILE, "retry": HOSTILE}

    page = page_of(replace(record.report(HOSTILE, {"report": HOSTILE}), commands=commands))

    assert page.count("alert(1)") > 10
    assert page.count("<script") == page.count("</script>") == len(re.findall(r"<script>|<script type", page))
    assert "<img" not in page
    assert not set("\x00\x1b\u202e") & set(page)


def test_the_policy_allows_the_pages_own_scripts_and_style_and_nothing_else(record) -> None:
    for number in range(40):
        at = SENT["first_attempt_at"] + number
        record.add(Status.ACCEPTED, attempts=1, first_attempt_at=at, finished_at=at)

    page = page_of(record.report())

    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert _sums(re.findall(r"<script>(.*?)</script>", page, re.DOTALL)) == rules["script-src"].split()
    assert _sums(re.findall(r"<style>(.*?)</style>", page, re.DOTALL)) == rules["style-src"].split()
    assert not re.search(r"""\sstyle=|\son\w+=|<link|\ssrc=|url\(|@import""", page.partition("uPlot=")[0])
    assert "uPlot" in page


def _sums(texts: list[str]) -> list[str]:
    return [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]


def test_a_page_without_a_curve_does_without_what_draws_it(record) -> None:
    record.add(Status.ACCEPTED, **SENT)

    page = page_of(record.report())

    assert "leeoniya" not in page
    assert len(page) < 60_000


def test_many_who_need_attention_are_counted_and_a_few_among_them_are_named(record) -> None:
    for _ in range(MOST + 500):
        record.add(Status.INVALID, why=Why.NO_ADDRESS)
    record.add(Status.IN_DOUBT, **SENT)
    for _ in range(10):
        record.add(Status.REJECTED, **REFUSED)

    page = page_of(record.report(places={"report": "reports/spring/report.csv"}))

    people = page[page.index('class="sortable people"') :].partition("</section>")[0]
    assert len(re.findall("^<tr><td>", people, re.MULTILINE)) == MOST
    assert "511 more are not on this page; reports/spring/report.csv has everybody." in people
    assert people.count(">in doubt</span>") == 1
    assert people.count(">rejected</span>") == 10


def test_the_page_stays_below_two_megabytes_whatever_servers_say(record) -> None:
    for number in range(6000):
        words = f"{number} " + "<\u00e4&" * 160
        record.add(Status.REJECTED, email=f"{'x' * 60}{number}@{'y' * 200}.example",
                   key="k" * 200 + str(number), **{**REFUSED, "reply": words})  # fmt: skip

    page = page_of(record.report())

    assert len(page.encode()) < 2_000_000
    assert "more are not on this page" in page


def test_the_library_that_draws_is_the_one_whose_licence_lies_beside_it() -> None:
    folder = Path(reports.__file__).parent / "page"
    told = json.loads((folder / "uPlot.json").read_text())

    assert (told["name"], told["version"], told["license"]) == ("uplot", "1.6.32", "MIT")
    assert set(told["files"]) == {"uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE"}
    for name, said in told["files"].items():
        found = hashlib.sha256((folder / name).read_bytes()).digest()
        assert f"sha256-{b64encode(found).decode()}" == said, name
    assert f"v{told['version']}" in (folder / "uPlot.iife.min.js").read_text()[:100]
    assert "MIT License" in (folder / "uPlot.LICENSE").read_text()


def test_where_some_are_to_be_tried_and_others_need_attention_the_headline_says_both(record) -> None:
    statuses = (Status.ACCEPTED, Status.PENDING, Status.DEFERRED, Status.DEFERRED, Status.REJECTED)
    for status in (*statuses, Status.IN_DOUBT, Status.INVALID):
        record.add(status)
    lines = {"run": "sendbatch run spring.yaml"}

    page = page_of(replace(record.report(), commands=lines))
    said = words_of(page)

    headline = "The server accepted 1 of 7; 3 recipients are still to be tried, and 3 need attention."
    assert headline in said
    assert 'class="headline bad"' in page
    assert "This tries whoever is due, with all 3 that are left:" in said


def test_after_a_run_that_broke_off_the_page_says_so_and_how_many_are_in_doubt(record) -> None:
    record.add(Status.ACCEPTED, first_attempt_at=1_800_000_000.0, finished_at=1_800_000_001.0)
    record.add(Status.SENDING, first_attempt_at=1_800_000_000.0)
    record.facts["ended"] = ""
    note = "The last run did not come to its end. 1 recipient is in doubt: the mail may have arrived."

    assert note in words_of(page_of(record.report()))
    assert note not in words_of(page_of(replace(record.report(), live=True)))


def test_when_it_is_worth_going_on_is_said_once(record) -> None:
    why = "it was refused; it is worth trying again from 2027-01-15 09:00:00 UTC"
    record.facts["ended"] = json.dumps({"at": 1.0, "early": True, "why": why, "until": 1_800_000_000.0})

    said = words_of(page_of(record.report()))

    assert "it was refused" in said
    assert "worth trying again" not in said
    assert said.count("It is worth going on from 2027-01-15 08:00:00 UTC") == 1
