"""Whose record it is: held to its project and to the campaign file's path in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError
from sendbatch.ledger.store import Record
from sendbatch.planning import ownership
from tests.kit.campaigns import campaign, write
from tests.kit.people import remember

COMMAND = "sendbatch run mail/spring.yaml"
ORIGIN = '[remote "origin"]\n\turl = https://{}host.example/{}.git\n'
SHOP = "host.example/example/shop"

Checkout = Callable[..., Campaign]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """checkout("a", …): a folder with that origin (None: no repository), and the campaign in it."""

    def make(folder: str, origin: str | None = "example/shop", path: str = "mail") -> Campaign:
        root = tmp_path / folder
        loaded = campaign(root / path)
        if origin is not None:
            (root / ".git").mkdir(exist_ok=True)
            (root / ".git" / "config").write_text(ORIGIN.format(f"{folder}:secret@", origin))
            loaded = campaign(root / path)
        return loaded

    return make


@pytest.fixture
def held(ledger: Record) -> Callable[..., str | None]:
    """Hold the record to a campaign, and write it down where that passes."""

    def hold(loaded: Campaign, moved_from: str | None = None) -> str | None:
        said = ownership.same_campaign(ledger.reading, loaded, moved_from, COMMAND)
        with ledger.draft() as draft:
            ownership.remember(draft, loaded)
            draft.merge()
        return said

    return hold


Held = Callable[..., "str | None"]


def test_a_second_checkout_goes_on_without_a_word(checkout: Checkout, held: Held) -> None:
    assert held(checkout("first")) is None
    assert held(checkout("second")) is None
    assert held(checkout("First", "Example/Shop")) is None


def test_another_project_is_refused_and_told_how_to_say_that_it_is_the_same(
    checkout: Checkout, held: Held
) -> None:
    held(checkout("first"))
    with pytest.raises(GuardError) as refused:
        held(checkout("second", "example/other"))
    said = str(refused.value)
    assert f"belongs to another project: {SHOP} (mail/spring.yaml)" in said
    assert f"project: {SHOP}" in said
    assert "secret" not in said
    assert "--record" not in said


def test_what_the_refusal_says_to_write_goes_on_with_the_record(
    checkout: Checkout, held: Held, tmp_path: Path
) -> None:
    held(checkout("first"))
    (tmp_path / "second" / ".git").mkdir(parents=True)
    with pytest.raises(GuardError, match="nothing says that this file does"):
        held(checkout("second", None))
    (tmp_path / "second" / "profiles.yaml").write_text(f"project: {SHOP}\n")
    assert held(campaign(tmp_path / "second" / "mail")) is None


def test_another_path_of_the_project_is_refused_until_it_is_said_to_have_moved(
    checkout: Checkout, held: Held, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held(checkout("first"))
    moved = checkout("first", path="new")
    with pytest.raises(GuardError) as refused:
        held(moved)
    assert "belongs to another file: mail/spring.yaml, which is still there" in str(refused.value)
    assert f"{COMMAND} --moved-from mail/spring.yaml" in str(refused.value)
    with pytest.raises(GuardError, match=r"--moved-from a\.yaml: .* belongs to mail/spring\.yaml"):
        held(moved, "a.yaml")
    monkeypatch.chdir(tmp_path / "first" / "mail")
    assert held(moved, "spring.yaml") == (
        "the campaign file moved: mail/spring.yaml is now new/spring.yaml"
    )
    assert held(moved) is None
    assert "already" in (held(moved, "mail/spring.yaml") or "")


def test_a_file_that_is_gone_from_where_it_was_is_followed_and_that_is_said(
    checkout: Checkout, held: Held
) -> None:
    held(checkout("first"))
    moved = checkout("second", path="new")
    assert "mail/spring.yaml is now new/spring.yaml" in (held(moved) or "")
    assert held(moved) is None


def test_a_record_that_moves_nowhere_does_not_begin_a_new_one(
    checkout: Checkout, held: Held
) -> None:
    with pytest.raises(GuardError, match="there is no record of spring here to go on with"):
        held(checkout("first"), "mail/spring.yaml")


class TestWithoutAProject:
    def test_the_same_file_by_whatever_path_is_the_same(
        self, ledger: Record, checkout: Checkout, held: Held, tmp_path: Path
    ) -> None:
        loaded = checkout("first", None)
        held(loaded)
        (tmp_path / "link").symlink_to(tmp_path / "first")
        (tmp_path / "first" / "mail" / "linked.yaml").symlink_to("spring.yaml")
        assert held(campaign(tmp_path / "link" / "mail")) is None
        remember(ledger, path=str(tmp_path / "link" / "mail" / "linked.yaml"))
        assert held(loaded) is None

    def test_another_file_that_is_still_there_is_refused(
        self, checkout: Checkout, held: Held
    ) -> None:
        held(checkout("first", None))
        second = checkout("second", None)
        with pytest.raises(GuardError, match="which is still there"):
            held(second)

    def test_a_repository_that_gets_an_origin_later_goes_on(
        self, checkout: Checkout, held: Held
    ) -> None:
        held(checkout("first", None))
        assert held(checkout("first")) is None
        assert held(checkout("second")) is None

    def test_a_file_that_may_not_be_looked_at_is_not_taken_to_be_gone(
        self, ledger: Record, checkout: Checkout, held: Held
    ) -> None:
        remember(ledger, path="/" + "x" * 300)  # the system refuses so long a name
        with pytest.raises(GuardError, match="which is still there"):
            held(checkout("first", None))


class TestARecordOfVersion1:
    """Its meta has an absolute path alone."""

    def test_of_this_very_file_is_taken_over(
        self, ledger: Record, checkout: Checkout, held: Held
    ) -> None:
        loaded = checkout("first")
        remember(ledger, path=str(loaded.file))
        assert held(loaded) is None
        assert ledger.reading.meta("project") == SHOP
        assert ledger.reading.meta("path") == "mail/spring.yaml"

    def test_of_a_file_that_is_gone_is_taken_over_and_that_is_said(
        self, ledger: Record, checkout: Checkout, held: Held, tmp_path: Path
    ) -> None:
        remember(ledger, path=str(tmp_path / "gone.yaml"))
        assert "moved" in (held(checkout("first")) or "")

    def test_of_another_checkout_of_the_project_is_taken_over(
        self, ledger: Record, checkout: Checkout, held: Held
    ) -> None:
        remember(ledger, path=str(checkout("first").file))
        assert held(checkout("second")) is None

    def test_of_another_file_is_refused_until_it_is_said_to_have_moved(
        self, ledger: Record, checkout: Checkout, held: Held, tmp_path: Path
    ) -> None:
        other = str(write(tmp_path / "other"))
        remember(ledger, path=other)
        loaded = checkout("first")
        with pytest.raises(GuardError, match="which is still there"):
            held(loaded)
        assert "moved" in (held(loaded, other) or "")


@pytest.mark.parametrize("path", ["\0", "../" * 500, "\x1b[2J", "/proc/self/mem/x", ""])
def test_whatever_a_record_says_of_its_path_is_only_compared(
    ledger: Record, checkout: Checkout, held: Held, path: str
) -> None:
    loaded = checkout("first")
    for project in ("", SHOP):
        remember(ledger, project=project)
        remember(ledger, path=path)
        with contextlib.suppress(GuardError):
            held(loaded)


def test_a_record_that_names_a_project_with_control_characters_is_shown_without(
    ledger: Record, checkout: Checkout, held: Held
) -> None:
    held(checkout("first"))
    remember(ledger, project='evil\x1b[2J"\n' + "x" * 5000)
    with pytest.raises(GuardError) as refused:
        held(checkout("first"))
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 2500
