"""Lines that people paste into a shell: whatever data is in them is one word there, and never a command."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.cli.wrapping import wrapped
from sendbatch.errors import inert, shell_line, shown
from sendbatch.planning.options import Options
from sendbatch.runtime.masking import masked
from sendbatch.session.commands import CommandLines
from tests.kit.campaigns import campaign

PACKAGE = Path(__file__).parent.parent / "sendbatch"
HOSTILE = (
    "x; touch PWNED; $(touch PWNED)",
    "`touch PWNED`|touch PWNED&touch PWNED",
    "a'; touch PWNED; 'b",
    'a"; touch PWNED; "b',
    "'a@x.example'; touch PWNED; 'b@x.example",
    "\"'\"@x.example; touch PWNED; \"'\"@x.example",
    "a   b   ; touch PWNED",
    "##[group] touch PWNED",
    "#~*?[a-z]{1,2}!!\\",
    "--as=accepted",
    "-",
)
_NO_DATA = {"today", "port", "VERSION", "ci", "connections"}  # a date, numbers, the name of one of ours
# Taken by one who pastes for the rest of a command, where it stands before a value in an f-string.
_TYPED = re.compile(
    r"(?:--[a-z][a-z-]*[ =]|\b(?:chmod|chown|rm|mv|cp|mkdir|source|export|mount|git|sendbatch [a-z]+)"
    r"(?: [^\s:;,.()]+)* )$"
)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_what_is_to_be_pasted_is_quoted_by_the_one_function(path: Path) -> None:
    text = path.read_text("utf-8")
    if path != PACKAGE / "errors.py":
        assert "shlex" not in text
    tree = ast.parse(text)
    assert [ast.unparse(value) for value in _pasted_bare(tree)] == []


def test_the_walk_finds_what_is_not_quoted() -> None:
    bare = 'f"go on:  {command} --run {name}", f"rm -r {folder}", f"  sendbatch resolve {file} KEY"'
    assert len(list(_pasted_bare(ast.parse(bare)))) == 3
    fault = 'f"--to {reviewer}: no such address", f"--retry {word}: write rejected"'
    assert not list(_pasted_bare(ast.parse(fault)))


def _pasted_bare(tree: ast.AST) -> Iterator[ast.expr]:
    """Values of f-strings that stand where a shell takes them, and are not made by `shell_line`. What a
    colon follows, or stands for a name to be written, is told and not pasted."""
    quoted = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "shell_line(" in ast.unparse(node.value)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        before, parts = "", [*node.values, ast.Constant("")]
        for part, after in itertools.pairwise(parts):
            if isinstance(part, ast.Constant):
                before += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            told = isinstance(after, ast.Constant) and str(after.value).startswith((":", "=…", " does"))
            said = ast.unparse(part.value)
            is_quoted = "shell_line(" in said or said in quoted | _NO_DATA
            if _TYPED.search(before) and not told and not is_quoted:
                yield part.value
            before += "…"


@pytest.mark.parametrize("word", HOSTILE)
def test_every_line_of_a_campaign_gives_a_shell_the_words_that_were_meant(
    tmp_path: Path, word: str
) -> None:
    folder = tmp_path / word.replace("/", "_")
    folder.mkdir()
    made = replace(
        campaign(folder), typed=("--smtp", word, "--set", f"x={word}"), run=word, run_given=True
    )
    paths = {"excepted": (folder / word,), "plan": folder / word, "allowed_signers": folder / word}
    options = Options(only=(word,), retry=(word,), approved=True, **paths)
    lines = CommandLines(made, folder / word)
    for line in (
        lines.run(options),
        lines.run_of_any_edition(replace(options, moved_from=word)),
        lines.check(),
        lines.resolve(),
        lines.kept().run(options),
    ):
        found = pasted(line, tmp_path)
        assert found[1] == shown(made.file)
        assert found[found.index("--record") + 1] == shown(folder / word)
        if "--only" in found:
            assert found[found.index("--only") + 1] == word
            assert found[found.index("--retry") + 1] == word
            assert found[found.index("--except") + 1] == shown(folder / word)
        for shape in (inert(line), masked(line), *_told(line)):
            pasted(shape, tmp_path)
    assert not list(tmp_path.rglob("PWNED"))


def _told(line: str) -> Iterator[str]:
    """As a terminal of forty columns shows it behind words, with words behind it."""
    for text in (f"  {line}", f"go on with:  {line}   (or without it)"):
        yield next(part for part in wrapped(text, 40).split("\n") if "sendbatch " in part)


def pasted(line: str, folder: Path) -> list[str]:
    """What a shell gives the command that is pasted there."""
    # The name "sendbatch" begins the line, and is the shell's own function here.
    script = "sendbatch() { printf '%s\\0' \"$@\"; }\n" + line + "\n"
    ended = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return ended.stdout.split("\0")[:-1]


@given(st.text(st.sampled_from("ab '\"@.;#[:\\") | st.characters(codec="utf-8"), max_size=30))
@example("'a@x.example; touch PWNED; '")
@example("\"'\"@x.example; touch PWNED")
def test_masking_takes_no_quote_away(word: str) -> None:
    for line in (shell_line("sendbatch", word, "end"), f"sendbatch {shell_line(word)} end"):
        words = shlex.split(masked(line))
        assert (words[0], len(words), words[2]) == ("sendbatch", 3, "end")


def test_a_path_is_no_option() -> None:
    assert shown(Path("--record=x.yaml")) == "./--record=x.yaml"

