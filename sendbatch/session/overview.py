"""A plan as it is shown before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, repeat
from typing import TYPE_CHECKING

from sendbatch.campaign.model import Campaign, Rate
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Group, Heard, Ignoring, Rule, failing
from sendbatch.ledger.facts import Weight
from sendbatch.limits.account import Allowance
from sendbatch.limits.declared import limits_of
from sendbatch.message.attachments import encoded
from sendbatch.message.checks.finished import findings
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.message.checks.traits import Gaps, traits_of
from sendbatch.message.content import Content, OwnFile, Picture, SharedFile
from sendbatch.message.parts import Sample
from sendbatch.message.pictures.shown import shown_to_all, shown_to_some
from sendbatch.message.versions.texts import TEXTS
from sendbatch.planning.guards import server_of
from sendbatch.planning.plan import Planned
from sendbatch.planning.preparing import Counts, Prepared
from sendbatch.planning.versions import Axis
from sendbatch.runtime.notebook import Shown, Told, by_status
from sendbatch.session.job import Job
from sendbatch.session.rehearsal import Rehearsal, samples
from sendbatch.values import Recipient, Status
from sendbatch.words import count, duration, listed

if TYPE_CHECKING:  # what compares is loaded where that is done
    from sendbatch.planning.comparing import Comparison

_OF_ROWS = (Rule.INVALID_ROW.id, Rule.UNBUILDABLE_MESSAGE.id)
_MOST_INVITATIONS = 5
_MOST_SHOWN = 20  # findings
LONGEST_SUBJECT = 1000  # characters
_DIRECTION = re.compile("[\u200e\u200f\u061c\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Route:
    """The server and account that a run goes through; `quotas` are (limit, used), `done_in` is how many
    seconds the limits let it take, None where nothing limits the rate."""

    server: str
    account: str | None
    quotas: tuple[tuple[Rate, int], ...]
    done_in: float | None
    username: str | None = field(default=None, repr=False)  # whole; `account` is what others may see


@dataclass(frozen=True, slots=True, repr=False)
class Overview(Shown):
    """`planned` is what a new plan brought, None where the inputs are those of the last one. `doubts` are
    what may not be meant: entries of suppression lists, conditions, paths; `ignoring` says which of them are
    not to be told. `rehearsal` is there where every
    message was built, `digest` where a plan.json was written: its digest. `own` are the kinds of files that
    recipients have of their own, and it `shows_some` of them pictures that others are not shown; `weight` is
    what all of these take on the wire, None where no new plan looked. `pictures` are for everybody."""

    campaign: Campaign = field(repr=False)
    route: Route
    counts: Counts
    planned: Planned | None
    subjects: tuple[str, ...]
    notices: tuple[str, ...]
    doubts: tuple[Finding, ...]
    ignoring: Ignoring
    rehearsal: Rehearsal | None = None
    digest: str | None = None
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    pictures_weight: Weight = field(default_factory=Weight)  # of these, on the wire
    own: tuple[str, ...] = ()
    shows_some: bool = False
    weight: Weight | None = None
    invitation: str | None = None  # the file, or its path as it is written
    versions: tuple[Axis, ...] = ()  # how many get which, where there are several
    shown_to: tuple[str, ...] = ()  # by key, whose the `subjects` are
    attached: tuple[SharedFile | OwnFile, ...] = field(default=(), repr=False)
    compared: Comparison | None = field(default=None, repr=False)  # with the edition before, by `plan` alone
    is_read: bool = True  # the record was asked who has the mail
    fails_on_warnings: bool = False
    is_shared: bool = False  # others may send to the same recipients, together with this run

    def told(self) -> Told:
        facts = {
            "to send": f"{self.sendable:,}",
            "through": self.server,
            "recipients": by_status(self.totals),
        }
        if self.left_over:
            facts["left over by the limit"] = f"{self.left_over:,}"
        if self.done_in is not None:
            facts["done in"] = duration(self.done_in)
        facts |= {f"subject {n}": one for n, one in enumerate(self.subjects, 1)}
        found = (*self.notices, *map(str, islice(self.findings, _MOST_SHOWN)))
        return Told(f"plan of {self.campaign.title}", facts, found)

    @property
    def declared_subjects(self) -> tuple[str, ...]:
        """As they are written, without a cell of anybody."""
        return self.campaign.subjects or (self.campaign.subject,)

    @property
    def server(self) -> str:
        return self.route.server

    @property
    def done_in(self) -> float | None:
        """Seconds; None where nothing limits the rate."""
        return self.route.done_in

    @property
    def totals(self) -> Mapping[Status, int]:
        return self.counts.totals

    @property
    def sendable(self) -> int:
        return self.counts.sendable

    @property
    def left_over(self) -> int:
        return self.counts.left_over

    @property
    def holders(self) -> int:
        return self.counts.holders

    @property
    def difference(self) -> tuple[int, int, int] | None:
        """How many recipients were added, removed and corrected since the last plan, where there was one."""
        if self.planned is None or self.planned.difference.first:
            return None
        found = self.planned.difference
        return found.added, found.removed, found.corrected

    @property
    def findings(self) -> Iterator[Finding]:
        """All that is to be told: the doubts, then the bad rows and what cannot be built, each once with its
        first rows; and, where everything was looked at, what ignores nothing."""
        heard = self.heard()
        yield from heard.findings
        if self.rehearsal is not None:
            yield from heard.idle

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may not be meant, and is to be told."""
        return tuple(map(self._told, self.ignoring.kept(self.doubts)))

    def heard(self) -> Heard:
        """What was found, and what of it is ignored."""
        heard = self.ignoring.heard((*self.doubts, *self._of_rows()))
        return replace(heard, findings=tuple(map(self._told, heard.findings)))

    def _told(self, finding: Finding) -> Finding:
        return failing(finding) if self.fails_on_warnings else finding

    def _of_rows(self) -> Iterator[Finding]:
        if self.rehearsal is None:
            return
        file, rehearsal = self.campaign.recipients.shown, self.rehearsal
        for rule, groups, what, others in (
            (Rule.INVALID_ROW, rehearsal.invalid, "invalid: ", "that are invalid"),
            (Rule.DUPLICATE_ROW, rehearsal.duplicates, "duplicate: ", "that are duplicates"),
            (Rule.UNBUILDABLE_MESSAGE, rehearsal.failures, "", "that cannot be built"),
        ):
            yield from groups.findings(rule, file, partial(_words, what), others)

    def _is_fault(self, finding: Finding) -> bool:
        """Whether it is an error that is one only because it was asked for: bad rows may be tolerated."""
        return finding.severity == "error" and finding.rule not in _OF_ROWS

    @property
    def exit_code(self) -> int:
        """0 when all is well or tolerated, 1 with bad rows or messages that cannot be built; 2 with a warning
        for who asked for that, and where the DNS has an error of the sender's, or could not be asked."""
        if any(self._is_fault(finding) for finding in self.heard().findings):
            return 2
        bad = self.totals.get(Status.INVALID, 0)
        if self.rehearsal is not None:
            bad += self.rehearsal.failed
        elif self.planned is not None:
            bad += self.planned.failing.count
        tolerate = self.campaign.tolerate
        share = tolerate.share
        allowed = tolerate.count if share is None else share * (self.holders + bad) + 1e-9
        return 0 if bad <= allowed else 1


