"""One body's template and all that it includes, extends or imports, read into a `Bundle`.

Names are looked for as Jinja does: below the template's own folder, then below the campaign's. A
name may climb with `..`, as long as it stays within the campaign's and the templates' folders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2
from jinja2 import nodes

from sendbatch.campaign.language.arguments import wrong_arguments
from sendbatch.campaign.language.environment import environment, parsed
from sendbatch.campaign.language.slips import slip
from sendbatch.campaign.language.spellings import unknown_words
from sendbatch.errors import Place
from sendbatch.errors import shown as shown_path
from sendbatch.findings import Finding, Remark, Rule
from sendbatch.message.content import Bundle
from sendbatch.message.folders import Refused, file_named, near_name
from sendbatch.message.remarks import without_remarks
from sendbatch.message.source import Reference, at, references
from sendbatch.runtime.paths import problem

_LARGEST = 8_000_000  # bytes of one template
_MOST_TEMPLATES = 500
_WITHOUT_HTML = ("templates.text", "invite")


def read_bundle(
    entry: Path,
    *,
    search: Sequence[Path],
    allowed: Sequence[Path],
    what: str,
    place: Place | None,
    as_text: Callable[[bytes], bytes] = bytes,
) -> tuple[Bundle | None, list[Finding]]:
    """The bundle of `entry`, and what is wrong with any of its templates.

    `place` is where the campaign file names it as `what`; findings within templates have their own. `as_text`
    makes UTF-8 of what is in a file.
    """
    reading = _Reading(search, allowed, as_text, in_html=what not in _WITHOUT_HTML)
    wrong = problem(entry)
    if wrong is not None:
        return None, [
            Rule.UNREADABLE_FILE.finding(
                f"{what}: {wrong}: {entry.name}", place, _hint(entry.name, search[:1])
            )
        ]
    reading.add(entry.name, entry, place)
    while reading.waiting and len(reading.sources) < _MOST_TEMPLATES:
        reading.follow(*reading.waiting.pop(0))
    if reading.waiting:
        reading.findings.append(
            Rule.TOO_MANY_TEMPLATES.finding(
                f"{what}: includes more than {_MOST_TEMPLATES} templates", place
            )
        )
    remarks = tuple(reading.remarks)
    return Bundle(entry.name, reading.sources, reading.paths, remarks=remarks), reading.findings


class _Reading:
    """What was read so far. Each name is read once, so that a circle of includes ends."""

    def __init__(
        self,
        search: Sequence[Path],
        allowed: Sequence[Path],
        as_text: Callable[[bytes], bytes],
        *,
        in_html: bool,
    ) -> None:
        self._as_text = as_text
        self._search, self._allowed, self._in_html = search, allowed, in_html
        self._env = environment(autoescape=True)
        self.sources: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.remarks: list[Remark] = []
        self.waiting: list[tuple[str, Reference]] = []

    def add(self, name: str, path: Path, place: Place | None) -> None:
        """Read one template and note what it refers to."""
        shown = shown_path(path)
        self.paths[name] = shown
        self.sources[name] = ""
        try:
            data = self._as_text(path.read_bytes())
        except OSError as error:
            self.findings.append(
                Rule.UNREADABLE_FILE.finding(f"{shown}: cannot be read ({error.strerror})", place)
            )
            return
        finding = _unfit(data, shown, is_entry=len(self.sources) == 1)
        if finding is not None:
            self.findings.append(finding)
            return
        self.sources[name], remarks = without_remarks(data.decode("utf-8-sig"), shown)
        self.remarks += remarks
        tree = self._parse(name)
        if tree is not None:
            self.waiting += [(name, reference) for reference in references(tree)]

    def _parse(self, name: str) -> nodes.Template | None:
        source = self.sources[name]
        try:
            tree = parsed(source)
            unknown = list(unknown_words(self._env, tree))
            for line, word, said, hint in unknown:
                self._blame(Rule.TEMPLATE_SYNTAX, name, line, said, hint, word)
            for line, word, said, hint in wrong_arguments(source, tree, in_html=self._in_html):
                self._blame(Rule.FILTER_ARGUMENT, name, line, said, hint, word)
            if not unknown:
                self._env.compile(source)
        except jinja2.TemplateSyntaxError as error:
            found = slip(self._env, source, error, expression=False)
            place = at(self.paths[name], source, found.line, column=found.column)
            self.findings.append(
                Rule.TEMPLATE_SYNTAX.finding(f"not a template: {found.message}", place, found.hint)
            )
            return None
        except (RecursionError, SyntaxError, ValueError) as error:
            said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            self._blame(Rule.TEMPLATE_SYNTAX, name, 1, f"not a template: {said}")
            return None
        return tree

    def follow(self, parent: str, reference: Reference) -> None:
        """Read the template that a tag names, unless it was read before."""
        if not reference.names:
            said = (
                f"{reference.word} with a name that is computed: all content is read at the start"
            )
            hint = f'write the name in quotes, within an if: {{% {reference.word} "…" %}}'
            self._blame(Rule.UNUSABLE_INCLUDE, parent, reference.line, said, hint, reference.word)
            return
        if any(self._find(parent, name, reference) for name in reference.names):
            return
        if not reference.optional:
            name = reference.names[0]
            hint = _hint(name, self._search, parent) or ""
            said = f"{reference.word}: no such template: {name}"
            self._blame(Rule.UNUSABLE_INCLUDE, parent, reference.line, said, hint, reference.word)

    def _find(self, parent: str, name: str, reference: Reference) -> bool:
        """Whether a name was found, or found wanting: then a finding says so."""
        if name in self.sources:
            return True
        try:
            path = file_named(name, self._search, self._allowed)
        except Refused as wrong:
            said = f"{reference.word}: {wrong}: {name}"
            self._blame(Rule.UNUSABLE_INCLUDE, parent, reference.line, said, word=reference.word)
            return True
        if path is not None:
            self.add(name, path, None)
        return path is not None

    def _blame(
        self, rule: Rule, name: str, line: int, said: str, hint: str = "", word: str = ""
    ) -> None:
        place = at(self.paths[name], self.sources[name], line, word)
        self.findings.append(rule.finding(said, place, hint or None))


def _unfit(data: bytes, shown: str, *, is_entry: bool) -> Finding | None:
    if len(data) > _LARGEST:
        return Rule.FILE_TOO_LARGE.finding("larger than 8 MB: not a template", Place(shown))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        readable = data.split(b"\n")[line - 1].rstrip(b"\r").decode("utf-8", "replace")
        place = Place(shown, line, max(readable.find("\ufffd"), 0) + 1, readable)
        return Rule.NOT_UTF_8.finding("not UTF-8", place, "save the file as UTF-8")
    if is_entry and not text.strip():
        return Rule.EMPTY_FILE.finding("the template is empty", Place(shown))
    return None


def _hint(name: str, folders: Sequence[Path], parent: str = "") -> str | None:
    near = near_name(name, folders, but=parent)
    return f"did you mean {near}?" if near else None
