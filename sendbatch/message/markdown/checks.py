"""What is wrong or doubtful with Markdown as it was written, found with its line before any row is looked at.

A source is read as Markdown with its tags hidden: what they bring in is looked at where it is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyromark
from jinja2 import nodes

from sendbatch.campaign.language.environment import parsed
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import authored
from sendbatch.message.markdown.addresses import letters
from sendbatch.message.markdown.elements import OPTIONS, runs
from sendbatch.message.markup import tags
from sendbatch.message.source import VALUE, at_offset, constants

_FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)[ \t]*\r?\n(?:.*\r?\n){0,200}?\1[ \t]*(?:\r?\n|\Z)")
_SETTING = re.compile(r"^\s*[\w-]+\s*[:=]", re.MULTILINE)
_DROPPED = frozenset(
    {"iframe", "object", "embed", "applet", "video", "audio", "form", "input", "button"}
)
_NO_LINK = re.compile(r"\[[^\[\]\n]{1,80}\]\[[^\[\]\n]{0,80}\]|\[\^[^\[\]\s]{1,40}\]")
_IN_ANGLES = re.compile(f"<{VALUE}+>")
_IN_QUOTES = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_CONTENT = "content"


def faults(markdown: Bundle, layout: Bundle) -> Iterator[Finding]:
    """The errors: nothing is sent with one."""
    entry = markdown.sources[markdown.entry]
    front = _FRONT_MATTER.match(entry)
    if front is not None and _SETTING.search(front[0]):
        yield Rule.FRONT_MATTER.finding(
            "the Markdown begins with settings (front matter), which would be read as text",
            at_offset(markdown.paths[markdown.entry], entry, front.start(1)),
            "delete them: what they say stands in the campaign file (subject:, variables:)",
        )
    for finding in _in_sources(markdown):
        if finding.severity == "error":
            yield finding
    yield from _of_layout(layout)


def doubts(content: Content) -> Iterator[Finding]:
    """The warnings."""
    if content.markdown is not None:
        yield from (one for one in _in_sources(content.markdown) if one.severity != "error")


def _in_sources(bundle: Bundle) -> Iterator[Finding]:
    for name, source in authored(bundle).sources.items():
        for offset, rule, said, hint in _found(constants(source)):
            yield rule.finding(said, at_offset(bundle.paths[name], source, offset), hint)


def _found(source: str) -> Iterator[tuple[int, Rule, str, str]]:
    """(offset, what is wrong there) of Markdown without tags."""
    letters_before = letters(source.encode("utf-8", "replace"))
    notes = set[str]()
    asked: list[tuple[int, str]] = []
    text, begun = "", 0
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        start = where["start"]
        kind, what = next(iter(event.items())) if isinstance(event, dict) else (event, None)
        if kind == "Text":
            begun = begun if text else start
            text += str(what)
            continue
        yield from _unresolved(text, partial(letters_before, begun))
        text = ""
        if kind in ("Html", "InlineHtml"):
            offset = letters_before(start)
            for found, rule, said, hint in _of_html(str(what)):
                yield offset + found, rule, said, hint
        elif kind == "FootnoteReference":
            asked.append((start, str(what)))
        elif kind == "Start" and isinstance(what, dict):
            notes |= {str(more) for of, more in what.items() if of == "FootnoteDefinition"}
            yield from _of_link(what, partial(letters_before, start))
    yield from _unresolved(text, partial(letters_before, begun))
    for start, label in asked:
        if label not in notes:
            yield (letters_before(start), *_no_note(label))


def _unresolved(text: str, begun: Callable[[], int]) -> Iterator[tuple[int, Rule, str, str]]:
    for found in _NO_LINK.finditer(text):
        if found[0].startswith("[^"):
            yield (begun() + found.start(), *_no_note(found[0][2:-1]))
            continue
        label = found[0].rpartition("[")[2][:-1] or found[0][1:].partition("]")[0]
        said = f"{one_line(found[0], 60)} leads nowhere: it would be read as it stands"
        hint = f"write [{one_line(label, 40)}]: https://… on a line of its own"
        yield begun() + found.start(), Rule.UNRESOLVED_LINK, said, hint
    for found in _IN_ANGLES.finditer(text):
        said = "a value in angle brackets is no link: it would be read with the brackets"
        yield begun() + found.start(), Rule.UNRESOLVED_LINK, said, "write [some words]({{ … }})"


def _no_note(label: str) -> tuple[Rule, str, str]:
    said = f"the footnote {one_line(label, 40)} has no text"
    return Rule.UNRESOLVED_LINK, said, f"write [^{one_line(label, 40)}]: … on a line of its own"


def _of_html(html: str) -> Iterator[tuple[int, Rule, str, str]]:
    for tag in tags(html):
        if tag.is_end:
            continue
        if VALUE in _IN_QUOTES.sub("", html[tag.named : tag.end]):
            said = f"a value stands in <{tag.name}> without quotes: a cell could add attributes of its own"
            yield tag.start, Rule.SCRIPT, said, 'write quotes around it: ="{{ … }}"'
        if tag.name == "script":
            yield tag.start, Rule.SCRIPT, "a script: no mail program runs one", "delete it"
        elif tag.name in _DROPPED:
            said = f"<{tag.name}>: mail programs leave it out, or show nothing in its place"
            yield tag.start, Rule.DROPPED_HTML, said, "use a link, or a picture that is one"
        for name, value in tag.attributes.items():
            if name.startswith("on"):
                said = f"{one_line(name, 40)}=: a script in a tag, which mail programs leave out"
                yield tag.start, Rule.DROPPED_HTML, said, "delete it"
            elif name in ("href", "action") and runs(value):
                said = f"{name}= would run what is in it"
                yield tag.start, Rule.SCRIPT, said, "lead to an https address"


def _of_link(what: dict[str, Any], offset: Callable[[], int]) -> Iterator[tuple[int, Rule, str, str]]:
    link = what.get("Link")
    if link is not None and runs(link["dest_url"]):
        said = "a link that would run what is in it"
        yield offset(), Rule.SCRIPT, said, "lead to an https address"


def _of_layout(layout: Bundle) -> Iterator[Finding]:
    """That it says `{{ content }}` once, as it is."""
    uses, plain = 0, 0
    second: Place | None = None
    for name, source in authored(layout).sources.items():
        tree = parsed(source)
        for use in tree.find_all(nodes.Name):
            if use.name == _CONTENT and use.ctx == "load":
                uses += 1
                if uses == 2:
                    lines = source.splitlines(keepends=True)
                    second = at_offset(
                        layout.paths[name], source, len("".join(lines[: use.lineno - 1]))
                    )
        outputs = (one for output in tree.find_all(nodes.Output) for one in output.nodes)
        plain += sum(isinstance(one, nodes.Name) and one.name == _CONTENT for one in outputs)
    if uses == plain == 1:
        return
    place = second or Place(layout.paths[layout.entry])
    said = (
        "the layout never says {{ content }}: the Markdown has no place in it"
        if not uses
        else "the layout says content more than once, or not as {{ content }} alone"
    )
    yield Rule.LAYOUT_CONTENT.finding(
        said, place, "write {{ content }} once, where the letter goes"
    )
