"""What the author of a content does not want to be told, and comments that do not say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.values import RULES
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Ignoring, Remark, Rule
from sendbatch.message.content import Bundle, Content

_ALL = frozenset(rule.id for rule in Rule)
_SAYS_NOTHING = "a comment for sendbatch that is not understood"
_AS = "write <!-- sendbatch: ignore wide-picture -->"


def ignoring_of(campaign: Campaign, bundles: Iterable[Bundle]) -> Ignoring:
    """By the campaign, and by remarks in these templates."""
    places, rules = campaign.places, campaign.check.ignore
    alone = places.get("check.ignore")
    where = {rule: places.get(f"check.ignore.{number}", alone) for number, rule in enumerate(rules)}
    return Ignoring(where, tuple(dict.fromkeys(one for bundle in bundles for one in bundle.remarks)))


def strange_remarks(content: Content) -> Iterator[Finding]:
    """A hint on each that ignores nothing, whatever is found."""
    for remark in dict.fromkeys(one for bundle in content.bundles for one in bundle.remarks):
        if not remark.rules:
            yield Rule.UNKNOWN_IGNORE.finding(_SAYS_NOTHING, remark.place, _AS)
        for word in remark.rules:
            if word not in RULES:
                yield _strange(word, remark)


def _strange(word: str, remark: Remark) -> Finding:
    if word in _ALL:
        said, hint = f"{word} is an error, which cannot be ignored", "mend what it finds"
    else:
        near = guess(word, RULES)
        said = f"no such rule: {one_line(word, 80)}"
        hint = f"did you mean {near}?" if near else "sendbatch check --list-rules has them all"
    return Rule.UNKNOWN_IGNORE.finding(said, remark.place, hint)
