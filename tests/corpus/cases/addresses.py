"""Rules of the CSV, its rows, and suppression lists."""

from __future__ import annotations

from sendbatch.findings import Rule

from ..case import Case, html, keys, people

ADA, BOB = "ada@example.com,Ada,paid", "bob@example.org,Bob,free"


def where(condition: str) -> dict[str, str | bytes]:
    return keys(recipients=f'{{file: people.csv, where: "{condition}"}}')


def left_out(entries: str, more: str = "") -> dict[str, str | bytes]:
    return keys(f"suppress: [{{file: never.csv{more}}}]\n") | {"never.csv": entries}


_ROWS = [f"p{number}@example.com,P{number},paid" for number in range(40)]

CASES: list[Case] = [
    Case(
        Rule.CSV_SYNTAX,
        people(ADA, '"bob@example.org,Bob,free'),
        people(ADA, '"bob@example.org",Bob,free'),
    ),
    Case(
        Rule.NOT_TEXT,
        {"people.csv": "email,name,plan\nada@example.com,Björk,x\n".encode("latin-1")},
        keys(recipients="{file: people.csv, encoding: latin-1}")
        | {"people.csv": "email,name,plan\nada@example.com,Björk,x\n".encode("latin-1")},
    ),
    Case(Rule.NO_RECIPIENTS, people(), people(ADA)),
    Case(
        Rule.UNKNOWN_COLUMN,
        keys(recipients="{file: people.csv, email: mail}"),
        keys(recipients="{file: people.csv, email: E-Mail}")
        | people("ada@example.com,Ada", head="E-Mail,Name"),
    ),
    Case(
        Rule.AMBIGUOUS_COLUMN,
        people("ada@example.com,Ada,A", head="email,name,Name"),
        people("ada@example.com,Ada,A", head="email,name,Name 2"),
    ),
    Case(
        Rule.UNUSED_DEFAULT,
        keys(recipients="{file: people.csv, defaults: {nmae: friend}}"),
        keys(recipients="{file: people.csv, defaults: {name: friend}}"),
    ),
    Case(
        Rule.BARE_WHERE,
        where("active")
        | people("a@example.com,Ada,no", "b@example.com,Bob,yes", head="email,name,active"),
        where("active == 'yes'")
        | people("a@example.com,Ada,no", "b@example.com,Bob,yes", head="email,name,active"),
    ),
    Case(Rule.WHERE_FAILS, where("name[7:] < 1 // (plan|length - 4)"), where("plan|length > 3")),
    Case(Rule.WHERE_MATCHES_NOBODY, where("plan == 'piad'"), where("plan == 'paid'")),
    Case(
        Rule.INVALID_ROW,
        people(ADA, "nobody,Bob,free"),
        people(ADA, "o'hara+news@sub.example.org,O'Hara,free"),
    ),
    Case(Rule.DUPLICATE_ROW, people(ADA, ADA), people(ADA, "ada@example.org,Ada,paid")),
    Case(
        Rule.SHARED_ADDRESS,
        keys(recipients="{file: people.csv, key: plan}") | people(ADA, "ada@example.com,Ada,free"),
        keys(recipients="{file: people.csv, key: plan}") | people(ADA, BOB),
    ),
    Case(Rule.SUPPRESSES_NOBODY, left_out("email\n \n-\n"), left_out("email\ncarl@example.com\n")),
    Case(
        Rule.UNREADABLE_ENTRY,
        left_out("carl@example.com\ncarl at example\n"),
        left_out("@example.net\n# x\n"),
    ),
    Case(
        Rule.PASSED_ENTRIES,
        left_out("carl@example.com\ncarl at example\n", ", unreadable: warn"),
        left_out("carl@example.com\n", ", unreadable: warn"),
    ),
    Case(
        Rule.EMPTY_ENTRIES,
        left_out("email,name\ncarl@example.com,Carl\n,Zoe\n"),
        left_out("email,name\ncarl@example.com,\n"),
    ),
    Case(
        Rule.KEY_FAILS,
        keys(recipients="{file: people.csv, key: '{{ 1 // (plan|length - 4) }}'}"),
        keys(recipients="{file: people.csv, key: '{{ email }}-{{ plan|length }}'}"),
    ),
    Case(
        Rule.OTHER_ATTACHMENTS,
        keys("attachments: ['bills/{{ plan }}']\n")
        | people(ADA, "ada@example.com,Ada,free")
        | {"bills/paid": "x", "bills/free": "y"},
        keys("attachments: ['bills/{{ plan }}']\n", recipients="{file: people.csv, key: plan}")
        | people(ADA, "ada@example.com,Ada,free")
        | {"bills/paid": "x", "bills/free": "y"},
    ),
    Case(Rule.LIKELY_TYPO, people("ada@gmial.com,Ada,paid"), people("ada@gmx.com,Ada,paid")),
    Case(
        Rule.DISPOSABLE_ADDRESS,
        people("ada@mailinator.com,Ada,paid"),
        people("ada@mail.com,Ada,paid"),
    ),
    Case(
        Rule.ROLE_ADDRESS,
        people("info@example.com,Ada,paid"),
        people("infante@example.com,Ada,paid"),
    ),
    Case(
        Rule.TWIN_KEYS,
        keys(recipients="{file: people.csv, key: plan}")
        | people("ada@example.com,Ada,ab1", "bob@example.org,Bob,ab\uff11"),
        keys(recipients="{file: people.csv, key: plan}")
        | people("ada@example.com,Ada,ab1", "bob@example.org,Bob,ab2"),
    ),
    Case(
        Rule.MANY_INVALID,
        keys("tolerate: 10%\n") | people(*_ROWS, *["nobody,X,x"] * 3),
        keys("tolerate: 10%\n") | people(*_ROWS),
    ),
    Case(
        Rule.EMPTY_IN_CONDITION,
        html("{% if plan == 'free' %}x{% else %}y{% endif %}")
        | people(ADA, BOB, "cyd@example.com,Cyd,"),
        html("{% if plan == 'free' %}x{% else %}y{% endif %}")
        | people(BOB, "cyd@example.com,Cyd,"),
    ),
    Case(Rule.EMPTY_CELL, people(ADA, "bob@example.org,,free"), people(ADA, BOB)),
    Case(
        Rule.BARE_CONDITION,
        html("{% if plan %}You pay.{% endif %}") | people("ada@example.com,Ada,no"),
        html("{% if plan == 'no' %}You pay.{% endif %}") | people("ada@example.com,Ada,no"),
    ),
]
