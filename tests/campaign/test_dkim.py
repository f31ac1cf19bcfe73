"""Who signs, as profiles.yaml says it: what is refused before a key is read, and how its file is kept."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from sendbatch.campaign.dkim import key_paths, key_text
from sendbatch.campaign.model import Campaign, Dkim
from sendbatch.errors import ProfileError, shown
from sendbatch.message.dkim.declared import doubtful_keys
from tests.kit.dkim import pem

from .conftest import Desk

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC5iXmDt25O2Wsd\n"
IN_ONE_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC5iXmDt25O2WsdepW3"
KEY_FILE = "{domain: example.com, selector: s1, key_file: dkim.pem}"


def profiles(*signatures: str) -> str:
    items = "".join(f"      - {one}\n" for one in signatures)
    return f"profiles:\n  p:\n    host: mail.example.com\n    dkim:\n{items}"


def loaded(desk: Desk, *signatures: str, **instead: str) -> Campaign:
    desk.profiles(profiles(*signatures))
    return desk.load(smtp="smtp: p", **instead)


def refused(desk: Desk, *signatures: str, **instead: str) -> list[str]:
    """What is said of each fault, with its place."""
    desk.profiles(profiles(*signatures))
    return [str(fault) for fault in desk.faults(smtp="smtp: p", **instead)]


def test_a_signature_is_what_it_says(desk: Desk) -> None:
    both = loaded(
        desk,
        "{domain: Example.COM, selector: S1.mail, key_file: keys/dkim.pem}",
        '{domain: example.com, selector: 2026, key: "${DKIM_KEY}"}',
    ).profile.dkim
    assert [(one.domain, one.selector, one.key_file, one.key) for one in both] == [
        ("example.com", "s1.mail", "keys/dkim.pem", None),
        ("example.com", "2026", None, "${DKIM_KEY}"),
    ]


def test_one_may_stand_without_a_list(desk: Desk) -> None:
    desk.profiles(f"profiles:\n  p:\n    host: a.example\n    dkim: {KEY_FILE}\n")
    assert len(desk.load(smtp="smtp: p").profile.dkim) == 1


@pytest.mark.parametrize(
    ("signature", "said", "column"),
    [
        (
            "{domain: example.org, selector: s, key_file: k}",
            "not the domain of news@example.com",
            18,
        ),
        ("{domain: mail.example.com, selector: s, key_file: k}", "nor one above it", 18),
        ("{domain: ple.com, selector: s, key_file: k}", "nor one above it", 18),
        ("{domain: com, selector: s, key_file: k}", "nobody can sign for all of it", 18),
        ("{domain: a b, selector: s, key_file: k}", "not the name of a host or domain", 18),
        ("{domain: example.com, selector: a_b, key_file: k}", "letters, digits and hyphens", 41),
        ("{domain: example.com, selector: -a, key_file: k}", "letters, digits and hyphens", 41),
        ("{domain: example.com, selector: a..b, key_file: k}", "in parts with dots", 41),
        ("{domain: example.com, selector: s._domainkey, key_file: k}", "write s", 41),
        ("{domain: example.com, selector: s}", "there is no key to sign with", 9),
        ("{domain: example.com, key_file: k}", "selector is missing", 9),
        ('{domain: example.com, selector: s, key_file: k, key: "${A}"}', "beside key_file", 57),
        ("{domain: example.com, selector: s, key_flie: k}", "did you mean key_file?", 44),
        ("{domain: example.com, selector: s, key_file: ~/k}", "~ is not replaced", 54),
    ],
)
def test_what_cannot_sign_is_told_where_it_stands(
    desk: Desk, signature: str, said: str, column: int
) -> None:
    faults = refused(desk, signature)
    assert any(said in fault and f"profiles.yaml:5:{column}: error" in fault for fault in faults)


def test_a_domain_above_the_senders_signs_for_it(desk: Desk) -> None:
    from_ = "from: news@mail.bücher.example"
    found = loaded(desk, "{domain: bücher.example, selector: s, key_file: k}", from_=from_)
    assert found.profile.dkim[0].domain == "xn--bcher-kva.example"


def test_one_key_signs_once(desk: Desk) -> None:
    (fault,) = refused(desk, KEY_FILE, KEY_FILE.replace("dkim.pem", "other.pem"))
    assert "profiles.yaml:6:41: error" in fault
    assert "s1._domainkey.example.com is one key" in fault


def test_there_are_no_more_than_four(desk: Desk) -> None:
    many = [KEY_FILE.replace("s1", f"s{number}") for number in range(5)]
    assert len(loaded(desk, *many[:4]).profile.dkim) == 4
    assert "at most 4 signatures" in refused(desk, *many)[0]


@pytest.mark.parametrize(
    "written",
    [
        f"key: {IN_ONE_LINE}",
        f"key: '{IN_ONE_LINE}'",
        f"keys: {IN_ONE_LINE}",
        f"key_file: {IN_ONE_LINE}",
        f"private_key: {IN_ONE_LINE}",
        f"pem: {IN_ONE_LINE}",
        "key: |\n          " + PEM.replace("\n", "\n          "),
        "key_file: |\n          " + PEM.replace("\n", "\n          "),
        f"key: {IN_ONE_LINE}\n      x",
        f"{IN_ONE_LINE}: [",
    ],
)
def test_a_key_written_out_is_refused_and_not_shown(desk: Desk, written: str) -> None:
    text = f"- domain: example.com\n        selector: s\n        {written}\n"
    desk.profiles(f"profiles:\n  p:\n    host: a.example\n    dkim:\n      {text}")
    faults = "\n".join(map(str, desk.faults(smtp="smtp: p")))
    assert "error" in faults
    assert "MIIE" not in faults
    assert IN_ONE_LINE[-20:] not in faults


def test_a_profile_that_is_not_chosen_is_not_looked_at(desk: Desk) -> None:
    desk.profiles(profiles("{domain: example.org, selector: s, key_file: k}"))
    assert desk.load().profile.dkim == ()


def test_nobody_can_have_the_key_attached(desk: Desk) -> None:
    """It need not be there yet."""
    assert key_paths(loaded(desk, KEY_FILE), {}) == [desk.folder / "dkim.pem"]


# The keys themselves


def signature(desk: Desk, **changes: str) -> tuple[Dkim, Campaign]:
    found = ", ".join(f"{name}: {value!r}" for name, value in changes.items())
    campaign = loaded(desk, f"{{domain: example.com, selector: s1, {found}}}")
    return campaign.profile.dkim[0], campaign


def told(desk: Desk, environ: dict[str, str], **changes: str) -> str:
    one, campaign = signature(desk, **changes)
    with pytest.raises(ProfileError) as caught:
        key_text(one, campaign.profile, environ)
    return str(caught.value)


def kept(desk: Desk, mode: int, name: str = "dkim.pem") -> Path:
    path = desk.folder / name
    path.write_text(PEM)
    path.chmod(mode)
    return path


def test_a_key_is_found_beside_the_file_that_names_it(desk: Desk) -> None:
    kept(desk, 0o600)
    one, campaign = signature(desk, key_file="dkim.pem")
    found = key_text(one, campaign.profile, {})
    assert (found.data, found.warnings) == (PEM.encode(), ())
    assert repr(found) == "KeyText()"


def test_its_path_may_be_a_reference(desk: Desk) -> None:
    path = kept(desk, 0o400)
    one, campaign = signature(desk, key_file="${DKIM_KEY_FILE}")
    for where in ("dkim.pem", str(path)):
        assert key_text(one, campaign.profile, {"DKIM_KEY_FILE": where}).data == PEM.encode()


def test_the_key_may_be_one_too_also_in_a_dotenv(desk: Desk) -> None:
    one, campaign = signature(desk, key="${DKIM_KEY}")
    assert key_text(one, campaign.profile, {"DKIM_KEY": PEM}).data == PEM.encode()
    (desk.folder / ".env").write_text(f'DKIM_KEY="{PEM}"\n')
    assert key_text(one, campaign.profile, {}).data == PEM.encode()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_key_that_others_can_write_is_refused(desk: Desk, mode: int) -> None:
    kept(desk, mode)
    said = told(desk, {}, key_file="dkim.pem")
    assert "profiles.yaml:5:55: error: dkim.key_file: others can write it" in said
    assert f"chmod 600 {shown(desk.folder / 'dkim.pem')}" in said


def test_what_is_advised_names_the_file_as_it_can_be_typed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(desk, 0o620).rename(desk.folder / "our key.pem")
    monkeypatch.chdir(desk.folder.parent)
    said = told(desk, {"A": "our key.pem"}, key_file="${A}")
    assert f"chmod 600 '{desk.folder.name}/our key.pem'" in said


def test_a_folder_in_which_all_can_put_another_key_is_warned_of(desk: Desk) -> None:
    path = kept(desk, 0o600)
    one, campaign = signature(desk, key_file="dkim.pem")
    for mode, warnings in ((0o777, 1), (0o1777, 0), (0o775, 0), (0o755, 0)):
        path.parent.chmod(mode)
        found = key_text(one, campaign.profile, {}).warnings
        assert ["chmod go-w" in str(finding) for finding in found] == [True] * warnings


@pytest.mark.parametrize(("mode", "warnings"), [(0o644, 1), (0o640, 0), (0o600, 0), (0o444, 1)])
def test_a_key_that_all_can_read_is_warned_of(desk: Desk, mode: int, warnings: int) -> None:
    kept(desk, mode)
    one, campaign = signature(desk, key_file="dkim.pem")
    found = key_text(one, campaign.profile, {}).warnings
    assert [finding.rule for finding in found] == ["readable-key"] * warnings


def test_what_cannot_be_read_is_told_with_its_place(desk: Desk) -> None:
    (desk.folder / "folder").mkdir()
    (desk.folder / "large").write_bytes(b"x" * 100_000)
    (desk.folder / "large").chmod(0o600)
    assert "5:55: error: dkim.key_file: no such file: none" in told(desk, {}, key_file="none")
    assert "is a folder, not a file" in told(desk, {}, key_file="folder")
    assert "larger than any key" in told(desk, {}, key_file="large")
    assert "A is not set" in told(desk, {}, key_file="${A}")
    assert "A is empty" in told(desk, {"A": ""}, key="${A}")


def test_a_key_in_place_of_its_path_is_told_and_not_shown(desk: Desk) -> None:
    said = told(desk, {"A": IN_ONE_LINE}, key_file="${A}")
    assert "write key: in place of key_file:" in said
    assert IN_ONE_LINE not in said
    said = told(desk, {"A": b64encode(b"a key" * 300).decode()}, key_file="${A}")
    assert "write key: in place of key_file:" in said


def test_who_only_looks_is_warned_of_a_key_that_is_not_there(desk: Desk) -> None:
    (warning,) = doubtful_keys(loaded(desk, KEY_FILE).profile)
    assert (warning.rule, warning.severity) == ("missing-signing-key", "warning")
    assert warning.message == "dkim.key_file: no such file: dkim.pem: a run refuses it, and sends nothing"
    assert [*doubtful_keys(signature(desk, key_file="${A}")[1].profile)] == []
    assert [*doubtful_keys(signature(desk, key="${A}")[1].profile)] == []


def test_who_only_looks_is_warned_of_what_a_run_would_refuse(desk: Desk) -> None:
    file = kept(desk, 0o600)
    file.write_bytes(pem())
    profile = loaded(desk, KEY_FILE).profile
    assert [*doubtful_keys(profile)] == []
    file.chmod(0o644)
    (readable,) = doubtful_keys(profile)
    assert (readable.rule, readable.severity) == ("readable-key", "warning")
    file.chmod(0o666)
    (writable,) = doubtful_keys(profile)
    assert (writable.rule, writable.severity) == ("missing-signing-key", "warning")
    assert "others can write it" in writable.message
    kept(desk, 0o600)
    (cut,) = doubtful_keys(profile)
    assert "it ends before the key does: a run refuses it" in cut.message
    file.unlink()
    assert [one.rule for one in doubtful_keys(profile)] == ["missing-signing-key"]
