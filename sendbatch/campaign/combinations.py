"""What a campaign file says that can be wrong although every single key reads well."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sendbatch.campaign.document.nodes import label
from sendbatch.campaign.document.syntax import COMMENT, cut_short, is_all_comment
from sendbatch.campaign.files import find
from sendbatch.campaign.language.checks import check_template
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.language.paths import names_of
from sendbatch.campaign.model import (
    REFUSE,
    VARIANT,
    Attachment,
    Dkim,
    Mailbox,
    Notification,
    Profile,
    Retry,
    Templates,
    Unsubscribe,
)
from sendbatch.campaign.names import guess
from sendbatch.campaign.spots import Reading, Spot
from sendbatch.campaign.table import table_of
from sendbatch.campaign.told import check_told
from sendbatch.campaign.written.hosts import comparable
from sendbatch.campaign.written.links import own_parameter
from sendbatch.campaign.written.lists import LIST_HEADERS, bracketed
from sendbatch.campaign.written.mailboxes import MAILBOX_HEADERS, check_mailboxes
from sendbatch.campaign.written.media import check_saved_as
from sendbatch.findings import Rule


def templates(spot: Spot, made: Templates) -> None:
    """That there is one, and no two for the same part."""
    if not any(map(spot.has, ("html", "text", "markdown"))):
        spot.blame(Rule.NO_TEMPLATE, "there is no template", "write markdown:, html: or text:")
    if spot.has("html") and spot.has("markdown"):
        said = "the HTML is made from the Markdown"
        spot.at("html").blame(Rule.CONFLICTING_KEYS, said, "leave out html: or markdown:", key=True)
    if spot.has("layout") and not spot.has("markdown"):
        said = "a layout stands around Markdown, and there is none"
        spot.at("layout").blame(
            Rule.CONFLICTING_KEYS, said, "leave it out, or write markdown:", key=True
        )
    for key, path in made.files.items():
        if (wrong := _no_template(key, path.suffix.lower())) is not None:
            spot.at(key).blame(Rule.WRONG_VALUE, f"{wrong[0]}: {path.name}", wrong[1])
    _fallback(spot, made)


def _fallback(spot: Spot, made: Templates) -> None:
    """That each value stands in for one that a path is chosen by."""
    around = spot.reading.spot.at("templates")
    if any(is_template(str(around.at(key).data)) and key not in made.by_row for key in _FILES):
        return  # a path that is none has its fault, and its names are not known
    if any(is_template(str(spot.at(key).data)) and key not in made.files for key in _FILES):
        return  # a path that is none has its fault, and its names are not known
    names = frozenset[str]().union(*map(names_of, made.by_row.values()))
    for name, value in made.fallback.items():
        there = spot.at("fallback", name)
        if name not in names:
            near = guess(name, names)
            hint = f"did you mean {near}?" if near else "take it out, or write {{ " + name + " }} in a path"
            there.blame(Rule.UNUSED_FALLBACK, "no path of a template has this name in it", hint, key=True)
        elif not value.strip() or "/" in value:
            said = "must be a part of a file's name: text without a slash"
            there.blame(Rule.WRONG_VALUE, said)


_FILES = ("html", "text", "markdown", "layout")
_MOST_SENDERS = 200
_MOST_TOLD = 10
# What a template is never written in: it would be mailed as it stands.
_NO_TEMPLATES = (
    *(".yaml", ".yml", ".csv", ".tsv", ".json", ".doc", ".docx", ".odt", ".rtf", ".pdf", ".pages"),
    *(".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".eml", ".msg"),
)
_NOT_HTML = {
    "html": "write markdown: instead of html:",
    "layout": "a layout is HTML with {{ content }} in it",
}


def _no_template(key: str, ending: str) -> tuple[str, str] | None:
    """What is wrong with a template whose name ends like this, and what to do."""
    if ending in _NO_TEMPLATES:
        return "no template, and would be mailed as it stands", "name an .html, .md or .txt file"
    if ending in (".md", ".markdown") and key in ("html", "layout"):
        return "is Markdown, and would be mailed as it stands", _NOT_HTML[key]
    if ending == ".mjml" and key in ("text", "markdown"):
        return "is MJML, which becomes HTML", "name it at html:"
    return None


def senders(spot: Spot, sender: Mailbox | None, several: Sequence[Mailbox] | None) -> None:
    """That a template gives one of them, and that without them none does: a cell alone, which is anybody's,
    never says who the sender is."""
    if sender is None:
        return
    is_chosen, there = is_template(sender.address), spot.at("senders")
    if is_chosen and not spot.has("senders"):
        said = "its address is a template, and whatever stands in a cell would be the sender"
        hint = "write down who may be: senders: [ann@example.com, bob@example.com]"
        spot.at("from").blame(Rule.MISSING_KEY, said, hint)
    elif not is_chosen and spot.has("senders"):
        said = "`from` has one address, and chooses none of them"
        hint = 'write from: "{{ name }} <{{ address }}>", with columns of yours, or leave senders out'
        there.blame(Rule.CONFLICTING_KEYS, said, hint, key=True)
    elif several is not None:
        if not several and there.data == []:
            there.blame(Rule.MISSING_KEY, "there is none in it", "write the addresses")
        if len(several) > _MOST_SENDERS:
            there.blame(Rule.WRONG_VALUE, f"more than {_MOST_SENDERS} of them")
        first: dict[str, Mailbox] = {}
        for box in several:
            if first.setdefault(comparable(box.address), box) is not box:
                there.blame(Rule.CONFLICTING_KEYS, f"{box.address} is there twice", "leave one out")


def attachment(spot: Spot, made: Attachment) -> None:
    """One for everyone must be there; one of a row's own is looked for with the rows."""
    spot.attempt(partial(check_template, made.file), Rule.TEMPLATE_SYNTAX)
    if made.name is not None:
        spot.at("name").attempt(partial(check_saved_as, made.name))
    if is_template(made.file):
        return
    find(spot.at("file"), made.file, spreadsheets=True, what="attachments")
    if made.missing != REFUSE:
        said = f"everybody gets {made.file}: it is missing for all or for nobody"
        spot.at("missing").blame(Rule.CONFLICTING_KEYS, said, "leave `missing` out")


