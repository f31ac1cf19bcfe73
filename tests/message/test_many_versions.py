"""Templates, subjects and senders make as many versions as they do together: of a million, no more is kept
than there is room for, and everybody gets the message that they would get of their version alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Mailbox, PathTemplate, Senders
from sendbatch.message.bodies import Bodies
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, OwnFile, Texts, TextsByRow
from sendbatch.message.variants import Variants
from sendbatch.message.versions import composers
from sendbatch.message.versions.choosing import Versions
from sendbatch.message.versions.composers import composer_of
from sendbatch.values import Message, Recipient

from .conftest import NOW, SALT, body_of, bundle, content, parsed

COLUMNS = ("locale", "sender")
MANY = 200  # templates, and senders
SUBJECTS = tuple(f"News {number}" for number in range(26))


def letter(said: str = "Hello {{ locale }}", many: int = MANY, **changes: Any) -> Content:
    """So many templates and senders, and 26 subjects."""
    texts = tuple(
        Texts(f"{n}.txt", None, bundle(f"{n}: {said}\n", f"{n}.txt"), None, None, None, (), (), False)
        for n in range(many)
    )
    path = PathTemplate("{{ locale }}.txt", Path("/"), ("", "locale", ".txt"))
    boxes = tuple(Mailbox("", f"s{n}@example.com") for n in range(many))
    fields = {**texts[0].fields, **changes}
    return replace(
        content("x"),
        sender=boxes[0],
        subject=SUBJECTS[0],
        variables={"variant": "A"},
        by_row=TextsByRow({"text": path}, {}, {(f"{n}.txt",): n for n in range(many)}, texts),
        variants=Variants("spring", SUBJECTS),
        senders=Senders("{{ sender }}", boxes, take_bounces=True),
        **fields,
    )


def person(number: int, locale: int, sender: int) -> Recipient:
    email = f"p{number}@example.org"
    return Recipient(number, number, email, email, (str(locale), f"s{sender}@example.com"))


def people(number: int, many: int = MANY) -> list[Recipient]:
    """Nobody has the version of another."""
    return [person(one, one % many, one * 7 % many) for one in range(number)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], int]:
    """How many were compiled of a kind, and are kept."""
    alive: dict[type, list[weakref.ref[Any]]] = {Bodies: [], Composer: []}

    def counted(kind: type) -> Callable[..., Any]:
        def make(*arguments: Any, **named: Any) -> Any:
            one = kind(*arguments, **named)
            alive[kind].append(weakref.ref(one))
            return one

        return make

    for kind in alive:
        monkeypatch.setattr(composers, kind.__name__, counted(kind))

    def number(kind: type) -> int:
        gc.collect()
        return sum(one() is not None for one in alive[kind])

    return number


def test_of_a_million_versions_any_is_planned() -> None:
    composer = composer_of(letter(), COLUMNS, SALT)
    assert composer.is_planned
    for one in people(3):
        planned = composer.planned(one, NOW)
        assert planned is not None
        assert planned == composer.compose(one, NOW)


def test_no_more_are_kept_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, made: Callable[[type], int]
) -> None:
    monkeypatch.setattr(composers, "_MOST_COMPOSERS", 8)
    monkeypatch.setattr(composers, "_MOST_COMPILED", 0)
    whole = letter()
    composer, versions = composer_of(whole, COLUMNS, SALT), Versions(whole, COLUMNS)
    for one in people(40) * 2:
        alone = Composer(versions.content(versions.of(one)), COLUMNS, SALT)
        assert composer.compose(one, NOW) == alone.compose(one, NOW)
    assert made(Composer) == 8
    assert made(Bodies) <= 8 + 4  # those of the composers, and those that are kept


def test_the_longer_the_templates_are_the_fewer_are_kept_compiled() -> None:
    few, many = letter("x" * 1_000_000, many=1), letter("x", many=1)
    assert composers._most_bodies(few) < composers._most_bodies(many) / 20


def test_what_is_from_another_sender_or_under_another_subject_is_not_compiled_anew(
    made: Callable[[type], int],
) -> None:
    composer = composer_of(letter(), COLUMNS, SALT)
    for number in range(30):
        assert isinstance(composer.compose(person(number, number % 2, number), NOW), Message)
    assert made(Composer) == 30
    assert made(Bodies) == 2


def test_bodies_that_say_the_subject_are_each_subjects_own() -> None:
    markdown = bundle("Hello\n", "news.md")
    layout = bundle("<title>{{ subject }}</title>{{ content }}", "layout.html")
    whole = content(
        text=None, markdown=markdown, layout=layout, subject=SUBJECTS[0], variants=Variants("x", SUBJECTS)
    )
    composer = composer_of(whole, COLUMNS, SALT)
    for one in people(20):
        message = composer.compose(one, NOW)
        assert isinstance(message, Message)
        assert f"<title>{parsed(message)['Subject']}</title>" in body_of(message, "html")


def test_where_none_can_be_planned_that_is_found_without_compiling_all(
    made: Callable[[type], int],
) -> None:
    own = OwnFile("{{ locale }}.pdf", Path("/"), "{{ locale }}.pdf")
    composer = composer_of(letter(attachments=(own,)), COLUMNS, SALT)
    assert not composer.is_planned
    assert made(Composer) <= 20
