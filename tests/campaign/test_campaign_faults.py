"""Every mistake in a campaign file has its message, its place and, where there is one, its guess."""

from __future__ import annotations

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.names import guess_file
from sendbatch.errors import CampaignError

from .conftest import Desk

URL = "https://x.example/u"


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("name: Spring Launch", "name: must be lower-case letters", "write spring-launch"),
        ("name:", "name has no value", None),
        ("name: [a]", "name: must be text, not a list", None),
        ("from: nobody", "from: not an address: nobody", "@"),
        ('from: "{{ x }}@example.com"', "from: its address is a template", "senders: [ann@"),
        ("bounces_to: '{{ x }}'", "bounces_to: an address here cannot be a template", None),
        ("bounces_to: A <a@example.com>", "bounces_to: not an address", None),
        ("subject: ''", "subject: is empty", None),
        ('subject: "a\\nb"', "subject: must be one line", ">-"),
        ("subject: '{{ first_name'", "subject: not a template as Jinja has it", None),
        ("subject: '{{ x|nofilter }}'", "subject: not a template", None),
        ("subject: true", "subject: must be text", '"true"'),
        ("recipients: peple.csv", "recipients.file: no such file: peple.csv", "people.csv?"),
        ("recipients: .", "recipients.file: is a folder", None),
        ("recipients: {email: x}", "recipients.file is missing", None),
        ("recipients: {file: people.csv, emial: x}", "unknown key: recipients.emial", "email?"),
        ("recipients: {file: people.csv, where: a !=}", "recipients.where: not an expr", None),
        ("recipients: {file: people.csv, where: '{{ a == 2 }}'}", "where: an expr", "write a == 2"),
        (
            "recipients: {file: people.csv, where: '{% if a %}x{% endif %}'}",
            "where: an expr",
            "write a",
        ),
        ("recipients: {file: people.csv, where: '{a}'}", "where: an expr", "the condition alone"),
        ("recipients: {file: people.csv, encoding: utf8000}", "recipients.encoding: no such", "cp"),
        ("recipients: {file: people.csv, defaults: {a: }}", "recipients.defaults.a has no", '""'),
        ("recipients: {file: people.csv, required: {a: b}}", "recipients.required: must be", None),
        ("recipients: {file: people.csv, check_deliverability: yes}", "must be true or", "true"),
        ("recipients: ~/people.csv", "recipients.file: ~ is not replaced here", "relative"),
        ("templates: {html: sprnig.html}", "templates.html: no such file", "spring.html?"),
        ("templates: {html: ../campain/spring.html}", "no such file", None),
        ("templates: {html: ../campaings/sprin.html}", "no such", "../campaigns/spring.html?"),
        ("templates: {markdown: x.md}", "templates.markdown: no such file: x.md", None),
        (
            "templates: {html: spring.html, markdown: spring.html}",
            "templates.html: the HTML is made from the Markdown",
            None,
        ),
        (
            "templates: {html: spring.html, layout: default}",
            "templates.layout: a layout stands around Markdown",
            None,
        ),
        ("templates: {}", "templates: there is no template", "html:"),
        ("subject: #1 offer", "subject has no value", "starts with # needs quotes"),
        ("subject: We are #1 now", "subject: this and all behind it is a comment", "in quotes"),
        ("variables:\n  a: x #y", "variables.a: this and all behind it is a", "in quotes"),
        ("variables:\n  a: #ff0000", "variables.a has no value", "starts with # needs quotes"),
        ("recipients:\n  file:people.csv", "recipients.file: no such file", "after the colon"),
        ("recipients:\n  - file: people.csv", "recipients: must be a mapping", "take the dash"),
        ("unsubscribe:\n  - url: https://x.example/u", "unsubscribe: must be a", "take the dash"),
        ("recipients: [{file: people.csv}]", "recipients: must be a", "take the brackets away"),
        ("templates: [a.md, b.txt]", "templates: must be a mapping", "a key before each value"),
        ("templates:\n  - a.md", "templates: must be", "a key before each value"),
        ("variables: a:b", "variables: must be a mapping", "after the colon"),
        ("suppress:\n  -people.csv", "suppress: no such file: -people", "after the dash"),
        ("smtp: prodction", "smtp: no profile named prodction", "sandbox"),
        ("smtp: [a]", "smtp: must be text, not a list", None),
        ("smtp: {host: mail.example.com, prot: 1}", "unknown key: smtp.prot", "port?"),
        ("rate: 14", "rate: a rate needs its unit of time", "14/s"),
        ("rate: [14/s, 3/m]", "rate: m may mean minutes or months", "write 3/min or 3/month"),
        ("reply_to: [help@]", "reply_to: not an address", None),
        ("headers: {Bcc: x}", "headers.Bcc: Bcc cannot be set here", "every recipient"),
        ("headers: {cc: x}", "headers.cc: cc cannot be set here", "`reply_to:`"),
        (
            "headers: {List-Post: 'News <a@b.example>'}",
            "headers.List-Post: not a URL: News",
            "mailto:",
        ),
        ("headers: {List-Help: 'https://a.example b@c.example'}", "no comma before b@c", "mailto:"),
        ("headers: {List-Owner: '<mailto:a@b.example'}", "List-Owner: a < without", "mailto:"),
        ("headers: {List-Help: 'NO'}", "headers.List-Help: not a URL: NO", "mailto:"),
        ("headers: {List-Help: '(none)'}", "headers.List-Help: no address and no URL", "mailto:"),
        ("headers: {subject: x}", "headers.subject: subject cannot be set here", "subject:"),
        ("headers: {Content-Type: x}", "headers.Content-Type: Content-Type cannot", "itself"),
        ("headers: {Content-ID: x}", "headers.Content-ID: Content-ID cannot", "itself"),
        ("headers: {Sender: 'Jo <jo>'}", "headers.Sender: not an address: jo", None),
        ("headers: {Sender: 'a@x.test, b@x.test'}", "headers.Sender: one mailbox stands", "Name <"),
        ("headers: {Errors-To: 'Jo <a@x.test'}", "headers.Errors-To: a < without its", "Name <"),
        ("headers: {Errors-To: 'B, Jo <a@x.test>'}", "headers.Errors-To: not an address: B", None),
        (
            "headers: {Sender: 'B, {{ a }} <b@x.test>'}",
            "headers.Sender: one mailbox stands",
            "Name",
        ),
        (
            "headers: {Errors-To: 'B, {{ a }} <b@x.test>'}",
            "headers.Errors-To: not an address: B",
            None,
        ),
        ("headers: {Errors-To: 'T: a@x.test'}", "headers.Errors-To: a group ends with a", "Team:"),
        ("headers: {'X A': x}", "headers.X A: not the name of a header", "X-Campaign"),
        ('headers: {X-A: "a\\nBcc: b"}', "headers.X-A: a header's value must be one", ">-"),
        ("headers: {X-A: a, x-a: b}", "headers.x-a: is the same header as X-A", None),
        ("headers: x", "headers: must be a mapping", None),
        ("attachments: terms.pdf", "attachments: no such file: terms.pdf", None),
        ("attachments: ['{{ x.pdf']", "attachments: not a template", None),
        ("attachments: {file: '{{ x.pdf', missing: fail}", "attachments: not a template", None),
        ("attachments: [{file: }]", "attachments.file has no value", "write one"),
        ("attachments: [{missing: fail}]", "attachments: file is missing", "file: "),
        (
            "attachments: [{file: '{{ x }}', missing: skip}]",
            "missing: must be one",
            "send_without?",
        ),
        ("attachments: [{file: people.csv, missing: fail}]", "everybody gets people.csv", "leave"),
        ("attachments: [{file: '{{ x }}', mising: fail}]", "unknown key: attachments.mis", "g?"),
        ("attachments: [{file: people.csv, name: a/b.csv}]", "name: a name, not a path", "alone"),
        (
            "attachments: [{file: people.csv, name: ' .. '}]",
            "attachments.name: names no file",
            "saved",
        ),
        (
            "attachments: [{file: people.csv, name: '{{ x'}]",
            "attachments.name: not a template",
            None,
        ),
        ("attachments: [{file: people.csv, type: csv}]", "type: not a media type", "image/png"),
        (
            "attachments: [{file: people.csv, type: text/x y}]",
            "type: not a media type",
            "image/png",
        ),
        ("attachments: [{file: people.csv, type: message/rfc822}]", "is a part of a mail", "leave"),
        ("attachments: [{file: people.csv, type: text/csv; a=b}]", "without param", "text/csv:"),
        ("unsubscribe: {one_click: true}", "unsubscribe: needs url or mailto", None),
        ("unsubscribe: {mailto: a@b.example, one_click: true}", "one_click: needs a url", None),
        ("unsubscribe: {url: 'http://x.example', one_click: true}", "one_click needs a url", None),
        ("unsubscribe: x.example/u", "unsubscribe.url: not a URL", "https://"),
        (f"unsubscribe: '{URL} x'", "unsubscribe.url: a URL has no spaces", "urlencode"),
        ("unsubscribe: {mailto: nobody}", "unsubscribe.mailto: not an address", None),
        ("unsubscribe: {mailto: a@b.example, sign: '${A}'}", "unsubscribe.sign: needs a url", None),
        (
            f"unsubscribe: {{url: '{URL}?k=1', sign: '${{A}}'}}",
            "unsubscribe.url: k in the",
            "otherwise",
        ),
        ("suppress: [nobody.csv]", "suppress: no such file: nobody.csv", None),
        ("suppress: [{file: nobody.csv}]", "suppress: no such file: nobody.csv", None),
        ("suppress: [{column: mail}]", "suppress.file is missing", None),
        ("suppress: [{file: people.csv, colum: x}]", "unknown key: suppress.colum", "column?"),
        ("suppress: [{file: people.csv, encoding: x}]", "no such encoding: x", "cp1252"),
        ("suppress: [{file: people.csv, subdomains: 1}]", "subdomains: must be true or", None),
        ("suppress: [{file: people.csv, unreadable: skip}]", "must be one of refuse, warn", None),
        ("variables: {a-b: 1}", "variables.a-b: not a name that a template can use", "a_b"),
        ("variables: [a]", "variables: must be a mapping", None),
        ("expect: many", "expect: not a number of recipients", "1000"),
        ("tolerate: 200%", "tolerate: more than all of them", None),
        ("retry: {attempts: 0}", "retry.attempts: must be between 1", None),
        ("check: {ignore: wide-pictures}", "check.ignore: must be the id of a rule", "wide-picture?"),
        ("check: {ignore: [wide-picture, xyz]}", "check.ignore: must be the id", "--list-rules"),
        ("check: {ignore: broken-picture}", "check.ignore: an error cannot be ignored", "warnings"),
        ("check: {ignored: []}", "unknown key: check.ignored", "ignore?"),
        ("check: {bulk: 1}", "check.bulk: must be true or false", None),
        ("check: {clients: [gmial]}", "check.clients: must be one of gmail, outlook", "gmail?"),
        ("check: [wide-picture]", "check: must be a mapping", None),
        ("notify: {shape: slack}", "notify: url is missing", "write {url:"),
        ("notify: {url: '${A}', shape: slak}", "notify.shape: must be one of slack, teams", "slack?"),
        ("notify: {url: '${A}', on: [ended]}", "notify.on: must be one of end, wait, stop", "end?"),
        ("notify: {url: '${A}', on: []}", "notify.on: names nothing", "leave it out for all"),
        ("notify: {url: '${A}', shape: template}", "notify.shape: there is no template", "template:"),
        ("notify: {url: '${A}', shape: json, template: '{}'}", "json has its own shape", "one of the"),
        ("notify: {url: '${A}', type: text/plain}", "notify.type: is that of a template", "leave it out"),
        ("notify: {url: '${A}', template: no.json}", "notify.template: no such file: no.json", None),
        ("notify: {url: '${A}', template: '{{ a'}", "notify.template: not a template as Jinja", None),
        ("notify: {url: '${A}', template: '{{ titel|tojson }}'}", "titel is none of the names", "title?"),
        (
            "notify: {url: '${A}', template: '\"{{ title }}\"'}",
            "notify.template: what it gives is not always JSON",
            "{{ title|tojson }}",
        ),
        (
            "notify: {url: '${A}', template: '{{ until.hour }}', type: text/plain}",
            "notify.template: cannot be rendered",
            None,
        ),
        ("notify: [" + ", ".join(["'${A}'"] * 11) + "]", "notify: at most 10 are told", "some away"),
        ("templat: spring.html", "unknown key: templat", "templates?"),
        ("template: spring.html", "unknown key: template", "templates?"),
        ("retry: {first_delay: 60}", "retry.first_delay: a length of time needs", "60s"),
        ("retry: {first_delay: 2h}", "retry.first_delay: first_delay is longer", None),
        ("retry: {first_delay: 10m, max_delay: 5m}", "retry.max_delay:", None),
        ("run: '{{ versoin }}'", "run: versoin is not one of the variables", "version?"),
        ("run: 'a b'", "run: not the name of an edition: a b", "2026-12"),
        ("run: '{{ 1 // 0 }}'", "run:", None),
        ("where: a", "unknown key: where", "where belongs under recipients"),
        ("subjects: a", "unknown key: subjects", "subject?"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    desk: Desk, line: str, said: str, hint: str | None
) -> None:
    key = line.partition(":")[0]
    more = () if key == "variables" else ("variables: {version: 1}",)
    faults = desk.faults(*more, **{key: line})
    found = [fault for fault in faults if said in fault.message]
    assert found, faults
    assert found[0].place is not None
    assert found[0].place.text == line.splitlines()[-1] if key != "smtp" or hint else True
    assert hint is None or hint in (found[0].hint or "")
    assert len(faults) == 1, faults


