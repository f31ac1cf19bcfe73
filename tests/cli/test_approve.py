"""From a plan to a run that was approved: what is shown, who is asked, what the report tells."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from sendbatch import api
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person

KEY = "an approver's key of some bytes"


@pytest.fixture
def planned(desk: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A campaign that is delivered, its plan in plan.json, and the key of those who approve."""
    mailhost.take_over(desk)
    monkeypatch.setenv("SENDBATCH_APPROVAL_KEY", KEY)
    desk.environ["SENDBATCH_APPROVAL_KEY"] = KEY
    desk.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
    return desk


def approved_run(desk: Desk, *more: str) -> list[str]:
    return ["run", "spring.yaml", "--plan", "plan.json", "--approved", *more]


def test_an_approved_plan_is_sent_and_every_report_names_who_approved_it(
    planned: Desk, mailhost: MailHost
) -> None:
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    digest = json.loads((planned.folder / "plan.json").read_text())["digest"]
    said = planned.run(*approved_run(planned)).ended(0)
    assert len(mailhost.mails) == 3
    assert f"plan {digest[:16]} approved by Ann on 20" in said.said
    folder = planned.record("spring")
    told = json.loads((folder / "report.json").read_text())
    (approval,) = told["approvals"]
    assert (approval["by"], approval["digest"]) == ("Ann", digest)
    assert told["last_run_approved"] is True
    assert [one["kind"] for one in told["events"]].count("approved") == 1
    assert "<bdi>Ann</bdi> on " in (folder / "report.html").read_text()
    markdown = planned.run("report", "spring.yaml", "--format", "markdown").ended(0)
    assert f"plan ` {digest[:16]} ` approved by ` Ann `" in markdown.out


def test_without_an_approval_nothing_is_sent(planned: Desk, mailhost: MailHost) -> None:
    said = planned.run(*approved_run(planned)).ended(4)
    assert "nobody has approved this plan" in said.err
    assert not mailhost.mails
    assert not planned.record("spring").exists()


@pytest.mark.parametrize("key", ["another key of as many bytes", None])
def test_where_the_key_is_another_or_not_there_it_says_who_did_sign(
    planned: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    if key is None:
        monkeypatch.delenv("SENDBATCH_APPROVAL_KEY")
        expected = "nothing here says whose approvals count"
    else:
        monkeypatch.setenv("SENDBATCH_APPROVAL_KEY", key)
        expected = "by Ann on 20"
    said = planned.run(*approved_run(planned)).ended(4)
    assert expected in said.err
    assert KEY not in said.said
    assert not mailhost.mails


def test_a_plan_of_another_campaign_is_refused_though_it_is_approved(
    planned: Desk, mailhost: MailHost
) -> None:
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    planned.change("spring.yaml", "name: spring", "name: autumn")
    said = planned.run(*approved_run(planned)).ended(4)
    assert "the plan is for campaign spring, this is autumn" in said.err
    assert not mailhost.mails


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("from: Example News <news", "from: The Boss <news"), "the plan is from Example News <news@"),
        (("name: spring\n", "name: spring\nbounces_to: b@example.com\n"), "is with bounces to b@example.com"),
    ],
)
def test_another_sender_than_whoever_approved_was_shown_is_refused(
    planned: Desk, mailhost: MailHost, change: tuple[str, str], said: str
) -> None:
    shown = planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    assert "from Example News <news@example.com>, bounces to news@example.com" in shown.err
    planned.change("spring.yaml", *change)
    assert said in planned.run(*approved_run(planned)).ended(4).err
    assert not mailhost.mails


def test_whoever_approves_is_told_of_files_that_the_plan_does_not_hold(planned: Desk) -> None:
    planned.change("spring.yaml", "name: spring\n", 'name: spring\nattachments: ["bills/{{ email }}.txt"]\n')
    for email in ("ada@example.com", "bjork@example.org", "carl@example.net"):
        planned.write(f"bills/{email}.txt", "12 EUR")
    planned.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
    shown = planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    own = "files of single recipients (what is in them is no part of the plan): bills/{{ email }}.txt"
    assert own in shown.err


