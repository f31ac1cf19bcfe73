"""Where links lead that lead somewhere: over http, to an IP address, through a shortener, or to another
domain than a reader sees.

They are told once for each host, at their first place, with the number of the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.campaign.written.hosts import ascii_domain, is_address, is_loopback
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.links import Link, links_of
from sendbatch.message.checks.pictures import NAME, decided
from sendbatch.message.checks.senders import may_be_of_one
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markup import resolved
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants
from sendbatch.words import count

_LONGEST_SHOWN = 100
# Of services that shorten anybody's links, as spam filters list them (the plugin DecodeShortURLs of
# SpamAssassin): filters see one of these and not where it leads. Those that lead to one site alone, such as
# youtu.be, are not among them.
_SHORTENERS = frozenset(
    "0rz.tw adf.ly bit.do bit.ly bitly.com bl.ink buff.ly cli.gs clck.ru cutt.ly dlvr.it durl.me "  # noqa: SIM905
    "goo.gl goolink.cc is.gd j.mp kurzelinks.de kutt.it lc.chat mcaf.ee ow.ly qr.ae rb.gy rebrand.ly s.id "
    "short.gy short.io shorte.st shorturl.at shrtco.de snip.ly snipr.com snipurl.com soo.gd su.pr t.co t.ly "
    "t1p.de tiny.cc tiny.one tinyurl.com tr.im trib.al u.to urlz.fr v.gd vk.cc x.co y2u.be".split()
)
_WEB = re.compile(r"(?P<scheme>https?)://(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:]*)", re.IGNORECASE)
_BARE_URL = re.compile(r"https?://(?:\[[0-9a-f:.]*\])?[^\s<>\"')\]]+", re.IGNORECASE)
_NUMERIC = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+){0,3}", re.IGNORECASE)  # 2130706433 is 127.0.0.1 to browsers
# Names that lead nowhere outside of one network, where browsers do not ask for https either.
_INTERNAL = re.compile(r"(?:\A|\.)(?:corp|home|internal|intra|intranet|lan|local|localhost)\Z")
# What a reader takes for an address; without a scheme, of endings that little else has than domains.
_SHOWS = re.compile(
    r"(?P<sure>https?://|www\.)?(?:[^\s/?#@]*@)?(?P<host>(?:[\w-]+\.)+[^\W\d_]{2,})(?::\d+)?(?:[/?#]\S*)?\.?",
    re.IGNORECASE,
)
_ENDINGS = frozenset(
    "at au be biz br ca ch cn com cz de dk edu es eu fi fr gov hu ie in info it jp kr mx nl no nz org pl "  # noqa: SIM905
    "pt ro ru se sk tr ua uk us za".split()
)


class Target(NamedTuple):
    """A link to the web: whether by http, to which host (in lower case, as A-labels), and what is shown."""

    is_open: bool
    host: str
    shown: str | None


@dataclass(slots=True)
class _Told:
    """What is wrong with links to one host: at the first, with how many others."""

    rule: Rule
    said: str
    place: Place
    hint: str
    others: int = 0

    def finding(self) -> Finding:
        more = f" (and {count(self.others, 'other link')} like it)" if self.others else ""
        return self.rule.finding(self.said + more, self.place, self.hint)


def doubtful_targets(content: Content, columns: Collection[str]) -> Iterator[Finding]:
    """A warning for each host that is reached in a way that filters or browsers hold against a mail."""
    found: dict[tuple[Rule, str], _Told] = {}
    for bundle in (content.html, content.markdown, content.layout, content.text):
        if bundle is None:
            continue
        known = decided(bundle, content.variables, columns)
        for name, source in bundle.sources.items():
            if is_inserted(name):
                continue
            for link in _links(constants(source), bundle, content):
                url = _with_known(link, source, known)
                target = _target(url, link.text)
                for rule, said, hint in _wrong(target, url) if target is not None else ():
                    told = found.get((rule, target.host if target is not None else ""))
                    if told is not None:
                        told.others += 1
                        continue
                    place = at_offset(bundle.paths[name], source, link.start)
                    found[rule, target.host if target is not None else ""] = _Told(rule, said, place, hint)
    yield from (told.finding() for told in found.values())


def _links(hidden: str, bundle: Bundle, content: Content) -> Iterator[Link]:
    if bundle is content.text:
        yield from (Link(found.start(), found[0]) for found in _BARE_URL.finditer(hidden))
    else:
        yield from links_of(hidden, is_markdown=bundle is content.markdown)


def _with_known(link: Link, source: str, known: Mapping[str, str]) -> str:
    """The address with the variable of the campaign that it begins with filled in."""
    tag = NAME.match(source, link.start) if link.url.startswith(VALUE) else None
    if tag is None or tag[1] not in known:
        return link.url
    return known[tag[1]] + link.url[len(tag[0]) :]


def _target(url: str, shown: str | None) -> Target | None:
    """None where it is no address on the web, or a value decides where it leads."""
    web = _WEB.match(resolved(url).strip())
    if web is None or VALUE in web["host"] or BLOCK in web["host"]:
        return None
    return Target(web["scheme"].lower() == "http", _ascii(web["host"].rstrip(".")), shown)


def _wrong(target: Target, url: str) -> Iterator[tuple[Rule, str, str]]:
    """(rule, what is wrong, what to do) of each."""
    host = target.host
    # Not "…" alone: where addresses are masked, a word that ends so may be one that was cut, and goes.
    shown = re.sub(f"{VALUE}+", "{{ … }}", re.sub(f"{BLOCK}+", "{% … %}", url))
    written = one_line(shown, _LONGEST_SHOWN)
    if is_loopback(host.strip("[]")):
        said = f"the link {written} leads to the machine of whoever clicks on it"
        yield Rule.NUMERIC_LINK, said, "write the name of the server that everybody reaches"
    elif is_address(host.strip("[]")) or _NUMERIC.fullmatch(host):
        said = f"the link {written} leads to an IP address: filters take such a mail for phishing"
        yield Rule.NUMERIC_LINK, said, "write the name of the server"
    elif host in _SHORTENERS or host.removeprefix("www.") in _SHORTENERS:
        said = f"the link {written} hides where it leads: {host} shortens anybody's links, a spammer's too"
        yield Rule.SHORTENED_LINK, said, "write where it leads"
    elif target.is_open and "." in host and not _INTERNAL.search(host):
        said = f"the link {written} goes over http: browsers warn of it, and anybody on the way reads along"
        yield Rule.OPEN_LINK, said, "write https://"
    other = _other_shown(target)
    if other is not None:
        said = f"a reader sees {one_line(other, _LONGEST_SHOWN)}, and the link leads to {one_line(host, 60)}"
        yield Rule.MISLEADING_LINK, said, "let it lead there, or say in words where it leads"


def _other_shown(target: Target) -> str | None:
    """The domain that the link's text shows, where that is another than its own."""
    found = _SHOWS.fullmatch((target.shown or "").strip())
    if found is None:
        return None
    ending = found["host"].rpartition(".")[2].lower()
    if not found["sure"] and ending not in _ENDINGS:
        return None  # Node.js, README.md
    shown = _ascii(found["host"])
    return None if may_be_of_one(shown, target.host) else found["host"]


def _ascii(host: str) -> str:
    try:
        return ascii_domain(host)
    except ValueError:
        return host.lower()
