"""What a line may go on with: verbs, options, words, and what stands in the files of the campaign."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence

import click
from click.shell_completion import CompletionItem, ShellComplete

from sendbatch.cli.completion.line import Line, for_bash, taken_apart
from sendbatch.cli.completion.shells import BREAKS, TYPED

LONGEST = 2.0  # seconds, after which a shell gets no answer, whatever a disk does
MOST = 200  # answers
_WORDS = re.compile(r"[a-z_]+(\|[a-z_]+)+")
_HELP = 80  # characters of what stands beside an answer


def answer(
    app: click.Command, shell: str, environ: Mapping[str, str], typed: Sequence[str]
) -> None:
    """Write the answers to standard output. A line is no place for an error: what goes wrong says nothing."""
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    with contextlib.suppress(Exception):
        line = _line(shell, environ, typed)
        for item in _answers(app, line):
            value = str(item.value)
            beside = " ".join((item.help or "").split())[:_HELP]
            if shell == "bash":
                value, beside = for_bash(value, line, environ.get(BREAKS, "")), ""
            sys.stdout.write(
                f"{value}\t{beside}\n" if beside and beside.isprintable() else f"{value}\n"
            )


def _line(shell: str, environ: Mapping[str, str], typed: Sequence[str]) -> Line:
    if shell == "zsh":  # it has taken the line apart itself
        *words, last = typed or [""]
        return Line(words, last, last, "", 0)
    line = taken_apart(environ.get(TYPED, ""), shell)
    names = [place for place, word in enumerate(line.words) if word.endswith("sendbatch")]
    begin = names[0] + 1 if names else 1  # behind what is set for this command alone
    return Line(line.words[begin:], line.last, line.raw, line.quote, line.before)


def _answers(app: click.Command, line: Line) -> Iterator[CompletionItem[str]]:
    """Those that begin with what is typed, and that no terminal takes for anything but text."""
    words, last, before = list(line.words), line.last, ""
    if last.startswith("--") and "=" in last:
        option, _, last = last.partition("=")
        words, before = [*words, option], f"{option}="
    number = 0
    for item in _Asked(app, {}, "sendbatch", "").get_completions(words, last):
        value = str(item.value)
        if not value.startswith(last) or not value.isprintable() or not value:
            continue
        yield CompletionItem(before + value, help=item.help)
        number += 1
        if number == MOST:
            return


class _Asked(ShellComplete):
    """click's own way to what is being typed; words of an option that only its help has are offered too."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        option = self._option(args)
        found = (
            super().get_completions(args, incomplete)
            if option is None
            else option.shell_complete(self._without_last(args), incomplete)
        )
        if found and found[0].type in ("file", "dir"):
            from sendbatch.cli.completion.known import paths

            return paths(incomplete, folders=found[0].type == "dir")
        if not found and option is not None and _WORDS.fullmatch(str(option.metavar).strip("[]")):
            return [CompletionItem(word) for word in str(option.metavar).strip("[]").split("|")]
        return found

    def _option(self, args: list[str]) -> click.Option | None:
        """The option whose value is being typed."""
        _, command = self._verb(args)
        options = (one for one in command.params if isinstance(one, click.Option))
        return next(
            (one for one in options if args[-1:] and args[-1] in one.opts and not one.is_flag), None
        )

    def _without_last(self, args: list[str]) -> click.Context:
        """What is known by the line before an option without its value, with which click reads nothing."""
        at, command = self._verb(args)
        above = click.Context(self.cli, info_name="sendbatch", resilient_parsing=True)
        if command is self.cli:
            return above
        return command.make_context(
            args[at], args[at + 1 : -1], parent=above, resilient_parsing=True
        )

    def _verb(self, args: list[str]) -> tuple[int, click.Command]:
        """Where in the line it stands; the group itself before there is one."""
        if isinstance(self.cli, click.Group):
            for place, word in enumerate(args):
                if (command := self.cli.commands.get(word)) is not None:
                    return place, command
        return len(args), self.cli
