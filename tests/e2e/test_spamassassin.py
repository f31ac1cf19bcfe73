"""What a filter makes of mail that nobody has changed yet: Debian's SpamAssassin, by its own rules alone.

It sees each message as a receiver's server does: handed over by a relay with a name, with its Return-Path. It
takes seconds to start, so it is asked once for each campaign: what is like the recipient's address in a link
it sees in the first message of a call alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.conftest import Needs
from tests.e2e.desk import Installed

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
HIGHEST = 1.0  # whoever refuses mail does it from 5.0 on; most of that is to be left to what an author writes
RELAYED = (
    "Return-Path: <{sender}>\r\n"
    "Received: from mail.relay.example (mail.relay.example [185.199.108.153])\r\n"
    "\tby mx.receiver.example (Postfix) with ESMTPS id 4XabcD2z1Kz9sT8\r\n"
    "\tfor <{recipient}>; {date}\r\n"
)
TOLD = "add_header all Told score=_SCORE_ _TESTSSCORES(,)_"
SCORE = re.compile(r"score=(-?[0-9.]+)(.*)", re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path) -> Installed:
    (tmp_path / "home").mkdir()
    for folder in ("campaigns", "templates"):
        shutil.copytree(
            ROOT / folder, tmp_path / "work" / folder, ignore=shutil.ignore_patterns("reports")
        )
    return Installed(tmp_path / "work", tmp_path / "home")


def test_the_samples_and_what_init_writes_are_far_from_what_is_taken_for_spam(
    needs: Needs, desk: Installed
) -> None:
    program = needs("spamassassin", "it says how mail looks to a filter")
    starters = ("starter", "starter-in-markdown")
    desk.call("init", starters[0]).ended(0)
    desk.call("init", "--markdown", starters[1]).ended(0)
    campaigns = [*(desk.folder / "campaigns").glob("*.yaml")]
    campaigns += [desk.folder / starter / "campaign.yaml" for starter in starters]
    for campaign in campaigns:
        if campaign.name != "profiles.yaml":
            desk.call("run", campaign, "--yes").ended(0)
    kept = sorted(desk.folder.rglob("outbox/*.eml"))
    outboxes = {path.parent for path in kept}
    assert len(outboxes) == len(campaigns) - 1

    said: dict[str, str] = {}
    for outbox in sorted(outboxes):
        said |= scored(program, sorted(outbox.glob("*.eml")), desk)

    too_much = [f"{name}: {told}" for name, told in said.items() if score_of(told) >= HIGHEST]
    assert not too_much, "\n".join(too_much)


def scored(program: str, mails: list[Path], desk: Installed) -> dict[str, str]:
    """What SpamAssassin says of each: its score, and each rule that gave it."""
    folder = Path(tempfile.mkdtemp(dir=desk.folder))
    for number, path in enumerate(mails):
        (folder / f"{number:06}.eml").write_bytes(relayed(path.read_bytes()))
    ended = subprocess.run(
        [program, "--local", "--test-mode", f"--cf={TOLD}", *sorted(folder.iterdir())],
        env={**os.environ, "HOME": desk.environ["HOME"]},
        capture_output=True,
        check=True,
        timeout=300,
    )
    told = re.findall(rb"^X-Spam-Told: (.*(?:\r?\n[ \t].*)*)", ended.stdout, re.MULTILINE)
    assert len(told) == len(mails), ended.stderr.decode()
    names = [str(path.relative_to(desk.folder)) for path in mails]
    return dict(zip(names, (" ".join(one.decode().split()) for one in told), strict=True))


def relayed(mail: bytes) -> bytes:
    """The message with what the servers on its way write before it."""
    read = message_from_bytes(mail, policy=policy.default)
    assert isinstance(read, EmailMessage)
    header = RELAYED.format(
        sender=f"bounces@{read['From'].addresses[0].domain}",
        recipient=read["To"].addresses[0].addr_spec,
        date=read["Date"],
    )
    return header.encode() + mail


def score_of(told: str) -> float:
    found = SCORE.match(told)
    assert found is not None, told
    return float(found[1])
