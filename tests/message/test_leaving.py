"""The finished link to unsubscribe: in templates, in the header, signed, and leading nowhere in a proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch import reasons
from sendbatch.campaign.language.cost import MOST
from sendbatch.campaign.model import Campaign, Unsubscribe
from sendbatch.campaign.written.links import LONGEST_URL
from sendbatch.message.checks.leaving import doubtful_leaving
from sendbatch.message.checks.names import check_names
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.letter import Letter, Proof
from sendbatch.message.planned import RowBound
from sendbatch.message.reading import read_content
from sendbatch.message.tokens import Signer, token_of
from sendbatch.values import Message, Recipient, Unbuildable, Why

from .conftest import COLUMNS, NOW, SALT, body_of, content, parsed, recipient

SIGNER = Signer("spring", b"secret" * 6)
SHOWN = '<a href="{{ unsubscribe_url }}">leave</a>'
SIGNED = Unsubscribe("https://example.com/u", None, True, ("${S}",))


def letter(unsubscribe: Unsubscribe = SIGNED, text: str = "{{ unsubscribe_url }}\n") -> Content:
    return content(SHOWN, text, unsubscribe=unsubscribe)


def composed(made: Content, proof: Proof | None = None, to: Recipient | None = None) -> Message:
    found = Composer(made, COLUMNS, SALT, SIGNER).compose(to or recipient(), NOW, proof)
    assert isinstance(found, Message), found
    return found


def why_not(made: Content, to: Recipient) -> str:
    found = Composer(made, COLUMNS, SALT, SIGNER).compose(to, NOW)
    assert isinstance(found, Unbuildable), found
    return reasons.reason(Why.UNBUILDABLE, found.reason, row=to.row)


def test_header_and_bodies_bear_the_same_link_of_one_recipient() -> None:
    message = composed(replace(letter(), subject="{{ unsubscribe_url }}"))
    mail = parsed(message)
    link = f"https://example.com/u?{SIGNER.query('jane@example.org')}"
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["Subject"] == link
    assert body_of(message, "plain") == f"{link}\n"
    assert f'href="{link.replace("&", "&amp;")}"' in body_of(message, "html")
    assert token_of(link).key == "jane@example.org"


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://example.com", "https://example.com?c=spring&k="),
        ("https://example.com/u?", "https://example.com/u?c=spring&k="),
        ("https://example.com/u?a=1", "https://example.com/u?a=1&c=spring&k="),
        ("https://example.com/u?a=1&", "https://example.com/u?a=1&c=spring&k="),
        ("https://bücher.example/u?ü=1", "https://xn--bcher-kva.example/u?%C3%BC=1&c=spring&k="),
    ],
)
def test_the_token_stands_behind_what_the_author_wrote(url: str, begins: str) -> None:
    text = body_of(composed(letter(replace(SIGNED, url=url))), "plain")
    assert text.startswith(begins)


def test_a_fragment_stays_behind_the_token() -> None:
    text = body_of(composed(letter(replace(SIGNED, url="https://example.com/u#leave?x"))), "plain")
    assert text.startswith("https://example.com/u?c=spring&k=")
    assert text.endswith("#leave?x\n")
    assert token_of(text.strip()).is_signed_by([b"secret" * 6])


def test_a_parameter_that_a_cell_makes_beside_that_of_the_token_fails_the_row() -> None:
    made = letter(replace(SIGNED, url="https://example.com/u?{{ first_name }}"))
    for cell in ("k=other", "x&t=1", "c", "x;k=1"):
        assert "has a parameter" in why_not(made, recipient(first_name=cell))


def test_a_key_that_makes_the_link_too_long_for_its_header_fails_its_row() -> None:
    made = letter()
    long = recipient()._replace(key="k" * 900)
    assert "unsubscribe.url is longer than 900 characters with its token" in why_not(made, long)
    assert Composer(made, COLUMNS, SALT, SIGNER).planned(long, NOW) is None
    assert parsed(composed(made, to=recipient()._replace(key="k" * 500)))["List-Unsubscribe"]


@pytest.mark.parametrize("key", ["a&c=x", "a#b", "a\nb", "Ünï", "a b", '">x'])
def test_no_key_can_break_out_of_its_link(key: str) -> None:
    message = composed(letter(), to=recipient()._replace(key=key))
    assert token_of(body_of(message, "plain").strip()).key == key
    assert token_of(parsed(message)["List-Unsubscribe"].strip("<>")).key == key


def test_an_address_alone_is_the_link_where_no_other_is_declared() -> None:
    message = composed(letter(Unsubscribe(None, "leave+{{ customer_id }}@example.com?subject=x")))
    assert body_of(message, "plain") == "mailto:leave+12@example.com?subject=x\n"


def test_a_link_that_is_not_signed_is_shown_as_it_is() -> None:
    made = letter(Unsubscribe("https://example.com/u/{{ customer_id }}", "a@example.com"))
    assert body_of(composed(made), "plain") == "https://example.com/u/12\n"


def test_a_proofs_links_lead_nowhere() -> None:
    for way in (SIGNED, Unsubscribe("https://example.com/u/{{ customer_id }}")):
        message = composed(letter(way), Proof("boss@example.com"))
        mail = parsed(message)
        assert mail["List-Unsubscribe"] == "<https://unsubscribe.invalid/proof>"
        assert body_of(message, "plain") == "https://unsubscribe.invalid/proof\n"
        assert 'href="https://unsubscribe.invalid/proof"' in body_of(message, "html")
        assert b"example.com/u" not in message.data
    mailto = composed(letter(Unsubscribe(None, "a@example.com")), Proof("boss@example.com"))
    assert body_of(mailto, "plain") == "mailto:proof@unsubscribe.invalid\n"


def test_what_begins_as_the_signed_address_does_stays_in_a_proof() -> None:
    made = letter(text="https://example.com/unicorns {{ unsubscribe_url }}\n")
    text = body_of(composed(made, Proof("boss@example.com")), "plain")
    assert text == "https://example.com/unicorns https://unsubscribe.invalid/proof\n"


def test_a_worker_is_given_what_the_link_ends_with() -> None:
    made, query = letter(), SIGNER.query("jane@example.org")
    there = Composer(made, COLUMNS, SALT).compose(recipient()._replace(query=query), NOW)
    assert there == composed(made)


def test_whether_there_is_a_link_is_known_before_any_row_is() -> None:
    asked = "{% if unsubscribe_url is defined %}{{ unsubscribe_url }}{% else %}no way{% endif %}\n"
    made = letter(text=asked)
    assert Letter(made, COLUMNS, SALT, SIGNER).bodies.is_planned
    assert body_of(composed(made), "plain").startswith("https://")
    none = content(text=asked)
    assert body_of(composed(none), "plain") == "no way\n"


@pytest.mark.parametrize("turns", [1, 10, 20, 40, 60, 80, 120, 400])
def test_a_row_is_bounded_as_if_its_link_were_the_longest(turns: int) -> None:
    loop = f"{{% for x in range({turns}) %}}{{{{ unsubscribe_url }}}}{{% endfor %}}"
    bound = RowBound(Letter(letter(text=loop), COLUMNS, SALT, SIGNER))
    costs = bound._bound.cost_of((*recipient().cells, "x" * LONGEST_URL))
    assert bound.holds(recipient()) == (costs <= MOST)


def test_the_longest_link_counts_before_it_is_made() -> None:
    loop = "{% for x in range(1500) %}{{ unsubscribe_url }}{% endfor %}"
    whole = RowBound(Letter(letter(text="{{ unsubscribe_url }}"), COLUMNS, SALT, SIGNER))
    assert whole.holds(recipient())
    assert Composer(letter(text=loop), COLUMNS, SALT, SIGNER).planned(recipient(), NOW) is None
    assert body_of(composed(letter(text=loop)), "plain").count("https://") == 1500


def test_that_links_are_signed_is_another_content_and_by_which_secret_is_not() -> None:
    unsigned = letter(replace(SIGNED, sign=()))
    assert letter().digest != unsigned.digest
    assert letter().digest == letter(replace(SIGNED, sign=("${OTHER}", "${S}"))).digest
    other = Composer(letter(), COLUMNS, SALT, Signer("spring", b"another" * 6))
    again = other.compose(recipient(), NOW)
    assert isinstance(again, Message)
    assert again.message_id == composed(letter()).message_id
    assert again.data != composed(letter()).data


# names


def said(made: Campaign, *columns: str) -> str:
    found = check_names(read_content(made), made, (*COLUMNS, *columns))
    return "\n".join(map(str, found))


def test_the_name_is_known_to_templates_and_the_subject_alone(campaign: Callable[..., Campaign]) -> None:
    shown = {"templates/body.html": SHOWN}
    made = campaign(shown, subject="{{ unsubscribe_url }}", unsubscribe=SIGNED)
    assert said(made) == ""
    assert "unsubscribe_url is not a column or a variable" in said(replace(made, unsubscribe=None))
    assert "where `unsubscribe` is declared" in said(replace(made, unsubscribe=None))
    elsewhere = said(replace(made, headers={"X-A": "{{ unsubscribe_url }}"}))
    assert "headers.X-A: unsubscribe_url is not a column or a variable" in elsewhere
    itself = said(replace(made, unsubscribe=Unsubscribe("https://x.example/{{ unsubscribe_url }}")))
    assert "unsubscribe.url: unsubscribe_url is not a column or a variable" in itself


@pytest.mark.parametrize(
    ("source", "is_fine"),
    [
        ("{% if unsubscribe_url is defined %}{{ unsubscribe_url }}{% endif %}", True),
        ("{% if unsubscribe_url is defined and unsubscribe_url %}{{ unsubscribe_url }}{% endif %}", True),
        ("{{ unsubscribe_url if unsubscribe_url is defined else 'none' }}", True),
        ("{{ unsubscribe_url|default('none') }}", True),
        ("{% if unsubscribe_url is defined %}x{% else %}{{ unsubscribe_url }}{% endif %}", False),
        ("{% if unsubscribe_url is defined %}x{% elif unsubscribe_url %}y{% endif %}", False),
        ("{% if unsubscribe_url is not defined %}{{ unsubscribe_url }}{% endif %}", False),
        ("{% if a is defined or unsubscribe_url is defined %}{{ unsubscribe_url }}{% endif %}", False),
        ("{% if unsubscribe_url and unsubscribe_url is defined %}x{% endif %}", False),
        ("{{ 'x' if unsubscribe_url is defined else unsubscribe_url }}", False),
        ("{% if unsubscribe_url is defined %}x{% endif %}{{ unsubscribe_url }}", False),
    ],
)
def test_a_template_may_ask_whether_there_is_a_link_before_it_shows_it(
    campaign: Callable[..., Campaign], source: str, is_fine: bool
) -> None:
    made = campaign({"templates/body.html": f"<p>Hello</p>{source}"})
    assert ("unsubscribe_url is not a column" in said(made)) == (not is_fine)
    if is_fine:
        read = read_content(replace(made, subject="Hello"))
        composer = Composer(read, COLUMNS, SALT)
        assert isinstance(composer.compose(recipient(), NOW), Message)
        both = replace(read, text=content(text="x").text)
        assert Composer(both, COLUMNS, SALT).planned(recipient(), NOW) is not None


def test_a_column_or_variable_of_that_name_is_an_error_where_it_is_shown(
    campaign: Callable[..., Campaign],
) -> None:
    made = campaign({"templates/body.html": SHOWN}, unsubscribe=SIGNED)
    found = said(made, "unsubscribe_url")
    assert "body.html:1:13: error: unsubscribe_url is a column" in found
    assert "call the column otherwise" in found
    assert "is a variable" in said(replace(made, variables={"unsubscribe_url": "x"}))
    assert said(replace(made, unsubscribe=None), "unsubscribe_url") == ""
    plain = campaign(unsubscribe=SIGNED)  # nothing shows it
    assert said(plain, "unsubscribe_url") == ""


def test_a_variable_that_is_the_declared_link_is_the_one_that_is_shown() -> None:
    own = Unsubscribe("{{ unsubscribe_url }}/{{ customer_id }}")
    made = replace(letter(own), variables={"unsubscribe_url": "https://x.example"})
    message = composed(made)
    assert parsed(message)["List-Unsubscribe"] == "<https://x.example/12>"
    assert body_of(message, "plain") == "https://x.example\n"


def test_a_column_that_is_the_declared_link_is_no_error(campaign: Callable[..., Campaign]) -> None:
    own = Unsubscribe("{{ unsubscribe_url }}")
    made = campaign({"templates/body.html": SHOWN}, unsubscribe=own)
    assert said(made, "unsubscribe_url") == ""
    assert "is a column" in said(replace(made, unsubscribe=replace(own, sign=("${S}",))), "unsubscribe_url")
    columns = (*COLUMNS, "unsubscribe_url")
    there = recipient()._replace(cells=("jane@example.org", "Jane", "12", "https://x.example/9"))
    found = Composer(read_content(made), columns, SALT).compose(there, NOW)
    assert isinstance(found, Message)
    assert 'href="https://x.example/9"' in body_of(found, "html")


# what may not be meant


@pytest.mark.parametrize(
    ("unsubscribe", "html", "found"),
    [
        (Unsubscribe("https://x.example/u", None, True), "x", ["one-link-for-all"]),
        (Unsubscribe("https://x.example/{{ product }}", None, True), "x", ["one-link-for-all"]),
        (Unsubscribe("https://x.example/{{ customer_id }}", None, True), "x", []),
        (Unsubscribe("https://x.example/u"), "x", []),  # a page that asks who it is
        (Unsubscribe(None, "a@x.example"), "x", []),
        (SIGNED, "x", ["unshown-link"]),
        (SIGNED, SHOWN, []),
        (None, "x", []),
    ],
)
def test_a_way_to_unsubscribe_that_may_not_do_what_is_meant_is_told(
    campaign: Callable[..., Campaign], unsubscribe: Unsubscribe | None, html: str, found: list[str]
) -> None:
    made = campaign({"templates/body.html": html}, unsubscribe=unsubscribe, variables={"product": "seeds"})
    told = [*doubtful_leaving(read_content(made), made, COLUMNS, 1)]
    assert [one.rule for one in told] == found
    assert {one.severity for one in told} <= {"warning"}


@pytest.mark.parametrize(
    ("unsubscribe", "html", "found"),
    [
        (None, "x", ["no-unsubscribe"]),
        (None, "<a href='https://x.example/a'>Abmelden</a>", ["without-one-click"]),
        (None, "Reply STOP to unsubscribe.", ["without-one-click"]),
        (Unsubscribe("https://x.example/u?a={{ email }}"), SHOWN, ["without-one-click"]),
        (Unsubscribe(None, "leave@x.example"), SHOWN, ["without-one-click"]),
        (Unsubscribe("https://x.example/u?a={{ email }}", None, True), SHOWN, []),
        (Unsubscribe("https://x.example/u?a={{ email }}", None, True), "x", ["unshown-link"]),
        (Unsubscribe("https://x.example/u?a={{ email }}", None, True), "https://x.example/u?a=b", []),
        (SIGNED, "x", ["unshown-link"]),
    ],
)
def test_a_mail_to_many_gives_ways_out(
    campaign: Callable[..., Campaign], unsubscribe: Unsubscribe | None, html: str, found: list[str]
) -> None:
    made = campaign({"templates/body.html": html}, unsubscribe=unsubscribe)
    read = read_content(made)
    assert [one.rule for one in doubtful_leaving(read, made, COLUMNS, 100)] == found
    few = [one for one in found if one == "unshown-link" and unsubscribe is SIGNED]
    assert [one.rule for one in doubtful_leaving(read, made, COLUMNS, 99)] == few
    no_bulk = replace(made, check=replace(made.check, bulk=False))
    assert [one.rule for one in doubtful_leaving(read, no_bulk, COLUMNS, 10_000)] == few


def test_headers_that_their_author_wrote_are_ways_out(campaign: Callable[..., Campaign]) -> None:
    headers = {
        "List-Unsubscribe": "<https://x.example/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    made = campaign({"templates/body.html": "x"}, headers=headers)
    assert [*doubtful_leaving(read_content(made), made, COLUMNS, 100)] == []
