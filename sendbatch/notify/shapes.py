"""How each chat service takes a message: the knowledge is data, in `shapes.yaml` beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any, cast

from sendbatch.errors import shortened
from sendbatch.notify.news import News
from sendbatch.runtime.datafiles import loaded, text_of

FOR_EACH, ONLY_WITH = "for_each", "only_with"  # in an item of a list
FENCE = "```"


@dataclass(frozen=True, slots=True)
class Shape:
    """`hosts` are those that tell it; so many characters `most` may a text have; `body` is the JSON, with
    $names in its texts."""

    name: str
    title: str
    hosts: tuple[str, ...]
    most: Mapping[str, int]
    body: Any

    def of(self, news: News) -> str:
        """What is posted, as JSON."""
        return json.dumps(_filled(self.body, self._texts(news)), ensure_ascii=False)

    def _texts(self, news: News) -> dict[str, str]:
        most = self.most
        title = shortened(news.title, most["title"])
        return {
            "title": title,
            "escaped": _escaped(title),
            "text": shortened("\n".join(news.lines), most["text"]),
            "fenced": _fenced(news, most["fenced"]),
            "job": news.job,
        }


def shapes() -> Mapping[str, Shape]:
    """All that there are by name. Read once."""
    return _shapes()


def shape_of(host: str) -> Shape | None:
    """That of the service which this host belongs to; None where it is nobody's that is known."""
    for shape in shapes().values():
        if any(host == one or (one[0] == "." and host.endswith(one)) for one in shape.hosts):
            return shape
    return None


@cache
def _shapes() -> Mapping[str, Shape]:
    data = cast(dict[str, dict[str, Any]], loaded(text_of("sendbatch.notify", "shapes.yaml")))
    return {
        name: Shape(name, one["title"], tuple(one["hosts"]), one["most"], one["body"])
        for name, one in data.items()
    }


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [item for one in value for item in _items(one, texts)]
    if isinstance(value, dict):
        own = (FOR_EACH, ONLY_WITH)
        return {key: _filled(inner, texts) for key, inner in value.items() if key not in own}
    return Template(value).safe_substitute(texts) if isinstance(value, str) else value


def _items(item: Any, texts: Mapping[str, str]) -> Iterator[Any]:
    """An item of a list, as often as it is to stand there."""
    says = item if isinstance(item, dict) else {}
    if not texts.get(says.get(ONLY_WITH, "title")):
        return
    if FOR_EACH not in says:
        yield _filled(item, texts)
        return
    for line in texts["text"].split("\n"):
        yield _filled(item, {**texts, "line": line})


def _escaped(text: str) -> str:
    """As Slack wants it, for which these begin mentions and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fenced(news: News, most: int) -> str:
    """All of it in a code block, and the job below."""
    job = f"\n<{news.job}>" if news.job else ""
    room = most - len(f"{FENCE}\n\n{FENCE}{job}")
    said = "\n".join((news.title, *news.lines)).replace("`", "'")
    return f"{FENCE}\n{shortened(said, room)}\n{FENCE}{job}"
