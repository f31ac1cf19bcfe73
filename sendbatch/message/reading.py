"""Reading: everything that a campaign's messages are made of, once, at the start.

Faults are gathered, so that a missing include and a missing attachment are told in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.model import VARIANT, Campaign, Json
from sendbatch.campaign.written.mailboxes import MAILBOX_HEADERS, addresses_in
from sendbatch.errors import CampaignError
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.besides import doubts_besides
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile, Texts, TextsByRow
from sendbatch.message.folders import near_name
from sendbatch.message.headers import wire_address
from sendbatch.message.invitations.by_version import invitations, path_of
from sendbatch.message.invitations.reading import read_invitation
from sendbatch.message.mailing import headers_added
from sendbatch.message.offlimits import NOTHING, OffLimits, off_limits
from sendbatch.message.texts import Bundles, Reading, fatal
from sendbatch.message.variants import Variants
from sendbatch.message.versions.files import EVERYBODY, Files, shown_names, versions_of
from sendbatch.runtime.paths import problem, spelled

REPORTS = "reports"  # beside the campaign file: where records are, unless they are put elsewhere


def read_content(
    campaign: Campaign, records: Sequence[Path] = (), keys: Sequence[Path] = ()
) -> Content:
    """Read templates with all they include, and the attachments that everybody gets. `records` are
    the folders of its records: no recipient's attachment may come from there. `keys` are the files of private
    keys: nothing that is sent is made of one.

    Raises CampaignError with all findings: files missing, unreadable, empty, not UTF-8, outside the
    campaign's and templates' folders, or not templates; and with what is doubtful besides.
    """
    findings: list[Finding] = []
    reading = Reading(campaign, findings)
    versions = versions_of(campaign, findings) if campaign.templates.by_row else [EVERYBODY]
    bundles = _bundles(campaign, versions, reading, findings)
    limits = off_limits(
        (*_read_by(campaign, bundles), *keys), (campaign.folder / REPORTS, *records)
    )
    texts = [
        reading.texts(name, read, limits)
        for name, read in zip(shown_names(campaign, versions), bundles, strict=True)
    ]
    attachments = _attachments(campaign, limits, findings)
    texts = _with_invitations(campaign, versions, texts, findings)
    invite = _invite(campaign, limits, findings)
    invites = [invite, *(one.invite for one in texts)]
    findings += _of_secrets(campaign, bundles, invites, off_limits(keys, ()))
    _check_addresses(campaign, findings)
    read = [one for version in bundles for one in version if one is not None]
    ignoring = ignoring_of(campaign, [*read, *(one for text in texts for one in text.bundles)])
    findings = ignoring.kept(dict.fromkeys(findings))
    if not texts:
        raise CampaignError(findings)
    is_refused = fatal(findings)
    added = () if is_refused else headers_added(campaign)
    content = _content(
        campaign, _by_row(campaign, versions, texts), texts[0], attachments, invite, added
    )
    if is_refused:
        besides = doubts_besides(content, campaign.check) if reading.is_read else ()
        others = ignoring.kept([*reading.left, *besides])
        raise CampaignError(list(dict.fromkeys([*findings, *others])))
    return content


def _bundles(
    campaign: Campaign, versions: Sequence[Files], reading: Reading, findings: list[Finding]
) -> list[Bundles]:
    """The templates of each version; there has to be one."""
    bundles = [reading.bundles(version) for version in versions]
    if not any(map(any, bundles)) and not findings:
        place = campaign.places.get("templates")
        findings.append(Rule.NO_TEMPLATE.finding("templates: there is none", place))
    return bundles


def _content(
    campaign: Campaign,
    by_row: TextsByRow | None,
    first: Texts,
    attachments: tuple[SharedFile | OwnFile, ...],
    invite: Bundle | OwnFile | None,
    added: tuple[tuple[str, str], ...],
) -> Content:
    idempotency = campaign.profile.idempotency
    return Content(
        subject=campaign.subject,
        sender=campaign.sender,
        bounces_to=campaign.bounces_to,
        **{"invite": invite, **first.fields},
        reply_to=tuple(campaign.reply_to),
        headers=tuple(campaign.headers.items()),
        recipient_name=campaign.recipients.name,
        unsubscribe=campaign.unsubscribe,
        attachments=attachments,
        variables=_variables(campaign),
        idempotency_header=idempotency.header if idempotency else None,
        preheader=campaign.preheader,
        added_headers=added,
        by_row=by_row,
        senders=campaign.senders,
        redirect_to=campaign.profile.redirect_to,
        variants=Variants(campaign.name, campaign.subjects) if campaign.subjects else None,
    )


def _variables(campaign: Campaign) -> dict[str, Json]:
    """With the name of the first variant, where there are several: each has its own."""
    own: dict[str, Json] = {VARIANT: "A"} if campaign.subjects else {}
    return {**campaign.variables, **own}


def _by_row(
    campaign: Campaign, versions: Sequence[Files], texts: Sequence[Texts]
) -> TextsByRow | None:
    templates = campaign.templates
    if not templates.by_row:
        return None
    numbers = {version.names: number for number, version in enumerate(versions)}
    return TextsByRow(templates.by_row, templates.fallback, numbers, tuple(texts))


def _read_by(campaign: Campaign, versions: Sequence[Bundles]) -> Iterator[Path]:
    """All that the campaign is made from, but for the files that everybody gets."""
    yield from campaign.sources
    bundles = [bundle for version in versions for bundle in version if bundle is not None]
    yield from dict.fromkeys(Path(path) for bundle in bundles for path in bundle.paths.values())
    if campaign.profile.usage is not None:
        yield campaign.profile.usage


def _of_secrets(
    campaign: Campaign,
    versions: Sequence[Bundles],
    invites: Sequence[Bundle | OwnFile | None],
    keys: OffLimits,
) -> Iterator[Finding]:
    """One for each place where the author's own words send a private key, or a `.env`, to everybody."""
    written = [
        ("attachments", f"attachments.{number}.file", campaign.folder / one.file)
        for number, one in enumerate(campaign.attachments)
        if not is_template(one.file)
    ]
    bundles = [("templates", one) for version in versions for one in version]
    bundles += [("invite", invite) for invite in invites if isinstance(invite, Bundle)]
    written += [
        (key, key, Path(path))
        for key, bundle in bundles
        if bundle is not None
        for path in bundle.paths.values()
    ]
    for key, place, path in dict.fromkeys(written):
        is_key = keys.leads_to(path)
        if is_key or path.name == ".env":
            what = "a private key, which signs mail and" if is_key else "a file of secrets, which"
            said = f"{key}: {what} is nobody's to have: {path.name}"
            hint = "take it out: everybody would get it"
            yield Rule.WRONG_VALUE.finding(said, campaign.places.get(place), hint)


