"""The workflow that `init --ci github` writes, executed as written: by nobody, on machines that are thrown
away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sendbatch import api
from tests.kit.mailhost import MailHost
from tests.kit.nobody import give, open_folder
from tests.kit.runner import Hosted, Run, git

__all__ = ["open_folder"]

PEOPLE = 12
KEYS = {"SENDBATCH_PLAN_KEY": "a key of the plan, 32 bytes long", "SMTP_PASSWORD": "secret of SMTP"}


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def hosted(open_folder: Path, host: MailHost) -> Hosted:
    """A repository with a campaign that goes through `host`, and its workflow."""
    hosted = Hosted(open_folder, secrets=dict(KEYS))
    letters = open_folder / "letters"
    git("init", "-q", "-b", "main", str(letters))
    folder = letters / "news"
    api.init(folder)
    (folder / "profiles.yaml").write_text(host.profiles)
    file = folder / "campaign.yaml"
    file.write_text(file.read_text().replace("smtp: sandbox", "smtp: live"))
    rows = "".join(f"p{n}@example.com,P{n},\n" for n in range(1, PEOPLE + 1))
    (folder / "people.csv").write_text(f"email,first_name,city\n{rows}")
    api.init_ci(folder, "github")
    git("init", "-q", "--bare", "-b", "main", str(hosted.origin))
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
    return [f"p{n}@example.com" for n in range(1, PEOPLE + 1)]


def keep_on_disk(hosted: Hosted) -> None:
    kept = hosted.folder / "kept"
    kept.mkdir()
    file = hosted.folder / "letters/.github/workflows/sendbatch.yml"
    text = file.read_text()
    text = text.replace("\nenv:\n", f"\nenv:\n  SENDBATCH_RECORD: {kept}\n")
    text = text.replace("--yes\n", f"--yes\n            --first-run={datetime.now(UTC).date()}\n")
    file.write_text(text)
    push(hosted)
    give(hosted.folder)


def test_what_is_merged_waits_for_its_approval_and_is_sent_once(hosted: Hosted, host: MailHost) -> None:
    keep_on_disk(hosted)
    run = Run(hosted)
    jobs = run.go()
    print({name: (job.result, job.said) for name, job in jobs.items()})
    assert {name: job.result for name, job in jobs.items()} == {
        "look": "skipped", "comment": "skipped", "plan": "success", "send": "waiting",
    }  # fmt: skip
    assert host.receivers == []
    sent = run.approve()
    assert sent.result == "success", sent.said
    assert sorted(host.receivers) == sorted(everyone())


def test_a_send_that_is_killed_goes_on_where_it_was(hosted: Hosted, host: MailHost) -> None:
    keep_on_disk(hosted)
    host.hold_after = 5
    run = Run(hosted)
    run.go()

    def kill(process: subprocess.Popen[bytes]) -> None:
        host.until_holding()
        process.kill()
        process.wait()
        host.go.set()

    assert run.approve(kill).result == "failure"
    assert run.again()["send"].result == "waiting"
    sent = run.approve()
    print(sent.said)
    assert len(host.receivers) == len(set(host.receivers))
    assert set(host.receivers) | {"x"} >= set(everyone()[:5])
    print(host.receivers)
