"""What errors say to whoever types commands is said in Python to whoever writes Python."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sendbatch
from sendbatch.cli.main import app
from sendbatch.runtime.in_python import FLAGS, VALUES, VERBS, in_python, keyword_of

PACKAGE = Path(sendbatch.__file__).parent


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("add --yes, or --plan with a plan", "add yes=True, or plan= with a plan"),
        (
            "say which: sendbatch run spring.yaml --run 2026-12   (or --run '' for none)",
            "say which: sendbatch.run(sendbatch.load('spring.yaml', run='2026-12'))   (or run='' for none)",
        ),
        ("sendbatch status shows how far it is", "sendbatch.status(…) shows how far it is"),
        ("write it with `sendbatch plan … --out`", "write it with sendbatch.plan('…', out=…)"),
        (
            "sendbatch resolve spring.yaml a@x b@y --as rejected",
            "sendbatch.resolve('spring.yaml', ['a@x', 'b@y'], 'rejected')",
        ),
        (
            "sendbatch run 'my letter.yaml' --set a=b --only x@y --limit 5 --accept-changes",
            "sendbatch.run(sendbatch.load('my letter.yaml', settings={'a': 'b'}), only='x@y', limit=5,"
            " accept_changes=True)",
        ),
        ("sendbatch run a.yaml --strict goes on", "sendbatch.run('a.yaml', strict=True) goes on"),
        ("another folder: --record DIR", "another folder: record=DIR"),
        ("run it with --except FILE", "run it with except_=FILE"),
        ("--dry-run shows it", "sendbatch.dry_run shows it"),
        ("a dash -- and --unheard-of words", "a dash -- and --unheard-of words"),
    ],
)
def test_an_option_or_a_command_is_said_in_python(typed: str, said: str) -> None:
    assert in_python(typed) == said


def texts(file: Path) -> Iterator[str]:
    """Every text of a module but for docstrings, and for the options of git."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if "git" not in file.parts or " " in node.value:
            yield node.value


def options() -> set[str]:
    commands = app.commands.values()
    found = {one for command in commands for parameter in command.params for one in parameter.opts}
    return {one.removeprefix("--") for one in found if one.startswith("--")}


def test_every_option_that_any_room_speaks_of_is_translated() -> None:
    known, spoken = options(), set()
    files = [f for f in PACKAGE.rglob("*.py") if f.parent.name != "cli" and "cli" not in f.parts]
    for file in files:
        for text in texts(file):
            mentioned = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text)) & known
            spoken |= mentioned
            left = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", in_python(text))) & mentioned
            assert not left - UNSPOKEN, f"{file.name}: {text}"
    assert {"only", "yes", "accept-changes", "in-doubt", "expect", "first-run", "run"} <= spoken


UNSPOKEN = {
    "ci",
    "format",
    "as",
    "watch",
    "history",
    "list-rules",
    "open",
    "port",
    "workers",
    "serve",
}  # of commands that are no functions, and their output


def test_every_word_of_python_is_one_that_a_verb_takes() -> None:
    taken = {
        name
        for verb in sendbatch.__all__
        if inspect.isfunction(getattr(sendbatch, verb))
        for name in inspect.signature(getattr(sendbatch, verb)).parameters
    }
    assert set(map(keyword_of, VALUES)) <= taken
    assert {text.partition("=")[0] for text in FLAGS.values()} <= taken
    assert set(VERBS.values()) <= set(sendbatch.__all__)
