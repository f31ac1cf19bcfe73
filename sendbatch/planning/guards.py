"""What must hold before anything is sent. Each guard passes or raises GuardError (exit 4).

The two about changes, `other_content` and `other_server`, say what changed and both ways on: a run
refuses, a plan that is only looked at shows it.

They run before the plan is merged, so a refusal leaves the record as it was. `ways` are the
lines that run the campaign as it was now, but for its edition: the guards say what to add to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sendbatch.campaign.dkim import signed_by
from sendbatch.campaign.model import Bounds, Campaign, Profile
from sendbatch.errors import GuardError, one_line, shell_line
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.reach import reach_of
from sendbatch.ledger.store import People, Reading
from sendbatch.message.content import Content, own_files
from sendbatch.planning.plan_file import Said, hold_to
from sendbatch.planning.request import Request, Ways
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from sendbatch.words import count

EDITIONS_NAMED = 5
FEW = "a few, by the profile's only_to"  # a plan names none of them
SIGNED_BY = "signed by"  # who signed the mail of the last run, in a record that knows it
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})  # as records of before name them


def server_of(profile: Profile) -> str:
    """What a record belongs to: the host, on loopback with its port, or the embedded sandbox."""
    if profile.name == "sandbox":
        return "sandbox"
    host = profile.host.lower().rstrip(".")
    return f"{host}:{profile.port}" if host in LOOPBACK else host


def edition_is_meant(folder: RecordFolder, *, given: bool, command: str) -> None:
    """No edition given, no record without one, but records with one: which is meant?"""
    if folder.run or given:
        return
    editions = folder.editions()
    if not editions or "" in editions:
        return
    records = ", ".join(one_line(edition, 80) for edition in editions[-EDITIONS_NAMED:])
    if (earlier := len(editions) - EDITIONS_NAMED) > 0:
        records += f" and {earlier:,} earlier"
    newest = f"{command} {shell_line('--run', editions[-1])}"
    raise GuardError(
        f"no edition was given, and this campaign has records of {records}",
        hint=f"say which: {newest}   (or --run '' for one without a name)",
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the guards count: all who hold a key, and how many of them are still to be sent. `here` says whom
    of them this call is about, ", here 3 at most", where that is not all of them."""

    holders: int
    left: int
    here: str = ""


def hold_unchanged(
    reading: Reading, request: Request, numbers: Numbers, now: float
) -> list[str]:
    """Other content or another server than before: refused, accepted, or only told of where nobody sends by
    it."""
    if request.options.accept_changes:
        return []
    campaign, ways = request.campaign, request.ways
    changes = [
        other_content(reading, campaign, request.content.digest, numbers, ways, now),
        other_server(reading, campaign, numbers, ways, now),
    ]
    found = [text for text in changes if text is not None]
    if found and (not request.looking or request.to_be_held):  # one --accept-changes accepts all of them
        raise GuardError([Rule.GUARD_REFUSED.finding(text) for text in found])
    return found


def hold_expected(
    people: People, request: Request, totals: Mapping[Status, int], holders: int, stop: Stop
) -> int | None:
    """--strict, expect and --plan. Returns how many of an approved plan are missing, None without one."""
    campaign, options = request.campaign, request.options
    if options.strict:
        strictly(totals)
    as_expected(campaign.expect, holders)
    if request.held is None:
        return None
    now = said_of(campaign, request.content)
    everyone = stop.heeding(people.holders())
    return hold_to(request.held.plan, now, everyone, secret=request.held.secret).missing


def said_of(campaign: Campaign, content: Content, made_at: str = "") -> Said:
    """What a plan of it says of itself."""
    rows, profile = campaign.senders, campaign.profile
    is_for_few = bool(profile.only_to) and profile.redirect_to is None
    return Said(
        campaign.name,
        campaign.run,
        content.digest,
        server_of(campaign.profile),
        signed_by(campaign.profile),
        sender="" if rows is not None else str(campaign.sender),
        subjects=campaign.subjects or (campaign.subject,),
        bounces_to="" if rows is not None and rows.take_bounces else campaign.bounces_to,
        own_files=own_files(content),
        reach=reach_of(replace(profile, only_to=(FEW,) if is_for_few else ())),
        made_at=made_at,
    )


