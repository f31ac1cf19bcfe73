"""A run tells webhooks how it went, and nothing that a webhook does changes how it goes."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendbatch import api
from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError, RecordStopped, SmtpError
from sendbatch.runtime.ci import job_url
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Observer, Wait
from sendbatch.runtime.stop import Stop
from sendbatch.session import notifying
from sendbatch.session.counting import MOST_WAITS
from sendbatch.session.job import job_of
from sendbatch.session.notifying import telling_others
from sendbatch.smtp.probe import Step
from sendbatch.values import Status
from tests.kit.clock import START, FakeClock, FastClock
from tests.kit.mailhost import MailHost
from tests.kit.watcher import Watcher
from tests.kit.webhook import Webhook, says, webhook
from tests.session.conftest import Declare

NOTIFY = 'notify: {url: "${HOOK}", shape: json}\n'
BOB = "bob@example.org"


def with_hook(edge: Edge, hook: Webhook, **more: str) -> Edge:
    return replace(edge, environ={"HOOK": hook.url, **more})


def told(hook: Webhook) -> list[Any]:
    return [posted.json for posted in hook.posted]


def test_the_end_is_told_with_counts_and_exit_code(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    mailhost.answers[BOB] = "550 5.1.1 no such user"
    with webhook() as hook:
        ended = api.run(live(more=NOTIFY), yes=True, edge=with_hook(edge, hook))
    (end,) = told(hook)
    assert ended.exit_code == 1
    assert (end["kind"], end["title"]) == ("end", "spring: 2 of 3 accepted")
    assert (end["counts"], end["exit_code"]) == ({"accepted": 2, "rejected": 1}, 1)
    assert (end["profile"], end["why"], end["command"], end["job"]) == ("live", "", "", "")


def test_no_address_of_anybody_is_told(live: Declare, edge: Edge, mailhost: MailHost) -> None:
    mailhost.after[BOB] = b"421 4.3.2 account of bob@example.org is closed\r\n"
    with webhook() as hook:
        campaign = live(more=NOTIFY + "retry: {attempts: 1}\n")
        api.run(campaign, yes=True, no_wait=True, edge=with_hook(edge, hook))
    assert hook.posted
    assert b"bob" not in b"".join(posted.body for posted in hook.posted)


def test_a_run_with_nothing_to_send_tells_nobody(live: Declare, edge: Edge) -> None:
    with webhook() as hook:
        api.run(live(more=NOTIFY), yes=True, edge=with_hook(edge, hook))
        again = api.run(live(more=NOTIFY), yes=True, edge=with_hook(edge, hook))
    assert not again.sent
    assert len(hook.posted) == 1


def test_a_stop_is_told_with_its_reason_and_the_line_that_goes_on(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    stop = Stop()
    watcher = Watcher(lambda: stop.soon("Ctrl-C"))
    with webhook() as hook:
        edge = with_hook(edge, hook)
        ended = api.run(live(more=NOTIFY), yes=True, stop=stop, observer=watcher, edge=edge)
    (end,) = told(hook)
    assert (ended.exit_code, end["exit_code"], end["kind"]) == (3, 3, "stop")
    assert end["why"] == "Ctrl-C"
    assert end["title"].startswith("spring stopped early: ")
    assert end["command"].startswith("sendbatch run ")
    assert "to go on, a test where its record is: sendbatch run" in end["text"]


def test_whoever_is_named_in_the_line_that_goes_on_is_not_told_of(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    stop = Stop()
    watcher = Watcher(lambda: stop.soon("Ctrl-C"))
    with webhook() as hook:
        api.run(
            live(more=NOTIFY),
            yes=True,
            only=["ada@example.org", BOB],
            stop=stop,
            observer=watcher,
            edge=with_hook(edge, hook),
        )
    assert told(hook)[0]["command"] == ""


def test_in_ci_the_job_is_told_in_place_of_the_line(live: Declare, edge: Edge) -> None:
    stop = Stop()
    job = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example/shop",
        "GITHUB_RUN_ID": "7",
    }
    with webhook() as hook:
        edge = with_hook(edge, hook, **job)
        watcher = Watcher(lambda: stop.soon("SIGTERM"))
        api.run(live(more=NOTIFY), yes=True, stop=stop, observer=watcher, edge=edge)
    (end,) = told(hook)
    assert end["job"] == "https://github.com/example/shop/actions/runs/7"
    assert "sendbatch run" not in end["text"]


LATER = "retry: {first_delay: 3m}\n"


def later_for_bob(mailhost: MailHost) -> None:
    """He is refused for now, and taken at the second attempt."""
    mailhost.answers[BOB] = "451 4.3.0 not now"


class Relents(Watcher):
    """Once the run waits, the server takes whoever it refused for now."""

    def __init__(self, mailhost: MailHost) -> None:
        super().__init__()
        self._mailhost = mailhost

    def waiting(self, wait: Wait) -> None:
        super().waiting(wait)
        if "deferred" in wait.why:
            self._mailhost.answers.pop(BOB, None)


def test_a_wait_is_told_once_while_it_lasts_and_then_the_end(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    later_for_bob(mailhost)
    with webhook() as hook:
        edge = replace(with_hook(edge, hook), clock=FastClock())
        campaign = live(more=NOTIFY + LATER)
        ended = api.run(campaign, yes=True, observer=Relents(mailhost), edge=edge)
    waits, end = told(hook)
    assert ended.totals == {Status.ACCEPTED: 3}
    assert (waits["kind"], waits["title"]) == ("wait", "spring waits: 2 of 3 accepted")
    assert waits["counts"] == {"accepted": 2, "deferred": 1}
    assert waits["why"] == "1 deferred recipient (all at example.org)"
    assert waits["until"].startswith("2026-09-21T")
    assert waits["exit_code"] is None
    assert (end["kind"], end["counts"]) == ("end", {"accepted": 3})


def watched(
    campaign: Campaign, edge: Edge, clock: FakeClock, *waits: tuple[float, float | None]
) -> None:
    """A run that sends, and waits at these seconds for so many more."""
    job = job_of(campaign, edge=replace(edge, clock=clock))

    async def happens(observer: Observer) -> None:
        observer.waiting(Wait("the server", "the server to answer", clock.wall() + 3600))
        observer.sending(3)
        for at, seconds in waits:
            clock.now = at
            until = None if seconds is None else clock.wall() + seconds
            observer.waiting(Wait("the quota", "the quota of 300 a day", until))

    with telling_others(job, unattended=False) as notifier:
        asyncio.run(happens(notifier.job.observer))
        notifier.broke_off(RecordStopped("the disk is full"))


def test_a_wait_of_less_than_a_minute_or_without_an_end_is_not_told(
    live: Declare, edge: Edge
) -> None:
    with webhook() as hook:
        edge = with_hook(edge, hook)
        watched(live(more=NOTIFY), edge, FakeClock(START), (0, 59), (60, None), (120, 60))
    assert sorted(one["kind"] for one in told(hook)) == ["stop", "wait"]


def test_what_is_waited_for_in_the_same_standstill_is_told_once(live: Declare, edge: Edge) -> None:
    with webhook() as hook:
        edge = with_hook(edge, hook)
        waits = ((0, 3600), (1, 3599), (10, 86_400), (3601, 600))
        watched(live(more=NOTIFY), edge, FakeClock(START), *waits)
    assert sorted(one["kind"] for one in told(hook)) == ["stop", "wait", "wait"]


def test_waits_are_told_so_many_times_and_no_more(live: Declare, edge: Edge) -> None:
    with webhook() as hook:
        waits = [(n * 3600.0, 3600.0) for n in range(20)]
        watched(live(more=NOTIFY), with_hook(edge, hook), FakeClock(START), *waits)
    kinds = Counter(one["kind"] for one in told(hook))
    assert kinds == {"wait": MOST_WAITS, "stop": 1}


@pytest.mark.parametrize(
    ("on", "kinds"), [("[wait, stop]", ["stop", "wait"]), ("wait", ["wait"]), ("[end]", [])]
)
def test_each_is_told_of_what_it_asked_for(
    live: Declare, edge: Edge, on: str, kinds: list[str]
) -> None:
    more = 'notify: {url: "${HOOK}", shape: json, on: ' + on + "}\n"
    with webhook() as hook:
        watched(live(more=more), with_hook(edge, hook), FakeClock(START), (0, 3600))
    assert sorted(one["kind"] for one in told(hook)) == kinds


def test_the_profile_s_own_are_told_too_and_the_same_address_once(
    live: Declare, edge: Edge
) -> None:
    profile = '    notify: ["${OTHER}", {url: "${HOOK}", shape: json}]\n'
    with webhook() as hook, webhook() as other:
        campaign = live(
            profile=profile.replace('"${OTHER}"', '{url: "${OTHER}", shape: discord}'), more=NOTIFY
        )
        api.run(campaign, yes=True, edge=with_hook(edge, hook, OTHER=other.url))
    assert len(hook.posted) == 1
    assert other.posted[0].json["allowed_mentions"] == {"parse": []}


def test_words_of_a_server_that_may_name_somebody_are_left_out(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    for person in ("ada@example.org", BOB, "eve@example.net"):
        mailhost.answers[person] = f"550 5.1.1 {person[:3]} is unknown here"
    with webhook() as hook:
        ended = api.run(live(more=NOTIFY), yes=True, breaker=2, edge=with_hook(edge, hook))
    (end,) = told(hook)
    assert "is unknown here" in ended.reason
    assert end["why"] == "2 permanent refusals in a row, the last one: 550 5.1.1 …"


def test_that_all_mail_went_elsewhere_is_told_without_the_address(
    live: Declare, edge: Edge
) -> None:
    with webhook() as hook:
        campaign = live(profile="    redirect_to: tester@example.com\n", more=NOTIFY)
        api.run(campaign, yes=True, edge=with_hook(edge, hook))
    (end,) = told(hook)
    assert "everything goes to …@example.com: nobody on the list gets it" in end["text"]


def test_a_template_says_what_its_author_wants(live: Declare, edge: Edge) -> None:
    template = "{{ campaign }}: {{ counts.get('accepted', 0) }}"
    more = f'notify: {{url: "${{HOOK}}", type: text/plain, template: "{template}"}}\n'
    with webhook() as hook:
        api.run(live(more=more), yes=True, edge=with_hook(edge, hook))
    (posted,) = hook.posted
    assert posted.body == b"spring: 3"
    assert posted.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_rehearsal_tells_nobody_and_says_so(live: Declare, edge: Edge) -> None:
    watcher = Watcher()
    with webhook() as hook:
        campaign = live(more=NOTIFY, **{"smtp: live": "smtp: sandbox"})
        api.run(campaign, observer=watcher, edge=with_hook(edge, hook))
    assert hook.posted == []
    assert notifying.REHEARSAL in watcher.notices


def test_planning_and_checking_read_no_secret_and_tell_nobody(live: Declare, edge: Edge) -> None:
    with webhook() as hook:
        edge = with_hook(edge, hook)
        api.plan(live(more=NOTIFY), edge=edge)
        api.check(live(more=NOTIFY), edge=edge)
        api.dry_run(live(more=NOTIFY), edge=edge)
        api.plan(live(more=NOTIFY), edge=replace(edge, environ={}))
    assert hook.posted == []


# What goes wrong


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "notify: HOOK is not set; set it in the environment or in .env beside "),
        ({"HOOK": ""}, "notify: HOOK is empty"),
        ({"HOOK": "http://chat.example.com/s3cr3t"}, "notify: ${HOOK}: http:// is for this machine alone"),
        ({"HOOK": "s3cr3t"}, "notify: ${HOOK}: what its variable holds is no address"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_notice_and_the_run_goes_on(
    live: Declare, edge: Edge, environ: dict[str, str], said: str
) -> None:
    watcher = Watcher()
    edge = replace(edge, environ=environ)
    ended = api.run(live(more=NOTIFY), yes=True, observer=watcher, edge=edge)
    assert ended.exit_code == 0
    (notice,) = [one for one in watcher.notices if "notify" in one]
    assert notice.startswith(said)
    assert "s3cr3t" not in notice


def test_a_host_that_nobody_knows_needs_a_shape(live: Declare, edge: Edge) -> None:
    watcher = Watcher()
    with webhook() as hook:
        campaign = live(more='notify: ["${HOOK}"]\n')
        api.run(campaign, yes=True, observer=watcher, edge=with_hook(edge, hook))
    assert hook.posted == []
    (notice,) = [one for one in watcher.notices if "notify" in one]
    assert "is none of Slack, Microsoft Teams, Discord" in notice
    assert "add shape: mattermost" in notice


def test_a_webhook_that_fails_is_one_notice_and_the_run_ends_as_it_would(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    later_for_bob(mailhost)
    watcher = Relents(mailhost)
    with webhook(says("404 Not Found", body="no_service")) as hook:
        edge = replace(with_hook(edge, hook), clock=FastClock())
        campaign = live(more=NOTIFY + LATER)
        ended = api.run(campaign, yes=True, observer=watcher, edge=edge)
    assert (ended.exit_code, ended.totals) == (0, {Status.ACCEPTED: 3})
    assert len(hook.posted) == 2  # the wait, the end
    (notice,) = [one for one in watcher.notices if "notify" in one]
    where = hook.url.split("/")[2]
    assert notice == f"notify: {where} was not told: it answered 404 Not Found (no_service)"


def hanging() -> Webhook:
    hook = Webhook()
    hook.answer = lambda connection, _: hook.over.wait() and None
    return hook


def test_a_webhook_that_hangs_holds_the_end_up_for_so_long_and_no_longer(
    live: Declare, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "PATIENCE", 0.2)
    watcher = Watcher()
    with hanging() as hook:
        ended = api.run(live(more=NOTIFY), yes=True, observer=watcher, edge=with_hook(edge, hook))
        hook.over.set()
    assert ended.exit_code == 0
    (notice,) = [one for one in watcher.notices if "notify" in one]
    assert "was not told: it did not answer within 0.2 s" in notice


def test_a_webhook_that_hangs_holds_no_message_up(
    live: Declare, edge: Edge, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail after the wait goes out while the webhook still hangs."""
    monkeypatch.setattr(notifying, "PATIENCE", 3600.0)
    later_for_bob(mailhost)
    stop, watcher = Stop(), Relents(mailhost)

    def ends() -> None:
        if watcher.counts[Status.ACCEPTED] == 3:
            stop.now("enough")

    watcher.on_move = ends
    with hanging() as hook:
        edge = replace(with_hook(edge, hook), clock=FastClock())
        api.run(live(more=NOTIFY + LATER), yes=True, stop=stop, observer=watcher, edge=edge)
        assert len(mailhost.receivers) == 3
        assert len(hook.posted) == 1
        hook.over.set()


