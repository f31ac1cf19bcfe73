"""Attachments that can be sent and do no good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendbatch.campaign.model import Attachment, Campaign
from sendbatch.message.checks.attachments import doubtful_attachments
from sendbatch.message.reading import read_content

FILES = {
    "campaigns/empty.csv": b"",
    "campaigns/terms.pdf": b"%PDF",
    "campaigns/copy.pdf": b"%PDF",
    "campaigns/setup.EXE": b"MZ",
}
OWN = "bills/{{ customer_id }}.pdf"


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (["terms.pdf"], []),
        (["empty.csv"], ["attachments: empty.csv is empty: it has no byte"]),
        (
            ["empty.csv", "empty.csv"],
            ["attachments: empty.csv is empty: it has no byte"] * 2,
        ),
        (
            ["setup.EXE"],
            [
                "attachments: Gmail refuses a mail with a .exe in it, and so do many others: setup.EXE"
            ],
        ),
        ([Attachment("setup.EXE", name="setup.bin")], []),
        (
            [Attachment("terms.pdf", name="{{ customer_id }}.js")],
            [
                "attachments: Gmail refuses a mail with a .js in it, and so do many others: terms.pdf"
            ],
        ),
        (
            ["tools/{{ customer_id }}.bat"],
            [
                "attachments: Gmail refuses a mail with a .bat in it, and so do many others: "
                "tools/{{ customer_id }}.bat"
            ],
        ),
        (["files/{{ customer_id }}"], []),
        (
            ["setup.EXE", "setup.EXE"],
            [
                "attachments: Gmail refuses a mail with a .exe in it, and so do many others: setup.EXE",
                "attachments: setup.EXE is attached twice",
            ],
        ),
        (["terms.pdf", "terms.pdf"], ["attachments: terms.pdf is attached twice"]),
        (["terms.pdf", "copy.pdf"], ["attachments: copy.pdf is the same file as terms.pdf"]),
        ([OWN, OWN], [f"attachments: {OWN} is attached twice"]),
        ([OWN, "terms.pdf"], []),
    ],
)
def test_what_does_no_good_is_told_where_it_is_declared(
    campaign: Callable[..., Campaign], declared: list[str | Attachment], found: list[str]
) -> None:
    made = campaign(FILES, attachments=declared)
    told = [*doubtful_attachments(read_content(made), made)]
    assert [one.message for one in told] == found
    assert {one.severity for one in told} <= {"warning"}
    if len(declared) == 1:
        assert {one.place for one in told} <= {made.places["attachments.0.file"]}
