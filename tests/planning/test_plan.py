"""Making a plan from real files in a real record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import pytest

from sendbatch.errors import AudienceError, CampaignError, Interrupted
from sendbatch.ledger.store import Record
from sendbatch.planning.plan import Planned
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status, Why
from tests.kit.campaigns import PEOPLE, YAML, campaign
from tests.kit.people import said
from tests.kit.pictures import png

Make = Callable[..., Planned]


def statuses(ledger: Record) -> dict[str, Status]:
    return {entry.email: entry.status for entry in ledger.reading.entries()}


def test_a_plan_is_complete_when_all_of_it_is_there(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    make(campaign(tmp_path))
    plan = ledger.reading.plan()
    assert plan is not None
    assert plan.completed_at == 2.0


def test_every_row_is_in_the_record_with_its_status(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    people = PEOPLE + "ada@example.org,Again\nno address,Nobody\nout@example.org,Out\n"
    (tmp_path / "out.txt").write_text("out@example.org\n@example.net\n")
    yaml = YAML.replace("file: people.csv", "file: people.csv\n  where: name != 'Bob'")
    planned = make(campaign(tmp_path, people=people, yaml=yaml, more="suppress: [out.txt]\n"))
    assert [entry.status for entry in ledger.reading.entries()] == [
        Status.PENDING,
        Status.FILTERED,
        Status.SUPPRESSED,
        Status.DUPLICATE,
        Status.INVALID,
        Status.SUPPRESSED,
    ]
    assert [entry.row for entry in ledger.reading.entries()] == [2, 3, 4, 5, 6, 7]
    assert (planned.difference.first, planned.twins.count) == (True, 1)
    plan = ledger.reading.plan()
    assert plan is not None
    assert plan.columns == ("email", "name")


def test_a_new_plan_says_what_changed(tmp_path: Path, ledger: Record, make: Make) -> None:
    make(campaign(tmp_path))
    people = "email,name\nada@example.org,Countess\nbob@example.org,Bob\nnew@example.org,New\n"
    difference = make(campaign(tmp_path, people=people)).difference
    assert (difference.added, difference.removed, difference.corrected) == (1, 1, 1)
    assert set(statuses(ledger)) == {"ada@example.org", "bob@example.org", "new@example.org"}


def test_a_plan_that_is_refused_leaves_the_record_as_it_was(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    make(campaign(tmp_path))
    before = (statuses(ledger), ledger.reading.plan())
    with pytest.raises(AudienceError, match="no recipient under it"):
        make(campaign(tmp_path, people="email,name\n"))
    assert (statuses(ledger), ledger.reading.plan()) == before


def test_asked_to_stop_nothing_is_planned(tmp_path: Path, ledger: Record, make: Make) -> None:
    stop = Stop()
    stop.soon("enough")
    with pytest.raises(Interrupted, match="enough; nothing was sent"):
        make(campaign(tmp_path), stop=stop)
    assert ledger.reading.plan() is None


def test_names_no_column_has_are_told_all_at_once(tmp_path: Path, make: Make) -> None:
    one = campaign(tmp_path, yaml=YAML.replace("Hello {{ name }}", "{{ nme }} {{ other }}"))
    with pytest.raises(CampaignError) as refused:
        make(one)
    assert "nme" in str(refused.value)
    assert "other" in str(refused.value)


class Dead:
    """Look-ups that know one domain without mail, and nothing of another."""

    unanswered: ClassVar[set[str]] = {"example.org"}

    def check(self, domains: Iterable[str], heed: Callable[[], None]) -> dict[str, Why | None]:
        return {one: Why.NO_DOMAIN if one == "example.net" else None for one in domains}


def test_rows_of_a_domain_without_mail_are_invalid(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    planned = make(campaign(tmp_path), lookups=Dead())
    assert "1 domain could not be looked up" in str(planned.warnings[0])
    (dead,) = ledger.reading.entries({Status.INVALID})
    assert (dead.email, said(dead)) == ("eve@example.net", "no mail server: example.net does not exist")


FILES = YAML + 'attachments: ["bills/{{ name }}.pdf"]\n'


def test_attachments_missing_for_rows_to_be_sent_are_told_with_their_rows(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "Ada.pdf").write_bytes(b"%PDF")
    with pytest.raises(CampaignError) as refused:
        make(campaign(tmp_path, yaml=FILES))
    assert [fault.place.line for fault in refused.value.findings if fault.place] == [3, 4]
    assert ledger.reading.plan() is None


def test_attachments_missing_for_rows_left_out_do_not_matter(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "Ada.pdf").write_bytes(b"%PDF")
    (tmp_path / "out.txt").write_text("bob@example.org\neve@example.net\n")
    make(campaign(tmp_path, yaml=FILES, more="suppress: [out.txt]\n"))
    assert ledger.reading.totals() == {Status.PENDING: 1, Status.SUPPRESSED: 2}


@pytest.mark.parametrize(
    ("left_out", "said"), [(1, "and 301 more rows whose files cannot be used"), (1300, "people.csv:1302:")]
)
def test_of_however_many_rows_without_their_attachment_all_are_counted(
    tmp_path: Path, make: Make, left_out: int, said: str
) -> None:
    (tmp_path / "bills").mkdir()
    people = "".join(f"p{n}@example.org,N{n},\n" for n in range(1302))
    out = "".join(f"p{n}@example.org\n" for n in range(left_out))
    (tmp_path / "out.txt").write_text(out)
    more = "suppress: [out.txt]\n"
    with pytest.raises(CampaignError) as refused:
        make(campaign(tmp_path, people=f"email,name,plan\n{people}", yaml=FILES, more=more))
    assert said in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_attachments_too_large_for_the_server_are_a_fault(tmp_path: Path, make: Make) -> None:
    (tmp_path / "bills").mkdir()
    for name in ("Ada", "Bob", "Eve"):
        (tmp_path / "bills" / f"{name}.pdf").write_bytes(b"." * 1000)
    with pytest.raises(CampaignError, match="the server takes 1,000"):
        make(campaign(tmp_path, yaml=FILES), size_limit=1000)


def test_an_empty_cell_says_so_and_what_the_campaign_may_do(tmp_path: Path, make: Make) -> None:
    people = "email,name\nada@example.org,a.pdf\nbob@example.org,\neve@example.net, \n"
    one = campaign(tmp_path, people=people, yaml=YAML, more='attachments: ["{{ name }}"]\n')
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(CampaignError) as refused:
        make(one)
    (fault,) = refused.value.findings
    assert fault.message == "attachment {{ name }}: the cell of name is empty (rows 3, 4)"
    assert fault.place is not None
    assert fault.place.line == 3
    assert str(refused.value).count("missing: send_without") == 1


@pytest.mark.parametrize("missing", ["fail", "send_without"])
def test_who_has_no_file_is_counted_where_the_campaign_says_what_becomes_of_them(
    tmp_path: Path, ledger: Record, make: Make, missing: str
) -> None:
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "Ada.pdf").write_bytes(b"%PDF")
    (tmp_path / "out.txt").write_text("bob@example.org\n")
    people = PEOPLE + "eve@example.net,Again\nno address,Nobody\n"
    more = f'attachments: {{file: "bills/{{{{ name }}}}.pdf", missing: {missing}}}\nsuppress: [out.txt]\n'
    planned = make(campaign(tmp_path, people=people, more=more))
    found = planned.failing if missing == "fail" else planned.without
    assert (found.count, found.rows) == (1, (4,))
    assert planned.failing.count + planned.without.count == 1
    assert ledger.reading.totals()[Status.PENDING] == 2


def test_a_file_too_large_fails_its_row_alone_where_the_campaign_says_fail(
    tmp_path: Path, make: Make
) -> None:
    (tmp_path / "bills").mkdir()
    for name, size in (("Ada", 1000), ("Bob", 10), ("Eve", 10)):
        (tmp_path / "bills" / f"{name}.pdf").write_bytes(b"." * size)
    for missing, failing in (("fail", 1), ("send_without", None)):
        more = f'attachments: {{file: "bills/{{{{ name }}}}.pdf", missing: {missing}}}\n'
        one = campaign(tmp_path, more=more)
        if failing is None:
            with pytest.raises(CampaignError, match="the server takes 1,000"):
                make(one, size_limit=1000)
        else:
            assert make(one, size_limit=1000).failing.rows == (2,)


def test_who_has_an_empty_file_is_named_and_gets_it(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    (tmp_path / "bills").mkdir()
    for name in ("Ann", "Ben", "Zoe"):
        (tmp_path / f"bills/{name}.pdf").write_bytes(b"%PDF" if name == "Ann" else b"")
    people = "email,name\nann@example.com,Ann\nben@example.com,Ben\nzoe@,Zoe\nzoe@example.com,Zoe\n"
    planned = make(campaign(tmp_path, people=people, yaml=FILES))
    [found] = planned.warnings
    assert (found.rule, found.severity) == ("empty-attachment", "warning")
    assert found.message == "attachments: an empty file is sent to rows 3, 5"
    assert found.place is not None
    assert found.place.line == 3
    assert ledger.reading.totals()[Status.PENDING] == 3


def test_what_everybody_gets_is_held_against_the_size_once(tmp_path: Path, make: Make) -> None:
    (tmp_path / "terms.pdf").write_bytes(b"." * 1000)
    with pytest.raises(CampaignError, match="what everybody gets is too large") as refused:
        make(campaign(tmp_path, more="attachments: [terms.pdf]\n"), size_limit=1000)
    (fault,) = refused.value.findings
    assert fault.place is not None
    assert fault.place.file.endswith("spring.yaml")


def test_a_picture_that_some_are_shown_counts_for_their_rows_alone(
    tmp_path: Path, make: Make, ledger: Record
) -> None:
    (tmp_path / "a.png").write_bytes(png(8, 4) + bytes(1000))
    shown = "Hi {% if name == 'Bob' %}<img src='a.png'>{% endif %}"
    (tmp_path / "letter.html").write_text(shown)
    yaml = YAML.replace("text: letter.txt", "html: letter.html")
    one = campaign(tmp_path, yaml=yaml)
    with pytest.raises(CampaignError, match="the server takes 1,000") as refused:
        make(one, size_limit=1000)
    (fault,) = refused.value.findings
    assert fault.place is not None
    assert (fault.rule, fault.place.line) == ("unusable-attachment", 3)
    (tmp_path / "letter.html").write_text(shown.replace("Bob", "Nobody"))
    make(campaign(tmp_path, yaml=yaml), size_limit=1000)
    assert ledger.reading.totals()[Status.PENDING] == 3


def test_a_version_that_no_row_asks_for_is_not_what_everybody_gets(
    tmp_path: Path, make: Make, ledger: Record
) -> None:
    for name, size in (("Ada", 0), ("Bob", 0), ("Eve", 0), ("Zoe", 1000)):
        (tmp_path / f"{name}.png").write_bytes(png(8, 4) + name.encode() + bytes(size))
        (tmp_path / f"{name}.html").write_text(f"Hi <img src='{name}.png' alt='x'>")
    yaml = YAML.replace("text: letter.txt", 'html: "{{ name }}.html"')
    make(campaign(tmp_path, yaml=yaml), size_limit=1000)
    assert ledger.reading.totals()[Status.PENDING] == 3
    people = f"{PEOPLE}zoe@example.org,Zoe\n"
    with pytest.raises(CampaignError, match="the server takes 1,000"):
        make(campaign(tmp_path, yaml=yaml, people=people), size_limit=1000)


def test_one_address_with_different_files_needs_a_key(tmp_path: Path, make: Make) -> None:
    (tmp_path / "bills").mkdir()
    for name in ("Ada", "Bob", "Eve"):
        (tmp_path / "bills" / f"{name}.pdf").write_bytes(b"%PDF")
    people = "email,name\nada@example.org,Ada\nada@example.org,Bob\n"
    with pytest.raises(CampaignError, match=r"row 3 \(as row 2\)") as refused:
        make(campaign(tmp_path, people=people, yaml=FILES))
    assert "key:" in str(refused.value)
    keyed = FILES.replace("file: people.csv", "file: people.csv\n  key: email")
    assert make(campaign(tmp_path, people=people, yaml=keyed)).twins.count == 1


def test_it_is_planned_in_batches_and_told_so(tmp_path: Path, ledger: Record, make: Make) -> None:
    told: list[int] = []

    class Watching(Observer):
        def planning(self, rows: int) -> None:
            told.append(rows)

    people = "email,name\n" + "".join(f"p{n}@example.org,P{n}\n" for n in range(1200))
    make(campaign(tmp_path, people=people), observer=Watching())
    assert told == [500, 1000, 1200]
    assert ledger.reading.totals() == {Status.PENDING: 1200}
