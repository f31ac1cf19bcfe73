"""Messages that are put together from what was encoded before are those that everybody gets."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from functools import cache
from operator import mul
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.amounts import Unbounded
from sendbatch.campaign.language.cost import Costs
from sendbatch.campaign.model import Mailbox, Unsubscribe
from sendbatch.message.compose import Composer, composed
from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile
from sendbatch.message.heads import Kept
from sendbatch.message.letter import Letter, Proof
from sendbatch.message.planned import RowBound
from sendbatch.message.templates import Failed, with_globals
from sendbatch.message.tokens import Signer
from sendbatch.message.ways.body import PlannedBody
from sendbatch.values import Message, Recipient, Unbuildable
from tests.kit.thoroughness import examples
from tests.message import random_templates
from tests.message.random_templates import OTHERS, VARIABLES, Author, random_row

from .conftest import COLUMNS, NOW, SALT, bundle, content, recipient

HTML = "<p>Dear {{ first_name }},</p>{% for x in customer_id.split('|') %}<li>{{ x|urlencode }}{% endfor %}"
SIGNER = Signer("spring", b"secret" * 6)
TEXT = "Dear {{ first_name }},\n{% if customer_id == '12' %}it is you.{% else %}no.{% endif %}\n"


def letter(**changes: Any) -> Content:
    return content(
        HTML, TEXT, subject="{{ first_name }}, spring is here", recipient_name="{{ first_name }}", **changes
    )


LETTERS = {
    "usual": letter(),
    "text alone": content(text=TEXT),
    "nobody's name": replace(letter(), recipient_name=None),
    "subject that may be empty": replace(letter(), subject="{{ first_name }}"),
    "subject computed": replace(letter(), subject="{{ first_name|upper }} {{ customer_id|int(0) * 2 }}"),
    "a per cent": replace(letter(), subject="100 % of {{ first_name }}%s", recipient_name="{{first_name}}%"),
    "unsubscribing": letter(
        unsubscribe=Unsubscribe(
            "https://example.com/leave?c={{ customer_id }}&e={{ email|urlencode }}",
            "leave@bücher.example",
            True,
        )
    ),
    "a way out of one's own": letter(
        unsubscribe=Unsubscribe("https://{{ first_name }}.example/", None, False)
    ),
    "a signed way out": letter(
        unsubscribe=Unsubscribe(
            "https://example.com/u?for={{ customer_id }}#x", "a@b.example", True, ("${S}",)
        )
    ),
    "a way out that is shown": replace(
        content(
            "<a href='{{ unsubscribe_url }}'>x{% if unsubscribe_url is defined %}{{ first_name }}{% endif %}",
            "{{ unsubscribe_url }} {{ unsubscribe_url|length }}",
            subject="{{ first_name }}: {{ unsubscribe_url|truncate(20) }}",
        ),
        unsubscribe=Unsubscribe("https://example.com/u?for={{ customer_id }}", None, True, ("${S}",)),
    ),
    "an unsigned one that is shown": content(
        text="{{ unsubscribe_url }}", unsubscribe=Unsubscribe(None, "{{ customer_id }}@example.com")
    ),
    "own headers": letter(
        headers=(
            ("X-Campaign", "spring"),
            ("X-For", "{{ first_name }} {{ customer_id }}"),
            ("X-Box", "{{ first_name }} <{{ email }}>"),
            ("List-Id", "{{ first_name }} <news.example.com>"),
            ("Sender", "{{ first_name }} <me@example.com>"),
        )
    ),
    "from and reply_to": letter(
        sender=Mailbox("{{ first_name }}'s friends", "news@example.com"),
        reply_to=(Mailbox("{{ first_name }}", "help@example.com"), Mailbox("Ü", "u@bücher.example")),
    ),
    "keyed": letter(idempotency_header="Idempotency-Key"),
    "files": letter(attachments=(SharedFile("terms.pdf", b"%PDF" * 900), SharedFile("ü.txt", b"x"))),
    "variables": letter(
        variables={"first_name": "nobody", "shop": "Ünder"}, headers=(("X-S", "{{ shop }}"),)
    ),
}  # fmt: skip

cells = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="abJane .,\"\\<>@()=?_-\r\n\t\x00\u2028é😀\ud800%", max_size=40),
    st.builds(mul, st.sampled_from(["Jane ", "x", "é", "=?", " ", "."]), st.integers(0, 999)),
)  # fmt: skip
ADDRESSES = (
    *("jane@example.org", "jané@example.org", "jane@bücher.example", "JANE@EXAMPLE.ORG", "no address"),
    *('"jane"@example.org', "jane@-", "jane@.", ".@example.org", "a" * 60 + "@" + "b" * 60 + ".test"),
    *("a@b@c.test", "jane@a.test\r\nBcc: all@a.test", "jane doe@a.test", "j@xn--", "", "j,k@a.test"),
)
addresses = st.one_of(st.emails(), st.sampled_from(ADDRESSES))


@cache
def compiled(name: str) -> tuple[Composer, Letter]:
    """One of the letters, which has made messages for others before."""
    made = (LETTERS[name], COLUMNS, SALT, SIGNER)
    return Composer(*made), Letter(*made)


def plainly(made: Letter, to: Recipient) -> Message | None:
    """The message as it is made without any plan; None where it cannot be."""
    try:
        return composed(made.parts(to, NOW))
    except (Failed, UnicodeError):
        return None


def head(message: Message) -> bytes:
    return message.data.partition(b"\r\nContent-Type:")[0]


def read(message: Message) -> list[tuple[str, bytes]]:
    """All parts as a mail program has them."""
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    return [(part.get_content_type(), part.get_payload(decode=True)) for part in mail.walk()]


@pytest.mark.parametrize("name", LETTERS)
def test_a_usual_recipients_message_is_planned(name: str) -> None:
    composer, made = compiled(name)
    for to in (recipient(), recipient(email="jane@bücher.example", first_name="Amélie"), recipient()):
        planned, plain = composer.planned(to, NOW), plainly(made, to)
        assert composer.is_planned
        if name == "a way out of one's own" and not to.cells[1].isascii():
            continue
        assert planned is not None
        assert plain is not None
        assert (head(planned), read(planned)) == (head(plain), read(plain))
        assert planned._replace(data=b"") == plain._replace(data=b"")


@settings(max_examples=examples(800))
@given(st.sampled_from(sorted(LETTERS)), addresses, cells, cells)
@example("usual", "jane@example.org", "Jane\r\nBcc: everybody@example.org", "12")
@example("usual", "jane@example.org", "J" * 70, "12")
@example("usual", "jane@example.org", "", "12")
@example("subject that may be empty", "jane@example.org", " \r\n", "12")
@example("unsubscribing", "jane@example.org", "Jane", "1 2")
@example("unsubscribing", "jane@example.org", "Jane", "ü" * 200)
@example("a signed way out", "jane@example.org", "Jane", "ü" * 120)
@example("a way out that is shown", "j" * 60 + "@example.org", "Jane", "1" * 700)
@example("own headers", "jane@example.org", "Jane, Ü", "12")
@example("own headers", "jane@example.org", "", "")
def test_whatever_a_row_holds_a_planned_message_is_the_one_that_everybody_gets(
    name: str, address: str, first_name: str, customer_id: str
) -> None:
    composer, made = compiled(name)
    to = recipient(email=address, first_name=first_name, customer_id=customer_id)
    planned, plain, built = composer.planned(to, NOW), plainly(made, to), composer.compose(to, NOW)
    assert isinstance(built, Message) == (plain is not None)
    for message in (planned, built):
        if not isinstance(message, Message):
            continue
        assert plain is not None
        assert head(message) == head(plain)
        assert read(message) == read(plain)
        assert message._replace(data=b"") == plain._replace(data=b"")


def test_one_composer_gives_each_their_own() -> None:
    composer, made = compiled("unsubscribing")
    for number in range(60):
        name, bought = f"Jane {number % 7}", f"{number % 5}"
        to = recipient(email=f"p{number}@example.org", first_name=name, customer_id=bought)
        planned, plain = composer.planned(to, NOW), plainly(made, to)
        assert planned is not None
        assert plain is not None
        assert head(planned) == head(plain)
        assert read(planned) == read(plain)


def test_a_message_is_dated_as_it_was_when_it_was_first_made() -> None:
    made = letter()
    composer = Composer(made, COLUMNS, SALT)
    before = recipient()._replace(dated_at=NOW - 86_400, content=made.digest)
    other = before._replace(content="another")
    for to, when in ((before, NOW - 86_400), (other, NOW)):
        planned = composer.planned(to, NOW)
        assert planned is not None
        assert planned.dated_at == when
        assert planned.data == composer.compose(to, NOW).data  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("first_name", "address"),
    [("Jane", "jané@example.org"), ("x" * 20_000, "jane@example.org"), ("\ud800", "jane@example.org")],
)
def test_who_is_unusual_is_for_a_worker(first_name: str, address: str) -> None:
    composer = Composer(letter(), COLUMNS, SALT)
    assert composer.is_planned
    assert composer.planned(recipient(email=address, first_name=first_name), NOW) is None


@pytest.mark.parametrize(
    "made",
    [
        content(text="{% macro m() %}{% endmacro %}{{ m() }}{{ first_name }}"),
        content(text="{{ 'x' * 10**10 }}"),
        content(text="{% for i in range(99999) %}{{ i }}{% endfor %}"),
        content(text="Hello", subject="{{ 'x' * 10**10 }}"),
        content(text="Hello", recipient_name="{{ first_name|center(10**9) }}"),
        content(text="Hello", headers=(("X-A", "{% for i in range(99999) %}{{ i }}{% endfor %}"),)),
        content(text="Hello", unsubscribe=Unsubscribe("https://a.example/{{ 'x' * 10**9 }}", None, False)),
        content(text="Hello", attachments=(SharedFile("a.bin", bytes(13_000_000)),)),
        content(text="Hello", bounces_to="bünces@example.com"),
        content(text="Hello", headers=(("X-A", "." * 5_000),)),
        content("<p>Hello", None),
    ],
)  # fmt: skip
def test_a_content_of_unbounded_cost_is_for_the_workers(made: Content) -> None:
    composer = Composer(made, COLUMNS, SALT)
    assert not composer.is_planned
    assert composer.planned(recipient(), NOW) is None


def test_large_files_that_everybody_gets_are_copied_where_their_message_is_sent() -> None:
    made = content(text="Hi {{ first_name }}", attachments=(SharedFile("a.bin", bytes(3_000_000)),))
    planned = Composer(made, COLUMNS, SALT).planned(recipient(), NOW)
    plain = plainly(Letter(made, COLUMNS, SALT), recipient())
    assert planned is not None
    assert isinstance(plain, Message)
    assert planned.data == plain.data


def test_headers_that_draw_by_chance_are_drawn_for_everybody() -> None:
    composer = Composer(replace(letter(), subject="{{ range(1000)|random }}"), COLUMNS, SALT)
    made = [composer.compose(recipient(), NOW) for _ in range(20)]
    assert len({head(one) for one in made if isinstance(one, Message)}) > 1


def test_a_column_may_be_called_as_something_of_jinjas() -> None:
    columns = (*COLUMNS, "range")
    composer = Composer(replace(letter(), subject="{{ range }}"), columns, SALT)
    for value in ("cheap", "dear"):
        to = recipient()
        made = composer.planned(to._replace(cells=(*to.cells, value)), NOW)
        assert made is not None
        assert f"\r\nSubject: {value}\r\n".encode() in made.data


def test_recipients_own_attachments_are_for_the_workers(tmp_path: Any) -> None:
    (tmp_path / "12.pdf").write_bytes(b"%PDF")
    own = OwnFile("{{ customer_id }}.pdf", tmp_path, "{{ customer_id }}.pdf")
    composer = Composer(letter(attachments=(own,)), COLUMNS, SALT)
    assert not composer.is_planned
    built = composer.compose(recipient(), NOW)
    assert isinstance(built, Message)
    plain = plainly(Letter(letter(attachments=(own,)), COLUMNS, SALT), recipient())
    assert plain is not None
    assert (head(built), read(built)) == (head(plain), read(plain))


def test_a_proof_is_never_planned() -> None:
    made = LETTERS["unsubscribing"]
    proof = Composer(made, COLUMNS, SALT).compose(recipient(), NOW, Proof("boss@example.com"))
    assert isinstance(proof, Message)
    assert b"unsubscribe.invalid" in proof.data


def test_a_template_that_includes_itself_ends_its_row_and_is_not_planned() -> None:
    made = content(text="Hello", subject="{% include 'subject' %}")
    composer = Composer(made, COLUMNS, SALT)
    assert composer.planned(recipient(), NOW) is None
    assert isinstance(composer.compose(recipient(), NOW), Unbuildable)


@pytest.mark.parametrize(("length", "most"), [(1, 4_096), (900, 555)])
def test_what_is_kept_of_many_values_is_bounded(length: int, most: int) -> None:
    made = Letter(letter(), COLUMNS, SALT)
    kept = Kept(made, [made.name], made.name.render)
    seen = set()
    for number in range(5_000):
        name = f"{number}".rjust(length)
        assert kept.of(("", name, "")) == kept.of(("another", name, "")) == name
        seen.add(len(kept))
    assert max(seen) == most


def test_the_bundle_of_a_letter_may_include_others() -> None:
    made = content(text="Hello")
    made = replace(made, text=bundle("{% include 'foot' %}", "body.txt", foot="Yours, {{ first_name }}"))
    planned = Composer(made, COLUMNS, SALT).planned(recipient(), NOW)
    plain = plainly(Letter(made, COLUMNS, SALT), recipient())
    assert planned is not None
    assert plain is not None
    assert read(planned) == read(plain)


@settings(max_examples=examples(240))
@given(st.integers(0, 1 << 32), st.sampled_from(["plain", "html"]))
def test_a_planned_body_is_no_longer_than_its_template_says(seed: int, subtype: str) -> None:
    random = Random(seed)
    sources = {"letter": Author(random).template(), **OTHERS}
    costs = Costs(random_templates.COLUMNS, VARIABLES)
    try:
        costs.add("letter", sources)
        bound = costs.bound()
    except Unbounded:
        return
    made = Bundle("letter", sources, {name: name for name in sources})
    body = PlannedBody(subtype, made, random_templates.COLUMNS, with_globals(VARIABLES))
    for _ in range(3):
        row = random_row(random)
        part = body.part(row)
        assert part is None or len(part.partition(b"\r\n\r\n")[2]) <= bound.cost_of(row)


def test_a_header_that_grows_is_for_a_worker_sooner_than_a_body() -> None:
    grown = "{{ first_name * 40 }}"
    for made, is_held in ((content(text=grown), True), (content(subject=grown), False)):
        bound = RowBound(Letter(made, COLUMNS, SALT))
        assert bound.holds(recipient(first_name="J" * 300)) == is_held


def test_an_address_with_a_bracket_in_it_fails_its_own_row() -> None:
    made = content(unsubscribe=Unsubscribe(url="https://{{ first_name }}.example/u"))
    to = recipient(first_name="[")
    built = Composer(made, COLUMNS, SALT).compose(to, NOW)
    assert isinstance(built, Unbuildable)
    assert "unsubscribe.url is not an http or https address" in built.reason
