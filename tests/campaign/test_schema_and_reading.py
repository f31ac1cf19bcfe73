"""What the schema says of a file, and what reading does: an editor marks nothing that is read, and much of
what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from sendbatch import api
from sendbatch.campaign.document.composing import compose
from sendbatch.campaign.document.nodes import document
from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.profiles import ProfileKeys
from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.providers import names, presets
from sendbatch.campaign.starter import CAMPAIGN, MARKDOWN_CAMPAIGN, PROFILES
from sendbatch.campaign.table import table_of
from sendbatch.errors import SendbatchError
from tests.kit.thoroughness import examples

from .conftest import Desk

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def validator(*, profiles: bool = False) -> Any:
    schema = api.schema(profiles=profiles)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def data_of(text: str) -> Any:
    """What an editor's YAML 1.2 reads: short forms are as they are written."""
    source = compose(text.encode(), "x.yaml", {})
    assert source.root is not None, source.findings
    return document(source).data


def marked(text: str, *, profiles: bool = False) -> list[str]:
    """What an editor marks as wrong."""
    found = validator(profiles=profiles).iter_errors(data_of(text))
    return [f"{list(one.absolute_path)}: {one.message}" for one in found]


def refused(desk: Desk, file: Path) -> list[str]:
    """What reading finds wrong."""
    try:
        load_campaign(file, config_folder=desk.config)
    except SendbatchError as error:
        return [str(finding) for finding in error.findings]
    return []


# All there is


@pytest.mark.parametrize(
    "text",
    [path.read_text("utf-8") for path in sorted((ROOT / "campaigns").glob("*.yaml"))]
    + [CAMPAIGN, MARKDOWN_CAMPAIGN],
)
def test_what_is_in_the_repository_and_what_init_writes_validates(text: str) -> None:
    is_profiles = "\nprofiles:" in text
    assert marked(text, profiles=is_profiles) == []


def test_the_profiles_that_init_writes_validate() -> None:
    assert marked(PROFILES, profiles=True) == []


def blocks() -> Iterator[Any]:
    """The YAML of the documents, each in the file that it is a part of."""
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        for number, block in enumerate(FENCE.findall(page.read_text("utf-8"))):
            if block.startswith(("- run:", "- uses:", "include:", "jobs:", "apiVersion:")):
                continue  # of a workflow, a pipeline, a cluster
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("block", list(blocks()))
def test_the_examples_of_the_documents_validate(block: str) -> None:
    """Some begin in the middle of a file: what is around them is put there."""
    texts = [
        block,
        f"profiles:\n  x:\n{block}",
        f"profiles:\n{block}",
        f"profiles:\n  x:\n    host: h\n{block}",
    ]
    ways = [
        marked_part(text, profiles=profiles)
        for text in texts
        for profiles in (False, True)
        if compose(text.encode(), "x", {}).root is not None
    ]
    assert [] in ways, min(ways, key=len)


def marked_part(text: str, *, profiles: bool) -> list[str]:
    """As `marked`, but that keys may be missing."""
    return [
        one.message
        for one in validator(profiles=profiles).iter_errors(data_of(text))
        if one.validator != "required" and "is a required property" not in one.message
    ]


# What both agree on

