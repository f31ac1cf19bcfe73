"""Rules of what the mail says and shows."""

from __future__ import annotations

from sendbatch.findings import Rule
from tests.kit.pictures import png

from ..case import Case, html, keys, text

HTML_ALONE = keys(templates="letter.html")
URL = "https://example.com/u?m={{ email|urlencode }}"
CALENDAR = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y\nMETHOD:PUBLISH\nBEGIN:VEVENT\nUID:1@example.com\n"
    "DTSTAMP:20270101T000000Z\nDTSTART:20270612T160000Z\nSUMMARY:Party\nEND:VEVENT\nEND:VCALENDAR\n"
)
SIGNED = "unsubscribe: {url: 'https://example.com/u', sign: '${SECRET}'}\n"
LEAVE = '<a href="{{ unsubscribe_url }}">Leave the list</a>'


def organized(address: str) -> str:
    event = f"ORGANIZER:mailto:{address}\nATTENDEE;RSVP=TRUE:mailto:{{{{ email }}}}\nEND:VEVENT"
    return CALENDAR.replace("PUBLISH", "REQUEST").replace("END:VEVENT", event)


def linked(css: str) -> dict[str, str | bytes]:
    return html('<link rel="stylesheet" href="news.css">') | {"news.css": css}


def attached(name: str, data: str | bytes = "x") -> dict[str, str | bytes]:
    return keys(f"attachments: [{name}]\n") | {name: data}


def picture(tag: str, size: int = 100) -> dict[str, str | bytes]:
    return html(tag) | {"a.png": png(size, size)}


