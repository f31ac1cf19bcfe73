"""Ways to unsubscribe that do not do what their author wants: a link that nobody sees, a button that does not
say who pressed it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sendbatch.campaign.language.environment import names_in
from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content
from sendbatch.message.letter import shows_link
from sendbatch.message.unsubscribing import NAME


def doubtful_leaving(
    content: Content, campaign: Campaign, columns: Collection[str]
) -> Iterator[Finding]:
    """Warnings of what can be told before any row is looked at."""
    declared = content.unsubscribe
    if declared is None:
        return
    url = declared.url or ""
    if declared.one_click and not declared.sign and names_in(url).isdisjoint(columns):
        said = "unsubscribe.url is the same for everybody: one_click will not say who pressed the button"
        hint = "add sign: to it, or what tells them apart: ?for={{ email|urlencode }}"
        yield Rule.ONE_LINK_FOR_ALL.finding(said, campaign.places.get("unsubscribe.url"), hint)
    # Without `sign` its author may have written it out.
    if declared.sign and not shows_link(content, columns):
        said = "unsubscribe: no template shows the signed link, and not every mail program has a button"
        place = campaign.places.get("unsubscribe")
        yield Rule.UNSHOWN_LINK.finding(said, place, f"write {{{{ {NAME} }}}} where it belongs")
