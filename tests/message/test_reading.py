"""Content read from real folders, what is refused, and what its digest is over."""

from __future__ import annotations

import base64
import pickle
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import (
    Campaign,
    Idempotency,
    Mailbox,
    Recipients,
    Templates,
    Unsubscribe,
)
from sendbatch.errors import CampaignError
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content

from .conftest import body_of, built

Make = Callable[..., Campaign]
Read = Callable[..., Content]


def refused(campaign: Campaign) -> str:
    with pytest.raises(CampaignError) as caught:
        read_content(campaign)
    return str(caught.value)


def test_a_comment_that_a_style_sheet_began_is_told_where_it_begins(campaign: Make) -> None:
    css = "{# meant #}<style>\n.a{color:red}\n@media(max-width:480px){#main{width:100%}}\n</style>"
    said = refused(campaign({"templates/body.html": css}))
    assert ':3:24: error: not a template: "{#" begins a comment, and nothing ends it' in said
    assert "{% raw %}" in said


def test_includes_extends_and_imports_are_read_and_nothing_is_opened_later(
    campaign: Make, tmp_path: Path
) -> None:
    files = {
        "templates/body.html": "{% extends 'parts/base.html' %}{% from 'macros.html' import hi %}"
        "{% block body %}{{ hi(first_name) }}{% include 'note.html' %}{% endblock %}",
        "templates/parts/base.html": "<body>{% block body %}{% endblock %}"
        "{% include 'parts/foot.html' %}</body>",
        "templates/parts/foot.html": "<p>foot</p>",
        "templates/macros.html": "{% macro hi(name) %}<p>Hi {{ name }}</p>{% endmacro %}",
        "campaigns/note.html": "<p>note {{ customer_id }}</p>",
    }
    content: Content = pickle.loads(pickle.dumps(read_content(campaign(files))))
    for name in files:
        (tmp_path / name).unlink()
    assert (
        body_of(built(content), "html") == "<body><p>Hi Jane</p><p>note 12</p><p>foot</p></body>\n"
    )


def test_html_and_text_find_their_includes_beside_themselves(reading: Read, tmp_path: Path) -> None:
    files = {
        "templates/h/a.html": "{% include 'foot' %}",
        "templates/h/foot": "html foot",
        "templates/t/a.txt": "{% include 'foot' %}",
        "templates/t/foot": "text foot",
    }
    found = reading(
        files, templates=Templates(tmp_path / "templates/h/a.html", tmp_path / "templates/t/a.txt")
    )
    assert body_of(built(found), "plain") == "text foot\n"
    assert body_of(built(found), "html") == "html foot\n"


