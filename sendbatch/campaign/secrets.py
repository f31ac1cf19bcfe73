"""Credentials and what signs links, read only where they are used; no value reaches a message or a repr."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sendbatch.campaign.model import Campaign, Notification, Profile, SecretSource
from sendbatch.campaign.written.values import REFERENCE, REFERENCES
from sendbatch.errors import CampaignError, Place, ProfileError
from sendbatch.findings import Finding, Rule

LEAST_SECRET = 16  # bytes of one that signs: nobody can try all that are as long
# The folder of systemd's LoadCredential=, in files by their names: systemd.exec(5), "Credentials".
CREDENTIALS = "CREDENTIALS_DIRECTORY"
LARGEST_CREDENTIAL = 1024 * 1024  # bytes: systemd passes on no more of all of them
COMMAND_TIMEOUT = 60.0  # seconds; a person may have to type a passphrase
_REFERENCE = re.compile(REFERENCE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server asks for; neither shows in a repr."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def scrubbed(text: str, credentials: Credentials) -> str:
    """The server's text without what it may echo of a login, in the spellings that a login has."""
    user, password = credentials.username.encode(), credentials.password.encode()
    secrets = [credentials.password]
    secrets += [
        base64.b64encode(s).decode() for s in (user, password, b"\0%b\0%b" % (user, password))
    ]
    if len(credentials.username) >= 12 and "@" not in credentials.username:
        secrets.append(credentials.username)  # some providers' user name is a token
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text


class _Unreadable(Exception):
    """One secret cannot be read: the messages, without any value."""

    def __init__(self, *messages: str, hint: str | None = None) -> None:
        self.messages = messages
        self.hint = hint


class _Dotenv(NamedTuple):
    """Where a `.env` may lie: the folders, and the file that people know them by."""

    folders: Sequence[Path]
    beside: str


_NO_DOTENV = _Dotenv((), "the campaign")


