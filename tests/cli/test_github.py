"""What a step of a job on GitHub leaves behind: the job's summary, outputs for later steps, annotations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.cli import github
from sendbatch.cli.checked import checked
from sendbatch.cli.checked.annotations import annotated
from sendbatch.cli.checked.junit import junit
from sendbatch.cli.checked.markdown import markdown
from sendbatch.cli.plan_markdown import refusal
from sendbatch.errors import CampaignError, Finding, Place
from sendbatch.reports.spans import MOST
from tests.kit.command import PEOPLE, Desk
from tests.kit.mailhost import MailHost
from tests.reports.test_junit import hold
from tests.reports.test_markdown import GITHUB, HOSTILE, inline

FAULTS = [
    Finding(
        "invalid-row",
        ("hint", "warning", "error")[number % 3],  # type: ignore[arg-type]
        Place("people.csv", number),
        f"jane{number}@example.com: invalid: {HOSTILE}",
        "write it | again",
    )
    for number in range(10_000)
]


class Job:
    """The two files of a step, and what was complained of."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.summary, self.output = folder / "summary.md", folder / "output"
        self.complaints: list[str] = []
        for name, path in ((github.SUMMARY, self.summary), (github.OUTPUT, self.output)):
            path.touch()
            monkeypatch.setenv(name, str(path))

    @property
    def outputs(self) -> dict[str, str]:
        """As the runner reads them: `name=value`, or lines up to a word of the writer's."""
        found: dict[str, str] = {}
        lines = iter(self.output.read_bytes().decode("utf-8", "surrogateescape").split("\n")[:-1])
        for line in lines:
            if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
                name, end = line.split("<<", 1)
                found[name] = "\n".join(self._until(lines, end))
            else:
                name, value = line.split("=", 1)
                found[name] = value
        return found

    def _until(self, lines: Iterator[str], end: str) -> Iterator[str]:
        for line in lines:
            if line == end:
                return
            yield line
        raise AssertionError("no end")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


@given(st.text(max_size=200) | st.text(st.sampled_from("sent=9\n<>_\r"), max_size=60))
def test_no_value_passes_for_another_output(value: str) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        job = Job(Path(folder), patch)
        value = value.encode(errors="replace").decode()
        github.output({"report": value, "sent": 3}, job.complaints.append)
        assert job.outputs == {"report": value, "sent": "3"}


def test_a_run_leaves_what_it_sent_and_where_its_report_is(desk: Desk, job: Job) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,free\n")
    desk.run("run", "spring.yaml", "--limit", "2").ended(1)
    report = desk.folder / "reports/spring.sandbox"
    assert job.outputs == {"sent": "2", "remaining": "1", "report": str(report), "exit-code": "1"}
    assert job.summary.read_text("utf-8").startswith("# ` spring `: 2 of ")
    desk.run("run", "spring.yaml").ended(1)
    assert job.outputs["sent"] == "1"
    assert job.outputs["remaining"] == "0"
    desk.run("report", "spring.yaml", "--format", "csv").ended(1)
    assert job.outputs["sent"] == "3"
    assert job.summary.read_text("utf-8").count("# ` spring `: ") == 3


def test_a_check_says_nothing_of_who_has_the_mail(desk: Desk, job: Job) -> None:
    desk.run("check", "spring.yaml").ended(0)
    assert job.outputs == {"exit-code": "0"}


def test_a_plan_leaves_its_digest_and_how_many_are_left(desk: Desk, job: Job) -> None:
    told = desk.run("plan", "spring.yaml", "--out", "plan.json", "--format", "markdown").ended(0)
    assert job.summary.read_text("utf-8") == told.out
    outputs = job.outputs
    assert outputs["remaining"] == "3"
    assert outputs["plan-digest"] in (desk.folder / "plan.json").read_text("utf-8")
    assert outputs["plan-digest"] in told.out
    desk.run("run", "spring.yaml").ended(0)
    desk.run("plan", "spring.yaml").ended(0)
    assert (job.outputs["sent"], job.outputs["remaining"]) == ("3", "0")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "--bogus"), 2, ""),
        (("run", "spring.yaml", "--expect", "9"), 4, "the plan has 3 recipients"),
        (("plan", "none.yaml"), 2, "none.yaml"),
        (("check", "none.yaml"), 2, "could not be checked"),
        (("report", "spring.yaml"), 2, "there is no record here"),
    ],
)
def test_what_goes_wrong_leaves_its_exit_code_and_stands_in_the_summary(
    desk: Desk, job: Job, words: tuple[str, ...], code: int, said: str
) -> None:
    desk.run(*words).ended(code)
    assert job.outputs["exit-code"] == str(code)
    assert said in job.summary.read_text("utf-8")


def test_an_edition_with_a_line_break_in_its_folder_forges_no_output(
    desk: Desk, job: Job, tmp_path: Path
) -> None:
    where = tmp_path / "kept\nsent=999\nplan-digest<<x\ny\nx"
    where.mkdir()
    desk.run("run", "spring.yaml", "--record", where).ended(0)
    assert job.outputs == {
        "sent": "3", "remaining": "0", "report": str(where / "spring.sandbox"), "exit-code": "0"
    }  # fmt: skip


def test_a_summary_that_is_nearly_full_gets_what_fits_and_a_count_of_the_rest(job: Job) -> None:
    job.summary.write_text("x" * (github.MOST - 5_000))
    github.summarise(markdown([checked(Path("spring.yaml"), 1, FAULTS)]), job.complaints.append)
    written = job.summary.read_text("utf-8")
    assert github.MOST - 2_000 < len(written.encode()) <= github.MOST
    assert re.search(r"… [\d,]+ more lines left out: there is no room\.\n$", written)
    assert job.complaints == []


