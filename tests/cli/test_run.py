"""`sendbatch run`: who is sent to, what is left, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.command import PEOPLE, TEXT, Desk, dumped, line_that_goes_on, read_mails
from tests.kit.loopback import closed_port
from tests.kit.mailhost import MailHost
from tests.kit.waiting import until

ADA, BJORK, CARL = "ada@example.com", "bjork@example.org", "carl@example.net"


def test_the_first_run_reaches_everyone_and_says_where_to_read_on(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml")
    assert told.code == 0
    assert desk.receivers() == [ADA, BJORK, CARL]
    assert {mail["Subject"] for mail in desk.kept()} == {
        "Ada, spring is here",
        "Björk, spring is here",
        "friend, spring is here",
    }
    assert "spring: all 3 accepted" in told.err
    assert "reports/spring.sandbox/report.csv" in told.err
    assert "reports/spring.sandbox/outbox" in told.err
    assert told.out == ""


def test_a_second_run_sends_nothing_says_so_and_exits_0(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    again = desk.run("run", "spring.yaml")
    assert again.code == 0
    assert "nothing to send" in again.err
    assert len(desk.kept()) == 3


def test_a_finished_campaign_run_again_exits_as_before(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody at all,Nemo,paid\n")
    assert desk.run("run", "spring.yaml").code == 1
    assert desk.run("run", "spring.yaml").code == 1
    assert desk.run("run", "spring.yaml", "--tolerate", "1").code == 0


def test_the_record_lies_beside_the_campaign_wherever_the_command_is_typed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert desk.run("run", desk.folder / "spring.yaml").code == 0
    assert (desk.record() / "report.csv").is_file()
    assert (desk.folder / "reports" / ".gitignore").read_text() == "*\n"
    assert (desk.record() / "ledger.sqlite").stat().st_mode & 0o077 == 0


# --- who ---------------------------------------------------------------------------------------


def test_a_limit_takes_the_first_in_the_csvs_order_and_says_how_many_remain(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--limit", "2")
    assert told.code == 0
    assert desk.receivers() == [ADA, BJORK]
    assert "1 recipient left for a later run:\n  sendbatch run spring.yaml\n" in told.err
    assert desk.run(*line_that_goes_on(told.err, "left for a later run:")).code == 0
    assert desk.receivers() == [ADA, BJORK, CARL]


def test_only_a_key_is_sent_to(desk: Desk) -> None:
    desk.campaign(("file: people.csv", "file: people.csv\n  key: first_name"))
    told = desk.run("run", "spring.yaml", "--only", "Björk", "--only", "Ada")
    assert told.code == 0
    assert desk.receivers() == [ADA, BJORK]


def test_only_an_address_in_another_spelling_is_sent_to(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--only", "Bjork@EXAMPLE.org")
    assert desk.receivers() == [BJORK]


def test_only_those_that_a_file_names_are_sent_to(desk: Desk) -> None:
    desk.write("some.txt", f"{CARL}\n\n{ADA}\n")
    told = desk.run("run", "spring.yaml", "--only", "@some.txt")
    assert told.code == 0
    assert desk.receivers() == [ADA, CARL]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("nobody@example.com", "--only names nobody in the plan: nobody@example.com"),
        ("@missing.txt", "--only @missing.txt: cannot be read: No such file or directory"),
        ("@empty.txt", "--only @empty.txt: the file names nobody"),
        ("@latin.txt", "--only @latin.txt: this file is not UTF-8"),
    ],
)
def test_only_a_key_that_nobody_has_refuses(desk: Desk, names: str, said: str) -> None:
    desk.write("empty.txt", "\n")
    desk.write("latin.txt", b"bj\xf6rk\n")
    told = desk.run("run", "spring.yaml", "--only", ADA, "--only", names)
    assert told.code == 2
    assert said in told.err
    assert desk.nothing_was_sent()


def test_a_set_variable_reaches_the_mail_and_the_line_that_goes_on(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--set", "product=Blue Gadget", "--limit", "1")
    assert "the Blue Gadget blooms" in desk.kept()[0].as_string()
    assert "--set 'product=Blue Gadget'" in told.err


def test_setting_the_name_of_a_column_refuses(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--set", "plan=paid")
    assert told.code == 2
    assert "--set plan" in told.err
    assert "column" in told.err
    assert desk.nothing_was_sent()


def test_a_rate_from_the_command_line_is_shown_in_the_plan(desk: Desk) -> None:
    desk.people(100)
    told = desk.run("plan", "spring.yaml", "--rate", "1/s")
    assert told.code == 0
    assert "takes at least 2 min" in told.out


def test_a_rate_that_is_none_refuses(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--rate", "fast")
    assert told.code == 2
    assert "--rate" in told.err
    assert "14/s" in told.err


# --- guards ------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", ["4", "10-20", "1-2"])
def test_another_number_than_expected_refuses_with_4(desk: Desk, expected: str) -> None:
    told = desk.run("run", "spring.yaml", "--expect", expected)
    assert told.code == 4
    assert "the plan has 3 recipients" in told.err
    assert desk.nothing_was_sent()


def test_the_expected_number_lets_the_run_go_on_when_all_but_one_are_done(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "2")
    assert desk.run("run", "spring.yaml", "--expect", "3").code == 0


@pytest.mark.parametrize(
    ("tolerated", "code"), [("0", 1), ("1", 1), ("2", 0), ("39%", 1), ("40%", 0)]
)
def test_so_many_without_the_mail_are_tolerated(desk: Desk, tolerated: str, code: int) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,free\n@,M,free\n")
    assert desk.run("run", "spring.yaml", "--tolerate", tolerated).code == code
    assert desk.run("status", "spring.yaml", "--tolerate", tolerated).code == code
    assert desk.run("plan", "spring.yaml", "--tolerate", tolerated).code == code


@pytest.mark.parametrize(
    ("row", "said"), [("nobody,N,free", "1 invalid row"), (f"{ADA.upper()},A,", "1 duplicate row")]
)
def test_strict_refuses_an_invalid_or_duplicate_row(desk: Desk, row: str, said: str) -> None:
    desk.write("people.csv", PEOPLE + row + "\n")
    told = desk.run("run", "spring.yaml", "--strict")
    assert told.code == 4
    assert said in told.err
    assert desk.nothing_was_sent()


def test_a_dry_run_shows_the_mails_and_leaves_the_record_as_it_was(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    before = dumped(desk.record() / "ledger.sqlite")
    desk.write("people.csv", PEOPLE + "dora@example.com,Dora,paid\n")
    told = desk.run("run", "spring.yaml", "--dry-run")
    shown = desk.record() / "preview"
    assert told.code == 0
    assert "nothing was sent" in told.err
    assert "reports/spring.sandbox/preview/index.html" in told.err
    assert len(list(shown.glob("*.eml"))) == 3
    assert "Dora, spring is here" in (shown / "index.html").read_text()
    assert dumped(desk.record() / "ledger.sqlite") == before
    assert len(desk.kept()) == 1


def test_a_run_leaves_no_gallery_of_another_text_or_list_beside_its_record(desk: Desk) -> None:
    page = desk.record() / "preview" / "index.html"
    desk.run("run", "spring.yaml", "--dry-run")
    assert "gallery" not in desk.run("run", "spring.yaml", "--limit", "1").err
    assert page.is_file()  # it is of what was sent
    desk.write("people.csv", PEOPLE.replace("Carl", "Carla").replace(",,", ",Carla,"))
    assert "is removed" in desk.run("run", "spring.yaml", "--limit", "1").err
    assert not page.exists()
    desk.run("run", "spring.yaml", "--dry-run")
    desk.write("spring.txt", "Another text.\n")
    assert desk.run("run", "spring.yaml", "--expect", "99").code == 4
    assert page.is_file()  # nothing was sent, and nothing changed
    desk.run("run", "spring.yaml")
    assert not page.exists()
    assert list(page.parent.iterdir()) == []


def test_a_dry_run_writes_the_first_ten_messages(desk: Desk) -> None:
    desk.people(30)
    assert desk.run("run", "spring.yaml", "--dry-run").code == 0
    assert len(list((desk.record() / "preview").glob("*.eml"))) == 10
    assert desk.nothing_was_sent()


def test_a_dry_run_with_a_message_that_cannot_be_built_exits_1(desk: Desk) -> None:
    desk.write("spring.txt", "Hello {{ 12 // (first_name|length - 3) }}\n")
    told = desk.run("run", "spring.yaml", "--dry-run")
    assert told.code == 1
    assert "row 2, ada@example.com" in told.err
    assert "spring.txt" in told.err
    assert desk.nothing_was_sent()


# --- records and editions ----------------------------------------------------------------------


def test_a_record_can_be_kept_elsewhere(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    told = desk.run("run", "spring.yaml", "--record", kept, "--limit", "1")
    assert (kept / "spring.sandbox" / "ledger.sqlite").is_file()
    assert not (desk.folder / "reports").exists()
    assert desk.run(*line_that_goes_on(told.err, "left for a later run:")).code == 0
    assert len(read_mails(kept / "spring.sandbox" / "outbox")) == 3


def test_the_environment_says_where_the_record_is_kept(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDBATCH_RECORD", str(tmp_path / "kept"))
    desk.run("run", "spring.yaml")
    assert (tmp_path / "kept" / "spring.sandbox" / "ledger.sqlite").is_file()
    assert desk.run("status", "spring.yaml").code == 0


def test_each_edition_goes_to_everyone_and_has_a_record_of_its_own(desk: Desk) -> None:
    for edition in ("2026-11", "2026-12"):
        assert desk.run("run", "spring.yaml", "--run", edition).code == 0
    assert len(desk.kept("spring@2026-11.sandbox")) == 3
    assert len(desk.kept("spring@2026-12.sandbox")) == 3


def test_a_run_without_an_edition_is_refused_where_only_editions_have_records(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--run", "2026-11")
    desk.run("run", "spring.yaml", "--run", "2026-12")
    for verb in (["run"], ["plan"], ["check"], ["run", "--dry-run"]):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 4
        assert "no edition was given" in told.err
        assert "2026-11, 2026-12" in told.err
        assert "sendbatch run spring.yaml --run 2026-12" in told.err
    assert not desk.record().exists()


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_record_that_is_not_there_names_those_that_are(desk: Desk, verb: str) -> None:
    desk.run("run", "spring.yaml", "--run", "2026-11")
    told = desk.run(verb, "spring.yaml")
    assert told.code == 2
    assert "2026-11" in told.err


def test_an_empty_edition_means_the_record_without_one(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--run", "2026-11")
    assert desk.run("run", "spring.yaml", "--run", "").code == 0
    assert len(desk.kept()) == 3
    assert desk.run("run", "spring.yaml").code == 0, "there is one without a name now"


def test_an_edition_in_the_file_is_overruled_by_the_command_line(desk: Desk) -> None:
    desk.campaign(more='run: "{{ product|lower }}"\n')
    assert desk.run("run", "spring.yaml").code == 0
    assert len(desk.kept("spring@widget.sandbox")) == 3
    assert desk.run("run", "spring.yaml", "--run", "other").code == 0
    assert len(desk.kept("spring@other.sandbox")) == 3


@pytest.mark.parametrize("edition", ["../up", "a b", ".hidden", "x/y"])
def test_an_edition_that_cannot_name_a_folder_is_refused(desk: Desk, edition: str) -> None:
    told = desk.run("run", "spring.yaml", "--run", edition)
    assert told.code == 2
    assert "--run" in told.err
    assert desk.nothing_was_sent()


# --- what changed ------------------------------------------------------------------------------


def test_changed_content_refuses_and_offers_both_ways_with_counts(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    desk.write("spring.txt", "Something else, {{ first_name }}.\n")
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 4
    assert "the text changed since 1 of 3 were sent it" in told.err
    assert "for the other 2:" in told.err
    assert "sendbatch run spring.yaml --accept-changes" in told.err
    assert "to all 3:" in told.err
    assert mailhost.receivers == [ADA]


def test_changed_content_refuses_even_with_nothing_left_to_send(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes")
    mailhost.take_over(desk, ("spring is here", "summer is here"))
    assert desk.run("run", "spring.yaml", "--yes").code == 4


def test_both_ways_out_of_changed_content_work_as_they_are_printed(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    mailhost.take_over(desk, ("spring is here", "summer is here"))
    told = desk.run("run", "spring.yaml", "--yes")
    assert desk.run(*line_that_goes_on(told.err, "go on with the new text"), "--yes").code == 0
    assert [mail["Subject"] for mail in mailhost.mails] == [
        "Ada, spring is here",
        "Björk, summer is here",
        "friend, summer is here",
    ]
    edition = line_that_goes_on(told.err, "a new edition")
    assert desk.run(*edition, "--yes").code == 0
    assert len(mailhost.mails) == 6


def test_another_key_refuses_and_offers_a_new_edition_only(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    desk.campaign(("file: people.csv", "file: people.csv\n  key: first_name"))
    told = desk.run("run", "spring.yaml", "--accept-changes")
    assert told.code == 4
    assert "recipients.key was the address" in told.err
    assert "sendbatch run spring.yaml --run " in told.err
    assert len(desk.kept()) == 1


def test_the_same_name_from_another_file_refuses(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    desk.campaign(name="copy.yaml")
    told = desk.run("run", "copy.yaml")
    assert told.code == 4
    assert "belongs to another file" in told.err
    assert "spring.yaml" in told.err
    assert len(desk.kept()) == 3


def test_a_campaign_file_that_moved_is_told_of_and_goes_on(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    (desk.folder / "spring.yaml").rename(desk.folder / "moved.yaml")
    told = desk.run("run", "moved.yaml")
    assert told.code == 0
    assert "the campaign file moved" in told.err
    assert len(desk.kept()) == 3
    assert "the campaign file moved" not in desk.run("run", "moved.yaml").err


def test_a_file_that_moved_is_told_of_even_with_nothing_left_to_send(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    (desk.folder / "spring.yaml").rename(desk.folder / "moved.yaml")
    told = desk.run("run", "moved.yaml")
    assert told.code == 0
    assert "the campaign file moved" in told.err


def test_the_difference_to_the_last_plan_is_shown(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    desk.write(
        "people.csv",
        "email,first_name,plan\nada@example.com,Ada,paid\nbjork@example.org,Bjørk,free\n"
        "dora@example.com,Dora,paid\nemil@example.com,Emil,paid\n",
    )
    told = desk.run("run", "spring.yaml")
    assert "+2 −1, 1 corrected" in told.err
    assert told.code == 0


# --- a profile that delivers -------------------------------------------------------------------


def test_without_a_terminal_a_profile_that_delivers_needs_yes(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    told = desk.run("run", "spring.yaml")
    assert told.code == 4
    assert "--yes" in told.err
    assert "--plan" in told.err
    assert not mailhost.mails
    assert desk.nothing_was_sent()
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_what_was_kept_never_counts_as_delivered(desk: Desk, mailhost: MailHost) -> None:
    desk.run("run", "spring.yaml")
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert len(mailhost.mails) == 3
    assert desk.run("run", "spring.yaml", "--smtp", "sandbox").code == 0
    assert len(desk.kept()) == 3


def test_an_approved_plan_stands_in_for_yes(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    planned = desk.run("plan", "spring.yaml", "--out", "plan.json")
    assert planned.code == 0
    assert desk.run(*line_that_goes_on(planned.err, "sendbatch run")).code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (PEOPLE + "dora@example.com,Dora,paid\n", "1 recipient was added or changed"),
        (PEOPLE.replace("Björk", "Bjørk"), "(row 3)"),
    ],
)
def test_an_approved_plan_refuses_who_was_added_or_changed(
    desk: Desk, mailhost: MailHost, people: str, said: str
) -> None:
    mailhost.take_over(desk)
    desk.run("plan", "spring.yaml", "--out", "plan.json")
    desk.write("people.csv", people)
    told = desk.run("run", "spring.yaml", "--plan", "plan.json")
    assert told.code == 4
    assert said in told.err
    assert not mailhost.mails
    assert desk.nothing_was_sent()


def test_an_approved_plan_refuses_changed_content(desk: Desk) -> None:
    desk.run("plan", "spring.yaml", "--out", "plan.json")
    desk.write("spring.txt", "Other words, {{ first_name }}.\n")
    told = desk.run("run", "spring.yaml", "--plan", "plan.json")
    assert told.code == 4
    assert "changed since the plan was made" in told.err


def test_who_is_missing_from_an_approved_plan_is_counted_and_breaks_nothing(desk: Desk) -> None:
    desk.run("plan", "spring.yaml", "--out", "plan.json")
    desk.write("people.csv", PEOPLE.replace("carl@example.net,,paid\n", ""))
    told = desk.run("run", "spring.yaml", "--plan", "plan.json")
    assert told.code == 0
    assert "1 of the approved plan" in told.err
    assert desk.receivers() == [ADA, BJORK]


def test_a_plan_holds_on_a_resume_as_well(desk: Desk) -> None:
    desk.run("plan", "spring.yaml", "--out", "plan.json")
    assert desk.run("run", "spring.yaml", "--plan", "plan.json", "--limit", "1").code == 0
    assert desk.run("run", "spring.yaml", "--plan", "plan.json").code == 0
    assert len(desk.kept()) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "this is no plan"),
        ("[1, 2]", "this is no plan"),
        ("{}", "this is no plan"),
        (None, "the plan cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_plan_refuses(desk: Desk, text: str | None, said: str) -> None:
    if text is not None:
        desk.write("plan.json", text)
    told = desk.run("run", "spring.yaml", "--plan", "plan.json")
    assert told.code == 2
    assert said in told.err
    assert desk.nothing_was_sent()


def test_a_plan_changed_by_hand_refuses(desk: Desk) -> None:
    desk.run("plan", "spring.yaml", "--out", "plan.json")
    plan = json.loads((desk.folder / "plan.json").read_text())
    desk.write("plan.json", json.dumps(plan | {"count": 4}))
    told = desk.run("run", "spring.yaml", "--plan", "plan.json")
    assert told.code == 2
    assert "changed after it was written" in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "spring.yaml", "--out", "."), "it is a folder"),
        (("run", "spring.yaml", "--only", "\udcff"), "is not UTF-8"),
    ],
)
def test_what_can_be_no_file_and_nobody_is_refused(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    told = desk.run(*words)
    assert told.code == 2
    assert said in told.err


def test_no_time_at_all_sends_nothing(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--stop-after", "0s")
    assert told.code == 3
    assert "the time given with --stop-after is over" in told.err
    assert not desk.kept()


def test_names_that_the_terminal_lacks_are_told_all_the_same(desk: Desk) -> None:
    desk.write("people.csv", "email,first_name,plan,key\nada@example.com,Ada,paid,Łódź\n")
    desk.campaign(("file: people.csv", "file: people.csv\n  key: key"))
    calls = [["run", "spring.yaml"]]
    calls += [["report", "spring.yaml", "--format", form] for form in ("csv", "json", "text")]
    code = (
        "import sys\n"
        "from sendbatch.cli.main import main\n"
        f"for arguments in {calls}:\n"
        "    try: main(arguments)\n"
        "    except SystemExit as ended: print(arguments[0], ended.code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=desk.folder,
        env=desk.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    ends = [line for line in done.stderr.splitlines() if line.startswith((b"run ", b"report "))]
    assert ends == [b"run 0", *[b"report 0"] * 3], done.stderr


def test_another_text_and_another_server_are_both_named(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    desk.write("spring.txt", "Another text.\n")
    with MailHost() as other:
        other.take_over(desk)
        told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 4
    assert "the text changed since" in told.err
    assert "this record belongs to" in told.err


def test_another_server_refuses_and_says_how_many_went_through_which(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    with MailHost() as other:
        other.take_over(desk)
        told = desk.run("run", "spring.yaml", "--yes")
        assert told.code == 4
        assert f"1 through 127.0.0.1:{mailhost.port}" in told.err
        assert not other.mails
        assert desk.run("run", "spring.yaml", "--yes", "--accept-changes").code == 0
        assert other.receivers == [BJORK, CARL]


def test_a_recipient_refused_for_good_is_left_until_a_retry_is_asked_for(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers[BJORK] = "550 5.1.1 no such user"
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "550 5.1.1 no such user" in told.err
    assert desk.statuses()[BJORK] == "rejected"
    mailhost.answers.clear()
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert desk.run("run", "spring.yaml", "--yes", "--retry", "rejected").code == 0
    assert mailhost.receivers == [ADA, CARL, BJORK]


def all_are_rejected(desk: Desk, mailhost: MailHost, reply: str = "550 5.1.1 no such user") -> None:
    """Refused by a server that took nobody yet, and settled by hand; now it would take them."""
    mailhost.take_over(desk)
    mailhost.answers |= dict.fromkeys((ADA, BJORK, CARL), reply)
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert set(desk.statuses().values()) == {"deferred"}
    assert desk.run("resolve", "spring.yaml", ADA, BJORK, CARL, "--as", "rejected").code == 0
    mailhost.answers.clear()


def test_refused_by_a_server_that_took_nobody_yet_they_stay_and_the_summary_says_what_to_do(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers |= dict.fromkeys((ADA, BJORK, CARL), "550 5.7.1 Relay access denied")
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "3 × 550 5.7.1 Relay access denied (speaks of our set-up, not of them)" in told.err
    assert "the next run tries these 3 again" in told.err
    assert "\n  sendbatch resolve spring.yaml KEY… --as rejected\n" in told.err
    assert desk.run("status", "spring.yaml").code == 1
    mailhost.answers.clear()
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_with_nothing_to_send_but_rejected_ones_the_line_that_retries_them_is_named(
    desk: Desk, mailhost: MailHost
) -> None:
    all_are_rejected(desk, mailhost)
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "3 recipients rejected" in told.err
    assert "this sends to the 3 again:\n  sendbatch run spring.yaml --retry rejected\n" in told.err
    assert desk.run("run", "spring.yaml", "--yes", "--retry", "rejected").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]
    assert "--retry" not in desk.run("run", "spring.yaml", "--yes").err


@pytest.mark.parametrize(
    ("codes", "sent"),
    [("rejected:5.4.*", []), ("rejected:5.4.*,rejected:5.1.?", [ADA, BJORK, CARL])],
)
def test_a_retry_by_codes_sends_to_those_alone(
    desk: Desk, mailhost: MailHost, codes: str, sent: list[str]
) -> None:
    all_are_rejected(desk, mailhost)
    told = desk.run("run", "spring.yaml", "--yes", "--retry", codes)
    assert told.code == (0 if sent else 1)
    assert mailhost.receivers == sent


def test_a_retry_by_codes_that_is_stopped_is_in_the_line_that_goes_on(
    desk: Desk, mailhost: MailHost
) -> None:
    all_are_rejected(desk, mailhost)
    slow = ("--rate", "1/min", "--stop-after", "1s")
    told = desk.run(
        "run", "spring.yaml", "--yes", "--retry", "rejected:5.1.*", "--breaker", "7", *slow
    )
    assert told.code == 3
    words = [word for word in line_that_goes_on(told.err) if word not in ("--rate", "1/min")]
    assert words[-4:] == ["--retry", "rejected:5.1.*", "--breaker", "7"]
    assert desk.run(*words, "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_as_many_refusals_as_breaker_says_stop_a_run(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    mailhost.answers |= dict.fromkeys((ADA, BJORK, CARL), "550 5.7.1 no")
    told = desk.run("run", "spring.yaml", "--yes", "--breaker", "1", "--rate", "100/s")
    assert told.code == 3
    assert "1 permanent refusal in a row" in told.err


def test_those_refused_that_a_limit_leaves_over_are_refused_still_and_told_of(
    desk: Desk, mailhost: MailHost
) -> None:
    all_are_rejected(desk, mailhost)
    told = desk.run("run", "spring.yaml", "--yes", "--retry", "rejected", "--limit", "1")
    assert told.code == 0
    assert "2 recipients left for a later run" in told.err
    assert desk.statuses() == {ADA: "accepted", BJORK: "rejected", CARL: "rejected"}
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert mailhost.receivers == [ADA]


def test_a_retry_that_is_stopped_leads_on_and_nobody_is_pending(
    desk: Desk, mailhost: MailHost
) -> None:
    all_are_rejected(desk, mailhost)
    slow = ("--rate", "1/min", "--stop-after", "1s")
    told = desk.run("run", "spring.yaml", "--yes", "--retry", "rejected", "--limit", "2", *slow)
    assert told.code == 3
    assert "not tried yet" not in told.err
    assert desk.statuses() == {ADA: "accepted", BJORK: "rejected", CARL: "rejected"}
    words = [word for word in line_that_goes_on(told.err) if word not in ("--rate", "1/min")]
    assert desk.run(*words, "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK]


def killed_with_one_in_doubt(desk: Desk, mailhost: MailHost, *, doubts: int = 1) -> None:
    """A run is killed where the first is accepted, and those behind them wait for their reply."""
    mailhost.hold_after = 1
    with desk.start("run", "spring.yaml", "--yes") as process:
        until(lambda: mailhost.waiting == doubts, "messages that wait for their answers")
        process.kill()
        process.communicate()
    mailhost.hold_after = None
    mailhost.go.set()


def test_sending_again_to_one_in_doubt_changes_nothing_of_the_others(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk, ("file: people.csv", "file: people.csv\n  key: plan"))
    desk.write("profiles.yaml", mailhost.profiles.replace("connections: 1", "connections: 2"))
    people = "email,first_name,plan\n{},Ada,1\n{},Björk,2\n{},Carl,3\n"
    desk.write("people.csv", people.format(ADA, "old2@example.net", "old3@example.net"))
    killed_with_one_in_doubt(desk, mailhost, doubts=2)
    desk.write("people.csv", people.format(ADA, BJORK, CARL))
    del mailhost.receivers[:]

    told = desk.run("run", "spring.yaml", "--yes", "--in-doubt", "resend", "--limit", "1")
    assert "1 recipient left for a later run" in told.err
    assert mailhost.receivers == [BJORK]
    other = desk.rows()["3"]
    assert (other["status"], other["email"]) == ("in_doubt", "old3@example.net")


@pytest.mark.parametrize("how", ["resolve", "resend"])
def test_whoever_is_tried_again_by_a_persons_word_gets_what_the_csv_says_now(
    desk: Desk, mailhost: MailHost, how: str
) -> None:
    mailhost.take_over(desk, ("file: people.csv", "file: people.csv\n  key: plan"))
    people = "email,first_name,plan\n{},Ada,1\n{},{},2\n{},Carl,3\n"
    desk.write("people.csv", people.format(ADA, BJORK, "Bjrk", "old@example.net"))
    mailhost.answers[BJORK] = "550 5.1.1 no such user"
    killed_with_one_in_doubt(desk, mailhost)
    desk.run("run", "spring.yaml", "--yes")
    desk.write("people.csv", people.format(ADA, BJORK, "Björk", CARL))
    told = desk.run("run", "spring.yaml", "--yes")
    assert f"now {CARL}" in told.err
    assert desk.statuses() == {"1": "accepted", "2": "rejected", "3": "in_doubt"}
    mailhost.answers.clear()
    del mailhost.receivers[:], mailhost.mails[:]

    desk.run("run", "spring.yaml", "--yes", "--retry", "rejected")
    if how == "resolve":
        assert desk.run("resolve", "spring.yaml", "3", "--as", "pending").code == 0
    words = ("--in-doubt", "resend") if how == "resend" else ()
    assert desk.run("run", "spring.yaml", "--yes", *words).code == 0

    assert mailhost.receivers == [BJORK, CARL]
    assert [mail["Subject"] for mail in mailhost.mails] == [
        "Björk, spring is here", "Carl, spring is here",
    ]  # fmt: skip


def test_doubt_resolves_itself_only_with_the_very_message_that_the_provider_was_given(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk, ("file: people.csv", "file: people.csv\n  key: plan"))
    profiles = mailhost.profiles.replace("host:", "provider: resend\n    host:")
    desk.write("profiles.yaml", profiles)
    people = "email,first_name,plan\n{},Ada,1\n{},Carl,2\n"
    desk.write("people.csv", people.format(ADA, CARL))
    killed_with_one_in_doubt(desk, mailhost)
    del mailhost.receivers[:]

    desk.write("spring.txt", "Another text, {{ first_name }}.\n")
    assert desk.run("run", "spring.yaml", "--yes", "--accept-changes").code == 1
    desk.write("spring.txt", TEXT)
    desk.write("people.csv", people.format(ADA, "new@example.net"))
    assert desk.run("run", "spring.yaml", "--yes", "--accept-changes").code == 1
    desk.write("profiles.yaml", mailhost.profiles)  # the same server, and no key
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    desk.write("profiles.yaml", profiles)
    desk.write("people.csv", people.format(ADA, CARL))
    assert desk.run("run", "spring.yaml", "--yes").code == 1  # was it with the key? who knows
    assert mailhost.receivers == []
    assert desk.statuses()["2"] == "in_doubt"


def test_doubt_resolves_itself_while_the_providers_key_holds(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles.replace("host:", "provider: resend\n    host:"))
    killed_with_one_in_doubt(desk, mailhost)
    assert desk.run("run", "spring.yaml", "--yes", "--limit", "1").code == 0
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]
    assert desk.rows()[BJORK]["attempts"] == "2"


def test_an_inbox_for_tests_has_its_limits_too(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    kept = mailhost.profiles.replace("delivers: true", "delivers: false\n    rate: 2/h")
    desk.write("profiles.yaml", kept)
    told = desk.run("run", "spring.yaml", "--no-wait")
    assert told.code == 3
    assert "the limits are used up" in told.err
    assert mailhost.receivers == [ADA, BJORK]


def test_a_report_that_cannot_be_written_is_said_beside_what_was_sent(desk: Desk) -> None:
    (desk.folder / "reports/spring.sandbox/report.csv").mkdir(parents=True)
    told = desk.run("run", "spring.yaml")
    assert told.code == 0
    assert "3 accepted" in " ".join(told.err.split())
    assert "the report cannot be written" in told.err
    assert "the record itself is complete" in told.err
    assert "\n  sendbatch report spring.yaml --format csv\n" in told.err
    assert "  report:" not in told.err  # a folder stands there
    assert "  page:" in told.err
    assert desk.run("report", "spring.yaml", "--format", "csv").out.count("accepted") == 3


def test_names_in_reply_to_are_the_recipients(desk: Desk) -> None:
    desk.campaign(more='reply_to: "{{ plan }} desk <help@example.com>"\n')
    assert desk.run("run", "spring.yaml").code == 0
    found = {
        str(mail["Reply-To"]) for mail in read_mails(desk.folder / "reports/spring.sandbox/outbox")
    }
    assert found == {"paid desk <help@example.com>", "free desk <help@example.com>"}
    desk.campaign(more='reply_to: "{{ plam }} desk <help@example.com>"\n')
    told = desk.run("check", "spring.yaml")
    assert told.code == 2
    assert "plam is not a column or a variable" in told.said


def test_a_recipient_refused_for_now_is_deferred_and_said_when_due(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers[BJORK] = "450 4.2.1 try again later"
    told = desk.run("run", "spring.yaml", "--yes", "--no-wait")
    assert told.code == 1
    assert "the next deferred one is due at" in told.err
    assert desk.statuses()[BJORK] == "deferred"
    mailhost.answers.clear()
    assert desk.run("run", "spring.yaml", "--yes", "--retry", "deferred").code == 0
    assert mailhost.receivers == [ADA, CARL, BJORK]


def test_a_server_that_is_not_there_refuses_before_anything_is_sent(desk: Desk) -> None:
    port = closed_port()
    desk.write(
        "profiles.yaml",
        f"profiles:\n  live: {{host: 127.0.0.1, port: {port}, security: none}}\n",
    )
    desk.campaign(("smtp: sandbox", "smtp: live"))
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code in (2, 3)
    assert f"127.0.0.1:{port}" in told.err
    assert desk.nothing_was_sent()


# --- what is said, and where -------------------------------------------------------------------


def test_quiet_says_nothing_when_all_is_well(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml", "--quiet")
    assert told.code == 0
    assert told.said == ""


def test_quiet_still_says_what_is_wrong(desk: Desk) -> None:
    assert "the plan has 3" in desk.run("run", "spring.yaml", "--quiet", "--expect", "4").err


def test_quiet_still_says_which_entries_of_a_list_leave_out_nobody(desk: Desk) -> None:
    list_ = "suppress: [{file: never.txt, unreadable: warn}]"
    desk.campaign(("smtp: sandbox", f"smtp: sandbox\n{list_}"))
    desk.write("never.txt", "carl@example.net\nexample.org\n")
    told = desk.run("run", "spring.yaml", "--quiet")
    assert (told.code, told.out) == (0, "")
    assert "never.txt:2: warning: 1 entry of this list cannot be read in full" in told.err
    desk.campaign(("smtp: sandbox", "smtp: sandbox\nsuppress: [never.txt]"))
    told = desk.run("run", "spring.yaml", "--quiet")
    assert told.code == 2
    assert "never.txt:2: error: not an address and not @domain: 'example.org'" in told.err


def test_quiet_still_says_what_became_of_those_without_the_mail(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,free\n")
    told = desk.run("run", "spring.yaml", "--quiet")
    assert told.code == 1
    assert told.err == (
        "spring: 3 of 4 accepted, 1 invalid\n  invalid: row 5\n"
        "  report:  reports/spring.sandbox/report.csv\n"
    )


def test_standard_output_stays_clean_and_no_colour_reaches_a_pipe(desk: Desk) -> None:
    told = desk.call("run", "spring.yaml")
    assert told.code == 0
    assert told.out == ""
    assert "\x1b" not in told.err
    assert "\r" not in told.err


def test_a_refused_run_is_no_record_to_status(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--expect", "99")
    told = desk.run("status", "spring.yaml")
    assert told.code == 2
    assert "nothing was sent yet" in told.err


def test_the_line_that_leads_on_repeats_who_was_meant(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1")
    desk.write("spring.txt", "Another text for {{ first_name }}\n")
    told = desk.run("run", "spring.yaml", "--yes", "--only", "carl@example.net", "--strict")
    assert told.code == 4
    assert "--only carl@example.net --strict --accept-changes" in told.err


def test_where_that_leaves_nobody_says_so(desk: Desk) -> None:
    text = (desk.folder / "spring.yaml").read_text()
    desk.write("spring.yaml", text.replace("people.csv", "people.csv\n  where: plan == 'gold'"))
    for verb in ("run", "run", "check"):  # every time, and not only where a plan is new
        told = desk.run(verb, "spring.yaml")
        assert told.code == 0
        assert "warning: recipients.where is true for none of 3 rows: plan == 'gold'" in told.err
        assert 'plan holds "paid", "free"' in told.err
    assert desk.run("run", "spring.yaml", "--expect", "1-9").code == 4
    told = desk.run("run", "spring.yaml")
    assert "nobody to send to: 3 filtered by `where`; look at the CSV and at `where`" in told.err


def test_where_that_leaves_nobody_refuses_a_run_that_asks_nobody(desk: Desk) -> None:
    text = (desk.folder / "spring.yaml").read_text()
    desk.write("spring.yaml", text.replace("people.csv", "people.csv\n  where: plan == 'gold'"))

    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 4
    assert "recipients.where is true for none of 3 rows: plan == 'gold'; nothing was sent" in told.err
    assert "where nobody may be right, say so:  expect: 0-3" in told.err

    assert desk.run("run", "spring.yaml", "--yes", "--expect", "0-3").code == 0
    assert desk.run("run", "spring.yaml", "--yes", "--expect", "1-3").code == 4
