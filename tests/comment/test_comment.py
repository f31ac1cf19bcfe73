"""The plan as one comment of a pull request, over a host on loopback that answers as GitHub does."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.comments import BOT, Api, api

__all__ = ["api"]

SCRIPT = Path(__file__).parents[2] / "comment/comment.py"
TOKEN = "ghs_stand_in"

Said = Callable[..., str]


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comment", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan/output").write_text("**12** to send\n")
    return tmp_path / "plan"


@pytest.fixture
def said(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """The script, as the action calls it; what it says."""

    def call(campaign: str = "news/campaign.yaml", number: str = "7") -> str:
        for name, value in {
            "GITHUB_API_URL": api.address,
            "GITHUB_REPOSITORY": "example/letters",
            "CAMPAIGN": campaign,
            "FOLDER": str(folder),
            "NUMBER": number,
            "TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        assert script().main() == 0
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return out + err

    return call


def test_a_plan_is_commented_once_and_the_comment_is_updated_from_then_on(
    api: Api, folder: Path, said: Said
) -> None:
    for number in range(250):
        api.add("ada", f"comment {number}")
    assert said() == ""
    (folder / "output").write_text("**11** to send\n")
    assert said() == ""
    assert said(campaign="other.yaml") == ""
    ours = [one["body"] for one in api.comments if one["user"]["login"] == BOT]
    assert [body.split("\n", 1)[1] for body in ours] == ["**11** to send\n"] * 2
    assert len({body.split("\n", 1)[0] for body in ours}) == 2
    assert all(re.match(r"<!-- sendbatch [0-9a-f]{16} -->\n", body) for body in ours)
    assert api.tokens == {f"Bearer {TOKEN}"}


def test_a_persons_comment_with_our_mark_is_left_alone(api: Api, folder: Path, said: Said) -> None:
    said()
    (theirs,) = api.comments
    theirs["user"]["login"] = "eve"
    before = dict(theirs)
    said()
    assert api.comments[0] == before
    assert len(api.comments) == 2


def test_a_comment_that_is_removed_meanwhile_is_made_anew(api: Api, folder: Path, said: Said) -> None:
    said()
    api.is_removed = True
    said()
    assert [one.split()[0] for one in api.asked] == ["GET", "POST", "GET", "PATCH", "POST"]


@pytest.mark.parametrize("code", [403, 404, 500])
def test_a_host_that_refuses_makes_no_job_fail(api: Api, said: Said, code: int) -> None:
    api.answer = code
    assert said().startswith(f"::warning title=sendbatch::no comment was written: HTTP Error {code}")


def test_nobody_else_is_given_the_token(api: Api, folder: Path, said: Said) -> None:
    with Api() as other:
        api.elsewhere = f"{other.address}/repos/example/letters/issues/7/comments?per_page=100&page=1"
        assert "no comment was written" in said()
        assert other.asked == []


@pytest.mark.parametrize("number", ["", "7/../8", "x"])
def test_what_is_no_number_is_asked_of_nobody(api: Api, said: Said, number: str) -> None:
    assert "no comment was written" in said(number=number)
    assert api.asked == []


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_where_there_is_no_plan_it_says_so(
    api: Api, folder: Path, said: Said, text: str | None
) -> None:
    (folder / "output").unlink()
    if text is not None:
        (folder / "output").write_text(text)
    said()
    assert "cannot be planned" in api.comments[0]["body"]


@given(st.lists(st.sampled_from(["| a | b |", "```", "text", "x" * 90]), max_size=60), st.integers(200, 2000))
def test_a_long_plan_is_cut_after_a_line_and_leaves_no_block_open(lines: list[str], most: int) -> None:
    text, fitted = "\n".join(lines), script().fitted
    cut = fitted(text, most)
    assert len(cut) <= most
    if len(text) > most:
        assert "Cut here" in cut
        kept = cut[: cut.index("\n\n*Cut here")].splitlines()
        assert kept.count("```") % 2 == 0
        assert set(kept) <= set(lines) | {"```"}
