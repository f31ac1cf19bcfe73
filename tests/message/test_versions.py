"""Versions: the files that a path with `{{ }}` leads to are read, one is chosen by each row, and it is
composed as if it were the only one."""

from __future__ import annotations

import pickle
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.paths import path_template
from sendbatch.campaign.model import Campaign, Mailbox, Senders, Templates
from sendbatch.errors import CampaignError
from sendbatch.message import texts
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, OwnFile
from sendbatch.message.letter import Proof
from sendbatch.message.parts import Sample
from sendbatch.message.reading import read_content
from sendbatch.message.versions.choosing import Versions
from sendbatch.message.versions.composers import Composers, composer_of
from sendbatch.message.versions.files import MOST
from sendbatch.values import Message, Recipient, Unbuildable
from tests.kit.dkim import signing_key, verified
from tests.kit.pictures import png
from tests.kit.thoroughness import examples

from .conftest import NOW, SALT, body_of, parsed

Make = Callable[..., Campaign]

COLUMNS = ("email", "first_name", "locale")
HTML = "templates/news.{}.html"
PATH = "../templates/news.{{ locale }}.html"


def files(
    *locales: str, ending: str = "html", text: str = "<p>{} {{{{ first_name }}}}</p>"
) -> dict[str, str]:
    return {f"templates/news.{one}.{ending}": text.format(one) for one in locales}


@pytest.fixture
def versions(campaign: Make, tmp_path: Path) -> Callable[..., Campaign]:
    """versions(files, fallback={…}, html=path, …) is a campaign whose templates have these paths."""

    def make(
        written: Mapping[str, str | bytes],
        fallback: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        **paths: str,
    ) -> Campaign:
        here = tmp_path / "campaigns"
        made = {
            key: path_template(path, here) if "{{" in path else here / path
            for key, path in (paths or {"html": PATH}).items()
        }
        return campaign(
            written, templates=Templates(**made, fallback=fallback or {}), **(more or {})
        )

    return make


def to(locale: str, first_name: str = "Jane") -> Recipient:
    return Recipient(
        1, 812, "jane@example.org", "jane@example.org", ("jane@example.org", first_name, locale)
    )


def built(
    content: Content, locale: str, columns: tuple[str, ...] = COLUMNS, **more: str
) -> Message:
    message = composer_of(content, columns, SALT).compose(to(locale, **more), NOW)
    assert isinstance(message, Message), message
    return message


def read(made: Message | Unbuildable) -> object:
    """As a mail program shows it: where soft line breaks fall is no matter."""
    if isinstance(made, Unbuildable):
        return made
    parts = [(part.items(), part.get_payload(decode=True)) for part in parsed(made).walk()]
    return made._replace(data=b""), parts


def reason(content: Content, locale: str) -> str:
    found = composer_of(content, COLUMNS, SALT).compose(to(locale), NOW)
    assert isinstance(found, Unbuildable), found
    return found.reason


def refused(campaign: Campaign) -> str:
    with pytest.raises(CampaignError) as caught:
        read_content(campaign)
    return str(caught.value)


def test_each_row_gets_the_file_that_its_cell_names(versions: Make) -> None:
    content = pickle.loads(pickle.dumps(read_content(versions(files("de", "en", "pt-BR")))))
    for locale in ("de", "en", "pt-BR"):
        assert body_of(built(content, locale), "html") == f"<p>{locale} Jane</p>\n"


def test_a_folder_may_be_chosen_and_what_is_named_in_a_file_lies_beside_it(versions: Make) -> None:
    written = {
        **{
            f"templates/{one}/news.html": "{% include 'foot.html' %}<img src=a.png alt=x>"
            for one in ("de", "en")
        },
        **{f"templates/{one}/foot.html": f"<p>foot {one}</p>" for one in ("de", "en")},
        "templates/de/a.png": png(3, 3),
        "templates/en/a.png": png(4, 4),
    }
    content = read_content(versions(written, html="../templates/{{ locale }}/news.html"))
    for number, locale in ((3, "de"), (4, "en")):
        message = built(content, locale)
        assert f"<p>foot {locale}</p>" in body_of(message, "html")
        (picture,) = [
            part for part in parsed(message).walk() if part.get_content_maintype() == "image"
        ]
        assert picture.get_content() == png(number, number)


def test_a_filter_or_a_slice_may_choose(versions: Make) -> None:
    content = read_content(
        versions(files("de", "en"), html="../templates/news.{{ locale[:2]|lower }}.html")
    )
    assert "<p>de " in body_of(built(content, "DE_at"), "html")


