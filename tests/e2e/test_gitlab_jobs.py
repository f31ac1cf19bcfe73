"""The jobs that `init --ci gitlab` writes, executed as written: by nobody, in clones that are thrown away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sendbatch import api
from tests.kit.githost import GitHost, git, repository, served
from tests.kit.gitlab import MERGE_REQUEST, MERGED, Runner, read
from tests.kit.mailhost import MailHost
from tests.kit.nobody import ROOT, open_folder

__all__ = ["open_folder"]

JOB_TOKEN, PUSH_TOKEN = "job-token-of-gitlab", "project-token-of-gitlab"
KEYS = {
    "SENDBATCH_RECEIPT_KEY": "a key of the receipts, 32 bytes long",
    "SENDBATCH_PLAN_KEY": "another key, of the plan, 32 bytes",
    "SENDBATCH_RECORD_WATCH": "0",
}
EVERYONE = [f"jane.{n}.miller@example.com" for n in range(1, 13)]


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def project(open_folder: Path) -> Iterator[GitHost]:
    project = repository(open_folder)
    project.token = JOB_TOKEN
    with served(project):
        yield project


@pytest.fixture
def runner(open_folder: Path, project: GitHost, host: MailHost) -> Runner:
    """The project has a campaign that goes through `host`, and the pipeline; its token may push."""
    at = project.clone(open_folder / "desk", "-c", f"http.extraHeader={_login(JOB_TOKEN)}")
    api.init(at / "news")
    (at / "news/profiles.yaml").write_text(host.profiles)
    file = at / "news/campaign.yaml"
    file.write_text(file.read_text().replace("smtp: sandbox", "smtp: live"))
    rows = "".join(f"{email},P,\n" for email in EVERYONE)
    (at / "news/people.csv").write_text(f"email,first_name,city\n{rows}")
    api.init_ci(at / "news", "gitlab")
    merge(at)
    url = project.url.removesuffix(".git")
    server = url.rpartition("/")[0]
    variables = {**KEYS, "CI_PROJECT_URL": url, "CI_SERVER_URL": server}
    remote = project.url.replace("://", f"://gitlab-ci-token:{JOB_TOKEN}@")
    return Runner(open_folder, read(at / ".gitlab-ci.yml"), remote, variables)


def _login(token: str) -> str:
    from base64 import b64encode

    return f"Authorization: Basic {b64encode(f'x:{token}'.encode()).decode()}"


def merge(desk: Path) -> None:
    git("add", "-A", at=desk)
    git("commit", "-q", "-m", "news", at=desk)
    git("push", "-q", "origin", "HEAD:main", at=desk)


@pytest.mark.thorough
def test_what_is_merged_is_planned_and_sent_once_however_often_the_jobs_run(
    runner: Runner, host: MailHost
) -> None:
    plan = runner.run("news:plan", **MERGED)
    assert plan.code == 0, plan.log
    assert host.receivers == []
    send = runner.run("news:send", **MERGED)
    assert send.code == 0, send.log
    assert sorted(host.receivers) == sorted(EVERYONE)
    for name in ("news:send", "news:plan", "news:send"):  # again, and a second pipeline
        assert runner.run(name, **MERGED).code == 0
    assert len(host.receivers) == len(EVERYONE)
    told = "".join([plan.log, send.log, *plan.artefacts.values(), *send.artefacts.values()])
    assert not [email for email in EVERYONE if email in told]
    assert not [secret for secret in KEYS.values() if len(secret) > 8 and secret in told]


@pytest.mark.thorough
def test_a_job_that_died_leaves_a_block_in_doubt_and_nobody_is_mailed_twice(
    runner: Runner, host: MailHost
) -> None:
    assert runner.run("news:plan", **MERGED).code == 0
    host.hold_after = 4
    job = runner.start("news:send", **MERGED)
    host.until_holding()
    os.killpg(job.process.pid, signal.SIGKILL)
    job.ended()
    host.go.set()
    again = runner.run("news:send", **MERGED)
    assert again.code == 1, again.log
    assert again.is_allowed
    assert "12 in doubt" in again.log
    assert len(host.receivers) == len(set(host.receivers)) == 4


@pytest.mark.thorough
def test_a_token_that_may_push_is_used_where_the_jobs_may_not(
    runner: Runner, host: MailHost, project: GitHost
) -> None:
    project.push_token = PUSH_TOKEN
    assert runner.run("news:plan", **MERGED).code == 0
    refused = runner.run("news:send", **MERGED)
    assert refused.code in (2, 4), refused.log
    assert host.receivers == []
    runner.variables["SENDBATCH_PUSH_TOKEN"] = PUSH_TOKEN
    send = runner.run("news:send", **MERGED)
    assert send.code == 0, send.log
    assert sorted(host.receivers) == sorted(EVERYONE)
    assert PUSH_TOKEN not in send.log
    kept = subprocess.run(["grep", "-rlF", PUSH_TOKEN, runner.folder], capture_output=True, text=True)
    assert kept.stdout == ""


@pytest.mark.thorough
def test_what_was_merged_after_the_plan_is_not_sent(runner: Runner, host: MailHost) -> None:
    assert runner.run("news:plan", **MERGED).code == 0
    desk = runner.folder / "desk"
    with (desk / "news/people.csv").open("a") as people:
        people.write("late@example.com,Late,\n")
    merge(desk)
    send = runner.run("news:send", **MERGED)
    assert (send.code, send.is_allowed) == (4, False), send.log
    assert host.receivers == []


def test_a_merge_request_is_shown_without_a_secret_and_names_nobody(
    runner: Runner, host: MailHost
) -> None:
    runner.variables = {}
    show = runner.run("news:show", **MERGE_REQUEST)
    assert show.code == 0, show.log
    kept = show.artefacts
    assert set(kept) == {"sendbatch-check.xml", "sendbatch-plan.md", "sendbatch-gallery.html"}
    assert "12" in kept["sendbatch-plan.md"]
    assert not [email for email in EVERYONE if email in show.log + "".join(kept.values())]
    assert host.receivers == []


@pytest.mark.thorough
def test_a_fault_in_a_merge_request_fails_its_job_and_a_bad_row_warns(runner: Runner) -> None:
    runner.variables = {}
    desk = runner.folder / "desk"
    with (desk / "news/people.csv").open("a") as people:
        people.write("no address,No,\n")
    merge(desk)
    show = runner.run("news:show", **MERGE_REQUEST)
    assert (show.code, show.is_allowed) == (1, True), show.log
    assert "failure" in show.artefacts["sendbatch-check.xml"]
    (desk / "news/newsletter.html").write_text("{{ first_nam }}")
    merge(desk)
    show = runner.run("news:show", **MERGE_REQUEST)
    assert (show.code, show.is_allowed) == (2, False), show.log
    assert "first_nam" in show.log


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_sendbatch_is_installed_as_written_with_the_sums_of_all_it_needs(
    runner: Runner, open_folder: Path
) -> None:
    """By the network, from a repository with what lies here."""
    source = open_folder / "sendbatch.git"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements-action.txt", "sendbatch"):
        subprocess.run(["cp", "-R", ROOT / name, source], check=True)
    git("init", "-q", "-b", "v1", at=source)
    git("add", "-A", at=source)
    git("commit", "-q", "-m", "1", at=source)
    git("config", "uploadpack.allowAnySHA1InWant", "true", at=source)
    subprocess.run(["chown", "-R", "65534", source], check=False)
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    runner.installs = True
    runner.variables = {**pip, "SENDBATCH_SOURCE": f"file://{source}"}
    show = runner.run("news:show", **MERGE_REQUEST)
    assert show.code == 0, show.log


@dataclass
class Notes:
    """GitLab's API for the notes of a merge request: what was asked, and the bodies by number."""

    bodies: dict[int, str] = field(default_factory=dict)
    foreign: set[int] = field(default_factory=set)  # which the token may not change
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def notes_served(notes: Notes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answers([{"id": n, "body": body} for n, body in notes.bodies.items()])

        def do_POST(self) -> None:
            notes.bodies[len(notes.bodies) + 1] = self._body()
            self._answers({})

        def do_PUT(self) -> None:
            number = int(self.path.rpartition("/")[2])
            body = self._body()
            if number in notes.foreign:
                self.send_error(403)
                return
            notes.bodies[number] = body
            self._answers({})

        def _body(self) -> str:
            return parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["body"][0]

        def _answers(self, found: object) -> None:
            notes.asked.append((self.command, self.headers["PRIVATE-TOKEN"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/v4"
        finally:
            server.shutdown()
            serving.join()


def noting(folder: Path, url: str, plan: str) -> tuple[int, str]:
    """The note's script, with this plan from the job before."""
    from sendbatch.campaign.pipelines.gitlab import filled

    (file := folder / "jobs.yml").write_text(filled({"campaign": "news/campaign.yaml"}))
    runner = Runner(folder, read(file), "")
    kept = folder / f"plan-{len(list(folder.iterdir()))}"
    kept.mkdir()
    (kept / "sendbatch-plan.md").write_text(plan)
    runner._artefacts["campaign:show"] = kept
    job = runner.run(
        "campaign:note",
        CI_API_V4_URL=url,
        CI_PROJECT_ID="5",
        SENDBATCH_NOTE_TOKEN="secret-of-the-note",
        **MERGE_REQUEST,
    )
    return job.code, job.log


def test_the_plan_is_one_note_that_is_updated_and_gives_no_orders(open_folder: Path) -> None:
    notes = Notes()
    mark = "<!-- sendbatch: news/campaign.yaml -->"
    notes.bodies = {1: "looks good", 2: f"{mark}\nsomebody else's"}
    notes.foreign = {2}
    with notes_served(notes) as url:
        (first := open_folder / "a").mkdir()
        (second := open_folder / "b").mkdir()
        assert noting(first, url, "12 to send\n/merge\n  /close") == (0, "")
        assert notes.bodies[3] == f"{mark}\n12 to send\n\u200b/merge\n  \u200b/close"
        assert noting(second, url, "13 to send") == (0, "")
    assert notes.bodies[3] == f"{mark}\n13 to send"
    assert (len(notes.bodies), notes.bodies[2]) == (3, f"{mark}\nsomebody else's")
    assert {token for _, token in notes.asked} == {"secret-of-the-note"}


@pytest.mark.thorough
def test_a_note_that_cannot_be_written_is_said_and_shows_no_token(open_folder: Path) -> None:
    code, said = noting(open_folder, "http://127.0.0.1:9/api/v4", "12 to send")
    assert code == 1
    assert "the note was not written" in said
    assert "secret-of-the-note" not in said
    (other := open_folder / "other").mkdir()
    assert "there is no plan to show" in noting(other, "http://127.0.0.1:9", "")[1]