class Commands:
    """The `password_command` under way, if one is; a context manager. With its end, from whatever thread, the
    command ends too, with all that it started, and no other begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._over = False

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
            if self._process is not None and self._process.returncode is None:
                _kill(self._process)

    def output(
        self, command: str, folder: Path, environ: Mapping[str, str], timeout: float
    ) -> bytes:
        """What it prints. What it says on stderr may hold the secret too."""
        with self._lock:
            if self._over:
                raise _Unreadable("password_command was not needed any more")
            process = self._process = subprocess.Popen(  # noqa: S602  the user's own, for a shell
                command,
                shell=True,
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        with process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                _kill(process)
                process.communicate()
                raise _Unreadable(f"password_command took more than {timeout:g} s") from None
        if process.returncode != 0:
            hint = "run it in a terminal to see what it says"
            raise _Unreadable(f"password_command ended with {process.returncode}", hint=hint)
        return output


def read_credentials(
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: float = COMMAND_TIMEOUT,
    commands: Commands | None = None,
) -> Credentials | None:
    """The profile's user name and password; None for a profile without.

    `environ` wins over the `.env` beside the profile's file. `timeout` (seconds) is for
    `password_command`, which ends with `commands`. Raises ProfileError naming all that is not set, never
    a value.
    """
    commands = commands or Commands()
    if profile.username is None or profile.password is None:
        return None
    findings: list[Finding] = []
    values: list[str] = []
    for source, what in ((profile.username, "username"), (profile.password, "password")):
        try:
            user = values[0] if values else ""
            value = _read(source, profile, environ, user, timeout, commands)
            values.append(_usable(value, f"the {what} of the profile"))
        except _Unreadable as error:
            findings += [
                Rule.MISSING_SECRET.finding(m, profile.place, error.hint) for m in error.messages
            ]
    if findings:
        raise ProfileError(findings)
    return Credentials(*values)


def read_username(profile: Profile, environ: Mapping[str, str]) -> str | None:
    """The user name alone, or None where there is none or it cannot be read now."""
    if profile.username is None:
        return None
    try:
        return _usable(
            _read(profile.username, profile, environ, "", COMMAND_TIMEOUT, Commands()),
            "the username of the profile",
        )
    except (_Unreadable, ProfileError):
        return None


def read_signing_secrets(
    campaign: Campaign, references: Sequence[str], environ: Mapping[str, str]
) -> list[bytes]:
    """What these references of `unsubscribe.sign` stand for, from the environment, else from the `.env`
    beside the campaign file or beside profiles.yaml. Raises CampaignError with all that cannot be used."""
    place = campaign.places.get("unsubscribe.sign")
    profiles = campaign.profile.source
    folders = [campaign.folder, *([profiles.parent] if profiles is not None else [])]
    return signing_secrets(references, folders, environ, place)


def signing_secrets(
    references: Sequence[str],
    folders: Sequence[Path],
    environ: Mapping[str, str],
    place: Place | None = None,
) -> list[bytes]:
    """As `read_signing_secrets`, with the `.env` of any of these folders, in their order."""
    findings: list[Finding] = []
    found: list[bytes] = []
    dotenv = _Dotenv(folders, "the campaign file" + ("" if folders else ", and name that"))
    for reference in references:
        what = f"the secret {reference}"
        try:
            filled = _filled(reference, dotenv, environ, "unsubscribe.sign")
            secret = _usable(filled, what).encode("utf-8", "surrogateescape")
        except _Unreadable as error:
            findings += [Rule.MISSING_SECRET.finding(m, place, error.hint) for m in error.messages]
            continue
        if len(secret) < LEAST_SECRET:
            findings.append(_weak(what, secret, place))
        found.append(secret)
    if findings:
        raise CampaignError(findings)
    return found


def read_webhook(one: Notification, environ: Mapping[str, str]) -> str:
    """The address of a webhook. Raises ProfileError with all that is not set."""
    beside = one.place.file if one.place is not None else "the campaign file"
    try:
        return _usable(
            _filled(one.url, _Dotenv(one.folders, beside), environ, "notify"), "the webhook"
        )
    except _Unreadable as error:
        raise ProfileError(
            [Rule.MISSING_SECRET.finding(said, one.place, error.hint) for said in error.messages]
        ) from None


def secret_of(environ: Mapping[str, str], name: str) -> bytes | None:
    """What this variable of the environment holds, to be a key of ours; None where it is not set, or empty,
    as CI leaves it where a secret is not to be had. Raises CampaignError where it cannot be used or is
    short."""
    value = environ.get(name)
    if not value:
        return None
    try:
        secret = _usable(value, name).encode("utf-8", "surrogateescape")
    except _Unreadable as error:
        raise CampaignError([Rule.MISSING_SECRET.finding(m) for m in error.messages]) from None
    if len(secret) < LEAST_SECRET:
        raise CampaignError(_weak(name, secret, None))
    return secret


def _weak(what: str, secret: bytes, place: Place | None) -> Finding:
    said = f"{what} has {len(secret)} bytes, and can be guessed: it must have {LEAST_SECRET}"
    return Rule.WEAK_SECRET.finding(said, place, "make one: openssl rand -base64 32")


def filled(text: str, profile: Profile, environ: Mapping[str, str], place: Place | None) -> str:
    """What a text of the profile says once its references are filled, from the environment, else from the
    `.env` beside the profile's file. Raises ProfileError at `place` with all that is not set."""
    try:
        return _filled(text, _dotenv_of(profile), environ, f"profile {profile.name}")
    except _Unreadable as error:
        raise ProfileError(
            [Rule.MISSING_SECRET.finding(said, place, error.hint) for said in error.messages]
        ) from None


def read_mailbox_password(
    variable: str, user: str, host: str, profile: Profile, environ: Mapping[str, str]
) -> str:
    """What this variable holds, by the environment, a credential or the `.env` beside the profile's file;
    else what the keyring has for the host and user. Raises ProfileError, without any value."""
    what = "the password of the mailbox"
    try:
        return _usable(_filled(f"${{{variable}}}", _dotenv_of(profile), environ, what), what)
    except _Unreadable as error:
        unset = error
    try:
        return _usable(_from_keyring(host, user), what)
    except _Unreadable:
        hint = f"{unset.hint}, or store it: keyring set {host} USER"
        raise ProfileError(
            [Rule.MISSING_SECRET.finding(said, None, hint) for said in unset.messages]
        ) from None


def filled_if_set(text: str, file: Path, environ: Mapping[str, str]) -> str | None:
    """As `filled`, of a text in this file; None where something that it refers to is not to be had."""
    try:
        return _filled(text, _Dotenv([file.parent], file.name), environ, "")
    except (_Unreadable, ProfileError):
        return None


def read_address(written: str, file: Path | None, environ: Mapping[str, str]) -> str:
    """The address of a database once its references are filled, from the environment, a credential, else the
    `.env` beside this file. Where one stands for a part of it, what it holds is taken as it is: a sign that
    would end that part is none. Raises ProfileError with all that is not set, never a value."""
    dotenv = _Dotenv([file.parent], file.name) if file is not None else _NO_DOTENV
    is_whole = REFERENCES.fullmatch(written) is not None
    try:
        found = _filled(written, dotenv, environ, "record", str if is_whole else _quoted)
        return _usable(found, "the address of the record's database")
    except _Unreadable as error:
        hint = error.hint if file is not None else "set it in the environment"
        raise ProfileError(
            [Rule.MISSING_SECRET.finding(said, None, hint) for said in error.messages]
        ) from None


