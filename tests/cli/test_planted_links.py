"""A repository that was cloned may hold a link by any name that is written to: none is written through."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.kit.command import Desk, Ended
from tests.kit.mailhost import MailHost

pytestmark = pytest.mark.thorough

PRECIOUS = b"# what somebody would miss\n"
RECORD = "reports/spring.sandbox"
OURS = (
    "reports/.gitignore",
    *(
        f"{RECORD}/{name}"
        for name in (
            "lock", "lock.json", ".writable", "ledger.sqlite", "ledger.sqlite-wal",
            "ledger.sqlite-shm", "ledger.sqlite-journal", "report.csv", "report.json",
            "preview/index.html", "preview/01-row2.eml", "outbox/000001.eml",
        )
    ),
    "plan.json", "plan.json.part",
)  # fmt: skip
FOLDERS = ("reports", RECORD, f"{RECORD}/preview", f"{RECORD}/outbox")
CALLS = (
    ("run", "spring.yaml"),
    ("run", "spring.yaml", "--dry-run"),
    ("plan", "spring.yaml", "--out", "plan.json"),
    ("check", "spring.yaml"),
    ("proof", "spring.yaml", "--to", "boss@example.com"),
    ("status", "spring.yaml"),
    ("report", "spring.yaml"),
    ("resolve", "spring.yaml", "ada@example.com", "--as", "pending"),
)


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of the user's own, out of the campaign's folder."""
    file = tmp_path / "home" / "precious"
    file.write_bytes(PRECIOUS)
    return file


def plant(desk: Desk, name: str, target: Path) -> None:
    link = desk.folder / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def try_all(desk: Desk) -> list[Ended]:
    ended = [desk.run(*call) for call in CALLS]
    assert {one.code for one in ended} <= {0, 1, 2, 3}
    return ended


@pytest.mark.parametrize("name", OURS)
def test_no_file_of_the_users_is_written_through_a_link(
    desk: Desk, name: str, precious: Path
) -> None:
    plant(desk, name, precious)
    before = precious.stat()

    try_all(desk)

    assert precious.read_bytes() == PRECIOUS
    assert (before.st_mtime_ns, before.st_mode) == (
        precious.stat().st_mtime_ns,
        precious.stat().st_mode,
    )
    assert os.listdir(precious.parent) == ["precious"]


@pytest.mark.parametrize("name", OURS)
def test_no_file_is_made_where_a_dangling_link_leads(desk: Desk, name: str, tmp_path: Path) -> None:
    plant(desk, name, tmp_path / "home" / "authorized_keys")

    try_all(desk)

    assert os.listdir(tmp_path / "home") == []


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_ours_that_is_a_link_is_refused_and_nothing_is_made_in_it(
    desk: Desk, name: str, tmp_path: Path
) -> None:
    (tmp_path / "home" / "folder").mkdir()
    plant(desk, name, tmp_path / "home" / "folder")

    ended = try_all(desk)

    assert os.listdir(tmp_path / "home" / "folder") == []
    said = "".join(one.err for one in ended)
    assert f"{name}: " in said
    assert "symbolic link" in said
    assert desk.nothing_was_sent() or name.endswith("preview")


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger.sqlite-wal", "lock"])
def test_a_link_in_place_of_the_record_is_named_with_what_to_do(
    desk: Desk, name: str, precious: Path
) -> None:
    plant(desk, f"{RECORD}/{name}", precious)

    ended = desk.run("run", "spring.yaml")

    assert ended.code == 2
    assert "symbolic link" in ended.err
    assert not desk.kept()


def test_a_folder_that_a_person_names_may_be_a_link_and_holds_the_same_records(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "volume").mkdir()
    plant(desk, "reports", tmp_path / "volume")
    refused = desk.run("run", "spring.yaml")
    assert "--record reports" in refused.err

    assert desk.run("run", "spring.yaml", "--record", "reports").code == 0

    assert (tmp_path / "volume" / "spring.sandbox" / "ledger.sqlite").is_file()
    again = desk.run("run", "spring.yaml", "--record", "reports")
    assert "nothing to send" in again.err


def test_a_link_is_refused_as_the_name_of_a_plan_and_stays(desk: Desk, precious: Path) -> None:
    plant(desk, "approved.json", precious)

    ended = desk.run("plan", "spring.yaml", "--out", "approved.json")

    assert ended.code == 2
    assert "approved.json: the plan cannot be written: it is a link" in ended.err
    assert (desk.folder / "approved.json").is_symlink()
    assert precious.read_bytes() == PRECIOUS


def test_a_plan_is_its_owners_alone_whatever_the_umask(desk: Desk) -> None:
    before = os.umask(0)
    try:
        assert desk.run("plan", "spring.yaml", "--out", "plan.json").code == 0
    finally:
        os.umask(before)

    assert stat.S_IMODE((desk.folder / "plan.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("dangling", [False, True])
def test_what_an_account_used_is_not_written_through_a_link(
    desk: Desk, mailhost: MailHost, precious: Path, end: str, dangling: bool
) -> None:
    mailhost.take_over(desk)
    desk.write("profiles.yaml", f"{mailhost.profiles}    usage: usage.sqlite\n")
    plant(desk, f"usage.sqlite{end}", precious.with_name("none") if dangling else precious)

    ended = desk.run("run", "spring.yaml", "--yes")

    assert ended.code == 2
    assert "symbolic link" in ended.err
    assert not mailhost.receivers
    assert precious.read_bytes() == PRECIOUS
    assert not precious.with_name("none").exists()


@pytest.mark.parametrize("deep", [False, True])
def test_nothing_is_made_or_removed_where_a_link_stands_for_the_runs_that_are_alive(
    desk: Desk, mailhost: MailHost, tmp_path: Path, deep: bool
) -> None:
    mailhost.take_over(desk)
    desk.write("profiles.yaml", f"{mailhost.profiles}    usage: usage.sqlite\n")
    if deep:  # by the name of the account, which stands in usage.sqlite
        assert desk.run("run", "spring.yaml", "--yes", "--limit", "1").code == 0
        (account,) = (desk.folder / "alive").iterdir()
        account.rmdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "precious").write_bytes(PRECIOUS)
    plant(desk, f"alive/{account.name}" if deep else "alive", tmp_path / "folder")

    for call in (("plan", "spring.yaml"), ("run", "spring.yaml", "--yes")):
        desk.run(*call)

    assert os.listdir(tmp_path / "folder") == ["precious"]
    assert (tmp_path / "folder" / "precious").read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", ["campaign.yaml", "people.csv", "profiles.yaml", ".gitignore"])
@pytest.mark.parametrize("dangling", [False, True])
def test_a_first_campaign_is_not_written_through_a_link(
    desk: Desk, precious: Path, name: str, dangling: bool
) -> None:
    plant(desk, f"new/{name}", precious.with_name("none") if dangling else precious)

    ended = desk.run("init", "new")

    assert ended.code == (0 if name == ".gitignore" else 2)
    assert precious.read_bytes() == PRECIOUS
    assert not precious.with_name("none").exists()
