"""The letter that all senders send, and the same letter in other words.

Personalised HTML of about 2.3 KB with a loop and branches, and text of about 1 KB. `LETTER` is written in
what Jinja2 and nunjucks have in common, so that those peers render the very same files. `UNPLANNED`,
`STYLED` and `FOR_GO` are made from it by replacement, `MARKDOWN` and `MJML` stand in letters/: whoever it is
sent to, the letter says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.pictures import png

SENDER = "The Workshop <news@workshop.example>"
SUBJECT = "{{ first_name }}, spring is here"

HTML = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>News for {{ first_name }}</title></head>
<body style="margin:0;padding:0;background:#f4f4f2;font-family:Georgia,serif;color:#222">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="600" cellpadding="24" cellspacing="0" style="background:#fff">
<tr><td>
<h1 style="font-size:24px">Dear {{ first_name }} {{ last_name }},</h1>
<p>spring has come to {{ city }}, and the workshop has been busy all winter. Here is what we
made, what we learned on the way, and what we have put aside for you until the end of the month.</p>
{% if plan == "business" %}
<p>As a <strong>business</strong> customer you have free delivery and an account manager of your own;
just reply to this mail and it reaches a person within the hour.</p>
{% elif plan == "basic" %}
<p>Your <strong>basic</strong> plan has free delivery on orders above 50 EUR, this month above 30.</p>
{% else %}
<p>Your plan is free, and stays so. <a href="https://shop.example/plans">See the other plans</a>.</p>
{% endif %}
<h2 style="font-size:18px">On your list</h2>
<ul style="line-height:1.6">
{% for item in items.split("|") %}
<li><a href="https://shop.example/search?q={{ item|urlencode }}" style="color:#205072">{{ item }}</a></li>
{% endfor %}
</ul>
{% if points|int >= 500 %}
<p>You have <strong>{{ points }} points</strong>, which is enough for a voucher of 25 EUR.
<a href="https://shop.example/voucher?for={{ email|urlencode }}">Take it now</a>, it is yours.</p>
{% else %}
<p>You have {{ points }} points; from 500 on there is a voucher of 25 EUR waiting for you.</p>
{% endif %}
<p>The workshop is open from Tuesday to Saturday, ten to six, and there is always coffee. Bring the
measures of your room, and we draw the piece while you wait.</p>
<h2 style="font-size:18px">From the workshop</h2>
<p>All our oak now comes from two forests within forty kilometres, felled in winter and dried for
three years. It costs us more and you the same. In the small film on our
<a href="https://shop.example/journal/oak">journal</a> you see how a board becomes a table: nine pairs
of hands, six days, not one screw. Whoever would like to see it with their own eyes is welcome on the
first Saturday of the month; <a href="https://shop.example/visit">put your name down</a>.</p>
<p>With kind regards from all of us,<br>Hanna and the people of the workshop</p>
<hr style="border:0;border-top:1px solid #ddd">
<p style="font-size:12px;color:#777">You get this mail at {{ email }} because you asked for it.
<a href="https://shop.example/leave?who={{ email|urlencode }}">Leave the list</a>.</p>
</td></tr></table></td></tr></table>
</body>
</html>
"""