@pytest.mark.parametrize(
    ("declared", "name", "said", "hint"),
    [
        ("news.yaml", "news.yaml", "templates.html: no template", "name an .html"),
        ("{text: people.csv}", None, "templates.text: no template", "name an .html"),
        ("{html: news.md}", "news.md", "templates.html: is Markdown", "write markdown:"),
        ("{text: news.mjml}", "news.mjml", "templates.text: is MJML", "name it at html:"),
        (
            "{markdown: n.md, layout: news.md}",
            "news.md",
            "templates.layout: is Markdown",
            "content",
        ),
    ],
)
def test_what_is_no_template_is_not_mailed_as_it_stands(
    desk: Desk, declared: str, name: str | None, said: str, hint: str
) -> None:
    for file in filter(None, (name, "n.md")):
        desk.folder.joinpath(file).write_text("Hello\n")
    (fault,) = desk.faults(templates=f"templates: {declared}")
    assert said in fault.message
    assert hint in (fault.hint or "")


def test_a_missing_template_is_never_said_to_be_the_campaign_file(desk: Desk) -> None:
    desk.folder.joinpath("spring.yaml").write_text("x")
    (fault,) = desk.faults(templates="templates: spring.md")
    assert fault.message == "templates.markdown: no such file: spring.md"
    assert fault.hint is None


