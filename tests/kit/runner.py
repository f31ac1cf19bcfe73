"""A small runner of GitHub's workflows: it executes the `run:` steps as they are written.

Each job has a machine of its own (a workspace, a temporary folder, an empty HOME) that is thrown away after
it, and each step a process of nobody's. What `uses:` names is a composite action of this repository, as it is
written, or one of the stand-ins below: checkout clones, artefacts are copied, setup-python gives the tests'
Python. A step may be replaced by its name, as the one that installs from the network.

As with the real one, what a step that fails leaves is read all the same; jobs that failed, or were never
reached, run again with what the others left (`again`); a job with an environment waits until it is approved.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.kit.expressions import filled, holds
from tests.kit.nobody import BARE, ROOT, as_nobody, give
from tests.kit.waiting import LONGEST

ACTIONS = {"OWNER/sendbatch": ROOT, "OWNER/sendbatch/comment": ROOT / "comment"}
INSTALL = "Install sendbatch"  # the step that needs the network, and has a thorough test of its own
TOKEN = "ghs_token"

Outputs = dict[str, str]


@dataclass
class Hosted:
    """A repository at its host: `origin` is the bare one, in an open folder; `secrets` are its own and those
    of its environments; `names` what is told of it to each run."""

    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    private: bool = True
    api: str = "http://127.0.0.1:9/"
    name: str = "example/letters"
    installs: bool = False  # by the network, as written
    environ: dict[str, str] = field(default_factory=dict)  # of its machines

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def event(self) -> dict[str, Any]:
        return {
            "repository": {
                "private": self.private,
                "default_branch": "main",
                "full_name": self.name,
            }
        }

    def head(self) -> str:
        return git("-C", str(self.origin), "rev-parse", "main")


@dataclass
class Step:
    """What became of a step: `code` of its process, all that it said, and the summary it wrote."""

    name: str
    code: int
    said: str
    summary: str = ""


@dataclass
class Job:
    result: str  # success, failure, skipped, waiting
    outputs: Outputs = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def said(self) -> str:
        return "".join(step.said for step in self.steps)

    @property
    def summary(self) -> str:
        return "".join(step.summary for step in self.steps)


class Run:
    """One run of a workflow, for one event: `go` executes its jobs, `approve` those that wait for it."""

    def __init__(
        self, hosted: Hosted, event_name: str = "push", event: Mapping[str, Any] | None = None
    ) -> None:
        self._hosted, self._event_name = hosted, event_name
        self._event = hosted.event | dict(event or {})
        self.sha, self.attempt = hosted.head(), 1
        self._workflow = declared_in(
            git("-C", str(hosted.origin), "show", f"{self.sha}:.github/workflows/sendbatch.yml")
        )
        self.jobs: dict[str, Job] = {}
        self._approved: set[str] = set()
        self.artifacts = hosted.folder / f"artifacts-{id(self)}"

    def go(self) -> dict[str, Job]:
        """Every job in turn that has not ended well."""
        self._with(None)
        return self.jobs

    def approve(self, meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None) -> Job:
        """Let the job that waits go; `meanwhile` is handed the process of a step that sends."""
        (waiting,) = [name for name, job in self.jobs.items() if job.result == "waiting"]
        self._approved.add(waiting)
        self._with(meanwhile)
        return self.jobs[waiting]

    def of_steps(self, steps: list[dict[str, Any]]) -> Job:
        """A job that is not of the workflow."""
        context = {"github": self._github(), "needs": {}}
        return self._job({"permissions": {}, "steps": steps}, context, None)

    def again(self, *, all_jobs: bool = False) -> dict[str, Job]:
        """Run it again: those that did not end well, or all; approvals are asked for anew."""
        self.attempt += 1
        self._approved.clear()
        if all_jobs:
            self.jobs.clear()
        self.jobs = {name: job for name, job in self.jobs.items() if job.result == "success"}
        return self.go()

    def _with(self, meanwhile: Callable[[subprocess.Popen[bytes]], None] | None) -> None:
        for name, declared in self._workflow["jobs"].items():
            if name in self.jobs and self.jobs[name].result != "waiting":
                continue
            needed = [declared["needs"]] if "needs" in declared else []
            results = [self.jobs[need].result for need in needed]
            calls = _calls(results)
            context = {"github": self._github(), "needs": self._needs(needed), "inputs": {}}
            if not holds(str(declared.get("if", "success()")), context, calls):
                self.jobs[name] = Job("skipped")
            elif "environment" in declared and name not in self._approved:
                self.jobs[name] = Job("waiting")
            else:
                self.jobs[name] = self._job(declared, context, meanwhile)

    def _job(
        self,
        declared: Mapping[str, Any],
        context: dict[str, Any],
        meanwhile: Callable[[subprocess.Popen[bytes]], None] | None,
    ) -> Job:
        with _machine(self._hosted.folder) as machine:
            writes = declared["permissions"].get("contents") == "write"
            job = _Job(self, machine, context, meanwhile, can_push=writes)
            job.env = self._workflow_env(declared, context)
            ended = job.done(declared["steps"], "steps", job.env, {})
            outputs = {
                name: filled(text, job.contexts("steps", job.env), _calls([]))
                for name, text in declared.get("outputs", {}).items()
            }
            return Job("success" if ended else "failure", outputs, job.told)

    def _workflow_env(self, declared: Mapping[str, Any], context: dict[str, Any]) -> Outputs:
        env = dict(self._workflow.get("env", {}))
        given = context | {"secrets": self._secrets(), "env": env}
        return env | {
            name: filled(text, given, _calls([])) for name, text in declared.get("env", {}).items()
        }

    def _needs(self, needed: list[str]) -> dict[str, Any]:
        return {
            name: {"outputs": self.jobs[name].outputs, "result": self.jobs[name].result}
            for name in needed
        }

    def _github(self) -> dict[str, Any]:
        return {
            "event_name": self._event_name,
            "event": self._event,
            "repository": self._hosted.name,
            "ref_name": "main" if self._event_name != "pull_request" else "7/merge",
            "sha": self.sha,
            "token": TOKEN,
        }

    def _secrets(self) -> dict[str, str]:
        """None for a fork's pull request, as with GitHub."""
        return {} if self.is_from_fork else self._hosted.secrets

    @property
    def is_from_fork(self) -> bool:
        if self._event_name != "pull_request":
            return False
        return bool(self._event["pull_request"]["head"]["repo"]["full_name"] != self._hosted.name)


