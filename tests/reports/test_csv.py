"""report.csv: a row a recipient, safe to open."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.audience.cells import bare
from sendbatch.audience.reading import open_table
from sendbatch.audience.reported import FORMULA_STARTS, marked, unmarked
from sendbatch.message.identity import message_id
from sendbatch.message.variants import Variants
from sendbatch.reports.csv import columns_beside, write, write_with_columns
from sendbatch.values import Status
from tests.reports.conftest import Record

HEADER = (
    "row,key,email,status,code,enhanced_code,reply,attempts,message_id,content,"
    "first_attempt_at,finished_at,reason,variant\r\n"
)


def written(record) -> str:
    out = io.StringIO(newline="")
    write(record.report(), out)
    return out.getvalue()


def rows(record) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(record), newline="")))


def test_an_empty_record_gives_the_header_alone(record) -> None:
    assert written(record) == HEADER


def test_an_accepted_recipient_is_told_in_full(record) -> None:
    record.add(
        Status.ACCEPTED,
        key="jane",
        code=250,
        enhanced="2.0.0",
        reply="Ok: queued, thanks",
        attempts=1,
        content="c0ffee" + "0" * 58,
        first_attempt_at=1_800_000_000.0,
        finished_at=1_800_000_001.25,
    )
    identity = message_id(bytes.fromhex("ab" * 16), "jane", "c0ffee" + "0" * 58, "example.com")

    assert written(record) == (
        HEADER + '2,jane,p2@example.com,accepted,250,2.0.0,"Ok: queued, thanks",1,'
        f"{identity},c0ffee000000,2027-01-15T08:00:00.000Z,2027-01-15T08:00:01.250Z,,\r\n"
    )


def test_a_recipient_never_sent_to_has_no_message_id_and_no_times(record) -> None:
    record.add(Status.INVALID, key="", email="", reason="the address is empty")

    assert written(record) == HEADER + "2,,,invalid,,,,0,,,,,the address is empty,\r\n"


def test_a_row_still_sending_is_told_as_in_doubt(record) -> None:
    record.add(Status.SENDING)

    assert [row["status"] for row in rows(record)] == ["in_doubt"]


def test_recipients_no_longer_in_the_csv_are_told_too(record) -> None:
    record.gone.append(record.add(Status.WITHDRAWN))
    record.rows.clear()

    assert [row["status"] for row in rows(record)] == ["withdrawn"]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_what_a_spreadsheet_would_run_is_made_text(record, start: str) -> None:
    formula = f'{start}HYPERLINK("https://evil.example";"x")'
    record.add(Status.REJECTED, key=formula, email=formula, reply=formula, reason=formula)

    (row,) = rows(record)

    assert {row[name] for name in ("key", "email", "reply", "reason")} == {"'" + formula}


@given(st.text())
def test_no_cell_starts_as_a_formula(text: str) -> None:
    assert not marked(text).startswith(FORMULA_STARTS)
    assert marked(text).endswith(text)


def test_line_breaks_quotes_and_commas_in_a_cell_stay_in_it(record) -> None:
    key = 'a,b;"c"\r\nd\n'
    record.add(Status.PENDING, key=key)

    assert [row["key"] for row in rows(record)] == [key]


CELLS = st.text(alphabet='ab=-@,;"\r\n\t üＡ＝', max_size=4)


@given(CELLS, CELLS, CELLS, CELLS)
def test_every_row_is_what_csv_writer_makes_of_it(record, key, email, reply, reason) -> None:
    record.rows.clear()
    record.add(Status.REJECTED, key=key, email=email, code=550, reply=reply, reason=reason)
    out = io.StringIO(newline="")
    texts = [marked(text) for text in (key, email, reply, reason)]
    csv.writer(out).writerow(
        [2, *texts[:2], "rejected", 550, "", texts[2], 0, "", "", "", "", texts[3], ""]
    )

    assert written(record) == HEADER + out.getvalue()


def test_the_variant_is_that_of_the_content_that_was_sent(record) -> None:
    two, three = Variants("spring", ("One", "Two")), Variants("spring", ("One", "Two", "Three"))
    for content, variants in (("a" * 64, two), ("b" * 64, three)):
        record.facts[f"subjects of {content}"] = variants.remembered()
    for number in range(20):
        record.add(Status.ACCEPTED, key=f"p{number}", content="ab"[number % 2] * 64)
    record.add(Status.REJECTED, key="p20")
    record.add(Status.ACCEPTED, key="p21", content="c" * 64)

    told = [row["variant"] for row in rows(record)]

    assert told == [*((two, three)[n % 2].name_of(f"p{n}") for n in range(20)), "", ""]


TEXTS = st.text(alphabet="'=+-@＝aé,;\"\r\n\t ", max_size=6)


@given(st.text() | TEXTS)
@example("'=1")
@example("''=1")
def test_what_is_marked_for_a_spreadsheet_is_read_as_it_was(text: str) -> None:
    assert unmarked(marked(text)) == text


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
@example([("'=1", "-5"), ("''+x", "'"), ('"', "a\r\nb")])
def test_a_report_with_columns_is_a_list_with_the_very_cells(tmp_path_factory, cells) -> None:
    record = listing("email", "note", rows=[tuple(map(bare, row)) for row in cells])
    path = tmp_path_factory.mktemp("list") / "report.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write("\ufeff")  # as for Excel
        write_with_columns(record.report(), out)

    with open_table(path) as table:
        places = [table.columns.index(name) for name in ("email_in_list", "note", "status")]
        read = [tuple(row.cells[place] for place in places) for row in table]

    assert read == [(*row, "rejected") for row in record.cells.values()]


def test_the_list_of_a_report_may_be_shuffled_and_have_more_columns(tmp_path) -> None:
    record = listing("phone", rows=[("+49 170",)])
    out = io.StringIO(newline="")
    write_with_columns(record.report(), out)
    header, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row[-1] == "'+49 170"
    path = tmp_path / "sorted.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["note", *header[::-1]], ["'-", *row[::-1]]])

    with open_table(path) as table:
        (read,) = table

    assert dict(zip(table.columns, read.cells, strict=True))["phone"] == "+49 170"


def test_apostrophes_of_any_other_list_stay(tmp_path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,phone\na@example.com,'+49 170\n")

    with open_table(path) as table:
        assert [row.cells for row in table] == [("a@example.com", "'+49 170")]


def test_columns_of_the_list_that_are_called_as_ours_get_another_name() -> None:
    names = ("email", "status", "status_in_list", "ｒｏｗ", "plan")
    record = listing(*names, rows=[("a", "b", "c", "d", "e")])

    assert columns_beside(record) == {
        "email": "email_in_list",
        "status": "status_in_list_in_list",
        "status_in_list": "status_in_list",
        "ｒｏｗ": "ｒｏｗ_in_list",
        "plan": "plan",
    }


def test_who_is_no_longer_in_the_list_has_no_cells_of_it() -> None:
    record = listing("plan", rows=[("paid",)])
    record.gone.append(record.add(Status.WITHDRAWN))
    del record.rows[-1]
    out = io.StringIO(newline="")
    write_with_columns(record.report(), out)

    told = csv.DictReader(io.StringIO(out.getvalue(), newline=""))

    assert [(row["status"], row["plan"]) for row in told] == [("rejected", "paid"), ("withdrawn", "")]


def listing(*columns: str, rows):
    """A record of a list with these columns, in which everybody was refused."""
    record = Record(columns=columns)
    for cells in rows:
        record.cells[record.add(Status.REJECTED).id] = cells
    return record
