"""Names that were given and that nothing uses: as a rule a slip, and a mail that says another thing.

What `--set` and `recipients.defaults` name has to be used somewhere, or be a column; a variable may wait for
its use. A default in a template hides a misspelt name from everyone: that is a warning.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.environment import (
    environment,
    expression_tree,
    is_template,
    names_in,
)
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import guess, usable
from sendbatch.errors import Place, shown
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.names import first_use, names_set, names_used
from sendbatch.message.content import Content
from sendbatch.message.layouts import WORDS
from sendbatch.message.unsubscribing import NAME
from sendbatch.words import listed

NEAR = 0.75  # difflib's ratio: a name given a default may be meant as it stands
NEARER = 0.85


def used_by(content: Content, campaign: Campaign) -> frozenset[str]:
    """Every name that the message, the edition or the choice of recipients may depend on, in `usable` form
    where it is a column's."""
    recipients, env = campaign.recipients, environment()
    found = set(names_used(content)) | set(campaign.run_names)
    found |= {usable(recipients.email), *map(usable, recipients.required)}
    if recipients.where is not None:
        found |= undeclared(expression_tree(env, recipients.where))
    if recipients.key is not None:
        is_column = not is_template(recipients.key)
        found |= {usable(recipients.key)} if is_column else names_in(recipients.key)
    return frozenset(found - set(env.globals))


def unused_settings(
    campaign: Campaign, used: Collection[str], columns: Collection[str]
) -> list[Finding]:
    """An error for each --set of a name that nothing uses and the campaign does not declare. That of a
    column's name is found elsewhere."""
    findings = []
    known = {*used, *campaign.declared_variables}
    variables = known - set(columns)
    for name in campaign.overrides:
        if name not in known and name not in columns:
            near = guess(name, variables)
            hint = f"did you mean {near}?" if near else _listed(variables)
            place = Place(shown(campaign.file))  # several files may be checked in one go
            findings.append(
                Rule.UNUSED_SETTING.finding(
                    f"--set {name}: nothing uses a name like that", place, hint
                )
            )
    return findings


def unused_defaults(
    campaign: Campaign, used: Collection[str], csv_columns: Collection[str]
) -> list[Finding]:
    """An error for each default of a column that the CSV does not have and that nothing uses."""
    findings = []
    known = {*used, *csv_columns} - {usable(campaign.recipients.email)}
    for name in map(usable, campaign.recipients.defaults):
        if name not in used and name not in csv_columns:
            near = guess(name, known)
            hint = f"did you mean {near}?" if near else "take it out, or name a column"
            place = campaign.places.get(f"recipients.defaults.{name}")
            said = f"recipients.defaults.{name}: the CSV has no such column, and nothing uses it"
            findings.append(Rule.UNUSED_DEFAULT.finding(said, place, hint))
    return findings


def misspelt_names(
    content: Content, campaign: Campaign, columns: Collection[str]
) -> Iterator[Finding]:
    """A warning for each name with a default in a template that is neither a column nor a variable, and
    nearly one: everyone gets the default. In the default layout, nobody meant a name but us: there a variable
    that is all but the same is the slip."""
    known = {*columns, *campaign.variables, NAME}
    ours = WORDS if content.layout is not None and campaign.templates.layout is None else frozenset()
    for name in sorted(used_by(content, campaign) - known - names_set(content)):
        if name in ours:
            yield from _misspelt_words(name, campaign)
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=NEAR)
        if near:
            said = f"{name} is no column and no variable, and everyone gets what stands in for it"
            place = first_use(content, name)
            yield Rule.MISSPELT_NAME.finding(said, place, f"did you mean {near[0]}?")


def _misspelt_words(name: str, campaign: Campaign) -> Iterator[Finding]:
    for near in difflib.get_close_matches(name, campaign.declared_variables, n=1, cutoff=NEARER):
        said = f"variables.{near}: the default layout asks for {name}, and there is none"
        place = campaign.places.get(f"variables.{near}")
        yield Rule.MISSPELT_NAME.finding(said, place, f"did you mean {name}?")


def _listed(variables: Collection[str], most: int = 12) -> str:
    if not variables:
        return "no variable is in use"
    return f"the variables in use are {listed(sorted(variables), most)}"