def once_hung(hook: Webhook, act: Callable[[], None]) -> threading.Thread:
    """Acts once somebody waits for the webhook's answer."""
    asked = threading.Event()

    def answer(connection: object, _: int) -> None:
        asked.set()
        hook.over.wait()

    def wait() -> None:
        asked.wait()
        act()

    hook.answer = answer
    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_whoever_asks_to_stop_while_a_webhook_is_waited_for_is_not_held_up(
    live: Declare, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "PATIENCE", 3600.0)
    stop, watcher, hook = Stop(), Watcher(), Webhook()
    acting = once_hung(hook, lambda: stop.soon("Ctrl-C"))
    with hook:
        edge = with_hook(edge, hook)
        ended = api.run(live(more=NOTIFY), yes=True, stop=stop, observer=watcher, edge=edge)
        hook.over.set()
    acting.join()
    assert ended.exit_code == 0
    assert "was not told: it was not waited for" in watcher.notices[-1]


def test_whoever_asked_twice_waits_for_nothing(live: Declare, edge: Edge) -> None:
    stop = Stop()

    def twice() -> None:
        stop.soon("Ctrl-C")
        stop.now("Ctrl-C")

    with webhook() as hook:
        edge = with_hook(edge, hook)
        api.run(live(more=NOTIFY), yes=True, stop=stop, observer=Watcher(twice), edge=edge)
    assert hook.posted == []