def _attachments(
    campaign: Campaign, limits: OffLimits, findings: list[Finding]
) -> tuple[SharedFile | OwnFile, ...]:
    found: list[SharedFile | OwnFile] = []
    for number, one in enumerate(campaign.attachments):
        written = one.file
        if is_template(written):
            own = own_file(written, campaign.folder, limits)
            found.append(replace(own, missing=one.missing, saved_as=one.name, media_type=one.type))
            continue
        path = spelled(campaign.folder / written)
        wrong = problem(path)
        if wrong is None:
            try:
                found.append(SharedFile(path.name, path.read_bytes(), one.name, one.type))
            except OSError as error:
                wrong = f"cannot be read ({error.strerror})"
        if wrong is not None:
            place = campaign.places.get(f"attachments.{number}.file")
            findings.append(
                Rule.UNREADABLE_FILE.finding(
                    f"attachments: {wrong}: {written}", place, _near(path, written)
                )
            )
    return tuple(found)


def _with_invitations(
    campaign: Campaign, versions: Sequence[Files], texts: list[Texts], findings: list[Finding]
) -> list[Texts]:
    """Each with its own, where that is chosen as templates are."""
    if (path := path_of(campaign)) is None:
        return texts
    invites = invitations(campaign, path, versions, findings)
    return [replace(one, invite=own) for one, own in zip(texts, invites, strict=True)]


def _invite(
    campaign: Campaign, limits: OffLimits, findings: list[Finding]
) -> Bundle | OwnFile | None:
    """The one of all, or the path of each recipient's own."""
    if campaign.invite is None or path_of(campaign) is not None:
        return None
    if isinstance(campaign.invite, str):
        return own_file(campaign.invite, campaign.folder, limits)
    bundle, found = read_invitation(campaign, campaign.invite)
    findings += found
    return bundle


def own_file(pattern: str, base: Path, limits: OffLimits = NOTHING) -> OwnFile:
    """The folder is what stands before the first tag, up to its last slash: the author's part."""
    start = min(at for at in map(pattern.find, ("{{", "{%", "{#")) if at >= 0)
    cut = pattern.rfind("/", 0, start) + 1
    return OwnFile(pattern, base / pattern[:cut], pattern[cut:], limits)


def _near(path: Path, written: str) -> str | None:
    if not path.parent.is_dir() or path.exists():
        return None
    near = near_name(path.name, [path.parent])
    return f"did you mean {Path(written).parent / near}?" if near else None


def _check_addresses(campaign: Campaign, findings: list[Finding]) -> None:
    """Every message bears them: a domain that has no A-labels would fail each row."""
    declared = [("from", campaign.sender.address), ("bounces_to", campaign.bounces_to)]
    if campaign.senders is not None:
        boxes = enumerate(campaign.senders.boxes)
        declared = [(f"senders.{number}", box.address) for number, box in boxes]
        if not campaign.senders.take_bounces:
            declared.append(("bounces_to", campaign.bounces_to))
    declared += [("reply_to", box.address) for box in campaign.reply_to]
    for name, value in campaign.headers.items():
        if name.lower() in MAILBOX_HEADERS and not is_template(value):
            declared += [(f"headers.{name}", address) for address in addresses_in(value)]
    for what, address in declared:
        try:
            wire_address(address)
        except ValueError as error:
            findings.append(
                Rule.UNUSABLE_ADDRESS.finding(
                    f"{what}: {error}: {address}", campaign.places.get(what)
                )
            )
