"""What all runners of one run have in common, and what is said to one that would join with something else.

The options are those of the runner that planned: whom the run sends to and how. Of what may be long, or
nobody's business, a digest stands for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from sendbatch import __version__
from sendbatch.campaign.model import Campaign, Rate
from sendbatch.errors import CampaignError, GuardError, one_line, shell_line, shown
from sendbatch.ledger.facts import Joined, Terms
from sendbatch.message.content import Content
from sendbatch.message.identity import short
from sendbatch.planning import guards
from sendbatch.planning.options import Options
from sendbatch.planning.request import HeldTo
from sendbatch.words import clock_time, count, exact_duration

DIGITS = 8  # hexadecimal, of a digest among the options
MOST_NAMED = 5  # options that differ
LONGEST = 60  # characters of each that are shown


def terms_of(campaign: Campaign, content: Content, options: Options, held: HeldTo | None) -> Terms:
    """Raises CampaignError where a file that an option names cannot be read."""
    return Terms(
        json.dumps(dict(_options(campaign, options, held)), sort_keys=True),
        content.digest,
        guards.server_of(campaign.profile),
        __version__,
    )


def hold_joined(joined: Joined, own: Terms, stop: str) -> None:
    """To the terms of the run that is joined; `stop` is the line that ends it. Raises GuardError."""
    theirs, since = joined.terms, clock_time(joined.began_at)
    differing = list(_differing(theirs, own))
    if not differing:
        return
    said = "\n".join(f"  {one}" for one in differing)
    raise GuardError(
        f"the run that is under way, since {since}, cannot be joined from here: all its runners must send "
        f"the same, in the same way; nothing was sent from here\n{said}",
        hint="join with the same files and options as the one that began it; or let that run end, or end it "
        f"for all:  {stop}",
    )


def _differing(theirs: Terms, own: Terms) -> Iterator[str]:
    if theirs.version != own.version:
        yield f"the version is {one_line(theirs.version, LONGEST)} there, and {own.version} here"
        return  # others may write down the same options otherwise
    if theirs.content != own.content:
        yield (
            "the text, or what else everybody gets, is another: its digest is "
            f"{one_line(short(theirs.content), LONGEST)} there, and {short(own.content)} here"
        )
    if theirs.server != own.server:
        yield f"it goes through {one_line(theirs.server, LONGEST)} there, and {own.server} here"
    there, here = _read(theirs.options), _read(own.options)
    names = [name for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
    for name in names[:MOST_NAMED]:
        yield f"{one_line(name, LONGEST)}: {_value(there, name)} there, and {_value(here, name)} here"
    if len(names) > MOST_NAMED:
        yield f"and {count(len(names) - MOST_NAMED, 'other')}"


def _value(options: dict[str, str], name: str) -> str:
    return one_line(options[name], LONGEST) if name in options else "not given"


def _read(options: str) -> dict[str, str]:
    """What stands in the record, and may have been changed there by anybody."""
    try:
        found = json.loads(options)
    except (ValueError, RecursionError):
        return {"options": "cannot be read"}
    if not isinstance(found, dict):
        return {"options": "cannot be read"}
    return {str(name): str(value) for name, value in found.items()}


def _options(
    campaign: Campaign, options: Options, held: HeldTo | None
) -> Iterator[tuple[str, str]]:
    retry = campaign.retry
    yield "--breaker", f"{options.breaker:,}"
    yield "rate", _rates(campaign.rates)
    yield "the profile's rate", _rates(campaign.profile.rates)
    yield "retry.attempts", f"{retry.attempts}"
    yield "retry.first_delay", exact_duration(retry.first_delay)
    yield "retry.max_delay", exact_duration(retry.max_delay)
    if options.only is not None:
        yield "--only", f"{count(len(options.only), 'key')} ({_digest(sorted(options.only))})"
    if options.limit is not None:
        yield "--limit", f"{options.limit:,}"
    if options.retry:
        yield "--retry", ",".join(sorted(options.retry))
    if options.resend_in_doubt:
        yield "--in-doubt", "resend"
    if held is not None:
        yield "--plan", short(held.plan.digest)
    if options.excepted:
        files = [_of_file(path) for path in options.excepted]
        yield "--except", f"{count(len(files), 'file')} ({_digest(files)})"
    if options.stop_after is not None:
        yield "--stop-after", exact_duration(options.stop_after)
    if options.no_wait:
        yield "--no-wait", "given"
    if options.strict:
        yield "--strict", "given"
    for name in campaign.overrides:
        yield shell_line("--set", name), f"a value ({_digest([json.dumps(campaign.variables.get(name))])})"


def _rates(rates: Iterable[Rate]) -> str:
    return ", ".join(f"{one.count:,} in {exact_duration(one.seconds)}" for one in rates) or "none"


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogateescape")
        digest.update(b"%d:%b" % (len(data), data))
    return digest.hexdigest()[:DIGITS]


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise CampaignError(f"{shown(path)}: cannot be read: {error.strerror}") from None
    return digest.hexdigest()
