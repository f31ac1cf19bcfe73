"""The workflow that `init --ci github` writes and the action it calls: as schemas and our own rules want."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sendbatch import api
from sendbatch.campaign.pipelines.github import WORKFLOW
from sendbatch.campaign.profiles import find_profiles
from sendbatch.errors import SendbatchError, shown
from tests.kit.runner import declared_in

ROOT = Path(__file__).parents[3]
ACTIONS = [ROOT / "action.yml", ROOT / "comment/action.yml"]
OURS = ("OWNER/sendbatch@v1", "OWNER/sendbatch/comment@v1")  # which the user puts in by hand


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture
def workflow(repository: Path) -> Path:
    api.init_ci(repository / "letters", "github")
    return repository / WORKFLOW


def steps_of(file: Path) -> Iterator[dict[str, Any]]:
    told = declared_in(file.read_text())
    if "runs" in told:
        yield from told["runs"]["steps"]
    for job in told.get("jobs", {}).values():
        yield from job["steps"]


def validated(schema: str, *files: Path) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    ended = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_the_workflow_is_as_its_published_schema_wants(workflow: Path) -> None:
    assert validated("vendor.github-workflows", workflow) == ""
    workflow.write_text(workflow.read_text().replace("queue: max", "queue: some"))
    assert "queue" in validated("vendor.github-workflows", workflow)


def test_the_actions_are_as_their_published_schema_wants() -> None:
    assert validated("vendor.github-actions", *ACTIONS) == ""


def test_what_is_used_is_pinned_by_its_commit_with_the_version_beside(workflow: Path) -> None:
    lines = [line for file in (*ACTIONS, workflow) for line in file.read_text().splitlines()]
    used = [line.split("uses:")[1].strip() for line in lines if "uses:" in line]
    others = [one for one in used if one not in OURS]
    assert len(used) > len(others) > 8
    for one in others:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_no_script_has_a_value_in_it(workflow: Path) -> None:
    scripts = [step["run"] for file in (*ACTIONS, workflow) for step in steps_of(file) if "run" in step]
    assert len(scripts) >= 4
    assert not any("${{" in script or "eval" in script for script in scripts)


def test_each_job_has_the_rights_it_needs_and_no_other(workflow: Path) -> None:
    told = declared_in(workflow.read_text())
    assert told["permissions"] == {}
    assert {name: job["permissions"] for name, job in told["jobs"].items()} == {
        "look": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "plan": {"contents": "read"},
        "send": {"contents": "write"},
    }
    assert "pull_request_target" not in told["on"]


def test_only_the_job_that_sends_has_what_logs_in(workflow: Path) -> None:
    told = declared_in(workflow.read_text())
    for name, job in told["jobs"].items():
        assert ("SMTP_PASSWORD" in str(job)) == (name == "send"), name
    assert told["jobs"]["send"]["environment"] == "sendbatch"
    assert told["jobs"]["send"]["concurrency"] == {
        "group": "sendbatch-letters/campaign.yaml",
        "cancel-in-progress": "false",
        "queue": "max",
    }


def test_a_campaign_that_is_there_gets_the_workflow_alone(repository: Path) -> None:
    letters = repository / "letters"
    api.init(letters)
    before = {path: path.read_bytes() for path in letters.iterdir()}
    begun = api.init_ci(letters, "github")
    assert begun.written == [repository / WORKFLOW]
    assert {path: path.read_bytes() for path in letters.iterdir()} == before
    told = declared_in((repository / WORKFLOW).read_text())
    assert told["env"] == {"CAMPAIGN": "letters/campaign.yaml"}
    assert told["on"]["push"]["paths"] == ["letters/**"]


def test_the_secrets_that_the_files_refer_to_are_handed_on_and_named(repository: Path) -> None:
    api.init(repository / "letters")
    (repository / "letters/profiles.yaml").write_text(
        "profiles:\n  live: {host: h.example, username: '${MAIL_USER}', password: '${MAIL_PW}'}\n"
    )
    begun = api.init_ci(repository / "letters", "github")
    sending = declared_in((repository / WORKFLOW).read_text())["jobs"]["send"]["steps"][-1]
    assert list(sending["env"])[-2:] == ["MAIL_USER", "MAIL_PW"]
    assert sending["env"]["MAIL_PW"] == "${{ secrets.MAIL_PW }}"
    assert any("MAIL_USER, MAIL_PW" in line for line in begun.advice)


def test_files_outside_of_its_folder_are_watched_too(repository: Path) -> None:
    letters = repository / "campaigns"
    api.init(letters)
    file = letters / "campaign.yaml"
    file.write_text(file.read_text().replace("html: newsletter.html", 'html: "../templates/{{ x }}.html"'))
    (letters / "profiles.yaml").rename(repository / "profiles.yaml")
    api.init_ci(file, "github")
    paths = declared_in((repository / WORKFLOW).read_text())["on"]["push"]["paths"]
    assert paths == ["campaigns/**", "profiles.yaml", "templates/**"]


def test_a_campaign_at_the_root_is_changed_by_any_file(repository: Path) -> None:
    api.init_ci(repository, "github")
    assert declared_in((repository / WORKFLOW).read_text())["on"]["push"]["paths"] == ["**"]


def test_nothing_is_written_over_a_workflow_that_is_there(repository: Path, workflow: Path) -> None:
    others = workflow.with_name("sendbatch-others.yml")
    others.write_text("mine")
    before = workflow.read_text()
    for folder in ("letters", "others"):
        with pytest.raises(SendbatchError, match="is there already; nothing was written"):
            api.init_ci(repository / folder, "github")
    assert others.read_text() == "mine"
    assert workflow.read_text() == before
    assert not (repository / "others").exists()


def test_a_second_campaign_has_a_workflow_of_its_own(repository: Path, workflow: Path) -> None:
    before = workflow.read_text()
    begun = api.init_ci(repository / "mail/summer", "github")
    second = workflow.with_name("sendbatch-summer.yml")
    assert second in begun.written
    assert any("in .github/workflows/sendbatch-summer.yml, replace" in line for line in begun.advice)
    told = declared_in(second.read_text())
    assert told["env"] == {"CAMPAIGN": "mail/summer/campaign.yaml"}
    assert told["on"]["pull_request"]["paths"][-1] == ".github/workflows/sendbatch-summer.yml"
    assert told["jobs"]["send"]["concurrency"]["group"] == "sendbatch-mail/summer/campaign.yaml"
    assert workflow.read_text() == before
    assert validated("vendor.github-workflows", second) == ""


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_new_campaigns_record_is_in_the_repository_for_everybody(repository: Path, ci: str) -> None:
    begun = api.init_ci(repository / "letters", ci)
    assert "\nrecord: git\n" in (repository / "letters/profiles.yaml").read_text()
    assert find_profiles(repository / "letters").record == "git"
    assert find_profiles(repository / "letters").findings == []
    assert not any("record: git" in line for line in begun.advice)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_where_profiles_are_there_the_line_that_says_so_is_the_first_thing_to_do(
    repository: Path, ci: str
) -> None:
    api.init(repository / "letters")
    profiles = repository / "letters/profiles.yaml"
    before = profiles.read_text()
    first, second, *_ = api.init_ci(repository / "letters", ci).advice
    assert f"at the top of {shown(profiles)}" in first
    assert second.strip() == "record: git"
    assert profiles.read_text() == before
    profiles.write_text(f"{second.strip()}\n{before}")
    api.init(repository / "letters/more")
    (repository / "letters/more/profiles.yaml").unlink()
    assert "record: git" not in "".join(api.init_ci(repository / "letters/more", ci).advice)


@pytest.fixture
def shared(repository: Path) -> Path:
    """A campaign whose record is in a database."""
    api.init(repository / "letters")
    (repository / "letters/profiles.yaml").write_text(
        'record: "${DATABASE_URL}"\nprofiles:\n  live: {host: h.example, password: "${MAIL_PW}"}\n'
    )
    return repository / "letters"


def test_a_record_in_a_database_is_read_by_the_jobs_that_plan_and_send_and_no_other(
    repository: Path, shared: Path
) -> None:
    advice = api.init_ci(shared, "github").advice
    jobs = declared_in((repository / WORKFLOW).read_text())["jobs"]
    address = "${{ secrets.DATABASE_URL }}"
    assert jobs["plan"]["env"]["DATABASE_URL"] == address
    assert jobs["send"]["steps"][-1]["env"]["DATABASE_URL"] == address
    assert "DATABASE_URL" not in str(jobs["look"]) + str(jobs["comment"])
    assert jobs["send"]["permissions"] == {"contents": "read"}
    assert "MAIL_PW" not in str(jobs["plan"])
    assert validated("vendor.github-workflows", repository / WORKFLOW) == ""
    assert any("its secrets: MAIL_PW" in line for line in advice)
    assert any("plan and send: DATABASE_URL" in line for line in advice)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_nobody_is_told_to_keep_it_in_the_repository_where_it_is_in_a_database(
    shared: Path, ci: str
) -> None:
    advice = "\n".join(api.init_ci(shared, ci).advice)
    assert "record: git" not in advice
    assert "RECEIPT" not in advice
    assert "DATABASE_URL" in advice


def test_a_timers_record_is_on_the_disk(repository: Path) -> None:
    api.init_ci(repository / "letters", "systemd")
    assert find_profiles(repository / "letters").record == ""


@pytest.mark.parametrize("ci", ["github", "gitlab", "systemd"])
def test_a_profile_without_a_login_needs_no_secret(repository: Path, ci: str) -> None:
    api.init(repository / "letters")
    (repository / "letters/profiles.yaml").write_text("profiles:\n  live: {host: h.example}\n")
    begun = api.init_ci(repository / "letters", ci)
    texts = [path.read_text() for path in begun.written]
    assert not any("SMTP_" in said for said in (*begun.advice, *texts))
    assert not any(" \n" in text or "its secrets: \n" in text for text in texts)


def test_a_change_is_accepted_by_hand_in_both_jobs(workflow: Path) -> None:
    told = declared_in(workflow.read_text())
    assert told["on"]["workflow_dispatch"]["inputs"]["accept-changes"]["default"] == "false"
    given = "${{ inputs.accept-changes && '--accept-changes' || '' }}"
    asked = [
        step["with"]["args"].splitlines()
        for job in ("plan", "send")
        for step in told["jobs"][job]["steps"]
        if step.get("with", {}).get("command") in ("plan", "run")
    ]
    assert [given in lines for lines in asked] == [True, True]


def test_nothing_is_written_through_a_link(repository: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (repository / ".github").symlink_to(elsewhere)
    with pytest.raises(SendbatchError, match="symbolic link"):
        api.init_ci(repository / "letters", "github")
    assert list(elsewhere.iterdir()) == []


def test_outside_of_a_repository_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SendbatchError, match="in no git repository"):
        api.init_ci(tmp_path / "letters", "github")
    assert list(tmp_path.iterdir()) == []


def test_of_several_campaigns_one_has_to_be_named(repository: Path) -> None:
    api.init(repository / "letters")
    file = repository / "letters/campaign.yaml"
    for name in ("spring.yaml", "autumn.yaml"):
        (file.parent / name).write_text(file.read_text())
    file.unlink()
    with pytest.raises(SendbatchError, match="several campaign files") as refused:
        api.init_ci(repository / "letters", "github")
    assert f"sendbatch init --ci github {file.parent}/spring.yaml" in str(refused.value)
    assert api.init_ci(file.parent / "spring.yaml", "github").campaign == file.parent / "spring.yaml"


@pytest.mark.parametrize("name", ["a${{ github.token }}.yaml", "a*.yaml", 'a".yaml', "a\nb.yaml", "-a.yaml"])
def test_a_file_that_a_workflow_cannot_name_is_refused(repository: Path, name: str) -> None:
    api.init(repository / "letters")
    (repository / "letters/campaign.yaml").rename(repository / name)
    with pytest.raises(SendbatchError, match="a pipeline cannot name this file"):
        api.init_ci(repository / name, "github")
    assert not (repository / WORKFLOW).exists()


def test_many_aliases_are_not_expanded(repository: Path) -> None:
    api.init(repository / "letters")
    levels = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    file = repository / "letters/campaign.yaml"
    file.write_text(f"{file.read_text()}\na0: &a0 x\n{levels}")
    assert api.init_ci(file, "github").written == [repository / WORKFLOW]