def test_a_list_of_no_secrets_is_no_leave_to_send_links_unsigned(desk: Desk) -> None:
    (fault,) = desk.faults(unsubscribe=f"unsubscribe: {{url: '{URL}', sign: []}}")
    assert "unsubscribe.sign: has no secret in it" in fault.message
    assert fault.hint == "write sign: ${UNSUBSCRIBE_SECRET}"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("cc", "a row of the CSV, or name them in `reply_to:`"),
        ("Bcc", "a row of the CSV; nobody sees"),
        ("to", "`recipients:` says to whom"),
    ],
)
def test_a_copy_for_others_is_refused_with_what_to_do_instead(
    desk: Desk, key: str, hint: str
) -> None:
    (fault,) = desk.faults(**{key: f"{key}: boss@example.com"})
    assert fault.message == f"unknown key: {key}"
    assert hint in (fault.hint or "")


@pytest.mark.parametrize("key", ["name", "from", "subject", "recipients", "templates", "smtp"])
def test_what_must_be_there_is_missed(desk: Desk, key: str) -> None:
    (fault,) = desk.faults(**{key: ""})
    assert fault.message == f"{key} is missing"


def test_a_misspelt_key_is_not_also_missed(desk: Desk) -> None:
    (fault,) = desk.faults(subject="subjct: hello")
    assert (fault.message, fault.hint) == ("unknown key: subjct", "did you mean subject?")


