"""Nothing that stands in a file makes anything but an error of ours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.profiles import load_profile
from sendbatch.errors import SendbatchError
from tests.kit.thoroughness import examples

from .conftest import GOOD, Desk

WORDS = """
name run from bounces_to subject recipients templates smtp rate reply_to headers attachments
unsubscribe suppress variables expect tolerate retry profiles host port security username password
domains timeout timeouts helo provider file where key defaults html url mailto one_click attempts p
"""
AWKWARD = """
p people.csv {{x}} {% a@b.example 1/s ${A} ~ no 1% {{ 1.5 99999999999999999999 true .. / {{9**9}}
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.one_of(
    st.text(max_size=12), st.sampled_from([*AWKWARD.split(), "{% if x", "a\x00b", "../" * 50])
)
VALUES = st.recursive(
    SCALARS.map(lambda text: repr(text) if "'" not in text else "x") | SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.dictionaries(KEYS | SCALARS, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items.items()) + "}"
        )
    ),
    max_leaves=6,
)
LINES = st.dictionaries(KEYS, VALUES, max_size=5)
QUIET = settings(
    max_examples=examples(150),
)


def survives(desk: Desk, campaign: bytes, profiles: bytes) -> None:
    (desk.folder / "spring.yaml").write_bytes(campaign)
    (desk.folder / "profiles.yaml").write_bytes(profiles)
    for read in (
        lambda: load_campaign(desk.folder / "spring.yaml", config_folder=desk.config),
        lambda: load_profile("p", start=desk.folder, config_folder=desk.config),
    ):
        try:
            read()
        except SendbatchError as error:
            said = str(error)
        else:
            continue
        assert said.encode()


@QUIET
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(campaign: bytes, profiles: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        survives(Desk(Path(folder)), campaign, profiles)


@QUIET
@given(st.text("{}[]:-#&*!|>'\"%@`,? \n\tab1\\", max_size=60))
def test_any_yaml_like_text_is_read_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        survives(Desk(Path(folder)), text.encode(), b"profiles: " + text.encode())


@QUIET
@given(LINES, LINES)
def test_any_values_under_known_keys_are_read_or_refused(
    keys: dict[str, str], profile: dict[str, str]
) -> None:
    lines = GOOD | {key: f"{key}: {value}" for key, value in keys.items()}
    own = "".join(f"    {key}: {value}\n" for key, value in profile.items())
    with tempfile.TemporaryDirectory() as folder:
        campaign = "\n".join(lines.values()).encode("utf-8", "surrogatepass")
        profiles = f"profiles:\n  p:\n    host: a.example\n{own}".encode("utf-8", "surrogatepass")
        survives(Desk(Path(folder)), campaign, profiles)
