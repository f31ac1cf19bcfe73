"""The lines that lead on: what was typed is in them, and no yes to a question."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from sendbatch.errors import shown
from sendbatch.planning.options import Options
from sendbatch.session.commands import CommandLines
from tests.kit.campaigns import campaign


def typed(tmp_path: Path, **changes: object) -> CommandLines:
    one = replace(
        campaign(tmp_path), typed=("--smtp", "backup", "--rate", "2/s", "--set", "x=1 2"), **changes
    )
    return CommandLines(one, tmp_path / "kept")


def test_a_run_goes_on_with_all_that_was_typed_and_the_options_it_was_called_with(
    tmp_path: Path,
) -> None:
    lines = typed(tmp_path, run="may", run_given=True)

    line = shlex.split(lines.run(Options(strict=True, resend_in_doubt=True), limit=7))

    assert line[:2] == ["sendbatch", "run"]
    assert line[3:] == [
        *("--smtp", "backup", "--rate", "2/s", "--set", "x=1 2"),
        *("--record", shown(tmp_path / "kept")),
        *("--run", "may", "--limit", "7", "--strict"),
    ]


def test_other_verbs_are_given_what_they_know_of_it(tmp_path: Path) -> None:
    lines = typed(tmp_path, run="may", run_given=True)
    kept = ["--record", shown(tmp_path / "kept")]

    assert shlex.split(lines.check())[3:] == [
        *("--smtp", "backup", "--set", "x=1 2", "--run", "may"),
        *kept,
    ]
    assert shlex.split(lines.resolve())[1] == "resolve"
    assert "--rate" not in lines.resolve()


def test_the_line_for_any_edition_names_none_and_says_where_the_file_was(tmp_path: Path) -> None:
    lines = typed(tmp_path, run="may", run_given=True)

    line = lines.run_of_any_edition(Options(limit=3, moved_from="old/spring.yaml"))

    assert "--run" not in shlex.split(line)
    assert shlex.split(line)[-4:] == ["--moved-from", "old/spring.yaml", "--limit", "3"]
