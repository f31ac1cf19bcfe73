"""The workflow that `init --ci github` writes, executed as written: by nobody, on machines that are thrown
away."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

import sendbatch.api
from tests.kit.comments import Api, api
from tests.kit.mailhost import MailHost
from tests.kit.nobody import give, open_folder
from tests.kit.postgres import Database
from tests.kit.runner import INSTALL, Hosted, Run, git
from tests.kit.waiting import until

__all__ = ["api", "open_folder"]

PEOPLE = 12
KEYS = {
    "SENDBATCH_RECEIPT_KEY": "a key of the receipts, of 36 bytes",
    "SENDBATCH_PLAN_KEY": "a key of the plan, 32 bytes long",
    "SMTP_PASSWORD": "secret of SMTP",
}


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def hosted(open_folder: Path, host: MailHost) -> Hosted:
    """A repository with a campaign that goes through `host`, and its workflow."""
    hosted = Hosted(open_folder, secrets=dict(KEYS), environ={"SENDBATCH_RECORD_WATCH": "1"})
    letters = open_folder / "letters"
    git("init", "-q", "-b", "main", str(letters))
    folder = letters / "news"
    sendbatch.api.init(folder)
    (folder / "profiles.yaml").write_text(host.profiles)
    file = folder / "campaign.yaml"
    file.write_text(file.read_text().replace("smtp: sandbox", "smtp: live"))
    rows = "".join(f"{address},Somebody,\n" for address in everyone())
    (folder / "people.csv").write_text(f"email,first_name,city\n{rows}")
    sendbatch.api.init_ci(folder, "github")
    git("init", "-q", "--bare", "-b", "main", str(hosted.origin))
    git("-C", str(hosted.origin), "config", "uploadpack.allowAnySHA1InWant", "true")  # as hosts do
    push(hosted)
    return hosted


def push(hosted: Hosted) -> None:
    """What lies in the working tree becomes the repository's newest commit."""
    letters = str(hosted.folder / "letters")
    give(Path(letters))
    git("-C", letters, "add", "-A")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    git("-C", letters, *who, "commit", "-q", "-m", "news")
    git("-C", letters, "push", "-q", str(hosted.origin), "main")


def everyone() -> list[str]:
    return [f"somebody.on.the.list.{n}@example.com" for n in range(1, PEOPLE + 1)]


def shown(run: Run) -> str:
    """All that leaves the runners: logs, summaries, artefacts."""
    files = (path for path in run.artifacts.rglob("*") if path.is_file())
    kept = "".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    return kept + "".join(job.said + job.summary for job in run.jobs.values())


def hold_private(run: Run, hosted: Hosted) -> None:
    """No address and no secret leaves."""
    found = shown(run)
    assert [name for name, secret in hosted.secrets.items() if secret in found] == []
    assert [address for address in everyone() if address in found] == []


def outcomes(run: Run, identity: pyrage.x25519.Identity) -> dict[str, str]:
    """Status by address, from the encrypted report that a run left as an artefact."""
    sealed = run.artifacts / "sendbatch-report-news-campaign.yaml/report.csv.age"
    table = pyrage.decrypt(sealed.read_bytes(), [identity]).decode()
    return {row["email"]: row["status"] for row in csv.DictReader(io.StringIO(table))}


