"""Several senders by the command: who is named by whom, and a row that names nobody."""

from __future__ import annotations

import pytest

from tests.kit.command import Desk, address_of
from tests.kit.mailhost import MailHost

PEOPLE = """\
email,first_name,agent,agent_email
ada@example.com,Ada,Ann,ann@example.com
bjork@example.org,Björk,Bob,bob@example.net
carl@example.net,Carl,Bob,bob@example.net
"""
FROM = (
    "from: Example News <news@example.com>",
    'from: "{{ agent }} <{{ agent_email }}>"\nsenders: [ann@example.com, bob@example.net]',
)


@pytest.fixture
def agents(desk: Desk) -> Desk:
    desk.write("people.csv", PEOPLE)
    desk.campaign(FROM)
    return desk


def test_each_gets_the_mail_of_their_own(agents: Desk) -> None:
    agents.run("run", "spring.yaml", "--yes").ended(0)
    found = {address_of(mail): mail["From"] for mail in agents.kept()}
    assert found == {
        "ada@example.com": "Ann <ann@example.com>",
        "bjork@example.org": "Bob <bob@example.net>",
        "carl@example.net": "Bob <bob@example.net>",
    }
    agents.run("run", "spring.yaml", "--yes").ended(0)
    assert len(agents.kept()) == 3


def test_the_plan_says_how_many_each_has(agents: Desk) -> None:
    said = agents.run("plan", "spring.yaml").ended(0).out
    assert "from: bob@example.net 2, ann@example.com 1" in said


def test_a_row_that_names_nobody_of_them_refuses_the_plan(agents: Desk) -> None:
    agents.write("people.csv", PEOPLE + "dora@example.net,Dora,Eve,eve@example.org\n")
    said = agents.run("run", "spring.yaml", "--yes").ended(2).said
    assert "people.csv:5: error: from: eve@example.org is none of senders" in said
    assert "add the address to senders" in said
    assert not agents.kept()


def test_a_sender_of_nobody_is_told(agents: Desk) -> None:
    agents.write("people.csv", "\n".join(PEOPLE.splitlines()[:2]) + "\n")
    said = agents.run("check", "spring.yaml").ended(0).said
    assert "from: no row asks for bob@example.net" in said


def test_one_connection_carries_the_mail_of_all_senders(agents: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(agents, FROM)
    agents.run("run", "spring.yaml", "--yes").ended(0)
    (visit,) = [one for one in mailhost.visits if one.mails]
    named = [line.split()[1] for line in visit.said if line.startswith("MAIL")]
    assert named == [
        *("FROM:<ann@example.com>", "FROM:<bob@example.net>", "FROM:<bob@example.net>"),
    ]
    froms = [mail["From"].addresses[0].addr_spec for mail in mailhost.mails]
    assert froms == ["ann@example.com", "bob@example.net", "bob@example.net"]


def test_the_subject_that_somebody_gets_may_decide_who_sends_it(agents: Desk) -> None:
    rows = "".join(f"p{number}@example.com,P,x,x\n" for number in range(20))
    agents.write("people.csv", PEOPLE.partition("\n")[0] + "\n" + rows)
    agents.campaign(
        (FROM[0], FROM[1].replace("{{ agent_email }}", "{{ BY[variant] }}")),
        ('subject: "{{ first_name }}, spring is here"', "subject: [One, Two]"),
        ("{product", "{BY: {A: ann@example.com, B: bob@example.net}, product"),
    )
    agents.run("run", "spring.yaml", "--yes").ended(0)
    pairs = {(str(mail["Subject"]), mail["From"].addresses[0].username) for mail in agents.kept()}
    assert pairs == {("One", "ann"), ("Two", "bob")}
    assert "no row asks for" not in agents.run("check", "spring.yaml").said