FILES = ("terms.pdf", "spring.txt", "spring.md", "never.csv", "party.ics", "1.md", "2026", "ca.pem")
READ = [
    "# nothing more",
    "reply_to: a@example.com",
    "reply_to: [a@example.com, 'Ann <ann@example.com>']",
    "rate: 14/s",
    "rate: [14/s, '5,000 per day']",
    "rate: 14/s, 5,000/day",
    "rate: [14/s, 5,000/day]",
    "rate: 50 emails per 5 min",
    "attachments: terms.pdf",
    "attachments: [terms.pdf, {file: 'bills/{{ email }}.pdf', missing: FAIL}]",
    "attachments: {file: terms.pdf, name: 'Terms {{ email }}.pdf', type: Application/PDF}",
    "attachments: 2026",
    "invite: party.ics",
    "unsubscribe: https://example.com/u",
    "unsubscribe: a@example.com",
    "unsubscribe: {url: 'HTTPS://example.com/{{ email }}', one_click: true}",
    "unsubscribe: {url: 'https://example.com/u', sign: '${A}'}",
    "unsubscribe: {url: 'https://example.com/u', sign: [' ${A}${B} ']}",
    "suppress: never.csv",
    "suppress: [never.csv, {file: never.csv, column: 7, unreadable: Warn}]",
    "variables: {product: null, grösse: [1, {a: 2}]}",
    "expect: 900-1100",
    "expect: 1_000",
    "tolerate: 1",
    "tolerate: 0.5 %",
    "headers: {X-Campaign: 5, Content-Language: de, 'X-Empty': ''}",
    "notify: ${A}",
    "notify: ['${A}', 'https://chat.example.com/hooks/${A}?x=1']",
    "notify: {url: '${A}', shape: Mattermost, on: [end, WAIT]}",
    "notify: [{url: '${A}', on: stop}, {url: '${A}', shape: json}]",
    "notify: {url: '${A}', shape: template, template: spring.txt, type: text/plain}",
    "notify: {url: '${A}', template: '{\"a\": {{ title|tojson }}}'}",
    "retry: {attempts: 2, first_delay: 1h30m, max_delay: 2 h, offline: 0s}",
    "check: {ignore: wide-picture, bulk: False, clients: Gmail}",
    "check: {ignore: [wide-picture, unused-version], clients: []}",
    "inline_css: FALSE",
    "preheader: |\n  one line\n",
    "run: 1.10",
    "bounces_to: bounces@example.com",
]
READ_INSTEAD = [
    {"name": "name: 2026"},
    {"subject": "subject: [a, b]"},
    {"subject": "subject: 5"},
    {
        "recipients": "recipients: {file: people.csv, delimiter: COMMA, addresses: As_given, required: email}"
    },
    {
        "recipients": "recipients: {file: people.csv, skip_lines: 0, encoding: latin-1, where: email != ''}"
    },
    {"templates": "templates: spring.md"},
    {"templates": "templates: {markdown: spring.md, layout: default, text: spring.txt}"},
    {"templates": "templates: {markdown: '{{ email }}.md', fallback: {email: 1}}"},
    {"smtp": "smtp: {host: localhost, port: 1025}"},
    {"smtp": "smtp: {host: a.example, only_to: ['@example.com', '*@a.example', jane@example.org]}"},
    {"smtp": "smtp: {host: a.example, only_to: '@*.example.com', redirect_to: qa@example.com}"},
    {"smtp": "smtp: {host: 127.0.0.1, security: NONE}"},
    {"smtp": "smtp: {host: a.example, security: none, allow_plaintext: true}"},
    {"smtp": "smtp: {host: a.example, port: 2525, username: u, password: '${P}'}"},
    {"smtp": "smtp: {provider: MailTrap, username: u, password_command: pass}"},
    {"smtp": "smtp: {provider: amazon_ses, host: a.example, username: u, keyring: k}"},
    {"smtp": "smtp: {provider: SES EU-West-1}"},
    {"smtp": "smtp: {provider: 163}"},
    {
        "smtp": "smtp: {host: a.example, timeouts: {final: 10m}, timeout: 60s, domains: {'@b.example': 5/s}}"
    },
    {"smtp": "smtp: {host: a.example, dkim: {domain: example.com, selector: S1, key: '${K}'}}"},
    {
        "smtp": "smtp: {host: a.example, helo: '[192.0.2.1]', fingerprint: 'SHA256:"
        + "AB:" * 31
        + "AB'}"
    },
    {
        "from_": "from: '{{ email }}'",
        "smtp": "senders: [a@example.com, b@example.com]\nsmtp: sandbox",
    },
    {
        "from_": "from: '{{ x }} <{% if email %}a@example.com{% else %}{{ email }}{% endif %}>'",
        "smtp": "senders: a@example.com\nsmtp: sandbox",
    },
    {"from_": "from: '{{ email }} <news@example.com>'"},
]
REFUSED = [
    "colour: red",
    "reply_to: nobody",
    "reply_to: '{{ name }} <{{ address }}>'",
    "reply_to: null",
    "rate: 14",
    "rate: fast",
    "attachments: {missing: fail}",
    "attachments: {file: terms.pdf, missing: fail}",
    "attachments: {file: terms.pdf, type: multipart/mixed}",
    "attachments: ~/terms.pdf",
    "attachments: true",
    "unsubscribe: {one_click: true}",
    "unsubscribe: {mailto: a@example.com, one_click: true}",
    "unsubscribe: {url: 'http://example.com/u', one_click: true}",
    "unsubscribe: {mailto: a@example.com, sign: '${A}'}",
    "unsubscribe: {url: 'https://example.com/u', sign: secret}",
    "unsubscribe: {url: 'https://example.com/u', sign: []}",
    "unsubscribe: {url: example.com}",
    "suppress: {file: never.csv, unreadable: pass}",
    "variables: {first-name: a}",
    "variables: null",
    "expect: many",
    "expect: 10.5",
    "tolerate: 1 percent",
    "headers: {subject: a}",
    "headers: {From: a}",
    "headers: {Content-Type: a}",
    "headers: {'X Campaign': a}",
    "headers: {X-Campaign: null}",
    "retry: {first_delay: 60}",
    "retry: {first_delay: 0s}",
    "notify: https://hooks.slack.com/services/T/B/x",
    "notify: {url: '${A}', shape: slak}",
    "notify: {url: '${A}', shape: slack, template: spring.txt}",
    "notify: {url: '${A}', shape: template}",
    "notify: {url: '${A}', type: text/plain}",
    "notify: {url: '${A}', on: []}",
    "notify: {shape: slack}",
    "notify: 5",
    "retry: {attempts: 0}",
    "retry: {attempts: '6'}",
    "retry: []",
    "check: {ignore: wide-pictures}",
    "check: {ignore: [broken-picture]}",
    "check: {bulk: 1}",
    "check: {clients: [gmial]}",
    "check: [wide-picture]",
    "inline_css: no",
    "preheader: ''",
    "preheader: |\n  two\n  lines\n",
    "bounces_to: '{{ email }}'",
    "senders: [a@example.com]",
]
REFUSED_INSTEAD = [
    {"name": "name: Spring"},
    {"name": ""},
    {"subject": "subject: [a]"},
    {"subject": "subject: [a, a]"},
    {"subject": "subject: true"},
    {"recipients": "recipients: {email: email}"},
    {"recipients": "recipients: {file: people.csv, delimiter: x}"},
    {"recipients": "recipients: {file: people.csv, skip_lines: -1}"},
    {"recipients": "recipients: [people.csv]"},
    {"templates": "templates: {layout: default}"},
    {"templates": "templates: {html: spring.html, markdown: spring.md}"},
    {"templates": "templates: {html: spring.html, layout: default}"},
    {"smtp": "smtp: {port: 25}"},
    {"smtp": "smtp: {provider: mailtarp}"},
    {"smtp": "smtp: {provider: amazon-ses}"},
    {"smtp": "smtp: {host: a.example, port: 0}"},
    {"smtp": "smtp: {host: a.example, port: 1025}"},
    {"smtp": "smtp: {host: 'smtp://a.example'}"},
    {"smtp": "smtp: {host: 'a.example:25'}"},
    {"smtp": "smtp: {host: a.example, security: ssl}"},
    {"smtp": "smtp: {host: a.example, security: none}"},
    {"smtp": "smtp: {host: a.example, username: u, password: hunter2}"},
    {"smtp": "smtp: {host: a.example, username: u}"},
    {"smtp": "smtp: {host: a.example, password: '${P}'}"},
    {"smtp": "smtp: {host: a.example, username: u, password: '${P}', keyring: k}"},
    {"smtp": "smtp: {host: a.example, connections: 501}"},
    {"smtp": "smtp: {host: localhost, security: none, server_name: a.example}"},
    {"smtp": "smtp: {host: a.example, dkim: {domain: example.com, selector: s1}}"},
    {"smtp": "smtp: {host: a.example, dkim: {domain: com, selector: s1, key: '${K}'}}"},
    {
        "smtp": "smtp: {host: a.example, dkim: {domain: example.com, selector: s1, key: '${K}', key_file: k}}"
    },
    {"smtp": "smtp: {host: a.example, dkim: []}"},
    {"smtp": "smtp: {host: a.example, only_to: []}"},
    {"smtp": "smtp: {host: a.example, only_to: example.com}"},
    {"smtp": "smtp: {host: a.example, redirect_to: qa}"},
    {"smtp": "smtp: {host: a.example, redirect_to: '{{ email }}'}"},
    {"smtp": "smtp: {host: a.example, fingerprint: 'sha1:ab'}"},
    {"smtp": "smtp: {host: a.example, auth: digest}"},
    {"smtp": "smtp: {host: a.example, delivers: 'false'}"},
    {"from_": "from: '{{ email }}'"},
    {"from_": "from: Example News"},
]