def test_what_is_merged_waits_for_its_approval_and_is_sent_once(
    hosted: Hosted, host: MailHost
) -> None:
    hosted.private = False
    reader = pyrage.x25519.Identity.generate()
    hosted.secrets["SENDBATCH_REPORT_KEY"] = str(reader.to_public())
    run = Run(hosted)
    jobs = run.go()
    assert {name: job.result for name, job in jobs.items()} == {
        "look": "skipped", "comment": "skipped", "plan": "success", "send": "waiting",
    }, jobs["plan"].said  # fmt: skip
    assert jobs["plan"].outputs == {"remaining": "12"}
    assert "12" in jobs["plan"].summary
    assert host.receivers == []
    sent = run.approve()
    assert sent.result == "success", sent.said
    assert "all 12 accepted" in sent.summary
    assert sorted(host.receivers) == sorted(everyone())
    assert outcomes(run, reader) == dict.fromkeys(everyone(), "accepted")
    assert (run.artifacts / "sendbatch-gallery-news-campaign.yaml/gallery.html").exists()
    hold_private(run, hosted)

    assert Run(hosted).go()["send"].result == "skipped"  # started again, by whatever
    assert run.again(all_jobs=True)["send"].result == "skipped"
    people = hosted.folder / "letters/news/people.csv"
    people.write_text(people.read_text() + "new@example.com,New,\n")
    push(hosted)
    second = Run(hosted)
    assert second.go()["plan"].outputs == {"remaining": "1"}
    assert second.approve().result == "success"
    assert host.receivers[PEOPLE:] == ["new@example.com"]


