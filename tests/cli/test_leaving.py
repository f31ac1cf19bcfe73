"""Signed links to unsubscribe, by the command: what is sent and shown, and where the secret is not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from sendbatch.message.tokens import Signer, token_of
from sendbatch.rendering import workers
from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost

SECRET = "hunter2-correct-horse-battery"
SIGNED = 'unsubscribe: {url: "https://x.example/u", sign: "${UNSUBSCRIBE_SECRET}", one_click: true}\n'
TEXT = "Hello {{ first_name }}, leave: {{ unsubscribe_url }}\n"
UNPLANNED = "{% set all = namespace(x=1) %}{{ all.x }}{{ self.nothing is defined }}" + TEXT
PLACEHOLDER = "links to unsubscribe end with a placeholder"


@pytest.fixture
def signing(desk: Desk) -> Desk:
    desk.campaign(more=SIGNED)
    desk.write("spring.txt", TEXT)
    return desk


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, signing: Desk) -> str:
    monkeypatch.setenv("UNSUBSCRIBE_SECRET", SECRET)
    return SECRET


@pytest.fixture
def to_workers(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All that worker processes are told."""
    told: list[bytes] = []
    write: Callable[..., Any] = workers.write_frame

    def noted(pipe: Any, kind: bytes, data: bytes) -> None:
        told.append(data)
        write(pipe, kind, data)

    monkeypatch.setattr(workers, "write_frame", noted)
    return told


def links(desk: Desk, *, proofs: bool = False) -> list[str]:
    """Those in the bodies of all that was kept."""
    mails = desk.proofs() if proofs else desk.kept()
    return [re.findall(r"https://\S+", text_of(mail))[0] for mail in mails]


