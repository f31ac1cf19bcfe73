"""Mail signed by its sender's domain, by the command: what arrives and what is refused; where no key is."""

from __future__ import annotations

import re
import subprocess
from email.message import EmailMessage
from pathlib import Path

import dns.resolver
import pytest

from sendbatch.message.dkim.keys import SigningKey, private_key
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.dkim import made, pem, record, signing_key, verified
from tests.kit.mailhost import MailHost
from tests.kit.nameserver import NameServer
from tests.kit.server import without_dots

BOTH = (signing_key(), signing_key("ed25519", "ed"))
SIGNATURES = """\
    dkim:
      - {domain: example.com, selector: s1, key_file: dkim.pem}
      - {domain: example.com, selector: ed, key: "${DKIM_KEY}"}
"""


@pytest.fixture
def signing(desk: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A campaign that is signed by two keys, through a server."""
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles + SIGNATURES)
    desk.write("dkim.pem", pem()).chmod(0o600)
    monkeypatch.setenv("DKIM_KEY", pem(made("ed25519")).decode().replace("\n", "\\n"))
    return desk


def taken(mailhost: MailHost) -> list[bytes]:
    """All messages as they came, from first to last."""
    return [without_dots(body) for bodies in mailhost.bodies.values() for body in bodies]


def hold(mails: list[bytes], keys: tuple[SigningKey, ...] = BOTH) -> bool:
    return all(verified(mail, keys) == [True] * len(keys) for mail in mails)


def test_all_that_a_run_and_a_proof_send_is_signed(signing: Desk, mailhost: MailHost) -> None:
    signing.run("proof", "spring.yaml", "--to", "me@example.org", "--count", "1").ended(0)
    signing.run("run", "spring.yaml", "--yes").ended(0)
    mails = taken(mailhost)
    assert len(mails) == 4
    assert hold(mails)


def test_a_profile_that_keeps_the_mail_signs_too_and_the_sandbox_does_not(
    signing: Desk, mailhost: MailHost
) -> None:
    signing.change("profiles.yaml", "delivers: true", "delivers: false")
    signing.run("run", "spring.yaml").ended(0)
    assert len(taken(mailhost)) == 3
    assert hold(taken(mailhost))
    signing.run("run", "spring.yaml", "--smtp", "sandbox").ended(0)
    kept: list[EmailMessage] = signing.kept()
    assert ["DKIM-Signature" in mail for mail in kept] == [False] * 3


def test_the_plan_says_by_whom_it_is_signed_and_holds_a_run_to_it(
    signing: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = signing.run("plan", "spring.yaml", "--out", "plan.json").ended(0).said
    assert "  signed by example.com (ed, s1)\n" in said
    signing.write("profiles.yaml", mailhost.profiles)
    refused = signing.run("run", "spring.yaml", "--plan", "plan.json").ended(4).err
    assert "the plan is signed by example.com (ed, s1), this is not signed" in " ".join(refused.split())
    assert taken(mailhost) == []
    assert "signed" not in signing.run("plan", "spring.yaml").ended(0).said


def test_a_run_that_goes_on_says_that_it_is_signed_otherwise(
    signing: Desk, mailhost: MailHost
) -> None:
    changed = "mail is not signed; that of before was signed by example.com (ed, s1)"
    signing.run("run", "spring.yaml", "--yes", "--limit", 1).ended(0)
    assert changed not in signing.run("plan", "spring.yaml").ended(0).said
    signing.write("profiles.yaml", mailhost.profiles)
    for verb in (["plan", "spring.yaml"], ["run", "spring.yaml", "--yes"]):
        assert changed in " ".join(signing.run(*verb).ended(0).said.split())


def test_who_only_looks_needs_no_key(
    signing: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DKIM_KEY")
    (signing.folder / "dkim.pem").unlink()
    for verb in ("check", "plan"):
        said = signing.run(verb, "spring.yaml").ended(0).said
        assert "profiles.yaml:9:55: warning: dkim.key_file: no such file: dkim.pem: a run refuses it" in said
    signing.run("run", "spring.yaml", "--dry-run").ended(0)
    assert mailhost.visits == []


def test_a_key_that_is_gone_by_the_run_refuses_it_before_anybody_connects(
    signing: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.run("check", "spring.yaml").ended(0)
    (signing.folder / "dkim.pem").unlink()
    monkeypatch.setenv("DKIM_KEY", pem()[:500].decode())
    for call in (
        ("run", "spring.yaml", "--yes"),
        ("proof", "spring.yaml", "--to", "a@example.org"),
    ):
        said = signing.run(*call).ended(2).err
        assert "profiles.yaml:9:55: error: dkim.key_file: no such file: dkim.pem" in said
        assert (
            "profiles.yaml:10:50: error: dkim.key: ${DKIM_KEY} cannot sign: it ends before" in said
        )
        assert "MII" not in said
    assert mailhost.visits == []
    assert signing.nothing_was_sent()


def test_a_resumed_run_signs_the_same_message_as_before(signing: Desk, mailhost: MailHost) -> None:
    mailhost.answers["bjork@example.org"] = "450 4.2.1 later"
    signing.campaign(("smtp: sandbox", "smtp: live"), more="retry: {attempts: 1}\n")
    signing.run("run", "spring.yaml", "--yes").ended(1)
    mailhost.answers.clear()
    signing.run("run", "spring.yaml", "--yes", "--retry", "deferred").ended(0)
    assert sorted(mailhost.receivers)[1] == "bjork@example.org"
    assert hold(taken(mailhost))


def test_doubtful_keys_are_told_and_sign(signing: Desk, mailhost: MailHost) -> None:
    signing.write("dkim.pem", pem(made("rsa", 1024))).chmod(0o644)
    said = signing.run("run", "spring.yaml", "--yes").ended(0).err
    assert (
        "profiles.yaml:9:55: warning: dkim.key_file: all users of this machine can read it" in said
    )
    assert "warning: dkim: the key of s1 has 1024 bits" in said
    assert "publish it under another selector" in said
    assert "-out dkim-new.pem" in said  # never over the one that is in use
    assert len(taken(mailhost)) == 3


def test_the_keys_are_in_no_file_that_a_run_writes(signing: Desk, tmp_path: Path) -> None:
    signing.run("run", "spring.yaml", "--yes").ended(0)
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "dkim.pem"]
    secrets = [key.der[-40:] for key in BOTH] + [pem().splitlines()[3]]
    assert files
    assert not [file for file in files for secret in secrets if secret in file.read_bytes()]


def test_probe_says_of_each_key_whether_it_is_published(
    signing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{key.selector}._domainkey.{key.domain}." for key in BOTH]
    split = f'"{record(BOTH[0])[:200]}" "{record(BOTH[0])[200:]}"'
    zone = {names[0]: {"TXT": [split]}, names[1]: {"TXT": ['"v=DKIM1; p="']}}
    with NameServer(zone) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
        said = signing.run("probe", "live").ended(2).out
        assert "ok   signing     s1._domainkey.example.com: our key is published (rsa)" in said
        assert "FAIL signing     ed._domainkey.example.com: the key is revoked" in said
        zone[names[1]] = {"TXT": [f'"{record(BOTH[1])}"']}
        signing.run("probe", "live").ended(0)
        monkeypatch.setenv("DKIM_KEY", "hunter2")
        said = signing.run("probe", "live").ended(2).out
    assert "FAIL signing     dkim.key: ${DKIM_KEY} cannot sign: it is no key" in said
    assert "hunter2" not in said


ELSEWHERE = """\
  other:
    host: smtp.example.net
    dkim: {domain: example.com, selector: s9, key_file: "keys/${OTHER}"}
"""


@pytest.mark.parametrize("cell", ["dkim.pem", "keys/other.pem", "linked.pem", "./keys/../dkim.pem"])
def test_no_cell_attaches_a_key_wherever_the_environment_says_that_it_is(
    signing: Desk, mailhost: MailHost, cell: str, tmp_path: Path
) -> None:
    """Neither the one that signs nor one of another profile."""
    declared = SIGNATURES.replace("key_file: dkim.pem", 'key_file: "${KEY_FILE}"')
    signing.write("profiles.yaml", mailhost.profiles + declared + ELSEWHERE)
    signing.write(".env", "KEY_FILE=dkim.pem\nOTHER=other.pem\n")
    signing.write("keys/other.pem", pem(made("rsa", 1024))).chmod(0o600)
    (signing.folder / "linked.pem").hardlink_to(signing.folder / "dkim.pem")
    signing.write("people.csv", f"email,first_name,last_name,file\nada@example.com,Ada,B,{cell}\n")
    signing.campaign(("smtp: sandbox", "smtp: live"), more='attachments: ["{{ file }}"]\n')
    for verb in (("check",), ("run", "--yes")):
        said = signing.run(verb[0], "spring.yaml", *verb[1:]).ended(2).said
        assert "no cell may attach that" in said or ".." in said
    assert mailhost.visits == []


def test_nor_do_the_words_of_the_campaign(signing: Desk, mailhost: MailHost) -> None:
    signing.write("spring.txt", "Hello {{ first_name }} {% include 'dkim.pem' %}\n")
    signing.campaign(("smtp: sandbox", "smtp: live"), more="attachments: [dkim.pem]\n")
    said = signing.run("check", "spring.yaml").ended(2).said
    whose = "a private key, which signs mail and is nobody's to have: dkim.pem"
    assert f"error: attachments: {whose}" in said
    assert f"error: templates: {whose}" in said


def test_a_file_of_secrets_is_put_into_no_mail(signing: Desk) -> None:
    signing.write(".env", "SMTP_PASSWORD=hunter2\n")
    signing.write("spring.txt", "Hello {{ first_name }} {% include '.env' %}\n")
    signing.campaign(("smtp: sandbox", "smtp: live"), more="attachments: [.env]\n")
    said = signing.run("check", "spring.yaml").ended(2).said
    for key in ("attachments", "templates"):
        assert f"error: {key}: a file of secrets, which is nobody's to have: .env" in said
    assert "hunter2" not in said


def test_each_message_is_signed_by_the_keys_of_its_own_sender(
    signing: Desk, mailhost: MailHost
) -> None:
    own = (signing_key(), signing_key("ed25519", "ed", "xn--mller-kva.example"))
    signing.change("profiles.yaml", "example.com, selector: ed", "müller.example, selector: ed")
    signing.write(
        "people.csv",
        "email,first_name,agent\nada@example.com,Ada,ann@example.com\nbo@example.org,Bo,b@müller.example\n",
    )
    senders = 'from: "{{ agent }}"\nsenders: [ann@example.com, b@müller.example]'
    signing.campaign(
        ("from: Example News <news@example.com>", senders), ("smtp: sandbox", "smtp: live")
    )
    signing.run("check", "spring.yaml").ended(0)
    signing.run("run", "spring.yaml", "--yes").ended(0)
    for mail, key in zip(taken(mailhost), own, strict=True):
        assert mail.count(b"DKIM-Signature:") == 1
        assert verified(mail, [key]) == [True]


def test_a_sender_without_a_signature_and_a_signature_without_a_sender_are_faults(
    signing: Desk,
) -> None:
    senders = 'from: "{{ first_name }}"\nsenders: [ann@example.com, bob@example.net]'
    signing.campaign(
        ("from: Example News <news@example.com>", senders), ("smtp: sandbox", "smtp: live")
    )
    said = signing.run("check", "spring.yaml").ended(2).said
    assert "dkim: no signature is of the domain of bob@example.net, or of one above it" in said
    assert "add one of example.net" in said
    signing.change("profiles.yaml", "example.com, selector: ed", "example.org, selector: ed")
    said = signing.run("check", "spring.yaml").ended(2).said
    assert "dkim: example.org is not the domain of any of senders, nor one above it" in said


GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide.md"
MADE = """\
    dkim:
      - {domain: example.com, selector: s1, key_file: "${DKIM_KEY_FILE}"}
      - {domain: example.com, selector: ed, key_file: dkim-ed.pem}
"""


def test_the_keys_and_records_that_the_guide_makes_are_those_that_probe_finds_and_a_run_signs_by(
    desk: Desk, mailhost: MailHost, needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command as it stands there."""
    needs("openssl", "the guide makes keys with it")
    told = GUIDE.read_text().partition("### Signed by your own domain")[2].partition("\n## ")[0]
    commands = re.findall(r"^\$ (openssl .*)$", told, re.MULTILINE)
    assert len(commands) == 4
    monkeypatch.setenv("DKIM_KEY_FILE", "dkim.pem")
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles + MADE)
    printed = [
        subprocess.run(
            command, shell=True, cwd=desk.folder, capture_output=True, text=True, check=True
        ).stdout
        for command in commands
    ]
    rsa, ed = (text for command, text in zip(commands, printed, strict=True) if "-pubout" in command)
    assert "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA…" in told
    assert rsa.startswith("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")
    said = f"v=DKIM1; k=rsa; p={rsa}"
    zone = {
        "s1._domainkey.example.com.": {"TXT": [f'"{said[:255]}" "{said[255:]}"']},
        "ed._domainkey.example.com.": {"TXT": [f'"v=DKIM1; k=ed25519; p={ed}"']},
    }
    with NameServer(zone) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
        probed = desk.run("probe", "live").ended(0).said
    assert "s1._domainkey.example.com: our key is published (rsa)" in probed
    assert "ed._domainkey.example.com: our key is published (ed25519)" in probed
    assert "warning" not in probed  # nobody else can read them
    desk.run("run", "spring.yaml", "--yes").ended(0)
    keys = [
        SigningKey("example.com", selector, key.algorithm, key.der)
        for selector, file in (("s1", "dkim.pem"), ("ed", "dkim-ed.pem"))
        for key in [private_key((desk.folder / file).read_bytes())]
    ]
    assert hold(taken(mailhost), (keys[0], keys[1]))