def test_a_row_without_a_file_gets_that_of_the_fallback(versions: Make) -> None:
    content = read_content(versions(files("de", "en"), {"locale": "en"}))
    for locale in ("fr", "", "EN", "../de", "de/../de", ".de", "x" * 5000, "de\nx"):
        assert "<p>en Jane</p>" in body_of(built(content, locale), "html")


def test_a_row_led_by_the_fallback_has_its_values_in_all_of_its_message(
    versions: Make, tmp_path: Path
) -> None:
    says = "{{ locale }} {{ '3.5'|money('EUR') }}"
    written = {
        **dict.fromkeys(
            ("templates/news.de.md", "templates/news.en.md"),
            f"# {says} {{{{ '2026-02-01'|date }}}}",
        ),
        "templates/page.html": f"<body>{says} {{{{ content }}}}</body>",
        "campaigns/terms-de.pdf": "DE",
        "campaigns/terms-en.pdf": "EN",
    }
    own = OwnFile("terms-{{ locale }}.pdf", tmp_path / "campaigns", "terms-{{ locale }}.pdf")
    content = read_content(
        versions(
            written,
            {"locale": "en"},
            {
                "subject": f"S {says}",
                "sender": Mailbox(f"F {says}", "news@example.com"),
                "preheader": f"P {says}",
                "headers": {"X-Language": "{{ locale }}"},
            },
            markdown="../templates/news.{{ locale }}.md",
            layout="../templates/page.html",
        )
    ).with_versions(attachments=(own,))
    composer = composer_of(content, COLUMNS, SALT)
    for locale in ("xx", "", "fr", "ar", "e n", "en/de"):
        made = composer.compose(to(locale), NOW)
        assert isinstance(made, Message), made
        mail = parsed(made)
        assert mail["Subject"] == "S en €3.50"
        assert str(mail["From"].addresses[0].display_name) == "F en €3.50"
        assert mail["X-Language"] == "en"
        assert "en €3.50 February 1, 2026" in body_of(made, "plain")
        html = body_of(made, "html")
        assert html.count("en €3.50") == 3
        assert "P en" in html
        assert composer.survey(to(locale).cells).files[0][0].name == "terms-en.pdf"
        assert [part.get_filename() for part in mail.iter_attachments()] == ["terms-en.pdf"]
        assert read(made) == read(composer.compose(to("en"), NOW))
    assert "1. Februar 2026" in body_of(built(content, "de"), "plain")


def test_a_variable_is_led_by_the_fallback_too_and_the_sender_follows(versions: Make) -> None:
    boxes = (Mailbox("", "en@example.com"), Mailbox("", "xx@example.com"))
    for cells in (COLUMNS, ("email", "first_name", "other")):
        campaign = versions(
            files("en", text="<p>{} {{{{ locale }}}}</p>"),
            {"locale": "en"},
            {
                "variables": {"locale": "xx"},
                "senders": Senders("{{ locale }}@example.com", boxes, take_bounces=True),
            },
        )
        message = built(read_content(campaign), "xx", cells)
        assert "<p>en en</p>" in body_of(message, "html")
        assert message.envelope.sender == "en@example.com"


def test_the_digest_of_versions_without_a_fallback_stays_what_it_was(versions: Make) -> None:
    content = read_content(versions(files("de", "en")))
    assert content.digest == "f9df4568fb79b4baf226b67cfd64286870d82c39450a2b70409e05b31800ec7e"


def test_without_a_fallback_it_is_a_fault_of_the_row(versions: Make) -> None:
    content = read_content(versions(files("de", "en")))
    assert reason(content, "fr") == (
        f"templates.html: no file for {PATH} (locale is 'fr'); there are news.de.html, news.en.html"
    )
    assert "(locale is empty)" in reason(content, "")
    surveyed = composer_of(content, COLUMNS, SALT).survey(to("fr").cells)
    assert surveyed.unavailable is not None
    assert not surveyed.unavailable.fails
    assert not surveyed.has_version