def _words(what: str, group: Group) -> str:
    return f"{group.who}: {what}{one_line(group.words, 500)}{group.where_if_many}"


def overview_of(
    job: Job, prepared: Prepared, allowance: Allowance, rehearsal: Rehearsal | None = None
) -> Overview:
    """The plan with the subjects of the first three messages."""
    first = _first(job, prepared)
    return Overview(
        campaign=job.campaign,
        route=_route(job, prepared, allowance),
        counts=prepared.counts,
        planned=prepared.planned,
        subjects=tuple(_subject(sample) for _, sample in first),
        shown_to=tuple(recipient.key for recipient, _ in first),
        attached=prepared.content.attachments,
        notices=prepared.notices,
        doubts=(
            *prepared.warnings,
            *_leftovers(prepared, rehearsal),
            *_of_messages(job, prepared, rehearsal, first),
        ),
        ignoring=ignoring_of(job.campaign, prepared.content.bundles),
        rehearsal=rehearsal,
        pictures=_shown_to_all(prepared.content),
        pictures_weight=_pictures_weight(prepared),
        own=_own(prepared.content),
        shows_some=shown_to_some(prepared.content),
        weight=prepared.weight,
        invitation=_invitation(prepared.content),
        versions=prepared.spread.axes,
        is_read=job.record.is_read,
        is_shared=job.options.join,
    )