def other_content(
    reading: Reading,
    campaign: Campaign,
    digest: str,
    numbers: Numbers,
    ways: Ways,
    now: float,
) -> str | None:
    """What some have got and the others would get must be the same, unless a person says so."""
    known = reading.meta("content")
    if known is None or known == digest:
        return None
    sent = sum(number for _, number in reading.contents())
    if not sent:
        return None
    of_all = f" of {numbers.holders:,}" if sent <= numbers.holders else ""  # some may be gone
    first = f"the text changed since {sent:,}{of_all} were sent it."
    return _two_ways(first, "with the new text", campaign, numbers, ways, now)


def other_server(
    reading: Reading, campaign: Campaign, numbers: Numbers, ways: Ways, now: float
) -> str | None:
    """A record belongs to one server; another is a change of the same kind."""
    known, server = reading.meta("server"), server_of(campaign.profile)
    if known is None or known == server or not reading.has_tried():
        return None
    used = ", ".join(
        f"{number:,} through {one_line(name, 200)}" for name, number in reading.servers()
    )
    first = f"this record belongs to {one_line(known, 200)} ({used or 'nobody accepted yet'}), not {server}."
    return _two_ways(first, f"through {server}", campaign, numbers, ways, now)


def other_signatures(reading: Reading, profile: Profile) -> str | None:
    """That the others get it signed by somebody else than those who have it, or by nobody."""
    known, now = reading.meta(SIGNED_BY), signed_by(profile)
    if known is None or known == now or not reading.has_tried():
        return None
    before = f"signed by {one_line(known, 200)}" if known else "not signed"
    return f"the others' mail is {f'signed by {now}' if now else 'not signed'}; that of before was {before}"


def _two_ways(
    first: str, how: str, campaign: Campaign, numbers: Numbers, ways: Ways, now: float
) -> str:
    same = f"{shell_line('--run', campaign.run)} " if campaign.run_given else ""
    left, everyone = f"the other {numbers.left:,}{numbers.here}", f"all {numbers.holders:,}{numbers.here}"
    another = shell_line("--run", next_edition(campaign, now))
    said = (
        (f"go on {how} for {left}:", f"{ways.again} {same}--accept-changes"),
        (f"a new edition, to {everyone}:", f"{ways.another} {another}"),
    )
    width = max(len(way) for way, _ in said)
    lines = [f"  {way:<{width}}  {line}" for way, line in said]
    return "\n".join([first, *lines])


def next_edition(campaign: Campaign, now: float) -> str:
    """A name for another edition: the month, or the day where the month is taken."""
    today = datetime.fromtimestamp(now, UTC)
    month = f"{today:%Y-%m}"
    return month if campaign.run != month else f"{today:%Y-%m-%d}"


def as_expected(expect: Bounds | None, holders: int) -> None:
    if expect is None or expect.low <= holders <= expect.high:
        return
    bounds = f"{expect.low:,}" if expect.low == expect.high else f"{expect.low:,}–{expect.high:,}"
    raise GuardError(
        f"the plan has {count(holders, 'recipient')}, expected are {bounds}",
        hint="look at the CSV and `where`, or change expect:",
    )


def nobody_is_meant(warnings: Iterable[Finding], expect: Bounds | None, rows: int) -> None:
    """Where nobody looks and `where` is true for none of the rows, as `warnings` say: that may be what was
    meant by the word of `expect` alone, which has passed before."""
    said = Rule.WHERE_MATCHES_NOBODY
    found = next((one for one in warnings if one.rule == said.id), None)
    if found is None or expect is not None:
        return
    raise GuardError(
        f"{found.message}; nothing was sent",
        hint=f"correct it; where nobody may be right, say so:  expect: 0-{rows}",
    )


def strictly(totals: Mapping[Status, int]) -> None:
    """--strict: one invalid or duplicate row refuses the whole run."""
    invalid, twice = totals.get(Status.INVALID, 0), totals.get(Status.DUPLICATE, 0)
    if not invalid and not twice:
        return
    bad = [
        text
        for number, text in (
            (invalid, count(invalid, "invalid row")),
            (twice, count(twice, "duplicate row")),
        )
        if number
    ]
    raise GuardError(
        f"{' and '.join(bad)}, and --strict was given",
        hint="sendbatch check lists them",
    )


def confirmed(*, delivers: bool, yes: bool, approved: bool, ask: Callable[[], bool] | None) -> bool:
    """Who says that this may be sent: --yes, an approved plan, or a person who is there. Returns whether it
    was a person, who may have taken a while."""
    if not delivers or yes or approved:
        return False
    if ask is None:
        raise GuardError(
            "nobody is here to ask whether this may be sent",
            hint="add --yes, or --plan with a plan that was reviewed",
        )
    if not ask():
        raise GuardError("declined: nothing was sent")
    return True
