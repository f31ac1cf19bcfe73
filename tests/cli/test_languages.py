"""Everyone in their language by the command: who gets which file, who gets none, what a change of them is."""

from __future__ import annotations

import json
from collections import Counter
from email.message import EmailMessage

import pytest

from sendbatch.message.attachments import encoded
from tests.kit.command import Desk, address_of
from tests.kit.mailhost import MailHost
from tests.kit.pages import document_in
from tests.kit.pictures import png

PEOPLE = """\
email,first_name,locale
ada@example.com,Ada,en
bjork@example.org,Björk,de
carl@example.net,Carl,fr
dora@example.net,Dora,
"""
BY_ROW = (
    "html: spring.html\n  text: spring.txt",
    'html: "{{ locale }}/spring.html"\n  text: "{{ locale }}/spring.txt"',
)
FALLBACK = (BY_ROW[0], f"{BY_ROW[1]}\n  fallback: {{locale: en}}")


@pytest.fixture
def languages(desk: Desk) -> Desk:
    for locale in ("de", "en"):
        desk.write(f"{locale}/spring.html", f"<p>{locale} {{{{ first_name }}}}</p>\n")
        desk.write(f"{locale}/spring.txt", f"{locale} {{{{ first_name }}}}\n")
    desk.write("people.csv", PEOPLE)
    desk.campaign(FALLBACK)
    return desk


def said_to(desk: Desk) -> dict[str, str]:
    """What everybody's text begins with."""
    found = {}
    for mail in desk.kept():
        found[address_of(mail).partition("@")[0]] = word_of(mail)
    return found


def word_of(mail: EmailMessage) -> str:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    word: str = text.get_content().split()[0]
    assert html.get_content().startswith(f"<p>{word} ")
    return word


