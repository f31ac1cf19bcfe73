"""Help: how verbs are listed, and what explains them and their options, also in a narrow terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

LONGEST_SENTENCE = 200  # characters of what a verb does, in a list of verbs


class _Help(click.HelpFormatter):
    """In a narrow terminal what explains an option has more room than its name."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class _Context(click.Context):
    formatter_class = _Help


class _Explained(click.Command):
    """In a list its whole first sentence stands, in as many lines as that takes."""

    context_class = _Context

    def get_short_help_str(self, limit: int = 45) -> str:
        return super().get_short_help_str(max(limit, LONGEST_SENTENCE))


class InOrder(_Explained, click.Group):
    """Its verbs are listed as a person comes to them, not by the alphabet."""

    command_class = _Explained

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)
