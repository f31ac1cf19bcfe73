"""Options that several verbs share, and how what was typed becomes what the api takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendbatch.errors import SendbatchError

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign

CampaignFile = Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")]
Run = Annotated[
    str | None,
    typer.Option("--run", metavar="ID", help="The edition; '' for the one without a name."),
]
Record = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="DIR",
        envvar="SENDBATCH_RECORD",
        help="Where the records are kept.",
        readable=False,  # looked at where it can be said whose it is
    ),
]
MovedFrom = Annotated[
    str | None,
    typer.Option("--moved-from", metavar="PATH", help="Where the campaign file was before."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a variable.")
]
Smtp = Annotated[str | None, typer.Option("--smtp", metavar="PROFILE", help="Another profile.")]
RateOption = Annotated[
    str | None, typer.Option("--rate", metavar="R", help="As 14/s or 500/h, instead of the file's.")
]
Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="N|A-B", help="Refuse when the plan has another number."),
]
Tolerate = Annotated[
    str | None,
    typer.Option("--tolerate", metavar="N|P%", help="So many without the mail still exit 0."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KEY", help="Only this key or address; @FILE has one a line."),
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="At most the first N.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress bar.")]
LogFormat = Annotated[
    str, typer.Option("--log-format", metavar="text|json", help="How progress is told.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="An invalid or duplicate row refuses the whole run.")
]

# those of `run` alone
DryRun = Annotated[bool, typer.Option("--dry-run", help="All but connect.")]
Plan = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Send only what this plan.json approved."),
]
InDoubt = Annotated[
    str,
    typer.Option("--in-doubt", metavar="hold|resend", help="What to do with those in doubt."),
]
Retry = Annotated[
    str | None,
    typer.Option(
        "--retry", metavar="STATUS[:CODES][,…]", help="Also rejected, failed or deferred."
    ),
]
Breaker = Annotated[
    int | None,
    typer.Option(
        "--breaker", metavar="N", min=1, help="Stop after N permanent refusals in a row (20)."
    ),
]
AcceptChanges = Annotated[
    bool, typer.Option("--accept-changes", help="Go on with another text or server.")
]
StopAfter = Annotated[
    str | None, typer.Option("--stop-after", metavar="TIME", help="Stop after, as 2h or 90m.")
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Stop instead of waiting for a quota or a retry.")
]
WithoutLog = Annotated[
    bool,
    typer.Option("--without-log", help="Go on though the record's log, or newest state, is lost."),
]
FirstRun = Annotated[
    str | None, typer.Option("--first-run", metavar="DATE", help="In CI: begin a record today.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")]


def settings(given: list[str] | None) -> dict[str, str]:
    """--set KEY=VALUE as a mapping."""
    found = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise SendbatchError(f"--set {text}: write KEY=VALUE")
        found[key.strip()] = value
    return found


def only(given: list[str] | None) -> tuple[str, ...] | None:
    """--only, with @FILE read; None where it was not given."""
    if not given:
        return None
    keys: list[str] = []
    for text in given:
        keys += _lines_of(Path(text[1:])) if _is_file(text) else [text]
    return tuple(keys)


def _is_file(text: str) -> bool:
    """@FILE, and not @domain: an address has something before the @."""
    return text.startswith("@") and len(text) > 1


def _lines_of(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SendbatchError(f"--only @{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SendbatchError(f"--only @{path}: this file is not UTF-8") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise SendbatchError(f"--only @{path}: the file names nobody")
    return lines


def retry(given: str | None) -> frozenset[str]:
    """--retry rejected,failed,deferred, each with codes or without, as Options take them."""
    from sendbatch.planning.options import retried

    words = frozenset(word.strip() for word in (given or "").split(",") if word.strip())
    retried(words)
    return words


def day(given: str | None, option: str) -> date | None:
    """A date such as 2026-12-24."""
    if given is None:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or given != found.isoformat():
        today = datetime.now(UTC).date()
        raise SendbatchError(
            f"{option} {given}: no date", hint=f"write today's (UTC) in digits: {today}"
        )
    return found


def seconds(given: str | None, option: str) -> float | None:
    """A duration such as 2h in seconds."""
    if given is None:
        return None
    from sendbatch.campaign.written.parsing import Wrong, parse_duration

    try:
        return parse_duration(given)
    except Wrong as error:
        raise SendbatchError(f"{option}: {error}", hint=error.hint) from None


def one_of(given: str, allowed: tuple[str, ...], option: str) -> str:
    if given not in allowed:
        *others, last = allowed
        raise SendbatchError(f"{option} {given}: write {', '.join(others)} or {last}")
    return given


def load(
    file: Path,
    *,
    run: str | None = None,
    set_: list[str] | None = None,
    smtp: str | None = None,
    rate: str | None = None,
    expect: str | None = None,
    tolerate: str | None = None,
) -> Campaign:
    """The campaign with what the command line says of it."""
    from sendbatch import api

    return api.load(
        file,
        run=run,
        settings=settings(set_),
        smtp=smtp,
        rate=rate,
        expect=expect,
        tolerate=tolerate,
    )