def test_the_message_is_that_of_a_compiler(desk: Desk) -> None:
    desk.write(templates="templates:\n  html: sprnig.html")
    with pytest.raises(CampaignError) as caught:
        desk.load(templates="templates:\n  html: sprnig.html")
    assert str(caught.value) == (
        f"{desk.folder}/spring.yaml:6:9: error: templates.html: no such file: sprnig.html\n"
        "   6 |   html: sprnig.html\n"
        "     |         ^ did you mean spring.html?"
    )


def test_another_file_of_a_series_is_not_guessed() -> None:
    assert guess_file("9.ics", ["1.ics", "2.ics"]) is None
    assert guess_file("invoice-0042.pdf", ["invoice-0041.pdf", "invoice-0043.pdf"]) is None
    assert guess_file("people1.csv", ["people.csv", "people2.csv"]) == "people.csv"
    assert guess_file("sprng2026.html", ["spring2026.html"]) == "spring2026.html"


def test_all_faults_of_all_files_are_told_in_one_go(desk: Desk) -> None:
    desk.profiles("profiles: {production: {host: 'a b', prot: 1}}")
    faults = desk.faults(
        "bogus: 1",
        name="name: A",
        recipients="recipients: {file: nobody.csv, where: (}",
        smtp="smtp: production",
        asked={"rate": "fast", "settings": {"a-b": "c"}, "expect": "?", "tolerate": "?"},
    )
    assert len(faults) == 10
    assert [fault.place is None for fault in faults] == [True] * 4 + [False] * 6


