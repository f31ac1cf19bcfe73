"""Which record of which database is meant: by profiles.yaml, by a person, for which profile."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Belonging, Campaign
from sendbatch.errors import CampaignError, LedgerError
from sendbatch.ledger.records import has_record
from sendbatch.session.commands import CommandLines
from sendbatch.session.job import folder_of
from tests.kit.command import CAMPAIGN, HTML, PEOPLE, TEXT

URL = "postgresql://ann:geheim@db.example/news"
PROFILES = """\
project: shop
record: "${DATABASE_URL}"
profiles:
  real: {host: smtp.example.com, username: u, password: "${SMTP_PASSWORD}"}
  inbox: {host: smtp.example.com, username: u, password: "${SMTP_PASSWORD}", delivers: false}
  few: {host: smtp.example.com, username: u, password: "${SMTP_PASSWORD}", only_to: ["@example.com"]}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, text in (
        ("spring.yaml", CAMPAIGN),
        ("people.csv", PEOPLE),
        ("spring.html", HTML),
        ("spring.txt", TEXT),
        ("profiles.yaml", PROFILES),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path / "spring.yaml"


def campaign(here: Path, smtp: str = "real", **changes: object) -> Campaign:
    return replace(load_campaign(here, smtp=smtp), **changes)  # type: ignore[arg-type]


def test_profiles_yaml_names_the_database_by_a_reference(here: Path) -> None:
    place = folder_of(campaign(here, run="x"), None, {"DATABASE_URL": URL}).database
    assert place is not None
    assert (place.project, place.name, place.edition, place.profile) == ("shop", "spring", "x", "")
    assert place.address.url == URL
    assert place.title == "shop/spring@x in db.example/news"


def test_the_reference_may_stand_in_the_env_file_beside_it(here: Path) -> None:
    (here.parent / ".env").write_text(f"DATABASE_URL={URL}\n")
    place = folder_of(campaign(here), None, {}).database
    assert place is not None
    assert place.address.url == URL


def test_a_reference_for_the_password_alone_is_taken_literally(here: Path) -> None:
    told = PROFILES.replace('"${DATABASE_URL}"', "postgresql://ann:${PW}@db.example/news")
    (here.parent / "profiles.yaml").write_text(told)
    place = folder_of(campaign(here), None, {"PW": "p@s/s"}).database
    assert place is not None
    assert place.address.url == "postgresql://ann:p%40s%2Fs@db.example/news"


@pytest.mark.parametrize(
    ("smtp", "profile"), [("real", ""), ("inbox", "inbox"), ("few", "few")]
)
def test_a_profile_whose_mail_counts_for_no_other_has_a_record_of_its_own_there(
    here: Path, smtp: str, profile: str
) -> None:
    place = folder_of(campaign(here, smtp), None, {"DATABASE_URL": URL}).database
    assert place is not None
    assert place.profile == profile


def test_what_the_sandbox_keeps_has_its_record_on_this_disk_unless_a_person_says_so(
    here: Path,
) -> None:
    assert folder_of(campaign(here, "sandbox"), None, {"DATABASE_URL": URL}).is_here
    said = folder_of(campaign(here, "sandbox"), "${DATABASE_URL}", {"DATABASE_URL": URL})
    assert said.database is not None
    assert said.database.profile == "sandbox"


def test_a_folder_that_a_person_names_is_the_record(here: Path, tmp_path: Path) -> None:
    assert folder_of(campaign(here), tmp_path / "kept", {"DATABASE_URL": URL}).is_here


def test_what_a_program_says_is_repeated_without_its_password(here: Path) -> None:
    folder = folder_of(campaign(here), URL, {})
    assert folder.database is not None
    assert folder.database.address.url == URL
    line = CommandLines(campaign(here), folder.given).run()
    assert line.endswith(" --record postgresql://ann@db.example/news")
    assert "geheim" not in f"{folder!r}{folder.database!r}{line}"


def test_a_reference_is_repeated_as_it_is(here: Path) -> None:
    folder = folder_of(campaign(here), "${SENDBATCH_RECORD}", {"SENDBATCH_RECORD": URL})
    assert CommandLines(campaign(here), folder.given).run().endswith("--record '${SENDBATCH_RECORD}'")


def test_a_variable_that_is_not_set_is_named_when_the_address_is_needed(here: Path) -> None:
    folder = folder_of(campaign(here), None, {})
    assert folder.database is not None
    assert not folder.is_read
    assert folder.database.missing == "DATABASE_URL is not set"
    with pytest.raises(CampaignError, match="in a database, and DATABASE_URL is not set"):
        _ = folder.database.address


def test_an_address_that_is_none_is_refused_without_being_shown(here: Path) -> None:
    folder = folder_of(campaign(here), None, {"DATABASE_URL": "mysql://ann:geheim@h/db"})
    with pytest.raises(CampaignError) as refused:
        _ = folder.is_read
    assert "does not begin with postgresql://" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_without_a_project_nothing_says_whose_the_record_is(here: Path) -> None:
    nobodys = campaign(here, belongs=Belonging("", Path("/"), "/x/spring.yaml"))
    place = folder_of(nobodys, None, {"DATABASE_URL": URL}).database
    assert place is not None
    with pytest.raises(LedgerError, match="nothing says which project this is"):
        _ = place.address


def test_what_only_checks_reads_no_address(here: Path) -> None:
    read = []

    class Watched(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.append(name)
            return super().__getitem__(name)

    folder = folder_of(campaign(here), None, Watched(DATABASE_URL=URL)).left_unread()
    assert not folder.is_read
    assert not read


def test_what_is_not_installed_is_named_with_the_extra(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    folder = folder_of(campaign(here), URL, {})
    with pytest.raises(LedgerError, match="it is the extra `postgres`") as refused:
        has_record(folder)
    # by a name of its own, which any index has; sendbatch's is in none
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (needed,) = project["optional-dependencies"]["postgres"]
    for line in (f"pip install '{needed}'", f"pipx inject sendbatch '{needed}'"):
        assert line in str(refused.value)
