"""A template in MJML with all that it includes, read and compiled into a bundle of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sendbatch.campaign.language.environment import parsed
from sendbatch.errors import Place
from sendbatch.findings import Finding, Remark, Rule
from sendbatch.message.bundling import read_bundle
from sendbatch.message.content import Bundle
from sendbatch.message.folders import Refused, file_named, near_name
from sendbatch.message.insertions import inserted
from sendbatch.message.markup import tags
from sendbatch.message.mjml.checking import faults
from sendbatch.message.mjml.compiling import compiled
from sendbatch.message.mjml.doubts import doubts
from sendbatch.message.mjml.parsing import Element, Span, blame, elements_of
from sendbatch.message.mjml.unseen import unseen
from sendbatch.message.origins import Written, has_origins
from sendbatch.message.source import at, at_offset, constants, references

MJML = ".mjml"  # the ending
_KINDS = ("mjml", "html", "css")
_MOST, _DEEPEST = 200, 20  # files that are included, and in one another
_NO_FILE = "it stands beside the file that includes it, or below the campaign's folder"
_INSTALL = 'pip install "sendbatch[mjml]"'


def read_mjml(
    entry: Path, *, search: Sequence[Path], allowed: Sequence[Path], what: str, place: Place | None
) -> tuple[Bundle | None, list[Finding]]:
    """As `read_bundle`, of a file in MJML: the bundle is of the HTML that becomes of it."""
    reading = _Reading(search, allowed, what)
    root = reading.read(entry, place, [])
    if root is not None:
        reading.findings += faults(root)
    if root is None or reading.has_errors:
        return None, reading.findings
    try:
        made, found = compiled(root, reading.bundle(entry.name))
    except ImportError:
        said = f"{what}: MJML is compiled by mrml, which is not installed"
        return None, [Rule.NOT_INSTALLED.finding(said, place, _INSTALL)]
    return made, [*reading.findings, *found, *doubts(root), *unseen(root)]


def uncompiled(bundle: Bundle) -> Iterator[Finding]:
    """MJML that nobody compiles, for its file is called otherwise."""
    for name, source in bundle.sources.items():
        if "<mjml" in source and not has_origins(source):
            tag = next((tag for tag in tags(constants(source)) if tag.name == "mjml"), None)
            if tag is not None:
                said = (
                    f"MJML in a file that does not end in {MJML}: it would be mailed as it stands"
                )
                place = at_offset(bundle.paths[name], source, tag.start)
                yield Rule.MJML_SYNTAX.finding(said, place, f"call it {Path(name).stem}{MJML}")


class _Reading:
    def __init__(self, search: Sequence[Path], allowed: Sequence[Path], what: str) -> None:
        self._search, self._allowed, self._what = search, allowed, what
        self._sources: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._files = 0
        self._remarks: list[Remark] = []
        self._heads: list[Element | Span] = []  # what files that are included have in their heads
        self.findings: list[Finding] = []

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)

    def bundle(self, entry: str) -> Bundle:
        """All that was read, but for what MJML includes itself; of that there are the paths."""
        return Bundle(entry, self._sources, self._paths, remarks=tuple(self._remarks))

    def read(self, path: Path, place: Place | None, around: Sequence[Path]) -> Element | None:
        """The tags of a file, with those of all that it includes; `around` are the files it is included
        by."""
        bundle = self._bundle(path, place, is_first=not around)
        if bundle is None:
            return None
        root, wrong = elements_of(_written(bundle))
        self.findings += wrong
        self._expand(root, [*around, path])
        if not around:
            self._join_heads(root)
        return root

    def _bundle(self, path: Path, place: Place | None, *, is_first: bool) -> Bundle | None:
        """A file as a template of Jinja, which it has to be by itself."""
        bundle, found = read_bundle(
            path,
            search=self._search,
            allowed=self._allowed,
            what=self._what,
            place=place,
        )
        self.findings += found
        self._remarks += bundle.remarks if bundle is not None else ()
        if bundle is None or any(finding.severity == "error" for finding in found):
            return None
        self._files += 1
        self.findings += _of_jinja(bundle, is_first=is_first)
        own = () if is_first else (bundle.entry,)
        self._sources |= {n: s for n, s in bundle.sources.items() if n not in own}
        self._paths |= {n: p for n, p in bundle.paths.items() if n not in own}
        if not is_first:
            self._paths[inserted(f"MJML {self._files}")] = bundle.paths[bundle.entry]
        return bundle

    def _expand(self, element: Element, around: Sequence[Path]) -> None:
        children: list[Element | Span] = []
        for child in element.children:
            if isinstance(child, Element) and child.name == "mj-include":
                children += self._included(child, element, around)
            else:
                if isinstance(child, Element):
                    self._expand(child, around)
                children.append(child)
        element.children = children

    def _included(
        self, include: Element, parent: Element, around: Sequence[Path]
    ) -> list[Element | Span]:
        """What stands in its place."""
        named = include.attributes.get("path")
        kind = include.attributes.get("type")
        if named is None or not named.text.strip():
            self._blame(include.at, "mj-include without a path", 'write path="footer.mjml"')
            return []
        if named.has_tags or (kind is not None and kind.has_tags):
            said = "mj-include with a name that is computed: all content is read at the start"
            self._blame(named, said, "write the name out, within {% if … %} and {% endif %}")
            return []
        if kind is not None and kind.text not in _KINDS:
            self._blame(kind, f"no kind of include: {kind.text}", "write mjml, html or css")
            return []
        if kind is not None and kind.text == "css":
            return [include]  # it is read as a style sheet that HTML links to
        path = self._found(named, around)
        if path is None:
            return []
        if kind is not None and kind.text == "html":
            return self._html(include, path)
        if path in around or self._files > _MOST or len(around) > _DEEPEST:
            said = "includes itself" if path in around else "too many files are included"
            self._blame(named, f"mj-include: {named.text} {said}")
            return []
        root = self.read(path, None, around)
        return self._parts(root, parent) if root is not None else []

    def _parts(self, root: Element, parent: Element) -> list[Element | Span]:
        """Of a whole letter its body, and what is in its head belongs to the head."""
        whole = next((element for element in root.elements if element.name == "mjml"), None)
        if whole is None or not parent.name:
            return root.children
        parts: list[Element | Span] = [child for child in root.children if isinstance(child, Span)]
        for part in whole.elements:
            if part.name == "mj-head" and parent.name != "mj-head":
                self._heads += part.children
            elif part.name in ("mj-body", "mj-head"):
                parts += part.children
            else:
                parts.append(part)
        return parts

    def _html(self, include: Element, path: Path) -> list[Element | Span]:
        bundle = self._bundle(path, None, is_first=False)
        if bundle is None:
            return []
        file = _written(bundle)
        if (at := file.source.find("<mj-")) >= 0:
            said = "MJML in a file that is included as HTML: it would be mailed as it stands"
            self._blame(Span(file, at, at), said, 'write type="mjml" in the tag that includes it')
        return [Element("mj-raw", include.at, content=Span(file, 0, len(file.source)))]

    def _found(self, named: Span, around: Sequence[Path]) -> Path | None:
        """The file, if it may be read; else a finding says why not."""
        name = named.text.strip()
        here = around[-1].parent
        try:
            path = file_named(name, (here, *self._search), self._allowed)
        except Refused as wrong:
            self._blame(named, f"mj-include: {wrong}: {name}")
            return None
        if path is not None:
            return path
        near = near_name(name, [here], but=around[-1].name)
        hint = f"did you mean {near}?" if near else _NO_FILE
        self._blame(named, f"mj-include: no such file: {name}", hint)
        return None

    def _join_heads(self, root: Element) -> None:
        mjml = next((element for element in root.elements if element.name == "mjml"), None)
        if mjml is None or not self._heads:
            return
        head = next((element for element in mjml.elements if element.name == "mj-head"), None)
        if head is None:
            head = Element("mj-head", mjml.at)
            mjml.children.insert(0, head)
        head.children += self._heads

    def _blame(self, span: Span, said: str, hint: str | None = None) -> None:
        self.findings.append(blame(Rule.UNUSABLE_INCLUDE, span, said, hint))


def _written(bundle: Bundle) -> Written:
    return Written(bundle.paths[bundle.entry], bundle.sources[bundle.entry])


def _of_jinja(bundle: Bundle, *, is_first: bool) -> list[Finding]:
    """Of templates that Jinja includes, MJML would be sent as it stands. Those of a file that is included
    have the names that the first has for them, and it has none itself."""
    found = []
    entry = bundle.entry
    for name, source in bundle.sources.items():
        for reference in references(parsed(source)):
            others = [other for other in reference.names if other in bundle.sources]
            said = f"{reference.word}: MJML is compiled before a template is included by Jinja"
            hint = f'write <mj-include path="{reference.names[0] if reference.names else "…"}" />'
            if name == entry and reference.word == "extends":
                said = "extends: a letter in MJML is a whole one"
            elif not is_first and entry in reference.names:
                said = f"{reference.word}: {entry} is the name of this file, which MJML includes"
                hint = "call one of the two otherwise"
            elif not any("<mj-" in bundle.sources[other] for other in others):
                continue
            place = at(bundle.paths[name], source, reference.line, reference.word)
            found.append(Rule.MJML_JINJA.finding(said, place, hint))
    return found
