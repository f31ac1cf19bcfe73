"""What only finished messages show, said once with the first rows: a gap where a value is empty, a subject
that is too long, HTML that Gmail clips. `traits` looks at each message; here is what for, and the words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from sendbatch.campaign.language.environment import names_in
from sendbatch.campaign.model import Campaign
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Group, Rule
from sendbatch.message.checks.names import declared_at, lines_of
from sendbatch.message.checks.traits import (
    CLIPPED,
    HEAVY,
    LONGEST_SUBJECT,
    Gap,
    Gaps,
    Sides,
    Trait,
    head_of,
    loose_in,
    sides,
    tail_of,
)
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants

_LONGEST_SHOWN = 60
_MOST = 200  # values that are looked for
_SEEN = 2000  # characters before and behind a value

_NEXT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STOP = re.compile(r"[,;:!?](?=[\s<&]|\Z)|\.(?=[\s<&]|\Z)")
_BLANK = re.compile(r"(?:[ \t\xa0]|&nbsp;)\Z")
_ANY_TAG = re.compile(f"[{VALUE}{BLOCK}]")
_LAST_TAG = re.compile(rf"[{VALUE}{BLOCK}](?=[^{VALUE}{BLOCK}]*\Z)")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_STYLE = re.compile(r"<style\b(?:(?!</style).)*\Z", re.DOTALL | re.IGNORECASE)


def gaps_of(content: Content) -> Gaps:
    """Those that its templates could leave."""
    values: list[Gap] = []
    in_html: dict[Sides, int] = {}
    in_text: dict[Sides, int] = {}
    met: set[int] = set()
    for texts in content.texts:
        for bundle in (texts.html, texts.markdown, texts.text):
            if bundle is None or id(bundle) in met or len(values) > _MOST:
                continue
            met.add(id(bundle))
            known = in_html if bundle is texts.html else in_text
            for around, gap in _of_bundle(bundle, is_html=bundle is texts.html):
                if around not in known:
                    known[around] = len(values)
                    values.append(gap)
    written = {sign for one in _subjects(content) for sign in loose_in(constants(one).replace(VALUE, "x"))}
    return Gaps(tuple(values), in_html, in_text, frozenset(written))


def _of_bundle(bundle: Bundle, *, is_html: bool) -> Iterator[tuple[Sides, Gap]]:
    for name, source in bundle.sources.items():
        if is_inserted(name):
            continue
        hidden = constants(source)
        for tag in _NEXT.finditer(source):
            start, end = tag.span()
            if hidden[start:end].strip(VALUE + "\n"):
                continue  # within {% raw %}
            before, after = _around(source, hidden, start, end)
            if not _is_read(hidden[max(0, start - _SEEN) : start], is_html=is_html):
                continue
            if _leaves_gap(before, after, is_html=is_html):
                place = at_offset(bundle.paths[name], source, start)
                shown = f"{tail_of(before).lstrip()}{head_of(after)}".strip()
                yield sides(before, after), Gap(tag[0][2:-2].strip(" -+\n"), shown, place)


def _around(source: str, hidden: str, start: int, end: int) -> tuple[str, str]:
    """What its author wrote before a tag and behind it, up to the next tags; comments are nothing."""
    first = _LAST_TAG.search(hidden, max(0, start - _SEEN), start)
    last = _ANY_TAG.search(hidden, end, end + _SEEN)
    before = source[first.end() if first is not None else max(0, start - _SEEN) : start]
    after = source[end : last.start() if last is not None else end + _SEEN]
    return _COMMENT.sub("", before), _COMMENT.sub("", after)


def _is_read(before: str, *, is_html: bool) -> bool:
    """Whether what follows is text: no tag and no style sheet."""
    if not is_html:
        return True
    return before.rfind("<") <= before.rfind(">") and _STYLE.search(before) is None


def _leaves_gap(before: str, after: str, *, is_html: bool) -> bool:
    """Whether a reader sees that something is missing between the two."""
    tail = tail_of(before)
    if _STOP.match(after) is not None:
        return not tail.strip() or _BLANK.search(tail) is not None
    if is_html:  # where blanks are shown as one
        return False
    return bool(tail.strip()) and _BLANK.search(tail) is not None and after[:1] in (" ", "\t")


def findings(
    traits: Mapping[Trait, Group],
    of: str,
    content: Content,
    campaign: Campaign,
    gaps: Gaps,
    told: Collection[str] = (),
) -> Iterator[Finding]:
    """One for each trait that messages have, at its place; `of` says of how many messages: "of 300 messages".
    `told` are the columns of which it was said already that they are empty where they are shown."""
    subject = declared_at(campaign, "subject") or declared_at(campaign, "subject.0")
    body = _entry(content)
    places = {
        Rule.LONG_SUBJECT.id: subject,
        Rule.CAPITAL_SUBJECT.id: subject,
        Rule.CLIPPED_HTML.id: body,
    }
    for (rule, number), group in sorted(traits.items(), key=lambda item: item[0]):
        place = places.get(rule)
        said, hint = _SAID.get(rule, ("", _GAP_HINT))
        if rule == Rule.GAP_IN_TEXT.id:
            place, said = (subject, _EMPTY_IN_SUBJECT) if number < 0 else _told(gaps.values[number])
            written = " ".join(_subjects(content)) if number < 0 else _tag(gaps.values[number])
            if not names_in(written).isdisjoint(told):
                continue
        number_of = f"in {group.number:,} {of} ({group.where})"
        yield _RULES[rule].finding(f"{said}, {number_of}", place, hint)


def _subjects(content: Content) -> list[str]:
    return [source for what, source in lines_of(content) if what.startswith("subject")]


def _tag(gap: Gap) -> str:
    return f"{{{{ {gap.expression} }}}}"


def _told(gap: Gap) -> tuple[Place, str]:
    tag, shown = (one_line(text, _LONGEST_SHOWN) for text in (_tag(gap), gap.shown))
    return gap.place, f'{tag} is empty, and leaves a gap: "{shown}"'


def _entry(content: Content) -> Place | None:
    bundle = content.html or content.layout
    return Place(bundle.paths[bundle.entry]) if bundle is not None else None


_GAP_HINT = "write a default for it, or an if around it and what belongs to it"
_EMPTY_IN_SUBJECT = "a value of the subject is empty, and leaves a gap"
_SAID = {
    Rule.LONG_SUBJECT.id: (
        f"the subject has more than {LONGEST_SUBJECT} characters, and lists of mails cut it off",
        "begin with what matters; about 50 characters are seen everywhere",
    ),
    Rule.CAPITAL_SUBJECT.id: ("the subject is in capitals alone", "write it as a sentence"),
    Rule.HEAVY_MESSAGE.id: (
        f"the message has more than {HEAVY // 1024 // 1024} MB, which many mailboxes do not take",
        "attach less, or link to it",
    ),
    Rule.CLIPPED_HTML.id: (
        f"the HTML has more than {CLIPPED // 1024} KB, and Gmail cuts off what is behind that",
        "say less, or say it with fewer and shorter styles; pictures do not count",
    ),
    Rule.LEFTOVER_PLACEHOLDER.id: (
        "{{ stands in the finished text: what is in a cell is not filled in",
        "correct the cells; only templates are filled in",
    ),
}
_RULES = {rule.id: rule for rule in Rule}