@pytest.mark.thorough
def test_a_campaign_that_a_laptop_has_begun_in_a_database_goes_on_from_there(
    hosted: Hosted, host: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = hosted.folder / "letters/news"
    (news / "profiles.yaml").write_text(f'project: shop\nrecord: "${{DATABASE_URL}}"\n{host.profiles}')
    monkeypatch.setenv("DATABASE_URL", database.url)
    assert sendbatch.api.run(news / "campaign.yaml", limit=5, yes=True).accepted == 5
    (hosted.folder / "letters/.github/workflows/sendbatch.yml").unlink()
    sendbatch.api.init_ci(news, "github")
    push(hosted)
    hosted.secrets = {key: KEYS[key] for key in ("SENDBATCH_PLAN_KEY", "SMTP_PASSWORD")}
    hosted.secrets["DATABASE_URL"] = database.url
    run = Run(hosted)
    jobs = run.go()
    assert jobs["plan"].outputs == {"remaining": "7"}, jobs["plan"].said
    sent = run.approve()
    assert sent.result == "success", sent.said
    assert sorted(host.receivers) == sorted(everyone())
    assert database.url not in shown(run)


@pytest.mark.thorough
def test_a_send_whose_machine_dies_goes_on_and_mails_nobody_twice(
    hosted: Hosted, host: MailHost
) -> None:
    reader = pyrage.x25519.Identity.generate()
    hosted.secrets["SENDBATCH_REPORT_KEY"] = str(reader.to_public())
    host.hold_after = 5
    run = Run(hosted)
    run.go()

    def kill(process: subprocess.Popen[bytes]) -> None:
        until(lambda: host.waiting or process.poll() is not None, "a message that waits")
        process.kill()
        process.wait()
        host.go.set()

    died = run.approve(kill)
    assert died.result == "failure", died.said
    assert host.receivers != []
    assert run.again()["send"].result == "waiting"  # by "Re-run failed jobs": the plan is the same
    host.hold_after = None
    sent = run.approve()
    told = outcomes(run, reader)
    assert told.keys() == set(everyone()), sent.said
    assert set(told.values()) <= {"accepted", "in_doubt"}
    assert {who for who, status in told.items() if status == "in_doubt"} >= set(host.receivers)
    assert len(host.receivers) == len(set(host.receivers))
    assert "in doubt" in sent.summary


@pytest.mark.thorough
def test_a_text_that_is_pushed_while_a_send_waits(hosted: Hosted, host: MailHost) -> None:
    older = Run(hosted)
    older.go()
    letter = hosted.folder / "letters/news/newsletter.txt"
    letter.write_text(letter.read_text().replace("Hello", "Good morning"))
    push(hosted)
    newer = Run(hosted)
    newer.go()
    assert newer.approve().result == "success"
    late = older.approve()
    assert late.result == "failure"
    assert "the text changed since 12 of 12 were sent it" in late.said
    assert sorted(host.receivers) == sorted(everyone())


@pytest.mark.thorough
def test_a_plan_that_no_longer_holds_sends_nothing(hosted: Hosted, host: MailHost) -> None:
    run = Run(hosted)
    run.go()
    plan = run.artifacts / "sendbatch-plan/plan.json"
    plan.write_text(plan.read_text().replace('"newsletter"', '"another"'))
    refused = run.approve()
    assert refused.result == "failure"
    assert "the plan was changed after it was written" in refused.said
    assert host.receivers == []
    again = run.again(all_jobs=True)
    assert again["send"].result == "waiting"
    assert run.approve().result == "success"
    assert sorted(host.receivers) == sorted(everyone())


def pull_request(name: str) -> dict[str, Any]:
    return {"pull_request": {"number": 7, "head": {"repo": {"full_name": name}}}}


def test_a_pull_request_is_shown_and_has_one_comment(
    hosted: Hosted, host: MailHost, api: Api
) -> None:
    hosted.api, hosted.private = api.address, False
    for _ in range(2):
        run = Run(hosted, "pull_request", pull_request(hosted.name))
        jobs = run.go()
        assert {name: job.result for name, job in jobs.items()} == {
            "look": "success", "comment": "success", "plan": "skipped", "send": "skipped",
        }, jobs["look"].said + jobs["comment"].said  # fmt: skip
    (comment,) = api.comments
    assert "12" in comment["body"]
    assert (run.artifacts / "sendbatch-gallery-news-campaign.yaml/gallery.html").exists()
    hold_private(run, hosted)
    assert not any(address in comment["body"] for address in everyone())
    assert host.receivers == []


@pytest.mark.thorough
def test_a_forks_pull_request_gets_a_summary_no_comment_and_no_secret(
    hosted: Hosted, api: Api
) -> None:
    hosted.api = api.address
    jobs = Run(hosted, "pull_request", pull_request("eve/letters")).go()
    assert jobs["look"].result == "success", jobs["look"].said
    assert "12" in jobs["look"].summary
    assert "was not read" in jobs["look"].said
    assert jobs["comment"].result == "skipped"
    assert api.asked == []


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("command", "campaign", "args", "said"),
    [
        ("delete", "news/campaign.yaml", "", "the input command is one of check, plan"),
        ("run", "", "", "the input campaign is empty"),
        ("run", "news/campaign.yaml", "--limit 5", "one argument a line"),
        ("check", "$(touch hacked)", "", "$(touch hacked)"),
        ("check", "news/campaign.yaml", "--set=a=$(touch hacked); touch hacked #", "nothing uses a name"),
        ("check", "--help", "", "--help"),
    ],
)
def test_an_input_of_no_use_is_refused_and_never_executed(
    hosted: Hosted, command: str, campaign: str, args: str, said: str
) -> None:
    steps = [
        {"uses": "actions/checkout@v7"},
        {
            "uses": "OWNER/sendbatch@v1",
            "id": "call",
            "with": {"command": command, "campaign": campaign, "args": args},
        },
        {"name": "Look", "if": "always()", "shell": "bash", "run": "find .. -name hacked"},
    ]
    job = Run(hosted).of_steps(steps)
    assert job.result == "failure"
    assert said in job.said
    assert job.steps[-1].said == ""


@pytest.mark.thorough
def test_the_action_installs_itself_by_hashes_once_for_all_steps_of_a_job(hosted: Hosted) -> None:
    hosted.installs = True
    hosted.environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    check = {
        "uses": "OWNER/sendbatch@v1",
        "id": "check",
        "with": {"command": "check", "campaign": "news/campaign.yaml"},
    }
    made = {"shell": "bash", "run": 'stat -c %Y "$RUNNER_TEMP"/sendbatch-venv-*/installed'}
    where = {"shell": "bash", "run": 'git -C "$GITHUB_WORKSPACE" status --short'}
    steps = [{"uses": "actions/checkout@v7"}, check, made, {**check, "id": "again"}, made, where]
    job = Run(hosted).of_steps(steps)
    assert job.result == "success", job.said
    installed = [step for step in job.steps if step.name == INSTALL]
    first, second = (step.said for step in job.steps if step.said.strip().isdecimal())
    assert len(installed) == 2
    assert first == second
    assert job.steps[-1].said == ""  # nothing is left in the checkout
