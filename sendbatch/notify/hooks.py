"""Whom to tell, once secrets were read: the webhook, what it is posted, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.campaign.model import Notification
from sendbatch.campaign.secrets import read_webhook
from sendbatch.campaign.told import filled
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.errors import ProfileError
from sendbatch.notify.news import TEST, News
from sendbatch.notify.posting import Message, post
from sendbatch.notify.shapes import Shape, shape_of, shapes
from sendbatch.notify.webhook import NotTold, Webhook, webhook_of

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Hook:
    """`shape` is None for plain JSON, and for a template of the author's."""

    webhook: Webhook
    declared: Notification
    shape: Shape | None

    @property
    def name(self) -> str:
        """As it may be shown: the rest of the address is a secret."""
        return self.webhook.name

    @property
    def takes(self) -> str:
        """What it is posted, in words."""
        if self.declared.template is not None:
            return "its template"
        return "JSON" if self.shape is None else f"as {self.shape.title}"

    def wants(self, news: News) -> bool:
        return news.kind == TEST or news.kind in self.declared.on

    def tell(self, news: News, patience: float, environ: Mapping[str, str]) -> None:
        """Within so many seconds. Raises NotTold with the reason."""
        post(self.webhook, self._message(news), patience, environ)

    def _message(self, news: News) -> Message:
        template = self.declared.template
        if template is not None:
            return Message(_by_template(template, self.declared.type, news), self.declared.type)
        said = json.dumps(news.document(), ensure_ascii=False) if self.shape is None else self.shape.of(news)
        return Message(said.encode("utf-8", "replace"), JSON)


def _by_template(template: str, media_type: str, news: News) -> bytes:
    try:
        return filled(template, media_type, news.document()).encode("utf-8", "replace")
    except Wrong as wrong:
        raise NotTold(f"its template: {wrong}") from None


class Hooks(NamedTuple):
    """Those that can be told, and of each other why not, as a sentence."""

    usable: tuple[Hook, ...]
    wrong: tuple[str, ...]


def hooks_of(declared: Iterable[Notification], environ: Mapping[str, str]) -> Hooks:
    """Each address once, were it declared in two places."""
    found: dict[str, Hook] = {}
    wrong: list[str] = []
    for one in declared:
        try:
            url = read_webhook(one, environ)
            found.setdefault(url, _hook(one, webhook_of(url)))
        except ProfileError as error:
            wrong += ["; ".join(filter(None, (one.message, one.hint))) for one in error.findings]
        except NotTold as error:
            wrong.append(f"notify: {one.url}: {error}")
    return Hooks(tuple(found.values()), tuple(dict.fromkeys(wrong)))


def _hook(declared: Notification, webhook: Webhook) -> Hook:
    if declared.template is not None or declared.shape == "json":
        return Hook(webhook, declared, None)
    shape = shape_of(webhook.host) if declared.shape is None else shapes()[declared.shape]
    if shape is None:
        known = ", ".join(one.title for one in shapes().values() if one.hosts)
        raise NotTold(
            f"{webhook.name} is none of {known}, so that it is not known what it takes: add shape: mattermost"
            " or json, or a template"
        )
    return Hook(webhook, declared, shape)