def unsubscribe(spot: Spot, made: Unsubscribe) -> None:
    """That there is a way, and one that a click can take where `one_click` says so."""
    if not (spot.has("url") or spot.has("mailto")):
        spot.blame(Rule.MISSING_KEY, "needs url or mailto")
    if spot.at("sign").data == []:
        said = "has no secret in it, and links would go out that anybody can make for anybody"
        spot.at("sign").blame(Rule.MISSING_KEY, said, "write sign: ${UNSUBSCRIBE_SECRET}")
    if made.sign and not spot.has("url"):
        spot.at("sign").blame(Rule.MISSING_KEY, "needs a url: a mail address is not signed")
    elif made.sign and made.url and (own := own_parameter(made.url)) is not None:
        said = f"{own} in the address is one of those that a signed link ends with: c, k and t"
        spot.at("url").blame(Rule.UNSUBSCRIBE_URL, said, "call it otherwise")
    if not made.one_click:
        return
    # RFC 8058 §3.1: one HTTPS URI must be there.
    if made.url is None and made.mailto is not None:
        spot.at("one_click").blame(Rule.ONE_CLICK, "needs a url, not only mailto")
    elif made.url and not made.url.startswith("{") and not made.url.lower().startswith("https://"):
        spot.at("url").blame(Rule.ONE_CLICK, "one_click needs a url that begins with https://")


def dkim(spot: Spot, made: Dkim) -> None:
    """That there is one key."""
    if spot.has("key") and spot.has("key_file"):
        said = "stands beside key_file"
        spot.at("key").blame(Rule.CONFLICTING_KEYS, said, "keep one of them", key=True)
    elif made.key is None and made.key_file is None:
        hint = 'write key_file: and its path, or key: "${DKIM_KEY}"'
        spot.blame(Rule.MISSING_KEY, "there is no key to sign with", hint)


