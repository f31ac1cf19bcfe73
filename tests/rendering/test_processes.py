"""Worker processes as the operating system sees them: what they load, and when they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.compose import Composer
from sendbatch.message.content import Bundle, Picture, SharedFile
from sendbatch.message.letter import shared_parts
from sendbatch.rendering import batches
from sendbatch.rendering.frames import CHECK
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.shared import SharedParts
from sendbatch.rendering.worker import Worker
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.process import NEEDED
from sendbatch.values import Envelope, Message, Recipient, Unbuildable
from tests.kit.waiting import LONGEST, until
from tests.rendering.test_pool import ENDLESS, NOW, built, letter, only_for, people, rows, setup

pytestmark = pytest.mark.own_workers

COMPUTES = 1.5  # seconds of the processor beyond those that a worker takes to load

NOT_FOR_WORKERS = {"yaml", "sqlite3", "aiosmtplib", "smtplib", "click", "keyring"}
FOR_OTHER_LETTERS = {"pyromark", "css_inline", "sendbatch.message.markdown.elements", "babel"} | {
    *("sendbatch.campaign.language.localised", "sendbatch.campaign.language.prose"),
}

WORK = """
import sys
from sendbatch.rendering.worker import Worker
read = lambda: sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
worker = Worker(read())
worker.check(read())
worker.render(read())
print(*sorted(sys.modules))
"""

PARENT = """
import sys
from sendbatch.rendering.frames import RENDER
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.shared import SharedParts
from sendbatch.rendering.worker import Worker
from sendbatch.rendering.workers import Workers
read = lambda: sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
setup, batch = read(), read()
workers = Workers(1, row_patience=3600.0)
workers.give(setup, RENDER, batch).result()
"""


def test_a_worker_imports_nothing_from_the_folder_of_the_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jinja2", "csv", "idna"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    with Workers(1) as workers:
        answer = workers.give(setup().to_bytes(), CHECK, batches.unchecked(rows(3)))
        assert len(batches.surveyed_from(answer.result(LONGEST)).rows) == 3


def told(*parts: bytes) -> bytes:
    return b"".join(b"%d\n%b" % (len(part), part) for part in parts)


def test_a_worker_loads_no_server_no_record_and_no_yaml() -> None:
    content = letter(html=Bundle("h", {"h": "<p>{{ name }}</p>"}, {"h": "letter.html"}))
    work = told(
        setup(content, where="name != 'Bob'").to_bytes(),
        batches.unchecked(rows(3)),
        batches.asked(people(3), NOW),
    )
    done = subprocess.run([sys.executable, "-c", WORK], input=work, capture_output=True, check=True)
    loaded = done.stdout.decode().split()
    assert "sendbatch.message.compose" in loaded
    assert NOT_FOR_WORKERS & {name.partition(".")[0] for name in loaded} == set()
    assert FOR_OTHER_LETTERS.isdisjoint(loaded)
    rooms = {name.split(".")[1] for name in loaded if name.startswith("sendbatch.")}
    assert rooms & {"smtp", "ledger", "delivery", "sandbox", "report", "preview", "cli"} == set()


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in found for child in file.read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_is_given_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret-of-the-account")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    others = children(os.getpid())  # a browser that another test opened, say
    with Workers(1) as workers:
        workers.give(setup().to_bytes(), CHECK, batches.unchecked(rows(1))).result(LONGEST)
        (worker,) = set(children(os.getpid())).difference(others)
        environ = Path(f"/proc/{worker}/environ").read_bytes()
        command = Path(f"/proc/{worker}/cmdline").read_bytes()
    assert b"TZ=Asia/Tokyo" in environ.split(b"\0")
    assert b"s3cret" not in environ + command
    assert {name.partition(b"=")[0].decode() for name in environ.split(b"\0") if name} <= {
        name for name in os.environ if name in NEEDED or name.startswith("LC_")
    }


def test_no_worker_survives_a_killed_parent_not_even_in_a_batch_that_never_ends() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE)
    assert parent.stdin is not None
    parent.stdin.write(told(setup(letter(ENDLESS)).to_bytes(), batches.asked(people(1), NOW)))
    parent.stdin.flush()
    until(lambda: children(parent.pid), "the worker")
    (worker,) = children(parent.pid)
    until(lambda: seconds(worker) > COMPUTES, "a batch that computes")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    until(lambda: not alive(worker), "the worker's end")


def seconds(pid: int) -> float:
    """What a process has computed so far; 0.0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.thorough
