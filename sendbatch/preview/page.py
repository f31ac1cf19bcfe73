"""The page: one HTML file that asks nothing of the network, and runs nothing but its own script.

What stands in a mail is data to it, in a `<script>` of JSON. The script puts words onto the page as text; a
mail's HTML gets into a frame of its own, whose sandbox lets nothing run, and whose policy lets nothing be
fetched unless the reader asks for pictures. The page's own script is allowed by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import jinja2

from sendbatch.errors import one_line
from sendbatch.preview.document import Document, as_json
from sendbatch.runtime.datafiles import text_of
from sendbatch.words import count

SCRIPTS = ("frame.js", "look.js", "message.js", "page.js", "live.js")  # one after the other
_LISTED_WITHOUT_SCRIPT = 500  # mails


def render(document: Document) -> str:
    """The page as HTML, whole in itself."""
    script = own_script()
    env = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["counted"] = count
    return env.from_string(_text("page.html")).render(
        document=document,
        title=one_line(document.title),
        moment=datetime.fromtimestamp(document.made.at, UTC),
        entries=document.entries[:_LISTED_WITHOUT_SCRIPT],
        policy=policy(script, is_live=document.live is not None),
        style=_text("page.css"),
        data=as_json(document),
        script=script,
    )


def own_script() -> str:
    """What the page runs."""
    whole = "".join(map(_text, SCRIPTS))
    return f'(() => {{\n"use strict";\n{whole}}})();\n'


def policy(script: str, *, is_live: bool) -> str:
    """The page's Content-Security-Policy. A mail's frame inherits it, and adds one of its own: pictures of
    the network are only loaded where both allow it."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    asked = "connect-src 'self'; " if is_live else ""
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; {asked}"
        "img-src data: https: http:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    return text_of("sendbatch.preview", name)