def test_a_fallback_for_one_name_leaves_the_others_as_they_are(versions: Make) -> None:
    written = {
        "templates/acme/news.en.html": "<p>acme</p>",
        "templates/zen/news.de.html": "<p>zen</p>",
    }
    path = "../templates/{{ first_name }}/news.{{ locale }}.html"
    content = read_content(versions(written, {"locale": "en"}, html=path))
    assert "acme" in body_of(built(content, "fr", first_name="acme"), "html")
    assert "zen" in body_of(built(content, "de", first_name="zen"), "html")
    found = composer_of(content, COLUMNS, SALT).compose(to("fr", "zen"), NOW)
    assert isinstance(found, Unbuildable)
    assert "none by the fallback: zen/news.en.html" in found.reason


def test_html_and_text_are_of_one_language(versions: Make) -> None:
    written = {**files("de", "en", "fr"), **files("de", "en", ending="txt", text="text {}")}
    paths = {"html": PATH, "text": "../templates/news.{{ locale }}.txt"}
    content = read_content(versions(written, {"locale": "en"}, **paths))
    for locale, meant in (("de", "de"), ("fr", "en")):
        message = built(content, locale)
        assert body_of(message, "plain") == f"text {meant}\n"
        assert f"<p>{meant} " in body_of(message, "html")


def test_markdown_and_its_layout_may_be_chosen_each_by_its_own_name(versions: Make) -> None:
    written = {
        **files("de", "en", ending="md", text="# {} {{{{ first_name }}}}"),
        "templates/a.layout.html": "<body>A{{ content }}</body>",
        "templates/b.layout.html": "<body>B{{ content }}</body>",
    }
    paths = {
        "markdown": "../templates/news.{{ locale }}.md",
        "layout": "../templates/{{ plan }}.layout.html",
    }
    content = read_content(versions(written, **paths))
    columns = (*COLUMNS, "plan")
    for locale in ("de", "en"):
        for plan in ("a", "b"):
            person = to(locale)._replace(cells=(*to(locale).cells, plan))
            message = composer_of(content, columns, SALT).compose(person, NOW)
            assert isinstance(message, Message)
            assert f"<body>{plan.upper()}<h1>{locale} Jane</h1>" in body_of(message, "html")


def test_mjml_may_be_chosen_too(versions: Make) -> None:
    page = "<mjml><mj-body><mj-section><mj-column><mj-text>{} {{{{ first_name }}}}</mj-text></mj-column>"
    page += "</mj-section></mj-body></mjml>"
    written = files("de", "en", ending="mjml", text=page)
    content = read_content(versions(written, html="../templates/news.{{ locale }}.mjml"))
    for locale in ("de", "en"):
        assert f"{locale} Jane</div>" in body_of(built(content, locale), "html")


@pytest.mark.parametrize(
    ("path", "name", "language"),
    [
        ("{{ locale }}.md", "de", "de"),
        ("{{ locale[:5] }}.md", "pt_BR", "pt-BR"),
        ("{{ language }}/x.md", "ar", "ar"),
        ("{{ locale }}.md", "winter", "en"),
        ("{{ plan }}.md", "de", "en"),
        ("{{ plan ~ locale }}.md", "de", "en"),
    ],
)
def test_the_default_layout_is_in_the_language_that_chose_the_file(
    versions: Make, path: str, name: str, language: str
) -> None:
    file = path.replace(path[: path.index("}}") + 2], name)
    content = read_content(
        versions({f"templates/{file}": "# Hi {{ first_name }}"}, markdown=f"../templates/{path}")
    )
    columns = (*COLUMNS, "language", "plan", "lang")
    person = to(name)._replace(cells=("jane@example.org", "Jane", name, name, name, "fr"))
    if "~" in path:
        person = person._replace(cells=("jane@example.org", "Jane", "e", name, "d", ""))
    if language == "en":
        person = person._replace(cells=(*person.cells[:-1], ""))
    composer = composer_of(content, columns, SALT)
    message = composer.compose(person, NOW)
    assert isinstance(message, Message)
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in body_of(
        message, "html"
    )
    assert composer.is_planned


def test_a_language_that_the_campaign_says_is_that_of_all(versions: Make) -> None:
    campaign = versions(files("de", ending="md", text="# Hi"), markdown=PATH.replace("html", "md"))
    content = read_content(replace(campaign, variables={"lang": "nl"}))
    assert '<html lang="nl"' in body_of(built(content, "de"), "html")


def test_names_are_matched_in_either_normal_form_and_in_no_other_case(versions: Make) -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    content = read_content(versions(files(decomposed, "ü")))
    assert len(content.texts) == 2
    for cell in ("é", decomposed, "ü", unicodedata.normalize("NFD", "ü")):
        assert "Jane" in body_of(built(content, cell), "html")
    assert "no file" in reason(content, "É")


