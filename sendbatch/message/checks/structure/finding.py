"""What is said of tags that are not closed where they should be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.structure.outlook import as_outlook_reads
from sendbatch.message.checks.structure.stack import (
    OPTIONAL,
    Cut,
    Open,
    Spot,
    Stack,
    Stray,
    Unsure,
    still_open,
)
from sendbatch.message.checks.structure.walking import Reading, walked
from sendbatch.message.content import Bundle, Content
from sendbatch.message.markdown.addresses import html_within
from sendbatch.message.source import at_offset, constants
from sendbatch.words import count

_MOST = 5  # that are named
_LONGEST_SHOWN = 40
_LARGEST = 1_000_000  # characters; more is told for its size, and shown whole by no program
_OUTLOOK = "in Outlook for Windows, "


class _Fault(NamedTuple):
    rule: Rule
    spot: Spot
    name: str
    said: str
    hint: str | None = None


def unclosed_tags(content: Content) -> Iterator[Finding]:
    """A warning for each tag that is never closed, or closed in the wrong place."""
    for bundle in (content.html, content.markdown, content.layout):
        if bundle is None or sum(map(len, bundle.sources.values())) > _LARGEST:
            continue
        read: Reading = html_within if bundle is content.markdown else str
        faults = [*_comments(bundle, read), *_faults(bundle, read)]
        known = {(fault.rule, fault.spot) for fault in faults}
        if any("[if" in source for source in bundle.sources.values()):
            for fault in _faults(bundle, partial(_in_outlook, read)):
                if (fault.rule, fault.spot) not in known:
                    faults.append(fault._replace(said=_OUTLOOK + fault.said))
        faults.sort(key=lambda fault: fault.spot)
        for fault in faults[:_MOST]:
            yield fault.rule.finding(fault.said, _place(bundle, fault.spot), fault.hint)
        if len(faults) > _MOST:
            more = count(len(faults) - _MOST, "more tag")
            yield Rule.UNCLOSED_TAG.finding(f"and {more} that are not closed where they should be")


def _in_outlook(read: Reading, hidden: str) -> str:
    return as_outlook_reads(read(hidden))


def _comments(bundle: Bundle, read: Reading) -> Iterator[_Fault]:
    """Those that go on to the end: all behind them is lost."""
    for name, source in bundle.sources.items():
        hidden = read(constants(source))
        start = hidden.rfind("<!--")
        if start >= 0 and hidden.find("-->", start) < 0 and hidden.find("--!>", start) < 0:
            said = "a comment is never closed: nothing behind it is shown"
            yield _Fault(Rule.UNCLOSED_TAG, (name, start), "!--", said)


def _faults(bundle: Bundle, read: Reading) -> Iterator[_Fault]:
    """Of two ways to read it, what browsers do and what was probably meant, by the one with fewer."""
    found = []
    for guesses in (False, True):
        try:
            stack = walked(bundle, read, guesses=guesses)
        except Unsure:
            break
        if stack.guessed or not guesses:
            found.append([*_Judge(bundle, stack).faults()])
        if not found[0]:
            break
    yield from min(found, key=len, default=[])


class _Judge:
    """One mistake leaves several traces: a tag that is never closed, and end tags that close nothing."""

    def __init__(self, bundle: Bundle, stack: Stack) -> None:
        self._bundle = bundle
        self._left, self._endless = still_open(stack.top), stack.endless
        self._cuts, self._strays = [*stack.cuts], [*stack.strays]

    def faults(self) -> Iterator[_Fault]:
        for one in self._endless:
            said = f"{_tag(one.name)} is never closed: nothing behind it is shown"
            yield _Fault(Rule.UNCLOSED_TAG, one.spot, one.name, said, f"write {_tag(one.name, end=True)}")
        yield from self._overlapping()
        unclosed = {id(one) for one in (*self._left, *(cut.element for cut in self._cuts))}
        for stray in self._strays:
            if stray.within is not None:
                self._forget(stray.name)  # it was meant to close that
                if id(_to_be_closed(stray.within)) in unclosed:
                    continue
            yield self._of_stray(stray)
        for cut in self._cuts:
            yield self._of_cut(cut)
        yield from map(self._of_left, self._left)

    def _overlapping(self) -> Iterator[_Fault]:
        """Those whose end tag comes too late."""
        late: dict[str, list[Stray]] = {}
        for stray in reversed(self._strays):
            late.setdefault(stray.name, []).append(stray)
        kept, taken = [], set[Stray]()
        for cut in self._cuts:
            of_name = late.get(cut.element.name, [])
            if not of_name or of_name[-1].spot < cut.spot:
                kept.append(cut)
                continue
            taken.add(of_name.pop())
            name, line = cut.element.name, self._line(cut.element.spot)
            said = f"{cut.by} stands before {_tag(name, end=True)}, which closes the {_tag(name)} of {line}"
            hint = "close first what was opened last"
            yield _Fault(Rule.MISNESTED_TAG, cut.spot, name, said, hint)
        self._cuts = kept
        self._strays = [stray for stray in self._strays if stray not in taken]

    def _forget(self, name: str) -> None:
        for number, one in enumerate(self._left):
            if one.name == name:
                del self._left[number]
                return

    def _of_stray(self, stray: Stray) -> _Fault:
        said = f"{_tag(stray.name, end=True)} closes nothing"
        if stray.within is not None:
            said += f" within the {_tag(stray.within.name)} of {self._line(stray.within.spot)}"
        return _Fault(Rule.MISNESTED_TAG, stray.spot, stray.name, said, "take it away")

    def _of_cut(self, cut: Cut) -> _Fault:
        name, end = _tag(cut.element.name), _tag(cut.element.name, end=True)
        said = f"{name} is not closed before {cut.by} of {self._line(cut.spot)}"
        return _Fault(Rule.UNCLOSED_TAG, cut.element.spot, cut.element.name, said, f"write {end}")

    def _of_left(self, one: Open) -> _Fault:
        said = f"{_tag(one.name)} is never closed"
        hint = f"write {_tag(one.name, end=True)}"
        return _Fault(Rule.UNCLOSED_TAG, one.spot, one.name, said, hint)

    def _line(self, spot: Spot) -> str:
        place = _place(self._bundle, spot)
        return f"line {place.line}" if spot[0] == self._bundle.entry else f"{place.file}:{place.line}"


def _to_be_closed(one: Open) -> Open | None:
    """It, or what is around it and needs an end tag."""
    found: Open | None = one
    while found is not None and found.name in OPTIONAL:
        found = found.around
    return found


def _place(bundle: Bundle, spot: Spot) -> Place:
    return at_offset(bundle.paths[spot[0]], bundle.sources[spot[0]], spot[1])


def _tag(name: str, *, end: bool = False) -> str:
    return f"<{'/' * end}{one_line(name, _LONGEST_SHOWN)}>"
