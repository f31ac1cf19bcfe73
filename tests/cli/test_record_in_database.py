"""A record in a database, as a person says it; what the database does is tested with one below."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.campaign.loading import load_campaign
from sendbatch.errors import CampaignError, GuardError
from sendbatch.ledger.sqlite.lock import hold
from sendbatch.session.job import folder_of
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.githost import git, repository
from tests.kit.machine import SECRET
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database, Postgres

PROFILES = """\
project: shop
record: %s
profiles:
  test: {host: 127.0.0.1, port: 2525, security: none}
"""


@pytest.fixture
def shared(desk: Desk) -> Desk:
    desk.write("profiles.yaml", PROFILES % '"${DATABASE_URL}"')
    desk.campaign(("smtp: sandbox", "smtp: test"))
    return desk


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://ann:geheim@db.example/news",
        "postgresql://ann:ge/heim@db.example/news",
        "postgresql://ann:ge@heim@db.example/news",
        "postgresql://db.example/news?password=geheim",
        '"postgresql://ann:${PW}geheim@db.example/news"',
    ],
)
def test_a_password_written_out_in_profiles_yaml_is_refused_and_not_shown(
    shared: Desk, written: str
) -> None:
    shared.write("profiles.yaml", PROFILES % written)
    told = shared.run("check", "spring.yaml").ended(2)
    assert "profiles.yaml:2" in told.err
    assert "a password must not be written out in a file" in told.err
    assert '"${DATABASE_URL}"' in told.err
    assert "heim" not in told.said


@pytest.mark.parametrize("written", ["gti", "/srv/records", "mysql://ann:geheim@h/db"])
def test_what_is_neither_git_nor_a_database_is_refused(shared: Desk, written: str) -> None:
    shared.write("profiles.yaml", PROFILES % written)
    told = shared.run("check", "spring.yaml").ended(2)
    assert "must be git, or the address of a database" in told.err
    assert "geheim" not in told.said


def test_a_password_on_the_command_line_is_refused_with_what_to_write_instead(shared: Desk) -> None:
    told = shared.run(
        "run", "spring.yaml", "--record", "postgresql://ann:geheim@db.example/news"
    ).ended(2)
    assert "everybody on this machine can see in the list of processes" in told.err
    assert "set SENDBATCH_RECORD to the address" in told.err
    assert "~/.pgpass" in told.err
    assert "geheim" not in told.said


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_an_address_that_cannot_be_read_says_how_one_is_written(shared: Desk, verb: str) -> None:
    told = shared.run(verb, "spring.yaml", "--record", "postgresql://ann@db:port/news").ended(2)
    assert "its host or port cannot be read" in told.err
    assert "postgresql://USER:PASSWORD@HOST:5432/DATABASE" in told.err


@pytest.mark.parametrize("verb", ["plan", "preview", "run"])
def test_without_the_variable_who_only_looks_compares_with_nothing_and_says_so(
    shared: Desk, verb: str
) -> None:
    told = shared.run(verb, "spring.yaml", *(["--dry-run"] if verb == "run" else [])).ended(0)
    said = "the record in the database was not read, as DATABASE_URL is not set: compared with nothing"
    assert said in told.said.replace("\n  ", " ")


@pytest.mark.parametrize("verb", ["run", "status", "report", "resolve"])
def test_without_the_variable_who_needs_the_record_is_told_what_to_set(
    shared: Desk, verb: str
) -> None:
    more = ["ada@example.com", "--as", "accepted"] if verb == "resolve" else []
    told = shared.run(verb, "spring.yaml", *more, *(["--yes"] if verb == "run" else [])).ended(2)
    assert "the record is in a database, and DATABASE_URL is not set" in told.err


def test_a_check_reads_no_address_and_needs_no_database(
    shared: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://nothing")
    told = shared.run("check", "spring.yaml").ended(0)
    assert "database" not in told.said


def test_without_a_project_and_an_origin_it_is_not_known_whose_the_record_is(
    shared: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/news")
    shared.change("profiles.yaml", "project: shop\n", "")
    told = shared.run("run", "spring.yaml", "--yes").ended(2)
    assert "nothing says which project this is" in told.err
    assert "write `project: NAME` at the top of profiles.yaml" in told.err


def test_people_whom_a_record_on_this_disk_knows_are_not_mailed_from_a_database(desk: Desk) -> None:
    desk.write("profiles.yaml", "project: shop\n")
    desk.run("run", "spring.yaml").ended(0)
    campaign = load_campaign(desk.folder / "spring.yaml")
    with pytest.raises(GuardError) as refused:
        folder_of(campaign, "postgresql://ann:geheim@127.0.0.1:1/news", {}).begin()
    assert "knows 3 recipients who have the mail" in str(refused.value)
    assert "(127.0.0.1:1/news) would not know them" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.fixture
def sent(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """A campaign that was sent, with its record in a database."""
    desk.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
    desk.campaign(("smtp: sandbox", "smtp: live"))
    monkeypatch.setenv("SENDBATCH_RECORD", database.url)
    desk.run("run", "spring.yaml", "--yes").ended(0)
    return desk


@pytest.mark.thorough
def test_whoever_goes_on_on_the_disk_is_told_where_the_record_is(
    sent: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENDBATCH_RECORD")
    told = sent.run("run", "spring.yaml", "--yes").ended(2)
    assert "the record of this campaign is in a database: shop/spring in 127.0.0.1:" in told.err
    (sent.record("spring") / "report.csv").unlink()  # the note is enough
    sent.run("run", "spring.yaml", "--yes").ended(2)
    assert len(mailhost.receivers) == 3


@pytest.mark.thorough
def test_another_database_that_knows_nobody_is_refused(
    sent: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    monkeypatch.setenv("SENDBATCH_RECORD", postgres.new_database().url)
    told = sent.run("run", "spring.yaml", "--yes").ended(2)
    assert "there is no record of this campaign in shop/spring in 127.0.0.1:" in told.err
    assert "and database.txt says that it is shop/spring in 127.0.0.1:" in told.err
    assert len(mailhost.receivers) == 3
    sent.run("run", "spring.yaml", "--yes", "--run", "2").ended(0)  # an edition begins anywhere


@pytest.mark.thorough
def test_a_project_that_was_misspelt_begins_no_other_record(
    sent: Desk, mailhost: MailHost
) -> None:
    sent.change("profiles.yaml", "project: shop\n", "project: shopp\n")
    told = sent.run("run", "spring.yaml", "--yes").ended(2)
    assert "there is no record of this campaign in shopp/spring in 127.0.0.1:" in told.err
    assert "look at its address, at `project:` there" in told.err
    (sent.record("spring") / "database.txt").unlink()  # a report is enough
    told = sent.run("run", "spring.yaml", "--yes").ended(2)
    assert "report.csv, report.json, report.html show that there was one" in told.err
    assert len(mailhost.receivers) == 3
    (sent.record("spring")).rename(sent.folder / "before")
    told = sent.run("run", "spring.yaml", "--yes").ended(4)  # the same people are
    assert "of the same name under another project, shop." in told.err
    assert len(mailhost.receivers) == 3


@pytest.mark.thorough
def test_a_record_that_was_deleted_in_the_database_is_not_begun_anew(
    sent: Desk, mailhost: MailHost, database: Database
) -> None:
    database.say("DELETE FROM sendbatch.record")
    for verb in ("run", "status", "report"):
        told = sent.run(verb, "spring.yaml", *(["--yes"] if verb == "run" else [])).ended(2)
        assert "is gone from the database, in which it was (shop/spring in 127.0.0.1:" in told.err
        assert "put it back from a backup" in told.err
    assert "a run would be refused" in sent.run("plan", "spring.yaml").said
    assert len(mailhost.receivers) == 3


def test_lines_that_lead_on_name_the_variable_and_never_what_it_holds(
    sent: Desk, database: Database
) -> None:
    password = database.url.split(":")[2].partition("@")[0]
    told = sent.run("run", "spring.yaml", "--yes", "--run", "2", "--limit", "1").ended(0)
    assert "sendbatch run spring.yaml --record '${SENDBATCH_RECORD}' --run 2" in told.err
    log = sent.run("run", "spring.yaml", "--yes", "--run", "3", "--log-format", "json").ended(0)
    status = sent.run("status", "spring.yaml", "--format", "json").ended(0)
    files = [path for path in sent.folder.rglob("*") if path.is_file()]
    assert any(path.name == "report.html" for path in files)
    said = told.said + log.said + status.said
    assert password not in said + "".join(path.read_text(errors="replace") for path in files)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((r":([^:@]*)@", ":geheim@"), "password authentication failed"),
        ((r"/[^/]*$", "/nosuch"), "nosuch"),
        ((r":[0-9]+/", ":1/"), "127.0.0.1:1/"),
    ],
    ids=["another password", "no such database", "nobody listens"],
)
def test_a_database_that_cannot_be_had_is_told_of_without_the_password(
    sent: Desk,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    said: str,
) -> None:
    url = re.sub(*change, database.url, count=1)
    monkeypatch.setenv("SENDBATCH_RECORD", url)
    for verb in ("plan", "status"):
        told = sent.run(verb, "spring.yaml")
        assert told.code == (3 if ":1/" in said else 2)  # one that is away may be back soon
        assert said in told.err
        assert "geheim" not in told.said
        assert url.split(":")[2].partition("@")[0] not in told.said


def test_a_note_that_came_with_a_repository_is_data(desk: Desk) -> None:
    desk.write("profiles.yaml", "project: shop\n")
    desk.campaign(("smtp: sandbox", "smtp: {host: 127.0.0.1, port: 1, security: none}"))
    desk.write("reports/spring/database.txt", b"\x1b[31m\xff" + b"x" * 5000)
    told = desk.run("run", "spring.yaml", "--yes").ended(2)
    assert "\x1b" not in told.err
    assert len(told.err) < 1500


@pytest.mark.parametrize(
    "value",
    ["'postgresql://u:geheim@h/db'", "host=h password=geheim", "mysql://u:geheim@h/db", "$geheim"],
)
@pytest.mark.parametrize("verb", ["run", "status", "trace"])
def test_what_was_meant_as_a_database_begins_no_record_in_a_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, value: str, verb: str
) -> None:
    monkeypatch.setenv("SENDBATCH_RECORD", value)
    what = "ada@example.com" if verb == "trace" else "spring.yaml"
    told = desk.run(verb, what).ended(2)
    assert "names no folder, and no database" in told.err
    typed = desk.run(verb, what, "--record", value).ended(2)
    assert "geheim" not in told.said + typed.said
    assert not [path for path in desk.folder.rglob("*") if "geheim" in str(path)]
    with pytest.raises(CampaignError):
        api.run(desk.folder / "spring.yaml", record=value)
    with pytest.raises(CampaignError):
        api.run(desk.folder / "spring.yaml", record=Path(value))


def test_a_folder_without_a_record_does_not_stand_in_for_the_database(
    shared: Desk, monkeypatch: pytest.MonkeyPatch, mailhost: MailHost
) -> None:
    shared.write("profiles.yaml", 'project: shop\nrecord: "${DATABASE_URL}"\n' + mailhost.profiles)
    shared.campaign(("smtp: sandbox", "smtp: live"))
    monkeypatch.setenv("SENDBATCH_RECORD", "kept")
    told = shared.run("run", "spring.yaml", "--yes").ended(4)
    assert "names a folder without one (kept/spring)" in told.err
    assert "a run would be refused" in shared.run("plan", "spring.yaml").said
    assert not mailhost.receivers


def named_in_profiles(desk: Desk, mailhost: MailHost, record: str = '"${D}"') -> None:
    desk.write("profiles.yaml", f"project: shop\nrecord: {record}\n{mailhost.profiles}")


@pytest.fixture
def begun_here(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """One of three has the mail by a record on the disk; then profiles.yaml says that it is in a database."""
    desk.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
    desk.campaign(("smtp: sandbox", "smtp: live"))
    desk.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    monkeypatch.setenv("D", database.url)
    named_in_profiles(desk, mailhost)
    return desk


def test_where_a_record_went_no_other_database_stands_in_for_it(
    begun_here: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    begun_here.run("record", "import", "spring.yaml", "reports").ended(0)
    begun_here.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    monkeypatch.setenv("D", postgres.new_database().url)
    assert "a run would be refused" in begun_here.run("plan", "spring.yaml").said
    begun_here.run("plan", "spring.yaml", "--out", "plan.json").ended(4)
    told = begun_here.run("run", "spring.yaml", "--yes").ended(4)
    assert "this record has moved to shop/spring in 127.0.0.1:" in told.err
    assert len(mailhost.receivers) == 2


@pytest.mark.parametrize("verb", ["plan", "status", "report"])
def test_whoever_looks_before_a_record_went_into_the_database_is_told_of_it(
    begun_here: Desk, verb: str
) -> None:
    told = begun_here.run(verb, "spring.yaml").ended(0 if verb == "plan" else 4)
    assert "there is a record on this disk, which knows 1 recipient" in " ".join(told.said.split())
    assert ("a run would be refused" in told.said) == (verb == "plan")
    assert "sendbatch record import spring.yaml reports" in told.said


def test_an_older_copy_beside_a_record_in_the_database_is_left_by_lines_that_mail_nobody_twice(
    begun_here: Desk, mailhost: MailHost
) -> None:
    shutil.copytree(begun_here.folder / "reports", begun_here.folder / "kept")
    begun_here.run("record", "import", "spring.yaml", "reports").ended(0)
    shutil.rmtree(begun_here.folder / "reports")
    (begun_here.folder / "kept").rename(begun_here.folder / "reports")
    begun_here.run("status", "spring.yaml").ended(3)
    told = begun_here.run("run", "spring.yaml", "--yes").ended(4)
    assert "there is a record on this disk, too" in told.err
    report, move, run = [line.split() for line in told.err.splitlines() if line.startswith("    ")]
    assert report[-2:] == [">", "known.csv"]
    begun_here.write("known.csv", begun_here.run(*report[1:-2]).out)
    assert move == ["mv", "reports/spring", "reports/spring.old"]
    begun_here.record("spring").rename(begun_here.folder / move[2])
    begun_here.run(*run[1:], "--yes").ended(0)
    assert sorted(mailhost.receivers) == ["ada@example.com", "bjork@example.org", "carl@example.net"]


def test_a_record_that_left_the_database_tells_whoever_looks_there_where_it_went(
    sent: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D", os.environ["SENDBATCH_RECORD"])
    monkeypatch.delenv("SENDBATCH_RECORD")
    sent.run("record", "export", "spring.yaml", "elsewhere", "--record", "${D}").ended(0)
    for verb in ("status", "report", "stop"):
        told = sent.run(verb, "spring.yaml", "--record", "${D}").ended(4)
        assert "this record was moved to" in told.err
        assert "elsewhere" in told.err


def test_a_record_that_left_the_disk_is_not_said_to_be_at_rest(sent: Desk) -> None:
    sent.run("run", "spring.yaml", "--yes", "--record", "here", "--run", "2").ended(0)
    sent.run("record", "export", "spring.yaml", "there", "--record", "here", "--run", "2").ended(0)
    told = sent.run("stop", "spring.yaml", "--record", "here", "--run", "2").ended(4)
    assert "this record has moved to" in told.err
    sent.run("stop", "spring.yaml", "--record", "there", "--run", "2").ended(0)


def test_a_run_on_the_disk_is_not_passed_over_by_a_stop_in_the_database(begun_here: Desk) -> None:
    with hold(begun_here.record("spring"), since="now", holder="a test"):
        told = begun_here.run("stop", "spring.yaml").ended(4)
    assert "sendbatch stop spring.yaml --record reports" in told.err


def cloned(desk: Desk, origin: str) -> None:
    desk.write(".git/config", f'[remote "origin"]\n\turl = {origin}\n')


class TestOneRepositoryUnderTwoNames:
    """A record that CI, or another clone, has begun is not begun a second time."""

    @pytest.fixture
    def clone(self, desk: Desk, mailhost: MailHost, database: Database) -> Desk:
        """Another clone has sent to all; nothing of it is on this disk."""
        with pytest.MonkeyPatch.context() as other:
            other.setenv("D", database.url)
            desk.campaign(("smtp: sandbox", "smtp: live"))
            desk.write("profiles.yaml", 'record: "${D}"\n' + mailhost.profiles)
            cloned(desk, "https://gitlab.example.com/Acme/News.git")
            desk.run("run", "spring.yaml", "--yes").ended(0)
        shutil.rmtree(desk.folder / "reports")
        return desk

    @pytest.fixture(autouse=True)
    def address(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("D", database.url)

    def test_in_other_letters_it_is_the_same(self, clone: Desk, mailhost: MailHost) -> None:
        cloned(clone, "git@GitLab.example.com:acme/news")
        clone.run("run", "spring.yaml", "--yes").ended(0)
        assert len(mailhost.receivers) == 3

    @pytest.mark.parametrize(
        ("origin", "project"),
        [
            ("git@gitlab-work:acme/news.git", ""),
            ("https://gitlab.example.com/acme/news.git", "project: shop\n"),
            ("https://example.com/other", "project: gitlab.example.com/ACME/news\n"),
        ],
        ids=["an alias of the host", "a project that was written later", "in other letters"],
    )
    def test_under_another_name_it_is_refused_with_what_to_write(
        self, clone: Desk, mailhost: MailHost, origin: str, project: str
    ) -> None:
        cloned(clone, origin)
        clone.write("profiles.yaml", f'{project}record: "${{D}}"\n{mailhost.profiles}')
        told = clone.run("run", "spring.yaml", "--yes").ended(4)
        assert "which seems to be the same: gitlab.example.com/acme/news;" in told.err
        assert "a run would be refused" in clone.run("plan", "spring.yaml").said
        clone.run("plan", "spring.yaml", "--out", "plan.json").ended(4)
        assert "seems to be the same" in clone.run("status", "spring.yaml").ended(4).err
        line = told.err.partition("project: ")[2].splitlines()[0]
        clone.write("profiles.yaml", f'project: {line}\nrecord: "${{D}}"\n{mailhost.profiles}')
        clone.run("run", "spring.yaml", "--yes").ended(0)
        assert len(mailhost.receivers) == 3

    def test_another_project_with_a_campaign_of_that_name_begins_its_own(
        self, clone: Desk, mailhost: MailHost
    ) -> None:
        cloned(clone, "https://gitlab.example.com/acme/other.git")
        clone.write("people.csv", "email,first_name,coupon\ndina@example.com,Dina,X\nada@example.com,Ada,Y\n")
        told = clone.run("run", "spring.yaml", "--yes").ended(0)
        assert "a new record" in told.said
        assert len(mailhost.receivers) == 5

    @pytest.mark.parametrize("project", ["", "project: stall\n"])
    def test_another_project_with_the_same_people_is_refused_until_a_person_says_so(
        self, clone: Desk, mailhost: MailHost, project: str
    ) -> None:
        cloned(clone, "https://gitlab.example.com/acme/other.git")
        clone.write("profiles.yaml", f'{project}record: "${{D}}"\n{mailhost.profiles}')
        told = clone.run("run", "spring.yaml", "--yes").ended(4)
        assert "under another project, gitlab.example.com/acme/news." in told.err
        status = clone.run("status", "spring.yaml").ended(2)
        assert "under another project: gitlab.example.com/acme/news" in status.err
        assert "Of the first 3 recipients whom that one has sent to 3 are in this plan" in told.err
        assert "a run would be refused" in clone.run("plan", "spring.yaml").said
        clone.run("plan", "spring.yaml", "--out", "plan.json").ended(4)
        assert len(mailhost.receivers) == 3
        clone.run("run", "spring.yaml", "--yes", "--first-run", "2020-01-01").ended(4)
        clone.run(*told.err.splitlines()[-1].split()[1:], "--yes").ended(0)
        assert len(mailhost.receivers) == 6


def test_another_projects_record_is_not_taken_in(begun_here: Desk, mailhost: MailHost) -> None:
    begun_here.change("profiles.yaml", "project: shop", "project: other")
    told = begun_here.run("record", "import", "spring.yaml", "reports").ended(4)
    assert "belongs to another project: shop" in told.err
    begun_here.change("profiles.yaml", "project: other", "project: shop")
    begun_here.run("record", "import", "spring.yaml", "reports").ended(0)
    begun_here.run("run", "spring.yaml", "--yes").ended(0)
    assert len(mailhost.receivers) == 3


class TestARecordThatPipelinesNameByThemselves:
    """Where profiles.yaml names one, that is it."""

    @pytest.fixture
    def job(
        self, begun_here: Desk, tmp_path: Path, needs: Needs, monkeypatch: pytest.MonkeyPatch
    ) -> Desk:
        """A clone in CI, of a campaign that a laptop has begun in a database."""
        needs("git", "records are kept in repositories")
        begun_here.run("record", "import", "spring.yaml", "reports").ended(0)
        shutil.rmtree(begun_here.folder / "reports")
        git("init", "-q", "-b", "main", at=begun_here.folder)
        git("remote", "add", "origin", str(repository(tmp_path).bare), at=begun_here.folder)
        monkeypatch.setenv("CI", "true")
        monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", SECRET)
        return begun_here

    def test_the_default_stands_back(
        self, job: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SENDBATCH_RECORD_DEFAULT", "git")
        monkeypatch.setenv("SENDBATCH_RECORD", "")  # as a pipeline has it whose input is left out
        job.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
        job.run("run", "spring.yaml", "--plan", "plan.json", "--yes").ended(0)
        assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 3

    def test_the_repository_does_not_stand_in_for_the_database(
        self, job: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SENDBATCH_RECORD", "git")
        for words in (("run", "spring.yaml", "--yes"), ("plan", "spring.yaml", "--out", "plan.json")):
            told = job.run(*words).ended(4)
            assert "profiles.yaml says that the record is in a database" in told.err
            assert "names the repository, which has none (refs/sendbatch/shop/spring)" in told.err
        assert len(mailhost.receivers) == 1

    def test_the_default_is_the_repository_where_nothing_else_is_named(
        self, job: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
        monkeypatch.setenv("SENDBATCH_RECORD_DEFAULT", "git")
        job.run("run", "spring.yaml", "--yes", "--run", "2").ended(0)
        assert "refs/sendbatch/shop/spring@2" in git("ls-remote", "origin", at=job.folder)
        monkeypatch.setenv("SENDBATCH_RECORD_DEFAULT", "/srv/records")
        assert "can only be git" in job.run("run", "spring.yaml", "--yes").ended(2).err
