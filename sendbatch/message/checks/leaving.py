"""Ways to unsubscribe that do not do what their author wants: a link that nobody sees, a button that does not
say who pressed it; and mail in bulk that gives no way, or none with one click.

What is asked of senders in bulk is in Gmail's and Yahoo's pages for them:
https://support.google.com/mail/answer/81126 and https://senders.yahooinc.com/best-practices/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from sendbatch.campaign.language.environment import names_in
from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content
from sendbatch.message.letter import shows_link
from sendbatch.message.unsubscribing import NAME

# How a way to leave is called, in a text or in an address, in the languages of most lists.
_CALLED = re.compile(
    r"unsub|opt[ _-]?out|abmeld|abbestell|austrag|d[ée]s(?:abonn|inscri)|darse? de baja|disiscri|annulla"
    r"|cancelar|afmeld|uitschr|avregistr|avmeld|avslut|odhl|wypis|rezygn|leiratkoz|peruuta|dezabon|отпис"
    r"|配信停止|退订|取消訂閱|구독 ?취소|preferences|einstellungen|email[ -]settings",
    re.IGNORECASE,
)
_DECLARE = "write unsubscribe: with url: and one_click: true, and {{ unsubscribe_url }} into the templates"
_NOT_BULK = "or check: {bulk: false} where nobody subscribed to it, as to an invoice"


def doubtful_leaving(
    content: Content, campaign: Campaign, columns: Collection[str], recipients: int
) -> Iterator[Finding]:
    """Warnings of what can be told before any row is looked at; so many `recipients` get it."""
    declared = content.unsubscribe
    is_bulk = campaign.check.is_bulk(recipients)
    if declared is not None:
        url = declared.url or ""
        if declared.one_click and not declared.sign and names_in(url).isdisjoint(columns):
            said = "unsubscribe.url is the same for everybody: one_click will not say who pressed the button"
            hint = "add sign: to it, or what tells them apart: ?for={{ email|urlencode }}"
            yield Rule.ONE_LINK_FOR_ALL.finding(said, campaign.places.get("unsubscribe.url"), hint)
        # Without `sign` its author may have written it out.
        is_seen = shows_link(content, columns) or (not declared.sign and _is_written(content))
        if (declared.sign or is_bulk) and not is_seen:
            what = "the signed link" if declared.sign else "a way to unsubscribe"
            said = f"unsubscribe: no template shows {what}, and not every mail program has a button"
            place = campaign.places.get("unsubscribe")
            yield Rule.UNSHOWN_LINK.finding(said, place, f"write {{{{ {NAME} }}}} where it belongs")
    if is_bulk:
        yield from _in_bulk(content, campaign)


def _in_bulk(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """What Gmail and Yahoo ask of a mail to many."""
    declared = content.unsubscribe
    headers = {name.lower() for name, _ in content.headers}
    if declared is None and "list-unsubscribe" not in headers and not _is_written(content):
        said = "the mail gives no way to unsubscribe, and goes to many"
        place = campaign.places.get("recipients.file") or campaign.places.get("name")
        yield Rule.NO_UNSUBSCRIBE.finding(said, place, f"{_DECLARE}, {_NOT_BULK}")
        return
    has_click = declared is not None and declared.one_click and declared.url is not None
    if not has_click and "list-unsubscribe-post" not in headers:
        said = "nobody can unsubscribe with one click, which Gmail and Yahoo ask of mail to many"
        place = campaign.places.get("unsubscribe") or campaign.places.get("name")
        hint = "write one_click: true" if declared is not None and declared.url else _DECLARE
        yield Rule.WITHOUT_ONE_CLICK.finding(said, place, f"{hint}, {_NOT_BULK}")


def _is_written(content: Content) -> bool:
    """Whether any template shows a way out that its author wrote: it begins as the declared one does, or is
    called so."""
    declared = content.unsubscribe
    urls = (declared.url, declared.mailto) if declared is not None else ()
    begun = [url.partition("{")[0].removeprefix("mailto:") for url in urls if url]
    known = [one for one in begun if len(one.rstrip("/")) > len("https://")]
    sources = [source for bundle in content.bundles for source in bundle.sources.values()]
    return any(
        _CALLED.search(source) is not None or any(one in source for one in known) for source in sources
    )
