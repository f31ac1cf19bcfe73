"""A line in bash, zsh and fish goes on with what there is; each shell is a real one, in a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.cli.completion.line import for_bash, taken_apart
from sendbatch.cli.completion.shells import SCRIPTS
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.thoroughness import thoroughly
from tests.kit.waiting import LONGEST

BREAKS = " \t\n\"'@><=;|&(:"
TELL = 'import json, sys; print("GOT" + json.dumps(sys.argv[1:]) + "END")'
SHELLS = ("bash", "zsh", "fish")
# Keys as people and machines make them.
KEYS = (
    "ada@example.com",
    "Ünal Özgür",
    'o\'hara, "jr"',
    "a:b:c=d",
    "$(touch pwned)`touch pwned`",
    "back\\slash * ?",
    "~root",
    "#hash;semi&amp|pipe",
)


def answers(
    desk: Desk, line: str, shell: str = "fish", breaks: str = BREAKS, **environ: str
) -> list[str]:
    """What a shell would be told, without what it shows beside it."""
    asked = {"_SENDBATCH_COMPLETE": shell, "_SENDBATCH_LINE": line, "_SENDBATCH_BREAKS": breaks}
    ended = subprocess.run(
        desk.command(),
        cwd=desk.folder,
        env=desk.environ | asked | environ,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert ended.stderr == ""
    return [answer.partition("\t")[0] for answer in ended.stdout.splitlines()]


def keys_of(desk: Desk, *keys: str) -> None:
    """The desk's campaign, with these keys."""
    rows = "".join(
        '"' + key.replace('"', '""') + f'",p{number}@example.com,P\n'
        for number, key in enumerate(keys)
    )
    desk.write("people.csv", "id,email,first_name\n" + rows)
    desk.campaign(("  defaults:", "  key: id\n  defaults:"), name="campaign.yaml")


# What is offered


def test_verbs_and_options_are_offered_with_what_they_do(desk: Desk) -> None:
    assert answers(desk, "sendbatch re") == ["report", "resolve", "record"]
    assert answers(desk, "sendbatch run --only-") == []
    assert set(answers(desk, "sendbatch run --s")) == {
        "--smtp",
        "--set",
        "--show-addresses",
        "--strict",
        "--stop-after",
    }
    assert answers(desk, "FOO=1 .venv/bin/sendbatch sta") == ["status"]
    assert answers(desk, "sendbatch --install-completion ") == ["bash", "zsh", "fish"]
    asked = {"_SENDBATCH_COMPLETE": "zsh"}
    told = subprocess.run(
        desk.command("sta"), env=desk.environ | asked, capture_output=True, text=True
    )
    assert told.stdout.startswith("status\tShow where a run stands.")


def test_campaign_files_are_offered_and_the_folders_on_the_way(desk: Desk) -> None:
    desk.write("profiles.yaml", "profiles: {}\n")
    desk.write("sub/autumn.yaml", (desk.folder / "spring.yaml").read_text())
    assert answers(desk, "sendbatch run ") == ["spring.yaml", "sub/"]
    assert answers(desk, "sendbatch check spring.yaml sub/") == ["sub/autumn.yaml"]
    assert answers(desk, "sendbatch run --plan ") == [
        *("people.csv", "profiles.yaml", "spring.html", "spring.txt", "spring.yaml", "sub/")
    ]


def test_profiles_are_offered_from_the_file_that_the_campaign_finds(desk: Desk) -> None:
    desk.write(
        "profiles.yaml", "profiles:\n  live: {host: a.example, password: hunter2}\n  later: {}\n"
    )
    desk.write("sub/autumn.yaml", (desk.folder / "spring.yaml").read_text())
    for line in (
        "sendbatch run --smtp ",
        "sendbatch run sub/autumn.yaml --smtp ",
        "sendbatch probe ",
    ):
        assert answers(desk, line) == ["live", "later", "sandbox"]
    assert answers(desk, "sendbatch run --smtp=l") == ["--smtp=live", "--smtp=later"]
    assert answers(desk, "sendbatch run --smtp=l", "bash") == ["live", "later"]


