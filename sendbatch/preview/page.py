"""The gallery's page: one HTML file that asks nothing of the network and runs nothing.

Whatever stands in a message stays data there: Jinja2 escapes it, the mail's own HTML lies in a
sandboxed frame, and the page's policy, which the frame inherits, allows neither scripts nor any
request. So tracking pixels of a mail under review are not fetched, nor does a link lead away.
"""

from __future__ import annotations

from collections.abc import Sequence

import jinja2

from sendbatch.errors import one_line
from sendbatch.preview.look import STYLE
from sendbatch.preview.shown import Shown

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
<title>{{ title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<header>
<h1 dir="auto">{{ title }}</h1>
<p class="quiet">{{ counted }}. Nothing was sent.</p>
</header>
{% if messages|length > 1 %}
<nav aria-label="Messages">
<ol>
{% for message in messages %}
<li><a href="#message-{{ loop.index }}"><span class="row">row {{ message.row }}</span>
<span><bdi>{{ message.email }}</bdi></span>
<span class="subject"><bdi>{{ message.subject or "(no subject)" }}</bdi></span></a></li>
{% endfor %}
</ol>
</nav>
{% endif %}
<main>
{% for message in messages %}
<article id="message-{{ loop.index }}" aria-labelledby="subject-{{ loop.index }}">
<header>
<div class="top">
<h2 id="subject-{{ loop.index }}" dir="auto">{{ message.subject or "(no subject)" }}</h2>
<a href="{{ message.file }}" download>Save .eml<span class="unseen"> of row {{ message.row }}</span></a>
</div>
<dl>
{% for name, value in message.headers %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
</dl>
{% if message.attachments %}
<ul class="files" aria-label="Attachments">
{% for attachment in message.attachments %}
<li title="{{ attachment.kind }}"><bdi>{{ attachment.name }}</bdi>
<span>{{ attachment.size|size }}</span></li>
{% endfor %}
</ul>
{% endif %}
<details>
<summary>Row {{ message.row }}, {{ message.size|size }}: envelope and other headers</summary>
<dl>
<dt>envelope from</dt><dd>{{ message.envelope_from or "<>" }}</dd>
<dt>envelope to</dt><dd>{{ message.envelope_to }}</dd>
{% for name, value in message.more %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
</dl>
</details>
</header>
<div class="parts{{ ' both' if message.html is not none and message.text is not none }}">
{% if message.html is not none %}
<section aria-label="HTML">
<h3>HTML</h3>
<iframe sandbox="" title="HTML of the message for row {{ message.row }}" loading="lazy"
 srcdoc="{{ message.html }}"></iframe>
</section>
{% endif %}
{% if message.text is not none %}
<section aria-label="Text">
<h3>Text</h3>
<pre tabindex="0" role="region" dir="auto"
 aria-label="Text of the message for row {{ message.row }}">
{{ message.text }}</pre>
</section>
{% endif %}
</div>
</article>
{% endfor %}
</main>
<footer>Scripts, links and pictures from the network are turned off on this page; pictures that a
mail fetches do not show. Open the .eml file in a mail program to see them.</footer>
</body>
</html>
"""


def render(messages: Sequence[Shown], title: str) -> str:
    """The page as HTML. All that comes from messages is escaped."""
    env = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["size"] = size
    number = len(messages)
    return env.from_string(PAGE).render(
        messages=messages,
        title=one_line(title),
        counted=f"{number:,} message{'' if number == 1 else 's'}",
        policy=POLICY,
        style=STYLE,
    )


def size(number: int) -> str:
    """Bytes as people say them: "812 bytes", "2.3 KB", "1.4 MB"."""
    if number < 1000:
        return f"{number} byte{'' if number == 1 else 's'}"
    if number < 1_000_000:
        return f"{number / 1000:.1f} KB"
    return f"{number / 1_000_000:.1f} MB"
