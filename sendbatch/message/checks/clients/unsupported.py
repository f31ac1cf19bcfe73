"""Findings of what the programs that a campaign is written for do not do: one a feature, however often it is
asked for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sendbatch.campaign.model import CLIENTS
from sendbatch.errors import Place, Severity
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.clients.fallbacks import Readers
from sendbatch.message.checks.clients.judged import TABLE, Judged, Spare, id_of
from sendbatch.message.checks.clients.programs import (
    CLASSIC,
    OTHER_ACCOUNTS,
    Program,
    called,
    family_of,
    lacking,
    page_of,
)
from sendbatch.message.checks.clients.seen import Mail, Part, Use, parts_of
from sendbatch.message.checks.pictures import shown_by
from sendbatch.message.content import Content
from sendbatch.message.layouts import is_default
from sendbatch.message.markdown.addresses import html_within
from sendbatch.message.source import at_offset
from sendbatch.words import count

_MOST_NAMED = 4  # features in one finding
_LINE_BREAK = re.compile("\n")

# Of each feature the rows of the table that speak of it.
_ROWS: dict[str, list[int]] = {}
for _number, _row in enumerate(TABLE):
    for _feature in (*_row.features, *_row.also):
        _ROWS.setdefault(_feature, []).append(_number)


def unsupported(content: Content, clients: Collection[str]) -> list[Finding]:
    """Warnings and hints of all versions of the templates together: what they share is told once. `clients`
    are the families of programs that matter. Nothing is told of the layout that is built in: who only uses it
    cannot mend it, and a test holds it to its few features."""
    if not clients or not content.has_html:
        return []
    asked = _Asked(clients, content)
    read: dict[tuple[str, str, bool], list[Part]] = {}
    for version in content.by_texts:
        parts: list[Part] = []
        new: list[Part] = []
        for bundle, _ in shown_by(version):
            is_markdown = bundle is version.markdown
            for name, source in bundle.sources.items():
                path = bundle.paths[name]
                if (key := (path, source, is_markdown)) not in read:
                    read[key] = [*parts_of(name, path, source, html_within if is_markdown else str)]
                    new += read[key] if not is_default(bundle) else ()
                parts += read[key]
        if new:
            has_markdown = version.markdown is not None
            mail = Mail(parts, inlines_css=version.inlines_css, has_markdown=has_markdown)
            asked.take(mail, new)
    return asked.findings()


@dataclass(slots=True)
class _Found:
    """What was found of one row of the table: the features, who lacks them, and on which lines of which
    sources. It `matters` where one of those that the row is about is among them."""

    judged: Judged
    matters: bool = False
    features: dict[str, str] = field(default_factory=dict)
    programs: set[Program] = field(default_factory=set)
    lines: set[tuple[int, int]] = field(default_factory=set)
    first: tuple[int, int] | None = None  # the source, and the place in it


class _Asked:
    """All that is asked for and that some program of these clients lacks."""

    def __init__(self, clients: Collection[str], content: Content) -> None:
        self._clients = [client for client in CLIENTS if client in clients]
        # By the row, and by the line where a remark ignores it: what is on other lines is told all the same.
        self._found: dict[tuple[int, str, int], _Found] = {}
        self._remarks = [remark for bundle in content.bundles for remark in bundle.remarks]
        self._sources: dict[tuple[str, str], int] = {}
        self._breaks: list[list[int]] = []
        self._spots: dict[tuple[str, str, int], Place] = {}
        self._known: dict[tuple[int, str, Readers, frozenset[Spare]], set[Program]] = {}

    def take(self, mail: Mail, new: Collection[Part]) -> None:
        """What these parts of a mail ask for."""
        for part in new:
            for use in mail.uses(part):
                for row in _ROWS[use.feature]:
                    lack = self._lack(row, use, mail.spares)
                    if lack:
                        self._add(row, use, part, lack)

    def _number(self, part: Part) -> int:
        """That of the source which it is of."""
        number = self._sources.setdefault((part.path, part.whole), len(self._sources))
        if number == len(self._breaks):
            self._breaks.append([found.start() for found in _LINE_BREAK.finditer(part.whole)])
        return number

    def _lack(self, row: int, use: Use, spares: frozenset[Spare]) -> set[Program]:
        key = row, use.feature, use.readers, spares
        if key not in self._known:
            judged = TABLE[row]
            lack = lacking(id_of(use.feature), judged.partly)
            if use.readers is Readers.CLASSIC:
                lack &= {CLASSIC}
            elif use.readers is Readers.OTHERS or judged.spare in spares:
                lack -= {CLASSIC}
            self._known[key] = {one for one in lack if family_of(one) in self._clients}
        return self._known[key]

    def _add(self, row: int, use: Use, part: Part, lack: set[Program]) -> None:
        judged, number = TABLE[row], self._number(part)
        line = bisect_right(self._breaks[number], use.at)
        found = self._found.setdefault((row, *self._silent(judged, part, line)), _Found(judged))
        if use.feature in judged.features:
            found.matters = True
            if found.first is None or (number, use.at) < found.first:
                found.first = number, use.at
        found.features[use.feature] = {**judged.features, **judged.also}[use.feature]
        found.programs |= lack
        found.lines.add((number, line))

    def _silent(self, judged: Judged, part: Part, line: int) -> tuple[str, int]:
        """The file and line (from 1), where a remark ignores what is found there; else nothing."""
        if not self._remarks:
            return "", 0
        if (part.path, part.whole, line) not in self._spots:
            start = self._breaks[self._number(part)][line - 1] + 1 if line else 0
            place = at_offset(part.path, part.whole, start)
            self._spots[part.path, part.whole, line] = place
        finding = _rule(judged.severity).finding("", self._spots[part.path, part.whole, line])
        if finding.place is None or not any(one.silences(finding) for one in self._remarks):
            return "", 0
        return finding.place.file, finding.place.line or 0

    def findings(self) -> list[Finding]:
        """The worse first, those of a kind in the order of their places."""
        told = sorted(
            (found for found in self._found.values() if found.matters),
            key=lambda found: (_severity(found) != "warning", found.first),
        )
        return [finding for found in told for finding in self._told(found)]

    def _told(self, found: _Found) -> Iterator[Finding]:
        severity = _severity(found)
        if severity is None or found.first is None:
            return
        number, at = found.first
        path, source = [*self._sources][number]
        names = called(found.programs)
        families = len({*map(family_of, found.programs)})
        how_many = f" ({families} of {len(self._clients)})" if len(self._clients) > 1 else ""
        more = f" (and on {count(len(found.lines) - 1, 'more line')})" if len(found.lines) > 1 else ""
        said = f"{_features(found)}: not in {_listed(names)}{how_many}; there {found.judged.lost}{more}"
        pages = ", ".join(page_of(id_of(one)) for one in [*found.features][:1])
        hint = found.judged.remedy or pages
        yield _rule(severity).finding(said, at_offset(path, source, at), hint)


def _rule(severity: Severity) -> Rule:
    return Rule.UNSUPPORTED_FEATURE if severity == "warning" else Rule.PLAINER_FEATURE


def _severity(found: _Found) -> Severity | None:
    """What only accounts of others at Gmail lack is less: few have one, and nothing to be told if it is
    little anyway."""
    if found.programs == {OTHER_ACCOUNTS}:
        return "hint" if found.judged.severity == "warning" else None
    return found.judged.severity


def _features(found: _Found) -> str:
    own = [words for one, words in found.features.items() if one in found.judged.features]
    others = [words for one, words in found.features.items() if one not in found.judged.features]
    names = [*own, *others]
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