def test_words_of_an_option_are_offered(desk: Desk) -> None:
    assert {"text", "csv", "json"} <= set(answers(desk, "sendbatch report --format "))
    assert answers(desk, "sendbatch check --format g") == ["github"]
    assert answers(desk, "sendbatch resolve x y --as ") == ["accepted", "pending", "rejected"]
    assert answers(desk, "sendbatch run --in-doubt r") == ["resend"]
    assert answers(desk, "sendbatch run --retry ") == ["rejected", "failed", "deferred"]
    assert answers(desk, "sendbatch run --retry failed,d") == ["failed,deferred"]
    assert answers(desk, "sendbatch run spring.yaml --set p") == ["product="]


def test_editions_are_offered_the_newest_first(desk: Desk) -> None:
    for edition in ("2026-11", "2026-12"):
        desk.run("run", "spring.yaml", "--run", edition).ended(0)
    os.utime(desk.record("spring@2026-11.sandbox"), (0, 0))
    (desk.folder / "reports/spring@empty.sandbox").mkdir()
    (desk.folder / "reports/spring@live").mkdir()
    assert answers(desk, "sendbatch status spring.yaml --run ") == ["2026-12", "2026-11"]


def test_a_provider_that_keeps_the_mail_has_editions_too(desk: Desk) -> None:
    desk.write(
        "profiles.yaml",
        "profiles: {inbox: {provider: mailtrap-sandbox}, live: {provider: mailtrap}}\n",
    )
    for folder in ("spring@2026-12.inbox", "spring@2026-11"):
        desk.write(f"reports/{folder}/ledger.sqlite", "")
    assert answers(desk, "sendbatch status spring.yaml --smtp inbox --run ") == ["2026-12"]
    assert "2026-11" in answers(desk, "sendbatch status spring.yaml --smtp live --run ")


def test_keys_are_those_of_the_record_else_of_the_list(desk: Desk) -> None:
    keys_of(desk, *KEYS)
    assert answers(desk, "sendbatch run --only ") == list(KEYS)
    desk.run("run").ended(0)
    (desk.folder / "people.csv").unlink()
    assert answers(desk, "sendbatch run --only ") == list(KEYS)
    assert answers(desk, "sendbatch proof --recipient a") == ["ada@example.com", "a:b:c=d"]
    assert answers(desk, "sendbatch run --only @spring.h") == ["@spring.html"]


def test_the_list_is_read_as_the_campaign_says(desk: Desk) -> None:
    desk.write("people.csv", "exported today\nE-Mail;Name\na@example.com;Ä\n".encode("cp1252"))
    desk.campaign(
        (
            "  file: people.csv",
            "  file: people.csv\n  email: e_mail\n  skip_lines: 1\n  encoding: cp1252",
        ),
        name="campaign.yaml",
    )
    assert answers(desk, "sendbatch run --only ") == ["a@example.com"]


