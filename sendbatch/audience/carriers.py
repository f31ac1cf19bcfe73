"""Domains whose phone companies gave out addresses with dots where no standard has them: data.

Each with the page that says so. Others are taken with `recipients: {addresses: as_given}`.
"""

from __future__ import annotations

LOOSE_DOTS = {
    # "docomo..ab1234yz@docomo.ne.jp, docomo-ab1234yz.@docomo.ne.jp": given out until 2009, still in use
    "docomo.ne.jp": "https://www.docomo.ne.jp/service/docomo_mail/rfc_add/",
    # two dots in a row, or one right before the @, "may not be delivered by some providers"
    "ezweb.ne.jp": "http://www.au.kddi.com/notice/meiwaku/email/mail_address/index.html",
    # since 2018 addresses of ezweb.ne.jp may keep what is before the @ here
    "au.com": "https://www.gapsis.jp/2018/04/about-aucom-mailaddress.html",
}
