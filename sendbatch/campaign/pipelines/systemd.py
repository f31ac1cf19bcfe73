"""A timer of systemd, and a unit that sends with few rights: systemd.timer(5), systemd.exec(5)."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sendbatch.campaign.pipelines.written import GIT, Pipeline, name_of, secrets_of
from sendbatch.campaign.profiles import find_profiles
from sendbatch.errors import SendbatchError, shell_line, shown
from sendbatch.runtime.datafiles import text_of

RECORDS = "/var/lib/sendbatch"
SECRETS = "/etc/sendbatch"
HOMES = ("/home", "/root", "/run/user")  # what ProtectHome= is about
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - not used: what PrivateTmp= hides

_PLAIN = re.compile(r"[\w./:@+,=-]+", re.ASCII)


def pipeline(campaign: Path, root: Path) -> Pipeline:
    """The two files, in a folder `systemd` beside the campaign. Raises SendbatchError where a unit cannot
    name the campaign's file, or this command."""
    file, command = campaign.absolute(), _command()
    name = name_of(file)
    secrets = secrets_of(campaign)
    unit = f"sendbatch-{name}"
    kept = f"{SECRETS}/{name}"
    line = [*command, "run", str(file), "--yes"]
    status = shell_line(*command, "status", str(file))
    filled = {
        "NAME": name,
        "FOLDER": _setting(file.parent),
        "COMMAND": " ".join(_word(word) for word in line),
        **_record(find_profiles(file.parent).record, status),
        "SECRETS": "".join(f"#   {step}\n" for step in _keeping(kept, secrets)),
        "CREDENTIALS": "".join(f"LoadCredential={one}:{kept}/{one}\n" for one in secrets),
        "HOME": "read-only" if any(_is_in(word, HOMES) for word in line) else "yes",
    }
    folder = Path("systemd")
    return Pipeline(
        root=file.parent,
        files={
            folder / f"{unit}.{kind}": _filled(f"systemd.{kind}", filled)
            for kind in ("service", "timer")
        },
        advice=(
            *_out_of_reach(file, Path(command[0]), folder),
            *_receipts(find_profiles(file.parent).record),
            f"follow the first lines of {shown(campaign.parent / folder / unit)}.service",
        ),
    )


def _record(named: str, status: str) -> dict[str, str]:
    """Where the record is, which profiles.yaml may have `named`: another one would know nobody."""
    if named:
        return {
            "WHO": "wherever the record's address, or its key, is in the environment",
            "STATUS": status,
            "RECORD": "The record is\n"
            "# where profiles.yaml says: none is named here, for that would know nobody.",
            "KEPT": "",
        }
    return {
        "WHO": "as the one user that writes to the record",
        "STATUS": f"sudo -u sendbatch env SENDBATCH_RECORD={RECORDS} XDG_STATE_HOME={RECORDS} {status}",
        "RECORD": f"The record is in\n# {RECORDS}. Keep it, and back it up: where it is lost, a run begins "
        "anew, with everybody.",
        "KEPT": f"SENDBATCH_RECORD={RECORDS} ",
    }


def _receipts(named: str) -> Iterator[str]:
    if named == GIT:
        yield (
            "profiles.yaml keeps the record in the repository: the unit needs SENDBATCH_RECEIPT_KEY "
            "(EnvironmentFile=), and its user the right to push"
        )


def _command() -> list[str]:
    """How this sendbatch is called, from the root on."""
    beside = Path(sys.executable).parent / "sendbatch"
    found = str(beside) if beside.exists() else shutil.which("sendbatch")
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "sendbatch"]


def _setting(path: Path) -> str:
    """As it stands behind a key, to the end of the line: systemd.syntax(7), systemd.unit(5), "Specifiers"."""
    text = str(path)
    if not text.isprintable() or "$" in text or text.endswith((" ", "\\")):
        raise SendbatchError(
            f"{shown(path)}: a unit of systemd cannot name this path",
            hint="put it where no name in the path holds a dollar sign or a control character",
        )
    return text.replace("%", "%%")


def _word(word: str) -> str:
    """As it stands in ExecStart=: systemd.service(5), "Command lines"."""
    text = _setting(Path(word)) if word.startswith("/") else word
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _keeping(folder: str, secrets: tuple[str, ...]) -> Iterator[str]:
    if secrets:
        yield f"install -d -m 0700 {SECRETS} {folder}"
    for one in secrets:
        yield f"(umask 077; cat > {folder}/{one})    # type or paste it, Enter, Ctrl-D"


def _out_of_reach(campaign: Path, command: Path, units: Path) -> Iterator[str]:
    """What the unit's user cannot get at, which folder is the reason, and what mends that: a unit names the
    paths of when it was written, and a command that pip or pipx has installed does not work elsewhere."""
    again = (
        f"move the campaign's folder to /srv, remove {units} in it, and call this again there"
    )
    anew = "install sendbatch below /opt, as by `python3 -m venv`, and call this again with that one"
    for path, way in ((campaign, f"{again}"), (command, f"{anew}, once {units} is removed")):
        if _is_in(str(path.resolve()), TEMPORARY):
            yield f"{path.absolute()} lies among temporary files, which a unit does not see: {way}"
            continue
        for there in (*reversed(path.resolve().parents), path.resolve()):
            if there.exists() and not there.stat().st_mode & 0o005:
                yield f"the unit's user may not read {there}: {way}; or open it to others"
                break


def _is_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(Path(os.path.realpath(path)).is_relative_to(folder) for folder in folders)


def _filled(text: str, filled: dict[str, str]) -> str:
    return re.sub("@([A-Z]+)@", lambda match: filled[match[1]], text_of("sendbatch.campaign.pipelines", text))