TEXT = """\
Dear {{ first_name }} {{ last_name }},

spring has come to {{ city }}, and the workshop has been busy all winter. Here is what we
made, what we learned on the way, and what we have put aside for you until the end of
the month.

{% if plan == "business" %}As a business customer you have free delivery and an account manager.
{% else %}Delivery is free on orders above 50 EUR.
{% endif %}
On your list:
{% for item in items.split("|") %}  * {{ item }}
{% endfor %}
{% if points|int >= 500 %}You have {{ points }} points, enough for a voucher of 25 EUR:
https://shop.example/voucher?for={{ email|urlencode }}
{% else %}You have {{ points }} points; from 500 on there is a voucher of 25 EUR.
{% endif %}
The workshop is open from Tuesday to Saturday, ten to six, and there is always coffee.
Bring the measures of your room, and we draw the piece while you wait.

All our oak now comes from two forests within forty kilometres, felled in winter and
dried for three years. Whoever would like to see how a board becomes a table is welcome
on the first Saturday of the month: https://shop.example/visit

With kind regards from all of us,
Hanna and the people of the workshop

--
You get this mail at {{ email }} because you asked for it.
Leave the list: https://shop.example/leave?who={{ email|urlencode }}
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """Two templates, of the HTML (it may be made of MJML) and of the text, or the one in Markdown that gives
    both; and pictures, by name, of so many bytes. It may be `signed` by a key, rsa or ed25519, and
    may `invite` by a calendar."""

    html: str = ""
    text: str = ""
    markdown: str = ""
    mjml: str = ""
    pictures: Mapping[str, int] = field(default_factory=dict)
    signed: str = ""
    invite: str = ""

    @property
    def keys(self) -> str:
        """What stands for them in a campaign."""
        invite = "invite: letter.ics\n" if self.invite else ""
        if self.markdown:
            return f"templates: {{markdown: letter.md, layout: default}}\n{invite}"
        html = "letter.mjml" if self.mjml else "letter.html"
        return f"templates: {{html: {html}, text: letter.txt}}\n{invite}"

    def write(self, folder: Path) -> None:
        sources = {"letter.html": self.html, "letter.txt": self.text, "letter.md": self.markdown}
        sources |= {"letter.mjml": self.mjml, "letter.ics": self.invite}
        for name, source in sources.items():
            if source:
                (folder / name).write_text(source, encoding="utf-8")
        for name, size in self.pictures.items():
            (folder / name).write_bytes(png(size))


LETTER = Letter(HTML, TEXT)

_LINK = '<a href="https://shop.example/search?q={{ item|urlencode }}" style="color:#205072">{{ item }}</a>'
_LOOP = '{% for item in items.split("|") %}'
# What has to be rendered as a whole: macros, what a loop leaves in a namespace, a test on a free text.
_AS_A_WHOLE = {
    _LINK: "{{ entry(item) }}",
    "  * {{ item }}": "{{ entry(item) }}",
    _LOOP: "{% set shown = namespace(last=0) %}" + _LOOP + "{% set shown.last = loop.index %}",
    '{% if plan == "business" %}': '{% if first_name != email and plan == "business" %}',
    "{% if points|int >= 500 %}": "{% if shown.last and points|int >= 500 %}",
}
# html/template escapes by the place in the document, also in a link's query; it is given `split` and `int`.
_IN_GO = {
    "{{ item|urlencode }}": "{{ . }}",
    "{{ item }}": "{{ . }}",
    _LOOP: '{{ range split .items "|" }}',
    "{% endfor %}": "{{ end }}",
    '{% if plan == "business" %}': '{{ if eq .plan "business" }}',
    '{% elif plan == "basic" %}': '{{ else if eq .plan "basic" }}',
    "{% if points|int >= 500 %}": "{{ if ge (int .points) 500 }}",
    "{% else %}": "{{ else }}",
    "{% endif %}": "{{ end }}",
    "{{ first_name }}": "{{ .first_name }}",
    "{{ last_name }}": "{{ .last_name }}",
    "{{ city }}": "{{ .city }}",
    "{{ points }}": "{{ .points }}",
    "{{ email }}": "{{ .email }}",
}


# The same looks by classes.
_BY_CLASS = {
    "</title></head>": "</title>\n<style>\n{CSS}</style></head>",
    '<body style="margin:0;padding:0;background:#f4f4f2;font-family:Georgia,serif;color:#222">': (
        '<body class="page">'
    ),
    'cellspacing="0" style="background:#fff"': 'cellspacing="0" class="sheet"',
    '<h1 style="font-size:24px">': "<h1>",
    '<h2 style="font-size:18px">': "<h2>",
    '<ul style="line-height:1.6">': '<ul class="list">',
    ' style="color:#205072">': ">",
    '<hr style="border:0;border-top:1px solid #ddd">': "<hr>",
    '<p style="font-size:12px;color:#777">': '<p class="fine">',
}


def _rewritten(source: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        source = source.replace(old, new)
    return source


def _macro(body: str) -> str:
    return "{% macro entry(item) %}" + body + "{% endmacro %}"


_FOLDER = Path(__file__).parent / "letters"
MARKDOWN = Letter(
    markdown=(_FOLDER / "news.md").read_text(encoding="utf-8"),
    pictures={"workshop.png": 20_000, "table.png": 60_000},
)
MJML = Letter(text=TEXT, mjml=(_FOLDER / "news.mjml").read_text(encoding="utf-8"))
INVITING = replace(LETTER, invite=(_FOLDER / "visit.ics").read_text(encoding="utf-8"))
STYLED = Letter(
    _rewritten(HTML, _BY_CLASS).replace(
        "{CSS}", (_FOLDER / "news.css").read_text(encoding="utf-8")
    ),
    TEXT,
)
UNPLANNED = Letter(
    _macro(_LINK) + _rewritten(HTML, _AS_A_WHOLE),
    _macro("  * {{ item }}") + _rewritten(TEXT, _AS_A_WHOLE),
)
FOR_GO = Letter(
    _rewritten(HTML, {"{{ email|urlencode }}": "{{ .email }}", **_IN_GO}),
    _rewritten(TEXT, {"{{ email|urlencode }}": "{{ urlquery .email }}", **_IN_GO}),
)
