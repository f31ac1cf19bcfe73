"""A plan as a person reads it before saying yes: who, what changed, which server, until when."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sendbatch.campaign.dkim import signed_by
from sendbatch.cli.checked import counted, worst_first
from sendbatch.errors import one_line, printable
from sendbatch.message.content import OwnFile, SharedFile
from sendbatch.runtime.masking import masks
from sendbatch.values import Status
from sendbatch.words import clock_time, count, duration, listed, rows, size

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign, Mailbox
    from sendbatch.findings import Groups
    from sendbatch.planning.versions import Asked
    from sendbatch.session.overview import Overview

SHOWN_AS = {
    Status.ACCEPTED: "have it already",
    Status.REJECTED: "refused for good earlier (--retry rejected)",
    Status.IN_DOUBT: "in doubt (--in-doubt resend, or sendbatch resolve)",
    Status.INVALID: "invalid",
    Status.FILTERED: "filtered by `where`",
    Status.SUPPRESSED: "suppressed",
    Status.DUPLICATE: "duplicate",
}

MOST_FOUND = 3  # findings that are told before a person is asked
_MOST_NAMED = 5  # pictures, and attachments
_MOST_VERSIONS = 12
_MOST_ASKED = 5
LONGEST_NAME = 30  # characters
WORTH_SAYING = 5.0  # seconds


def plan_text(plan: Overview, *, for_person: bool = False) -> str:
    """The whole plan, ending with a line break. `for_person`: only whoever sits at the terminal sees it, and
    the account is named in full."""
    return "".join(f"{line}\n" for line in _lines(plan, for_person=for_person))


def _lines(plan: Overview, *, for_person: bool) -> Iterator[str]:
    campaign, account = plan.campaign, _account(plan, for_person=for_person)
    whose = f" as {one_line(account, 80)}" if account else ""
    kept = "" if campaign.profile.delivers else ", which keeps the mail and delivers none"
    through = f"through {one_line(plan.server, 320)}{whose}{kept}"
    yield f"{campaign.title}: {plan.sendable:,} {to_send(plan)} {through}"
    yield from who_sends(campaign)
    yield from _counts(plan)
    yield from what_changed(plan)
    yield from what_is_sent(plan)
    yield from _compared(plan)
    for subject, key in subjects(plan):
        yield f"  subject: {one_line(subject, 100)}{f'  (to {one_line(key, 80)})' if key else ''}"
    yield from pace(plan)
    yield from _found(plan)
    for notice in plan.notices:
        yield from (f"  {line}" for line in printable(notice).splitlines())
    yield from _rehearsal(plan)


def _found(plan: Overview) -> Iterator[str]:
    """What may not be meant: all of it where that is what was asked for, else how much and the worst."""
    heard = plan.heard()
    if plan.rehearsal is None:
        if heard.findings:
            is_all = len(heard.findings) <= MOST_FOUND
            where = "" if is_all else "; `sendbatch check` shows all, these are the worst"
            yield f"  found: {counted(heard.findings)}{where}"
        for finding in worst_first(heard.findings)[:MOST_FOUND]:
            yield f"  {finding}"
    else:
        for finding in (*plan.warnings, *heard.idle):
            yield f"  {finding}"
    if heard.ignored:
        yield f"  {heard.ignored}"


def _counts(plan: Overview) -> Iterator[str]:
    if plan.left_over:
        yield f"  {plan.left_over:,} more left for a later run"
    counted = list(not_sent_to(plan))
    width = max((len(f"{number:,}") for number, _ in counted), default=0)
    for number, words in counted:
        yield f"  {number:>{width},} {words}"
    if missing := plan.counts.missing:
        yield f"  {missing:,} of the approved plan are no longer to be sent to"


def not_sent_to(plan: Overview) -> Iterator[tuple[int, str]]:
    """How many are not sent to, and why."""
    shown_as = {**SHOWN_AS, Status.FILTERED: _filtered(plan.campaign)}
    for status, words in shown_as.items():
        if number := plan.totals.get(status):
            yield number, words


def to_send(plan: Overview) -> str:
    """What is said of those that a run would send to."""
    return "to send" if plan.is_read else "to send, less those who have it (the record was not read),"


def subjects(plan: Overview) -> Iterator[tuple[str, str]]:
    """With the key of whoever gets it. Where many can read it, their cells are nobody's business: the
    subjects are as they are declared, for nobody."""
    if masks(os.environ):
        yield from ((subject, "") for subject in plan.declared_subjects)
    else:
        yield from zip(plan.subjects, plan.shown_to, strict=True)


def who_sends(campaign: Campaign) -> Iterator[str]:
    """Whom the profile reaches, who signs, who sends, and where answers go."""
    if reach := campaign.profile.reach:
        yield f"  {one_line(reach, 500)}"
    if signers := signed_by(campaign.profile):
        yield f"  signed by {one_line(signers, 320)}"
    yield from _senders(campaign)


def what_is_sent(plan: Overview) -> Iterator[str]:
    """What goes along with the texts, what is missing, and who gets which version."""
    yield from _attached(plan)
    yield from _lacking(plan)
    yield from _unsubscribing(plan.campaign)
    yield from _invitation(plan)
    yield from _pictures(plan)
    yield from _own_files(plan)
    yield from _versions(plan)


def what_changed(plan: Overview) -> Iterator[str]:
    """Since the last plan, and since somebody got the mail."""
    yield from _changes(plan)
    yield from _doubles(plan)


def _filtered(campaign: Campaign) -> str:
    if not campaign.profile.only_to:
        return SHOWN_AS[Status.FILTERED]
    by_where = "filtered by `where`, or " if campaign.recipients.where else ""
    return f"{by_where}left out by the profile's only_to"


def _changes(plan: Overview) -> Iterator[str]:
    if plan.difference is not None:
        added, removed, corrected = plan.difference
        if added or removed or corrected:
            more = f", {corrected:,} corrected" if corrected else ""
            yield f"  since the last plan: +{added:,} −{removed:,}{more}"
    for row, old, new in plan.planned.difference.moved if plan.planned is not None else ():
        yield f"  row {row}: sent to {one_line(old, 80)} already, now {one_line(new, 80)}"


def _compared(plan: Overview) -> Iterator[str]:
    if plan.compared is not None:
        from sendbatch.cli.comparison import comparison_text  # of use to `plan` alone

        yield from comparison_text(plan.compared)


def _doubles(plan: Overview) -> Iterator[str]:
    twins = plan.planned.twins if plan.planned is not None else None
    if twins is not None and twins.count:
        rows = ", ".join(f"row {later} (as row {first})" for later, first in twins.rows)
        yield f"  duplicates that would have got another message, {twins.count:,}: {rows}"


def _account(plan: Overview, *, for_person: bool) -> str | None:
    """A name as long as a token may be one, which is as good as a password: nobody is shown that."""
    username = plan.route.username
    in_full = for_person and username is not None and len(username) <= LONGEST_NAME
    return username if in_full else plan.route.account


def _senders(campaign: Campaign) -> Iterator[str]:
    """By whom, whom an answer goes to, and where what cannot be delivered comes back."""
    sender = campaign.sender
    if campaign.senders is None:
        yield f"  from {_box(sender)}"
    if campaign.reply_to:
        yield f"  replies to {', '.join(map(_box, campaign.reply_to))}"
    if campaign.senders is None and campaign.bounces_to != sender.address:
        yield f"  bounces to {one_line(campaign.bounces_to, 320)}"


def _box(box: Mailbox) -> str:
    return one_line(str(box), 320)


def _unsubscribing(campaign: Campaign) -> Iterator[str]:
    how = campaign.unsubscribe
    if how is None:
        return
    click = " by one click" if how.one_click else ""
    signed = ", signed" if how.sign else ""
    ways = [f"at {_host(how.url)}{click}{signed}"] if how.url else []
    ways += [f"by mail to {how.mailto.removeprefix('mailto:')}"] if how.mailto else []
    inert = ": made to lead nowhere" if campaign.profile.redirect_to is not None else ""
    yield f"  unsubscribe {one_line(', or '.join(ways), 320)}{inert}"


def _host(url: str) -> str:
    """Where a link leads; all of it where that is told only for each recipient."""
    host = url.partition("://")[2].partition("/")[0].partition("?")[0]
    return url if not host or "{" in host else host


def _attached(plan: Overview) -> Iterator[str]:
    """What goes along, with its size on the disk."""
    shared = [one for one in plan.attached if isinstance(one, SharedFile)]
    named = [f"{one_line(one.name, 100)} {size(len(one.data))}" for one in shared]
    named += [
        f"{one_line(one.pattern, 100)}, each recipient's own"
        for one in plan.attached
        if isinstance(one, OwnFile)
    ]
    if named:
        yield f"  attachments: {listed(named, _MOST_NAMED)}"


def _lacking(plan: Overview) -> Iterator[str]:
    if plan.planned is None:
        return
    for lacking, words in (
        (plan.planned.without, "sent without an attachment that is not there"),
        (plan.planned.failing, "to fail, for an attachment is missing or too large"),
    ):
        if lacking.count:
            yield f"  {words}, {lacking.count:,}: {rows(lacking.rows, lacking.count)}"


def _invitation(plan: Overview) -> Iterator[str]:
    if plan.invitation is not None:
        own = ", each recipient's own" if "invitations" in plan.own else ""
        yield f"  invite: {one_line(plan.invitation, 100)}{own}"


def _pictures(plan: Overview) -> Iterator[str]:
    """What pictures cost: as they are sent, a third larger than on the disk."""
    if not plan.pictures:
        return
    named = [f"{one_line(one.name, 60)} {size(len(one.data))}" for one in plan.pictures]
    weight = plan.pictures_weight
    is_even = plan.sendable * weight.most == weight.total
    each = f"{size(weight.most)} in each" if is_even else f"up to {size(weight.most)} in a"
    said = f"pictures: {listed(named, _MOST_NAMED)}: {each} message (base64)"
    if plan.sendable > 1:
        said += f", {size(weight.total)} for {plan.sendable:,}"
    yield f"  {said}"


def _versions(plan: Overview) -> Iterator[str]:
    """How many get which version of the letter."""
    for axis in plan.versions:
        named = [
            f"{one_line(one.name, 100)} {one.number:,}"
            + (f" ({one.by_fallback:,} by the fallback)" if one.by_fallback else "")
            for one in axis.taken
        ]
        if named:
            yield f"  {axis.what}: {listed(named, _MOST_VERSIONS)}"
        if axis.asked is not None:
            yield f"  by the fallback: {_asked(axis.asked)}"


def _asked(asked: Asked) -> str:
    """What rows ask for that is not there."""
    shown = asked.values[:_MOST_ASKED]
    named = [f"{number:,} where {asked.words(values)}" for values, number in shown]
    others = asked.others + sum(number for _, number in asked.values[_MOST_ASKED:])
    return ", ".join(named) + (f" and {others:,} of other values" if others else "")


def _own_files(plan: Overview) -> Iterator[str]:
    """What the pictures and attachments cost that not everybody gets."""
    kinds = [f"{_together(plan.own)} of their own"] if plan.own else []
    kinds += ["pictures that not everybody is shown"] if plan.shows_some else []
    if not kinds or not plan.sendable:
        return
    what, weight = ", and ".join(kinds), plan.weight
    if weight is None:
        yield f"  {what}: not looked at again, as the list is that of the last plan"
    elif weight.total:
        most = f"{size(weight.most)} in a message (base64)"
        if plan.sendable > 1:
            most = f"up to {most}, {size(weight.total)} for {plan.sendable:,}"
        yield f"  {what}: {most}"


def _together(kinds: Sequence[str]) -> str:
    *others, last = kinds
    return f"{', '.join(others)} and {last}" if others else last


def pace(plan: Overview) -> Iterator[str]:
    """What the quotas leave, and when it is done."""
    is_known = plan.route.account is not None or not plan.campaign.profile.delivers
    whose = "" if is_known else " by all accounts at this host"
    periods = {3600: "an hour", 86400: "a day", 30 * 86400: "in 30 days"}
    for rate, used in plan.route.quotas:
        yield f"  {used:,} of {rate.count:,} {periods[rate.seconds]} used{whose}"
    if plan.done_in is not None and plan.done_in >= WORTH_SAYING:
        done = clock_time(time.time() + plan.done_in)
        yield f"  takes at least {duration(plan.done_in)}: done at {done} if it begins now"


def _groups(found: Groups, what: str, others: str, everyone: int) -> Iterator[str]:
    """What rows share, each once; `everyone` is how many rows there are."""
    for one in found:
        words = one_line(one.words, 500)
        said = ": ".join(part for part in (what, words) if part)
        yield f"  {one.where_of(everyone)}, {one.who}: {said}"
    if found.left_off:
        yield f"  and {found.left_off:,} more that {others}"


def _rehearsal(plan: Overview) -> Iterator[str]:
    rehearsal = plan.rehearsal
    if rehearsal is None:
        return
    built = count(rehearsal.built - rehearsal.failed, "message")
    yield f"  {built} built, the largest has {rehearsal.largest:,} bytes"
    everyone = sum(plan.totals.values())
    yield from _groups(rehearsal.invalid, "invalid", "are invalid", everyone)
    yield from _groups(rehearsal.duplicates, "duplicate", "are duplicates", everyone)
    yield from _groups(rehearsal.failures, "", "cannot be built", rehearsal.built)
