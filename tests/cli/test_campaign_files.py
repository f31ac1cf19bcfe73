"""A verb that takes nothing but a campaign file is about campaign.yaml of the folder, where none is typed."""

from __future__ import annotations

import os

import pytest

from tests.kit.command import CAMPAIGN, Desk
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person

ALONE = [
    ["check"],
    ["plan"],
    ["proof", "--to", "ines@example.com"],
    ["run"],
    ["status"],
    ["report"],
]


@pytest.mark.parametrize("words", ALONE, ids=lambda words: words[0])
def test_without_a_file_it_is_campaign_yaml_of_the_folder(desk: Desk, words: list[str]) -> None:
    desk.campaign(name="campaign.yaml", more="# the one here\n")
    desk.run("run", "campaign.yaml").ended(0)
    assert desk.run(*words).ended(0).said
    desk.write("campaign.yaml", CAMPAIGN + "colour: red\n")
    assert "campaign.yaml:12:1: error: unknown key: colour" in desk.run(*words).ended(2).said


@pytest.mark.parametrize("words", ALONE, ids=lambda words: words[0])
def test_where_there_is_none_the_campaigns_of_the_folder_are_named(
    desk: Desk, words: list[str]
) -> None:
    desk.write("profiles.yaml", "profiles: {}\n")
    desk.write("notes.yml", "recipients: nobody\n")
    told = desk.run(*words).ended(2)
    assert told.err == (
        "error: no campaign file is named, and there is no campaign.yaml in this folder\n"
        f"  write:\n    sendbatch {words[0]} spring.yaml\n"
    )
    assert told.out == ""
    assert desk.nothing_was_sent()


def test_names_in_the_error_can_be_pasted_and_drive_no_terminal(desk: Desk) -> None:
    for name in ("our spring.yaml", "-n.yaml", "\x1b[31mred.yaml", "two\nlines.yaml"):
        desk.write(name, CAMPAIGN)
    told = desk.run("plan").ended(2)
    assert told.err.splitlines()[1:] == [
        "  write one of these:",
        "    sendbatch plan 'our spring.yaml'",
        "    sendbatch plan spring.yaml",
    ]


def test_no_more_than_a_few_are_named(desk: Desk) -> None:
    for number in range(300):
        desk.write(f"c{number:03}.yaml", CAMPAIGN)
    assert desk.run("plan").ended(2).err.count("sendbatch plan") == 5


def test_a_folder_without_any_says_how_to_begin(desk: Desk) -> None:
    (desk.folder / "spring.yaml").unlink()
    os.mkfifo(desk.folder / "pipe.yaml")
    assert desk.run("run").ended(2).err.splitlines()[1] == (
        "  write sendbatch run FILE; sendbatch init writes a campaign that runs at once"
    )


def test_what_can_be_taken_for_a_file_needs_one(desk: Desk) -> None:
    desk.campaign(name="campaign.yaml")
    assert "Missing argument" in desk.run("resolve").ended(2).err
    assert "Missing argument" in desk.run("resolve", "ada@example.com", "--as", "accepted").ended(2).err


def test_whoever_leaves_it_out_is_asked_all_the_same(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.campaign(name="campaign.yaml")
    desk.change("campaign.yaml", "smtp: sandbox", "smtp: live")
    with Person(desk, "run") as person:
        person.until_asked("Send it? [y/N]")
        person.types("n\n")
        assert person.leaves() == 4
    assert not mailhost.mails