def body_of(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    said: str = text.get_content()
    return said.strip()


def test_everybody_gets_their_language_or_that_of_the_fallback(languages: Desk) -> None:
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert said_to(languages) == {"ada": "en", "bjork": "de", "carl": "en", "dora": "en"}
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert len(languages.kept()) == 4


def test_filters_by_locale_follow_the_fallback_as_the_letter_does(languages: Desk) -> None:
    languages.change("people.csv", "Dora,", "Dora,xx")
    for locale in ("de", "en"):
        languages.write(f"{locale}/spring.txt", f"{locale} {{{{ '1234.5'|money('EUR') }}}}\n")
    languages.campaign(FALLBACK, ("subject: ", "subject: \"{{ '2026-02-01'|date }}\" # "))
    languages.run("check", "spring.yaml").ended(0)
    languages.run("run", "spring.yaml", "--yes").ended(0)
    told = {address_of(mail)[:4]: (mail["Subject"], body_of(mail)) for mail in languages.kept()}
    english = ("February 1, 2026", "en €1,234.50")
    assert told == {
        "ada@": english,
        "bjor": ("1. Februar 2026", "de 1.234,50\xa0€"),
        "carl": english,
        "dora": english,
    }
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert len(languages.kept()) == 4


def test_without_a_fallback_the_rows_that_lead_nowhere_refuse_the_plan(languages: Desk) -> None:
    languages.campaign(BY_ROW)
    for verb in ("check", "plan", "run"):
        said = languages.run(verb, "spring.yaml").ended(2).said
        assert "people.csv:4: error: templates.html: no file for {{ locale }}/spring.html" in said
        assert "(locale is 'fr'); there are de/spring.html, en/spring.html" in said
        assert "people.csv:5: error: templates.html" in said
        assert "(locale is empty)" in said
        assert "fallback: {locale: en}" in said
    assert languages.nothing_was_sent()


def test_a_row_that_nobody_is_sent_to_may_lead_nowhere(languages: Desk) -> None:
    languages.campaign(BY_ROW, ("  defaults", "  where: locale in ('de', 'en')\n  defaults"))
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert said_to(languages) == {"ada": "en", "bjork": "de"}


def test_a_name_in_a_path_is_a_column_or_a_variable(languages: Desk) -> None:
    path = BY_ROW[1].replace("locale", "lokale")
    languages.campaign((BY_ROW[0], path))
    said = languages.run("check", "spring.yaml").ended(2).said
    assert "spring.yaml:8:13: error: templates.html: lokale is not a column or a variable" in said
    assert "did you mean locale?" in said
    languages.campaign((BY_ROW[0], path), ("{product", "{lokale: en, product"))
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert set(said_to(languages).values()) == {"en"}


def test_a_language_more_is_a_changed_text_and_goes_to_who_is_left(
    languages: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(languages, FALLBACK)
    languages.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    for name in ("html", "txt"):
        languages.write(f"fr/spring.{name}", "<p>fr </p>" if name == "html" else "fr")
    said = languages.run("run", "spring.yaml", "--yes").ended(4).said
    assert "--accept-changes" in said
    languages.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    assert [word_of(mail) for mail in mailhost.mails] == ["en", "de", "fr", "en"]


def test_a_language_that_is_gone_is_told_before_anything_more_is_sent(
    languages: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(languages, BY_ROW, ("  defaults", "  where: locale\n  defaults"))
    languages.change("people.csv", ",fr\n", ",de\n")
    languages.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    (languages.folder / "de/spring.txt").unlink()
    said = languages.run("run", "spring.yaml", "--yes", "--accept-changes").ended(2).said
    assert "people.csv:3" in said
    assert len(mailhost.receivers) == 1


def test_a_misspelt_name_in_any_file_is_found_whoever_asks_for_it(languages: Desk) -> None:
    languages.write("it/spring.html", "<p>{{ frist_name }}</p>\n")
    languages.write("it/spring.txt", "ciao\n")
    said = languages.run("check", "spring.yaml").ended(2).said
    assert "it/spring.html:1:7: error: frist_name is not a column or a variable" in said


def test_the_plan_counts_who_gets_which_and_says_what_nobody_asks_for(languages: Desk) -> None:
    for name in ("html", "txt"):
        languages.write(f"it/spring.{name}", "<p>it</p>")
        languages.write(f"pt/spring.{name}", "<p>pt</p>")
    for verb in ("plan", "check"):
        said = languages.run(verb, "spring.yaml").ended(0).said
        assert "  templates: en/spring.html 3 (2 by the fallback), de/spring.html 1\n" in said
        assert "hint: templates: no row asks for it/spring.html, pt/spring.html" in said
    said = languages.run("plan", "spring.yaml", "--only", "bjork@example.org").ended(0).said
    assert "  templates: de/spring.html 1\n" in said
    assert "no row asks" not in said
    languages.run("run", "spring.yaml", "--yes", "--limit", "2").ended(0)
    said = languages.run("plan", "spring.yaml").ended(0).said
    assert "  templates: en/spring.html 2 (2 by the fallback)\n" in said
    assert "no row asks for it/spring.html, pt/spring.html" in said  # somebody has de already
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert "  templates:" not in languages.run("plan", "spring.yaml").ended(0).said


def test_values_that_lead_to_the_fallback_are_named_the_commonest_first(languages: Desk) -> None:
    locales = ["fr"] * 3 + ["", "", "nl", "::error::x", "\x1b[31m", "a/b", "y" * 90, "de"]
    rows = "".join(f"u{number}@example.com,N,{one}\n" for number, one in enumerate(locales))
    languages.write("people.csv", f"email,first_name,locale\n{rows}")
    for verb in ("plan", "check"):
        said = languages.run(verb, "spring.yaml").ended(0).said
        assert (
            "  by the fallback: 3 where locale is 'fr', 2 where locale is empty, 1 where locale is 'nl', "
            "1 where locale is '::error::x', 1 where locale is '�[31m' and 2 of other values\n"
        ) in said
        assert "warning" not in said
    (told,) = json.loads(languages.run("check", "spring.yaml", "--format", "json").ended(0).out)
    assert told["by_fallback"][:2] == [
        {"asked": {"locale": "fr"}, "rows": 3},
        {"asked": {"locale": ""}, "rows": 2},
    ]
    assert max(len(one["asked"]["locale"]) for one in told["by_fallback"]) == 60


@pytest.mark.parametrize(
    ("there", "cell", "filters"),
    [
        ("pt", "PT", "|lower"),
        ("PT", "pt", "|upper"),
        ("pt-br", "pt_br", "|replace('_', '-')"),
        ("pt_br", "PT-BR", "|lower|replace('-', '_')"),
    ],
)
def test_a_value_that_is_nearly_a_files_is_told_with_the_filter_that_leads_there(
    languages: Desk, there: str, cell: str, filters: str
) -> None:
    for name in ("html", "txt"):
        for locale in ("de", "en"):
            (languages.folder / f"{locale}/spring.{name}").unlink()
        for locale in ("00", there):
            languages.write(
                f"{locale}/spring.{name}", f"<p>{locale}</p>" if name == "html" else locale
            )
    languages.write("people.csv", f"email,first_name,locale\nada@example.com,Ada,{cell}\n")
    for more, code in (("\n  fallback: {locale: 00}", 0), ("", 2)):
        languages.campaign((BY_ROW[0], BY_ROW[1] + more))
        said = languages.run("check", "spring.yaml").ended(code).said
        assert f"write {{{{ locale{filters} }}}} in the path" in said
        assert f"there is {there}/spring.html" in said
        mended = BY_ROW[1].replace("{{ locale }}", f"{{{{ locale{filters} }}}}")
        languages.campaign((BY_ROW[0], mended + more))
        said = languages.run("check", "spring.yaml").ended(0).said
        assert f"  templates: {there}/spring.html 1\n" in said
        assert "there is" not in said


def test_no_filter_is_told_that_would_lead_others_elsewhere(languages: Desk) -> None:
    for name in ("html", "txt"):
        languages.write(f"pt-BR/spring.{name}", "<p>pt</p>" if name == "html" else "pt")
    languages.change("people.csv", "Carl,fr", "Carl,DE")
    said = languages.run("check", "spring.yaml").ended(0).said
    assert "where locale is 'DE', though there is de/spring.html" in said
    assert "correct such cells" in said
    assert "|lower" not in said


def test_what_to_do_about_rows_that_lead_nowhere_is_true_for_each(languages: Desk) -> None:
    def said(*paths: tuple[str, str]) -> str:
        languages.campaign(BY_ROW, *paths)
        found: str = languages.run("plan", "spring.yaml").ended(2).said
        return found

    for name in ("html", "txt"):
        (languages.folder / f"en/spring.{name}").unlink()
    text = '\n  text: "{{ locale }}/spring.txt"'
    assert "for such values: fallback: {locale: de} under templates" in said()
    assert "for such values, by fallback under templates" in said(
        ("{{ locale }}/spring.html", "{{ locale ~ '' ~ first_name[:0] }}/spring.html"), (text, "")
    )
    languages.write("1.html", "<p>1</p>")
    broken = said(("{{ locale }}/spring.html", "{{ 1 // (locale|length - 2) }}.html"), (text, ""))
    assert "division or modulo by zero" in broken
    assert "for such values, by fallback under templates" in broken  # an empty cell makes -1
    assert "correct the cells, or the expression that is made of them" in broken
    languages.write("Ada.de.html", "<p>1</p>")
    led = said(
        ("{{ locale }}/spring.html", "{{ first_name }}.{{ locale }}.html"),
        (text, "\n  fallback: {locale: de}"),
    )
    assert "none by the fallback: Björk.de.html" in led
    assert "add the file, or correct the cells" in led
    assert "under templates" not in led


def test_many_rows_that_lead_nowhere_are_told_in_a_few_lines(languages: Desk) -> None:
    rows = "".join(f"u{number}@example.com,N,l{number}x\n" for number in range(40))
    languages.write("people.csv", f"email,first_name,locale\n{rows}")
    languages.campaign(BY_ROW)
    said = languages.run("plan", "spring.yaml").ended(2).said
    assert said.count("error: ") == 4
    assert "(rows 5, 6, 7 and 34 more)" in said


def test_check_counts_them_for_programs(languages: Desk) -> None:
    (told,) = json.loads(languages.run("check", "spring.yaml", "--format", "json").ended(0).out)
    assert told["versions"] == {"templates": {"de/spring.html": 1, "en/spring.html": 3}}
    languages.campaign()
    (told,) = json.loads(languages.run("check", "spring.yaml", "--format", "json").ended(0).out)
    assert told["versions"] == {}


def test_a_file_that_has_none_beside_it_is_told(languages: Desk) -> None:
    languages.write("fr/spring.html", "<p>fr</p>")
    said = languages.run("check", "spring.yaml").ended(0).said
    assert (
        "warning: templates.html: fr/spring.html has no file of the same values for {{ locale }}/spring.txt"
        in said
    )
    assert "en/spring.html 3 (2 by the fallback)" in said


def test_what_is_looked_at_is_of_each_version(languages: Desk) -> None:
    rows = "".join(f"p{number}@example.com,P{number},en\n" for number in range(30))
    languages.write("people.csv", f"{PEOPLE.partition(chr(10))[0]}\n{rows}zoe@example.com,Zoe,de\n")
    languages.run("run", "spring.yaml", "--dry-run").ended(0)
    preview = languages.record() / "preview"
    mails = [path.read_text() for path in sorted(preview.glob("*.eml"))]
    assert len(mails) == 10
    assert sum("de Zoe" in mail for mail in mails) == 1
    shown = document_in(preview / "index.html")["recipients"]
    assert Counter(one["version"] for one in shown) == {"en/spring.html": 9, "de/spring.html": 1}
    assert "subject: Zoe, spring is here" in languages.run("plan", "spring.yaml").said
    languages.run("proof", "spring.yaml", "--to", "me@example.com", "--count", "2").ended(0)
    assert sorted(map(word_of, languages.proofs())) == ["de", "en"]


def test_pictures_cost_what_each_gets_of_them(languages: Desk) -> None:
    for locale, wide in (("de", 3000), ("en", 3)):
        languages.write(f"{locale}/logo.png", png(wide, 30))
        languages.write(f"{locale}/spring.html", f"<p>{locale}</p><img src='logo.png' alt='x'>")
    said = languages.run("plan", "spring.yaml").ended(0).said
    sizes = [encoded(len(png(wide, 30))) for wide in (3000, 3)]
    assert (
        f"up to {sizes[0]} bytes in a message (base64), {sizes[0] + 3 * sizes[1]:,} bytes for 4"
        in said
    )


def test_whose_locale_is_none_is_told_before_anything_is_sent(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE.replace("Carl,fr", "Carl,xx"))
    desk.write("spring.txt", "{{ '1234.5'|money('EUR') }}\n")
    desk.campaign()
    for verb in ("check", "plan", "run"):
        said = desk.run(verb, "spring.yaml").ended(2).said
        assert (
            "people.csv:4: error: locale: no locale is called 'xx', and |money writes by it" in said
        )
        assert "people.csv:5: error: locale: is empty, and |money writes by it" in said
        assert "write recipients: {defaults: {locale: en}} for empty ones" in said
    assert desk.nothing_was_sent()
    defaults = ("defaults: {", "defaults: {locale: en, ")
    desk.change("people.csv", "Carl,xx", "Carl,fr")
    desk.campaign(defaults)
    desk.run("run", "spring.yaml", "--yes").ended(0)
    told = {address_of(mail)[:4]: body_of(mail) for mail in desk.kept()}
    assert told["carl"] == "1\u202f234,50\xa0€"
    assert told["dora"] == told["ada@"] == "€1,234.50"


@pytest.mark.parametrize(
    "text",
    [
        "{% if locale %}{{ '1'|money('EUR') }}{% else %}1{% endif %}",
        "{{ '1'|money('EUR') if locale else '1' }}",
        "{{ '1'|money('EUR', locale or 'en') }}",
        "{% set locale = locale or 'en' %}{{ '1'|money('EUR') }}",
        "{{ '1'|money('EUR', 'en') }}",
    ],
)
def test_a_locale_that_may_not_be_asked_for_refuses_nobody(desk: Desk, text: str) -> None:
    desk.write("people.csv", PEOPLE)
    desk.write("spring.txt", text)
    desk.run("run", "spring.yaml", "--yes").ended(0)
    assert len(desk.kept()) == 4


def test_a_version_of_no_locale_refuses_where_it_writes_by_it(languages: Desk) -> None:
    for name in ("html", "txt"):
        languages.write(f"fr-x/spring.{name}", "<p>{{ '2026-01-01'|date }}</p>")
    languages.change("people.csv", "Carl,fr", "Carl,fr-x")
    said = languages.run("check", "spring.yaml").ended(2).said
    assert (
        "people.csv:4: error: locale: no locale is called 'fr-x', and |date writes by it; did you"
        in said
    )


def test_values_that_are_addresses_are_masked_in_ci(
    languages: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("CI", "true")
    languages.change("people.csv", "Carl,fr", "Carl,carl@secret.example")
    (told,) = json.loads(languages.run("check", "spring.yaml", "--format", "json").ended(0).out)
    assert {"asked": {"locale": "c…l@secret.example"}, "rows": 1} in told["by_fallback"]
    assert "carl@secret" not in languages.run("plan", "spring.yaml").ended(0).said
