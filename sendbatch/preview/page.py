"""The gallery's page: one HTML file that asks nothing of the network and runs nothing.

Whatever stands in a message stays data there: Jinja2 escapes it, the mail's own HTML lies in a
sandboxed frame, and the page's policy, which the frame inherits, allows neither scripts nor any
request. So tracking pixels of a mail under review are not fetched, nor does a link lead away. And it says
when it was made, and of what: it may lie there when another text is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import jinja2

from sendbatch.errors import one_line
from sendbatch.message.identity import short
from sendbatch.preview.card import Card
from sendbatch.preview.harmless import harmless
from sendbatch.preview.look import STYLE
from sendbatch.words import count, size

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="sendbatch-preview" content="{{ made.mark }}">
<title>{{ title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<header>
<h1 dir="auto">{{ title }}</h1>
<p class="quiet">{{ counted }}, made on <time datetime="{{ moment.isoformat() }}">
{{- moment.strftime("%Y-%m-%d %H:%M") }} UTC</time> without sending anything;
content <code>{{ made.content|short }}</code>.</p>
</header>
{% if cards|length > 1 %}
<nav aria-label="Messages">
<ol>
{% for card in cards %}
<li><a href="#message-{{ loop.index }}"><span class="row">row {{ card.row }}</span>
<span><bdi>{{ card.email }}</bdi></span>
<span class="subject"><bdi>{{ card.subject or "(no subject)" }}</bdi>
{%- if card.preheader %} <bdi class="quiet">{{ card.preheader }}</bdi>{% endif %}
{%- if card.version %} <bdi class="quiet">({{ card.version }})</bdi>{% endif %}</span></a></li>
{% endfor %}
</ol>
</nav>
{% endif %}
<main>
{% for card in cards %}
<article id="message-{{ loop.index }}" aria-labelledby="subject-{{ loop.index }}">
<header>
<div class="top">
<h2 id="subject-{{ loop.index }}" dir="auto">{{ card.subject or "(no subject)" }}</h2>
<a href="{{ card.file }}" download>Save .eml<span class="unseen"> of row {{ card.row }}</span></a>
</div>
{% if card.preheader %}
<p class="quiet" dir="auto"><span class="unseen">Preheader: </span>{{ card.preheader }}</p>
{% endif %}
<dl>
{% for name, value in card.headers %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
{% if card.version %}
<dt>Version</dt><dd><bdi>{{ card.version }}</bdi></dd>
{% endif %}
</dl>
{% if card.attachments %}
<ul class="files" aria-label="Attachments">
{% for attachment in card.attachments %}
<li title="{{ attachment.media_type }}"><bdi>{{ attachment.name }}</bdi>
<span>{{ attachment.size|size }}</span></li>
{% endfor %}
</ul>
{% endif %}
{% if card.invitation %}
<dl class="invitation" aria-label="Invitation">
{% for name, value in card.invitation.said %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
</dl>
<details>
<summary>The calendar of row {{ card.row }}, whole</summary>
<pre tabindex="0" role="region" dir="auto" aria-label="Calendar of row {{ card.row }}">
{{ card.invitation.text }}</pre>
</details>
{% endif %}
<details>
<summary>Row {{ card.row }}, {{ card.size|size }}: envelope and other headers</summary>
<dl>
<dt>envelope from</dt><dd>{{ card.envelope.sender or "<>" }}</dd>
<dt>envelope to</dt><dd>{{ card.envelope.recipient }}</dd>
{% for name, value in card.more %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
</dl>
</details>
</header>
<div class="parts{{ ' both' if card.html is not none }}">
{% if card.html is not none %}
<section aria-label="HTML">
<h3>HTML</h3>
{% set frame = card.html_with_pictures|harmless %}
<iframe sandbox="" title="HTML of the message for row {{ card.row }}" loading="lazy"
 srcdoc="{{ frame.html }}"></iframe>
{% if frame.links %}
<details class="links">
<summary>{{ frame.links|length|counted("link") }} of row {{ card.row }}: where they lead</summary>
<ol>
{% for link in frame.links %}
<li><bdi>{{ link.text or "(no words)" }}</bdi> <code><bdi>{{ link.url }}</bdi></code></li>
{% endfor %}
</ol>
</details>
{% endif %}
</section>
{% endif %}
<section aria-label="Text">
<h3>Text</h3>
<pre tabindex="0" role="region" dir="auto"
 aria-label="Text of the message for row {{ card.row }}">
{{ card.text }}</pre>
</section>
</div>
</article>
{% endfor %}
</main>
<footer>Scripts and links are turned off on this page: where a link leads, it says when you point at it, and
the list below the mail does. Nothing is fetched: grey boxes stand for pictures from the network.
Open the .eml file in a mail program to see all of it.</footer>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Made:
    """When a page is made, in seconds since the epoch, and of what: `content` is the digest of what everybody
    gets, `inputs` that of the rows and the rest that a plan is made from."""

    at: float
    content: str
    inputs: str

    @property
    def mark(self) -> str:
        """The same for two pages of the same."""
        return f"{self.content}.{self.inputs}"


def render(cards: Sequence[Card], title: str, made: Made) -> str:
    """The page as HTML. All that comes from messages is escaped."""
    env = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters.update(size=size, short=short, counted=count, harmless=harmless)
    return env.from_string(PAGE).render(
        cards=cards,
        title=one_line(title),
        counted=count(len(cards), "message"),
        made=made,
        moment=datetime.fromtimestamp(made.at, UTC),
        policy=POLICY,
        style=STYLE,
    )
