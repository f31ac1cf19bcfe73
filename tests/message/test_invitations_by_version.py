"""`invite: party.{{ locale }}.ics` beside `news.{{ locale }}.md`: each version of the letter has its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import icalendar
import pytest

from sendbatch.campaign.language.paths import path_template
from sendbatch.campaign.model import Campaign, Templates
from sendbatch.errors import CampaignError
from sendbatch.message.content import Content, OwnFile
from sendbatch.message.invitations.by_version import lone_invitations
from sendbatch.message.invitations.doubts import doubtful_invitation
from sendbatch.message.letter import Proof
from sendbatch.message.reading import read_content
from sendbatch.message.versions.composers import composer_of
from sendbatch.values import Message, Recipient

from .conftest import NOW, SALT, parsed
from .test_invitations import EVENT

Make = Callable[..., Campaign]
COLUMNS = ("email", "first_name", "locale")


@pytest.fixture
def inviting(campaign: Make, tmp_path: Path) -> Callable[..., Campaign]:
    """inviting({path: text}, path of the invitation) is a campaign in German and English."""

    def make(
        files: dict[str, str] | None = None, invite: str = "party.{{ locale }}.ics", **more: object
    ) -> Campaign:
        written = {
            f"templates/news.{one}.md": f"{one} {{{{ first_name }}}}" for one in ("de", "en")
        }
        written |= {
            f"campaigns/party.{one}.ics": EVENT.replace(
                "SUMMARY:For", f"SUMMARY:{one} {{{{ locale }}}} for"
            )
            for one in ("de", "en")
        }
        news = path_template("../templates/news.{{ locale }}.md", tmp_path / "campaigns")
        templates = Templates(markdown=news, fallback={"locale": "en"})
        return campaign({**written, **(files or {})}, invite=invite, templates=templates, **more)

    return make


def message(content: Content, locale: str, proof: Proof | None = None) -> Message:
    to = Recipient(
        1, 812, "jane@example.org", "jane@example.org", ("jane@example.org", "Jane", locale)
    )
    composer = composer_of(content, COLUMNS, SALT)
    made = composer.compose(to, NOW, proof)
    assert isinstance(made, Message), made
    if proof is None:
        planned = composer.planned(to, NOW)
        assert planned is not None
        assert planned.data == made.data
    return made


def asked(mail: Message) -> tuple[str, str, str]:
    """What the file is called, what the event is, and who is asked."""
    (file,) = parsed(mail).iter_attachments()
    data = file.get_payload(decode=True)
    assert isinstance(data, bytes)
    (event,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
    return str(file.get_filename()), str(event["SUMMARY"]), event["ATTENDEE"].params["CN"]


def faults(given: Campaign) -> list[str]:
    with pytest.raises(CampaignError) as refused:
        read_content(given)
    return [f"{one.message} | {one.hint}" for one in refused.value.findings]


def test_each_is_invited_in_the_language_of_the_letter(inviting: Callable[..., Campaign]) -> None:
    content = read_content(inviting())
    assert asked(message(content, "de")) == ("party.de.ics", "de de for Jane, and all", "Jane")
    assert asked(message(content, "en")) == ("party.en.ics", "en en for Jane, and all", "Jane")
    proof = message(content, "de", Proof("me@example.com"))
    assert asked(proof) == ("party.de.ics", "de de for Jane, and all", "Jane")


def test_who_is_led_by_the_fallback_is_invited_by_it_too(inviting: Callable[..., Campaign]) -> None:
    found = message(read_content(inviting()), "fr")
    assert asked(found) == ("party.en.ics", "en en for Jane, and all", "Jane")


def test_every_version_has_to_have_one(inviting: Callable[..., Campaign], tmp_path: Path) -> None:
    given = inviting()
    (tmp_path / "campaigns/party.en.ics").unlink()
    (said,) = faults(given)
    assert said == "invite: no such file: party.en.ics | add it: there is news.en.md"


def test_all_of_them_are_looked_at_before_any_row_is(inviting: Callable[..., Campaign]) -> None:
    without = EVENT.replace("METHOD:REQUEST\n", "")
    (said,) = faults(inviting({"campaigns/party.en.ics": without}))
    assert "invite: party.en.ics has no METHOD" in said
    given = inviting({"campaigns/party.en.ics": EVENT.replace("UID:", "X-U:")})
    content = read_content(given)
    found = [one.message for each in content.by_texts for one in doubtful_invitation(each, given)]
    assert len(found) == 1
    assert found[0].startswith("invite: party.en.ics has no UID")


@pytest.mark.parametrize("pattern", ["party.{{ locale }}.ics", "{{ locale }}/party.ics"])
def test_one_that_no_letter_has_is_warned_of(
    inviting: Callable[..., Campaign], pattern: str
) -> None:
    written = {
        f"campaigns/{pattern.replace('{{ locale }}', one)}": EVENT for one in ("de", "en", "fr")
    }
    given = inviting(written, pattern)
    (found,) = lone_invitations(read_content(given), given)
    lone = pattern.replace("{{ locale }}", "fr")
    assert found.message.startswith(
        f"invite: {lone} has no file of the same values for ../templates/"
    )
    whole = inviting({**written, "templates/news.fr.md": "fr"}, pattern)
    assert [*lone_invitations(read_content(whole), whole)] == []


def test_one_that_a_link_takes_out_of_its_folder_is_none(
    inviting: Callable[..., Campaign], tmp_path: Path
) -> None:
    given = inviting({"elsewhere/x.ics": EVENT})
    (tmp_path / "campaigns/party.en.ics").unlink()
    (tmp_path / "campaigns/party.en.ics").symlink_to(tmp_path / "elsewhere/x.ics")
    (said,) = faults(given)
    assert said.startswith("invite: leads out of its folder by a link: party.en.ics")


def test_a_path_that_more_than_the_language_decides_is_each_recipients_own(
    inviting: Callable[..., Campaign],
) -> None:
    content = read_content(inviting(invite="own/{{ locale }}-{{ first_name }}.ics"))
    assert isinstance(content.invite, OwnFile)
    assert [texts.invite for texts in content.texts] == [None, None]


def test_the_digest_is_over_all_of_them(inviting: Callable[..., Campaign]) -> None:
    changed = EVENT.replace("20260201T100000Z", "20260202T100000Z")
    digests = {
        read_content(inviting()).digest,
        read_content(inviting({"campaigns/party.en.ics": changed})).digest,
        read_content(inviting({"campaigns/party.de.ics": changed})).digest,
    }
    assert len(digests) == 3
