"""Style sheets that templates link to, read with them: each stands where its `<link>` stood, as a `<style>`.

Their files are confined as all files of a campaign are. What is on a web server stays as it is: few programs
load it, and it is said (`checks.styles`).
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from sendbatch.errors import Place, one_line
from sendbatch.errors import shown as shown_path
from sendbatch.findings import Finding, Remark, Rule
from sendbatch.message.content import Bundle
from sendbatch.message.folders import OUTSIDE, Refused, file_named, near_name
from sendbatch.message.insertions import (
    inserted,
    is_inserted,
    put_in,
    put_instead,
    text_within,
    with_text,
)
from sendbatch.message.markup import Tag, start_tag_end, tags
from sendbatch.message.remarks import without_remarks
from sendbatch.message.source import BLOCK, VALUE, at_offset, blank, constants
from sendbatch.message.styles.css import END_TAG, imports
from sendbatch.runtime.paths import NO_SUCH_FILE

_LARGEST = 1_000_000  # bytes of a style sheet; Gmail drops a message's beyond 16 KB
_NAME = "style sheet {}"
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:|//|#)", re.IGNORECASE)
_TAG = re.compile(f"[{VALUE}{BLOCK}]")
_END_STYLE = re.compile(r"</style", re.IGNORECASE)
_CHARSET = re.compile(r"@charset\s+(?:\"[^\"\n]*\"|'[^'\n]*')\s*;", re.IGNORECASE)
_BESIDE = "copy it beside the template, and link to that; a symbolic link leads out too"
_RELATIVE = "a path is relative to the template that links to it"
_COPY = "write the rules of that sheet here instead: no program for mail loads it"


@dataclass(frozen=True, slots=True)
class Link:
    """A `<link>` to a style sheet, in the template of that name: its address as it is written, with the tags
    in it hidden."""

    template: str
    tag: Tag
    href: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is no file."""
        return _ELSEWHERE.match(self.href) is not None and not self.href.lower().startswith("file:")


# What of a source is HTML, where it stands: all of it, where nothing else is said.
Within: TypeAlias = Callable[[str], str]