def text_of(desk: Desk, case: str | dict[str, str]) -> tuple[Path, str]:
    for name in FILES:
        (desk.folder / name).write_text("x")
    (desk.folder / "spring.txt").write_text("Hello")
    file = desk.write(case) if isinstance(case, str) else desk.write(**case)
    return file, file.read_text("utf-8")


@pytest.mark.parametrize("case", [*READ, *READ_INSTEAD], ids=str)
def test_what_is_read_is_marked_by_no_editor(desk: Desk, case: str | dict[str, str]) -> None:
    file, text = text_of(desk, case)
    assert (refused(desk, file), marked(text)) == ([], [])


@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_INSTEAD], ids=str)
def test_what_is_refused_is_marked_by_an_editor(desk: Desk, case: str | dict[str, str]) -> None:
    file, text = text_of(desk, case)
    assert refused(desk, file)
    assert marked(text)


SCALARS = [
    "", "~", "true", "False", "0", "1", "7", "-1", "1.5", "1e3", "0x1f", "2026", "x", "X y", "'5'",
    "''", "' '", "a.example", "'@a.example'", "a@example.com", "'A <a@example.com>'", "people.csv",
    "spring.html", "spring.md", "never.csv", "60s", "1h 30m", "0s", "14/s", "14/s, 5/min",
    "1,000/day", "5%", "1-2", "'${A}'", "'{{ email }}'", "'{{ email }}.md'",
    "https://example.com/u", "tls", "STARTTLS", "none", "tab", "';'", "utf-8", "refuse", "s1",
    "application/pdf", "localhost", "127.0.0.1", "mailtrap", "SES", "sandbox", "default", "strict",
    "~/x", "a/b", "'{% if email %}a@example.com{% endif %}'", "X-A", "sha256:00",
]  # fmt: skip
VALUES = [
    *SCALARS,
    "[]",
    "{}",
    *(f"[{one}]" for one in SCALARS if one),
    *(f"[{one}, {two}]" for one in SCALARS[4:20] if one for two in ("x", "a@example.com")),
    *(
        f"{{{key}: {one}}}"
        for key in ("file", "url", "x", "X-A", "host", "html")
        for one in SCALARS
        if one
    ),
]
# Of each key, what else must be there for it to be read.
WITH = {
    "password": ", username: u", "password_command": ", username: u", "keyring": ", username: u",
    "username": ", keyring: k",
}  # fmt: skip
PLACES = [
    *(("", key) for key in table_of(CampaignKeys)),
    *(("smtp", key) for key in table_of(ProfileKeys)),
    *(("recipients", key) for key in ("email", "name", "key", "where", "defaults", "required", "encoding",
      "delimiter", "skip_lines", "addresses", "check_deliverability")),
    *(("templates", key) for key in ("html", "text", "markdown", "layout", "fallback")),
    *(("unsubscribe", key) for key in ("url", "mailto", "one_click", "sign")),
    *(("retry", key) for key in ("attempts", "first_delay", "max_delay", "offline")),
    *(("check", key) for key in ("ignore", "bulk", "clients")),
    *(("attachments", key) for key in ("file", "missing", "name", "type")),
    *(("suppress", key) for key in ("file", "column", "encoding", "subdomains", "unreadable")),
]  # fmt: skip
AROUND = {
    "smtp": "host: a.example, ", "recipients": "file: people.csv, ", "templates": "", "retry": "",
    "check": "", "unsubscribe": "url: 'https://example.com/u', ", "attachments": "file: terms.pdf, ",
    "suppress": "file: never.csv, ",
}  # fmt: skip