def link_of(key: str, secret: str | None) -> str:
    """That of a recipient of the campaign."""
    return "https://x.example/u?" + Signer("spring", secret.encode() if secret else None).query(key)


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("text", [TEXT, UNPLANNED], ids=["planned", "by workers"])
def test_each_gets_a_link_that_the_secret_signed_and_that_bears_no_trace_of_it(
    signing: Desk, secret: str, text: str, to_workers: list[bytes]
) -> None:
    signing.write("spring.txt", text)
    signing.run("run", "spring.yaml").ended(0)
    for mail, link in zip(signing.kept(), links(signing), strict=True):
        token = token_of(link)
        assert (token.campaign, token.key) == ("spring", mail["To"])
        assert token.is_signed_by([secret.encode()])
        assert mail["List-Unsubscribe"] == f"<{link}>"
    told = b"".join(to_workers)
    assert secret.encode() not in told
    assert link_of("ada@example.com", secret).partition("?")[2].encode() in told
    files = [path for path in signing.folder.parent.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite" for path in files)
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_without_the_secret_a_run_is_refused_before_anything_is_sent(signing: Desk) -> None:
    said = signing.run("run", "spring.yaml").ended(2).err
    assert "unsubscribe.sign: UNSUBSCRIBE_SECRET is not set" in said
    assert "spring.yaml:12" in said
    assert "in .env beside the campaign file" in said
    assert signing.nothing_was_sent()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "UNSUBSCRIBE_SECRET is empty"),
        ("short-and-poor", "has 14 bytes, and can be guessed: it must have 16"),
        (f"{SECRET}\nBcc: x", "holds a line break"),
    ],
)
def test_a_secret_that_is_of_no_use_is_refused_and_not_shown(
    signing: Desk, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("UNSUBSCRIBE_SECRET", value)
    refused = signing.run("run", "spring.yaml").ended(2)
    assert said in refused.err
    assert not value or value.split("\n")[0] not in refused.said
    assert signing.nothing_was_sent()


@pytest.mark.parametrize("verb", [["check"], ["plan"], ["run", "--dry-run"]], ids=" ".join)
def test_who_only_looks_needs_no_secret_and_is_told_once(signing: Desk, verb: list[str]) -> None:
    said = signing.run(*verb, "spring.yaml").ended(0).said
    assert said.count(PLACEHOLDER) == 1
    for file in signing.folder.rglob("preview/*.eml"):
        assert b"placeholder-made-without" in file.read_bytes().replace(b"=\r\n", b"")


def test_a_proof_needs_none_either_for_its_links_lead_nowhere(signing: Desk) -> None:
    signing.run("proof", "spring.yaml", "--to", "me@example.com").ended(0)
    assert set(links(signing, proofs=True)) == {"https://unsubscribe.invalid/proof"}


def test_nobody_is_told_of_a_placeholder_where_nothing_is_signed(desk: Desk) -> None:
    desk.campaign(more='unsubscribe: "https://x.example/u"\n')
    assert PLACEHOLDER not in desk.run("plan", "spring.yaml").ended(0).said


@pytest.mark.usefixtures("secret")
def test_a_campaign_that_is_done_needs_its_secret_no_more(
    signing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.run("run", "spring.yaml").ended(0)
    monkeypatch.delenv("UNSUBSCRIBE_SECRET")
    signing.run("run", "spring.yaml").ended(0)
    assert len(signing.kept()) == 3


def test_another_secret_sends_to_nobody_twice(
    signing: Desk, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.run("run", "spring.yaml", "--limit", "1").ended(0)
    monkeypatch.setenv("UNSUBSCRIBE_SECRET", "another secret of 16 bytes")
    signing.change("spring.yaml", '"${UNSUBSCRIBE_SECRET}"', '["${UNSUBSCRIBE_SECRET}", "${OLD}"]')
    signing.run("run", "spring.yaml").ended(0)
    assert len(signing.receivers()) == len(set(signing.receivers())) == 3
    signed = [token_of(link).is_signed_by([secret.encode()]) for link in links(signing)]
    assert sorted(signed) == [False, False, True]


@pytest.mark.parametrize("folder", [".", "mine"], ids=["beside profiles.yaml", "beside the campaign"])
def test_the_secret_may_stand_in_a_dotenv(signing: Desk, folder: str) -> None:
    (signing.folder / ".git").mkdir()  # up to which profiles.yaml is looked for
    signing.write("profiles.yaml", "profiles: {p: {host: 127.0.0.1, port: 1, security: none}}\n")
    for name in ("spring.yaml", "spring.txt", "spring.html", "people.csv"):
        signing.write(f"mine/{name}", (signing.folder / name).read_bytes())
    signing.change("mine/spring.yaml", "smtp: sandbox", "smtp: p")
    signing.write("mine/.env", "ONE=x\nTWO=y\n")
    signing.write(f"{folder}/.env", f"OTHER=x\nUNSUBSCRIBE_SECRET='{SECRET}'\n")
    said = signing.run("run", "mine/spring.yaml", "--yes").ended(2).err
    assert "127.0.0.1:1" in said  # it came as far as to the server
    assert SECRET not in said


def test_a_secret_that_is_written_out_is_an_error_that_does_not_show_it(signing: Desk) -> None:
    for written in (SECRET, f"[{SECRET}]", f"['${{OK}}', {SECRET}]"):
        signing.campaign(more=SIGNED.replace('"${UNSUBSCRIBE_SECRET}"', written))
        said = signing.run("check", "spring.yaml").ended(2).said
        assert "a secret must not be written out in a file" in said
        assert SECRET not in said


def test_a_secret_given_as_a_setting_is_refused_and_not_repeated(signing: Desk) -> None:
    said = signing.run("run", "spring.yaml", "--set", f"UNSUBSCRIBE_SECRET={SECRET}").ended(2).said
    assert "--set UNSUBSCRIBE_SECRET: nothing uses a name like that" in said
    assert SECRET not in said


def test_a_key_that_is_too_long_for_a_link_is_told_with_its_row(signing: Desk, secret: str) -> None:
    signing.change("spring.yaml", "  file: people.csv", '  file: people.csv\n  key: "{{ first_name }}"')
    signing.change("people.csv", "Ada", "A" * 900)
    assert "longer than 900 characters with its token" in signing.run("check", "spring.yaml").ended(1).said
    signing.run("run", "spring.yaml").ended(1)
    assert len(signing.kept()) == 2
    assert sorted(signing.statuses().values()) == ["accepted", "accepted", "failed"]


def test_a_key_is_what_the_link_says_whatever_is_in_it(signing: Desk, secret: str) -> None:
    signing.change("spring.yaml", "  file: people.csv", '  file: people.csv\n  key: "{{ first_name }}"')
    wild = ["a&c=x", "b#é", '"c\nd"']
    rows = "".join(f"p{n}@example.com,{name},paid\n" for n, name in enumerate(wild))
    signing.write("people.csv", "email,first_name,plan\n" + rows)
    signing.run("run", "spring.yaml").ended(0)
    found = {token_of(link.rstrip()).key for link in links(signing)}
    assert found == {row["key"] for row in signing.rows().values()}
    assert {"a&c=x", "b#é"} < found


@pytest.mark.usefixtures("secret")
def test_markdown_and_its_layout_show_the_very_link_of_the_header(signing: Desk) -> None:
    signing.change("spring.yaml", "https://x.example/u", "https://x.example/u_n_/*s*")
    signing.change("spring.yaml", "  html: spring.html\n  text: spring.txt", "  markdown: spring.md")
    signing.write("spring.md", "Hello. [Leave]({{ unsubscribe_url }}) by {{ unsubscribe_url }}\n")
    signing.run("run", "spring.yaml").ended(0)
    for mail in signing.kept():
        link = mail["List-Unsubscribe"].strip("<>")
        part = mail.get_body(("html",))
        assert part is not None
        ways = re.findall(r'href="([^"]*)"', part.get_content())
        assert {html.unescape(way) for way in ways} == {link}
        assert len(ways) == 2  # the author's, and that of the layout
        assert text_of(mail).count(link) == 3


# verify-token


@pytest.mark.usefixtures("secret")
def test_a_link_says_whose_it_is(signing: Desk) -> None:
    signing.run("run", "spring.yaml").ended(0)
    for mail, link in zip(signing.kept(), links(signing), strict=True):
        for file in ([], ["spring.yaml"]):
            said = signing.run("verify-token", link, *file).ended(0)
            assert said.out == f"campaign  spring\nkey       {mail['To']}\n"


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda link: link.replace("c=spring", "c=summer"), "no secret that is known here signed it"),
        (lambda link: link.replace("&k=", "&k=YQ&j="), "no secret that is known here"),
        (lambda link: link[:-1] + ("A" if link[-1] != "A" else "E"), "no secret that is known here"),
        (lambda link: link[:-1], "t is not 1. and 43 characters"),
        (lambda link: "https://x.example/u", "the link has no parameter c"),
        (lambda link: "\x1b[2J" + "x" * 9000, "more than 4,000 characters"),
    ],
)
@pytest.mark.usefixtures("signing")
def test_a_link_that_no_secret_signed_says_nothing_of_anybody(
    desk: Desk, secret: str, spoilt: Callable[[str], str], said: str
) -> None:
    link = link_of("ada@example.com", secret)
    for file in ([], ["spring.yaml"]):
        told = desk.run("verify-token", spoilt(link), *file).ended(1)
        assert said in told.err
        assert told.out == ""
        assert secret not in told.said


