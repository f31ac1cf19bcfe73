"""Names: what templates and headers use, compared with what there is, before a row is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import jinja2

from sendbatch.campaign.language import misuses as misused
from sendbatch.campaign.language.environment import (
    NameUse,
    environment,
    is_asked_first,
    is_template,
    names_in,
    names_needed,
    parsed,
)
from sendbatch.campaign.language.meaning import Kinds
from sendbatch.campaign.language.misuses import misuses
from sendbatch.campaign.language.slips import column_of, slip, words
from sendbatch.campaign.language.spellings import meant_by
from sendbatch.campaign.model import VARIANT, Campaign, Json
from sendbatch.errors import Place, within
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content, OwnFile
from sendbatch.message.insertions import authored, is_inserted
from sendbatch.message.source import assigned, at, exported, references
from sendbatch.message.unsubscribing import NAME

# What a layout can say besides all that templates can; it asks whether the last of them is defined.
OF_LAYOUTS = frozenset({"content", "subject", NAME})


def check_names(content: Content, campaign: Campaign, columns: Collection[str]) -> list[Finding]:
    """A finding for every name that is neither a column nor a variable, with a guess.

    `columns` are the usable names of the plan's columns. Names only asked `is defined` or given a
    default are fine, and so are those that a template or one around it sets itself. Text that is
    compared with a number or a truth value is one too.
    """
    with_link = _with_link(content, columns)
    findings = [*_two_links(content, columns)]
    for checking in _checkings(content, with_link):
        findings += checking.findings()
    for what, source in _templates(content):
        known = {*(with_link if what.startswith("subject") else columns), *content.variables}
        if what.startswith("templates") and content.variants is not None and VARIANT not in columns:
            known.discard(VARIANT)  # the same files for all variants
        place = declared_at(campaign, what)
        try:
            uses = names_needed(source)
        except jinja2.TemplateSyntaxError as error:
            found = slip(environment(), source, error, expression=False)
            place = within(place, source, found.offset)
            findings.append(
                Rule.TEMPLATE_SYNTAX.finding(
                    f"{what}: not a template: {found.message}", place, found.hint
                )
            )
            continue
        unknown = (use for use in uses if use.name not in known)
        findings += [
            _unknown(f"{what}: ", use, known, _inline(place, source, use.line, use.name))
            for use in unknown
        ]
        tree = parsed(source)
        for one in misuses(tree, Kinds(tree, columns, content.variables)):
            there = _inline(place, source, one.line, one.word)
            findings.append(one.rule.finding(f"{what}: {one.message}", there, one.hint))
    return findings


def _with_link(content: Content, columns: Collection[str]) -> Collection[str]:
    """What templates may use as they use columns: the link to unsubscribe too, where there is one."""
    return columns if content.unsubscribe is None else {*columns, NAME}


def _two_links(content: Content, columns: Collection[str]) -> Iterator[Finding]:
    """An error where templates show a column or variable that has the name of the finished link. That which
    the link itself is made of is the same."""
    declared = content.unsubscribe
    if declared is None or not (NAME in columns or NAME in content.variables):
        return
    is_the_link = not declared.sign and NAME in names_in(declared.url or "")
    if not is_the_link and (place := first_use(content, NAME)) is not None:
        what = "column" if NAME in columns else "variable"
        said = f"{NAME} is a {what}, and the link that `unsubscribe` declares goes by that name"
        yield Rule.AMBIGUOUS_NAME.finding(said, place, f"call the {what} otherwise")


def bare_conditions(
    content: Content, campaign: Campaign, columns: Collection[str]
) -> dict[tuple[str, tuple[str, ...]], Place | None]:
    """The columns that are conditions all by themselves, each with the words that it takes for yes, and with
    the first place where it is."""
    found: dict[tuple[str, tuple[str, ...]], Place | None] = {}
    for checking in _checkings(content, columns):
        for one, place in checking.bare():
            found.setdefault((one.column, one.words), place)
    for what, source in _templates(content):
        tree = parsed(source)
        for one in misused.bare_conditions(tree, Kinds(tree, columns, content.variables)):
            found.setdefault((one.column, one.words), declared_at(campaign, what))
    return {asked: place for asked, place in found.items() if asked[1]}


def _checkings(content: Content, columns: Collection[str]) -> Iterator[_Checking]:
    layouts = _layouts(content)
    for bundle in content.bundles:
        own = OF_LAYOUTS if id(bundle) in layouts else ()
        yield _Checking(bundle, columns, content.variables, own)


def _layouts(content: Content) -> set[int]:
    """The identities of those of its bundles."""
    return {id(texts.layout) for texts in content.texts if texts.layout is not None}


def names_used(content: Content) -> frozenset[str]:
    """Every name the message may depend on, those with a default too: two rows that agree in these
    get the same message."""
    found = [names_in(source) for _, source in _templates(content)]
    layouts = _layouts(content)
    for bundle in content.bundles:
        own = OF_LAYOUTS if id(bundle) in layouts else frozenset()
        found += [names_in(source) - own for source in bundle.sources.values()]
    return frozenset().union(*found)


def names_set(content: Content) -> frozenset[str]:
    """Every name that any of the templates gives a value to."""
    sources = (source for bundle in content.bundles for source in bundle.sources.values())
    return frozenset().union(*(assigned(parsed(source)) for source in sources))


def first_use(content: Content, name: str) -> Place | None:
    """Where a template first uses a name, None where only the campaign file does."""
    for bundle in content.bundles:
        for template, source in authored(bundle).sources.items():
            for (line, word), column in words(source).items():
                if word == name:
                    return at(bundle.paths[template], source, line, column=column)
    return None


class _Checking:
    """One bundle. What a template sets, those that it includes or extends see too, and where one
    extends another, its blocks see what the other sets."""

    def __init__(
        self,
        bundle: Bundle,
        columns: Collection[str],
        variables: Mapping[str, Json],
        own: Collection[str] = (),
    ) -> None:
        self._bundle = bundle
        self._columns, self._variables = columns, variables
        self._known = {*columns, *variables, *own}
        self._trees = trees = {name: parsed(source) for name, source in bundle.sources.items()}
        self._set = {name: assigned(tree) for name, tree in trees.items()}
        self._around: dict[str, set[str]] = {name: set() for name in trees}
        self._shared = {bundle.entry}  # templates that see the recipient's variables
        edges = [
            (name, other, reference)
            for name, tree in trees.items()
            for reference in references(tree)
            for other in reference.names
            if other in trees and reference.shares
        ]
        for name, other, reference in edges:
            self._around[other].add(name)
            if reference.word == "extends":
                self._around[name].add(other)
        self._follow([(name, other) for name, other, _ in edges])

    def _follow(self, edges: list[tuple[str, str]]) -> None:
        reached = [self._bundle.entry]
        while reached:
            here = reached.pop()
            new = {other for name, other in edges if name == here} - self._shared
            self._shared |= new
            reached += new

    def findings(self) -> Iterator[Finding]:
        for name in self._trees:
            known = self._visible(name)
            if is_inserted(name) and name in self._shared:
                continue  # what the campaign file says is looked at there
            for use in names_needed(self._bundle.sources[name]):
                if use.name in known or self._is_left_out(use.name, name):
                    continue
                place = self._place(name, use.line, use.name)
                if name not in self._shared and use.name in self._known:
                    said = f"{use.name} is not seen in an imported template"
                    yield Rule.IMPORT_WITHOUT_CONTEXT.finding(
                        said, place, "write `with context` behind the import"
                    )
                else:
                    yield _unknown("", use, known, place)
            for one in misuses(self._trees[name], self._kinds(name)):
                yield one.rule.finding(
                    one.message, self._place(name, one.line, one.word), one.hint
                )

    def _is_left_out(self, used: str, template: str) -> bool:
        """Whether it is the link to unsubscribe, in a template for campaigns with one and without."""
        return used == NAME and is_asked_first(self._trees[template], NAME)

    def bare(self) -> Iterator[tuple[misused.Bare, Place]]:
        """Every column that is a condition all by itself, with its place."""
        for name, tree in self._trees.items():
            if is_inserted(name):
                continue
            for one in misused.bare_conditions(tree, self._kinds(name)):
                yield one, self._place(name, one.line, one.column)

    def _kinds(self, name: str) -> Kinds:
        """What the expressions of one template give; the others may set the same names."""
        unsure = set().union(*(names for other, names in self._set.items() if other != name))
        shares = name in self._shared
        columns, variables = (self._columns, self._variables) if shares else ((), {})
        return Kinds(self._trees[name], columns, variables, unsure)

    def _place(self, name: str, line: int, word: str) -> Place:
        return at(self._bundle.paths[name], self._bundle.sources[name], line, word)

    def _visible(self, name: str) -> set[str]:
        """All names that a template may use without setting them where it does."""
        found = set(self._known) if name in self._shared else set()
        met, waiting = {name}, [name]
        while waiting:
            new = self._around[waiting.pop()] - met
            met |= new
            waiting += new
        found |= exported(self._trees[name])
        return found.union(*(self._set[other] for other in met - {name}))


def declared_at(campaign: Campaign, what: str) -> Place | None:
    """Where such a line stands."""
    return campaign.places.get(f"{what}.file") or campaign.places.get(what)


def _templates(content: Content) -> Iterator[tuple[str, str]]:
    """Those that stand in the campaign file."""
    return ((what, source) for what, source in lines_of(content) if is_template(source))


def lines_of(content: Content) -> Iterator[tuple[str, str]]:
    """What of a message stands in the campaign file, under the names its places have."""
    found: list[tuple[str, str | None]] = [
        *_subjects(content),
        ("preheader", content.preheader),
        ("from", content.sender.name),
        ("from", content.senders.address if content.senders is not None else None),
        *_names_of_senders(content),
        ("recipients.name", content.recipient_name),
        *((f"reply_to.{number}", box.name) for number, box in enumerate(content.reply_to)),
        *((f"headers.{name}", value) for name, value in content.headers),
        *((f"templates.{key}", path.written) for key, path in content.paths.items()),
        *(
            (f"attachments.{number}", file.pattern)
            for number, file in enumerate(content.attachments)
            if isinstance(file, OwnFile)
        ),
        *(
            (f"attachments.{number}.name", file.saved_as)
            for number, file in enumerate(content.attachments)
        ),
    ]
    if isinstance(content.invite, OwnFile):
        found.append(("invite", content.invite.pattern))
    if content.unsubscribe is not None:
        found.append(("unsubscribe.url", content.unsubscribe.url))
        found.append(("unsubscribe.mailto", content.unsubscribe.mailto))
    return ((what, source) for what, source in found if source)


def _names_of_senders(content: Content) -> Iterator[tuple[str, str]]:
    if content.senders is not None:
        for number, box in enumerate(content.senders.boxes):
            yield f"senders.{number}", box.name


def _subjects(content: Content) -> Iterator[tuple[str, str]]:
    if content.variants is None:
        yield "subject", content.subject
        return
    for number, subject in enumerate(content.variants.subjects):
        yield f"subject.{number}", subject


def _inline(place: Place | None, source: str, line: int, word: str) -> Place | None:
    """The place of a word in a template that stands in the campaign file."""
    column = column_of(source, line, word) if word else None
    if column is None:
        return place
    return within(
        place, source, len("".join(source.splitlines(keepends=True)[: line - 1])) + column - 1
    )


def _unknown(prefix: str, use: NameUse, known: Collection[str], place: Place | None) -> Finding:
    functions = environment().globals if use.called else ()
    meant = meant_by(use.name, {*known, *functions})
    hint = meant or "add a column or a variable of that name"
    if use.name == NAME:
        hint = "it is there in templates and the subject, where `unsubscribe` is declared"
    if use.name == VARIANT:
        hint = "it is there where `subject` is a list, but not in the path of a template"
    return Rule.UNKNOWN_NAME.finding(
        f"{prefix}{use.name} is not a column or a variable", place, hint
    )