def with_value(section: str, key: str, value: str) -> str | dict[str, str]:
    """The good campaign with this value under that key."""
    if not section:
        line = f"{key}: {value}"
        return {"from_" if key == "from" else key: line} if key in ("name", "from", "subject", "recipients",
            "templates", "smtp") else line  # fmt: skip
    around = ", ".join(p for p in AROUND[section].split(", ") if p and not p.startswith(f"{key}:"))
    inner = f"{{{around}{', ' if around else ''}{key}: {value}{WITH.get(key, '')}}}"
    line = f"{section}: {inner}"
    return {section: line} if section in ("smtp", "recipients", "templates") else line


@settings(max_examples=examples(800))
@given(place=st.sampled_from(PLACES), value=st.sampled_from(VALUES))
def test_no_value_that_is_read_is_marked(desk: Desk, place: tuple[str, str], value: str) -> None:
    file, text = text_of(desk, with_value(*place, value))
    if not refused(desk, file):
        assert marked(text) == []


# What is offered


def test_the_providers_are_offered_by_their_names() -> None:
    schema: Any = api.schema(profiles=True)
    offered = schema["definitions"]["Profile"]["properties"]["provider"]["anyOf"][0]
    assert offered["enum"] == list(presets())
    assert offered["enumDescriptions"] == [preset.title for preset in presets().values()]


@pytest.mark.parametrize("name", names())
def test_every_name_of_a_provider_validates(name: str) -> None:
    for spelled in (name, name.upper(), name.replace("-", " "), name.replace(".", "")):
        assert marked(f"profiles: {{x: {{host: h, provider: '{spelled}'}}}}", profiles=True) == []


def test_no_profile_is_called_sandbox() -> None:
    assert marked("profiles: {sandbox: {host: a.example}}", profiles=True)
    assert not marked("profiles: {sandbox-2: {host: a.example}}", profiles=True)