def test_no_template_is_advised_to_include_itself(reading) -> None:
    with pytest.raises(CampaignError) as refused:
        reading({"templates/body.html": "<p>{% include 'bodi.html' %}"})
    (fault,) = refused.value.findings
    assert "no such template: bodi.html" in fault.message
    assert "body.html" not in (fault.hint or "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "<p>\n{% include 'fooot.html' %}",
            ["body.html:2:4", "no such template: fooot.html", "did you mean foot.html?"],
        ),
        ("{% extends name %}", ["body.html:1", "computed"]),
        ("{% include ['foot.html', name] %}", ["computed"]),
        ("{% include '../../outside.html' %}", ["outside the campaign's and templates' folders"]),
        ("{% include '/etc/passwd' %}", ["outside the campaign's and templates' folders"]),
        ("{% include 'link.html' %}", ["outside the campaign's and templates' folders"]),
        ("{% include 'a\\0b' %}", ["outside"]),
        ("{% include 'parts' %}", ["is a folder"]),
        ("a\n{% if %}", ["body.html:2", "not a template"]),
        ("a\n{{ x|uper }}", ["body.html:2", "no filter is called uper", "did you mean upper?"]),
        ('a\n{{ x|money("euro") }}', ["body.html:2", "no currency is called euro", "did you mean EUR?"]),
        ('a\n{{ x|date("%d.%m.%y") }}', ["body.html:2", "no pattern of |date", 'write date("dd.MM.yy")']),
        (
            "{% if false %}{{ 1 is evn }}{% endif %}",
            ["no test is called evn", "did you mean even?"],
        ),
        ("  \n ", ["the template is empty"]),
        ("{{ " + "(" * 3000, ["not a template"]),
    ],
)
def test_what_is_no_template_is_refused_with_its_line(
    campaign: Make, tmp_path: Path, source: str, words: list[str]
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-secret.html"
    outside.write_text("secret")
    made = campaign(
        {
            "templates/body.html": source,
            "templates/foot.html": "",
            "templates/parts/x.html": "",
            "outside.html": "x",
        }
    )
    (tmp_path / "templates/link.html").symlink_to(outside)
    made = replace(made, templates=Templates(tmp_path / "templates/body.html"))
    if "../.." in source:
        (tmp_path.parent / "outside.html").write_text("x")
    said = refused(made)
    for word in words:
        assert word in said


def test_html_out_of_markdown_is_refused_in_a_text_and_taken_in_html(
    campaign: Make, reading: Read, tmp_path: Path
) -> None:
    made = campaign({"templates/body.txt": "a\n{{ first_name|markdown }}"})
    text = Templates(tmp_path / "templates/body.html", tmp_path / "templates/body.txt")
    said = refused(replace(made, templates=text))
    assert "body.txt:2" in said
    assert "|markdown writes HTML, and here is text" in said
    found = reading({"templates/body.html": "{{ first_name|markdown }}"})
    assert body_of(built(found), "html") == "<p>Jane</p>\n"


def test_an_include_that_may_be_missing_may_be_missing(reading: Read) -> None:
    found = reading({"templates/body.html": "<p>x{% include 'no.html' ignore missing %}</p>"})
    assert body_of(built(found), "html") == "<p>x</p>\n"


def test_the_first_of_several_names_that_exists_is_meant(reading: Read) -> None:
    found = reading(
        {
            "templates/body.html": "{% include ['no.html', 'yes.html'] %}",
            "templates/yes.html": "yes",
        }
    )
    assert body_of(built(found), "html") == "yes\n"


def test_a_circle_of_includes_ends(reading: Read) -> None:
    found = reading(
        {
            "templates/body.html": "x{% if first_name == 'no' %}{% include 'b.html' %}{% endif %}",
            "templates/b.html": "{% include 'body.html' %}",
        }
    )
    assert body_of(built(found), "html") == "x\n"


def test_a_template_that_is_not_utf8_is_refused_with_its_line(campaign: Make) -> None:
    said = refused(campaign({"templates/body.html": b"a\nb gr\xfc\xdfe\n"}))
    assert "body.html:2:5: error: not UTF-8" in said


def test_a_byte_order_mark_is_no_part_of_a_template(reading: Read) -> None:
    assert body_of(built(reading({"templates/body.html": b"\xef\xbb\xbfx"})), "html") == "x\n"


def test_all_faults_are_told_in_one_go(campaign: Make, tmp_path: Path) -> None:
    made = campaign(
        {
            "templates/body.html": "{% include 'a' %}\n{% include 'b' %}",
            "campaigns/terms.pdf": b"x",
        },
        attachments=("trems.pdf",),
    )
    said = refused(
        replace(made, templates=Templates(made.templates.html, tmp_path / "templates/bdy.txt"))
    )
    for word in (
        "template: a",
        "template: b",
        "no such file: trems.pdf",
        "did you mean terms.pdf?",
        "no such file: bdy.txt",
        "campaigns/spring.yaml:4:3",
    ):
        assert word in said


def test_an_attachment_that_is_a_folder_is_refused(campaign: Make) -> None:
    assert "is a folder" in refused(campaign({"campaigns/files/x": "x"}, attachments=("files",)))


def test_a_sender_whose_domain_cannot_be_mailed_is_refused(campaign: Make) -> None:
    assert "spring.yaml:6:3" in refused(campaign(sender=Mailbox("", "a@-ü.example")))


def everything(folder: Path) -> dict[str, Any]:
    return {
        "files": {
            "templates/body.html": "<p>{% include 'foot.html' %}</p>",
            "templates/foot.html": "foot",
            "templates/body.txt": "text",
            "campaigns/terms.pdf": b"%PDF",
        },
        "folder": folder,
        "templates": Templates(folder / "templates/body.html", folder / "templates/body.txt"),
        "headers": {"X-A": "1"},
        "reply_to": (Mailbox("Help", "help@example.com"),),
        "variables": {"product": "Widget", "list": [1, {"a": None}]},
        "attachments": ("terms.pdf", "invoices/{{ customer_id }}.pdf"),
        "unsubscribe": Unsubscribe("https://example.com/{{ customer_id }}", None, False),
    }


def digest(read: Read, folder: Path, **changes: Any) -> str:
    declared = {**everything(folder), **changes}
    return read(declared.pop("files"), **declared).digest


def test_the_digest_is_the_same_in_another_folder(reading: Read, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "some where else").mkdir()
    assert digest(reading, tmp_path / "a") == digest(reading, tmp_path / "some where else")


@pytest.mark.parametrize(
    "change",
    [
        {"templates/body.html": "<p>!{% include 'foot.html' %}</p>"},
        {"templates/foot.html": "feet"},
        {"templates/body.txt": "text!"},
        {"campaigns/terms.pdf": b"%PDF2"},
        {"subject": "Other"},
        {"sender": Mailbox("Example", "news@example.com")},
        {"sender": Mailbox("Example News", "new@example.com")},
        {"reply_to": ()},
        {"headers": {"X-A": "2"}},
        {"headers": {"X-B": "1"}},
        {"variables": {"product": "Gadget"}},
        {"variables": {"product": "Widget", "list": [1, {"a": False}]}},
        {"attachments": ("terms.pdf",)},
        {"attachments": ("terms.pdf", "invoices/{{ customer_id }}.PDF")},
        {"unsubscribe": None},
        {"recipients": Recipients(Path("x.csv"), name="Dear {{ customer_id }}")},
    ],
)
def test_the_digest_changes_with_every_part_that_a_recipient_sees(
    reading: Read, tmp_path: Path, change: dict[str, Any]
) -> None:
    before = digest(reading, tmp_path)
    if any("/" in name for name in change):
        change = {"files": {**everything(tmp_path)["files"], **change}}
    assert digest(reading, tmp_path, **change) != before


def test_the_digest_is_not_over_what_no_recipient_sees(
    reading: Read, campaign: Make, tmp_path: Path
) -> None:
    before = digest(reading, tmp_path)
    assert digest(reading, tmp_path, bounces_to="other@example.com") == before
    assert (
        digest(reading, tmp_path, recipients=Recipients(tmp_path / "x.csv", where="true")) == before
    )
    profile = replace(
        campaign().profile, host="mail.example.com", idempotency=Idempotency("X-Key", 60)
    )
    assert digest(reading, tmp_path, profile=profile) == before
    variables = {"list": [1, {"a": None}], "product": "Widget"}
    assert digest(reading, tmp_path, variables=variables) == before


def test_what_is_included_may_be_blank(reading) -> None:
    reading({"templates/body.html": "Hi {% include 'x.html' %}", "templates/x.html": "\n"})


@pytest.mark.parametrize(("on_disk", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_files_are_found_in_either_normal_form_wherever_they_are_named(
    campaign: Callable[..., Campaign], on_disk: str, written: str
) -> None:
    there, given = partial(unicodedata.normalize, on_disk), partial(unicodedata.normalize, written)
    source = (
        '<html><head><link rel="stylesheet" href="ä.css"></head><body>{% include "é.html" %}'
        '<img src="ö.png" alt="Logo"></body></html>'
    )
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    files = {
        "templates/body.html": given(source),
        there("templates/ä.css"): "p { color: teal }",
        there("templates/é.html"): "<p>included</p>",
        there("templates/ö.png"): png,
        there("campaigns/für alle.pdf"): b"%PDF",
    }
    made = read_content(campaign(files, attachments=(given("für alle.pdf"),)))
    assert made.html is not None
    said = "".join(made.html.sources.values())
    assert "teal" in said
    assert "included" in said
    assert len(made.pictures) == len(made.attachments) == 1
