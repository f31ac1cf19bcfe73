"""Where a record is, and which others there are beside it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.record import open_ledger


def recorded(folder: RecordFolder, run: str | None = None) -> None:
    """Make a record there, of the folder's own edition."""
    folder.make()
    with open_ledger(folder.path) as ledger, ledger.draft() as draft:
        draft.remember("run", folder.run if run is None else run)
        draft.stage(["email"]).finish(
            inputs="", recipients_digest="", content_digest="", started_at=0.0, completed_at=1.0
        )
        draft.merge()


def test_a_run_that_was_refused_leaves_no_edition(tmp_path: Path) -> None:
    refused = RecordFolder(tmp_path, "news")
    refused.make()
    with open_ledger(refused.path):
        pass
    recorded(RecordFolder(tmp_path, "news", "2"))
    assert RecordFolder(tmp_path, "news").editions() == ["2"]


@pytest.mark.parametrize(
    ("run", "profile", "name"),
    [
        ("", "", "news"),
        ("2026-12", "", "news@2026-12"),
        ("", "sandbox", "news.sandbox"),
        ("2026-12", "sandbox", "news@2026-12.sandbox"),
    ],
)
def test_each_campaign_edition_and_kept_mail_has_its_own_folder(
    tmp_path: Path, run: str, profile: str, name: str
) -> None:
    assert RecordFolder(tmp_path, "news", run, profile).path == tmp_path / name


def test_the_editions_with_a_record_are_listed(tmp_path: Path) -> None:
    for run in ("", "2026-12", "2026-11"):
        recorded(RecordFolder(tmp_path, "news", run))
    for other in ("newsletter", "new"):
        recorded(RecordFolder(tmp_path, other, "2026-10"))

    assert RecordFolder(tmp_path, "news", "x").editions() == ["", "2026-11", "2026-12"]
    assert RecordFolder(tmp_path, "newsletter").editions() == ["2026-10"]
    assert RecordFolder(tmp_path, "news", "", "sandbox").editions() == []


def test_a_folder_without_a_record_is_no_edition(tmp_path: Path) -> None:
    RecordFolder(tmp_path, "news", "2026-12").make()
    (tmp_path / "news@file").write_text("")

    assert RecordFolder(tmp_path, "news").editions() == []


def test_where_nothing_was_ever_recorded_there_are_no_editions(tmp_path: Path) -> None:
    assert RecordFolder(tmp_path / "nowhere", "news").editions() == []


def test_kept_mail_is_no_edition_of_what_is_delivered_nor_the_other_way_round(
    tmp_path: Path,
) -> None:
    for run in ("", "2026-12"):
        recorded(RecordFolder(tmp_path, "news", run, "sandbox"))
    recorded(RecordFolder(tmp_path, "news", "2026-11"))

    assert RecordFolder(tmp_path, "news").editions() == ["2026-11"]
    assert RecordFolder(tmp_path, "news", "", "sandbox").editions() == ["", "2026-12"]


def test_an_edition_with_a_dot_is_told_from_kept_mail_by_its_record(tmp_path: Path) -> None:
    recorded(RecordFolder(tmp_path, "news", "v1.sandbox"))

    assert RecordFolder(tmp_path, "news").editions() == ["v1.sandbox"]
    assert RecordFolder(tmp_path, "news", "", "sandbox").editions() == []


def test_a_record_that_cannot_be_read_is_still_an_edition(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, "news", "2026-12")
    folder.make()
    (folder.path / "ledger.sqlite").write_text("broken")

    assert RecordFolder(tmp_path, "news").editions() == ["2026-12"]


def test_folders_are_the_owners_alone_and_out_of_version_control(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path / "campaigns" / "reports", "news", "2026-12")

    folder.make()

    assert (folder.base / ".gitignore").read_text() == "*\n"
    for made in (folder.base, folder.path):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert list(folder.path.iterdir()) == []


def test_of_a_folder_that_a_person_named_the_record_alone_is_kept_out_of_version_control(
    tmp_path: Path,
) -> None:
    folder = RecordFolder(tmp_path, "news", named=True)

    folder.make()

    assert not (tmp_path / ".gitignore").exists()
    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_run_begins_with_an_empty_ledger_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path / "campaigns" / "reports", "news")

    folder.begin()

    assert (folder.path / "ledger.sqlite").read_bytes() == b""
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.begin()  # as the run does that comes next


def test_making_a_folder_again_leaves_what_a_person_wrote(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, "news")
    (tmp_path / ".gitignore").write_text("!news/report.csv\n")

    folder.make()
    folder.make()

    assert (tmp_path / ".gitignore").read_text() == "!news/report.csv\n"


@pytest.mark.parametrize("way", ["reports", "reports/news"])
def test_a_folder_that_cannot_be_written_is_told_of_before_anything_is_sent(
    tmp_path: Path, way: str
) -> None:
    blocked = tmp_path / way
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file in the way")

    with pytest.raises(LedgerError) as caught:
        RecordFolder(tmp_path / "reports", "news").make()

    assert "the record cannot be kept here: " in str(caught.value)
    assert "None" not in str(caught.value)
    assert "--record DIR" in str(caught.value)
