"""Reading: everything that a campaign's messages are made of, once, at the start.

Faults are gathered, so that a missing include and a missing attachment are told in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.campaign.written.mailboxes import MAILBOX_HEADERS, addresses_in
from sendbatch.errors import CampaignError
from sendbatch.findings import Finding, Rule
from sendbatch.message.bundling import read_bundle
from sendbatch.message.checks.besides import doubts_besides
from sendbatch.message.checks.wordless import wordless, wordless_markdown
from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile
from sendbatch.message.folders import near_name
from sendbatch.message.headers import wire_address
from sendbatch.message.layouts import (
    COLUMN,
    LINK_BELOW,
    USUAL_COLUMN,
    default_footer,
    default_layout,
)
from sendbatch.message.mailing import headers_added
from sendbatch.message.markdown.addresses import html_within, shown
from sendbatch.message.markdown.checks import faults
from sendbatch.message.mjml.reading import MJML, read_mjml, uncompiled
from sendbatch.message.offlimits import NOTHING, OffLimits, off_limits
from sendbatch.message.pictures.reading import Album
from sendbatch.message.preheader import with_preheader
from sendbatch.message.styles.inlining import has_styles
from sendbatch.message.styles.linked import Within, with_linked
from sendbatch.runtime.paths import problem, spelled

REPORTS = "reports"  # beside the campaign file: where records are, unless they are put elsewhere


def read_content(campaign: Campaign, records: Sequence[Path] = ()) -> Content:
    """Read templates with all they include, and the attachments that everybody gets. `records` are
    the folders of its records: no recipient's attachment may come from there.

    Raises CampaignError with all findings: files missing, unreadable, empty, not UTF-8, outside the
    campaign's and templates' folders, or not templates; and with what is doubtful besides.
    """
    findings: list[Finding] = []
    html = _bundle(campaign, "html", campaign.templates.html, findings)
    html = _styled(campaign, html, findings)
    text = _bundle(campaign, "text", campaign.templates.text, findings)
    markdown = _bundle(campaign, "markdown", campaign.templates.markdown, findings)
    markdown = _styled(campaign, markdown, findings, html_within)
    layout, footer = around(campaign, findings) if markdown is not None else (None, None)
    layout = _styled(campaign, layout, findings)
    is_read = not findings
    if markdown is None and html is None and text is None and not findings:
        place = campaign.places.get("templates")
        findings.append(Rule.NO_TEMPLATE.finding("templates: there is none", place))
    if html is not None and campaign.templates.text is None and not findings:
        findings += filter(None, (wordless(html),))
    if markdown is not None and campaign.templates.text is None and not findings:
        findings += filter(None, (wordless_markdown(markdown),))
    if markdown is not None and layout is not None and not findings:
        findings += faults(markdown, layout)
    read_by = _read_by(campaign, (html, text, markdown, layout))
    limits = off_limits(read_by, (campaign.folder / REPORTS, *records))
    album = _album(campaign, limits, markdown)
    html = album.put_into(html) if html is not None else None
    layout = album.put_into(layout) if layout is not None else None
    markdown = album.put_into(markdown, shown) if markdown is not None else None
    findings += album.findings
    attachments = _attachments(campaign, limits, findings)
    _check_addresses(campaign, findings)
    is_refused = any(finding.severity == "error" for finding in findings)
    idempotency = campaign.profile.idempotency
    if campaign.preheader is not None and not is_refused:
        html, layout = (
            with_preheader(bundle, campaign.preheader) if bundle is not None else None
            for bundle in (html, layout)
        )
    content = Content(
        subject=campaign.subject,
        sender=campaign.sender,
        bounces_to=campaign.bounces_to,
        html=html,
        text=text,
        reply_to=tuple(campaign.reply_to),
        headers=tuple(campaign.headers.items()),
        recipient_name=campaign.recipients.name,
        unsubscribe=campaign.unsubscribe,
        attachments=attachments,
        variables=dict(campaign.variables),
        idempotency_header=idempotency.header if idempotency else None,
        preheader=campaign.preheader,
        markdown=markdown,
        layout=layout,
        footer=footer if text is None else None,
        inlines_css=campaign.inline_css and any(map(_has_styles, (html, markdown, layout))),
        added_headers=() if is_refused else headers_added(campaign),
        pictures=album.pictures,
        own_pictures=tuple(album.own),
    )
    if is_refused:
        besides = doubts_besides(content) if is_read else ()
        raise CampaignError([*findings, *album.left, *besides])
    return content


def around(campaign: Campaign, findings: list[Finding]) -> tuple[Bundle | None, Bundle | None]:
    """The layout of Markdown, and the footer of the text that is made of it."""
    own = campaign.templates.layout
    if own is not None:
        return _bundle(campaign, "layout", own, findings), LINK_BELOW
    return default_layout(), default_footer()


def _album(campaign: Campaign, limits: OffLimits, markdown: Bundle | None) -> Album:
    try:
        domain = ascii_domain(campaign.sender.address.rpartition("@")[2])
    except ValueError:  # the address is refused for it
        domain = "invalid"
    widest = None
    if markdown is not None:
        widest = COLUMN if campaign.templates.layout is None else USUAL_COLUMN
    return Album(campaign.folder, _allowed(campaign), domain, limits, widest)


def _bundle(
    campaign: Campaign, kind: str, path: Path | None, findings: list[Finding]
) -> Bundle | None:
    if path is None:
        return None
    where = f"templates.{kind}"
    read = read_mjml if path.suffix.lower() == MJML else read_bundle
    bundle, found = read(
        path,
        search=[path.parent, campaign.folder],
        allowed=_allowed(campaign),
        what=where,
        place=campaign.places.get(where),
    )
    findings += found
    findings += uncompiled(bundle) if bundle is not None else ()
    return bundle


def _allowed(campaign: Campaign) -> list[Path]:
    """The folders within which templates and what they name have to be."""
    templates = campaign.templates
    named = (templates.html, templates.text, templates.markdown, templates.layout)
    return [campaign.folder, *(file.parent for file in named if file)]


def _styled(
    campaign: Campaign, bundle: Bundle | None, findings: list[Finding], within: Within = str
) -> Bundle | None:
    """With the style sheets that it names."""
    if bundle is None:
        return None
    search, allowed = [campaign.folder], _allowed(campaign)
    bundle, found = with_linked(bundle, within, search=search, allowed=allowed)
    findings += found
    return bundle


def _has_styles(html: Bundle | None) -> bool:
    if html is None or html.keeps_styles:
        return False
    return any(map(has_styles, html.sources.values()))


def _read_by(campaign: Campaign, bundles: Sequence[Bundle | None]) -> Iterator[Path]:
    """All that the campaign is made from, but for the files that everybody gets."""
    yield from campaign.sources
    yield from (Path(path) for bundle in bundles if bundle for path in bundle.paths.values())
    if campaign.profile.usage is not None:
        yield campaign.profile.usage


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
