"""What a letter shows that no reader of it has: files that are not sent with it, parts that it does not have.

Files that a template names are put into the mail when it is read (`pictures.reading`); what is found here is
what was left.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from sendbatch.campaign.language.environment import parsed
from sendbatch.campaign.model import Json
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content, Texts
from sendbatch.message.pictures.files import MOST
from sendbatch.message.pictures.finding import Kind, Reference, Shown, kind_of, references
from sendbatch.message.pictures.kinds import NOT_BY_ALL, named_otherwise
from sendbatch.message.pictures.shown import shown_to_all
from sendbatch.message.source import BLOCK, VALUE, assigned, at_offset, constants
from sendbatch.words import size

_LONGEST_SHOWN = 100
_NOBODY_HAS = "{} leads nowhere: nobody who reads the mail has this file"
_SAID = {
    Kind.LOCAL: _NOBODY_HAS,
    Kind.OWN: _NOBODY_HAS,
    Kind.COMPUTED: _NOBODY_HAS,
    Kind.PART: "{} leads nowhere: no part of the mail is called that",
    Kind.FONT: "{} is not sent: no program for mail loads a font from it",
    Kind.SCHEME: "{} has no https: before it, and some programs look for a file then",
}
_HINT = "name a file beside the template by its path (img/logo.png), or write https://…"

_SMALLER = "make them smaller, or put them on a web server and write https://…"
_FONT_HINT = "put it on a web server and write https://…, or name a font that systems have"
# To whoever wrote a value where a path belongs.
OWN_WAY = "write its folder out before the value, as in maps/{{ … }} or ./{{ … }}"
_WHOLE = 'an address on the web is the value alone, as in {{ photo ~ ".png" }}'
# Of values with an ending behind them: the name of a file, without the folder that it is in.
_NO_FOLDER = re.compile(r"[^/\\:?#]+\.(?:avif|bmp|gif|jpe?g|png|svg|tiff?|webp)", re.IGNORECASE)
NAME = re.compile(r"\{\{[-+]?\s*([^\W\d]\w*)\s*[-+]?\}\}")


def broken_pictures(content: Content, columns: Collection[str]) -> list[Finding]:
    """An error for each address in the HTML that leads to no picture, wherever in its templates it
    stands."""
    found = (
        Rule.BROKEN_PICTURE.finding(said_of(one), place_of(bundle, name, one.start), hint_of(one))
        for bundle, name, one in _written(content, columns)
        if one.kind in (Kind.LOCAL, Kind.OWN, Kind.PART) or _lacks_folder(one)
    )
    return [*dict.fromkeys(found)]  # MJML writes some of them several times


def doubtful_pictures(content: Content, columns: Collection[str]) -> Iterator[Finding]:
    """A warning for each address that some programs find and others do not, and for each picture that some
    do not show, or show too wide, or whose name says that it is another."""
    pictures = {picture.cid: picture for picture in content.pictures}
    yield from dict.fromkeys(_doubtful_addresses(content, columns))
    bundles = [bundle for bundle, _ in shown_by(content)]
    for cid, picture in pictures.items():
        other = named_otherwise(picture.written_as, picture.media_type)
        if picture.media_type in NOT_BY_ALL:
            said = f"{_shown(picture.name)}: Outlook for Windows does not show {picture.media_type[6:]}"
            yield Rule.DOUBTFUL_PICTURE.finding(
                said, shown_at(cid, bundles), "save it as PNG or JPEG"
            )
        elif other is not None:
            said = f"{_shown(picture.written_as)} is {other}, and is sent as that"
            yield Rule.DOUBTFUL_PICTURE.finding(
                said, shown_at(cid, bundles), "give it that ending"
            )


def _doubtful_addresses(content: Content, columns: Collection[str]) -> Iterator[Finding]:
    for bundle, name, one in _written(content, columns):
        if one.kind is Kind.SCHEME:
            hint = f"write https:{_shown(one.url)}"
            place = place_of(bundle, name, one.start)
            yield Rule.PICTURE_WITHOUT_SCHEME.finding(said_of(one), place, hint)
        if one.kind is Kind.FONT:
            place = place_of(bundle, name, one.start)
            yield Rule.LOCAL_FONT.finding(said_of(one), place, _FONT_HINT)


def computed_pictures(content: Content, columns: Collection[str]) -> list[Place]:
    """Where a value decides what is shown."""
    return [
        place_of(bundle, name, one.start)
        for bundle, name, one in _written(content, columns)
        if one.kind is Kind.COMPUTED
    ]


def hint_of(reference: Reference) -> str:
    """What to do about it."""
    if reference.kind is Kind.COMPUTED:
        return f"for a file of each recipient {OWN_WAY}; {_WHOLE}"
    if reference.kind is Kind.PART:
        return "write the path of a file instead, as in img/logo.png: it becomes a part by itself"
    return _HINT


def said_of(reference: Reference) -> str:
    """What is wrong with an address, as a sentence."""
    return _SAID[reference.kind].format(_shown(reference.url))


def _lacks_folder(reference: Reference) -> bool:
    """Whether no row can make a path of it, by what its author wrote."""
    return reference.kind is Kind.COMPUTED and _NO_FOLDER.fullmatch(reference.url) is not None


def _written(
    content: Content, columns: Collection[str]
) -> Iterator[tuple[Bundle, str, Reference]]:
    """(bundle, template, reference) of each; where a variable of the campaign alone decides, it has
    decided."""
    for bundle, shown in shown_by(content):
        yield from ((bundle, name, one) for name, one in _written_in(bundle, shown, content, columns))


def shown_by(content: Content) -> Iterator[tuple[Bundle, Shown]]:
    """What a reader sees the HTML of, each with what says what it shows."""
    for bundle in (content.html, content.layout):
        if bundle is not None:
            yield bundle, references
    if content.markdown is not None:
        # It takes 10 ms, and a worker seldom needs it.
        from sendbatch.message.markdown.addresses import shown

        yield content.markdown, shown


def _written_in(
    bundle: Bundle, shown: Shown, content: Content, columns: Collection[str]
) -> Iterator[tuple[str, Reference]]:
    known: dict[str, str] | None = None
    there = {f"cid:{picture.cid}" for picture in content.pictures}
    marks = tuple(own.mark for own in content.own_pictures)
    for name, source in bundle.sources.items():
        for reference in shown(constants(source)):
            if reference.url.strip() in there or reference.url.startswith(marks):
                continue
            if reference.kind is not Kind.COMPUTED:
                yield name, reference
                continue
            if known is None:
                known = decided(bundle, content.variables, columns)
            tag = NAME.match(source, reference.start)
            if tag is None or tag[1] not in known:
                yield name, reference
                continue
            url = known[tag[1]] + reference.url[len(tag[0]) :]
            if (kind := kind_of(url)) is not None:
                yield name, replace(reference, url=url, kind=kind)


def decided(
    bundle: Bundle, variables: Mapping[str, Json], columns: Collection[str]
) -> dict[str, str]:
    """The variables of the campaign that are what they are in each message."""
    taken = set(columns).union(*(assigned(parsed(text)) for text in bundle.sources.values()))
    return {
        name: value
        for name, value in variables.items()
        if isinstance(value, str) and name not in taken
    }


def too_much_for_all(texts: Texts) -> Iterator[Finding]:
    """An error where what each message shows is more than a mail may have."""
    if sum(len(one.data) for one in texts.pictures) <= MOST:
        return
    total = 0
    for one in shown_to_all(texts):
        total += len(one.data)
        if total > MOST:
            named = _shown(one.written_as)
            said = f"{named}: is too much: all pictures of a mail may have {size(MOST)} together"
            yield Rule.UNUSABLE_PICTURE.finding(said, shown_at(one.cid, texts.bundles), _SMALLER)
            return


def shown_at(cid: str, bundles: Iterable[Bundle]) -> Place | None:
    """Where a picture is first shown."""
    for bundle in bundles:
        for name, source in bundle.sources.items():
            if (start := source.find(f"cid:{cid}")) >= 0:
                return place_of(bundle, name, start)
    return None


def place_of(bundle: Bundle, name: str, start: int) -> Place:
    return at_offset(bundle.paths[name], bundle.sources[name], start)


def _shown(url: str) -> str:
    return one_line(re.sub(f"[{VALUE}{BLOCK}]+", "…", url), _LONGEST_SHOWN)
