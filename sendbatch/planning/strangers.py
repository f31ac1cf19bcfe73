"""A new record in a database that has one of the same campaign under another project: one campaign, whose
project was left out or misspelt, or two that bear one name. The people tell: most of those whom the other
one has sent to stand in this plan, or they do not."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

from sendbatch.errors import GuardError, one_line
from sendbatch.ledger.store import People
from sendbatch.planning.request import Request
from sendbatch.words import count

MOST = 0.5  # of those who are looked at


def hold_apart(request: Request, people: People, now: float, *, is_new: bool) -> str | None:
    """Raises GuardError where it would be the second record of one campaign; to who only looks that is
    told."""
    keeping = request.keeping
    if not (is_new and keeping.database and request.campaign.profile.mails_the_list):
        return None
    if (found := _the_same(people, keeping.others())) is None:
        return None
    today = datetime.fromtimestamp(now, UTC).date()
    if request.options.first_run in (today, today - timedelta(days=1)):
        return None
    refused = _refusal(request, *found, today)
    if request.looking and not request.to_be_held:
        return f"a run would be refused: {refused.message}\n  {refused.hint}"
    raise refused


def _the_same(
    people: People, others: Sequence[tuple[str, Collection[str]]]
) -> tuple[str, int, int] | None:
    """The project that most of whose people are in the plan, how many are, and of how many."""
    keys = {key for _, theirs in others for key in theirs}
    if not keys:
        return None
    here = {key for _, key, _ in people.addresses() if key in keys}
    for project, theirs in others:
        known = sum(key in here for key in theirs)
        if known and known >= MOST * len(theirs):
            return project, known, len(theirs)
    return None


def _refusal(request: Request, project: str, known: int, many: int, today: date) -> GuardError:
    written = json.dumps(one_line(project, 300), ensure_ascii=False)
    return GuardError(
        f"{request.keeping.database}: there is no record of this campaign, and the database has one of the "
        f"same name under another project, {one_line(project, 300)}. Of the first "
        f"{count(many, 'recipient')} whom that one has sent to {known:,} are in this plan, too: a new record "
        "would mail them again; nothing was sent",
        hint="is it the same? then write at the top of profiles.yaml, for all who send it:  project: "
        f"{written}\n  if it is another campaign, give it another name; or begin its record, which mails all "
        f"of them (taken today and tomorrow):\n    {request.ways.again} --first-run {today}",
    )
