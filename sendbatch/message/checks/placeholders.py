"""Placeholders of other tools that were left in a letter: `{first_name}`, `*|FNAME|*`, `%%name%%`.

They are looked for in what the author wrote, once, never in what a cell brings: a person may be called
anything. Most marks are those of prose as well; they count only around the name of a column, of a
variable, or one that such tools have by custom.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import usable
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.names import declared_at, lines_of
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markdown.addresses import without_code
from sendbatch.message.markup import COMMENT
from sendbatch.message.source import at_offset, blank, constants, depths
from sendbatch.words import count

_MOST = 20  # that are looked for in each message; the others are counted
_MOST_PLACES = 3  # besides the first
_LONGEST_SHOWN = 60

_NAME = r"[^\W\d][\w.\- ]{0,58}\w|[^\W\d]"
_WORD = r"[^\W\d]\w{0,60}"
_FALLBACK = r"(?:\s?[|:,][^{}<>\n]{0,60})?"  # {first_name|friend}, {first_name, fallback=}
# Those of one tool or another whatever is in them: Mailchimp, Salesforce, Mailgun, JavaScript, MailerLite;
# and Jinja's own, percent-encoded by an editor of links.
_SURE = (
    r"\*\|(?P<a>[a-z][\w:.=, -]{0,60})\|\*",
    r"%%=?(?P<b>[a-z_][^%\s<>]{0,60})%%",
    r"%(?P<c>recipient\.\w{1,60})%",
    r"\$\{(?P<d>[a-z_][\w.]{0,60})\}",
    r"\{\$(?P<e>[a-z_][\w.]{0,60})\}",
    r"(?:%7B){2}(?:%20|\+)*(?P<f>[\w.-]{1,60}?)(?:%20|\+)*(?:%7D){2}",
)
_PERHAPS = (
    rf"\{{ ?(?P<g>{_NAME}) ?{_FALLBACK}\}}",
    rf"\[\[ ?(?P<h>{_NAME}) ?\]\]",
    rf"(?:<<|&lt;&lt;) ?(?P<i>{_NAME}) ?(?:>>|&gt;&gt;)",
    rf"%(?P<j>{_WORD})%",
    rf"(?<![\w-])-(?P<k>{_WORD})-(?![\w-])",
    r"%7B(?P<l>[\w.-]{1,60}?)%7D",
    rf"(?<![\w{{])(?P<m>{_WORD}) ?\}}\}}",
    rf"(?:(?<==)|(?<==[\"']))\[(?P<o>{_WORD})\]",  # of a link: no prose
    rf"\[(?P<n>{_WORD})\]",
    rf"(?:«|&laquo;) ?(?P<p>{_WORD}) ?(?:»|&raquo;)",
    rf"<%[=-]? ?(?P<q>{_NAME}) ?-?%>",
)
_MARKS = re.compile("|".join((*_SURE, *_PERHAPS)), re.IGNORECASE)
_UNDERSCORED = frozenset("knp")  # marks that stand around plain words in prose
_OF_PERSONS = frozenset({"contact", "subscriber", "recipient", "user", "customer", "member", "lead"})
_BY_CUSTOM = frozenset({
    *("first_name", "firstname", "fname", "last_name", "lastname", "lname", "name", "full_name"),
    *("fullname", "email", "email_address", "emailaddress", "salutation"),
    *("unsubscribe", "unsubscribe_url", "unsubscribe_link", "unsubscribelink", "unsub_link"),
})  # fmt: skip
# Of HTML, what is no text that is read: braces there are a style's, a script's, an example's.
_UNREAD = re.compile(
    rf"{COMMENT}|<(?P<tag>style|script|pre|code)\b.*?(?:</(?P=tag)|\Z)"
    r"|(?<=\s)style\s*=\s*(?:\"[^\"]*\"|'[^']*')",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`text` as it stands, `column` the one that was meant, if it is known. `in_all` says that it stands
    in every message; else only those may have it that come by its line. `also` are other places.
    `is_ours`: it is Jinja's own, in a value, which is not rendered."""

    text: str
    place: Place | None
    column: str | None
    in_all: bool
    also: tuple[Place, ...] = ()
    is_ours: bool = False

    def merged_with(self, other: Placeholder) -> Placeholder:
        """The same at a second place."""
        lines = {(place.file, place.line) for place in (self.place, *self.also) if place is not None}
        place, in_all = other.place, self.in_all or other.in_all
        if place is None or (place.file, place.line) in lines or len(self.also) > _MOST_PLACES:
            return replace(self, in_all=in_all)
        return replace(self, in_all=in_all, also=(*self.also, place))

    @property
    def spellings(self) -> tuple[str, ...]:
        """How it may stand in a finished text: as it is, and escaped on its way there."""
        return self.text, html.escape(self.text)

    def warning(self, messages: int, having: int | None) -> Finding:
        """`messages` are built in all; `having` have it, None where that was not counted."""
        of = count(messages, "message")
        if self.in_all:
            where = f"in all {of}" if messages > 1 else f"in {of}"
        elif having is None:
            where = "in each message that has this line"
        else:
            where = f"in {having:,} of {of}"
        shown = one_line(self.text, _LONGEST_SHOWN)
        said = f"{shown} looks like another tool's placeholder; it goes out as it stands, {where}"
        if self.is_ours:
            said = f"{{{shown}}} in a value is not filled in; it goes out as it stands, {where}"
        if self.also:
            others = [f"{place.file}:{place.line}" for place in self.also]
            more = ", …" if len(others) > _MOST_PLACES else ""
            said += f" (also {', '.join(others[:_MOST_PLACES])}{more})"
        hint = "placeholders are written {{ column }} here"
        if self.column is not None:
            encoded = "|urlencode" if "%7" in self.text else ""
            hint = f"write {{{{ {self.column}{encoded} }}}}"
        if self.is_ours:
            hint = "only templates are filled in: put what stands around it into the template itself"
        return Rule.LEFTOVER_PLACEHOLDER.finding(said, self.place, hint)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The first placeholders that were left, and how many more there are."""

    named: tuple[Placeholder, ...] = ()
    more: int = 0

    def unnamed(self) -> Iterator[Finding]:
        """One warning for all that are only counted."""
        if self.more:
            said = f"and {count(self.more, 'more placeholder')} of other tools"
            yield Rule.LEFTOVER_PLACEHOLDER.finding(said)


def placeholders(content: Content, campaign: Campaign, columns: Collection[str]) -> Leftovers:
    """Each that was left, once, at its first place."""
    known = frozenset((*columns, *content.variables))
    found: dict[str, Placeholder] = {}
    for one in (
        *_in_lines(content, campaign, known),
        *_in_texts(content, known),
        *_in_values(content, campaign, known),
    ):
        first = found.setdefault(one.text, one)
        if first is not one:
            found[one.text] = first.merged_with(one)
    return Leftovers(tuple(found.values())[:_MOST], max(0, len(found) - _MOST))


def _in_lines(content: Content, campaign: Campaign, known: Collection[str]) -> Iterator[Placeholder]:
    for what, source in lines_of(content):
        place = declared_at(campaign, what)
        levels = _Levels(source)
        for start, text, column in _left(constants(source, raw=False), known):
            yield Placeholder(text, place, column, levels.is_outside(start))


def _in_texts(content: Content, known: Collection[str]) -> Iterator[Placeholder]:
    """In the files; what is in one version of them is not in every message."""
    is_whole = not content.has_versions
    met: set[int] = set()
    for texts in content.texts:
        for bundle in (texts.html, texts.text, texts.markdown, texts.layout):
            if bundle is not None and id(bundle) not in met:
                met.add(id(bundle))
                read = str if bundle is texts.text else _prose if bundle is texts.markdown else _read
                for one in _in_bundle(bundle, known, read):
                    yield replace(one, in_all=one.in_all and is_whole)


def _in_bundle(
    bundle: Bundle, known: Collection[str], read: Callable[[str], str]
) -> Iterator[Placeholder]:
    """`read` is what leaves of a source with its tags hidden what is text that is read."""
    for name, source in bundle.sources.items():
        if is_inserted(name):
            continue
        written = read(constants(source, raw=False))
        levels, worth = _Levels(source if name == bundle.entry else None), _Worth(source)
        for start, text, column in _left(written, known):
            place = at_offset(bundle.paths[name], source, start) if worth.telling(text, start) else None
            yield Placeholder(text, place, column, levels.is_outside(start))


def _read(html: str) -> str:
    return _UNREAD.sub(lambda piece: blank(piece[0]), html)


def _prose(markdown: str) -> str:
    return _read(without_code(markdown))


def _in_values(content: Content, campaign: Campaign, known: Collection[str]) -> Iterator[Placeholder]:
    """In what the campaign file gives to templates; where they put it is theirs to say."""
    texts = [
        (f"variables.{name}", value)
        for name, value in content.variables.items()
        if isinstance(value, str)
    ]
    texts += [
        (f"recipients.defaults.{name}", value)
        for name, value in campaign.recipients.defaults.items()
    ]
    for what, value in texts:
        for start, text, column in _left(value, known):
            is_ours = value[max(start - 1, 0) : start] == "{" and text[:1] + text[-1:] == "{}"
            yield Placeholder(text, campaign.places.get(what), column, False, is_ours=is_ours)


def _left(written: str, known: Collection[str]) -> Iterator[tuple[int, str, str | None]]:
    """(offset, as it stands, the column meant) of each."""
    for mark in _MARKS.finditer(written):
        kind = str(mark.lastgroup)
        name = mark[kind].strip()
        column = _meant(name, known)
        if kind > "f" and column is None and not _is_custom(name):
            continue
        if kind in _UNDERSCORED and "_" not in name:
            continue
        yield mark.start(), mark[0], column


def _meant(name: str, known: Collection[str]) -> str | None:
    plain = usable(name)
    return plain if plain in known else None


def _is_custom(name: str) -> bool:
    owner, dot, _ = name.lower().partition(".")
    return usable(name) in _BY_CUSTOM or bool(dot and owner in _OF_PERSONS)


class _Worth:
    """Which places of a source are looked up: each takes a look at all of it, and there may be thousands."""

    def __init__(self, source: str) -> None:
        self._ends = [at.end() for at in re.finditer("\n", source)]
        self._lines: dict[str, set[int]] = {}

    def telling(self, text: str, offset: int) -> bool:
        """Whether it is among the first that are named, and in one of its first lines."""
        if text not in self._lines and len(self._lines) >= _MOST:
            return False
        lines, line = self._lines.setdefault(text, set()), bisect_right(self._ends, offset)
        if line in lines or len(lines) > _MOST_PLACES + 1:
            return False
        lines.add(line)
        return True


class _Levels:
    """Where a template is in every message: outside of all blocks. None is one that others bring in."""

    def __init__(self, source: str | None) -> None:
        self._depths = depths(source) if source is not None else [(0, 1)]

    def is_outside(self, offset: int) -> bool:
        place = bisect_right(self._depths, offset, key=lambda change: change[0])
        return self._depths[place - 1][1] == 0