def _shown_to_all(content: Content) -> tuple[Picture, ...]:
    """Those of all versions, each once."""
    found = (picture for texts in content.texts for picture in shown_to_all(texts))
    return tuple(dict.fromkeys(found))


def _pictures_weight(prepared: Prepared) -> Weight:
    sizes = [
        sum(encoded(len(picture.data)) for picture in shown_to_all(texts))
        for texts in prepared.content.texts
    ]
    of_texts = [axis.shares for axis in prepared.spread.axes if axis.what == TEXTS]
    if not of_texts:
        return Weight(sizes[0], sizes[0] * prepared.sendable)
    numbers = [share.number for share in of_texts[0]]
    return Weight(
        max(sizes), sum(size * number for size, number in zip(sizes, numbers, strict=True))
    )


def _own(content: Content) -> tuple[str, ...]:
    kinds = {
        "pictures": any(texts.own_pictures for texts in content.texts),
        "attachments": any(isinstance(file, OwnFile) for file in content.attachments),
        "invitations": isinstance(content.invite, OwnFile),
    }
    return tuple(kind for kind, there in kinds.items() if there)


def _invitation(content: Content) -> str | None:
    if content.invite is None:
        return None
    if isinstance(content.invite, OwnFile):
        return content.invite.pattern
    return listed(list(dict.fromkeys(one.entry for one in content.invitations)), _MOST_INVITATIONS)


def _route(job: Job, prepared: Prepared, allowance: Allowance) -> Route:
    profile, now = job.profile, job.now()
    is_sandbox = profile.name == "sandbox"
    gates = limits_of(job.campaign, allowance, job.edge.clock).gates
    return Route(
        server=server_of(profile) if is_sandbox else f"{profile.host}:{profile.port}",
        account=allowance.display_name,
        username=allowance.username,
        quotas=allowance.quotas(now),
        done_in=gates.forecast(prepared.sendable, now),
    )


def _leftovers(prepared: Prepared, rehearsal: Rehearsal | None) -> Iterator[Finding]:
    """A warning for each placeholder of another tool. Where every message was built it is known how many
    have it, and one that none has is none."""
    counted = iter(rehearsal.having) if rehearsal is not None else repeat(None)
    counts = prepared.counts
    messages = counts.sendable or counts.holders if rehearsal is None else rehearsal.built
    for one in prepared.placeholders.named:
        having = None if one.in_all else next(counted)
        if messages and having != 0:
            yield one.warning(messages, having)
    if messages:
        yield from prepared.placeholders.unnamed()


def _of_messages(
    job: Job,
    prepared: Prepared,
    rehearsal: Rehearsal | None,
    first: Sequence[tuple[Recipient, Sample]],
) -> Iterator[Finding]:
    """What is to be said of finished messages: of all where they were built, else of the first few."""
    if rehearsal is not None:
        traits, of = {**rehearsal.traits}, f"of {count(rehearsal.built, 'message')}"
        gaps = rehearsal.gaps
    else:
        traits, of, gaps = {}, f"of the first {count(len(first), 'message')}", Gaps()
        for recipient, sample in first:
            for trait in traits_of(sample):
                traits.setdefault(trait, Group("")).add(recipient.row, recipient.key)
    if any(one.is_ours for one in prepared.placeholders.named):  # it was said, with its place
        traits.pop((Rule.LEFTOVER_PLACEHOLDER.id, 0), None)
    # The column is what such a finding begins with.
    told = {one.message.partition(" ")[0] for one in prepared.warnings if one.rule == Rule.EMPTY_CELL.id}
    yield from findings(traits, of, prepared.content, job.campaign, gaps, told)


def _first(job: Job, prepared: Prepared) -> list[tuple[Recipient, Sample]]:
    """A few recipients with their messages, one of each version for as many as there are of them."""
    few = prepared.spread.few(len(prepared.samples)) or prepared.samples
    return samples(prepared.pool, few, job.now(), job.stop)


def _subject(sample: Sample) -> str:
    """Its beginning. The marks of right-to-left text have no shape: in a terminal they would show as
    something amiss."""
    return _DIRECTION.sub("", sample.parts.subject[:LONGEST_SUBJECT])
