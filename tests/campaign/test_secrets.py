"""Secrets come from the environment, a command or the keyring, and never appear anywhere."""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Profile, SecretSource
from sendbatch.campaign.secrets import Commands, Credentials, read_credentials, read_username
from sendbatch.errors import ProfileError, SendbatchError
from sendbatch.runtime.threads import in_thread
from tests.kit.waiting import is_gone, until

from .conftest import Desk

SECRET = "hunter2-correct-horse"


@pytest.fixture
def profile(desk: Desk) -> Profile:
    return Profile(
        name="p",
        host="localhost",
        port=25,
        security="none",
        username=SecretSource(template="${USER_NAME}"),
        password=SecretSource(template="${PASSWORD}"),
        source=desk.folder / "profiles.yaml",
    )


def by_command(profile: Profile, command: str) -> Profile:
    return replace(
        profile,
        username=SecretSource(template="me"),
        password=SecretSource(command=command),
    )


def test_references_are_filled_from_the_environment(profile: Profile) -> None:
    found = read_credentials(profile, {"USER_NAME": "me", "PASSWORD": "$x"})
    assert found == Credentials("me", "$x")


def test_a_dotenv_beside_the_profile_is_read_literally_and_the_environment_wins(
    desk: Desk, profile: Profile
) -> None:
    (desk.folder / ".env").write_text("USER_NAME=them\nexport PASSWORD='a$HOME${X}'\n")
    assert read_credentials(profile, {"USER_NAME": "me"}) == Credentials("me", "a$HOME${X}")


def test_a_credential_of_the_service_manager_comes_behind_the_environment_and_before_a_dotenv(
    desk: Desk, profile: Profile, tmp_path: Path
) -> None:
    (desk.folder / ".env").write_text("USER_NAME=dotenv\nPASSWORD=dotenv\n")
    (folder := tmp_path / "credentials").mkdir()
    (folder / "PASSWORD").write_bytes(b"a$HOME ${X}\r\n")
    (folder / "USER_NAME").write_text("credential")
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    assert read_credentials(profile, environ) == Credentials("credential", "a$HOME ${X}")
    environ["USER_NAME"] = "environment"
    assert read_credentials(profile, environ) == Credentials("environment", "a$HOME ${X}")
    (folder / "PASSWORD").write_text("\n")
    assert read_credentials(profile, environ) == Credentials("environment", "dotenv")


def test_a_credential_that_cannot_be_used_is_named_and_not_shown(
    profile: Profile, tmp_path: Path
) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "USER_NAME": "me"}
    (tmp_path / "PASSWORD").write_text(SECRET + "\nanother line")
    with pytest.raises(ProfileError, match="holds a line break") as caught:
        read_credentials(profile, environ)
    assert SECRET not in str(caught.value)
    (tmp_path / "PASSWORD").write_text(SECRET * 100_000)
    with pytest.raises(ProfileError, match="credential PASSWORD has more than 1,048,576 bytes"):
        read_credentials(profile, environ)
    (tmp_path / "PASSWORD").unlink()
    with pytest.raises(ProfileError, match="PASSWORD is not set"):
        read_credentials(profile, environ)
    (tmp_path / "PASSWORD").mkdir()
    with pytest.raises(ProfileError, match="credential PASSWORD cannot be read: Is a directory"):
        read_credentials(profile, environ)


def test_all_that_is_not_set_is_named_in_one_go(profile: Profile) -> None:
    with pytest.raises(ProfileError) as caught:
        read_credentials(profile, {"PASSWORD": ""})
    assert [fault.message for fault in caught.value.findings] == [
        "profile p: USER_NAME is not set",
        "profile p: PASSWORD is empty",
    ]