CASES: list[Case] = [
    Case(
        Rule.NO_TEXT_PART,
        HTML_ALONE | {"letter.html": '<img src="https://example.com/a.png">'},
        HTML_ALONE | {"letter.html": '<img src="https://example.com/a.png" alt="Spring is here">'},
    ),
    Case(
        Rule.UNSEEN_PREHEADER,
        keys("preheader: What grows now\n", templates="letter.txt"),
        keys("preheader: What grows now\n"),
    ),
    Case(
        Rule.SECOND_PREHEADER,
        keys("preheader: What grows now\n")
        | {"letter.html": "<div hidden>Spring</div><p>{{ name }}</p>"},
        keys("preheader: What grows now\n") | {"letter.html": "<div>Spring</div><p>{{ name }}</p>"},
    ),
    Case(
        Rule.UNUSABLE_STYLE_SHEET,
        html('<link rel="stylesheet" href="new.css">'),
        linked("p { color: #123 }"),
    ),
    Case(Rule.CSS_IMPORT, linked("@import 'other.css';"), linked("/* @import 'other.css'; */")),
    Case(
        Rule.REMOTE_STYLE_SHEET,
        html('<link rel="stylesheet" href="https://example.com/x.css">'),
        linked("p { color: #123 }"),
    ),
    Case(
        Rule.OVERRULED_STYLE,
        linked("p { color: #123 }\n@media (max-width: 600px) { p { color: #456 } }"),
        linked("p { color: #123 }\n@media (max-width: 600px) { p { color: #456 !important } }"),
    ),
    Case(
        Rule.STRANGE_BOUNCES,
        keys("bounces_to: bounces@example.net\n"),
        keys("bounces_to: bounces@mail.example.com\n"),
    ),
    Case(
        Rule.ONE_LINK_FOR_ALL,
        keys("unsubscribe: {url: 'https://example.com/u', one_click: true}\n"),
        keys(f"unsubscribe: {{url: '{URL}', one_click: true}}\n"),
    ),
    Case(
        Rule.BROKEN_PICTURE, html('<img src="b.png" alt="x">'), picture('<img src="a.png" alt="x">')
    ),
    Case(
        Rule.UNUSABLE_PICTURE,
        html('<img src="a.svg" alt="x">') | {"a.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"},
        picture('<img src="a.png" alt="x">'),
    ),
    Case(
        Rule.DOUBTFUL_PICTURE,
        html('<img src="a.jpg" alt="x">') | {"a.jpg": png(9, 9)},
        picture('<img src="a.png" alt="x">'),
    ),
    Case(
        Rule.WIDE_PICTURE,
        picture('<img src="a.png" alt="x">', 701),
        picture('<img src="a.png" alt="x" width="600">', 701),
    ),
    Case(
        Rule.LOCAL_FONT,
        linked("@font-face { font-family: x; src: url(x.woff) }"),
        linked("@font-face { font-family: x; src: url(https://example.com/x.woff) }"),
    ),
    Case(
        Rule.PICTURE_WITHOUT_SCHEME,
        html('<img src="//example.com/a.png" alt="x">'),
        html('<img src="https://example.com/a.png" alt="x">'),
    ),
    Case(
        Rule.BROKEN_LINK,
        html('<a href="page">x</a>'),
        html('<a href="https://example.com/page">x</a>'),
    ),
    Case(
        Rule.BARE_TEXT_PART,
        HTML_ALONE
        | {
            "letter.html": '<a href="https://example.com/"><img src="https://example.com/a.png"></a>'
        },
        HTML_ALONE | {"letter.html": '<a href="https://example.com/">Spring is here</a>'},
    ),
    Case(
        Rule.LOST_STYLE,
        linked("p { color: #123 }\n} b { }"),
        linked("p { color: #123 }\nb { color: #456 }"),
    ),
    Case(
        Rule.UNSHOWN_LINK,
        keys(SIGNED),
        keys(SIGNED) | html(LEAVE) | text("Leave: {{ unsubscribe_url }}"),
    ),
    Case(
        Rule.OPEN_LINK,
        html('<a href="http://example.org/">x</a>'),
        html('<a href="https://example.org/">x</a>'),
    ),
    Case(
        Rule.NUMERIC_LINK,
        html('<a href="https://192.0.2.1/">x</a>'),
        html('<a href="https://192.example.com/">x</a>'),
    ),
    Case(
        Rule.SHORTENED_LINK,
        html('<a href="https://bit.ly/x">x</a>'),
        html('<a href="https://bit.ly.example.com/x">x</a>'),
    ),
    Case(
        Rule.MISLEADING_LINK,
        html('<a href="https://example.com/">www.example.org</a>'),
        html('<a href="https://example.com/shop">www.example.com</a>'),
    ),
    Case(
        Rule.UNENCODED_VALUE,
        html('<a href="https://example.com/?n={{ name }}">x</a>'),
        html('<a href="https://example.com/?n={{ name|urlencode }}">x</a>'),
    ),
    Case(Rule.UNCLOSED_TAG, html("<b>now"), html("<ul><li>now</ul><p>soon")),
    Case(Rule.MISNESTED_TAG, html("<b><i>now</b></i>"), html("<b><i>now</i></b><br>")),
    Case(
        Rule.PICTURE_WITHOUT_ALT,
        html('<img src="https://example.com/a.png">'),
        html('<img src="https://example.com/a.png" alt="">'),
    ),
    Case(
        Rule.PICTURE_ALONE,
        {"letter.html": '<img src="https://example.com/a.png" width="600" alt="Spring is here">'},
        html(
            '<img src="https://example.com/a.png" width="600" alt="Spring">'
            + "<p>Words of it. </p>" * 20
        ),
    ),
    Case(Rule.LONG_SUBJECT, keys(subject=f"'{'x' * 79}'"), keys(subject=f"'{'x' * 78}'")),
    Case(Rule.CAPITAL_SUBJECT, keys(subject="SPRING IS HERE"), keys(subject="SPRING is here")),
    Case(
        Rule.GAP_IN_TEXT,
        text("Yours, {{ name|replace('Bob', '') }}: x"),
        text("Yours{{ name|replace('Bob', '') }}: x"),
    ),
    Case(
        Rule.CLIPPED_HTML,
        html("{{ 'abcdefghij' * 10500 }}"),
        html("{{ 'abcdefghij' * 10300 }}"),
    ),
    Case(
        Rule.NO_UNSUBSCRIBE,
        keys("check: {bulk: true}\n"),
        keys("check: {bulk: true}\n") | text("Reply STOP to unsubscribe."),
    ),
    Case(
        Rule.WITHOUT_ONE_CLICK,
        keys("check: {bulk: true}\nunsubscribe: leave@example.com\n") | html(LEAVE),
        keys(
            "check: {bulk: true}\nunsubscribe: {url: 'https://example.com/?a={{ email|urlencode }}', "
            "one_click: true}\n"
        )
        | html(LEAVE),
    ),
    Case(
        Rule.DISAGREEING_TEXT,
        html("<p>20&nbsp;% off") | text("15 % off"),
        html("<p>20&nbsp;% off") | text("20% off"),
    ),
    Case(
        Rule.STRANGE_ORGANIZER,
        keys("invite: a.ics\n") | {"a.ics": organized("ann@example.net")},
        keys("invite: a.ics\n") | {"a.ics": organized("ann@example.com")},
    ),
    Case(Rule.LEFTOVER_PLACEHOLDER, html("Dear *|FNAME|*"), html("Dear | * all *")),
    Case(Rule.EMPTY_ATTACHMENT, attached("a.pdf", ""), attached("a.pdf", "%PDF-1.4")),
    Case(Rule.REFUSED_ATTACHMENT, attached("a.exe"), attached("a.txt")),
    Case(
        Rule.ATTACHED_TWICE,
        keys("attachments: [a.pdf, ./a.pdf]\n") | {"a.pdf": "%PDF-1.4"},
        keys("attachments: [a.pdf, b.pdf]\n") | {"a.pdf": "%PDF-1.4", "b.pdf": "%PDF-1.5"},
    ),
    Case(
        Rule.OPEN_ATTACHMENT,
        keys("attachments: ['{{ plan }}']\n") | {"paid": "x", "free": "y"},
        keys("attachments: ['bills/{{ plan }}']\n") | {"bills/paid": "x", "bills/free": "y"},
    ),
    Case(
        Rule.UNUSABLE_CALENDAR,
        keys("invite: a.ics\n") | {"a.ics": "Party at eight"},
        keys("invite: a.ics\n") | {"a.ics": CALENDAR},
    ),
    Case(
        Rule.INCOMPLETE_INVITATION,
        keys("invite: a.ics\n") | {"a.ics": CALENDAR.replace("UID:1@example.com\n", "")},
        keys("invite: a.ics\n") | {"a.ics": CALENDAR},
    ),
    Case(
        Rule.INVITATION_ATTACHED,
        attached("a.ics", CALENDAR.replace("PUBLISH", "REQUEST")),
        attached("a.ics", CALENDAR),
    ),
    Case(
        Rule.UNUSABLE_ATTACHMENT,
        keys("attachments: ['bills/{{ plan }}']\n") | {"bills/paid": "x"},
        keys("attachments: ['bills/{{ plan }}']\n") | {"bills/paid": "x", "bills/free": "y"},
    ),
    Case(
        Rule.UNBUILDABLE_MESSAGE,
        html("{{ 1 // (name|length - 3) }}"),
        html("{{ 1 // (name|length) }}"),
    ),
]