def test_whoever_approves_a_rehearsal_is_told_whom_the_mail_goes_to(
    planned: Desk, mailhost: MailHost
) -> None:
    keys = '    redirect_to: qa@example.com\n    only_to: ["@example.com"]\n'
    planned.write("profiles.yaml", mailhost.profiles + keys)
    planned.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
    shown = planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    assert "the mail goes to qa@example.com in the recipients' place" in shown.err
    planned.write("profiles.yaml", mailhost.profiles)
    said = planned.run(*approved_run(planned)).ended(4)
    assert "the plan is of mail that went to qa@example.com" in said.err
    assert "this goes to everybody" in said.err
    assert "the text" not in said.err
    assert not mailhost.mails


def test_somebody_added_after_the_approval_is_refused(planned: Desk, mailhost: MailHost) -> None:
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    planned.change("people.csv", "carl@example.net,,paid\n", "carl@example.net,,paid\neve@x.example,,\n")
    assert "1 recipient was added" in planned.run(*approved_run(planned)).ended(4).err
    assert not mailhost.mails


def test_a_later_run_that_is_held_to_nothing_is_told_apart(planned: Desk) -> None:
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    planned.run(*approved_run(planned)).ended(0)
    planned.change("people.csv", "carl@example.net,,paid\n", "carl@example.net,,paid\neve@x.example,,\n")
    said = planned.run("run", "spring.yaml", "--yes")
    assert "approved by Ann" in said.said
    assert "the last run was held to no approved plan" in said.said
    told = json.loads((planned.record("spring") / "report.json").read_text())
    assert told["last_run_approved"] is False


@pytest.mark.parametrize("given", [["--approved"], ["--allowed-signers", "signers"]])
def test_an_approval_is_one_of_a_plan(desk: Desk, given: list[str]) -> None:
    assert "name it by --plan plan.json" in desk.run("run", "spring.yaml", *given).ended(2).err


def test_signers_without_approved_are_not_taken_for_it(planned: Desk, mailhost: MailHost) -> None:
    said = planned.run("run", "spring.yaml", "--plan", "plan.json", "--allowed-signers", "x").ended(2)
    assert "add --approved" in said.err
    assert not mailhost.mails


def test_a_rehearsal_holds_to_approvals_as_a_run_does(planned: Desk) -> None:
    said = planned.run(*approved_run(planned, "--dry-run")).ended(4)
    assert "nobody has approved this plan" in said.err
    planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(0)
    planned.run(*approved_run(planned, "--dry-run")).ended(0)


def test_approve_shows_what_it_signs_and_asks(planned: Desk) -> None:
    digest = json.loads((planned.folder / "plan.json").read_text())["digest"]
    with Person(planned, "approve", "plan.json", "--by", "Ann") as person:
        person.until_asked("Approve this plan as Ann? [y/N]")
        for said in ("plan.json: spring", "3 recipients through 127.0.0.1:", "from Example News", digest,
                     "subject: {{ first_name }}, spring is here"):  # fmt: skip
            assert said in person.seen
        person.types("y\n")
        assert person.leaves() == 0
    assert "approvals" in json.loads((planned.folder / "plan.json").read_text())


@pytest.mark.parametrize("answer", ["n\n", "\x04"])
def test_anything_but_yes_approves_nothing(planned: Desk, answer: str) -> None:
    before = (planned.folder / "plan.json").read_bytes()
    with Person(planned, "approve", "plan.json", "--by", "Ann") as person:
        person.until_asked("Approve this plan as Ann? [y/N]")
        person.types(answer)
        assert person.leaves() == 4
    assert (planned.folder / "plan.json").read_bytes() == before