# What never began, and what broke off


def test_a_refusal_is_told_where_nobody_is_there_to_see_it(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    with webhook() as hook:
        edge = with_hook(edge, hook)
        with pytest.raises(GuardError):
            api.run(live(more=NOTIFY + "expect: 100\n"), yes=True, edge=edge)
        with pytest.raises(GuardError):
            api.run(live(more=NOTIFY + "expect: 100\n"), ask=lambda _: True, edge=edge)
    (refusal,) = told(hook)
    assert (refusal["kind"], refusal["exit_code"]) == ("stop", 4)
    assert refusal["title"] == "spring: nothing was sent"
    assert "100" in refusal["why"]
    assert refusal["counts"] == {}


def test_a_server_that_is_not_there_is_told(live: Declare, edge: Edge, mailhost: MailHost) -> None:
    campaign = live(more=NOTIFY)
    mailhost.goes()
    with webhook() as hook, pytest.raises(SmtpError):
        api.run(campaign, yes=True, edge=with_hook(edge, hook))
    assert "127.0.0.1" in told(hook)[0]["why"]


def test_a_run_that_breaks_off_is_told_with_how_far_it_came(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    with webhook() as hook:
        watched(live(more=NOTIFY), with_hook(edge, hook), FakeClock(START))
    (end,) = told(hook)
    assert (end["kind"], end["exit_code"], end["why"]) == ("stop", 3, "the disk is full")
    assert end["title"].startswith("spring broke off: ")


# Trying it


def test_a_probe_posts_a_test_to_all_and_says_what_came_of_each(
    live: Declare, edge: Edge, tmp_path: Path
) -> None:
    profile = '    notify: [{url: "${OTHER}", shape: discord}, "${NONE}"]\n'
    steps: list[Step] = []
    with webhook() as hook, webhook(says("403 No", body="invalid_token")) as other:
        campaign = live(profile=profile, more=NOTIFY)
        edge = with_hook(edge, hook, OTHER=other.url)
        well = api.probe("live", folder=tmp_path, notify=campaign, told=steps.append, edge=edge)
    (posted,) = told(hook)
    assert not well
    assert (posted["kind"], posted["title"]) == ("test", "spring: a test of this webhook, of no run")
    told_of = [(step.ok, step.text) for step in steps if step.name == "notify"]
    here, there = hook.url.split("/")[2], other.url.split("/")[2]
    assert [ok for ok, _ in told_of] == [False, True, False]
    assert told_of[0][1].startswith("notify: NONE is not set")
    assert told_of[1][1] == f"{here} took a test (JSON)"
    assert told_of[2][1] == f"{there} was not told: it answered 403 Forbidden (invalid_token)"


def test_a_probe_with_nobody_to_tell_says_how_to_name_somebody(
    live: Declare, edge: Edge, tmp_path: Path
) -> None:
    steps: list[Step] = []
    campaign = live()
    assert not api.probe("live", folder=tmp_path, notify=campaign, told=steps.append, edge=edge)
    assert steps[-1].hint == 'write notify: ["${SLACK_WEBHOOK}"]'


@pytest.mark.parametrize(
    ("environ", "job"),
    [
        ({}, ""),
        ({"CI_JOB_URL": "https://gitlab.example.com/a/b/-/jobs/7"}, "https://gitlab.example.com/a/b/-/jobs/7"),
        ({"BUILD_URL": "http://jenkins.example.com/job/a%20b/7/"}, "http://jenkins.example.com/job/a%20b/7/"),
        ({"CI_JOB_URL": "javascript:alert(1)"}, ""),
        ({"CI_JOB_URL": "https://x.example/>|<!channel>"}, ""),
        ({"CI_JOB_URL": "https://x.example/)\n@everyone"}, ""),
        ({"CI_JOB_URL": "https://jane@x.example/"}, ""),
        ({"CI_JOB_URL": "https://x.example/" + "x" * 500}, ""),
        ({"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "7"}, ""),
        (
            {
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/example/",
                "SYSTEM_TEAMPROJECTID": "shop",
                "BUILD_BUILDID": "7",
            },
            "https://dev.azure.com/example/shop/_build/results?buildId=7",
        ),
    ],
)
def test_the_page_of_a_job_is_told_where_it_is_a_plain_address(
    environ: dict[str, str], job: str
) -> None:
    assert job_url(environ) == job
