"""What may not be meant, looked for before anything is sent: one function a rule, all of them in `DOUBTS`.

What an author wrote is looked at in `message.checks`, what only the rows can tell in this room. Each function
takes what it needs and gives warnings; what refuses a campaign is found in `people`, before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding
from sendbatch.ledger.store import People
from sendbatch.message.checks.alternatives import picture_alone, pictures_without_alt
from sendbatch.message.checks.attachments import doubtful_attachments, open_attachments
from sendbatch.message.checks.besides import doubtful_sources, lost_features, plain_features
from sendbatch.message.checks.disagreement import disagreeing_parts
from sendbatch.message.checks.encoding import unencoded_values
from sendbatch.message.checks.ignored import strange_remarks
from sendbatch.message.checks.leaving import doubtful_leaving
from sendbatch.message.checks.links import doubtful_links
from sendbatch.message.checks.pictures import doubtful_pictures
from sendbatch.message.checks.preheaders import doubtful_preheader
from sendbatch.message.checks.senders import free_mail, strange_bounces
from sendbatch.message.checks.structure.finding import unclosed_tags
from sendbatch.message.checks.styles import doubtful_styles
from sendbatch.message.checks.targets import doubtful_targets
from sendbatch.message.checks.widths import wide_pictures
from sendbatch.message.checks.wordless import bare_text_part
from sendbatch.message.content import Content
from sendbatch.message.dkim.declared import doubtful_keys
from sendbatch.message.invitations.by_version import lone_invitations
from sendbatch.message.invitations.doubts import doubtful_invitation
from sendbatch.message.markdown.checks import doubts as doubtful_markdown
from sendbatch.message.versions.files import lone_files
from sendbatch.planning.addresses import doubtful_addresses, many_invalid
from sendbatch.planning.conditions import bare_warnings, matching_nobody
from sendbatch.planning.empty import empty_cells, empty_in_conditions
from sendbatch.planning.keys import shared_addresses
from sendbatch.planning.unused import misspelt_names
from sendbatch.values import Recipient, Status

_SAMPLED = 100  # rows: what is wrong with a column is wrong with its first cells


class When(Enum):
    """A run that goes on with the same plan and content has said most of it, and does not say it again."""

    ALWAYS = auto()
    PLANNED = auto()  # where the plan was made anew, and where nothing will be sent
    CHANGED = auto()  # there, and where the content is another than in the last run
    LOOKING = auto()  # where nothing will be sent


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to look at: the campaign, and its plan with the columns and the rows by status."""

    campaign: Campaign
    content: Content
    people: People
    columns: tuple[str, ...]
    totals: Mapping[Status, int]
    most: int | None = None  # addresses that are looked at, where not all are

    @property
    def number(self) -> int:
        """How many get it, or have it."""
        return self.people.census()[1]

    def some_people(self) -> list[Recipient]:
        """The first of those who get it."""
        return [*islice(self.people.holders(), _SAMPLED)]


def _of_each(look: Callable[..., Iterable[Finding]], on: Sight, *more: object) -> Iterator[Finding]:
    """What is to be said of each version of the templates."""
    for version in on.content.by_texts:
        yield from look(version, *more)


# In the order in which they are said.
DOUBTS: tuple[tuple[When, Callable[[Sight], Iterable[Finding]]], ...] = (
    (When.ALWAYS, lambda on: matching_nobody(on.people, on.campaign, on.columns, on.totals)),
    (When.CHANGED, lambda on: bare_warnings(on.people, on.content, on.campaign, on.columns)),
    (When.CHANGED, lambda on: empty_cells(on.people, on.content, on.campaign, on.columns)),
    (When.CHANGED, lambda on: many_invalid(on.campaign, on.totals)),
    (When.CHANGED, lambda on: doubtful_addresses(on.people, on.campaign, on.most)),
    (When.CHANGED, lambda on: shared_addresses(on.people, on.campaign)),
    (When.CHANGED, lambda on: misspelt_names(on.content, on.campaign, on.columns)),
    (When.CHANGED, lambda on: lone_files(on.campaign, on.content.by_row)),
    (When.CHANGED, lambda on: lone_invitations(on.content, on.campaign)),
    (When.CHANGED, lambda on: strange_remarks(on.content)),
    (When.CHANGED, lambda on: _of_each(doubtful_sources, on)),
    (When.CHANGED, lambda on: _of_each(doubtful_pictures, on, on.columns)),
    (When.CHANGED, lambda on: _of_each(wide_pictures, on)),
    (When.CHANGED, lambda on: _of_each(doubtful_links, on, on.columns, on.some_people())),
    (When.CHANGED, lambda on: _of_each(pictures_without_alt, on)),
    (When.CHANGED, lambda on: _of_each(picture_alone, on, on.columns, on.some_people())),
    (When.CHANGED, lambda on: _of_each(unclosed_tags, on)),
    (When.CHANGED, lambda on: _of_each(doubtful_targets, on, on.columns)),
    (When.CHANGED, lambda on: _of_each(unencoded_values, on, on.campaign, on.columns, on.some_people())),
    (When.CHANGED, lambda on: _of_each(doubtful_styles, on)),
    (When.CHANGED, lambda on: lost_features(on.content, on.campaign.check)),
    (When.CHANGED, lambda on: doubtful_attachments(on.content, on.campaign)),
    (When.CHANGED, lambda on: _of_each(doubtful_invitation, on, on.campaign)),
    (When.CHANGED, lambda on: strange_bounces(on.content, on.campaign)),
    (When.CHANGED, lambda on: free_mail(on.content, on.campaign)),
    (When.CHANGED, lambda on: _of_each(disagreeing_parts, on)),
    (When.CHANGED, lambda on: _of_each(doubtful_leaving, on, on.campaign, on.columns, on.number)),
    (When.LOOKING, lambda on: empty_in_conditions(on.people, on.content, on.columns, on.totals)),
    (When.LOOKING, lambda on: open_attachments(on.content, on.campaign)),
    (When.LOOKING, lambda on: plain_features(on.content, on.campaign.check)),
    (When.LOOKING, lambda on: doubtful_keys(on.campaign.profile)),
    (When.PLANNED, lambda on: _of_each(bare_text_part, on)),
    (When.PLANNED, lambda on: _of_each(doubtful_markdown, on)),
    (When.PLANNED, lambda on: _of_each(doubtful_preheader, on, on.campaign)),
)


def doubts(sight: Sight, *, looking: bool, planned: bool, changed: bool) -> Iterator[Finding]:
    """All that is to be said now. `looking`: nothing will be sent; `planned`: the plan was made anew;
    `changed`: the content is another than in the last run."""
    due = {
        When.ALWAYS: True,
        When.PLANNED: looking or planned,
        When.CHANGED: looking or planned or changed,
        When.LOOKING: looking,
    }
    for when, look in DOUBTS:
        if due[when]:
            yield from dict.fromkeys(look(sight))
