"""What `sendbatch init` writes: a campaign that runs at once, to be changed into one's own."""

from __future__ import annotations

import os
from pathlib import Path

from sendbatch.campaign.editors import (
    CAMPAIGN_SCHEMA,
    PROFILES_SCHEMA,
    campaign_schema,
    names_schema,
    profiles_schema,
    written_out,
)
from sendbatch.errors import CampaignError
from sendbatch.findings import Rule
from sendbatch.runtime.datafiles import bytes_of
from sendbatch.runtime.files import create

CAMPAIGN = """\
# Runs at once:  sendbatch run campaign.yaml
name: newsletter
# run: "2026-12"                # an edition: the same campaign again, to everyone
from: Example News <news@example.com>
subject: "{{ first_name }}, here is the news"
recipients:
  file: people.csv              # its columns are what templates can say
  name: "{{ first_name }}"
  defaults: {first_name: friend}
templates:
  html: newsletter.html
  text: newsletter.txt
smtp: sandbox                   # keeps every mail as a file; then the name of a profile
variables:
  topic: what is new
# expect: 900-1100              # refuse to send when the list is not the size it should be
# suppress: [unsubscribed.csv]
"""

MARKDOWN_CAMPAIGN = """\
# Runs at once:  sendbatch run campaign.yaml
name: newsletter
# run: "2026-12"                # an edition: the same campaign again, to everyone
from: Example News <news@example.com>
subject: "{{ first_name }}, here is the news"
preheader: "What is new{% if city %} in {{ city }}{% endif %}, in two minutes"
recipients:
  file: people.csv              # its columns are what news.md can say
  name: "{{ first_name }}"
  defaults: {first_name: friend}
templates: news.md              # gives the HTML, in a layout, and the text
unsubscribe:                    # a link at the end of each mail, and in a header
  url: "https://example.com/unsubscribe?for={{ email|urlencode }}"
  # sign: "${UNSUBSCRIBE_SECRET}"   # so that nobody unsubscribes another; the url needs no query then
smtp: sandbox                   # keeps every mail as a file; then the name of a profile
variables:
  topic: what is new
  footer_reason: You receive this mail because you subscribed to Example News.
# expect: 900-1100              # refuse to send when the list is not the size it should be
# suppress: [unsubscribed.csv]
"""

NEWS = """\
![Example News](logo.png)

# Hello {{ first_name }},

this is {{ topic }}{% if city %}, and greetings to {{ city }}{% endif %}. It is written in
[Markdown](https://commonmark.org/help/): change a line, and look at it again.

## Where to meet us

| Day         | What          | Where     |
|:------------|:--------------|:----------|
| 3 December  | Open house    | Main hall |
| 10 December | Winter market | Courtyard |

- Bring a friend.
- Bring *two*.

**[Read it all](https://example.com/news)**

Until next month,\\
the editors
"""

PEOPLE = """\
email,first_name,city
ada@example.com,Ada,London
bjork@example.org,Björk,Reykjavík
reader@example.net,,
"""

HTML = """\
<!doctype html>
<html lang="en">
<body style="margin:0;background:#f4f2ee;color:#222;font:16px/1.6 Georgia,serif;">
<!--[if mso]><table role="presentation" width="600" align="center"><tr><td><![endif]-->
<div style="max-width:600px;margin:0 auto;padding:32px 20px;">
  <h1 style="font-size:28px;font-weight:normal;">Hello {{ first_name }},</h1>
  <p>this is {{ topic }}{% if city %}, and greetings to {{ city }}{% endif %}.</p>
  <p><a href="https://example.com/news" style="color:#1a5fb4;">Read on</a></p>
</div>
<!--[if mso]></td></tr></table><![endif]-->
</body>
</html>
"""

TEXT = """\
Hello {{ first_name }},

this is {{ topic }}{% if city %}, and greetings to {{ city }}{% endif %}.

Read on: https://example.com/news
"""

PROFILES = """\
# Ways to a mail server. `sandbox` is built in. Secrets never stand here: ${NAME} is read from the
# environment or from a file .env beside this one. Try one with:  sendbatch probe production
profiles:
  production:
    host: smtp.example.com      # or provider: mailtrap, gmail, amazon-ses, …
    port: 587
    security: starttls          # tls on port 465
    username: ${SMTP_USERNAME}
    password: ${SMTP_PASSWORD}
    rate: 10/s
"""

_IN_GIT = """\
# Who has the mail is kept in a ref of this repository, for CI and for every clone, in receipts. Their key is
# in SENDBATCH_RECEIPT_KEY.
record: git
"""

_IGNORED = "reports/\n.env\n"
_IN_HTML = {
    "campaign.yaml": CAMPAIGN,
    "people.csv": PEOPLE,
    "newsletter.html": HTML,
    "newsletter.txt": TEXT,
}
_IN_MARKDOWN = {"campaign.yaml": MARKDOWN_CAMPAIGN, "people.csv": PEOPLE, "news.md": NEWS}


def _files(*, markdown: bool, in_git: bool) -> dict[str, bytes]:
    texts = dict(_IN_MARKDOWN if markdown else _IN_HTML)
    texts["campaign.yaml"] = names_schema(CAMPAIGN_SCHEMA) + texts["campaign.yaml"]
    texts["profiles.yaml"] = names_schema(PROFILES_SCHEMA) + (_IN_GIT if in_git else "") + PROFILES
    texts[CAMPAIGN_SCHEMA] = written_out(campaign_schema())
    texts[PROFILES_SCHEMA] = written_out(profiles_schema())
    files = {name: text.encode() for name, text in texts.items()}
    if markdown:
        files["logo.png"] = bytes_of("sendbatch.campaign", "logo.png")
    return {**files, ".gitignore": _IGNORED.encode()}


def write_starter(folder: Path, *, markdown: bool = False, in_git: bool = False) -> list[Path]:
    """Write the files into `folder`, made where there is none; returns their paths. The letter is in
    `markdown`, with a picture, or in HTML and text; `in_git` is where the record is to be, or on the disk.

    Raises CampaignError where one of them is there already (then none is written) or the folder
    cannot be written.
    """
    paths = {folder / name: data for name, data in _files(markdown=markdown, in_git=in_git).items()}
    there = [path for path in paths if os.path.lexists(path) and path.name != ".gitignore"]
    if there:
        raise CampaignError(
            [
                Rule.FILE_EXISTS.finding(f"{path} is there already; nothing was written")
                for path in there
            ]
        )
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in paths.items():
            if not os.path.lexists(path):
                create(path, data, mode=0o666)  # the user's own files, by their umask
                written.append(path)
    except OSError as error:
        raise CampaignError(
            f"{error.filename or folder}: cannot be written: {error.strerror}"
        ) from None
    return written
