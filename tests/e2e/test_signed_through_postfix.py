"""Signed mail through a real Postfix: it passes unchanged, and what arrives still verifies."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Needs
from tests.e2e.desk import Installed, profile_of
from tests.e2e.postfix import PostfixServer
from tests.kit.dkim import made, passed, pem, signing_key, verified

BOTH = (signing_key(), signing_key("ed25519", "ed"))
SIGNATURES = """\
    dkim:
      - {domain: example.com, selector: s1, key_file: "${DKIM_KEY_FILE}"}
      - {domain: example.com, selector: ed, key: "${DKIM_KEY}"}
"""
MAILBOX = "news@example.com"


def arrived(server: PostfixServer) -> list[bytes]:
    """What lies in the mailbox, with the line ends that it had on its way."""
    server.all_mail()
    files = sorted((server.maildir / "new").iterdir())
    return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


def test_what_postfix_delivers_still_verifies(
    tmp_path: Path, postfix: PostfixServer, needs: Needs
) -> None:
    opendkim = needs("opendkim", "it says whether our signatures hold")
    (tmp_path / "home").mkdir()
    desk = Installed(tmp_path / "work", tmp_path / "home", postfix)
    desk.folder.mkdir()
    desk.call("init", "news").ended(0)
    news = Installed(desk.folder / "news", tmp_path / "home", postfix)
    news.write("profiles.yaml", profile_of(postfix) + SIGNATURES)
    news.write("secret/dkim.pem", pem()).chmod(0o600)
    news.environ["DKIM_KEY_FILE"] = "secret/dkim.pem"
    news.environ["DKIM_KEY"] = pem(made("ed25519")).decode().replace("\n", "\\n")
    news.call("run", "campaign.yaml", "--smtp", "postfix", "--yes", "--no-wait").ended(0)
    news.call("proof", "campaign.yaml", "--smtp", "postfix", "--to", MAILBOX).ended(0)
    mails = arrived(postfix)
    assert len(mails) > 3
    for mail in mails:
        assert mail.count(b"DKIM-Signature: ") == len(BOTH)
        assert verified(mail, BOTH) == [True, True]
        assert passed(opendkim, mail, BOTH, tmp_path) == ["rsa-sha256", "ed25519-sha256"]