@dataclass(frozen=True)
class _Machine:
    workspace: Path
    temp: Path
    home: Path


class _Job:
    """A job under way."""

    def __init__(
        self,
        run: Run,
        machine: _Machine,
        context: Mapping[str, Any],
        meanwhile: Callable[[subprocess.Popen[bytes]], None] | None,
        *,
        can_push: bool,
    ) -> None:
        self._run, self.machine, self._context = run, machine, context
        self._meanwhile, self._can_push = meanwhile, can_push
        self.env: Outputs = {}
        self.told: list[Step] = []
        self._steps: dict[str, dict[str, Any]] = {"steps": {}}

    def contexts(self, scope: str, env: Outputs, **more: Any) -> dict[str, Any]:
        machine = {"temp": str(self.machine.temp), "os": "Linux"}
        secrets = {} if "inputs" in more else {"secrets": self._run._secrets()}
        steps = {"steps": self._steps[scope], "runner": machine, "env": env}
        return {**self._context, **secrets, **steps, **more}

    def done(
        self, steps: list[dict[str, Any]], scope: str, env: Outputs, more: Mapping[str, Any]
    ) -> bool:
        """Execute the steps of a job, or of a composite action; whether all went well."""
        well = True
        for step in steps:
            context = self.contexts(scope, env, **more)
            calls = _calls([] if well else ["failure"])
            if not holds(str(step.get("if", "success()")), context, calls):
                continue
            own = {k: filled(str(v), context, calls) for k, v in step.get("env", {}).items()}
            code, outputs = self._step(step, {**env, **own}, context, calls)
            if "id" in step:
                self._steps[scope][step["id"]] = {"outputs": outputs}
            well = well and code == 0
        return well

    def _step(
        self,
        step: dict[str, Any],
        env: Outputs,
        context: dict[str, Any],
        calls: Mapping[str, Callable[..., Any]],
    ) -> tuple[int, Outputs]:
        if step.get("name") == INSTALL and not self._run._hosted.installs:
            return 0, {"sendbatch": str(self._installed())}
        if "run" in step:
            assert step["shell"] == "bash"
            return self._script(step, env)
        given = {k: filled(str(v), context, calls) for k, v in step.get("with", {}).items()}
        action, _, _ = step["uses"].partition("@")
        if action in ACTIONS:
            return self._composite(ACTIONS[action], given, env)
        return 0, STAND_INS[action](self, given)

    def _composite(self, folder: Path, given: Outputs, env: Outputs) -> tuple[int, Outputs]:
        declared = declared_in((folder / "action.yml").read_text())
        assert given.keys() <= declared["inputs"].keys()
        inputs = {
            name: given.get(name, one.get("default")) for name, one in declared["inputs"].items()
        }
        assert None not in inputs.values(), "a required input is missing"
        scope = f"composite-{len(self._steps)}"
        self._steps[scope] = {}
        github = {**self._context["github"], "action_path": str(folder)}
        more = {"inputs": inputs, "github": github}
        well = self.done(declared["runs"]["steps"], scope, env, more)
        context = self.contexts(scope, env, **more)
        outputs = {
            name: filled(one["value"], context, _calls([]))
            for name, one in declared.get("outputs", {}).items()
        }
        return 0 if well else 1, outputs

    def _script(self, step: dict[str, Any], env: Outputs) -> tuple[int, Outputs]:
        assert "${{" not in step["run"], "what is data would be a part of the script"
        temp = Path(tempfile.mkdtemp(prefix="_runner-", dir=self.machine.temp))
        files = {name: temp / name for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        script = temp / "script.sh"
        script.write_text(step["run"])
        give(temp)
        environ = {
            **BARE,
            **self._usual(),
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
            **env,
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        sends = step.get("id") == "call" and env["COMMAND"] == "run"
        code, said = self._executed(shell, environ, sends=sends)
        summary = files["STEP_SUMMARY"].read_text()
        self.told.append(Step(step.get("name", ""), code, said, summary))
        return code, read_outputs(files["OUTPUT"].read_text())

    def _executed(self, command: list[str], environ: Outputs, *, sends: bool) -> tuple[int, str]:
        process = subprocess.Popen(
            [*as_nobody(), *command],
            cwd=self.machine.workspace,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        helper = None
        if sends and self._meanwhile is not None:
            helper = threading.Thread(target=self._meanwhile, args=(process,))
            helper.start()
        try:
            said, _ = process.communicate(timeout=2 * LONGEST)  # one installs
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
            if helper is not None:
                helper.join()
        return process.returncode, said.decode()

    def _usual(self) -> Outputs:
        hosted, machine = self._run._hosted, self.machine
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": hosted.api,
            "GITHUB_REPOSITORY": hosted.name,
            "GITHUB_RUN_ATTEMPT": str(self._run.attempt),
            "GITHUB_WORKSPACE": str(machine.workspace),
            "HOME": str(machine.home),
            "RUNNER_TEMP": str(machine.temp),
            **hosted.environ,
        }

    def _installed(self) -> Path:
        """A stand-in for the step that installs: the tests' own Python, with this repository's code."""
        file = self.machine.temp / "sendbatch"
        file.write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m sendbatch "$@"\n'
        )
        file.chmod(0o755)
        return file

    def check_out(self, given: Outputs) -> Outputs:
        """actions/checkout: the run's commit alone; the token is in a file beside, which its git includes."""
        assert given == {}
        place, origin = self.machine.workspace, self._run._hosted.origin
        git("init", "-q", "-b", "main", str(place))
        git("-C", str(place), "remote", "add", "origin", f"file://{origin}")
        git("-C", str(place), "fetch", "-q", "--depth=1", "origin", self._run.sha)
        git("-C", str(place), "checkout", "-q", "-B", "main", self._run.sha)
        credentials = self.machine.temp / "git-credentials.config"
        credentials.write_text(f"[sendbatch-tests]\n\ttoken = {TOKEN}\n")
        git(
            "-C", str(place), "config", f"includeIf.gitdir:{place}/.git.path", str(credentials)
        )
        return {}

    def set_up_python(self, given: Outputs) -> Outputs:
        assert given["update-environment"] == "false"
        return {"python-path": sys.executable}

    def upload(self, given: Outputs) -> Outputs:
        source, target = Path(given["path"]), self._run.artifacts / given["name"]
        if not source.exists():
            assert given.get("if-no-files-found") == "ignore", f"nothing at {source}"
            return {}
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
        return {}

    def download(self, given: Outputs) -> Outputs:
        shutil.copytree(self._run.artifacts / given["name"], given["path"])
        give(Path(given["path"]))
        return {}


STAND_INS: Mapping[str, Callable[[_Job, Outputs], Outputs]] = {
    "actions/checkout": _Job.check_out,
    "actions/setup-python": _Job.set_up_python,
    "actions/upload-artifact": _Job.upload,
    "actions/download-artifact": _Job.download,
}


def declared_in(text: str) -> dict[str, Any]:
    """A workflow or an action, with all its values as texts, for as such they reach a step."""
    declared: dict[str, Any] = yaml.load(text, yaml.BaseLoader)
    return declared


def read_outputs(text: str) -> Outputs:
    """What a step wrote into GITHUB_OUTPUT: `name=value`, or `name<<word`, lines, and that word."""
    found: Outputs = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark, end = line.partition("<<")
        if mark and "=" not in name:
            value = []
            while (one := next(lines)) != end:
                value.append(one)
            found[name] = "\n".join(value)
        else:
            name, mark, one = line.partition("=")
            assert mark, f"no output: {line!r}"
            found[name] = one
    return found


@contextmanager
def _machine(folder: Path) -> Iterator[_Machine]:
    place = Path(tempfile.mkdtemp(prefix="machine-", dir=folder))
    place.chmod(0o755)
    machine = _Machine(place / "letters", place / "temp", place / "home")
    for one in (machine.workspace, machine.temp, machine.home):
        one.mkdir()
    give(place)
    try:
        yield machine
    finally:
        shutil.rmtree(place)


def _calls(results: list[str]) -> dict[str, Callable[..., Any]]:
    """What is said of those before: of a job's needs, or of the steps."""
    well = all(result == "success" for result in results)
    return {
        "always": lambda: True,
        "cancelled": lambda: False,
        "success": lambda: well,
        "failure": lambda: "failure" in results,
    }


def git(*words: str) -> str:
    """What git says, as nobody: a repository belongs to who works in it."""
    command = [*as_nobody(), "git", *words]
    ended = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=BARE)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
