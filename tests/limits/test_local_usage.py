"""What accounts have used: quotas that hold in every window, and runs that know of each other."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits import local_usage, usage_file
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.usage import Account
from sendbatch.limits.usage_file import UsageFile
from tests.kit.thoroughness import examples
from tests.ledger.conftest import quick_folder

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400
NOW = 1_800_000_000.0
PER_HOUR = (Rate(10, HOUR),)


@pytest.fixture
def usage(tmp_path: Path) -> LocalUsage:
    return LocalUsage(UsageFile(tmp_path / "state" / "usage.sqlite"))


@pytest.fixture
def account(usage: LocalUsage) -> Account:
    return usage.account("smtp.example.com", "me")


# -- quotas -----------------------------------------------------------------------------------


def test_what_is_free_is_granted_and_no_more(usage: LocalUsage, account: Account) -> None:
    assert usage.take(account, PER_HOUR, 7, NOW) == 7
    assert usage.take(account, PER_HOUR, 7, NOW) == 3
    assert usage.take(account, PER_HOUR, 7, NOW) == 0
    assert usage.used(account, HOUR, NOW) == 10


def test_of_several_windows_the_tightest_decides(usage: LocalUsage, account: Account) -> None:
    assert usage.take(account, (Rate(10, HOUR), Rate(4, DAY)), 9, NOW) == 4


def test_without_a_quota_use_is_counted_all_the_same(usage: LocalUsage, account: Account) -> None:
    assert usage.take(account, (), 5, NOW) == 5

    assert usage.take(account, PER_HOUR, 9, NOW) == 5


def test_an_account_over_a_quota_declared_later_gets_nothing(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, (), 50, NOW)

    assert usage.take(account, PER_HOUR, 1, NOW) == 0
    assert usage.used(account, HOUR, NOW) == 50


def test_use_is_remembered_over_runs(usage: LocalUsage, account: Account, tmp_path: Path) -> None:
    usage.take(account, PER_HOUR, 6, NOW)

    again = LocalUsage(UsageFile(tmp_path / "state" / "usage.sqlite"))

    assert again.account("smtp.example.com", "me") == account
    assert again.take(account, PER_HOUR, 9, NOW) == 4


def test_accounts_and_recipient_domains_are_counted_apart(
    usage: LocalUsage, account: Account
) -> None:
    others = [
        usage.account("smtp.example.com", "you"),
        usage.account("smtp.example.org", "me"),
        usage.account("smtp.example.com", None),
        account.for_domain("example.net"),
    ]
    usage.take(account, PER_HOUR, 10, NOW)

    assert [usage.take(other, PER_HOUR, 10, NOW) for other in others] == [10] * 4


def test_the_use_of_all_accounts_at_a_host_leaves_domains_out(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, (), 3, NOW)
    usage.take(account.for_domain("example.net"), (), 3, NOW)
    usage.take(usage.account("smtp.example.com", "you"), (), 4, NOW)
    usage.take(usage.account("smtp.example.org", "me"), (), 5, NOW)
    of_the_host = usage.account("smtp.example.com", None)

    assert usage.used(of_the_host, HOUR, NOW) == 7
    assert usage.used(of_the_host, DAY, NOW + 2 * HOUR) == 7
    assert usage.used(of_the_host, HOUR, NOW + 2 * HOUR) == 0


def test_what_was_given_back_can_be_taken_again(usage: LocalUsage, account: Account) -> None:
    usage.take(account, PER_HOUR, 10, NOW)

    usage.give_back(account, 4, NOW)

    assert usage.used(account, HOUR, NOW) == 6
    assert usage.used(account, DAY, NOW) == 6
    assert usage.take(account, PER_HOUR, 9, NOW + 60) == 4


def test_giving_back_never_takes_from_what_was_used_at_another_time(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, PER_HOUR, 5, NOW)  # a block that is not used
    usage.take(account, PER_HOUR, 5, NOW + 1800)  # another run's, used

    usage.give_back(account, 5, NOW)

    assert usage.used(account, HOUR, NOW + 1800) == 5
    assert usage.take(account, PER_HOUR, 9, NOW + HOUR + 120) == 5


@pytest.mark.parametrize("n", [1, 11])
def test_giving_back_more_than_was_taken_earns_nothing(
    usage: LocalUsage, account: Account, n: int
) -> None:
    usage.give_back(account, n, NOW)

    assert usage.take(account, PER_HOUR, 99, NOW) == 10


def test_use_is_forgotten_after_it_can_matter_to_no_window(
    usage: LocalUsage, account: Account, tmp_path: Path
) -> None:
    usage.take(account, (), 5, NOW)
    usage.take(account, (), 6, NOW + 10 * DAY)

    with closing(sqlite3.connect(tmp_path / "state" / "usage.sqlite")) as connection:
        rows = connection.execute("SELECT window, count FROM used ORDER BY window, part").fetchall()

    assert rows == [(HOUR, 6), (DAY, 6), (MONTH, 5), (MONTH, 6)]


@contextmanager
def counted() -> Iterator[tuple[LocalUsage, Account]]:
    """Its rows are merged as soon and as often as they can be."""
    with quick_folder() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(local_usage, "OFTEN", 1)
        patched.setattr(local_usage, "SETTLED", 0.0)
        usage = LocalUsage(UsageFile(folder / "usage.sqlite"))
        yield usage, usage.account("smtp.example.com", "me")


STEPS = st.lists(
    st.tuples(
        st.floats(0, 2500) | st.sampled_from([0.0, 59.0, 60.0, 3540.0, 3600.0]),
        st.integers(1, 12),
        st.floats(0, 1),  # how much of it is given back,
        st.integers(0, 3),  # so many steps later
    ),
    max_size=12,
)
ON_A_SLOW_DISK = settings(max_examples=examples(100))


@ON_A_SLOW_DISK
@given(STEPS, st.integers(1, 15), st.sampled_from([HOUR, DAY]))
def test_no_window_ever_holds_more_than_the_quota(
    steps: list[tuple[float, int, float, int]], count: int, seconds: int
) -> None:
    now, spent, back = NOW, [], []
    scale = seconds / HOUR
    with counted() as (usage, account):
        for number, (pause, wanted, share, later) in enumerate(steps):
            now += pause * scale
            for _, n, taken_at in [b for b in back if b[0] <= number]:
                usage.give_back(account, n, taken_at)
            back = [b for b in back if b[0] > number]
            granted = usage.take(account, (Rate(count, seconds),), wanted, now)
            unused = int(granted * share)
            spent.append((now, granted - unused))
            back.append((number + 1 + later, unused, now))

    for end, _ in spent:
        assert sum(n for at, n in spent if end - seconds <= at <= end) <= count


@ON_A_SLOW_DISK
@given(STEPS, st.integers(1, 15), st.integers(1, 20))
def test_the_next_free_time_is_when_one_more_is_granted_and_not_a_moment_before(
    steps: list[tuple[float, int, float, int]], per_hour: int, per_day: int
) -> None:
    windows = (Rate(per_hour, HOUR), Rate(per_day, DAY))
    now = NOW
    with counted() as (usage, account):
        for pause, wanted, _, _ in steps:
            now += pause
            usage.take(account, windows, wanted, now)
        free_at = usage.next_free(account, windows, now)

        assert free_at >= now
        if free_at > now:
            assert usage.take(account, windows, 1, now) == 0
            assert usage.take(account, windows, 1, free_at - 0.001) == 0
        assert usage.take(account, windows, 1, free_at) == 1


def test_after_the_clock_was_set_back_a_window_is_waited_for_and_no_longer(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, PER_HOUR, 4, NOW + 9 * HOUR)
    usage.take(account, PER_HOUR, 6, NOW + 9 * HOUR + 60)

    assert usage.take(account, PER_HOUR, 1, NOW) == 0
    free_at = usage.next_free(account, PER_HOUR, NOW)

    assert NOW + HOUR <= free_at <= NOW + HOUR + 1
    assert usage.take(account, PER_HOUR, 10, free_at) == 10


def test_what_an_account_used_in_a_month_is_counted_too(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, (), 5, NOW)

    assert usage.take(account, (Rate(7, MONTH),), 9, NOW + 29 * DAY) == 2
    assert usage.take(account, (Rate(7, MONTH),), 9, NOW + 30 * DAY + 1) == 5


def test_when_a_block_was_used_until_is_when_it_counts_to(
    usage: LocalUsage, account: Account
) -> None:
    usage.take(account, PER_HOUR, 10, NOW)
    usage.give_back(account, 0, NOW, until=NOW + 10)

    assert usage.take(account, PER_HOUR, 9, NOW + HOUR + 1.1) == 2
    assert usage.take(account, PER_HOUR, 9, NOW + HOUR + 10.1) == 8


def test_ten_thousand_blocks_are_kept_in_few_rows(usage: LocalUsage, account: Account) -> None:
    for block in range(2000):
        usage.take(account, (), 100, NOW + block * 0.9)

    with usage._file.open() as connection:
        (rows,) = connection.execute("SELECT count(*) FROM used WHERE window = 86400").fetchone()

    assert rows < 120  # the last hundred are not merged yet
    assert usage.used(account, DAY, NOW + 1800) == 200_000


# -- beside version 0.1 -----------------------------------------------------------------------

TAKEN_BY_0_1 = (
    "INSERT INTO used VALUES (:account, 'smtp.example.com', '', :window, :part, 7) "
    "ON CONFLICT DO UPDATE SET count = count + 7"
)
USED_BY_0_1 = (
    "SELECT coalesce(sum(count), 0) FROM used WHERE account = :account AND domain = '' "
    "AND window = :window AND part > :part - 61"
)


def at_0_1(usage: LocalUsage, account: Account, statement: str, at: float) -> list[tuple[int]]:
    """What a run of the version before does with the same file."""
    told = {"account": account.user, "window": HOUR, "part": int(at * 60 // HOUR)}
    with usage._file.open() as connection:
        return connection.execute(statement, told).fetchall()


def test_what_version_0_1_took_counts_to_the_end_of_its_sixtieth(
    usage: LocalUsage, account: Account
) -> None:
    at_0_1(usage, account, TAKEN_BY_0_1, NOW)

    assert usage.take(account, PER_HOUR, 9, NOW + 30) == 3
    assert usage.used(account, HOUR, NOW + HOUR + 59) == 7
    assert usage.used(account, HOUR, NOW + HOUR + 61) == 0


def test_version_0_1_counts_what_this_one_took_for_as_long_at_least(
    usage: LocalUsage, account: Account
) -> None:
    for block in range(5):
        usage.take(account, PER_HOUR, 2, NOW + 20 * block)

    for later in range(0, HOUR + 200, 10):
        now = NOW + later
        ((used,),) = at_0_1(usage, account, USED_BY_0_1, now)
        assert used >= usage.used(account, HOUR, now)


def test_without_a_quota_the_next_free_time_is_now(usage: LocalUsage, account: Account) -> None:
    assert usage.next_free(account, (), NOW) == NOW


# -- names ------------------------------------------------------------------------------------


def test_a_user_name_is_nowhere_to_be_found(usage: LocalUsage, tmp_path: Path) -> None:
    secret = "pm-token-4711"
    account = usage.account("smtp.example.com", secret)
    usage.take(account, PER_HOUR, 1, NOW)

    with usage.alive(account):
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(found) == 4  # the file, its log and index, and who is alive
        for path in found:
            assert secret not in str(path)
            assert secret.encode() not in path.read_bytes()
    assert secret not in repr(account)


def test_the_same_name_has_another_hash_for_each_user_of_this_machine(tmp_path: Path) -> None:
    one, other = LocalUsage(UsageFile(tmp_path / "1")), LocalUsage(UsageFile(tmp_path / "2"))

    assert one.account("host", "me").user != other.account("host", "me").user


# -- runs that are alive ----------------------------------------------------------------------

HOLD_ALIVE = """
import sys
from pathlib import Path
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.usage_file import UsageFile
usage = LocalUsage(UsageFile(Path(sys.argv[1])))
with usage.alive(usage.account("smtp.example.com", "me")):
    print("alive", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_run(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process on the same account; lives until it is killed or the block ends."""
    command = [sys.executable, "-c", HOLD_ALIVE, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "alive\n"
            yield process
        finally:
            process.kill()


def test_a_run_alone_counts_one_whether_it_said_so_or_not(
    usage: LocalUsage, account: Account
) -> None:
    assert usage.runs(account) == 1
    with usage.alive(account):
        assert usage.runs(account) == 1
    assert usage.runs(account) == 1


def test_runs_on_one_account_are_counted_and_dead_ones_forgotten(
    usage: LocalUsage, account: Account, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "usage.sqlite"
    folder = path.parent / "alive" / account.user
    with usage.alive(account), another_run(path) as process:
        assert usage.runs(account) == 2
        assert usage.runs(usage.account("smtp.example.com", "you")) == 1

        process.kill()
        process.wait()
        assert len(list(folder.iterdir())) == 2

        assert usage.runs(account) == 1
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []


def test_being_looked_at_ends_no_run(usage: LocalUsage, account: Account) -> None:
    with usage.alive(account), usage.alive(account):
        assert [usage.runs(account) for _ in range(3)] == [2, 2, 2]


# -- the file ---------------------------------------------------------------------------------


def test_the_file_and_its_folder_are_the_owners_alone(usage: LocalUsage, tmp_path: Path) -> None:
    folder = tmp_path / "state"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "usage.sqlite").stat().st_mode) == 0o600


def test_a_path_that_cannot_be_says_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")

    with pytest.raises(LedgerError) as caught:
        LocalUsage(UsageFile(tmp_path / "state" / "usage.sqlite"))

    assert "what the account has used cannot be kept here" in str(caught.value)
    assert os.strerror(17) in str(caught.value) or os.strerror(20) in str(caught.value)
    assert "usage: FILE" in str(caught.value)
    assert "[Errno" not in str(caught.value)


@pytest.mark.parametrize("make", ["folder", "text"])
def test_a_file_that_is_no_database_is_refused_with_words(tmp_path: Path, make: str) -> None:
    path = tmp_path / "usage.sqlite"
    if make == "folder":
        path.mkdir()
    else:
        path.write_text("Dear diary, " * 500)

    with pytest.raises(LedgerError, match="what the account has used cannot be kept here: "):
        LocalUsage(UsageFile(path))


def test_a_file_in_the_way_of_being_alive_is_told_of_and_counts_as_one_run(
    usage: LocalUsage, account: Account, tmp_path: Path
) -> None:
    (tmp_path / "state" / "alive").write_text("")

    assert usage.runs(account) == 1
    with pytest.raises(LedgerError, match="cannot be kept here"), usage.alive(account):
        pass


def test_once_a_run_is_over_its_file_is_whole_and_alone(
    usage: LocalUsage, account: Account, tmp_path: Path
) -> None:
    with usage.alive(account):
        usage.take(account, (), 5, NOW)
        assert (tmp_path / "state" / "usage.sqlite-wal").exists()

    assert [path.name for path in (tmp_path / "state").glob("usage*")] == ["usage.sqlite"]
    assert usage.used(account, HOUR, NOW) == 5


def test_on_a_network_file_system_there_is_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalUsage(UsageFile(tmp_path / "usage.sqlite"))
    local.take(local.account("host", "me"), (), 2, NOW)
    del local
    monkeypatch.setattr(usage_file, "network_of", lambda folder: "nfs4")

    usage = LocalUsage(UsageFile(tmp_path / "usage.sqlite"))

    usage.take(usage.account("host", "me"), (), 3, NOW)
    assert [path.name for path in tmp_path.glob("usage*")] == ["usage.sqlite"]
    assert usage.used(usage.account("host", "me"), HOUR, NOW) == 5


def test_runs_that_have_the_file_open_share_one_quota(tmp_path: Path) -> None:
    runs = [LocalUsage(UsageFile(tmp_path / "usage.sqlite")) for _ in range(3)]
    account = runs[0].account("host", "me")

    assert [run.take(account, PER_HOUR, 4, NOW) for run in runs] == [4, 4, 2]


def test_threads_that_take_at_once_get_no_more_than_there_is(
    usage: LocalUsage, account: Account
) -> None:
    with ThreadPoolExecutor(8) as threads:
        granted = threads.map(lambda _: usage.take(account, PER_HOUR, 1, NOW), range(30))

    assert sum(granted) == 10


def test_a_file_removed_under_a_run_is_told_of(
    usage: LocalUsage, account: Account, tmp_path: Path
) -> None:
    (tmp_path / "state" / "usage.sqlite").unlink()

    with pytest.raises(LedgerError, match="cannot be kept here"):
        usage.take(account, (), 1, NOW)


def test_what_is_taken_is_there_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite"
    code = (
        "import os, sys; from pathlib import Path; "
        "from sendbatch.limits.local_usage import LocalUsage; "
        "from sendbatch.limits.usage_file import UsageFile; "
        "usage = LocalUsage(UsageFile(Path(sys.argv[1]))); "
        f"usage.take(usage.account('host', 'me'), (), 7, {NOW}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    usage = LocalUsage(UsageFile(path))

    assert usage.used(usage.account("host", "me"), HOUR, NOW) == 7
