"""The options and arguments that verbs share, each as what declares it for click."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from sendbatch.cli import given, log
from sendbatch.cli.campaign_files import the_one_here
from sendbatch.errors import SendbatchError
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
    if typed or context.resilient_parsing or context.params.get("list_rules"):
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
    """`git`, in capitals or not, is the repository; a folder of that name is ./git. A database is named by
    its address without a password, or by a reference to it, where it comes from the environment always. A
    folder is looked at where it can be said whose it is."""

    def __init__(self, hint: str) -> None:
        super().__init__(path_type=Path, readable=False)
        self._hint = hint  # where the address that was typed has a password in it

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not value.strip():
            raise SendbatchError(
                "where the record is, or is to be, is empty; nothing was done",
                hint="is a variable not set? write out a folder ('.' is this one), or name a database",
            )
        if isinstance(value, str) and value.strip().lower() == "git":
            return "git"
        if isinstance(value, str) and _names_database(value):
            is_typed = not _is_of_environment(param, ctx)
            return _database(value.strip(), is_typed=is_typed, hint=self._hint)
        if isinstance(value, str) and any(sign in value for sign in ":=$'\""):
            from sendbatch.ledger.postgres.address import hold_folder

            hold_folder(value)
        return super().convert(value, param, ctx)


def _names_database(typed: str) -> bool:
    if not typed.strip().lower().startswith(("postgres", "${")):
        return False
    from sendbatch.session.database import names_database  # most records are elsewhere

    return names_database(typed.strip())


def _is_of_environment(parameter: click.Parameter | None, context: click.Context | None) -> bool:
    name = parameter.name if parameter is not None else None
    source = context.get_parameter_source(name) if context is not None and name is not None else None
    return source is click.core.ParameterSource.ENVIRONMENT


def _database(typed: str, *, is_typed: bool, hint: str) -> str:
    """What stands for a database on this line, and on those that lead on from it: never a password, which
    whoever lists the processes of this machine would see. Raises SendbatchError."""
    from sendbatch.ledger.postgres.address import address_of, is_address

    if not is_address(typed):
        return typed
    address = address_of(typed)
    if not is_typed:
        return f"${{{RECORD}}}"
    if address.has_password:
        raise SendbatchError(
            "the address of the record's database has a password in it, which everybody on this machine can "
            "see in the list of processes; nothing was done",
            hint=f"{hint}\n  or leave the password out: it is then taken from ~/.pgpass, PGPASSWORD or a "
            "service file",
        )
    return typed


RECORD = "SENDBATCH_RECORD"
RECORDED = _Recorded(
    f"set {RECORD} to the address, and leave --record out; or write at the top of profiles.yaml: record: "
    '"${DATABASE_URL}"'
)
ELSEWHERE = _Recorded("set a variable to the address, and write it in its place: '${DATABASE_URL}'")
record = click.option(
    "--record",
    metavar="DIR|URL",
    type=RECORDED,
    envvar=RECORD,
    show_envvar=True,
    help="Where the records are kept; git: in the repository; postgresql://…: in a database.",
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
