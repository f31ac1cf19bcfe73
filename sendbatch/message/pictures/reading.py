"""Pictures that templates name, read once with them: each address becomes that of a part of the mail.

A path is looked for beside the file that names it, then in the campaign's folder. The same picture is one
part, however often and under whatever names it is shown: a Content-ID is made of the picture's bytes.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.pictures import hint_of, said_of
from sendbatch.message.content import Bundle, OwnPicture, Picture
from sendbatch.message.folders import OUTSIDE, inside, near_name
from sendbatch.message.insertions import put_instead
from sendbatch.message.offlimits import OffLimits
from sendbatch.message.origins import without_origins
from sendbatch.message.pictures import data_urls
from sendbatch.message.pictures.files import Unusable, picture_in, spellings
from sendbatch.message.pictures.finding import MARK, Kind, Reference, Shown, references
from sendbatch.message.pictures.kinds import HEAD, media_type_of, with_ending
from sendbatch.message.pictures.widths import held_to
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled

_LONGEST_SHOWN = 100
_DIGITS = 32  # of a Content-ID
_BESIDE = "put it beside the template, or on a web server and write https://…"


class Album:
    """The pictures of one content. `folder` is the campaign's, `allowed` are those that files may come from;
    `domain` ends the Content-IDs; `off_limits` is for what cells name; `widest` is how wide Markdown shows a
    picture, in px."""

    def __init__(
        self,
        folder: Path,
        allowed: Sequence[Path],
        domain: str,
        off_limits: OffLimits,
        widest: int | None = None,
    ) -> None:
        self._folder, self._allowed = folder, allowed
        self._domain, self._off_limits, self._widest = domain, off_limits, widest
        self._pictures: dict[str, Picture] = {}  # by Content-ID
        self._read: dict[Path, Picture] = {}
        self.own: list[OwnPicture] = []
        self._marks: dict[tuple[Place, int | None], str] = {}  # of those, by their places
        self.findings: list[Finding] = []
        # What `checks.pictures` would find later, to be told with what is found now.
        self.left: list[Finding] = []

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(self._pictures.values())

    def put_into(self, bundle: Bundle, shown: Shown = references) -> Bundle:
        """The templates with the addresses of parts; what is wrong is added to the findings. `shown` says
        what one shows, by its source with the tags hidden: HTML, where nothing else is said."""
        sources = {
            name: self._put_into(source, bundle.paths[name], shown)
            for name, source in bundle.sources.items()
        }
        return replace(bundle, sources=sources) if sources != bundle.sources else bundle

    def _put_into(self, source: str, path: str, shown: Shown) -> str:
        hidden, without_raw = constants(source), constants(source, raw=False)
        edits: list[tuple[int, int, str]] = []
        for one in shown(hidden):
            try:
                address = self._address(one, path, source)
            except Unusable as unusable:
                self._blame(Rule.UNUSABLE_PICTURE, one, path, source, str(unusable))
                continue
            if address is not None:
                edits.append((one.start, one.start if one.kind is Kind.OWN else one.end, address))
        for start, end, address in reversed(edits):
            if without_raw[start] == hidden[start]:
                source = put_instead(source, start, end, address)
            else:  # a comment would be text there
                source = source[:start] + address + source[end:]
        return source

    def _address(self, one: Reference, path: str, source: str) -> str | None:
        """What is to stand there instead, or before it where a value decides; None where it stays."""
        url = html.unescape(source[one.start : one.end])
        if one.kind is Kind.DATA:
            if one.of_css and data_urls.is_svg(url):
                return None  # a mask or an ornament, without which the mail does well
            return self._cid("picture", data_urls.picture_of(url))
        if one.kind is Kind.OWN:
            return self._mark(one, path, source)
        if one.kind is Kind.PART or (one.kind is Kind.LOCAL and not _is_relative(url)):
            place = at_offset(path, source, one.start)
            self.left.append(Rule.BROKEN_PICTURE.finding(said_of(one), place, hint_of(one)))
        if one.kind is not Kind.LOCAL or not _is_relative(url):
            return None
        here = _folder_of(one, path, source)
        for base in dict.fromkeys((here, self._folder)):
            for spelling in spellings(url):
                picture = self._picture(spelled(base / spelling))
                if picture is not None:
                    return f"cid:{picture.cid}"
        near = near_name(PurePosixPath(url).name, [here, self._folder])
        hint = f"did you mean {near}?" if near else _BESIDE
        self._blame(Rule.BROKEN_PICTURE, one, path, source, NO_SUCH_FILE, hint)
        return None

    def _picture(self, path: Path) -> Picture | None:
        """None where there is no such file. Raises Unusable."""
        try:
            wrong = problem(path)
        except ValueError:  # a NUL
            return None
        if wrong == NO_SUCH_FILE:
            return None
        real = next((real for root in self._allowed if (real := inside(root, path))), None)
        if real is None:
            raise Unusable(f"is {OUTSIDE}: {_BESIDE}")
        if wrong is not None:
            raise Unusable(wrong)
        if real not in self._read:
            self._read[real] = self._added(path.name, picture_in(real))
        return self._read[real]

    def _cid(self, name: str, data: bytes) -> str:
        return f"cid:{self._added(name, data).cid}"

    def _added(self, name: str, data: bytes) -> Picture:
        cid = content_id(data, self._domain)
        if cid not in self._pictures:
            media_type = media_type_of(data[:HEAD])
            assert media_type is not None
            self._pictures[cid] = Picture(
                cid,
                with_ending(name, media_type),
                media_type,
                data,
                name,
                held_to(self._widest, data),
            )
        return self._pictures[cid]

    def _mark(self, one: Reference, path: str, source: str) -> str | None:
        """What is put before a path that a value decides, so that it is told from a value by itself."""
        constant = html.unescape(_before_tags(one.url))
        written = constant[: constant.rfind("/") + 1]
        for base in dict.fromkeys((_folder_of(one, path, source), self._folder)):
            for spelling in spellings(written):
                folder = spelled(base / spelling)
                if not folder.is_dir():
                    continue
                if not any(inside(root, folder) for root in self._allowed):
                    raise Unusable(f"is {OUTSIDE}: {_BESIDE}")
                return self._own(written, folder, path, source, one)
        said = f"there is no folder {one_line(written, _LONGEST_SHOWN)}"
        self._blame(Rule.BROKEN_PICTURE, one, path, source, said, "make it beside the template")
        return None

    def _own(self, written: str, folder: Path, path: str, source: str, one: Reference) -> str:
        place = at_offset(path, source, one.start)
        widest = self._widest if one.is_bare else None
        if (place, widest) in self._marks:  # MJML writes some addresses several times
            return self._marks[place, widest]
        whole = f"{len(self.own)} {without_origins(source)}"
        told = hashlib.sha256(whole.encode("utf-8", "surrogatepass"))
        mark = self._marks[place, widest] = f"{MARK}{told.hexdigest()[:_DIGITS]}:"
        where = f"{place.file}:{place.line}"
        own = OwnPicture(mark, written, folder.absolute(), where, self._off_limits, widest)
        self.own.append(own)
        return mark

    def _blame(
        self, rule: Rule, one: Reference, path: str, source: str, said: str, hint: str | None = None
    ) -> None:
        shown = one_line(source[one.start : one.end], _LONGEST_SHOWN)
        place = at_offset(path, source, one.start)
        finding = rule.finding(f"{shown}: {said}", place, hint)
        if finding not in self.findings:  # MJML writes some addresses several times
            self.findings.append(finding)


def content_id(data: bytes, domain: str) -> str:
    """The Content-ID of a picture, without brackets: the same for the same bytes, and for no others."""
    return f"{hashlib.sha256(data).hexdigest()[:_DIGITS]}@{domain}"


def _folder_of(one: Reference, path: str, source: str) -> Path:
    """Where the file lies that an address is written in."""
    return Path(at_offset(path, source, one.start).file).parent


def _is_relative(url: str) -> bool:
    """What is not is told by `checks.pictures`: nobody who reads the mail has it."""
    return not url.startswith("/") and "\\" not in url and ":" not in url.partition("/")[0]


def _before_tags(url: str) -> str:
    ends = [at for mark in (VALUE, BLOCK) if (at := url.find(mark)) >= 0]
    return url[: min(ends, default=len(url))]
