"""A run from end to end, by what it leaves behind."""

from __future__ import annotations

from tests.kit.command import Desk


def test_each_record_names_its_messages_by_a_secret_of_its_own(desk: Desk) -> None:
    """Who knows an address and the letter can't tell from a Message-ID whether it was mailed."""
    ids = []
    for record in ("one", "other"):
        assert desk.run("run", "spring.yaml", "--record", record).code == 0
        mails = (desk.folder / record).rglob("*.eml")
        ids.append({mail.read_bytes().partition(b"Message-ID: ")[2].split()[0] for mail in mails})
    assert len(ids[0]) == len(ids[1]) == 3
    assert not ids[0] & ids[1]