def test_a_worker_that_is_killed_over_a_row_fails_that_row_alone() -> None:
    """As the system does where memory runs out."""
    others, over = set(children(os.getpid())), threading.Event()

    def kill_who_computes_long() -> None:
        while not over.wait(0.05):
            for pid in set(children(os.getpid())) - others:
                if seconds(pid) > COMPUTES:
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_who_computes_long)
    killer.start()
    try:
        with Workers(1, row_patience=3600.0) as workers:
            pool = Pool(setup(letter(only_for("Name1", ENDLESS))), workers)
            found = built(pool, people(3))
    finally:
        over.set()
        killer.join()
    assert [type(one) for one in found] == [Message, Unbuildable, Message]
    assert "signal 9" in found[1].reason  # type: ignore[union-attr]


TEXT = st.text(max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT, st.none() | st.floats(0, 2e9)), max_size=4))
def test_recipients_cross_the_pipe_unchanged(given: list[tuple[str, str, float | None]]) -> None:
    some = [
        Recipient(n, n + 2, key, f"{key}@a.org", (key, cell), dated_at=at, content=cell or None)
        for n, (key, cell, at) in enumerate(given)
    ]
    assert batches.asked_for(batches.asked(some, NOW)) == (some, NOW, None)


@given(st.lists(TEXT | st.tuples(st.binary(max_size=20), st.booleans(), st.booleans())))
def test_what_was_built_crosses_the_pipe_unchanged(
    given: list[str | tuple[bytes, bool, bool]],
) -> None:
    built: batches.Built = []
    for one in given:
        if isinstance(one, str):
            built.append(Unbuildable(one))
        else:
            data, smtputf8, plain = one
            to = Envelope("news@a.org", "ann@b.org", smtputf8)
            built.append(Message(to, data, "<1@a.org>", NOW, plain))
    shared = SharedParts([])
    assert batches.built_from(batches.answered(built, shared), shared) == built


LARGE = b"Content-ID: <a>\r\n\r\n" + b"YWJj" * 1000 + b"\r\n"
OTHER = b"Content-ID: <b>\r\n\r\n" + b"YWJj" * 1000 + b"\r\n"
PIECES = st.sampled_from([LARGE, OTHER, LARGE[:-1], LARGE[:150], OTHER[50:], b"", b"--=_1\r\n", b"x"])


@given(st.lists(PIECES, max_size=8), st.lists(st.sampled_from([LARGE, OTHER, b"x"]), max_size=3))
def test_what_everybody_gets_is_put_back_where_it_was(
    pieces: list[bytes], parts: list[bytes]
) -> None:
    shared = SharedParts(parts)
    assert shared.into(shared.out_of(b"".join(pieces))) == b"".join(pieces)


def test_what_everybody_gets_is_not_sent_back_by_a_worker() -> None:
    source = 'Dear {{ name }}, <img src="cid:logo@a.org">'
    html = Bundle("a.html", {"a.html": source}, {"a.html": "a.html"})
    picture = Picture("logo@a.org", "logo.png", "image/png", bytes(range(256)) * 100, "logo.png")
    file = SharedFile("terms.pdf", bytes(range(255, -1, -1)) * 300)
    made = letter(text=None, html=html, pictures=(picture,), attachments=(file,))
    worker = Worker(setup(made).to_bytes())
    answer = worker.render(batches.asked(people(5), NOW))
    assert len(answer) < 10_000
    messages = batches.built_from(answer, SharedParts(shared_parts(made)))
    composer = Composer(made, setup(made).columns, setup(made).salt)
    assert messages == [composer.compose(one, NOW) for one in people(5)]
    assert all(isinstance(one, Message) and len(one.data) > 130_000 for one in messages)