def test_a_broken_dotenv_is_told_by_its_line_alone(desk: Desk, profile: Profile) -> None:
    (desk.folder / ".env").write_text(f"A=b\n{SECRET} {SECRET}\n")
    with pytest.raises(ProfileError) as caught:
        read_credentials(profile, {})
    assert ".env:2: error: cannot be understood" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_first_line_of_a_command_is_the_password(profile: Profile) -> None:
    found = read_credentials(by_command(profile, "printf 'a b\\nc'"), {})
    assert found == Credentials("me", "a b")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"echo {SECRET} >&2; exit 3", "ended with 3"),
        ("true", "is empty"),
        ("printf '\\377'", "not UTF-8"),
        ("sleep 60 & sleep 60", "took more than 0.2 s"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_printed(
    profile: Profile, command: str, said: str
) -> None:
    environ = {"PATH": "/usr/bin:/bin"}
    with pytest.raises(ProfileError, match=said) as caught:
        read_credentials(
            by_command(profile, command), environ, timeout=0.2 if "sl" in command else 9
        )
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_keyring_that_is_not_installed_says_how_to_install_it(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    kept = replace(profile, password=SecretSource(keyring="smtp"))
    with pytest.raises(ProfileError, match=r"sendbatch\[keyring\]"):
        read_credentials(kept, {"USER_NAME": "me"})


def test_a_profile_without_a_user_needs_none() -> None:
    profile = Profile(name="p", host="localhost", port=25, security="none")
    assert read_credentials(profile, {}) is None
    assert read_username(profile, {}) is None


def test_the_user_name_alone_is_none_where_it_cannot_be_read(profile: Profile) -> None:
    assert read_username(profile, {}) is None
    assert read_username(profile, {"USER_NAME": "me"}) == "me"


def test_credentials_show_nothing() -> None:
    assert repr(Credentials("me@example.com", SECRET)) == "Credentials()"


@pytest.mark.parametrize(
    "keys",
    [
        f"password: {SECRET}",
        f"password: '{SECRET}'",
        f"password: [{SECRET}]",
        f"password: {{{SECRET}: {SECRET}}}",
        f"password: |\n      {SECRET}\n      {SECRET}",
        f"password: >-\n      x\n      {SECRET}",
        f"password: {SECRET}${{PASSWORD}}",
        f"pasword: {SECRET}",
        f"PassWord: {SECRET}",
        f"passwd: {SECRET}",
        f"password: {SECRET}: x",
        f"password: '{SECRET}",
        f"password: *{SECRET}",
        f"password: &{SECRET} x",
        f"password: !{SECRET} x",
        f"password:{SECRET}",
        f"password: |\n      {SECRET}\n     a: {SECRET}",
        f"host: smtps://me:{SECRET}@a.example",
        f"host: me:{SECRET}@a.example",
        f"username: me:{SECRET}",
        f"api_key: {SECRET}",
        f"smtp_pass: {SECRET}",
        f"auth-token: {SECRET}",
        f"Kennwort: {SECRET}",
        f"password: ${SECRET}",
        f'password: "{SECRET}\\0"',
        f"psw: {SECRET}",
        f"psw: '{SECRET}'",
        f"psw: [{SECRET}]",
        f"psw: {{a: [{SECRET}]}}",
        f"psw: |\n      {SECRET}\n      {SECRET}",
        f'psw: "{SECRET}\n      {SECRET}"',
        f'psw: "x\n{SECRET}"',
        f"psw:{SECRET}",
        f"p: {SECRET}: x",
        f"sasl: *{SECRET}",
        f"key: '{SECRET}",
        f"login: {SECRET}",
        f"timeouts: {{psw: {SECRET}}}",
        f"timeouts: {{psw: {SECRET}",
        f"timeouts:\n      psw: {SECRET}",
        f"rate: {{psw: {SECRET}}}",
        f"host: {{x: {SECRET}}}",
        f"- psw: {SECRET}",
        f"? [psw]\n    : {SECRET}",
    ],
)
def test_a_password_written_out_is_refused_and_never_shown(desk: Desk, keys: str) -> None:
    desk.profiles(f"profiles:\n  p:\n    port: x\n    {keys}\n    prot: 1\n")
    with pytest.raises(SendbatchError) as caught:
        desk.load(smtp="smtp: p")
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.findings)
    assert SECRET not in shown
    desk.profiles("")
    with pytest.raises(SendbatchError) as caught:
        desk.load(smtp=f"smtp:\n    port: x\n    {keys}\n    prot: 1\n")
    assert SECRET not in str(caught.value) + repr(caught.value.findings)


@pytest.mark.parametrize(
    "text",
    [
        f"profiles:\n  psw: {SECRET}\n",
        f"psw: {SECRET}\nprofiles: {{}}\n",
        f"profiles: {{p: {{host: a.example, psw: {SECRET}, prot: 1}}}}\n",
        f"profiles: {{p: {{host: a.example, prot: 1, psw: {SECRET}}}\n",
        f"profiles:\n- p:\n    psw: {SECRET}\n",
        f"profiles:\n  p:\n    host: a.example\n    psw: {SECRET}\n   prot: 1\n",
    ],
)
def test_what_stands_under_a_key_that_nobody_declared_is_not_shown(desk: Desk, text: str) -> None:
    desk.profiles(text)
    with pytest.raises(SendbatchError) as caught:
        desk.load(smtp="smtp: p")
    assert SECRET not in str(caught.value) + repr(caught.value.findings)


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("headers: {X-Campaign: spring, X: 1, x: }", True),
        ("variables: {product: Widget, nested: {any: [thing]}, 1: }", True),
        ("recipients: {file: people.csv, defaults: {first_name: friend}, fil: x}", True),
        ("recipients: {file: people.csv, secondary: x}", False),
        ("headers: {X-Psw: spring, X-Api-Key: autumn, X: 1, x: }", False),
    ],
)
def test_what_is_declared_is_shown_and_what_names_a_secret_is_not(
    desk: Desk, line: str, whole: bool
) -> None:
    keys = {line.partition(":")[0]: line}
    said = str(SendbatchError(desk.faults(**keys)))
    assert (line in said) is whole
    assert "spring, X-Api" not in said
    assert "autumn" not in said


