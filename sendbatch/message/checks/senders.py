"""Who a mail says that it comes from, and who the envelope says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain, is_loopback
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content

# Domains where anybody can have a mailbox, each with the domains of its servers.
FREE_MAIL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"gmail\.com|googlemail\.com", ("gmail.com", "google.com", "googlemail.com")),
    (r"(yahoo|ymail|rocketmail)\.([a-z]{2,3})(\.[a-z]{2})?", ("yahoo.com", "yahoodns.net")),
    (r"aol\.(com|de|fr|co\.uk)|aim\.com", ("aol.com", "yahoo.com")),
    (r"(outlook|hotmail|live|msn)\.([a-z]{2,3})(\.[a-z]{2})?", ("office365.com", "outlook.com", "live.com")),
    (r"icloud\.com|me\.com|mac\.com", ("me.com", "icloud.com")),
    (r"gmx\.(com|net|de|at|ch|fr|es|co\.uk)", ("gmx.com", "gmx.net", "gmx.de")),
    (r"web\.de", ("web.de",)),
    (r"t-online\.de|magenta\.de", ("t-online.de",)),
    (r"freenet\.de", ("freenet.de",)),
    (r"mail\.com|email\.com", ("mail.com",)),
    (r"(proton|protonmail)\.(com|me|ch)|pm\.me", ("protonmail.ch", "proton.me")),
    (r"(mail|inbox|list|bk)\.ru|internet\.ru", ("mail.ru",)),
    (r"yandex\.(ru|com|by|kz|ua)|ya\.ru", ("yandex.ru", "yandex.com", "yandex.net")),
    (r"orange\.fr|wanadoo\.fr", ("orange.fr",)),
    (r"free\.fr", ("free.fr",)),
    (r"laposte\.net", ("laposte.net",)),
    (r"(libero|virgilio)\.it", ("libero.it", "virgilio.it")),
    (r"(wp|o2|onet|interia)\.pl", ("wp.pl", "o2.pl", "onet.pl", "poczta.onet.pl", "interia.pl")),
    (r"seznam\.cz|email\.cz", ("seznam.cz",)),
    (r"(qq|foxmail)\.com", ("qq.com",)),
    (r"(163|126)\.com|yeah\.net", ("163.com", "126.com", "yeah.net")),
    (r"naver\.com", ("naver.com",)),
    (r"comcast\.net", ("comcast.net",)),
    (r"(att|sbcglobal|bellsouth)\.net", ("att.net", "yahoo.com")),
)


def strange_bounces(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning where bounces go to the domain of another organisation than the one in `from`: DMARC then
    counts no SPF for the mail (RFC 7489 §3.1.2)."""
    if content.senders is not None and content.senders.take_bounces:
        return  # each has its own
    theirs = ascii_domain(content.bounces_to.rpartition("@")[2]).lower()
    for ours in content.sender_domains:
        if not may_be_of_one(theirs, ours):
            said = (
                f"bounces_to is at {theirs}, and from at {ours}: "
                "filters hold that against a mail, and DMARC counts no SPF for it"
            )
            hint = f"write an address at {ours}, or at a subdomain of it"
            yield Rule.STRANGE_BOUNCES.finding(said, campaign.places.get("bounces_to"), hint)


def free_mail(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning where From is of a free mailbox, and the mail does not go by its provider: as seen by
    mailboxes, somebody else writes in its name."""
    profile = campaign.profile
    if not profile.mails_the_list or is_loopback(profile.host):
        return
    host = profile.host.lower()
    for domain in content.sender_domains:
        hosts = next((own for name, own in FREE_MAIL if re.fullmatch(name, domain)), ())
        if hosts and not any(host == own or host.endswith(f".{own}") for own in hosts):
            said = f"from is at {domain}, a free mailbox, and {one_line(host, 100)} is not its server"
            hint = "mailboxes refuse it, or take it for junk: write an address at a domain of your own"
            yield Rule.FREE_MAIL_SENDER.finding(said, campaign.places.get("from"), hint)


def may_be_of_one(one: str, other: str) -> bool:
    """Whether two domains may belong to one organisation. Which are for all to register in (co.uk) is not
    known here, so more pairs may than do."""
    return one.split(".")[-2:] == other.split(".")[-2:]
