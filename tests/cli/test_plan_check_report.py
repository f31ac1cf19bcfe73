"""The verbs that send nothing, and `proof`, which sends to reviewers only."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sendbatch.findings import MOST_GROUPS
from tests.kit.command import HTML, PEOPLE, Desk, dumped, known_to, line_that_goes_on
from tests.kit.loopback import closed_port
from tests.kit.mailhost import MailHost

ADA, BJORK, CARL = "ada@example.com", "bjork@example.org", "carl@example.net"
COLUMNS = (
    "row,key,email,status,code,enhanced_code,reply,attempts,message_id,content,"
    "first_attempt_at,finished_at,reason,variant"
)


# --- plan --------------------------------------------------------------------------------------


def test_a_plan_says_who_what_and_through_which_server(desk: Desk) -> None:
    desk.campaign(
        ("smtp: sandbox", "smtp: sandbox\nsuppress: [never.csv]"),
        ("file: people.csv", 'file: people.csv\n  where: plan != "free"'),
    )
    desk.write("never.csv", "carl@example.net\n")
    desk.write("people.csv", PEOPLE + "nobody,N,paid\nADA@example.com,A,paid\n")
    told = desk.run("plan", "spring.yaml")
    assert told.code == 1
    assert told.out.splitlines() == [
        "spring: 1 to send through sandbox, which keeps the mail and delivers none",
        "  from Example News <news@example.com>",
        "  1 invalid",
        "  1 filtered by `where`",
        "  1 suppressed",
        "  1 duplicate",
        "  duplicates that would have got another message, 1: row 6 (as row 2)",
        "  subject: Ada, spring is here  (to ada@example.com)",
    ]
    assert desk.nothing_was_sent()


def test_a_plan_says_by_whom_with_what_and_how_one_unsubscribes(desk: Desk) -> None:
    desk.write("terms.pdf", "%PDF-1.7 " + "x" * 991)
    desk.campaign(
        more="reply_to: Help <help@example.com>\nbounces_to: bounces@example.com\n"
        'attachments: [terms.pdf, {file: "own/{{ plan }}.pdf", missing: send_without}]\n'
        'unsubscribe: {url: "https://example.com/u?k={{ email }}", mailto: stop@example.com, '
        "one_click: true}\n"
    )
    told = desk.run("plan", "spring.yaml").out
    assert "\n  from Example News <news@example.com>\n  replies to Help <help@example.com>\n" in told
    assert "\n  bounces to bounces@example.com\n" in told
    assert (
        "\n  attachments: terms.pdf 1.0 KB, own/{{ plan }}.pdf, each recipient's own\n" in told
    )
    assert "\n  unsubscribe at example.com by one click, or by mail to stop@example.com\n" in told


def test_several_limits_may_stand_in_brackets_as_in_the_file(desk: Desk) -> None:
    for rate in ("[1/s, 2/day]", "1/s, 2/day", " [ 1/s,2/day ] "):
        told = desk.run("plan", "spring.yaml", "--rate", rate)
        assert told.code == 0, told.err
        assert "takes at least 24 h" in told.out


def test_text_against_numbers_is_told_for_where_and_templates_in_one_go(desk: Desk) -> None:
    desk.campaign(("file: people.csv", "file: people.csv\n  where: plan != 1"))
    desk.write("spring.html", "<p>{{ first_name }}</p>\n{% if plan == true %}x{% endif %}\n")
    for verb in (("check",), ("plan",), ("run", "--yes")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 2
        assert "error: recipients.where: plan is text, and 1 is a number" in told.err
        assert 'write plan != "1", or plan|int != 1' in told.err
        assert "spring.html:2:7: error: plan is text, and true is a truth value" in told.err
    assert desk.nothing_was_sent()


def test_a_column_that_is_a_condition_is_warned_about_also_by_a_quiet_run(desk: Desk) -> None:
    desk.write("spring.html", "<p>{{ first_name }}</p>\n{% if plan %}x{% endif %}\n")
    desk.write(
        "people.csv", "email,first_name,plan\nada@example.com,Ada,No\nbob@example.com,Bob,yes\n"
    )
    said = (
        "spring.html:2:7: warning: plan alone is true for every text but the empty one, and 1 cell "
    )
    assert said in desk.run("check", "spring.yaml").err
    assert said in desk.run("run", "spring.yaml", "--yes", "--quiet").err
    assert "plan alone" not in desk.run("run", "spring.yaml", "--yes", "--quiet").err
    assert said in desk.run("check", "spring.yaml").err  # also where nothing is planned anew


def test_a_cell_that_names_a_file_of_the_campaign_refuses_with_its_row(desk: Desk) -> None:
    desk.campaign(("smtp: sandbox", 'smtp: sandbox\nattachments: ["{{ plan }}"]'))
    desk.write("a.pdf", "%PDF")
    desk.write(".env", "SECRET=1")
    desk.write("profiles.yaml", "profiles: {}\n")
    desk.run("run", "spring.yaml", "--yes")
    cells = (
        ".env",
        "profiles.yaml",
        "people.csv",
        "spring.yaml",
        "reports/spring.sandbox/ledger.sqlite",
    )
    rows = "".join(f"p{n}@example.com,P,{cell}\n" for n, cell in enumerate(cells))
    desk.write("people.csv", f"email,first_name,plan\nada@example.com,Ada,a.pdf\n{rows}")
    for verb in (("check",), ("plan",), ("run", "--yes")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 2
        for line, cell in enumerate(cells, 3):
            assert f"people.csv:{line}: error: attachment {cell}: " in told.err
        assert "people.csv:2:" not in told.err
    assert desk.nothing_was_sent()


def test_a_plan_counts_who_gets_no_file_and_a_run_sends_without_it(desk: Desk) -> None:
    policy = 'smtp: sandbox\nattachments: [{file: "files/{{ plan }}", missing: send_without}]'
    desk.campaign(("smtp: sandbox", policy))
    desk.write("files/a.pdf", "%PDF")
    desk.write(
        "people.csv", "email,first_name,plan\nada@example.com,Ada,a.pdf\nbob@example.com,Bob,\n"
    )
    for verb in (("plan",), ("check",), ("run", "--yes")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 0, told.said
        assert "sent without an attachment that is not there, 1: row 3" in told.said
    mails = {str(mail["To"]): list(mail.iter_attachments()) for mail in desk.kept()}
    assert {to: len(files) for to, files in mails.items()} == {
        "ada@example.com": 1,
        "bob@example.com": 0,
    }


def test_a_row_without_its_file_fails_alone_where_the_campaign_says_so(desk: Desk) -> None:
    policy = 'smtp: sandbox\nattachments: [{file: "files/{{ plan }}", missing: fail}]'
    desk.campaign(("smtp: sandbox", policy))
    desk.write("files/paid", "%PDF")
    plan = desk.run("plan", "spring.yaml")
    assert plan.code == 1
    assert "to fail, for an attachment is missing or too large, 1: row 3" in plan.said
    check = desk.run("check", "spring.yaml")
    assert (check.code, "attachment files/free: no such file" in check.said) == (1, True)
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert len(desk.kept()) == 2
    desk.write("files/free", "%PDF")  # it came after all
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert len(desk.kept()) == 3


def test_placeholders_of_other_tools_are_warned_about_and_counted(desk: Desk) -> None:
    """Also where a message has them in another form: in an encoded subject, in quoted-printable."""
    subject = "{% if plan == 'free' %}<%= plan %>{% endif %}é"
    desk.campaign(("{{ first_name }}, spring is here", subject))
    html = '<p>*|FNAME|* {% if plan == "free" %}%%plan%% %%=v(@x)=%% é{% endif %}'
    desk.write("spring.html", html + "{% if not plan %}*|X|*{% endif %}</p>")
    looks = "looks like another tool's placeholder; it goes out as it stands, in"
    everywhere = f"*|FNAME|* {looks} all 3 messages"
    for verb in (("check",), ("run", "--dry-run"), ("plan",), ("run", "--yes")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 0, told.said
        assert f"spring.html:1:4: warning: {everywhere}" in told.said
        built = verb[0] == "check" or "--dry-run" in verb
        some = "1 of 3 messages" if built else "each message that has this line"
        marks = ("%%plan%%", "%%=v(@x)=%%", "<%= plan %>")
        for mark in marks if built else marks[:1]:
            assert f"{mark} {looks} {some}" in told.said
        assert not built or f"*|X|* {looks}" not in told.said
    assert "FNAME" not in desk.run("run", "spring.yaml", "--yes").said  # it has been said
    assert "::warning file=spring.html,line=1,col=4,title=leftover-placeholder::*|FNAME|*" in desk.run(
        "check", "spring.yaml", "--format", "github"
    ).out


def test_a_letter_of_images_alone_is_refused_once_and_says_what_is_missing(desk: Desk) -> None:
    desk.campaign(("  text: spring.txt\n", ""))
    desk.write("spring.html", "<p>\n  <img src='https://a.example/x.png'></p>\n")
    for verb in (("check",), ("plan",), ("run", "--dry-run"), ("run", "--yes")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 2
        assert told.err.count("no text part can be made from it: its image has no alt text") == 1
        assert "spring.html:2:3: error: " in told.err
        assert "or name a template in templates.text" in told.err
    assert desk.nothing_was_sent()


def test_a_letter_of_linked_images_is_warned_about_by_the_first_run_too(desk: Desk) -> None:
    desk.campaign(("  text: spring.txt\n", ""))
    desk.write("spring.html", "<a href='https://a.example'><img src='https://a.example/x'></a>\n")
    said = "spring.html:1:29: warning: the text part will be bare addresses: "
    assert said in desk.run("check", "spring.yaml").err
    assert said in desk.run("run", "spring.yaml", "--yes", "--quiet").err
    assert said not in desk.run("run", "spring.yaml", "--yes", "--quiet").err


def test_check_advises_a_folder_where_a_cell_names_the_whole_path(desk: Desk) -> None:
    desk.campaign(("smtp: sandbox", 'smtp: sandbox\nattachments: ["{{ plan }}.pdf"]'))
    for plan in ("free", "paid"):
        desk.write(f"{plan}.pdf", "%PDF")
    told = desk.run("check", "spring.yaml")
    assert told.code == 0
    assert (
        "warning: attachments: a cell may name any file beside spring.yaml: {{ plan }}.pdf"
        in told.err
    )
    assert "write files/{{ plan }}.pdf" in told.err
    assert (
        "::warning file=spring.yaml,line="
        in desk.run("check", "spring.yaml", "--format", "github").out
    )


def test_a_plan_leaves_no_record_behind(desk: Desk) -> None:
    assert desk.run("plan", "spring.yaml").code == 0
    assert desk.run("check", "spring.yaml").code == 0
    assert not (desk.folder / "reports").exists()


def test_a_plan_leaves_a_record_as_it_was(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    before = dumped(desk.record() / "ledger.sqlite")
    desk.write("people.csv", PEOPLE + "dora@example.com,Dora,paid\n")
    told = desk.run("plan", "spring.yaml")
    assert "since the last plan: +1 −0" in told.out
    assert "1 have it already" in told.out or "1 has it already" in told.out
    assert dumped(desk.record() / "ledger.sqlite") == before


def test_a_plan_tells_of_changed_content_and_both_ways_without_refusing(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    mailhost.take_over(desk, ("spring is here", "summer is here"))
    told = desk.run("plan", "spring.yaml")
    assert told.code == 0
    assert "the text changed since 1 of 3 were sent it" in told.out
    assert "--accept-changes" in told.out


def test_a_plan_written_down_names_nobody_and_says_how_to_be_held_to_it(desk: Desk) -> None:
    told = desk.run("plan", "spring.yaml", "--out", "plan.json")
    plan = json.loads((desk.folder / "plan.json").read_text())
    assert told.code == 0
    assert plan["digest"][:16] in told.err
    assert plan["count"] == 3
    assert "ada@" not in (desk.folder / "plan.json").read_text()
    assert line_that_goes_on(told.err, "sendbatch run") == [
        "run",
        "spring.yaml",
        "--plan",
        "plan.json",
    ]


def test_the_line_after_a_plan_names_all_that_the_plan_was_made_with(
    desk: Desk, tmp_path: Path
) -> None:
    told = desk.run(
        "plan", "spring.yaml", "--out", "a plan.json", "--run", "2026", "--set", "product=A B",
        "--record", tmp_path / "kept",
    )  # fmt: skip
    again = line_that_goes_on(told.err, "sendbatch run")
    assert desk.run(*again).code == 0
    assert (tmp_path / "kept" / "spring@2026.sandbox" / "ledger.sqlite").exists()


def test_a_plan_that_cannot_be_written_is_an_error(desk: Desk) -> None:
    told = desk.run("plan", "spring.yaml", "--out", "no/such/folder/plan.json")
    assert told.code == 2
    assert "no/such/folder/plan.json: the plan cannot be written" in told.err


def test_a_plan_exits_4_when_expect_refuses(desk: Desk) -> None:
    assert desk.run("plan", "spring.yaml", "--expect", "9").code == 4
    assert desk.run("check", "spring.yaml", "--expect", "9").code == 4


# --- check -------------------------------------------------------------------------------------


def test_a_check_builds_everyones_message_and_sends_none(desk: Desk) -> None:
    told = desk.run("check", "spring.yaml")
    assert told.code == 0
    assert "3 messages built" in told.said
    assert desk.nothing_was_sent()


def test_a_check_needs_no_password(desk: Desk) -> None:
    desk.write(
        "profiles.yaml",
        "profiles:\n  live: {host: smtp.example.com, username: '${NO_SUCH}', password: '${NOR}'}\n",
    )
    desk.campaign(("smtp: sandbox", "smtp: live"))
    assert desk.run("check", "spring.yaml").code == 0
    assert desk.run("plan", "spring.yaml").code == 0
    assert desk.run("run", "spring.yaml", "--dry-run").code == 0


def test_several_files_are_checked_and_the_worst_decides(desk: Desk) -> None:
    desk.campaign(("name: spring", "name: other"), ("people.csv", "gone.csv"), name="other.yaml")
    told = desk.run("check", "spring.yaml", "other.yaml")
    assert told.code == 2
    assert "other.yaml:5:9: error: recipients.file: no such file: gone.csv" in told.err


def test_a_check_as_json_has_one_entry_a_file(desk: Desk) -> None:
    desk.write("bad.csv", PEOPLE + "nobody,N,paid\n")
    desk.campaign(("name: spring", "name: bad"), ("people.csv", "bad.csv"), name="bad.yaml")
    desk.campaign(("subject:", "subjekt:"), name="worse.yaml")
    told = desk.run("check", "--format", "json", "spring.yaml", "bad.yaml", "worse.yaml")
    good, bad, worse = json.loads(told.out)
    assert told.code == 2
    assert told.err == ""
    assert (good["file"], good["exit_code"], good["sendable"]) == ("spring.yaml", 0, 3)
    assert (bad["exit_code"], bad["totals"]["invalid"]) == (1, 1)
    assert worse["exit_code"] == 2
    assert {(fault["rule"], fault["line"]) for fault in worse["faults"]} >= {("unknown-key", 3)}


def test_a_check_names_the_first_bad_rows_and_counts_the_others(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,paid\n" * 30 + "ada@@example.com,A,paid\n")
    told = desk.run("check", "spring.yaml")
    assert told.code == 1
    assert "rows 5, 6, 7 and 27 more, nobody, nobody, nobody, …: invalid: " in told.err
    assert "row 35, ada@@example.com: invalid: " in told.err
    assert told.err.count("nobody, nobody") == 1


def test_a_fault_of_every_message_is_one_line_of_a_check(desk: Desk) -> None:
    desk.people(30)
    desk.write("spring.txt", "Hello {{ first_name[9] }}\n")
    told = desk.run("check", "spring.yaml")
    assert told.code == 1
    (line,) = [line for line in told.err.splitlines() if "row" in line]
    assert line.startswith("  all 30 rows, p1@example.com, p2@example.com, p3@example.com, …: ")
    (found,) = json.loads(desk.run("check", "--format", "json", "spring.yaml").out)
    (fault,) = found["faults"]
    assert fault["line"] == 2
    assert "(rows 2, 3, 4 and 27 more)" in fault["message"]


def test_a_check_says_how_many_rows_it_does_not_name(desk: Desk) -> None:
    desk.campaign(more='attachments: [{file: "{{ plan }}.pdf", missing: fail}]\n')
    plans = [chr(ord("a") + number) * 3 for number in range(26)]
    rows = [f"of.{plan}@example.com,A,{plan}\n" for plan in plans]
    desk.write("people.csv", "email,first_name,plan\n" + "".join(rows))
    (told,) = json.loads(desk.run("check", "--format", "json", "spring.yaml").out)
    *named, last = told["faults"]
    assert {fault["rule"] for fault in named[1:]} == {"unbuildable-message"}
    assert len(named[1:]) == MOST_GROUPS
    assert last["message"] == "and 6 more rows that cannot be built"
    annotations = desk.run("check", "--format", "github", "spring.yaml").out.splitlines()
    errors = [line for line in annotations if line.startswith("::error")]
    assert len(errors) == 10
    assert errors[-1] == "::error::12 more errors are not annotated: --format text has everything"
    assert annotations[-1].startswith("::warning ")


@pytest.mark.parametrize("verb", [("check",), ("preview",), ("run", "--dry-run")])
def test_quiet_and_with_exit_code_1_it_still_says_which_rows(
    desk: Desk, verb: tuple[str, ...]
) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,paid\nnoone,N,paid\n")
    told = desk.run(*verb, "spring.yaml", "-q")
    assert told.code == 1
    assert told.err == "spring.yaml: 2 rows invalid\n  invalid: rows 5, 6\n"
    desk.write("spring.txt", "{{ first_name[4] }}\n")
    told = desk.run(*verb, "spring.yaml", "-q")
    assert told.code == 1
    assert told.err == (
        "spring.yaml: 2 rows invalid, 1 message that cannot be built\n"
        "  invalid: rows 5, 6\n  failed: row 2\n"
    )


def test_a_check_as_json_names_the_bad_rows(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,paid\nADA@example.com,A,paid\n")
    (told,) = json.loads(desk.run("check", "--format", "json", "spring.yaml").out)
    assert [(f["file"], f["line"], f["severity"]) for f in told["faults"]] == [
        ("people.csv", 5, "error"),
        ("people.csv", 6, "warning"),
    ]
    assert told["faults"][0]["message"].startswith("nobody: invalid: ")
    assert told["faults"][1]["message"].startswith("ADA@example.com: duplicate: ")


def test_a_check_for_github_annotates_the_lines(desk: Desk) -> None:
    desk.campaign(("subject:", "subjekt:"))
    told = desk.run("check", "--format", "github", "spring.yaml")
    assert told.code == 2
    begins = "::error file=spring.yaml,line=3,col=1,title=unknown-key::"
    assert any(line.startswith(begins) for line in told.out.splitlines())


def test_a_check_for_github_escapes_what_a_file_says(desk: Desk) -> None:
    desk.campaign(("smtp: sandbox", 'smtp: "50%,::error::x"'))
    told = desk.run("check", "--format", "github", "spring.yaml")
    assert told.code == 2
    assert len(told.out.splitlines()) == 1
    assert "%25" in told.out


def test_messages_that_cannot_be_built_are_named_with_row_and_template(desk: Desk) -> None:
    desk.write("spring.html", HTML + "{{ 12 // (first_name|length - 3) }}\n")
    told = desk.run("check", "spring.yaml")
    assert told.code == 1
    assert "row 2, ada@example.com" in told.said
    assert "spring.html" in told.said
    assert "line 2" in told.said or ":2" in told.said


# --- status and report -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["status", "report"])
def test_before_the_first_run_there_is_no_record(desk: Desk, verb: str) -> None:
    told = desk.run(verb, "spring.yaml")
    assert told.code == 2
    assert "there is no record here" in told.err
    assert not (desk.folder / "reports").exists()


def test_status_exits_as_the_run_did(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "2")
    told = desk.run("status", "spring.yaml")
    assert told.code == 3, "one is still to be sent"
    assert "2 of 3 accepted" in told.out
    desk.run("run", "spring.yaml")
    assert desk.run("status", "spring.yaml").code == 0


def test_the_report_as_csv_has_the_columns_of_the_contract_and_nothing_else_on_stdout(
    desk: Desk,
) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,paid\n")
    desk.run("run", "spring.yaml")
    told = desk.run("report", "spring.yaml", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert told.code == 1
    assert told.err == ""
    assert told.out.lstrip("\ufeff").splitlines()[0] == COLUMNS
    assert [row["status"] for row in rows] == ["accepted"] * 3 + ["invalid"]
    assert rows[0]["row"] == "2"
    assert rows[0]["code"] == "250"
    assert rows[0]["message_id"] == desk.kept()[0]["Message-ID"]


def test_the_report_as_csv_is_the_file_that_the_run_wrote(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    process = desk.start("report", "spring.yaml", "--format", "csv")
    out, _ = process.communicate()
    assert out.encode() == (desk.record() / "report.csv").read_bytes().replace(b"\r\n", b"\n")


def test_a_report_with_columns_is_a_list_of_recipients_as_it_is(desk: Desk) -> None:
    desk.write("people.csv", "email,first_name,plan\nada@example.com,=Ada,paid\nnobody,Nobody,paid\n")
    desk.run("run", "spring.yaml", "--yes").ended(1)

    told = desk.run("report", "spring.yaml", "--format", "csv", "--with-columns", "--excel").ended(1)
    desk.write("report.csv", told.out)
    desk.campaign(
        ("name: spring", "name: again"),
        ("file: people.csv", 'file: report.csv\n  where: status == "accepted"'),
        name="again.yaml",
    )
    desk.run("run", "again.yaml", "--yes").ended(0)

    assert told.out.startswith(f"\ufeff{COLUMNS},email_in_list,first_name,plan\r\n")
    assert "have the name of one of the report's: email is email_in_list" in told.err
    (mail,) = desk.kept("again.sandbox")
    assert (mail["To"], mail["Subject"]) == (ADA, "=Ada, spring is here")


def test_columns_beside_and_the_mark_for_excel_are_of_tables_alone(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--yes").ended(0)
    for options in (("--with-columns",), ("--excel", "--format", "json"), ("--excel", "--history")):
        told = desk.run("report", "spring.yaml", *options).ended(2)
        assert f"{options[0]} can only be had with --format csv" in told.err
        assert told.out == ""


def test_the_report_as_json_carries_totals_and_who_needs_attention(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,paid\n")
    desk.run("run", "spring.yaml")
    told = desk.run("report", "spring.yaml", "--format", "json")
    document = json.loads(told.out)
    assert told.code == 1
    assert {s: n for s, n in document["totals"].items() if n} == {"accepted": 3, "invalid": 1}
    assert "nobody" in json.dumps(document)


def test_the_report_as_text_is_the_summary(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    told = desk.run("report", "spring.yaml")
    assert told.code == 0
    assert told.out.startswith("spring: all 3 accepted\n")


# --- resolve -----------------------------------------------------------------------------------


@pytest.fixture
def doubtful(desk: Desk, mailhost: MailHost) -> Desk:
    """A run that was killed while the server held back its second answer: Björk is in doubt."""
    mailhost.hold_after = 1
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    mailhost.until_holding()
    process.kill()
    process.communicate()
    mailhost.hold_after = None
    mailhost.go.set()
    return desk


def test_someone_in_doubt_is_settled_as_accepted(doubtful: Desk) -> None:
    told = doubtful.run("resolve", "spring.yaml", "BJORK@example.org", "--as", "accepted")
    assert told.code == 0
    assert "1 recipient settled as accepted" in told.err
    assert doubtful.statuses() == {ADA: "accepted", BJORK: "accepted", CARL: "pending"}
    assert "bjork@example.org,accepted" in (doubtful.record("spring") / "report.csv").read_text()


def test_someone_in_doubt_is_settled_as_pending_and_sent_again(
    doubtful: Desk, mailhost: MailHost
) -> None:
    assert doubtful.run("resolve", "spring.yaml", BJORK, "--as", "pending").code == 0
    assert doubtful.run("run", "spring.yaml", "--yes").code == 0
    assert mailhost.receivers.count(ADA) == 1
    assert set(mailhost.receivers) == {ADA, BJORK, CARL}


def test_in_doubt_is_held_until_resending_is_asked_for(doubtful: Desk, mailhost: MailHost) -> None:
    assert doubtful.run("run", "spring.yaml", "--yes").code == 1
    assert doubtful.statuses()[BJORK] == "in_doubt"
    assert doubtful.run("run", "spring.yaml", "--yes", "--in-doubt", "resend").code == 0
    same = [mail["Message-ID"] for mail in mailhost.mails if "bjork" in mail["To"]]
    assert len(set(same)) == 1


@pytest.mark.parametrize("key", [ADA, "stranger@example.com"])
def test_who_is_not_in_doubt_is_not_settled_and_nobody_else_either(
    doubtful: Desk, key: str
) -> None:
    told = doubtful.run("resolve", "spring.yaml", BJORK, key, "--as", "accepted")
    assert told.code == 2
    assert f"neither in doubt nor deferred by a 5xx: {key}; nothing was changed" in told.err
    assert doubtful.statuses()[BJORK] == "in_doubt"


# --- probe and schema --------------------------------------------------------------------------


def test_a_probe_tells_each_step_and_sends_nothing(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    told = desk.run("probe", "live")
    assert told.code == 0
    steps = [line.split()[:2] for line in told.out.splitlines() if line.startswith("ok")]
    names = [step[1] for step in steps]
    assert names == ["host", "connection", "greeting", "encryption", "offers", "login"]
    assert not mailhost.mails


def test_a_probe_of_a_port_nobody_listens_on_says_what_to_change(desk: Desk) -> None:
    port = closed_port()
    desk.write(
        "profiles.yaml", f"profiles: {{live: {{host: 127.0.0.1, port: {port}, security: none}}}}\n"
    )
    told = desk.run("probe", "live")
    assert told.code == 2
    assert "FAIL connection" in told.out
    assert "→ " in told.out


def test_a_probe_of_an_unknown_profile_names_the_known(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    told = desk.run("probe", "lvie")
    assert told.code == 2
    assert "live" in told.err


def test_the_schemas_are_json_with_the_keys_of_the_contract(desk: Desk) -> None:
    campaign = json.loads(desk.run("schema").out)
    profiles = json.loads(desk.run("schema", "--profiles").out)
    assert set(campaign["properties"]) == {
        "name", "run", "from", "bounces_to", "subject", "recipients", "templates", "smtp", "rate",
        "preheader", "inline_css", "invite", "senders",
        "reply_to", "headers", "attachments", "unsubscribe", "suppress",
        "variables", "expect", "tolerate", "retry", "notify", "check",
    }  # fmt: skip
    assert {"profiles", "suppress"} <= set(profiles["properties"])
    assert "messages_per_connection" in json.dumps(profiles)


# --- init --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--markdown"]])
def test_what_init_writes_runs_at_once(desk: Desk, options: list[str]) -> None:
    told = desk.run("init", *options, "new place")
    assert told.code == 0
    assert told.out == ""
    again = line_that_goes_on(told.err, "now:")
    assert desk.run(*again).code == 0
    assert desk.run("check", *again[1:]).code == 0


def test_init_writes_over_nothing(desk: Desk) -> None:
    desk.write("new/people.csv", "email\n")
    told = desk.run("init", "new")
    assert told.code == 2
    assert "new/people.csv is there already; nothing was written" in told.err
    assert [path.name for path in (desk.folder / "new").iterdir()] == ["people.csv"]


def test_init_into_a_file_is_an_error(desk: Desk) -> None:
    told = desk.run("init", "people.csv")
    assert told.code == 2
    assert "people.csv" in told.err


# --- proof -------------------------------------------------------------------------------------


def test_a_proof_goes_to_the_reviewers_and_counts_as_nothing(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    told = desk.run(
        "proof",
        "spring.yaml",
        "--to",
        "rita@example.com",
        "--to",
        "sam@example.com",
        "--count",
        "2",
    )
    assert told.code == 0
    assert mailhost.receivers == ["rita@example.com", "sam@example.com"] * 2
    assert mailhost.mails[0]["Subject"] == "[proof for ada@example.com] Ada, spring is here"
    assert not list(desk.folder.rglob("ledger.sqlite"))
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    ids = [mail["Message-ID"] for mail in mailhost.mails]
    assert len(ids[4:]) == 3
    assert not set(ids[:4]) & set(ids[4:])


def test_a_proof_of_one_recipient_is_of_that_one(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    told = desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--recipient", CARL)
    assert told.code == 0
    (mail,) = mailhost.mails
    assert "friend, spring is here" in mail["Subject"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "rita"], "rita"),
        (["--to", "rita@example.com", "--recipient", "nobody"], "nobody"),
        ([], "Missing option '--to'"),
    ],
)
def test_a_proof_to_or_of_nobody_is_refused(
    desk: Desk, mailhost: MailHost, arguments: list[str], said: str
) -> None:
    mailhost.take_over(desk)
    told = desk.run("proof", "spring.yaml", *arguments)
    assert told.code == 2
    assert said in told.err
    assert not mailhost.mails


def test_a_proof_that_is_refused_exits_1_and_says_why(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    mailhost.answers["rita@example.com"] = "550 5.1.1 no such user"
    told = desk.run("proof", "spring.yaml", "--to", "rita@example.com")
    assert told.code == 1
    assert "550 no such user" in told.err or "550 5.1.1 no such user" in told.err


def test_a_proof_through_the_sandbox_is_kept_in_its_outbox(desk: Desk) -> None:
    told = desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--count", "1")
    assert told.code == 0
    assert len(desk.proofs()) == 1
    assert "reports/spring.sandbox/outbox/proofs" in told.err
    assert desk.kept() == []  # it is none of what was sent
    assert not any(known_to(file) for file in desk.folder.rglob("ledger.sqlite"))


def test_what_is_doubtful_in_mjml_is_told_wherever_a_plan_is_made(desk: Desk) -> None:
    text = '<mj-text font-size="16">Hello</mj-text>'
    desk.write(
        "spring.mjml",
        f"<mjml><mj-body><mj-section><mj-column>\n{text}\n</mj-column></mj-section></mj-body></mjml>",
    )
    desk.campaign(("html: spring.html", "html: spring.mjml"))
    warning = "spring.mjml:2:21: warning: font-size= of <mj-text>: MJML takes no such value"
    for verb in (["check"], ["plan"], ["run", "--yes"]):
        said = desk.run(verb[0], "spring.yaml", *verb[1:]).ended(0).said
        assert said.count(warning) == 1
    misspelt = ("{{ first_name }}, spring", "{{ frist_name }}")
    desk.campaign(("html: spring.html", "html: spring.mjml"), misspelt)
    said = desk.run("check", "spring.yaml").ended(2).said
    assert said.count(warning) == 1
    assert "frist_name" in said
