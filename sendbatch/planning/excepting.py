"""--except: whoever stands in a file has the mail already, by the word of the person who named it.

For a record that was lost: what a server's log or a provider's export knows of it is put into the new one,
where it stays, so that no later run mails these people either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.audience.excepted import MOST_TOLD, Excepted, Found, unread
from sendbatch.campaign.model import Campaign
from sendbatch.errors import AudienceError, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Matched
from sendbatch.ledger.store import Draft, Staging
from sendbatch.planning.options import Options
from sendbatch.words import count

AT_ONCE = 1000  # entries
NAMED = 5  # entries that name nobody
FIRST = -1_000  # below the numbers of suppression lists, for entries that cannot be read
EXCEPTED = "excepted"  # the event


def except_those(
    staging: Staging, campaign: Campaign, options: Options, heed: Callable[[], None]
) -> list[Found]:
    """Stage who stands in the files; all rows are staged. Raises AudienceError with all that cannot be
    read."""
    findings: list[Finding] = []
    found: list[Found] = []
    recipients, senders = campaign.recipients, _senders(campaign)
    keyed = recipients.key not in (None, recipients.email)
    for place, path in enumerate(options.excepted):
        named = Excepted(
            path, recipients.email, senders, keyed=keyed, as_given=recipients.as_given, heed=heed
        )
        try:
            _stage(staging, FIRST - place, named)
        except AudienceError as error:
            findings += error.findings
            continue
        findings += unread(path, *staging.unread(FIRST - place, MOST_TOLD))
        found.append(named.found)
    if findings:
        raise AudienceError(findings)
    return found


def _stage(staging: Staging, number: int, named: Excepted) -> None:
    entries = iter(named)
    while part := list(islice(entries, AT_ONCE)):
        staging.except_(number, (value for _, value, _, why in part if why is None or "@" not in value))
        staging.question(
            (number, line, value, told, why) for line, value, told, why in part if why is not None
        )


def settle(draft: Draft, found: Sequence[Found], matched: Matched, now: float) -> list[str]:
    """The plan is finished: they count as having the mail. Returns what a person should know. Raises
    AudienceError where nobody of the list stands in a file."""
    if not found:
        return []
    if matched.idle:
        raise AudienceError([_none_of_the_list(found[FIRST - file], matched) for file in matched.idle])
    files = ", ".join(one_line(one.path.name, 100) for one in found)
    draft.except_them(f"stands in {files} (--except)", now)
    people = count(matched.people, "recipient")
    draft.note(EXCEPTED, f"{people} stand in {files}: accepted, by a person's word", now)
    said = [one.said() for one in found]
    words = (
        f"--except: {people} of this list {'stands' if matched.people == 1 else 'stand'} there, and "
        f"{'counts' if matched.people == 1 else 'count'} as having the mail, in all later runs too"
    )
    if matched.strangers:
        some = ", ".join(one_line(one, 80) for one in matched.some)
        more = ", …" if matched.strangers > len(matched.some) else ""
        words += f"; {matched.strangers:,} of the addresses there are nobody's on it ({some}{more})"
    return [*said, words]


def _none_of_the_list(found: Found, matched: Matched) -> Finding:
    """It is the wrong file, or was read by the wrong column: all whom it means would be mailed again."""
    said = f"--except {found.said()}: nobody of this list stands there"
    hint = "is it the file that was meant? one that leaves out nobody of the list is not to be named"
    return Rule.SUPPRESSES_NOBODY.finding(said, hint=hint)


def _senders(campaign: Campaign) -> set[str]:
    """What the envelopes of its messages are from, as keys are compared."""
    boxes = (campaign.sender,) if campaign.senders is None else campaign.senders.boxes
    found = set()
    for address in (campaign.bounces_to, *(box.address for box in boxes)):
        try:
            found.add(default_key(normalise(address, as_given=True).email))
        except ValueError:
            found.add(address.lower())
    return found