def test_a_campaign_file_before_the_link_is_told_their_order(signing: Desk) -> None:
    link = link_of("ada@example.com", SECRET)
    assert "the link comes first" in signing.run("verify-token", "spring.yaml", link).ended(2).err


def test_a_link_that_was_only_looked_at_is_none(signing: Desk) -> None:
    link = link_of("ada@example.com", None)
    assert "made to be looked at" in signing.run("verify-token", link).ended(1).err


def test_an_older_secret_still_verifies(signing: Desk, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_of("ada@example.com", secret)
    signing.change("spring.yaml", '"${UNSUBSCRIBE_SECRET}"', '["${NEW}", "${UNSUBSCRIBE_SECRET}"]')
    assert signing.run("verify-token", link, "spring.yaml").ended(0).out  # whatever NEW is
    other = link_of("ada@example.com", "x" * 16)
    assert "NEW is not set" in signing.run("verify-token", other, "spring.yaml").ended(2).err
    monkeypatch.setenv("NEW", "another secret of 16 bytes")
    signing.run("verify-token", other, "spring.yaml").ended(1)


def test_where_no_secret_is_known_that_is_said(desk: Desk) -> None:
    link = link_of("ada@example.com", "x" * 16)
    unset = desk.run("verify-token", link).ended(2).err
    assert "UNSUBSCRIBE_SECRET is not set" in unset
    assert "or in .env beside the campaign file, and name that" in " ".join(unset.split())
    said = desk.run("verify-token", link, "spring.yaml").ended(2).err
    assert "unsubscribe.sign is not declared" in said


@pytest.mark.usefixtures("signing")
def test_a_key_that_would_take_over_the_terminal_is_shown_inert(desk: Desk, secret: str) -> None:
    link = link_of("a\x1b[2J\nkey  b", secret)
    said = desk.run("verify-token", link).ended(0).out
    assert "\x1b" not in said
    assert said.count("\n") == 2


@pytest.mark.thorough
def test_no_process_but_the_run_has_the_secret(signing: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(signing, more=SIGNED)
    mailhost.hold_after = 1
    signing.write("spring.txt", UNPLANNED)
    run = signing.start("run", "spring.yaml", "--yes", UNSUBSCRIBE_SECRET=SECRET)
    try:
        mailhost.until_holding()
        seen = {
            pid: b"".join((pid / name).read_bytes() for name in ("cmdline", "environ"))
            for pid in (Path("/proc") / child for child in children_of(run.pid))
        }
        assert seen
        assert not [pid for pid, told in seen.items() if SECRET.encode() in told]
        assert SECRET.encode() not in Path(f"/proc/{run.pid}/cmdline").read_bytes()
    finally:
        mailhost.go.set()
    assert ended(run).code == 0


def children_of(pid: int) -> list[str]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for file in found for child in file.read_text().split()]
