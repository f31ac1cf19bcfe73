"""Approvals of a plan: who signed what, and which of them count."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.errors import CampaignError, GuardError, SendbatchError
from sendbatch.ledger.approvals import Approved
from sendbatch.planning.approval import (
    MOST,
    Approval,
    Trust,
    approvals_in,
    by_secret,
    by_ssh,
    hold_approved,
    named,
    statement,
    trust_of,
    with_approval,
)
from sendbatch.planning.plan_file import PlanFile, Said

SECRET, ANOTHER = b"what only approvers have", b"what somebody else has"
AT = "2026-11-27T13:50:00Z"
DIGEST = "ab" * 32
PLAN = PlanFile(Said("spring", "", "text1", "mail.example"), b"salt", frozenset(), DIGEST)
FILE = Path("plan.json")
BY_SECRET = Trust(SECRET, None, {})


def approved(*approvals: object) -> PlanFile:
    written = (one.written if isinstance(one, Approval) else one for one in approvals)
    return replace(PLAN, approvals=tuple(written))


def refused(plan: PlanFile, trust: Trust = BY_SECRET) -> str:
    with pytest.raises(GuardError) as found:
        hold_approved(plan, FILE, trust)
    return str(found.value)


ANN = by_secret("Ann", AT, DIGEST, SECRET)


def test_an_approval_by_the_key_counts_and_says_who_when_and_what() -> None:
    (one,) = hold_approved(approved(ANN), FILE, BY_SECRET).approved
    assert one == Approved("Ann", AT, ANN.key, DIGEST)
    assert str(one) == f"plan {DIGEST[:16]} approved by Ann on {AT} ({ANN.key})"


def test_the_key_stands_in_no_approval() -> None:
    assert SECRET.decode() not in str(ANN.written)
    assert SECRET.hex() not in str(ANN.written)


def test_a_plan_that_nobody_approved_is_refused_with_the_line_that_does() -> None:
    said = refused(PLAN)
    assert "plan.json: nobody has approved this plan (abababababababab)" in said
    assert "sendbatch approve plan.json --by NAME" in said


def test_an_approval_by_an_unknown_key_is_refused_and_says_whose_it_is() -> None:
    said = refused(approved(by_secret("Bob", AT, DIGEST, ANOTHER)))
    assert "by Bob on 2026-11-27T13:50:00Z (SENDBATCH_APPROVAL_KEY " in said
    assert "unknown here: it is by another SENDBATCH_APPROVAL_KEY" in said


def test_an_approval_of_another_plan_is_refused() -> None:
    said = refused(approved(by_secret("Ann", AT, "cd" * 32, SECRET)))
    assert "by Ann on 2026-11-27T13:50:00Z" in said
    assert "approves another plan, cdcdcdcdcdcdcdcd" in said


@pytest.mark.parametrize(
    "changed",
    [ANN._replace(by="Eve"), ANN._replace(at="2026-11-28T13:50:00Z"), ANN._replace(mac="00" * 32)],
)
def test_a_name_or_time_that_was_changed_since_is_refused(changed: Approval) -> None:
    assert "its name or time was changed after it was signed" in refused(approved(changed))


def test_an_approval_of_another_plan_cannot_be_called_one_of_this() -> None:
    other = by_secret("Ann", AT, "cd" * 32, SECRET)._replace(digest=DIGEST)
    assert "was changed after it was signed" in refused(approved(other))


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "Ann",
        ["Ann"],
        {},
        {"by": "Ann"},
        ANN.written | {"more": "x"},
        ANN.written | {"by": 1},
        ANN._replace(by="Ann\nerror: all is well").written,
        ANN._replace(by="\x1b[2JAnn").written,
        ANN._replace(by="Ann\u202e").written,
        ANN._replace(by="\ud800").written,
        ANN._replace(by="A" * 101).written,
        ANN._replace(by=" ").written,
        ANN._replace(at="now\n").written,
        ANN._replace(at="２026-11-27T13:50:00Z").written,
        ANN._replace(digest="<script>").written,
        ANN._replace(mac="", known_by="").written,
        ANN._replace(ssh="-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----").written,
        {"by": "Ann", "at": AT, "digest": DIGEST, "ssh": "-f /etc/passwd"},
    ],
    ids=range(19),
)
def test_what_approve_never_writes_is_no_approval_and_nothing_of_it_is_shown(entry: object) -> None:
    said = refused(approved(entry))
    assert "an entry that is no approval" in said
    assert "Ann" not in said
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize("by", ["", " ", "a\nb", "\x1b[31m", "x" * 101, " Ann", "A\u202eB", "\ud800"])
def test_a_name_that_cannot_be_shown_signs_nothing(by: str) -> None:
    with pytest.raises(SendbatchError, match="a name has 1 to 100 characters on one line") as refused:
        named(by)
    assert str(refused.value).replace("\n", "").isprintable()


@given(st.text(max_size=120))
def test_whoever_may_sign_is_read_back_as_they_signed(by: str) -> None:
    try:
        name = named(by)
    except SendbatchError:
        return
    assert approvals_in(approved(by_secret(name, AT, DIGEST, SECRET)))[0] is not None


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_no_two_approvals_are_signed_alike(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (statement(*one, DIGEST) == statement(*other, DIGEST)) == (one == other)


def test_several_approve_one_after_another_and_one_who_does_so_again_stands_there_once() -> None:
    plan = approved(ANN)
    bob = by_secret("Bob", AT, DIGEST, SECRET)
    plan = replace(plan, approvals=tuple(with_approval(plan, bob)))
    later = by_secret("Ann", "2026-11-28T00:00:00Z", DIGEST, SECRET)
    plan = replace(plan, approvals=tuple(with_approval(plan, later)))
    assert [one.by for one in hold_approved(plan, FILE, BY_SECRET).approved] == ["Bob", "Ann"]


def test_one_that_counts_is_enough_and_of_the_others_it_is_said_why_they_do_not() -> None:
    found = hold_approved(approved(by_secret("Eve", AT, DIGEST, ANOTHER), ANN), FILE, BY_SECRET)
    assert [one.by for one in found.approved] == ["Ann"]
    (other,) = found.others
    assert other.startswith("by Eve on ")


def test_thousands_of_entries_are_neither_looked_at_nor_shown() -> None:
    said = refused(approved(*[by_secret("Eve", AT, DIGEST, ANOTHER)] * 5000))
    assert said.count("by Eve") == 5
    assert "and 15 more" in said
    with pytest.raises(CampaignError, match="approvals already"):
        with_approval(approved(*[by_secret(f"E{n}", AT, DIGEST, ANOTHER) for n in range(MOST)]), ANN)


def test_where_nobody_is_trusted_that_is_said_first() -> None:
    with pytest.raises(GuardError, match="nothing here says whose approvals count"):
        trust_of({}, None)
    with pytest.raises(CampaignError, match="has 5 bytes, and can be guessed"):
        trust_of({"SENDBATCH_APPROVAL_KEY": "short"}, None)
    with pytest.raises(CampaignError, match=r"--allowed-signers .*nowhere: cannot be read: No such"):
        trust_of({}, Path("nowhere"))


# -- SSH keys -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str, str], str]) -> Path:
    """A folder with the keys of ann and eve, and a file that names ann's."""
    program = needs("ssh-keygen", "plans are approved by SSH keys")
    folder = tmp_path_factory.mktemp("keys")
    for who in ("ann", "eve"):
        command = [program, "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(folder / who)]
        subprocess.run(command, check=True)
    (folder / "signers").write_text(f'ann@example.com,"Ann B" {(folder / "ann.pub").read_text()}')
    return folder


@pytest.fixture
def by_signers(keys: Path) -> Trust:
    return trust_of({"PATH": "/usr/bin:/bin"}, keys / "signers")


def signed(keys: Path, by: str, who: str = "ann", digest: str = DIGEST) -> Approval:
    return by_ssh(by, AT, digest, keys / who, {"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("by", ["ann@example.com", "Ann B"])
def test_an_ssh_key_counts_for_the_names_that_the_signers_give_it(
    keys: Path, by_signers: Trust, by: str
) -> None:
    (one,) = hold_approved(approved(signed(keys, by)), FILE, by_signers).approved
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", keys / "ann.pub"], capture_output=True, text=True, check=True
    )
    assert one.by == by
    assert one.key == f"SSH key {shown.stdout.split()[1]}"


def test_an_ssh_key_that_the_signers_lack_is_unknown(keys: Path, by_signers: Trust) -> None:
    said = refused(approved(signed(keys, "ann@example.com", "eve")), by_signers)
    assert "by ann@example.com on " in said
    assert "(SSH key SHA256:" in said
    assert "has no such key" in said


def test_an_ssh_key_of_another_name_is_refused_and_says_whose_it_is(
    keys: Path, by_signers: Trust
) -> None:
    said = refused(approved(signed(keys, "boss@example.com")), by_signers)
    assert "gives this key to ann@example.com" in said


def test_what_an_ssh_key_signed_counts_for_nothing_else(keys: Path, by_signers: Trust) -> None:
    one = signed(keys, "ann@example.com")
    for changed in (
        one._replace(by="Ann B"),
        one._replace(at="2026-11-28T13:50:00Z"),
        signed(keys, "ann@example.com", digest="cd" * 32)._replace(digest=DIGEST),
        one._replace(ssh=f"{one.ssh[:-60]}{'B' if one.ssh[-60] == 'A' else 'A'}{one.ssh[-59:]}"),
    ):
        assert "was changed after it was signed, or it signs something else" in refused(
            approved(changed), by_signers
        )


def test_a_key_may_count_for_some_purposes_and_until_some_day_only(keys: Path, tmp_path: Path) -> None:
    public = (keys / "ann.pub").read_text()
    plan = approved(signed(keys, "ann"))
    for options, why in (
        ('namespaces="sendbatch-plan"', ""),
        ('namespaces="git"', "signers:1: key is not permitted for use in signature namespace"),
        ('valid-before="20200101"', "signers:1: key has expired"),
    ):
        (tmp_path / "signers").write_text(f"ann {options} {public}")
        trust = trust_of({"PATH": "/usr/bin:/bin"}, tmp_path / "signers")
        if why:
            assert why in refused(plan, trust)
        else:
            assert hold_approved(plan, FILE, trust).approved


def test_a_fault_in_the_file_of_signers_is_named(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("ann ssh-ed25519\n")
    said = refused(approved(signed(keys, "ann")), trust_of({"PATH": "/usr/bin:/bin"}, tmp_path / "signers"))
    assert "signers:1: " in said


def test_signatures_and_keys_of_the_other_kind_are_said_to_need_theirs(
    keys: Path, by_signers: Trust
) -> None:
    assert "no --allowed-signers FILE says" in refused(approved(signed(keys, "ann")), BY_SECRET)
    assert "SENDBATCH_APPROVAL_KEY is not set here" in refused(approved(ANN), by_signers)


def test_without_ssh_keygen_that_is_said_to_who_signs_and_to_who_looks(
    keys: Path, tmp_path: Path
) -> None:
    nothing = {"PATH": str(tmp_path)}
    with pytest.raises(SendbatchError, match="ssh-keygen is not installed"):
        by_ssh("ann", AT, DIGEST, keys / "ann", nothing)
    one = approved(signed(keys, "ann@example.com"))
    assert "cannot be looked at: ssh-keygen is not installed" in refused(
        one, trust_of(nothing, keys / "signers")
    )


@pytest.mark.parametrize("file", ["nowhere", "signers", "."])
def test_what_cannot_sign_is_refused_with_its_name(keys: Path, file: str) -> None:
    with pytest.raises(SendbatchError, match=r"--ssh-key .*: it cannot be signed with: ") as found:
        by_ssh("ann", AT, DIGEST, keys / file, {"PATH": "/usr/bin:/bin"})
    assert "name a private key" in str(found.value)


def test_a_key_with_a_passphrase_and_nobody_to_type_it_is_refused(
    keys: Path, tmp_path: Path
) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "locked")]
    subprocess.run(command, check=True)
    askpass = {"PATH": "/usr/bin:/bin", "SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force"}
    with pytest.raises(SendbatchError, match=r"cannot be signed with: .*passphrase"):
        by_ssh("ann", AT, DIGEST, tmp_path / "locked", askpass)
