"""The line of a summary that settles somebody, pasted into a shell as people do."""

from __future__ import annotations

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.test_pasted import HOSTILE, pasted


@pytest.mark.parametrize("key", [one for one in HOSTILE if one.strip() == one])
def test_the_line_of_a_summary_settles_the_one_whose_key_it_has_and_runs_nothing(
    desk: Desk, mailhost: MailHost, key: str
) -> None:
    quoted = key.replace('"', '""')
    desk.write("people.csv", f'id,email,first_name\nada,ada@example.com,A\n"{quoted}",b@example.com,B\n')
    desk.change("spring.yaml", "  file: people.csv\n", "  file: people.csv\n  key: id\n")
    mailhost.take_over(desk)
    mailhost.answers["b@example.com"] = "554 5.7.1 Relay access denied"

    told = desk.run("run", "spring.yaml", "--yes", "--no-wait")

    line = next(one for one in told.said.splitlines() if one.endswith("--as rejected") or " -- " in one)
    words = pasted(line, desk.folder)
    assert not list(desk.folder.rglob("PWNED"))
    if "KEY…" not in words:  # for one that cannot be shown as it is
        assert desk.run(*words).ended(0)
        assert desk.statuses()["b@example.com"] == "rejected"
    else:
        assert key.startswith("##[")
