"""The campaign's CSV, opened, and the rules over it: all that is wrong with either told in one go.

What is no text in a file hides no other fault, and no other fault hides that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sendbatch.audience.columns import clashing
from sendbatch.audience.lines import unreadable
from sendbatch.audience.reading import Format, Table, open_table
from sendbatch.audience.rules import Rules, make_rules, plan_columns
from sendbatch.campaign.model import Campaign
from sendbatch.errors import AudienceError, CampaignError
from sendbatch.findings import Finding
from sendbatch.message.checks.besides import doubts_besides
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.message.checks.names import check_names, names_used
from sendbatch.message.checks.pictures import broken_pictures
from sendbatch.message.content import Content
from sendbatch.planning.unused import unused_defaults, unused_settings, used_by

UNKNOWN = "\ufffd"  # a character that could not be read


def open_people(
    campaign: Campaign, content: Content, heed: Callable[[], None], *, as_before: bool
) -> Table:
    """Raises AudienceError with all that is wrong besides, where the CSV cannot be read. `as_before` is as
    in `Format`."""
    recipients = campaign.recipients
    place = campaign.places.get("recipients.file")
    form = Format(
        recipients.delimiter,
        recipients.skip_lines,
        (recipients.email,),
        as_before=as_before,
        columns=recipients.columns,
    )
    try:
        return open_table(recipients.file, recipients.encoding, place, heed, form)
    except AudienceError as error:
        findings = [*error.findings, *unreadable(_lists(campaign), heed)]
        with (
            contextlib.suppress(AudienceError),
            open_table(
                recipients.file, recipients.encoding, None, heed, form, lenient=True
            ) as table,
        ):
            findings += _findings(campaign, content, table)
        raise AudienceError(findings) from None


def rules_of(campaign: Campaign, content: Content, table: Table, heed: Callable[[], None]) -> Rules:
    """Raises CampaignError with what is wrong with the rules, with the content's names, with what is no text
    further on in the CSV, and with what is doubtful besides."""
    if findings := _findings(campaign, content, table):
        columns = plan_columns(campaign, table.columns)
        ignoring = ignoring_of(campaign, content.bundles)
        besides = doubts_besides(content, campaign.check, (*columns, *table.clashes))
        raise CampaignError([*findings, *no_text(campaign, heed), *ignoring.kept(besides)])
    return make_rules(campaign, table.columns, table.names, table.clashes)


def no_text(campaign: Campaign, heed: Callable[[], None]) -> list[Finding]:
    """What is no text in the CSV and the suppression lists."""
    recipients = campaign.recipients
    return unreadable([(recipients.file, recipients.encoding), *_lists(campaign)], heed)


def refused_content(
    content: Content, campaign: Campaign, columns: Iterable[str], clashes: Mapping[str, Finding]
) -> list[Finding]:
    """What is wrong with the names that the content uses (unknown ones, and those of two columns), with its
    pictures, and with what --set names."""
    columns = (*columns, *clashes)
    findings = check_names(content, campaign, columns)
    for version in content.by_texts:
        findings += broken_pictures(version, columns)
    findings += clashing(clashes, names_used(content))
    if campaign.overrides:
        findings += unused_settings(campaign, used_by(content, campaign), columns)
    return findings


def _findings(campaign: Campaign, content: Content, table: Table) -> list[Finding]:
    columns = plan_columns(campaign, table.columns)
    if any(UNKNOWN in name for name in table.names.values()):
        # A column whose name cannot be read may be any of those that are used.
        return check_names(content, campaign, (*columns, *table.clashes, *names_used(content)))
    findings: list[Finding] = []
    try:
        make_rules(campaign, table.columns, table.names, table.clashes)
    except CampaignError as error:
        findings += error.findings
    findings += refused_content(content, campaign, columns, table.clashes)
    in_csv = (*table.columns, *table.clashes)
    findings += unused_defaults(campaign, used_by(content, campaign), in_csv)
    return list(dict.fromkeys(findings))


def _lists(campaign: Campaign) -> list[tuple[Path, str]]:
    return [(one.file, one.encoding) for one in campaign.suppress]