def links(bundle: Bundle, within: Within = str) -> list[Link]:
    """All of them, but for alternate ones, which nobody sees."""
    found = []
    for name, source in bundle.sources.items():
        if is_inserted(name) or "<link" not in source.lower():
            continue
        for tag in tags(within(constants(source))):
            words = tag.attributes.get("rel", "").lower().split()
            if tag.name == "link" and "stylesheet" in words and "alternate" not in words:
                found.append(Link(name, tag, tag.attributes.get("href", "").strip()))
    return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rules of a `<style>`, or of a file, as they are written at `start` of `whole`, the file at `path`.
    What templates fill in is hidden."""

    css: str
    path: str
    whole: str
    start: int

    def place(self, at: int) -> Place:
        """Of one character of the rules."""
        return at_offset(self.path, self.whole, self.start + at)


def sheets(bundle: Bundle, within: Within = str) -> Iterator[Sheet]:
    """All that its author wrote."""
    for name, source in bundle.sources.items():
        path = bundle.paths[name]
        if is_inserted(name):
            if (css := text_within(source)) is not None:
                yield Sheet(css, path, css, 0)
        elif "<style" in source.lower():
            written = within(constants(source))
            for tag in tags(written):
                if tag.name == "style" and not tag.is_end:
                    start = start_tag_end(written, tag)
                    css = END_TAG.sub("", written[start : tag.end])
                    yield Sheet(css, path, source, start)


def with_linked(
    bundle: Bundle, within: Within = str, *, search: Sequence[Path], allowed: Sequence[Path]
) -> tuple[Bundle, list[Finding]]:
    """The bundle with each file that it links to as a `<style>`, and what is wrong with any, or with a sheet
    that asks for another. In a text that is not HTML as a whole, a link is a line of its own: there alone the
    rules are left as they are."""
    reading = _Reading(bundle, search, allowed)
    for link in reversed(links(bundle, within)):
        if not link.is_elsewhere:
            reading.take(link, is_line=within is not str)
    importing = [
        _import(sheet.place(at)) for sheet in sheets(bundle, within) for at in imports(sheet.css)
    ]
    return reading.made(), [*reading.findings[::-1], *importing]


def _import(place: Place) -> Finding:
    return Rule.CSS_IMPORT.finding("@import: another style sheet is asked for", place, _COPY)


class _Reading:
    """What was read so far. Links are taken from the last to the first of a template: what is put in moves
    nothing that is still to come."""

    def __init__(self, bundle: Bundle, search: Sequence[Path], allowed: Sequence[Path]) -> None:
        self._bundle, self._search, self._allowed = bundle, search, allowed
        self._sources, self._paths = dict(bundle.sources), dict(bundle.paths)
        self._names: dict[tuple[Path, str], str] = {}
        self._remarks: list[Remark] = []
        self.findings: list[Finding] = []

    def made(self) -> Bundle:
        remarks = (*self._bundle.remarks, *self._remarks)
        return replace(self._bundle, sources=self._sources, paths=self._paths, remarks=remarks)

    def take(self, link: Link, *, is_line: bool) -> None:
        """Read what it names, and put it in its place. `is_line`: it has to be a line of its own."""
        attributes = link.tag.attributes
        media = attributes.get("media", "")
        if _TAG.search(link.href + media):
            what = "name" if _TAG.search(link.href) else "media"
            said = f"a style sheet whose {what} is computed: all content is read at the start"
            hint = f"write the {what} out, within an if: {{% if … %}}<link …>{{% endif %}}"
            self._blame(link, said, hint)
            return
        path = self._found(link)
        if path is None:
            return
        if is_line and not self._is_line(link):
            said = "a link to a style sheet within other text: its rules would be read as text"
            self._blame(link, said, "write it on a line of its own, at the beginning of the line")
            return
        kept = attributes.get("data-css-inline", "")
        attribute = f' media="{html.escape(media)}"' if media else ""
        attribute += f' data-css-inline="{html.escape(kept)}"' if kept else ""
        name = self._names.get((path, attribute))
        if name is None:
            css = self._css(path)
            if css is None:
                return
            name = self._names[path, attribute] = _NAME.format(len(self._names) + 1)
            source = with_text(f"<style{attribute}>", css, "</style>")
            self._sources[inserted(name)] = source
            self._paths[inserted(name)] = shown_path(path)
        self._put(link, name)

    def _is_line(self, link: Link) -> bool:
        """Whether nothing but tags of the template stands on its line before it and behind it."""
        hidden = constants(self._bundle.sources[link.template])
        begun = hidden.rfind("\n", 0, link.tag.start) + 1
        behind = hidden[link.tag.end :].partition("\n")[0]
        return not hidden[begun : link.tag.start].strip(BLOCK) and not behind.strip(BLOCK + " \t\r")

    def _put(self, link: Link, name: str) -> None:
        source = self._sources[link.template]
        start, end = link.tag.start, link.tag.end
        written = slice(start, start + 1)
        original = self._bundle.sources[link.template]
        in_raw = constants(original, raw=False)[written] != constants(original)[written]
        if in_raw:
            source = source[:start] + blank(source[start:end]) + source[end:]
            self._sources[link.template] = put_in(source, start, name, in_raw=True)
        else:
            tag = put_in("", 0, name)
            self._sources[link.template] = put_instead(source, start, end, tag)

    def _found(self, link: Link) -> Path | None:
        """The file, if it may be read; else a finding says why not."""
        href = link.href
        if not href:
            self._blame(
                link, "a style sheet without a name: href is missing", 'write href="style.css"'
            )
            return None
        name = unquote(re.split("[?#]", href, maxsplit=1)[0])
        shown, is_url = one_line(href, 200), href.lower().startswith("file:")
        here = Path(self._place(link).file).parent
        try:
            if is_url:
                raise Refused(OUTSIDE)
            path = file_named(name, (here, *self._search), self._allowed)
        except Refused as wrong:
            what_to_do = _RELATIVE if is_url or os.path.isabs(name) else _BESIDE
            hint = what_to_do if str(wrong) == OUTSIDE else ""
            self._blame(link, f"style sheet: {wrong}: {shown}", hint)
            return None
        if path is not None:
            return path
        near = near_name(name, [here, *self._search])
        hint = f"did you mean {near}?" if near and near.lower().endswith(".css") else ""
        self._blame(link, f"style sheet: {NO_SUCH_FILE}: {shown}", hint)
        return None

    def _css(self, path: Path) -> str | None:
        """The rules in it; None where a finding says what is wrong."""
        shown = shown_path(path)
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            said = f"{shown}: cannot be read ({error.strerror})"
            self.findings.append(Rule.UNREADABLE_FILE.finding(said))
            return None
        if len(data) > _LARGEST:
            said = "larger than 1 MB: no style sheet of a mail"
            self.findings.append(Rule.FILE_TOO_LARGE.finding(said, Place(shown)))
            return None
        try:
            css = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            readable = data.decode("utf-8", "replace")
            place = at_offset(shown, readable, len(data[: error.start].decode("utf-8", "replace")))
            self.findings.append(
                Rule.NOT_UTF_8.finding("not UTF-8", place, "save the file as UTF-8")
            )
            return None
        css, remarks = without_remarks(css, shown, keeps_lines=True)
        self._remarks += remarks
        wrong = [_import(at_offset(shown, css, at)) for at in imports(css)]
        if (ended := _END_STYLE.search(css)) is not None:
            place = at_offset(shown, css, ended.start())
            said = "</style in a style sheet ends it: what follows would be shown"
            wrong.append(Rule.UNUSABLE_STYLE_SHEET.finding(said, place, "leave the tag out"))
        self.findings += wrong[::-1]
        charset = _CHARSET.match(css)
        return css if charset is None else blank(charset[0]) + css[charset.end() :]

    def _blame(self, link: Link, said: str, hint: str = "") -> None:
        place = self._place(link)
        self.findings.append(Rule.UNUSABLE_STYLE_SHEET.finding(said, place, hint or None))

    def _place(self, link: Link) -> Place:
        source = self._bundle.sources[link.template]
        return at_offset(self._bundle.paths[link.template], source, link.tag.start)
