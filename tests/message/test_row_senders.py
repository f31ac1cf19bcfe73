"""Several senders: a row's values choose one of those declared, and nothing in a cell makes another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Campaign, Mailbox, Senders
from sendbatch.errors import CampaignError
from sendbatch.message.checks.senders import strange_bounces
from sendbatch.message.compose import Composer
from sendbatch.message.content import Bundle, Content, Picture
from sendbatch.message.parts import Inline
from sendbatch.message.reading import read_content
from sendbatch.message.versions import composers
from sendbatch.message.versions.choosing import Versions
from sendbatch.message.versions.composers import composer_of
from sendbatch.values import Message, Recipient, Unbuildable
from tests.kit.thoroughness import examples

from .conftest import NOW, SALT, parsed

COLUMNS = ("email", "first_name", "agent", "agent_email")
ANN, BOB = Mailbox("", "ann@example.com"), Mailbox("Bob", "bob@b\u00fccher.example")


def to(agent: str, address: str) -> Recipient:
    cells = ("jane@example.org", "Jane", agent, address)
    return Recipient(1, 812, "jane@example.org", "jane@example.org", cells)


def read(
    campaign: Callable[..., Campaign],
    name: str = "{{ agent }}",
    bounces_to: str | None = None,
    boxes: tuple[Mailbox, ...] = (ANN, BOB),
) -> Content:
    senders = Senders("{{ agent_email }}", boxes, take_bounces=bounces_to is None)
    return read_content(
        campaign(
            sender=Mailbox(name, boxes[0].address),
            senders=senders,
            bounces_to=bounces_to or boxes[0].address,
        )
    )


def built(content: Content, agent: str, address: str) -> Message:
    message = composer_of(content, COLUMNS, SALT).compose(to(agent, address), NOW)
    assert isinstance(message, Message), message
    return message


def test_the_rows_own_sender_is_in_from_and_on_the_envelope(
    campaign: Callable[..., Campaign],
) -> None:
    content = read(campaign)
    ann = built(content, "Ann, Sales", "ann@EXAMPLE.com")
    assert parsed(ann)["From"] == '"Ann, Sales" <ann@example.com>'
    assert ann.envelope.sender == "ann@example.com"
    bob = built(content, "Bob", " bob@xn--bcher-kva.example ")
    assert parsed(bob)["From"] == "Bob <bob@xn--bcher-kva.example>"
    assert bob.envelope.sender == "bob@xn--bcher-kva.example"


def test_the_pictures_of_all_are_encoded_and_kept_once(
    campaign: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version for each of many senders would otherwise hold megabytes of its own."""
    boxes = tuple(Mailbox("", f"agent{number}@example.com") for number in range(8))
    picture = Picture("logo@a.example", "logo.png", "image/png", b"x" * 5_000, "logo.png")
    content = replace(read(campaign, boxes=boxes), pictures=(picture,))
    encoded: list[Picture] = []
    theirs = composers.encoded_picture

    def counted(one: Picture) -> Inline:
        encoded.append(one)
        return theirs(one)

    monkeypatch.setattr(composers, "encoded_picture", counted)
    composer = composer_of(content, COLUMNS, SALT)
    for box in boxes:
        assert isinstance(composer.compose(to("A", box.address), NOW), Message)
    assert encoded == [picture]


def test_declared_bounces_stay_everybodys(campaign: Callable[..., Campaign]) -> None:
    content = read(campaign, bounces_to="bounces@example.com")
    assert built(content, "B", BOB.address).envelope.sender == "bounces@example.com"


def test_the_name_of_the_list_stands_where_from_has_none(
    campaign: Callable[..., Campaign],
) -> None:
    message = built(read(campaign, name=""), "x", BOB.address)
    assert parsed(message)["From"] == "Bob <bob@xn--bcher-kva.example>"


def test_messages_are_named_at_one_domain_so_that_the_record_can_tell_them(
    campaign: Callable[..., Campaign],
) -> None:
    content = read(campaign)
    for box in (ANN, BOB):
        assert built(content, "x", box.address).message_id.endswith("@example.com>")


@pytest.mark.parametrize(
    "address",
    [
        "eve@example.net",
        "",
        "ANN@example.com",
        "ann@example.com, eve@example.net",
        "ann@example.com\r\nBcc: eve@example.net",
        "Ann <ann@example.com>",
        "ann@example.com>",
        "ann@" + "x" * 5000,
        "@",
    ],
)
def test_whoever_names_none_of_them_is_a_fault_of_the_row(
    campaign: Callable[..., Campaign], address: str
) -> None:
    composer = composer_of(read(campaign), COLUMNS, SALT)
    recipient = to("x", address)
    found = composer.compose(recipient, NOW)
    assert isinstance(found, Unbuildable)
    assert found.reason.startswith("from: ")
    assert "is none of senders" in found.reason
    assert "\n" not in found.reason
    assert composer.planned(recipient, NOW) is None
    survey = composer.survey(recipient.cells, recipient.key)
    assert not survey.has_version


def test_nobodys_digest_changes_but_theirs(campaign: Callable[..., Campaign]) -> None:
    content = read(campaign)
    plain = read_content(campaign(sender=Mailbox("{{ agent }}", ANN.address)))
    fewer = read(campaign, boxes=(ANN,))
    assert len({content.digest, plain.digest, fewer.digest}) == 3
    versions = Versions(content, COLUMNS)
    assert {versions.content(one).digest for one in versions.all()} == {content.digest}


def test_bounces_are_held_against_each_senders_domain(campaign: Callable[..., Campaign]) -> None:
    content = read(campaign, bounces_to="bounces@example.com")
    (found,) = strange_bounces(content, campaign())
    assert "from at xn--bcher-kva.example" in found.message
    assert not [*strange_bounces(read(campaign), campaign())]


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(st.text(max_size=40), st.sampled_from([ANN, BOB])), max_size=5))
def test_planned_and_plain_are_what_one_sender_alone_would_give(
    people: list[tuple[str, Mailbox]],
) -> None:
    senders = Senders("{{ agent_email }}", (ANN, BOB), take_bounces=True)
    content = Content(
        subject="Hi {{ first_name }}",
        sender=Mailbox("{{ agent }}", ANN.address),
        bounces_to=ANN.address,
        text=Bundle("t.txt", {"t.txt": "Hello {{ first_name }}\n"}, {"t.txt": "t.txt"}),
        senders=senders,
    )
    composer = composer_of(content, COLUMNS, SALT)
    for agent, box in people:
        alone = content.version(
            sender=Mailbox("{{ agent }}", box.address),
            bounces_to=box.address,
            named_at="example.com",
        )
        by_hand = Composer(alone, COLUMNS, SALT)
        recipient = to(agent, box.address)
        assert composer.compose(recipient, NOW) == by_hand.compose(recipient, NOW)
        assert composer.planned(recipient, NOW) == by_hand.planned(recipient, NOW)


def test_an_address_that_no_mail_can_be_from_is_found_in_the_list(
    campaign: Callable[..., Campaign],
) -> None:
    bad = Mailbox("", f"bob@{'ü' * 64}.example")
    with pytest.raises(CampaignError, match=r"senders\.1: .*bob@ü{64}\.example"):
        read(campaign, boxes=(ANN, bad))
