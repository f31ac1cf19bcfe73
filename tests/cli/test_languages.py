"""Everyone in their language by the command: who gets which file, who gets none, what a change of them is."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.kit.command import Desk, address_of
from tests.kit.mailhost import MailHost

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


def test_everybody_gets_their_language_or_that_of_the_fallback(languages: Desk) -> None:
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert said_to(languages) == {"ada": "en", "bjork": "de", "carl": "en", "dora": "en"}
    languages.run("run", "spring.yaml", "--yes").ended(0)
    assert len(languages.kept()) == 4


def test_without_a_fallback_the_rows_that_lead_nowhere_refuse_the_plan(languages: Desk) -> None:
    languages.campaign(BY_ROW)
    for verb in ("check", "plan", "run"):
        said = languages.run(verb, "spring.yaml").ended(2).said
        assert "people.csv:4: error: templates.html: no file for {{ locale }}/spring.html" in said
        assert "(locale is fr); there are de/spring.html, en/spring.html" in said
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