def notification(spot: Spot, made: Notification) -> None:
    """That a template is there where one is asked for, and only there, and can always be rendered."""
    if made.shape == "template" and not spot.has("template"):
        hint = "write template: and the path of a file"
        spot.at("shape").blame(Rule.MISSING_KEY, "there is no template", hint)
    if made.shape not in (None, "template") and spot.has("template"):
        said = f"{made.shape} has its own shape, and takes no template"
        hint = "leave one of the two out"
        spot.at("template").blame(Rule.CONFLICTING_KEYS, said, hint, key=True)
    if spot.has("type") and not spot.has("template"):
        said = "is that of a template, and there is none"
        spot.at("type").blame(Rule.CONFLICTING_KEYS, said, "leave it out", key=True)
    if spot.at("on").data == []:
        said, hint = "names nothing", "write end, wait, stop, or leave it out for all"
        spot.at("on").blame(Rule.MISSING_KEY, said, hint)
    if made.template is not None:
        told = partial(check_told, made.template, made.type)
        spot.at("template").attempt(told, Rule.TEMPLATE_SYNTAX)


def notifications(
    spot: Spot, declared: Sequence[Notification] | None, folders: Sequence[Path]
) -> tuple[Notification, ...]:
    """Those of one file, with where they stand; a `.env` is looked for in the folders."""
    found = tuple(declared or ())
    if len(found) > _MOST_TOLD:
        spot.blame(Rule.WRONG_VALUE, f"at most {_MOST_TOLD} are told", "take some away")
    return tuple(
        replace(one, folders=tuple(folders), place=spot.at(number).place)
        for number, one in enumerate(found)
    )


def variants(spot: Spot, variables: Collection[str]) -> None:
    """That no variable has the name by which templates know the variant of the subject."""
    if VARIANT not in variables or not isinstance(spot.at("subject").data, list):
        return
    said = f"{VARIANT} is the name of the subject that a recipient gets: A, B, …"
    spot.at("variables", VARIANT).blame(Rule.CONFLICTING_KEYS, said, "call it otherwise", key=True)


def retry(spot: Spot, made: Retry) -> None:
    """That the delays grow."""
    if made.first_delay > made.max_delay:
        key = "max_delay" if spot.has("max_delay") else "first_delay"
        spot.at(key).blame(Rule.CONFLICTING_KEYS, "first_delay is longer than max_delay")


def headers(spot: Spot, named: dict[str, str], profile: Profile | None) -> None:
    """That none is written twice, by whomever, and that those which hold mailboxes do."""
    seen: dict[str, str] = {}
    key = profile.idempotency.header if profile and profile.idempotency else None
    for name, value in named.items():
        there = spot.at(name)
        other = seen.setdefault(name.lower(), name)
        if other != name:
            there.blame(Rule.HEADER_TWICE, f"is the same header as {other}")
        if name.lower() in MAILBOX_HEADERS:
            there.attempt(partial(check_mailboxes, name, value))
        if name.lower() in LIST_HEADERS and not is_template(value):
            there.attempt(partial(bracketed, name, value))
        if key and name.lower() == key.lower():
            there.blame(Rule.HEADER_TWICE, "sendbatch writes it itself for this provider")


def comments(reading: Reading) -> None:
    """`subject: We are #1 now` says `We are`, for what stands behind the # is a comment."""
    for trail, place in reading.document.values.items():
        key = table_of(reading.keys).get(str(trail[0])) if trail else None
        if key is None or not key.for_readers:
            continue
        text = Spot(reading, trail).data
        if text is None and key.kind.takes_null:
            _all_comment(Spot(reading, trail))
        if not isinstance(text, str) or place.text is None or place.column is None:
            continue
        at = cut_short(place.text, place.column - 1, text)
        if at is not None:
            said = f"{label(trail)}: this and all behind it is a comment, and no part of the text"
            hint = "put the text in quotes, or a blank behind the #"
            Spot(reading, trail).find(
                Rule.CUT_BY_COMMENT, said, hint, place=replace(place, column=at + 1)
            )


def _all_comment(spot: Spot) -> None:
    """`color: #ff0000` is no colour but nothing, and would be read as None."""
    place = spot.key_place
    if is_all_comment(place.text or "", (place.column or 1) - 1):
        spot.find(Rule.NO_VALUE, f"{spot.label} has no value", COMMENT, key=True)
