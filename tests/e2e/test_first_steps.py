"""The first steps hold: what README, guide and the page on Python say is done, as it stands there."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.cli.main import app
from sendbatch.sandbox import Sandbox
from tests.e2e.desk import Installed, report_in, statuses
from tests.kit.command import Desk, read_mails
from tests.kit.tools import find_or_skip

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/guide.md", "docs/reference.md", "docs/python.md", "docs/providers.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in one language."""
    return [body for named, body in FENCE.findall(text) if named == language]


def typed(text: str) -> list[str]:
    """The lines after a prompt, without what a `#` says of them."""
    lines = [line for block in blocks(text, "console") for line in block.splitlines()]
    return [line[2:].partition("  #")[0].strip() for line in lines if line.startswith("$ ")]


def arguments(line: str) -> list[str]:
    """What `sendbatch` gets of a line for a shell."""
    words = shlex.split(line.split("|")[0].split(">")[0], comments=True)
    return words[1:]


@pytest.fixture
def desk(tmp_path: Path) -> Installed:
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    return Installed(tmp_path / "work", tmp_path / "home")


@pytest.fixture
def at_hand(
    desk: Installed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """The same folder, and the command in this process: for where it is not asked whether it is installed."""
    for name in list(os.environ):
        if name.startswith(("SENDBATCH", "SMTP_")) or name in ("FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name)
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(desk.folder)
    return Desk(desk.folder, desk.environ, capsys)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sandbox]:
    """A server that is not the built-in profile: mail counts as delivered."""
    with Sandbox(tmp_path / "inbox") as sandbox:
        yield sandbox


# The guide


@pytest.mark.thorough
def test_the_guide_leads_from_init_to_the_report(desk: Installed, server: Sandbox) -> None:
    text = page("docs/guide.md")
    seen: list[str] = []
    for line in typed(text):
        if line.startswith("cd "):
            desk.folder = desk.folder / line.removeprefix("cd ")
        elif line.startswith("sendbatch ") and "--notify" not in line:  # wants a service
            seen.append(step(desk, server, arguments(line)))
    assert seen == [
        *("init", "run", "check", "preview", "plan", "report", "probe", "proof", "inspect"),
        *("plan", "run", "run", "status", "status", "plan", "run", "approve", "run", *["report"] * 8),
    ]
    inbox = sorted(path.name for path in server.folder.iterdir())
    assert len([name for name in inbox if name.endswith(".eml")]) == 6 + 3  # proofs, then the mail
    assert statuses(report_in(desk.folder / "reports/newsletter")) == {"accepted": 3}


def approver(desk: Installed, name: str, key: Path) -> None:
    """Somebody with an SSH key, whom the file of approvers names."""
    program = find_or_skip("ssh-keygen", "a plan is approved by a key of its making")
    key.parent.mkdir()
    subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_name(f"{key.name}.pub").read_text()
    (desk.folder / "approvers").write_text(f"{name} {public}")


def step(desk: Installed, server: Sandbox, words: list[str]) -> str:
    """One command of the guide, with what its text says to do before; returns the verb."""
    verb, campaign = words[0], desk.folder / "campaign.yaml"
    if verb == "probe":  # "A way to a real server": a profile, and its name in the campaign
        login = "username: '${SMTP_USERNAME}', password: '${SMTP_PASSWORD}'"
        way = f"host: {server.host}, port: {server.port}, security: none, {login}"
        desk.environ["SMTP_USERNAME"] = server.login.username
        desk.environ["SMTP_PASSWORD"] = server.login.password
        (desk.folder / "profiles.yaml").write_text(f"profiles: {{production: {{{way}}}}}\n")
        desk.change("campaign.yaml", "smtp: sandbox", "smtp: production")
    for_real = campaign.exists() and "smtp: production" in campaign.read_text("utf-8")
    if verb == "run" and for_real and "--plan" not in words:
        words = [*words, "--yes"]  # nobody is here to be asked
    if verb == "inspect":  # one of the proofs, saved as it arrived
        proof = next(path for path in sorted(server.folder.iterdir()) if path.suffix == ".eml")
        shutil.copy(proof, desk.folder / words[1])
    if verb == "approve":
        words = [word.replace("~", desk.environ["HOME"]) for word in words] + ["--yes"]
        approver(desk, words[words.index("--by") + 1], Path(words[words.index("--ssh-key") + 1]))
    ran = desk.call(*words).ended(0)
    if verb == "preview":
        assert "reports/newsletter.sandbox/preview/index.html" in ran.err
        assert (desk.folder / "reports/newsletter.sandbox/preview/index.html").is_file()
    return verb


def test_init_writes_the_files_that_the_guide_names(at_hand: Desk) -> None:
    at_hand.run("init", "--markdown", "spring").ended(0)
    named = re.search(r"`init` writes (.*?)\.\n", page("docs/guide.md"), re.DOTALL)
    assert named is not None
    written = {path.name for path in (at_hand.folder / "spring").iterdir()}
    assert set(re.findall(r"`([^`]+)`", named[1])) == written - {".gitignore"}
    assert "nothing was written" in at_hand.run("init", "--markdown", "spring").ended(2).err


def test_the_guides_letter_has_its_preheader_its_layout_and_its_files(at_hand: Desk) -> None:
    text = page("docs/guide.md")
    (said,) = (block for block in blocks(text, "yaml") if block.startswith("preheader:"))
    (layout,) = (block for block in blocks(text, "html") if "{{ content }}" in block)
    at_hand.run("init", "--markdown", "spring").ended(0)
    at_hand.write("spring/page.html", layout)
    at_hand.change("spring/campaign.yaml", "templates: news.md", "#")
    at_hand.change("spring/campaign.yaml", "preheader:", "#")
    campaign = (at_hand.folder / "spring/campaign.yaml").read_text("utf-8")
    at_hand.write("spring/campaign.yaml", campaign + said)
    people = "email,first_name,city,customer_id\na@example.com,Ada,,7\nb@example.com,Björk,,8\n"
    at_hand.write("spring/people.csv", people)
    for name in ("terms.pdf", "plans.dat", "invoices/7.pdf"):
        at_hand.write(f"spring/{name}", f"{name}\n")
    at_hand.run("run", "spring/campaign.yaml").ended(0)
    for_all = [("terms.pdf", "application/pdf"), ("Plans.csv", "text/csv")]
    files = {"Ada": [*for_all, ("Invoice 7.pdf", "application/pdf")], "Björk": for_all}
    for mail in read_mails(at_hand.folder / "spring/reports/newsletter.sandbox/outbox"):
        named = str(mail["To"].addresses[0].display_name)
        found = [(part.get_filename(), part.get_content_type()) for part in mail.iter_attachments()]
        assert [one for one in found if one[0] != "logo.png"] == files.pop(named)
        html = mail.get_body(("html",)).get_content()
        assert html.index("<body style=") < html.index(f"What {named} gets") < html.index("<h1>Hello")
        assert html.index("<h1>Hello") < html.index(">Unsubscribe</a>")
    assert files == {}


# README


@pytest.fixture
def spring(desk: Installed) -> Installed:
    """The README's campaign, with the files that it names."""
    for block in blocks(page("README.md"), "yaml"):
        name = block.partition("\n")[0].removeprefix("# ")
        (desk.folder / name).write_text(block, "utf-8")
    (desk.folder / "people.csv").write_text(
        "customer_id,email,first_name,last_name,plan\n"
        "7,ada@example.com,Ada,Lovelace,garden\n"
        "8,bob@example.com,,,garden\n"
        "9,eve@example.com,Eve,Moss,free\n"
        "10,gone@example.com,Gil,Oak,garden\n",
    )
    (desk.folder / "spring.md").write_text("# Hello {{ first_name }}\n")
    (desk.folder / "unsubscribed.csv").write_text("gone@example.com\n")
    (desk.folder / "terms.pdf").write_bytes(b"%PDF-1.7")
    (desk.folder / "invoices").mkdir()
    for number in (7, 8, 9, 10):
        (desk.folder / f"invoices/{number}.pdf").write_bytes(b"%PDF-1.7")
    return desk


@pytest.mark.usefixtures("spring")
def test_the_campaign_of_the_readme_runs(at_hand: Desk) -> None:
    verbs = []
    for line in typed(page("README.md").partition("## A campaign")[2]):
        words = arguments(line)
        verbs.append(words[0])
        if words[0] == "check":
            assert "expected are 900–1,100" in at_hand.run(*words).ended(4).err
        if words[0] in ("check", "preview", "run"):
            words += ["--expect", "2"]  # so many has our list
        at_hand.run(*words, "--smtp", "sandbox").ended(0)
    assert verbs == ["check", "preview", "run", "run", "report"]
    rows = report_in(at_hand.folder / "reports/spring-launch.sandbox")
    assert statuses(rows) == {"accepted": 2, "filtered": 1, "suppressed": 1}


def test_the_error_that_the_readme_shows_is_the_one_that_comes(desk: Installed) -> None:
    shown = re.search(r"^    (campaigns/spring\.yaml:.*?)\n\n", page("README.md"), re.M | re.S)
    assert shown is not None
    expected = [line.removeprefix("    ") for line in shown[1].splitlines()]
    (desk.folder / "campaigns").mkdir()
    (desk.folder / "templates").mkdir()
    (desk.folder / "templates/spring.html").write_text("<p>Hello</p>")
    (desk.folder / "campaigns/people.csv").write_text("email\nada@example.com\n")
    campaign = ["name: spring", "from: a@example.com", "subject: Spring", "smtp: sandbox"]
    campaign += [
        "recipients: people.csv",
        *[""] * 5,
        "templates:",
        "  html: ../templates/sprnig.html",
    ]
    (desk.folder / "campaigns/spring.yaml").write_text("\n".join([*campaign, ""]))
    assert desk.call("check", "campaigns/spring.yaml").ended(2).err.splitlines() == expected


# Python


def test_the_examples_for_python_run(desk: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.call("init", ".").ended(0)
    monkeypatch.chdir(desk.folder)
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)
    said, names = io.StringIO(), {"__name__": "__main__"}
    examples = blocks(page("docs/python.md"), "python")
    assert len(examples) > 1
    for example in examples:  # as the cells of a notebook
        with contextlib.redirect_stdout(said):
            exec(compile(example, "docs/python.md", "exec"), names)
    assert "3 accepted" in said.getvalue()
    assert statuses(report_in(desk.folder / "reports/newsletter.sandbox")) == {"accepted": 3}


def test_every_name_that_the_page_on_python_gives_is_there() -> None:
    import sendbatch
    import sendbatch.errors

    text = page("docs/python.md")
    for name in re.findall(r"(?<!the logger )`sendbatch\.(\w+)[`(]", " ".join(text.split())):
        assert hasattr(sendbatch, name), name
    for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE):
        assert hasattr(sendbatch, name) or hasattr(sendbatch.errors, name), name
    unnamed = [
        name for name in sendbatch.__all__ if not re.search(rf"`(sendbatch\.)?{name}\b", text)
    ]
    assert not unnamed


# Every line that begins with `sendbatch`, wherever it stands


def lines_with_commands() -> list[tuple[str, str]]:
    found = []
    for name in PAGES:
        text = page(name)
        found += [(name, line) for line in typed(text) if line.startswith("sendbatch ")]
        found += [
            (name, line)
            for line in re.findall(r"^(?: {4,}|- run: |\s.*: {2})(sendbatch .*)$", text, re.M)
        ]
    return found


@pytest.mark.parametrize(("name", "line"), lines_with_commands())
def test_every_command_in_the_documents_can_be_typed(name: str, line: str) -> None:
    verb, *words = arguments(line)
    command = app.commands[verb]
    command.make_context(verb, words)  # raises where an option or an argument is none of its own
