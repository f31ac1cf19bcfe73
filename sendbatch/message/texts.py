"""What comes of a campaign's template files: one version of them, or several.

Order of what is put into the author's sources: style sheets, then pictures (which also sees these), then the
preheader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sendbatch import words
from sendbatch.campaign.language.environment import names_in
from sendbatch.campaign.language.paths import as_printed
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.findings import Finding, Rule
from sendbatch.message.bundling import read_bundle
from sendbatch.message.checks.pictures import too_much_for_all
from sendbatch.message.checks.wordless import wordless, wordless_markdown
from sendbatch.message.content import Bundle, Picture, Texts
from sendbatch.message.layouts import (
    COLUMN,
    LINK_BELOW,
    USUAL_COLUMN,
    default_footer,
    default_layout,
)
from sendbatch.message.markdown.addresses import html_within, shown
from sendbatch.message.markdown.checks import faults
from sendbatch.message.mjml.reading import MJML, read_mjml, uncompiled
from sendbatch.message.offlimits import OffLimits
from sendbatch.message.pictures.reading import Album
from sendbatch.message.preheader import with_preheader
from sendbatch.message.styles.inlining import has_styles
from sendbatch.message.styles.linked import Within, with_linked
from sendbatch.message.versions.files import Files

# Where style sheets are named, by the key of a template: what of its source is HTML.
_STYLED: Mapping[str, Within] = {"html": str, "layout": str, "markdown": html_within}

MOST_PICTURES = 50_000_000  # bytes of those of all versions together
_OF_LANGUAGES = {"lang", "language", "locale"}  # columns
_TAG = re.compile("[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", re.ASCII)  # RFC 5646, or a locale's name


class Bundles(NamedTuple):
    """Those of one version, before pictures and the preheader are put in."""

    html: Bundle | None
    text: Bundle | None
    markdown: Bundle | None
    layout: Bundle | None
    footer: Bundle | None


class Reading:
    """The templates of one campaign. A file that is in several versions is read once."""

    def __init__(self, campaign: Campaign, findings: list[Finding]) -> None:
        self._campaign, self._findings = campaign, findings
        self._read: dict[tuple[str, Path], Bundle | None] = {}
        self._pictures: dict[Picture, Picture] = {}
        self.is_read = True  # all of it, whatever else is wrong with it
        # What would be found later, to be told with what is found now.
        self.left: list[Finding] = []

    def bundles(self, version: Files) -> Bundles:
        campaign, findings = self._campaign, self._findings
        before = len(findings)
        html, text = self._bundle("html", version), self._bundle("text", version)
        markdown, layout, footer = self._bundle("markdown", version), None, None
        if markdown is not None and campaign.templates.layout is not None:
            layout, footer = self._bundle("layout", version), LINK_BELOW
        elif markdown is not None:
            layout, footer = default_layout(self._language(version)), default_footer()
        self.is_read &= len(findings) == before
        if len(findings) == before:
            if html is not None and text is None:
                findings += filter(None, (wordless(html),))
            if markdown is not None and text is None:
                findings += filter(None, (wordless_markdown(markdown),))
            if markdown is not None and layout is not None:
                findings += faults(markdown, layout)
        return Bundles(html, text, markdown, layout, footer if text is None else None)

    def texts(self, name: str, read: Bundles, limits: OffLimits) -> Texts:
        """The version of these bundles, as it is sent."""
        campaign = self._campaign
        album = _album(campaign, limits, read.markdown)
        html = album.put_into(read.html) if read.html is not None else None
        layout = album.put_into(read.layout) if read.layout is not None else None
        markdown = album.put_into(read.markdown, shown) if read.markdown is not None else None
        self._findings += album.findings
        self.left += album.left
        if campaign.preheader is not None and not fatal(self._findings):
            html, layout = (
                with_preheader(bundle, campaign.preheader) if bundle is not None else None
                for bundle in (html, layout)
            )
        self._hold_pictures(album)
        texts = Texts(
            name=name,
            html=html,
            text=read.text,
            markdown=markdown,
            layout=layout,
            footer=read.footer,
            pictures=tuple(self._pictures.get(one, one) for one in album.pictures),
            own_pictures=tuple(album.own),
            inlines_css=campaign.inline_css and any(map(_has_styles, (html, markdown, layout))),
        )
        if not fatal(self._findings):
            self._findings += too_much_for_all(texts)
        return texts

    def _hold_pictures(self, album: Album) -> None:
        """Those that several versions show are one."""
        for one in album.pictures:
            self._pictures.setdefault(one, one)
        size = sum(len(one.data) for one in self._pictures)
        if size > MOST_PICTURES and not fatal(self._findings):
            said = f"templates: the pictures of all versions have more than {words.size(MOST_PICTURES)}"
            hint = "make them smaller, or put them on a web server and write https://…"
            place = self._campaign.places.get("templates")
            self._findings.append(Rule.UNUSABLE_PICTURE.finding(said, place, hint))
            self._pictures.clear()

    def _language(self, version: Files) -> str | None:
        """That of a version whose files are chosen by it, where the campaign does not say it itself."""
        if "lang" in self._campaign.variables:
            return None
        for expression, value in version.values.items():
            names = names_in(as_printed(expression))
            if len(names) == 1 and names <= _OF_LANGUAGES and _TAG.fullmatch(value):
                return value.replace("_", "-")
        return None

    def _bundle(self, key: str, version: Files) -> Bundle | None:
        path = version.paths.get(key) or self._campaign.templates.files.get(key)
        if not isinstance(path, Path):  # there is none, or no version of it
            return None
        if (key, path) not in self._read:
            bundle = _bundle(self._campaign, key, path, self._findings)
            if (within := _STYLED.get(key)) is not None:
                bundle = _styled(self._campaign, bundle, self._findings, within)
            self._read[key, path] = bundle
        return self._read[key, path]


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
    if bundle is None:
        return None
    findings += uncompiled(bundle)
    return replace(bundle, doubts=tuple(one for one in found if one.severity != "error"))


def _allowed(campaign: Campaign) -> list[Path]:
    """The folders within which templates and what they name have to be."""
    named = campaign.templates.files.values()
    folders = [file.parent if isinstance(file, Path) else file.folder for file in named]
    return [campaign.folder, *folders]


def _styled(
    campaign: Campaign, bundle: Bundle | None, findings: list[Finding], within: Within
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


def fatal(findings: Sequence[Finding]) -> bool:
    """Whether nothing can be sent with what was found."""
    return any(finding.severity == "error" for finding in findings)