def test_a_spreadsheet_is_not_taken_for_a_csv(desk: Desk) -> None:
    (desk.folder / "people.xlsx").write_bytes(b"PK")
    (fault,) = desk.faults(recipients="recipients: people.xlsx")
    assert fault.hint == "save it as CSV (UTF-8)"


@pytest.mark.parametrize("run", ["../up", ".hidden", "a/b", "-x", "x" * 101])
def test_an_edition_that_cannot_be_part_of_a_folder_is_refused(desk: Desk, run: str) -> None:
    (fault,) = desk.faults(asked={"run": run})
    assert "not the name of an edition" in fault.message


def test_the_header_of_a_providers_key_is_written_by_nobody_else(desk: Desk) -> None:
    (fault,) = desk.faults(
        "headers: {resend-idempotency-key: a}",
        smtp="smtp: {provider: resend, username: u, password: '${P}'}",
    )
    assert "writes it itself" in fault.message


@pytest.mark.parametrize("before", ["", "suppress: [never.csv]\n", "project: shop\n"])
def test_a_file_of_profiles_is_told_from_a_campaign(desk: Desk, before: str) -> None:
    desk.profiles(f"{before}profiles: {{}}\n")
    with pytest.raises(CampaignError) as caught:
        load_campaign(desk.folder / "profiles.yaml")
    [found] = caught.value.findings
    assert "holds profiles, and is no campaign" in found.message
    assert found.place is not None
    assert found.place.line == 1 + before.count("\n")


_TOKEN = "https://hooks.slack.com/services/T00/B00/s3cr3ts3cr3ts3cr3ts3cr3t"


@pytest.mark.parametrize(
    "written",
    [
        f"notify: {_TOKEN}",
        f"notify: ['{_TOKEN}']",
        f"notify:\n  - {_TOKEN}",
        f"notify:\n- {_TOKEN}",
        f"notify: {{url: {_TOKEN}, shape: slack}}",
        f"notify:\n  - url: {_TOKEN}",
        f"notify: '{_TOKEN}?x=${{A}}'",
        f"notify: >-\n  {_TOKEN}",
        "notify: 'https://${A}/s3cr3t'",
        f"notify: '{_TOKEN}",
        f"notify: [{_TOKEN}",
        f"notify:\n  - {_TOKEN}\n  - x: [\nfoo: ]",
        f"notify:\n- {_TOKEN}\n- x: [\nfoo: ]",
        f"notify:\n  - {{url: {_TOKEN}\nx: ]",
        f"notfiy: {_TOKEN}",
        f"notify: {{ulr: {_TOKEN}}}",
        f"webhook: {_TOKEN}",
    ],
)
def test_a_webhook_that_is_written_out_is_an_error_that_does_not_show_it(
    desk: Desk, written: str
) -> None:
    faults = desk.faults(notify=written)
    assert faults
    assert not any("s3cr3t" in str(fault) for fault in faults)
    if "slack.com" in written and all(fault.rule == "wrong-value" for fault in faults):
        assert "is a secret, and must not be written out" in faults[0].message
        assert 'write "${SLACK_WEBHOOK}"' in str(faults[0].hint)