def test_a_name_that_fits_in_two_ways_is_found_in_both(versions: Make) -> None:
    paths = {
        "html": "../templates/{{ first_name }}-{{ locale }}.html",
        "text": "../templates/{{ locale }}.txt",
    }
    written = {
        "templates/a-b-c.html": "<p>x</p>",
        "templates/c.txt": "c",
        "templates/b-c.txt": "b-c",
    }
    content = read_content(versions(written, **paths))
    assert body_of(built(content, "c", first_name="a-b"), "plain") == "c\n"
    assert body_of(built(content, "b-c", first_name="a"), "plain") == "b-c\n"


def test_hidden_files_folders_and_what_is_otherwise_called_are_no_versions(
    versions: Make, tmp_path: Path
) -> None:
    written = {
        **files("de"),
        "templates/news.html": "x",
        "templates/news..html": "x",
        "templates/news.de.html.bak": "",
    }
    (tmp_path / "templates/news.dir.html").mkdir(parents=True)
    assert len(read_content(versions(written)).texts) == 1
    hidden = {"templates/.git/news.html": "x", "templates/de/news.html": "y"}
    assert (
        len(read_content(versions(hidden, html="../templates/{{ locale }}/news.html")).texts) == 1
    )


def test_a_file_that_lies_elsewhere_by_a_link_is_refused(versions: Make, tmp_path: Path) -> None:
    campaign = versions(files("de"))
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "templates/news.xx.html").symlink_to(tmp_path / "secret.txt")
    assert "leads out of its folder by a link: ../templates/news.xx.html" in refused(campaign)
    (tmp_path / "templates/news.xx.html").unlink()
    (tmp_path / "templates/news.at.html").symlink_to("news.de.html")
    assert "<p>de " in body_of(built(read_content(campaign), "at"), "html")