def test_resolve_is_offered_those_in_doubt_alone(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    assert answers(desk, "sendbatch resolve spring.yaml ") == []
    import sqlite3

    with sqlite3.connect(desk.record() / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE delivery SET status = 'in_doubt' WHERE key = 'ada@example.com'")
    ledger.close()
    assert answers(desk, "sendbatch resolve spring.yaml ") == ["ada@example.com"]


# What is hostile, broken, or large


def test_what_would_drive_a_terminal_is_not_offered(desk: Desk) -> None:
    keys_of(desk, "fine", "\x1b[31mred", "tab\tbed", "bell\x07", "right\u202eleft")
    assert answers(desk, "sendbatch run --only ") == ["fine"]


@pytest.mark.parametrize(
    "broken",
    [
        ("campaign.yaml", "\x00\x01"),
        ("reports/spring.sandbox/ledger.sqlite", "no database"),
        *thoroughly(
            ("campaign.yaml", "a: &a [*a, *a]\n"),
            ("campaign.yaml", "[1, 2"),
            ("profiles.yaml", "profiles: [a]\n"),
            ("people.csv", "\xff\xfe"),
        ),
    ],
)
def test_what_cannot_be_read_offers_nothing_and_says_nothing(
    desk: Desk, broken: tuple[str, str]
) -> None:
    name, content = broken
    desk.write(name, content.encode("latin-1"))
    for line in (
        "run --smtp ",
        "run --only ",
        "run --run ",
        "resolve campaign.yaml ",
        "run --set ",
    ):
        answers(desk, f"sendbatch {line}")


def test_a_record_behind_a_link_is_not_looked_into(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.write("people.csv", "email,first_name,plan\n")
    desk.record().rename(desk.folder / "elsewhere")
    desk.record().symlink_to(desk.folder / "elsewhere")
    assert answers(desk, "sendbatch run spring.yaml --only ") == []


def test_no_more_than_some_are_offered(desk: Desk) -> None:
    desk.people(5000)
    assert len(answers(desk, "sendbatch run spring.yaml --only ")) == 200
    assert answers(desk, "sendbatch run spring.yaml --only p4999")[:1] == ["p4999@example.com"]


def test_nothing_heavy_is_loaded_for_an_answer(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    program = (
        "import os, sys, json\n"
        "def told(code):\n"
        "    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
        "    sys.exit(code)\n"
        "os._exit = told\n"
        "from sendbatch.cli.main import main\nmain()"
    )
    asked = {"_SENDBATCH_COMPLETE": "fish", "_SENDBATCH_LINE": "sendbatch run spring.yaml --only "}
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=desk.folder,
        env=desk.environ | asked,
        capture_output=True,
        text=True,
    )
    assert told.stdout.splitlines()[0] == "ada@example.com"
    loaded = set(json.loads(told.stderr))
    assert (
        not {"jinja2", "email_validator", "aiosmtplib", "asyncio", "sendbatch.ledger.records"}
        & loaded
    )


# How bash takes it

LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1
)


@given(value=LETTERS, begun=st.integers(0, 5), quote=st.sampled_from(["", "'", '"']))
def test_what_bash_puts_in_is_the_value(value: str, begun: int, quote: str) -> None:
    begin = value[: min(begun, len(value))]
    if quote == "'" and "'" in begin:
        return
    escaped = {"": shlex.quote(begin) if begin else "", "'": f"'{begin}"}
    raw = escaped.get(quote, '"' + re.sub(r'([$`"\\])', r"\\\1", begin))
    line = taken_apart(f"sendbatch run --only {raw}", "bash")
    assert line.last == begin
    put = for_bash(value, line, "" if not quote else BREAKS)
    whole = f"{quote}{put}{quote}"  # bash puts it behind the quote, and closes that
    assert taken_apart(f"x {whole} ", "bash").words == ["x", value]


# Real shells


def take_terminal() -> None:
    """A shell whose jobs are its own has its standard input as the terminal of its session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Shell:
    """A shell in a terminal of its own, in which `sendbatch` says what it was called with."""

    def __init__(self, desk: Desk, program: str, name: str) -> None:
        words = {
            "bash": [program, "--noprofile", "--rcfile", str(desk.folder / "bashrc"), "-i"],
            "zsh": [program, "-d", "-i"],
            "fish": [program, "-i"],
        }[name]
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 200))
        self._process = subprocess.Popen(
            words,
            cwd=desk.folder,
            env=desk.environ
            | {"TERM": "xterm", "ZDOTDIR": desk.environ["HOME"], "fish_greeting": ""},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(slave)
        self.seen = ""

    def until(self, wanted: str) -> str:
        give_up = time.monotonic() + LONGEST
        while not (found := re.search(wanted, self.seen)):
            left = give_up - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(0.0, left))
            assert ready, f"{wanted!r} is not in {self.seen!r}"
            self.seen += os.read(self._master, 65536).decode(errors="replace")
        rest, self.seen = self.seen[found.end() :], ""
        self.seen = rest
        return found[1] if found.groups() else found[0]

    def types(self, text: str) -> None:
        os.write(self._master, text.encode())

    def ends(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


@contextmanager
def shell_of(desk: Desk, needs: Needs, name: str) -> Iterator[Shell]:
    """With the completion that --install-completion installed, and what it said is left to do."""
    program = needs(name, "completion is tried in it")
    tools = desk.folder / "tools"
    tools.mkdir()
    wrapper = tools / "sendbatch"
    wrapper.write_text(
        f'#!/bin/sh\n[ -n "$_SENDBATCH_COMPLETE" ] && exec {sys.executable} -m sendbatch "$@"\n'
        f"exec {sys.executable} -c '{TELL}' \"$@\"\n"
    )
    wrapper.chmod(0o755)
    desk.environ["PATH"] = f"{tools}:{desk.environ['PATH']}"
    told = desk.call("--install-completion", name).ended(0)
    home = Path(desk.environ["HOME"])
    todo = "".join(line.strip() + "\n" for line in told.err.splitlines() if line.startswith("  "))
    desk.write("bashrc", f"PS1='READY> '\nbind 'set bell-style none'\n{todo}")
    (home / ".zshrc").write_text(f"PS1='READY> '\n{todo}".replace("&& compinit", "&& compinit -u"))
    config = home / "config/fish"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.fish").write_text("function fish_prompt; echo -n 'READY> '; end\n")
    shell = Shell(desk, program, name)
    try:
        shell.until("READY> ")
        yield shell
    finally:
        shell.ends()


@pytest.mark.parametrize("name", SHELLS)
def test_a_key_that_is_completed_arrives_as_it_is(desk: Desk, needs: Needs, name: str) -> None:
    keys_of(desk, *KEYS)
    desk.write("profiles.yaml", "profiles: {live: {host: a.example}}\n")
    with shell_of(desk, needs, name) as shell:
        for typed, words in [
            ("sendbatch stat\t", ["status"]),
            ("sendbatch run --smtp l\t", ["run", "--smtp", "live"]),
            *((f"sendbatch run --only {key[:1]}\t", ["run", "--only", key]) for key in ("Ünal Özgür",)),
            ("sendbatch run --only ad\t", ["run", "--only", "ada@example.com"]),
            ("sendbatch run --only ada@ex\t", ["run", "--only", "ada@example.com"]),
            ("sendbatch run --only a:b\t", ["run", "--only", "a:b:c=d"]),
            ("sendbatch run --only 'o'\\''h\t" if name == "bash" else "sendbatch run --only o\\'h\t",
             ["run", "--only", "o'hara, \"jr\""]),
            ("sendbatch run --only \\$\t", ["run", "--only", "$(touch pwned)`touch pwned`"]),
            ("sendbatch run --only ba\t", ["run", "--only", "back\\slash * ?"]),
            ("sendbatch run --only \\#\t", ["run", "--only", "#hash;semi&amp|pipe"]),
            ("sendbatch check sp\t", ["check", "spring.yaml"]),
        ]:  # fmt: skip
            shell.types(f"{typed}\r")  # it reads on once it has its answer
            assert json.loads(shell.until(r"GOT(\[.*?\])END")) == words, typed
            shell.until("READY> ")
    assert not (desk.folder / "pwned").exists()


# How it is installed


def test_the_script_is_shown_for_any_shell(desk: Desk) -> None:
    for shell in SHELLS:
        assert desk.run("--show-completion", shell).ended(0).out == SCRIPTS[shell]


def test_the_calling_shell_is_the_one_that_is_meant(desk: Desk, needs: Needs) -> None:
    words = [f'"{sys.executable}" -m sendbatch --show-completion; true']
    for name in ("bash",):
        told = subprocess.run(
            [needs(name, "it calls"), "-c", *words],
            env=desk.environ,
            capture_output=True,
            text=True,
        )
        assert told.stdout == SCRIPTS[name]


def test_where_no_shell_is_known_it_has_to_be_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    told = desk.run("--install-completion").ended(2)
    assert "write --install-completion bash, zsh or fish" in told.err
    assert "no such shell" in desk.run("--install-completion", "tcsh").ended(2).err


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", "data/bash-completion/completions/sendbatch"),
        ("zsh", ".zfunc/_sendbatch"),
        ("fish", "config/fish/completions/sendbatch.fish"),
    ],
)
def test_it_writes_a_file_of_its_own_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, shell: str, file: str
) -> None:
    home = Path(desk.environ["HOME"])
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    (home / ".zshrc").write_text("mine\n")
    for _ in range(2):
        told = desk.run("--install-completion", shell).ended(0)
        assert f"wrote {home / file}\n" in told.err
    assert sorted(p for p in home.rglob("*") if p.is_file()) == sorted(
        [home / ".zshrc", home / file]
    )
    (home / file).write_text("# written by hand\n")
    assert (
        "something else stands there; nothing was written"
        in desk.run("--install-completion", shell).ended(2).err
    )
    assert (home / file).read_text() == "# written by hand\n"
