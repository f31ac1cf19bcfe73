"""The options and arguments that verbs share, each as what declares it for click."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from sendbatch.cli import given, log
from sendbatch.cli.campaign_files import the_one_here
from sendbatch.runtime import masking

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Completer: TypeAlias = Callable[
        [click.Context, click.Parameter, str], list[CompletionItem[str]]
    ]

PATH = click.Path(path_type=Path)


def known(what: str) -> Completer:
    """What a shell is offered, by a function of `completion.known`, which only a shell has loaded."""

    def complete(
        context: click.Context, parameter: click.Parameter, typed: str
    ) -> list[CompletionItem[str]]:
        found: list[CompletionItem[str]] = getattr(_known(), what)(context.params, typed)
        return found

    return complete


def _known() -> ModuleType:
    from sendbatch.cli.completion import known

    return known


def _or_the_one_here(
    context: click.Context, parameter: click.Parameter, typed: Path | None
) -> Path | None:
    """What was typed; else campaign.yaml of this folder. Whoever only completes a line is told of nothing."""
    if typed is not None or context.resilient_parsing:
        return typed
    return the_one_here(context.info_name or "run")


def _or_the_one_of_here(
    context: click.Context, parameter: click.Parameter, typed: tuple[Path, ...]
) -> tuple[Path, ...]:
    """The same, of any number."""
    if typed or context.resilient_parsing:
        return typed
    return (the_one_here(context.info_name or "check"),)


campaign_file = click.argument(
    "file",
    type=PATH,
    metavar="[FILE]",
    required=False,
    callback=_or_the_one_here,
    shell_complete=known("campaigns"),
    help="The campaign file; campaign.yaml of this folder where it is left out.",
)
campaign_files = click.argument(
    "files",
    type=PATH,
    nargs=-1,
    metavar="[FILE]…",
    callback=_or_the_one_of_here,
    shell_complete=known("campaigns"),
    help="Campaign files; campaign.yaml of this folder where they are left out.",
)
named_campaign_file = click.argument(
    "file",
    type=PATH,
    metavar="FILE",
    shell_complete=known("campaigns"),
    help="The campaign file.",
)
run = click.option(
    "--run",
    metavar="ID",
    shell_complete=known("editions"),
    help="The edition; '' for the one without a name.",
)
class _Recorded(click.Path):
    """`git` as it stands is the repository; a folder of that name is ./git. A folder is looked at where it
    can be said whose it is."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and value == "git":
            return value
        if isinstance(value, str) and value.startswith(("postgresql:", "postgres:")):
            self.fail("records in a database are not there yet: name a folder, or git", param, ctx)
        return super().convert(value, param, ctx)


record = click.option(
    "--record",
    metavar="DIR",
    type=_Recorded(),
    envvar="SENDBATCH_RECORD",
    show_envvar=True,
    help="Where the records are kept; git: in the repository.",
)
moved_from = click.option(
    "--moved-from", metavar="PATH", help="Where the campaign file was before."
)
set_ = click.option(
    "--set",
    "set_",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=known("variables"),
    help="Set a variable.",
)
smtp = click.option(
    "--smtp", metavar="PROFILE", shell_complete=known("profiles"), help="Another profile."
)
rate = click.option("--rate", metavar="R", help="As 14/s or 500/h, instead of the file's.")
expect = click.option("--expect", metavar="N|A-B", help="Refuse when the plan has another number.")
tolerate = click.option("--tolerate", metavar="N|P%", help="So many without the mail still exit 0.")
only = click.option(
    "--only",
    metavar="KEY",
    multiple=True,
    shell_complete=known("keys"),
    help="Only this key or address; @FILE has one a line.",
)
except_ = click.option(
    "--except",
    "except_",
    metavar="FILE",
    multiple=True,
    type=PATH,
    help="Who stands in this log or export has the mail.",
)
limit = click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), help="At most the first N."
)
quiet = click.option("--quiet", "-q", is_flag=True, help="Say only what is wrong.")
no_progress = click.option("--no-progress", is_flag=True, help="No progress bar.")
def _shows(context: click.Context, parameter: click.Parameter, typed: bool) -> None:
    masking.show(typed)


def _logs(context: click.Context, parameter: click.Parameter, typed: str) -> None:
    if not context.resilient_parsing:
        log.choose(json=given.one_of(typed, ("text", "json"), "--log-format") == "json")


# Both hold for all that this process says, errors in the rest of the line too: so they are looked at first.
show_addresses = click.option(
    "--show-addresses",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_shows,
    help="In CI: show addresses in full.",
)
log_format = click.option(
    "--log-format",
    metavar="text|json",
    default="text",
    is_eager=True,
    expose_value=False,
    callback=_logs,
    help="How notices and progress are told.",
)
strict = click.option(
    "--strict", is_flag=True, help="An invalid or duplicate row refuses the whole run."
)
