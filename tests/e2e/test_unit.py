"""The unit that `init --ci systemd` writes, executed: as written, by a user with no rights."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.campaign.pipelines.systemd import RECORDS, pipeline
from tests.kit.command import CAMPAIGN, HTML, TEXT, Ended, ended
from tests.kit.mailhost import MailHost
from tests.kit.nobody import BARE, ROOT, as_nobody, give, open_folder
from tests.kit.unit import settings_in, words_in

__all__ = ["open_folder"]

SECRET = "hunter2-correct-horse"


class Service:
    """The unit of a campaign in `folder`; `start` is what systemd does with its ExecStart=."""

    def __init__(self, folder: Path, host: MailHost, people: int) -> None:
        self.folder = folder
        (site := folder / "site").mkdir()
        self.campaign = site / "spring.yaml"
        self.campaign.write_text(CAMPAIGN.replace("smtp: sandbox", "smtp: live"))
        rows = "".join(f"p{n}@example.com,P{n},paid\n" for n in range(1, people + 1))
        (site / "people.csv").write_text("email,first_name,plan\n" + rows)
        (site / "spring.html").write_text(HTML)
        (site / "spring.txt").write_text(TEXT)
        login = "    username: ${SMTP_USERNAME}\n    password: ${SMTP_PASSWORD}\n"
        (site / "profiles.yaml").write_text(host.profiles + login)
        unit = next(iter(pipeline(self.campaign, site).files.values()))
        self.settings = settings_in(unit)
        for name in ("state", "credentials", "home"):
            (folder / name).mkdir()
        for one in self.settings["LoadCredential"]:
            value = "me\n" if "USERNAME" in one else SECRET
            (folder / "credentials" / one.partition(":")[0]).write_text(value)
        for name in ("state", "credentials", "home"):  # and neither the campaign nor this unit
            give(folder / name)

    def start(self, *instead: str) -> subprocess.Popen[str]:
        """ExecStart=; or its command with other words, as somebody types them who is this user."""
        command = words_in(self.settings["ExecStart"][0])
        given = [word for line in self.settings["Environment"] for word in words_in(line)]
        pairs = (word.replace(RECORDS, str(self.folder / "state")).split("=", 1) for word in given)
        environ = {
            **BARE,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder / "home"),
            **dict(pairs),
        }
        if not instead:
            environ["CREDENTIALS_DIRECTORY"] = str(self.folder / "credentials")
        return subprocess.Popen(
            [*as_nobody(), command[0], *(instead or command[1:])],
            cwd=self.settings["WorkingDirectory"][0],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def statuses(self) -> dict[str, str]:
        told: Ended = ended(self.start("report", str(self.campaign), "--format", "csv"))
        return {row["key"]: row["status"] for row in csv.DictReader(io.StringIO(told.out))}


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as host:
        host.offers = (*host.offers, "AUTH PLAIN")
        yield host


def test_the_unit_sends_with_its_credentials_and_a_second_start_mails_nobody(
    open_folder: Path, host: MailHost
) -> None:
    service = Service(open_folder, host, people=3)
    first = ended(service.start()).ended(0)
    assert sorted(host.receivers) == [f"p{n}@example.com" for n in (1, 2, 3)]
    assert any(visit.login.startswith("AUTH PLAIN") for visit in host.visits)
    assert SECRET not in first.said
    ended(service.start()).ended(0)
    assert len(host.receivers) == 3
    assert set(service.statuses().values()) == {"accepted"}
    assert not list((open_folder / "home").iterdir())


@pytest.mark.thorough
def test_a_unit_that_was_killed_goes_on_with_those_whose_turn_had_not_come(
    open_folder: Path, host: MailHost
) -> None:
    service = Service(open_folder, host, people=12)
    host.hold_after = 4
    process = service.start()
    host.until_holding()
    process.kill()
    process.communicate()
    host.go.set()
    told = ended(service.start()).ended(1)
    assert "in doubt" in told.err
    statuses = service.statuses()
    doubtful = [key for key, status in statuses.items() if status == "in_doubt"]
    assert len(doubtful) == 1  # one connection
    assert len(set(host.receivers)) == len(host.receivers)
    assert set(host.receivers) == statuses.keys() - set(doubtful)


@pytest.mark.thorough
def test_systemds_signal_completes_the_letter_that_is_on_its_way(
    open_folder: Path, host: MailHost
) -> None:
    service = Service(open_folder, host, people=12)
    host.hold_after = 4
    process = service.start()
    host.until_holding()
    process.terminate()
    host.go.set()
    assert "go on with:" in ended(process).ended(3).err
    assert "in_doubt" not in service.statuses().values()
    ended(service.start()).ended(0)
    assert sorted(host.receivers) == sorted(service.statuses())


@pytest.mark.thorough
def test_the_crontab_that_the_page_shows_sends_and_says_nothing_where_all_is_well(
    open_folder: Path, host: MailHost
) -> None:
    """As cron runs it: by sh, in the user's home, with little in the environment."""
    service = Service(open_folder, host, people=3)
    block = (ROOT / "docs/ci.md").read_text("utf-8").partition("```crontab\n")[2].partition("```")[0]
    *given, line = block.splitlines()
    pairs = [one.replace(RECORDS, str(open_folder / "state")).split("=", 1) for one in given]
    command = line.split(maxsplit=5)[5]
    command = command.replace("/srv/news", str(service.campaign.parent))
    command = command.replace("/opt/sendbatch/bin/sendbatch", words_in(service.settings["ExecStart"][0])[0])
    command = command.replace("campaign.yaml", "spring.yaml")
    secrets = f"SMTP_USERNAME=me\nSMTP_PASSWORD={SECRET}\n"
    (service.campaign.parent / ".env").write_text(secrets)
    give(service.campaign.parent)
    (service.campaign.parent / ".env").chmod(0o600)
    environ = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "PYTHONPATH": str(ROOT), **dict(pairs)}
    for _ in range(2):
        cron = subprocess.run(
            [*as_nobody(), "/bin/sh", "-c", command],
            cwd=open_folder / "home",
            env=environ | {"HOME": str(open_folder / "home"), "LOGNAME": "nobody"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (cron.returncode, cron.stdout, cron.stderr) == (0, "", "")
    assert sorted(host.receivers) == [f"p{n}@example.com" for n in (1, 2, 3)]
