"""The CSV and what is said of it: one run tells all that is wrong, and a name of two columns is no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.errors import SendbatchError
from sendbatch.runtime.edge import Edge
from sendbatch.values import Status
from tests.kit.campaigns import PEOPLE, YAML, write


def load(
    folder: Path, people: bytes, *, letter: str = "Dear {{ name }}\n", more: str = ""
) -> Campaign:
    file = write(folder, yaml=YAML, more=more)
    (folder / "people.csv").write_bytes(people)
    (folder / "letter.txt").write_text(letter)
    return load_campaign(file)


def said(folder: Path, people: bytes, **fields: str) -> str:
    with pytest.raises(SendbatchError) as caught:
        api.check(load(folder, people, **fields), edge=Edge(state=folder / "state", environ={}))
    assert caught.value.exit_code == 2
    return str(caught.value)


ODD = PEOPLE.encode() + "zoé@example.org,Zoé\n".encode("cp1252")
FAR = PEOPLE.encode() + b"a@example.org,A\n" * 2000 + ODD[len(PEOPLE) :]


@pytest.mark.parametrize("people", [ODD, FAR])
@pytest.mark.parametrize("letter", ["{{ nmae }} {{ city }}", "{% if %}"])
def test_what_is_no_text_hides_no_other_fault_and_is_hidden_by_none(
    tmp_path: Path, people: bytes, letter: str
) -> None:
    (tmp_path / "out.txt").write_bytes(b"caf\xe9@example.org\n")
    found = said(tmp_path, people, letter=letter, more="suppress: [out.txt]\n")
    assert "people.csv:" in found
    assert "out.txt:1: error: this line is not utf-8" in found
    assert "letter.txt:1:" in found
    assert found.count("this line is not utf-8") == 2
    if "nmae" in letter:
        assert "did you mean name?" in found
        assert "city is not a column or a variable" in found


def test_of_a_column_whose_name_cannot_be_read_no_other_is_said_to_be_missing(
    tmp_path: Path,
) -> None:
    people = "email,größe\na@example.org,7\n".encode("cp1252")
    found = said(tmp_path, people, letter="{{ größe }}{{ x == 1 if größe == 1 }}")
    assert "people.csv:1: error: this line is not utf-8" in found
    assert "is not a column" not in found
    assert "encoding: cp1252   would read: größe" in found


def test_a_name_of_two_columns_is_a_fault_where_a_template_uses_it(tmp_path: Path) -> None:
    people = b"email,name,Name\na@example.org,A,B\n"
    found = said(tmp_path, people)
    assert "people.csv:1: error: the columns 'name' and 'Name' are both usable as name" in found
    assert "is not a column" not in found


def test_a_name_of_two_columns_is_never_that_of_a_variable_also_in_a_later_text(
    tmp_path: Path,
) -> None:
    people, more = b"email,plan,Plan\na@example.org,x,y\n", "variables: {plan: z, name: N}\n"
    edge = Edge(state=tmp_path / "state", environ={})
    api.run(load(tmp_path, people, more=more), edge=edge)
    found = said(tmp_path, people, letter="{{ plan }}", more=more)
    assert "usable as plan" in found


def test_a_carriers_address_is_mailed_quoted_and_a_full_width_twin_is_mailed_once(
    tmp_path: Path,
) -> None:
    people = "email,name\nto..my@docomo.ne.jp,Tom\n" + '"Li, Ann <ｊａｎｅ@example.com>",Ann\n'
    people += "jane@example.com,Ann\ntom.@example.com,Bob\n"
    more = YAML.replace("file: people.csv", "file: people.csv\n  addresses: as_given")
    file = write(tmp_path, yaml=more, people=people)
    ran = api.run(load_campaign(file), edge=Edge(state=tmp_path / "state", environ={}))
    assert (ran.totals[Status.ACCEPTED], ran.totals[Status.DUPLICATE]) == (3, 1)
    mails = [path.read_text() for path in (ran.folder / "outbox").iterdir()]
    found = sorted(line for mail in mails for line in mail.splitlines() if line.startswith("To:"))
    assert found == [
        'To: "to..my"@docomo.ne.jp',
        'To: "tom."@example.com',
        "To: jane@example.com",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("![x](nope.gif)", "broken-picture"),
        ("{{ nmae }}", "unknown-name"),
        ("<script>x()</script>", "script"),
        ("![x](cid:nobody)", "broken-picture"),
    ],
)
def test_what_is_doubtful_in_a_letter_is_told_with_what_is_wrong_in_it(
    tmp_path: Path, line: str, fault: str
) -> None:
    yaml = YAML.replace("text: letter.txt", "markdown: letter.md")
    (tmp_path / "letter.md").write_text(
        f"Hi\n\n{line}\n\n<iframe src='https://a.example'></iframe>\n"
    )
    file = write(tmp_path, yaml=yaml)
    with pytest.raises(SendbatchError) as caught:
        api.check(load_campaign(file), edge=Edge(state=tmp_path / "state", environ={}))
    found = [(one.rule, one.place and one.place.line) for one in caught.value.findings]
    assert found == [(fault, 3), ("dropped-html", 5)]
    assert caught.value.exit_code == 2