def test_a_summary_that_is_full_is_said_and_left_as_it_is(job: Job) -> None:
    job.summary.write_text("x" * github.MOST)
    github.summarise("# more\n", job.complaints.append)
    assert job.summary.stat().st_size == github.MOST
    (complaint,) = job.complaints
    assert "the summary of this step is full" in complaint


def test_a_file_that_cannot_be_written_is_said_and_breaks_nothing(desk: Desk, job: Job) -> None:
    other = desk.folder / "other"
    other.write_text("mine")
    for make in (
        lambda path: path.symlink_to(other),
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("/dev/full"),
    ):
        for path in (job.summary, job.output):
            path.rmdir() if path.is_dir() else path.unlink()
            make(path)
        told = desk.run("plan", "spring.yaml").ended(0)
        assert (
            told.err.count("cannot be written") == 3
        )  # the summary, the plan's outputs, the exit code
        assert "3 to send" in told.out
    assert other.read_text() == "mine"


def test_a_write_that_fails_in_the_middle_is_taken_back(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.output.write_text("before=1\n")
    write = os.write
    calls: list[int] = []

    def full(descriptor: int, data: bytes) -> int:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:5])

    monkeypatch.setattr(os, "write", full)
    github.output({"report": "a\nb"}, job.complaints.append)
    monkeypatch.undo()
    assert job.output.read_text() == "before=1\n"
    assert "No space left on device" in job.complaints[0]


def test_nothing_is_written_where_no_runner_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(github.SUMMARY, "")
    monkeypatch.setenv(github.OUTPUT, "")
    assert desk.run("run", "spring.yaml").ended(0).err.count("cannot") == 0


# --- ten thousand faults ---------------------------------------------------------------------------


def test_as_markdown_they_are_bounded_worst_first_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    for checks in (
        [checked(Path("a|b.yaml"), 1, FAULTS)],
        [checked(Path(f"{n}.yaml"), 1, FAULTS) for n in range(8)],
    ):
        text = markdown(checks)
        assert len(text.encode()) <= MOST
        assert "3,333 errors, 3,333 warnings, 3,334 hints" in text
        assert re.search(r"… and 9,\d{3} more: ", text)
        assert "| warning |" not in text
        assert "jane" not in text
        kinds = {kind for kind, _ in inline(text)}
        assert kinds <= {"text", "code_inline"}
    assert len(refusal(CampaignError(FAULTS)).encode()) <= MOST


def test_as_annotations_ten_of_each_kind_are_left_and_the_last_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    lines = list(annotated([checked(Path("spring.yaml"), 1, FAULTS)]))
    assert [line.split(" ")[0].split("::")[1] for line in lines] == (
        ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    )
    assert lines[9] == "::error::3,324 more errors are not annotated: --format text has everything"
    assert lines[0].startswith(
        "::error file=people.csv,line=2,title=invalid-row::j…2@example.com: "
    )
    assert not any("jane" in line for line in lines)
    assert not any("%40" in line or "\n" in line for line in lines)


def test_as_junit_they_are_a_document_of_the_usual_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    text = junit([checked(Path("spring.yaml"), 1, FAULTS), checked(Path("b.yaml"), 4, ())])
    suites = hold(text)
    assert len(suites) == 2
    assert int(suites[0].get("failures", "")) == 501
    assert "jane" not in text
    assert suites[1][0][0].get("message") == "it ends with 4"


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_finding_says_junit_and_markdown_stay_whole(message: str, file: str) -> None:
    found = [
        Finding("rule", "error", Place(file, 1), message, message),
        Finding("rule", "warning", None, file),
    ]
    checks = [checked(Path("a.yaml"), 2, found)]
    hold(junit(checks))
    rows = [token for token in GITHUB.parse(markdown(checks)) if token.type == "tr_open"]
    assert len(rows) == 3


def test_what_refusals_and_cells_say_is_masked_in_every_format(
    desk: Desk, mailhost: MailHost, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each format that the log, the summary or a later step sees."""
    desk.write(
        "people.csv",
        "email,first_name,plan\ncarl.olsen@example.net,C,paid\njane.doe@example.com,D,paid\n"
        'bad.row@example,E,paid\njane.doe@example.com,F,paid\n"kim""x""@example.org",K,paid\n',
    )
    mailhost.take_over(desk)
    mailhost.answers["carl.olsen@example.net"] = (
        "550 5.1.1 <carl.olsen>: see https://x.example/?a=carl.olsen%40example.net"
    )
    monkeypatch.setenv("CI", "true")
    day = re.search(r"--first-run (\S+)", desk.run("run", "spring.yaml", "--yes").err)
    assert day is not None
    said = desk.run("run", "spring.yaml", "--yes", "--first-run", day[1]).ended(1).said
    for verb, forms in (
        ("check", ("text", "json", "github", "markdown", "junit")),
        ("plan", ("text", "json", "markdown")),
        ("report", ("text", "markdown", "junit")),
        ("status", ("text",)),
    ):
        for form in forms:
            said += desk.run(verb, "spring.yaml", "--format", form).said
    said += job.summary.read_text("utf-8")
    for name in ("carl", "olsen", "jane", "doe", "bad.row", "kim"):
        assert name not in said, name
    assert "c…n@example.net" in said
    assert "carl.olsen@example.net" in desk.run("report", "spring.yaml", "--show-addresses").out
    assert (
        "carl.olsen"
        in desk.run("report", "spring.yaml", "--format", "junit", "--show-addresses").out
    )