def test_nobody_to_ask_approves_nothing(planned: Desk) -> None:
    before = (planned.folder / "plan.json").read_bytes()
    assert "add --yes" in planned.run("approve", "plan.json", "--by", "Ann").ended(4).err
    assert (planned.folder / "plan.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.json", "--by", "Ann"], "the plan cannot be read: No such file"),
        (["spring.yaml", "--by", "Ann"], "this is no plan that"),
        (["plan.json", "--by", "Ann\nBob"], "a name has 1 to 100 characters"),
        (["plan.json", "--by", ""], "a name has 1 to 100 characters"),
        (["plan.json", "--by", "Ann", "--ssh-key", "nowhere"], "there is no such file"),
        (["plan.json"], "Missing option '--by'"),
    ],
)
def test_what_cannot_be_approved_is_said(planned: Desk, arguments: list[str], said: str) -> None:
    assert said in planned.run("approve", *arguments, "--yes").ended(2).err


def test_without_a_key_it_says_how_to_have_one(
    planned: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENDBATCH_APPROVAL_KEY")
    said = planned.run("approve", "plan.json", "--by", "Ann", "--yes").ended(2).err
    assert "nothing to sign with: SENDBATCH_APPROVAL_KEY is not set" in said
    assert "--ssh-key ~/.ssh/id_ed25519" in said


def test_whoever_approves_it_while_another_is_asked_is_not_forgotten(planned: Desk) -> None:
    def meanwhile(what: object) -> bool:
        planned.run("approve", "plan.json", "--by", "Bob", "--yes").ended(0)
        return True

    api.approve("plan.json", by="Ann", ask=meanwhile)
    written = json.loads((planned.folder / "plan.json").read_text())["approvals"]
    assert [one["by"] for one in written] == ["Bob", "Ann"]


def test_a_link_is_not_written_through(planned: Desk) -> None:
    (planned.folder / "link.json").symlink_to("plan.json")
    said = planned.run("approve", "link.json", "--by", "Ann", "--yes").ended(2).err
    assert "it is a link" in said


def test_an_agents_key_signs_and_the_signers_of_the_run_count(
    planned: Desk,
    mailhost: MailHost,
    monkeypatch: pytest.MonkeyPatch,
    needs: Callable[[str, str], str],
) -> None:
    agent = needs("ssh-agent", "keys of an agent approve plans")
    needs("ssh-add", "keys of an agent approve plans")
    monkeypatch.delenv("SENDBATCH_APPROVAL_KEY")
    key, socket = planned.folder / "key", planned.folder / "s"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)]
    subprocess.run(command, check=True)
    planned.write("signers", "ann@example.com " + (planned.folder / "key.pub").read_text())
    with subprocess.Popen([agent, "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as held:
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            add = ["ssh-add", "-q", str(key)]
            while subprocess.run(add, stderr=subprocess.DEVNULL).returncode == 2:
                assert held.poll() is None
            key.unlink()
            planned.run(
                "approve", "plan.json", "--by", "ann@example.com", "--ssh-key", "key.pub", "--yes"
            ).ended(0)
        finally:
            held.kill()
    said = planned.run(*approved_run(planned, "--allowed-signers", "signers")).ended(0)
    assert "approved by ann@example.com on " in said.said
    assert len(mailhost.mails) == 3


def test_plan_and_run_work_with_a_key_of_plans_and_a_run_without_it_is_refused(
    planned: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDBATCH_PLAN_KEY", "a key of plans with bytes")
    planned.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
    monkeypatch.delenv("SENDBATCH_PLAN_KEY")
    said = planned.run("run", "spring.yaml", "--plan", "plan.json").ended(4)
    assert "made with SENDBATCH_PLAN_KEY, which is not set here" in said.err
    monkeypatch.setenv("SENDBATCH_PLAN_KEY", "another key of plans, too")
    said = planned.run("run", "spring.yaml", "--plan", "plan.json").ended(4)
    assert "another SENDBATCH_PLAN_KEY" in said.err
    assert not mailhost.mails
    monkeypatch.setenv("SENDBATCH_PLAN_KEY", "a key of plans with bytes")
    planned.run("run", "spring.yaml", "--plan", "plan.json").ended(0)
    assert len(mailhost.mails) == 3