def _quoted(value: str) -> str:
    return quote(value, safe="", errors="surrogateescape")


def _read(
    source: SecretSource,
    profile: Profile,
    environ: Mapping[str, str],
    user: str,
    timeout: float,
    commands: Commands,
) -> str:
    if source.template is not None:
        return _filled(source.template, _dotenv_of(profile), environ, f"profile {profile.name}")
    if source.command is not None:
        folder = profile.source.parent if profile.source else Path.cwd()
        return _first_line(commands.output(source.command, folder, environ, timeout))
    assert source.keyring is not None
    return _from_keyring(source.keyring, user)


def _dotenv_of(profile: Profile) -> _Dotenv:
    source = profile.source
    return _Dotenv([source.parent], source.name) if source is not None else _NO_DOTENV


def _usable(value: str, what: str) -> str:
    if not value:
        raise _Unreadable(f"{what} is empty")
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise _Unreadable(f"{what} holds a line break or another control character")
    return value


def _filled(
    template: str,
    dotenv: _Dotenv,
    environ: Mapping[str, str],
    whose: str,
    spelled: Callable[[str], str] = str,
) -> str:
    """The template with what the environment gives for its references, else a credential, else a `.env`;
    each of them as `spelled` has it."""
    names = [match[2:-1] for match in _REFERENCE.findall(template)]
    found = {name: environ[name] for name in names if environ.get(name)}
    if given := environ.get(CREDENTIALS):
        found = _credentials(Path(given), [name for name in names if name not in found]) | found
    for folder in dict.fromkeys(dotenv.folders):
        if not found.keys() >= set(names):
            found = {name: value for name, value in _env_file(folder).items() if value} | found
    absent = [name for name in dict.fromkeys(names) if name not in found]
    if absent:
        messages = [
            f"{whose}: {name} is {'empty' if name in environ else 'not set'}" for name in absent
        ]
        hint = f"set it in the environment or in .env beside {dotenv.beside}"
        raise _Unreadable(*messages, hint=hint)
    return _REFERENCE.sub(lambda match: spelled(found[match[0][2:-1]]), template)


def _credentials(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """What a service manager lays into files of these names, so that it need not stand in an environment,
    which all that a process starts inherits. One line break at the end is the editor's."""
    found = {}
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                value = file.read(LARGEST_CREDENTIAL + 1)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _Unreadable(f"the credential {name} cannot be read: {error.strerror}") from None
        if len(value) > LARGEST_CREDENTIAL:
            raise _Unreadable(f"the credential {name} has more than {LARGEST_CREDENTIAL:,} bytes")
        text = value.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
        if text:
            found[name] = text
    return found


def _env_file(folder: Path) -> dict[str, str]:
    """What `.env` sets, taken literally: a dollar sign in a password is one."""
    file = folder / ".env"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise ProfileError(Rule.NOT_UTF_8.finding("not UTF-8", Place(str(file)))) from None
    except OSError as error:
        raise ProfileError(
            Rule.UNREADABLE_FILE.finding(f"cannot be read: {error.strerror}", Place(str(file)))
        ) from None
    from dotenv.parser import parse_stream  # few campaigns have such a file

    bindings = list(parse_stream(StringIO(text)))
    wrong = [Place(str(file), binding.original.line) for binding in bindings if binding.error]
    if wrong:
        hint = "a line is NAME=value or NAME='value'"
        raise ProfileError(
            [Rule.DOTENV_SYNTAX.finding("cannot be understood", place, hint) for place in wrong]
        )
    return {b.key: b.value for b in bindings if b.key is not None and b.value is not None}


def _first_line(output: bytes) -> str:
    try:
        return output.decode("utf-8").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise _Unreadable("password_command printed something that is not UTF-8") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The command with all it started: a grandchild would keep the pipe open."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _from_keyring(service: str, user: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        hint = "pip install 'sendbatch[keyring]'"
        raise _Unreadable("keyring is not installed", hint=hint) from None
    except RuntimeError:  # it looks for its settings in the user's home
        raise _no_keyring() from None
    try:
        password = keyring.get_password(service, user) if user else ""
    except KeyringError as error:
        raise _Unreadable(f"the keyring cannot be read: {type(error).__name__}") from None
    except RuntimeError:
        raise _no_keyring() from None
    if password is None:
        hint = f"store it: keyring set {service} USERNAME"
        raise _Unreadable(f"the keyring holds no password for {service}", hint=hint)
    return password or ""


def _no_keyring() -> _Unreadable:
    hint = "write password: ${SMTP_PASSWORD} or password_command; or set HOME"
    return _Unreadable("a user without a home has no keyring", hint=hint)