@pytest.mark.parametrize(
    ("files_", "fallback", "said"),
    [
        ({}, {}, "templates.html: no file fits it: ../templates/news.{{ locale }}.html"),
        (files("de"), {"locale": "en"}, "templates.fallback: there is no ../templates/news.en.html"),
        ({**files("de"), HTML.format("en"): ""}, {}, "templates/news.en.html: error: the template is empty"),
        ({**files("de"), HTML.format("en"): "{% if %}"}, {}, "templates/news.en.html:1"),
        ({**files("de"), HTML.format("en"): "<img src=x.png>"}, {}, "templates/news.en.html:1"),
        ({**files("de"), HTML.format("en"): b"\xff\xfe"}, {}, "news.en.html:1:1: error: not UTF-8"),
        (files(*map(str, range(MOST + 1))), {}, f"more than {MOST} versions of the templates"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_before_any_row_is_looked_at(
    versions: Make, files_: dict[str, str], fallback: dict[str, str], said: str
) -> None:
    assert said in refused(versions(files_, fallback))


def test_a_path_that_nothing_fits_is_told_with_what_there_is(versions: Make) -> None:
    said = refused(versions(files("de"), html="../templates/nows.{{ locale }}.html"))
    assert "^ there is ../templates/news.de.html" in said
    said = refused(versions(files("de"), html="../tmplates/news.{{ locale }}.html"))
    assert "^ there is no folder ../tmplates" in said


def test_what_is_wrong_with_a_file_of_several_versions_is_said_once(versions: Make) -> None:
    written = {
        **files("de", "en", ending="txt", text="{}"),
        "templates/body.html": "<p>{% include 'nope' %}</p>",
    }
    said = refused(
        versions(written, html="../templates/body.html", text="../templates/news.{{ locale }}.txt")
    )
    assert said.count("no such template: nope") == 1


def test_most_versions_of_several_paths_are_bounded_too(versions: Make) -> None:
    numbers = [str(number) for number in range(20)]
    written = {**files(*numbers), **files(*numbers, ending="txt", text="{}")}
    paths = {"html": PATH, "text": "../templates/news.{{ first_name }}.txt"}
    assert f"more than {MOST} versions" in refused(versions(written, **paths))


def test_all_versions_are_one_content(versions: Make) -> None:
    before = read_content(versions(files("de", "en")))
    numbers = Versions(before, COLUMNS)
    assert {numbers.content(version).digest for version in numbers.all()} == {before.digest}
    ids = {built(before, locale).message_id for locale in ("de", "en")}
    assert len(ids) == 1
    assert read_content(versions({})).digest == before.digest
    others = [
        read_content(versions({HTML.format("en"): "<p>EN</p>"})).digest,
        read_content(versions(files("de", "en", "fr"))).digest,
        read_content(versions({}, {"locale": "en"})).digest,
        read_content(versions({}, html="../templates/news.{{ locale|lower }}.html")).digest,
    ]
    assert len({before.digest, *others}) == 5


def test_a_plain_path_gives_the_digest_that_it_gave_before(campaign: Make) -> None:
    content = read_content(campaign())
    assert not content.has_versions
    assert content.digest == "12115864a76812a34e735cd577fd0cc21ec38365a836f5395c7d895cb62ba94b"


def test_pictures_that_versions_share_are_held_once(versions: Make) -> None:
    page = "<p>{}</p><img src='logo.png' alt=x>"
    content = read_content(
        versions({**files("de", "en", text=page), "templates/logo.png": png(9, 9)})
    )
    (one,), (other,) = (texts.pictures for texts in content.texts)
    assert one is other
    loaded = pickle.loads(pickle.dumps(content))
    assert loaded.texts[0].pictures[0] is loaded.texts[1].pictures[0]


def test_the_pictures_of_all_versions_are_bounded_together(
    versions: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, str | bytes] = dict(
        files("de", "en", text="<p>{0}</p><img src='{0}.png' alt=x>")
    )
    written |= {"templates/de.png": png(9, 9), "templates/en.png": png(8, 8)}
    monkeypatch.setattr(texts, "MOST_PICTURES", len(png(9, 9)) + len(png(8, 8)))
    assert read_content(versions(written)).all_pictures
    monkeypatch.setattr(texts, "MOST_PICTURES", len(png(9, 9)) + len(png(8, 8)) - 1)
    assert "the pictures of all versions have more than" in refused(versions(written))


def test_the_pictures_of_a_mail_are_bounded_by_what_its_version_shows(
    versions: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_ann = "{{% if first_name == 'Ann' %}}<img src=a.png alt=y>{{% endif %}}"
    page = "<p>{0}</p><img src='{0}.png' alt=x>" + of_ann
    pictures = {f"templates/{name}.png": png() + name.encode() * 1000 for name in ("de", "en", "a")}
    for room in ("checks.pictures", "pictures.shown"):
        monkeypatch.setattr(f"sendbatch.message.{room}.MOST", 2500)
    written = {**files("de", "en", text=page), **pictures, "templates/news.txt": "Hi"}
    paths = {"html": PATH, "text": "../templates/news.txt"}
    content = read_content(versions(written, **paths))
    composer = composer_of(content, COLUMNS, SALT)
    assert b"en.png" in built(content, "en").data
    assert composer.survey(("jane@example.org", "Jane", "de")).own == 0
    assert composer.survey(("jane@example.org", "Ann", "de")).unavailable is not None
    assert composer.planned(to("de", "Jane"), NOW) is not None
    assert composer.planned(to("de", "Ann"), NOW) is None
    found = composer.compose(to("de", "Ann"), NOW)
    assert isinstance(found, Unbuildable)
    assert "de.png 2.1 KB, a.png 1.1 KB: all of a mail may have 2.5 KB together" in found.reason
    monkeypatch.setattr("sendbatch.message.checks.pictures.MOST", 2000)
    assert "de.png: is too much: all pictures of a mail may have 2.0 KB together" in refused(
        versions(written, **paths)
    )


def test_proofs_and_samples_are_of_the_rows_version(versions: Make) -> None:
    content = read_content(versions(files("de", "en")))
    composer = composer_of(content, COLUMNS, SALT)
    proof = composer.compose(to("de"), NOW, Proof("boss@example.com"))
    assert isinstance(proof, Message)
    assert "<p>de " in body_of(proof, "html")
    sample = composer.sample(to("en"), NOW)
    assert isinstance(sample, Sample)
    assert "<p>en " in "".join(sample.parts.html or ())
    assert isinstance(composer.sample(to("fr"), NOW), Unbuildable)


def test_where_mail_is_sent_no_version_is_told_by_what_may_cost_much(versions: Make) -> None:
    # What this filter costs is not known beforehand: a worker tells the version.
    path = "../templates/news.{{ locale|upper|wordwrap(3) }}.txt"
    written = files("DE", ending="txt", text="DE")
    composer = composer_of(read_content(versions(written, text=path)), COLUMNS, SALT)
    assert composer.planned(to("de"), NOW) is None
    assert isinstance(composer.compose(to("de"), NOW), Message)
    path = "../templates/news.{{ locale|upper }}.txt"
    quick = composer_of(read_content(versions(written, text=path)), COLUMNS, SALT)
    assert quick.is_planned
    assert quick.planned(to("de"), NOW) is not None
    assert quick.planned(to("x" * 1_000_000), NOW) is None


LOCALES = ("de", "en", "fr", "", "EN", "pt", "d", "..", "é")
PLANNED = "{% if first_name %}{{ first_name }}{% else %}nobody{% endif %}"
LOCALISED = (
    "{{ locale }} {{ '1.5'|money('EUR') }} {% if locale == 'en' %}only in English{% endif %}"
)
BODIES = {
    "de": f"<p>Hallo {PLANNED} {LOCALISED}</p><img src='logo.png' alt='x'>",
    "en": f"<style>p {{ color: red }}</style><p>Hello {PLANNED} {LOCALISED}</p>",
    "pt": "{% set x = first_name|upper %}<p>Olá {{ x }}</p>",  # has no plan
}


@settings(max_examples=examples(400))
@given(st.data())
def test_a_version_is_composed_as_if_it_were_the_only_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    composers, alone = _read_once(tmp_path_factory)
    locale = data.draw(st.one_of(st.sampled_from(LOCALES), st.text(max_size=3)))
    person = to(locale, data.draw(st.text(alphabet="abJ <&é\r\n", max_size=12)))
    given_ = unicodedata.normalize("NFC", locale)
    meant = person if given_ in BODIES else to("en", person.cells[1])
    expected = alone[given_ if given_ in BODIES else "en"].compose(meant, NOW)
    assert read(composers.compose(person, NOW)) == read(expected)
    planned = composers.planned(person, NOW)
    assert planned is None or read(planned) == read(expected)
    if person is meant:
        assert composers.compose(person, NOW) == expected
    if given_ != "pt" and isinstance(expected, Message) and person.cells[1].isalnum():
        assert planned is not None


_READ: list[Any] = []


def _read_once(factory: pytest.TempPathFactory) -> tuple[Composers, dict[str, Composer]]:
    """All versions, and each by a content of its own that is called the same."""
    if not _READ:
        folder = factory.mktemp("versions")
        (folder / "logo.png").write_bytes(png(2, 2))
        for name, html in BODIES.items():
            (folder / f"news.{name}.html").write_text(html)
            (folder / f"news.{name}.txt").write_text(f"{name} {PLANNED} {LOCALISED}")
        campaign = _campaign(folder)
        paths = {
            end: path_template(f"news.{{{{ locale }}}}.{end}", folder) for end in ("html", "txt")
        }
        by_row = Templates(paths["html"], paths["txt"], fallback={"locale": "en"})
        content = read_content(replace(campaign, templates=by_row))
        alone = {}
        for name in BODIES:
            own = Templates(folder / f"news.{name}.html", folder / f"news.{name}.txt")
            read = read_content(replace(campaign, templates=own))
            object.__setattr__(read, "digest", content.digest)
            alone[name] = Composer(read, COLUMNS, SALT)
        composers = composer_of(content, COLUMNS, SALT)
        assert isinstance(composers, Composers)
        _READ.extend((composers, alone))
    return _READ[0], _READ[1]


def _campaign(folder: Path) -> Campaign:
    from sendbatch.campaign.loading import load_campaign

    (folder / "people.csv").write_text("email,first_name,locale\n")
    (folder / "x.html").write_text("<p>x</p>")
    lines = (
        "name: x",
        "from: n@example.com",
        "subject: \"{{ first_name }} x {{ '2.5'|money('EUR') }}\"",
        "recipients: people.csv",
    )
    file = folder / "x.yaml"
    file.write_text(
        "\n".join((*lines, "templates: x.html", "smtp: sandbox", "preheader: '{{ locale }}'"))
    )
    return load_campaign(file, config_folder=folder)


def test_each_version_is_signed(versions: Callable[..., Campaign]) -> None:
    content, key = read_content(versions(files("de", "fr"))), signing_key("ed25519")
    for locale in ("de", "fr"):
        message = composer_of(content, COLUMNS, SALT, keys=(key,)).compose(to(locale), NOW)
        assert isinstance(message, Message)
        assert verified(message.data, [key]) == [True]
        assert message.data.endswith(built(content, locale).data)
