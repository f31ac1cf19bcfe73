"""The jobs that `init --ci gitlab` writes: which there are in whose pipeline, and what they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sendbatch.campaign.pipelines.gitlab import filled
from tests.kit.command import Desk
from tests.kit.gitlab import MERGE_REQUEST, MERGED, Runner, read
from tests.kit.nobody import ROOT


@pytest.fixture
def repository(desk: Desk) -> Path:
    (desk.folder / ".git").mkdir()
    return desk.folder


def checked(file: Path) -> str:
    """What the published schema says of it, "" where nothing is wrong."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", file]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if said.returncode == 0 else said.stdout + said.stderr


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"campaign": "mail/spring.yaml", "name": "spring", "changes": ["mail/**", "profiles.yaml"]},
    ],
)
def test_the_published_schema_takes_them(tmp_path: Path, given: dict[str, object]) -> None:
    (file := tmp_path / ".gitlab-ci.yml").write_text(filled(given), "utf-8")
    assert checked(file) == ""
    file.write_text(filled(given).replace("interruptible:", "interruptable:"))
    assert "interruptable" in checked(file)


def test_the_component_is_the_same_text() -> None:
    kept = (ROOT / "templates/campaign.yml").read_text("utf-8")
    assert kept == (ROOT / "sendbatch/campaign/pipelines/gitlab.yml").read_text("utf-8")
    header, jobs = yaml.safe_load_all(kept)
    assert all(one["description"] for one in header["spec"]["inputs"].values())
    assert {name.rpartition(":")[2] for name in jobs if ":" in name} == {
        *("show", "note", "plan", "send"),
    }


def test_which_jobs_there_are_in_whose_pipeline(repository: Path, desk: Desk) -> None:
    desk.run("init", "--ci", "gitlab", ".").ended(0)
    runner = Runner(desk.folder, read(desk.folder / ".gitlab-ci.yml"), "")
    assert runner.jobs(**MERGE_REQUEST) == {"spring:show": "on_success"}
    assert runner.jobs(**MERGED) == {"spring:plan": "on_success", "spring:send": "manual"}
    assert runner.jobs(**MERGED | {"CI_COMMIT_BRANCH": "other"}) == {}
    assert runner.jobs(CI_PIPELINE_SOURCE="push", CI_COMMIT_TAG="v1") == {}
    assert runner.jobs(**MERGED | {"CI_PIPELINE_SOURCE": "trigger"}) == {}
    runner.variables["SENDBATCH_NOTE_TOKEN"] = "token"
    assert runner.jobs(**MERGE_REQUEST) == {"spring:show": "on_success", "spring:note": "always"}


def test_sending_waits_for_a_person_goes_one_at_a_time_and_ends_for_no_newer_pipeline(
    repository: Path, desk: Desk
) -> None:
    desk.run("init", "--ci", "gitlab", ".").ended(0)
    jobs = read(desk.folder / ".gitlab-ci.yml")
    send = jobs["spring:send"]
    assert send["resource_group"] == send["environment"] == "spring"
    assert send["interruptible"] is False
    assert all(rule["when"] == "manual" for rule in send["rules"])
    assert "retry" not in send
    assert "retry" not in jobs[".spring"]
    assert {one["artifacts"]["access"] for one in (send, jobs["spring:plan"])} == {"developer"}


def test_no_job_gives_a_secret_as_an_argument_or_into_a_file() -> None:
    """printf and echo are the shell's own, and the helper of git is asked by a pipe."""
    lines = filled({}).splitlines()
    naming = [line.strip() for line in lines if "_TOKEN" in line or "_KEY:-" in line]
    assert all(not line.startswith(("git ", "curl", "- sendbatch")) for line in naming)
    assert not any(">" in line and "TOKEN" in line for line in naming if "f()" not in line)


def test_another_pipeline_that_is_there_stays_and_is_told_how_to_include_this_one(
    repository: Path, desk: Desk
) -> None:
    desk.write(".gitlab-ci.yml", "build: {script: make}\n")
    said = desk.run("init", "--ci", "gitlab", ".").ended(0).err
    assert "wrote .gitlab/sendbatch-spring.yml" in said
    assert "in .gitlab-ci.yml, under include:  - local: .gitlab/sendbatch-spring.yml" in said
    assert (desk.folder / ".gitlab-ci.yml").read_text() == "build: {script: make}\n"
    assert "spring:send" in read(desk.folder / ".gitlab/sendbatch-spring.yml")


def test_a_second_time_nothing_is_written(repository: Path, desk: Desk) -> None:
    desk.run("init", "--ci", "gitlab", ".").ended(0)
    said = desk.run("init", "--ci", "gitlab", ".").ended(2).err
    assert ".gitlab-ci.yml is there already; nothing was written" in said
    assert not (desk.folder / ".gitlab").exists()


def test_secrets_that_the_profile_refers_to_are_named_in_what_is_to_be_set_up(
    repository: Path, desk: Desk
) -> None:
    desk.write("profiles.yaml", "profiles:\n  live: {host: h, username: me, password: '${RELAY}'}\n")
    said = desk.run("init", "--ci", "gitlab", ".").ended(0).err
    assert "RELAY: for the environment spring alone" in said


def test_outside_of_a_repository_it_is_refused(desk: Desk) -> None:
    said = desk.run("init", "--ci", "gitlab", ".").ended(2).err
    assert "lies in no git repository" in said
