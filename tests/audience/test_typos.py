"""Likely misspelt domains are told, and no domain that somebody may have."""

from __future__ import annotations

import pytest

from sendbatch.audience.typos import PROVIDERS, REAL, UNLIKE, meant_by

MISSPELT = {
    "gmail.com": "gmial.com gmai.com gmal.com gmil.com gamil.com gmaill.com gmqil.com gail.com mgail.com "
    "gmail.co gmail.cm gmail.con gmail.comm gmail.de gmail.co.uk gmail.net gnail.con",
    "hotmail.com": "hotmial.com hotmai.com hotmali.com homtail.com hotmaill.com otmail.com ohtmail.com "
    "hotmail.cmo hotmail.co",
    "hotmail.co.uk": "hotmaill.co.uk hotmail.couk",
    "yahoo.com": "yaho.com yahooo.com yhaoo.com yahoo.om",
    "yahoo.fr": "yaoo.fr yahho.fr",
    "outlook.com": "outlok.com outllok.com outlook.vom",
    "icloud.com": "icoud.com iclod.com icloud.co",
    "protonmail.com": "protonmial.com",
    "comcast.net": "concast.net",
    "t-online.de": "tonline.de t-onlin.de",
    "gmx.de": "gmx.dee",
    "web.de": "web.con",
    "firm.com": "firm.con",
}
# Each of them is somebody's, or may be.
RIGHT = """
gmail.com googlemail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.it hotmail.be live.com live.nl
live.co.uk outlook.com outlook.de outlook.com.br msn.com yahoo.com yahoo.co.uk yahoo.fr yahoo.co.jp
yahoo.com.br yahoo.ca ymail.com rocketmail.com aol.com icloud.com me.com mac.com mail.com email.com usa.com
gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de arcor.de posteo.de mailbox.org online.de
tv-online.de orange.fr grange.fr free.fr sfr.fr laposte.net wanadoo.fr bbox.fr neuf.fr libero.it virgilio.it
tiscali.it alice.it tin.it hotmail.es telefonica.net btinternet.com sky.com virginmedia.com talktalk.net
ntlworld.com comcast.net comcast.com verizon.net verizon.com att.net sbcglobal.net bellsouth.net cox.net
charter.net earthlink.net earthling.net shaw.ca rogers.com sympatico.ca telus.net bigpond.com
optusnet.com.au xtra.co.nz uol.com.br bol.com.br terra.com.br ig.com.br mail.ru yandex.ru ya.ru rambler.ru
bk.ru list.ru inbox.ru ukr.net wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz email.cz azet.sk
freemail.hu citromail.hu abv.bg bluewin.ch sunrise.ch hispeed.ch telenet.be skynet.be ziggo.nl kpnmail.nl
xs4all.nl hetnet.nl planet.nl home.nl telia.com online.no qq.com 163.com 126.com sina.com naver.com daum.net
hanmail.net docomo.ne.jp ezweb.ne.jp softbank.ne.jp rediffmail.com proton.me protonmail.com protonmail.ch
pm.me tutanota.com fastmail.com hey.com zoho.com duck.com mozmail.com privaterelay.appleid.com hmail.com
tmail.com fmail.com xmail.com cmail.com gotmail.com cloud.com ecloud.com firm.co firm.om firm.com
firm.example mail.firm.com gmail.firm.example gmail.example gmail.test yahoo-inc.com horizon.net
overlook.com riposte.net bücher.example xn--bcher-kva.example a.b a
"""


@pytest.mark.parametrize(
    ("meant", "domain"), [(to, one) for to, some in MISSPELT.items() for one in some.split()]
)
def test_a_misspelt_domain_is_told_with_what_was_meant(meant: str, domain: str) -> None:
    assert meant_by(domain) == meant


def test_no_domain_that_somebody_may_have_is_misspelt() -> None:
    assert {domain: meant for domain in RIGHT.split() if (meant := meant_by(domain))} == {}
    assert not any(map(meant_by, REAL))


def test_what_was_meant_is_never_misspelt_itself_and_every_name_is_a_providers() -> None:
    assert set(UNLIKE) <= set(PROVIDERS)
    for name in UNLIKE:
        for place in range(len(name)):
            meant = meant_by(f"{name[:place]}{name[place + 1 :]}.{PROVIDERS[name][0]}")
            assert meant is None or meant in REAL
