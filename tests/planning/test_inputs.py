"""When a plan must be made again, and when not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import SuppressionList
from sendbatch.errors import AudienceError
from sendbatch.message.reading import read_content
from sendbatch.planning.inputs import inputs_digest
from tests.kit.campaigns import PEOPLE, YAML, campaign, write
from tests.kit.pictures import png


def test_the_same_files_have_the_same_digest_wherever_they_lie(tmp_path: Path) -> None:
    here, there = campaign(tmp_path / "here"), campaign(tmp_path / "there")
    assert inputs_digest(here) == inputs_digest(there) == inputs_digest(here)


def test_what_only_the_message_is_made_of_does_not_count(tmp_path: Path) -> None:
    before = inputs_digest(campaign(tmp_path))
    now = campaign(tmp_path, yaml=YAML.replace("Hello", "Good day"))
    (tmp_path / "letter.txt").write_text("Another letter, {{ name }}\n")
    assert inputs_digest(now) == before


@pytest.mark.parametrize(
    "yaml",
    [
        YAML.replace("file: people.csv", "file: people.csv\n  where: name != 'Bob'"),
        YAML.replace("file: people.csv", "file: people.csv\n  required: [name]"),
        YAML.replace("file: people.csv", "file: people.csv\n  key: name"),
        YAML.replace("file: people.csv", "file: people.csv\n  defaults: {plan: free}"),
        YAML + "variables: {colour: green}\n",
    ],
    ids=["where", "required", "key", "defaults", "variables"],
)
def test_what_decides_who_gets_it_counts(tmp_path: Path, yaml: str) -> None:
    before = inputs_digest(campaign(tmp_path))
    assert inputs_digest(campaign(tmp_path, yaml=yaml)) != before


def test_a_changed_cell_counts(tmp_path: Path) -> None:
    before = inputs_digest(campaign(tmp_path))
    assert inputs_digest(campaign(tmp_path, people=PEOPLE.replace("Bob", "Rob"))) != before


def test_set_on_the_command_line_counts(tmp_path: Path) -> None:
    file = write(tmp_path, more="variables: {colour: green}\n")
    assert inputs_digest(load_campaign(file)) != inputs_digest(
        load_campaign(file, settings={"colour": "red"})
    )


def test_suppression_files_count_by_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("bob@example.org\n")
    one = campaign(tmp_path, more="suppress: [out.txt]\n")
    before = inputs_digest(one)
    (tmp_path / "out.txt").write_text("bob@example.org\neve@example.net\n")
    assert inputs_digest(one) != before


def test_how_a_suppression_file_is_read_counts(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("@example.org\n")
    ways = ("out.txt", "{file: out.txt, subdomains: true}", "{file: out.txt, unreadable: warn}")
    ways += ("{file: out.txt, encoding: latin-1}", "{file: out.txt, column: email}")
    digests = {inputs_digest(campaign(tmp_path, more=f"suppress: [{way}]\n")) for way in ways}
    assert len(digests) == len(ways)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    one = campaign(tmp_path)
    (tmp_path / "people.csv").unlink()
    with pytest.raises(AudienceError, match=r"people\.csv: cannot be read"):
        inputs_digest(one)


def test_where_text_ends_and_the_next_begins_cannot_be_moved(tmp_path: Path) -> None:
    """What moves from one file into the next is another input."""
    one = campaign(tmp_path)
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    digests = []
    for texts in (("ab", "c"), ("a", "bc")):
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        lists = tuple(map(SuppressionList, files))
        digests.append(inputs_digest(replace(one, suppress=lists)))
    assert digests[0] != digests[1]


def test_a_letter_counts_where_not_everybody_is_shown_all_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    yaml = YAML.replace("text: letter.txt", "html: letter.html")

    def digest(letter: str) -> str:
        (tmp_path / "letter.html").write_text(letter)
        one = campaign(tmp_path, yaml=yaml)
        return inputs_digest(one, content=read_content(one))

    plain, some = "Hi <img src='a.png'>", "Hi {% if name %}<img src='a.png'>{% endif %}"
    assert digest(plain) == digest(f"{plain}!")
    assert len({digest(plain), digest(some), digest(f"{some}!")}) == 3


def test_who_may_be_the_sender_counts_and_not_what_they_are_called(tmp_path: Path) -> None:
    def of(senders: str, subject: str = "Hello") -> str:
        said = {
            "from:": f'from: "{{{{ name }}}}@example.org"\nsenders: [{senders}]',
            "subject:": f"subject: {subject}",
        }
        lines = [said.get(line.partition(" ")[0], line) for line in YAML.splitlines()]
        made = campaign(tmp_path, yaml="\n".join(lines) + "\n")
        return inputs_digest(made, content=read_content(made))

    before = of("ada@example.org, bob@example.org")
    assert of("Bob B <bob@example.org>, ada@EXAMPLE.org") == before
    assert of("ada@example.org") != before
    assert of("ada@example.org, bob@example.org", "[Hello, Good day]") != before