def test_a_line_that_is_no_yaml_is_shown_where_its_key_is_declared(desk: Desk) -> None:
    (fault,) = desk.faults(subject="subject: Hello: {{ first_name }}")
    assert "subject: Hello: {{ first_name }}" in str(fault)
    (fault,) = desk.faults("unsubscribe: https://a.example/u?id={{ id }}: x")
    assert "https://a.example/u?id={{ id }}: x" in str(fault)


def test_a_password_on_a_line_with_other_faults_is_masked_there_too(desk: Desk) -> None:
    faults = desk.faults(
        smtp=f"smtp: {{host: a.example, username: u, password: {SECRET}, prot: 1}}"
    )
    assert len(faults) == 2
    assert all(SECRET not in str(fault) for fault in faults)


def test_what_is_no_secret_is_shown_as_it_stands(desk: Desk) -> None:
    (fault,) = desk.faults(more="unsubscribe: {url: 'https://a.example/?token={{ id }}', ulr: 1}\n")
    assert fault.place is not None
    assert "token={{ id }}" in (fault.place.text or "")


def test_what_to_write_instead_is_said(desk: Desk) -> None:
    (fault,) = desk.faults(smtp=f"smtp: {{host: a.example, username: u, password: {SECRET}}}")
    assert "must not be written out" in fault.message
    assert "${SMTP_PASSWORD}" in (fault.hint or "")


def test_a_reference_is_shown_as_it_stands(desk: Desk) -> None:
    (fault,) = desk.faults(
        smtp="smtp: {host: a.example, username: u, password: '${SMTP_PASSWORD}', prot: 1}"
    )
    assert fault.place is not None
    assert "${SMTP_PASSWORD}" in (fault.place.text or "")


def test_a_command_ends_with_whoever_wanted_it_and_with_all_it_started(
    profile: Profile, tmp_path: Path
) -> None:
    children = tmp_path / "children"
    command = f"sleep 60 & echo $! > {children}.part; echo $$ >> {children}.part; "
    slow = by_command(profile, f"{command} mv {children}.part {children}; sleep 60")
    with Commands() as commands:
        asked = in_thread(lambda: read_credentials(slow, {}, commands=commands))
        until(children.exists, "the command")
    with pytest.raises(ProfileError):
        asked.result(60)
    for process in children.read_text().split():
        until(lambda process=process: is_gone(int(process)), "its end")


def test_no_command_begins_once_nobody_wants_it(profile: Profile, tmp_path: Path) -> None:
    with Commands() as commands:
        pass
    with pytest.raises(ProfileError, match="not needed any more"):
        read_credentials(by_command(profile, f"touch {tmp_path}/ran"), {}, commands=commands)
    assert not (tmp_path / "ran").exists()
