"""An invitation for each version of the templates: `party.{{ locale }}.ics` beside `news.{{ locale }}.md`.

Each version has the file that its own values lead to: a template, read and looked at before any row is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sendbatch.campaign.language.paths import path_template
from sendbatch.campaign.model import Campaign, PathTemplate
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.errors import one_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.folders import inside
from sendbatch.message.invitations.reading import read_invitation
from sendbatch.message.versions.files import Files, names_fitting, written
from sendbatch.message.versions.names import filled
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled
from sendbatch.words import listed

_MOST_SHOWN = 5


def path_of(campaign: Campaign) -> PathTemplate | None:
    """The path of the invitation where it is chosen as the templates are: by nothing else than they are."""
    templates = campaign.templates.by_row.values()
    if not templates or not isinstance(campaign.invite, str):
        return None
    try:
        path = path_template(campaign.invite, campaign.folder)
    except Wrong:  # a file of a recipient's own may be named by more
        return None
    expressions = {one for template in templates for one in template.expressions}
    return path if expressions.issuperset(path.expressions) else None


def invitations(
    campaign: Campaign, path: PathTemplate, versions: Sequence[Files], findings: list[Finding]
) -> list[Bundle | None]:
    """That of each version; what is wrong is added to the findings."""
    read: dict[Path, Bundle | None] = {}
    found = []
    for version in versions:
        file = spelled(path.folder / filled(path, version.values))
        if file not in read:
            read[file] = _read(campaign, path, file, version, findings)
        found.append(read[file])
    return found


def lone_invitations(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning for those that no version of the templates has."""
    path = path_of(campaign)
    if path is None:
        return
    used = {bundle.paths[bundle.entry] for bundle in content.invitations}
    names = names_fitting(path)
    lone = [name for name in names if shown(spelled(path.folder / name)) not in used]
    if lone:
        has = "has" if len(lone) == 1 else "have"
        named = one_line(listed([written(path, name) for name in lone], _MOST_SHOWN), 500)
        others = ", ".join(one.written for one in campaign.templates.by_row.values())
        said = f"invite: {named} {has} no file of the same values for {others}"
        yield Rule.LONE_FILE.finding(said, campaign.places.get("invite"))


def _read(
    campaign: Campaign, path: PathTemplate, file: Path, version: Files, findings: list[Finding]
) -> Bundle | None:
    wrong, hint = problem(file), None
    if wrong is None and not any(inside(root, file) for root in (path.folder, campaign.folder)):
        wrong = "leads out of its folder by a link"
    if wrong is None:
        bundle, faults = read_invitation(campaign, file)
        findings += faults
        return bundle
    name = written(path, filled(path, version.values))
    if wrong == NO_SUCH_FILE:
        hint = f"add it: there is {one_line(' with '.join(version.names), 200)}"
    said = f"invite: {wrong}: {one_line(name, 200)}"
    findings.append(Rule.UNREADABLE_FILE.finding(said, campaign.places.get("invite"), hint))
    return None
