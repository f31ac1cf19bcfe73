"""Several senders by the command: who is named by whom, and a row that names nobody."""

from __future__ import annotations

import csv
import json

import pytest

from sendbatch.message.variants import Variants
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


def test_a_name_beside_the_address_is_no_address_to_add(agents: Desk) -> None:
    more = "dora@example.net,Dora,Ann,Ann <ann@example.com>\nemil@example.net,Emil,Eve,eve@example.org\n"
    agents.write("people.csv", PEOPLE + more)
    said = " ".join(agents.run("plan", "spring.yaml").ended(2).said.split())
    assert "leave the address alone in the cell" in said
    assert said.count("add the address to senders") == 1
    agents.change("people.csv", "eve@example.org", "bob@example.net")
    said = agents.run("plan", "spring.yaml").ended(2).said
    assert "add the address to senders" not in said


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


def test_a_sender_who_is_one_no_longer_is_told_before_anything_more_is_sent(
    agents: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(agents, FROM)
    agents.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    fewer = (FROM[0], FROM[1].replace(", bob@example.net", ""))
    mailhost.take_over(agents, fewer)
    for words in (("plan",), ("run", "--yes"), ("run", "--yes", "--accept-changes")):
        said = agents.run(words[0], "spring.yaml", *words[1:]).ended(2).said
        assert "people.csv:3: error: from: bob@example.net is none of senders: ann@example.com" in said
    assert mailhost.receivers == ["ada@example.com"]
    agents.write("people.csv", PEOPLE.replace("Bob,bob@example.net", "Ann,ann@example.com"))
    agents.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    assert mailhost.receivers == ["ada@example.com", "bjork@example.org", "carl@example.net"]


def test_a_cell_that_names_nobody_any_more_stops_the_next_run(agents: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(agents, FROM)
    agents.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    agents.write("people.csv", PEOPLE.replace("Björk,Bob,bob@example.net", "Björk,Eve,eve@example.net"))
    said = agents.run("run", "spring.yaml", "--yes").ended(2).said
    assert "people.csv:3: error: from: eve@example.net is none of senders" in said
    assert mailhost.receivers == ["ada@example.com"]


def test_another_first_sender_mails_nobody_twice_and_every_message_keeps_its_name(
    agents: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(agents, FROM)
    agents.run("run", "spring.yaml", "--yes", "--limit", "2").ended(0)
    both = "ann@example.com, bob@example.net"
    turned = (FROM[0], FROM[1].replace(both, "bob@example.net, ann@example.com"))
    mailhost.take_over(agents, turned)
    agents.run("run", "spring.yaml", "--yes").ended(4)
    agents.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    agents.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    assert mailhost.receivers == ["ada@example.com", "bjork@example.org", "carl@example.net"]
    named = {address_of(mail): str(mail["Message-ID"]) for mail in mailhost.mails}
    assert named == {key: row["message_id"] for key, row in agents.rows().items()}
    domains = [one.rpartition("@")[2] for one in named.values()]
    assert domains == ["example.com>", "example.com>", "example.net>"]


def test_a_proof_is_from_the_sender_that_the_recipient_has(agents: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(agents, FROM)
    agents.run("proof", "spring.yaml", "--to", "me@example.com", "--count", "2").ended(0)
    found = {str(mail["Subject"]).partition("]")[0]: str(mail["From"]) for mail in mailhost.mails}
    assert found == {
        "[proof for ada@example.com": "Ann <ann@example.com>",
        "[proof for bjork@example.org": "Bob <bob@example.net>",
    }
    (visit,) = [one for one in mailhost.visits if one.mails]
    named = [line.split()[1] for line in visit.said if line.startswith("MAIL")]
    assert named == ["FROM:<ann@example.com>", "FROM:<bob@example.net>"]


def test_senders_languages_and_subjects_go_together(agents: Desk, mailhost: MailHost) -> None:
    head = "email,first_name,agent,agent_email,locale\n"
    people = [
        (f"p{n}@example.com", f"P{n}", *(("Ann", "ann@example.com"), ("Bob", "bob@example.net"))[n % 2],
         ("de", "en", "fr")[n % 3])
        for n in range(24)
    ]  # fmt: skip
    agents.write("people.csv", head + "".join(f"{','.join(one)}\n" for one in people))
    for locale in ("de", "en"):
        agents.write(f"{locale}.txt", f"{locale} {{{{ first_name }}}} {{{{ variant }}}}\n")
    mailhost.take_over(
        agents,
        FROM,
        ("html: spring.html\n  text: spring.txt", 'text: "{{ locale }}.txt"\n  fallback: {locale: en}'),
        ('subject: "{{ first_name }}, spring is here"', 'subject: ["One {{ agent }}", "Two {{ agent }}"]'),
    )
    variants = Variants("spring", ("a", "b"))
    names = [variants.name_of(one[0]) for one in people]
    a, b = names.count("A"), names.count("B")
    said = agents.run("plan", "spring.yaml").ended(0).out
    assert "  templates: en.txt 16 (8 by the fallback), de.txt 8\n" in said
    assert f"  subject: A “One {{{{ agent }}}}” {a}, B “Two {{{{ agent }}}}” {b}\n" in said
    assert "  from: ann@example.com 12, bob@example.net 12\n" in said

    agents.run("run", "spring.yaml", "--yes").ended(0)
    assert len(mailhost.mails) == 24
    by_address = {address_of(mail): mail for mail in mailhost.mails}
    for (address, first_name, agent, sender, locale), name in zip(people, names, strict=True):
        mail = by_address[address]
        assert str(mail["From"]) == f"{agent} <{sender}>"
        assert str(mail["Subject"]) == f"{'One' if name == 'A' else 'Two'} {agent}"
        text = mail.get_body(("plain",))
        assert text is not None
        language = locale if locale != "fr" else "en"
        assert text.get_content().strip() == f"{language} {first_name} {name}"
    document = json.loads(agents.run("report", "spring.yaml", "--format", "json").out)
    assert [(one["variant"], one["accepted"]) for one in document["variants"]] == [("A", a), ("B", b)]
    rows = csv.DictReader(agents.run("report", "spring.yaml", "--format", "csv").out.splitlines())
    assert {row["key"]: row["variant"] for row in rows} == dict(
        zip([one[0] for one in people], names, strict=True)
    )


def test_a_sender_whose_address_cannot_be_used_is_found_before_a_row_asks_for_it(agents: Desk) -> None:
    agents.campaign((FROM[0], FROM[1].replace("bob@example.net]", "bob@example.net, 'eve@ex_ä.example']")))
    said = agents.run("check", "spring.yaml").ended(2).said
    assert "spring.yaml:3:45: error: senders" in said
    assert "eve@ex_ä.example" in said


def test_where_answers_go_is_never_said_by_a_cell(agents: Desk) -> None:
    agents.campaign(FROM, more='reply_to: "{{ agent }} <{{ agent_email }}>"\n')
    said = agents.run("check", "spring.yaml").ended(2).said
    assert "reply_to" in said
    agents.campaign(FROM, more='reply_to: "{{ agent }} <help@example.com>"\n')
    agents.run("run", "spring.yaml", "--yes").ended(0)
    assert [mail["Reply-To"] for mail in agents.kept()] == [
        "Ann <help@example.com>", "Bob <help@example.com>", "Bob <help@example.com>",
    ]  # fmt: skip
