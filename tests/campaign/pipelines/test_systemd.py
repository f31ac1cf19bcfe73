"""The timer and the unit of systemd that `init --ci systemd` writes."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest

from sendbatch.campaign.pipelines.systemd import pipeline
from sendbatch.errors import SendbatchError
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.unit import settings_in, words_in

PROFILES = """\
profiles:
  live:
    host: smtp.example.com  # not ${THIS}
    username: ${SMTP_USERNAME}
    password: ${SMTP_PASSWORD}
"""


def written(campaign: Path) -> tuple[str, str]:
    """The service and the timer, once they are beside the campaign."""
    made = pipeline(campaign, campaign.parent)
    service, timer = made.files.values()
    return service, timer


def test_a_unit_runs_the_campaign_by_absolute_paths_as_a_user_of_its_own(tmp_path: Path) -> None:
    settings = settings_in(written(tmp_path / "spring" / "campaign.yaml")[0])
    command, *words = words_in(settings["ExecStart"][0])
    assert Path(command).is_file()
    assert words == ["run", f"{tmp_path}/spring/campaign.yaml", "--yes"]
    assert settings["WorkingDirectory"] == [f"{tmp_path}/spring"]
    assert settings["User"] == ["sendbatch"]
    assert settings["Restart"] == ["no"]


def test_each_secret_that_is_referred_to_becomes_a_credential_and_stands_in_no_environment(
    desk: Desk,
) -> None:
    desk.write("profiles.yaml", PROFILES)
    service, _ = written(desk.folder / "spring.yaml")
    settings = settings_in(service)
    assert settings["LoadCredential"] == [
        "SMTP_USERNAME:/etc/sendbatch/spring/SMTP_USERNAME",
        "SMTP_PASSWORD:/etc/sendbatch/spring/SMTP_PASSWORD",
    ]
    assert not any("SMTP_" in line for line in settings["Environment"])
    assert "EnvironmentFile" not in settings


def test_a_unit_names_no_record_where_profiles_yaml_does(desk: Desk) -> None:
    unit = written(desk.folder / "spring.yaml")[0]
    assert settings_in(unit)["Environment"] == [
        "SENDBATCH_RECORD=/var/lib/sendbatch XDG_STATE_HOME=/var/lib/sendbatch"
    ]
    desk.write("profiles.yaml", 'record: "${DATABASE_URL}"\n' + PROFILES)
    unit = written(desk.folder / "spring.yaml")[0]
    settings = settings_in(unit)
    assert settings["Environment"] == ["XDG_STATE_HOME=/var/lib/sendbatch"]
    assert "DATABASE_URL:/etc/sendbatch/spring/DATABASE_URL" in settings["LoadCredential"]
    assert "SENDBATCH_RECORD" not in unit
    desk.write("profiles.yaml", "record: git\n" + PROFILES)
    made = pipeline(desk.folder / "spring.yaml", desk.folder)
    assert any("SENDBATCH_RECEIPT_KEY" in line for line in made.advice)


@pytest.mark.parametrize(
    "name", ["a b", "per%cent", 'quo"te', "it's", "back\\slash", "ümlaut", "semi;colon", "#hash"]
)
def test_a_path_is_named_as_systemd_reads_it(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    settings = settings_in(written(folder / "campaign.yaml")[0])
    assert words_in(settings["ExecStart"][0])[-2] == f"{folder}/campaign.yaml"
    assert settings["WorkingDirectory"] == [str(folder).replace("%", "%%")]


@pytest.mark.parametrize("name", ["a$b", "line\nExecStart=/bin/sh", "tab\t", "end\\", "end "])
def test_a_path_that_a_unit_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SendbatchError, match="a unit of systemd cannot name this path"):
        written(tmp_path / name / "campaign.yaml")


def test_systemd_finds_no_fault_in_them_and_little_that_is_exposed(desk: Desk, needs: Needs) -> None:
    tool = needs("systemd-analyze", "the units are looked at by systemd itself")
    desk.run("init", "--ci", "systemd", ".").ended(0)
    files = sorted((desk.folder / "systemd").iterdir())
    assert [file.name for file in files] == ["sendbatch-spring.service", "sendbatch-spring.timer"]
    said = subprocess.run([tool, "verify", *files], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
    looked = [tool, "security", "--offline=true", "--threshold=15", "--no-pager", str(files[0])]
    said = subprocess.run(looked, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr  # 1.5 of 10; a plain unit has 9.6


def test_a_fault_is_found_by_it(desk: Desk, needs: Needs) -> None:
    """So that the test above can fail."""
    tool = needs("systemd-analyze", "the units are looked at by systemd itself")
    service, _ = written(desk.folder / "spring.yaml")
    (desk.folder / "systemd").mkdir()
    file = desk.write("systemd/sendbatch-spring.service", service.replace("KillMode=mixed", "KillMode=x"))
    said = subprocess.run([tool, "verify", file], capture_output=True, text=True, check=False)
    assert "kill mode" in said.stderr


def test_what_the_units_user_cannot_reach_is_said(desk: Desk) -> None:
    said = desk.run("init", "--ci", "systemd", ".").ended(0).err
    assert "lies among temporary files" in said or "may not read" in said
    assert "remove systemd in it, and call this again there" in said
    assert "follow the first lines of systemd/sendbatch-spring.service" in said


def test_what_is_there_is_never_written_over(desk: Desk) -> None:
    file = desk.write("systemd/sendbatch-spring.timer", "mine")
    said = desk.run("init", "--ci", "systemd", ".").ended(2).err
    assert "systemd/sendbatch-spring.timer is there already; nothing was written" in said
    assert file.read_text() == "mine"
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_the_steps_at_its_head_keep_secrets_to_root(tmp_path: Path) -> None:
    """As written there, but for the folder in /etc and what is typed."""
    service, _ = written(tmp_path / "spring" / "campaign.yaml")
    steps = [line[4:] for line in service.splitlines() if line.startswith("#   ")]
    keeping = [line for line in steps if line.startswith(("install", "(umask"))]
    script = "\n".join(keeping).replace("/etc/sendbatch", str(tmp_path / "etc"))
    subprocess.run(["sh", "-euc", script], input="hunter2\n", text=True, check=True)
    kept = sorted((tmp_path / "etc" / "spring").iterdir())
    assert [file.name for file in kept] == ["SMTP_PASSWORD", "SMTP_USERNAME"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
    assert stat.S_IMODE((tmp_path / "etc").stat().st_mode) == 0o700
    assert not re.search("@[A-Z]+@", service)
