"""How each service is told: its JSON is what its pages say, and nothing in it calls, links or formats."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.notify.news import News
from sendbatch.notify.shapes import shape_of, shapes
from sendbatch.values import Status

DATA: dict[str, dict[str, Any]] = yaml.safe_load(
    files("sendbatch.notify").joinpath("shapes.yaml").read_text(encoding="utf-8")
)
JOB = "https://github.com/example/shop/actions/runs/7"
HOSTILE = (
    "<!channel> <!everyone|x> <@U024BE7LH> <https://evil.example|here> &lt;!here&gt; @everyone @here "
    "@channel [here](https://evil.example) **b** `c` ``` ~~s~~ ||x|| <@&7> {{DATE(2017-02-14T06:00:00Z)}}"
)
ENDED = News(
    kind="end",
    campaign="spring-launch",
    run="2026-12",
    profile="production",
    what=": 4,990 of 5,000 accepted",
    counts={Status.ACCEPTED: 4990, Status.REJECTED: 10},
    exit_code=1,
    job=JOB,
)
ATTACKED = News(
    kind="stop",
    campaign="spring-launch",
    run=HOSTILE,
    profile=HOSTILE,
    what=" stopped early: 1 of 2 accepted",
    counts={Status.ACCEPTED: 1, Status.PENDING: 1},
    exit_code=3,
    why=HOSTILE,
    until=1e9,
    command="sendbatch run spring.yaml",
    where="on a machine",
)
# What each page says of a text (see `sources` in shapes.yaml).
PAGES = {
    "slack": {"header": 150, "section": 3000},
    "discord": {"content": 2000},
    "mattermost": {"text": 16383},
    "teams": {"bytes": 28 * 1000},
}


def told(shape: str, news: News) -> Any:
    return json.loads(shapes()[shape].of(news))


@pytest.mark.parametrize("name", DATA)
def test_the_data_has_all_that_the_rules_ask_for(name: str) -> None:
    one = DATA[name]
    assert one.keys() - {"bytes"} == {"title", "hosts", "most", "body", "sources"}
    assert one["most"].keys() == {"title", "text", "fenced"}
    assert all(source.startswith("https://") for source in one["sources"])
    assert all(re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in one["hosts"])
    used = set(re.findall(r"\$([a-z]+)", json.dumps(one["body"])))
    assert used <= {"title", "text", "line", "escaped", "fenced", "job", "schema"}
    assert used & {"text", "line", "fenced"}


@pytest.mark.parametrize(
    ("host", "shape"),
    [
        ("hooks.slack.com", "slack"),
        ("hooks.slack-gov.com", "slack"),
        ("discord.com", "discord"),
        ("canary.discord.com", "discord"),
        ("default1.36.environment.api.powerplatform.com", "teams"),
        ("prod-23.westeurope.logic.azure.com", "teams"),
        ("example.webhook.office.com", "teams"),
        ("chat.example.com", None),
        ("hooks.slack.com.evil.example", None),
        ("evilhooks.slack.com", None),
        ("logic.azure.com", None),
    ],
)
def test_the_host_tells_the_shape_and_no_name_that_looks_like_it(host: str, shape: str | None) -> None:
    found = shape_of(host)
    assert (found.name if found else None) == shape


def test_slack_gets_blocks_and_a_text_for_its_notification() -> None:
    body = told("slack", ENDED)
    title = "spring-launch (2026-12): 4,990 of 5,000 accepted"
    assert body["text"] == title
    header, section, job = body["blocks"]
    assert header == {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}
    assert section["text"]["text"] == (
        "recipients: 4,990 accepted, 10 rejected\nsent through: production, exit code 1"
    )
    assert job["text"] == {"type": "mrkdwn", "text": f"<{JOB}|The job>", "verbatim": True}


def test_slack_is_told_nothing_hostile_where_it_would_obey() -> None:
    """A text object of the type plain_text formats nothing; elsewhere <, > and & are entities."""
    body = told("slack", ATTACKED)
    assert "<" not in body["text"]
    assert "&lt;!channel&gt;" in body["text"]
    texts = [block["text"] for block in body["blocks"]]
    assert {text["type"] for text in texts} == {"plain_text"}  # there is no job to link to
    assert "link_names" not in body


def test_teams_gets_a_card_whose_texts_know_no_markdown() -> None:
    body = told("teams", ENDED)
    (attachment,) = body["attachments"]
    assert body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert [run["text"] for run in runs] == [
        "spring-launch (2026-12): 4,990 of 5,000 accepted",
        "recipients: 4,990 accepted, 10 rejected",
        "sent through: production, exit code 1",
    ]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "The job", "url": JOB}]
    assert "for_each" not in json.dumps(body)
    assert "only_with" not in json.dumps(body)


def test_a_card_without_a_job_has_no_action() -> None:
    assert told("teams", ATTACKED)["attachments"][0]["content"]["actions"] == []


@pytest.mark.parametrize(("shape", "key"), [("discord", "content"), ("mattermost", "text")])
def test_discord_and_mattermost_get_a_code_block_that_nothing_ends(shape: str, key: str) -> None:
    said = told(shape, ATTACKED)[key]
    assert said.startswith("```\nspring-launch (")
    assert said.endswith("\n```")
    assert said.count("`") == 6
    assert told(shape, ENDED)[key].endswith(f"\n```\n<{JOB}>")


def test_discord_calls_nobody_and_shows_no_preview() -> None:
    body = told("discord", ATTACKED)
    assert body["allowed_mentions"] == {"parse": []}
    assert body["flags"] == 1 << 2


anything = st.text(max_size=5000)


@given(text=anything, shape=st.sampled_from(sorted(DATA)), job=st.sampled_from(["", JOB + "/" * 400]))
def test_whatever_is_told_is_json_and_no_longer_than_the_service_takes(
    text: str, shape: str, job: str
) -> None:
    news = News("stop", "c" * 100, text, text, text, {}, 3, text, 1e9, 7, "x" * 3000, text, job)
    body = shapes()[shape].of(news).encode("utf-8", "replace")
    said, most = json.loads(body), PAGES[shape]
    assert len(body) <= DATA[shape].get("bytes", 64_000)
    for block in said.get("blocks", []):
        assert 0 < len(block["text"]["text"]) <= most[block["type"]]
    for key in ("content", "text"):
        assert len(said.get(key, "")) <= most.get(key, 40_000)
    assert said.get("content", said.get("text", "")).count("```") in (0, 2)
