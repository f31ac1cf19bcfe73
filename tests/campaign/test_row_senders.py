"""`from` as a template, and the `senders` of whom it gives one: what is read, and what is a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign, Mailbox, Senders
from sendbatch.errors import CampaignError

BOTH = """from: "{{ agent }} <{{ agent_email }}>"
senders: [ann@example.com, "Bob <bob@example.net>"]
"""


def loaded(folder: Path, lines: str) -> Campaign:
    (folder / "people.csv").write_text("email,agent,agent_email\n")
    (folder / "body.txt").write_text("Hello\n")
    file = folder / "spring.yaml"
    file.write_text(
        f"name: spring\n{lines}subject: Hi\nrecipients: people.csv\n"
        "templates: {text: body.txt}\nsmtp: sandbox\n"
    )
    return load_campaign(file, config_folder=folder)


def fault(folder: Path, lines: str) -> str:
    with pytest.raises(CampaignError) as caught:
        loaded(folder, lines)
    return str(caught.value)


def test_the_address_is_a_template_and_the_first_sender_stands_for_all(tmp_path: Path) -> None:
    made = loaded(tmp_path, BOTH)
    boxes = (Mailbox("", "ann@example.com"), Mailbox("Bob", "bob@example.net"))
    assert made.senders == Senders("{{ agent_email }}", boxes, take_bounces=True)
    assert made.sender == Mailbox("{{ agent }}", "ann@example.com")
    assert made.bounces_to == "ann@example.com"


def test_declared_bounces_are_everybodys(tmp_path: Path) -> None:
    made = loaded(tmp_path, BOTH + "bounces_to: bounces@example.com\n")
    assert made.senders is not None
    assert not made.senders.take_bounces


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("{{ a }}", "", "{{ a }}"),
        ("<{{ a }}>", "", "{{ a }}"),
        (" < {{ a }} > ", "", "{{ a }}"),
        ("{{ a | lower }}", "", "{{ a | lower }}"),
        ("{% if a %} {{ a }} {% endif %}", "", "{% if a %} {{ a }} {% endif %}"),
        ("Ann <{{ a }}@example.com>", "Ann", "{{ a }}@example.com"),
        ("{{ n }} <{{ a|replace('<', '') }}>", "{{ n }}", "{{ a|replace('<', '') }}"),
        ("{{ n|replace('<', '>') }} <{{ a }}>", "{{ n|replace('<', '>') }}", "{{ a }}"),
        ("'{{ n }}, Sales' <{{ a }}>", "'{{ n }}, Sales'", "{{ a }}"),
    ],
)
def test_name_and_address_are_told_apart(
    tmp_path: Path, written: str, name: str, address: str
) -> None:
    made = loaded(tmp_path, f'from: "{written}"\nsenders: [ann@example.com]\n')
    assert made.sender.name == name
    assert made.senders is not None
    assert made.senders.address == address


def test_a_template_in_the_name_alone_needs_no_senders(tmp_path: Path) -> None:
    made = loaded(tmp_path, 'from: "{{ team }} at Example <news@example.com>"\n')
    assert made.sender == Mailbox("{{ team }} at Example", "news@example.com")
    assert made.senders is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('from: "<{{ agent_email }}>"\n', "whatever stands in a cell would be the sender"),
        ("from: a@example.com\nsenders: [a@example.com]\n", "chooses none of them"),
        ('from: "{{ a }}"\nsenders: []\n', "there is none in it"),
        ('from: "{{ a }}"\nsenders: [b@Example.com, b@example.COM]\n', "is there twice"),
        ('from: "{{ a }}"\nsenders: ["{{ b }}"]\n', "cannot be a template"),
        ('from: "{{ a }"\nsenders: [b@example.com]\n', "from: "),
        ('from: "{{ a|nosuch }}"\nsenders: [b@example.com]\n', "from: "),
        ('from: "{{ b }} {{ a }}"\nsenders: [b@example.com]\n', "not a mailbox: {{ b }} {{ a }}"),
        ('from: "{{ b }} <{{ a }}> x"\nsenders: [b@example.com]\n', "{{ name }} <{{ address }}>"),
        ('from: "Ann {{ a }}"\nsenders: [b@example.com]\n', "spring.yaml:2:"),
        ('from: "{{ b }} <Ann {{ a }}>"\nsenders: [b@example.com]\n', "not a mailbox"),
        ('from: "A <b> <{{ a }}>"\nsenders: [b@example.com]\n', "only one mailbox"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, lines: str, said: str) -> None:
    assert said in fault(tmp_path, lines)


def test_two_hundred_senders_are_the_most(tmp_path: Path) -> None:
    def lines(number: int) -> str:
        boxes = ", ".join(f"a{one}@example.com" for one in range(number))
        return f'from: "{{{{ a }}}}"\nsenders: [{boxes}]\n'

    assert loaded(tmp_path, lines(200)).senders is not None
    assert "more than 200" in fault(tmp_path, lines(201))


def test_each_sender_has_to_have_a_signature(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text(
        "profiles:\n  own:\n    host: 127.0.0.1\n    security: none\n"
        "    dkim: [{domain: example.com, selector: s, key: '${K}'}]\n"
    )
    file = tmp_path / "spring.yaml"
    loaded(tmp_path, BOTH)
    file.write_text(file.read_text().replace("smtp: sandbox", "smtp: own"))
    with pytest.raises(CampaignError, match=r"no signature is of the domain of bob@example\.net"):
        load_campaign(file, config_folder=tmp_path)
