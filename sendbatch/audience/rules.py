"""What the rows of a CSV are judged by, with all that is wrong about it. No file, no clock, no DNS.

`Rules` are made once from the campaign and the CSV's header; they can be pickled for any process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.audience.columns import clashing, missing_column
from sendbatch.audience.reach import Reach
from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.environment import (
    environment,
    expression_tree,
    is_template,
    needed,
)
from sendbatch.campaign.language.meaning import Kinds
from sendbatch.campaign.language.misuses import bare_expression, misuses, misuses_of_condition
from sendbatch.campaign.language.slips import offset_of
from sendbatch.campaign.language.spellings import meant_by
from sendbatch.campaign.model import Campaign, Json
from sendbatch.campaign.names import usable
from sendbatch.errors import CampaignError, Place, within
from sendbatch.findings import Finding, Rule

TreeOf: TypeAlias = Callable[[SandboxedEnvironment, str], nodes.Template]


@dataclass(frozen=True, slots=True)
class Rules:
    """`columns` are the plan's: the CSV's, then names that only `defaults` give. `key` is a column,
    a template, or None for the address."""

    version: ClassVar[int] = 3  # of the checks: another one plans anew

    columns: tuple[str, ...]
    csv_columns: tuple[str, ...]
    email: str
    key: str | None = None
    as_given: bool = False
    where: str | None = None
    required: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Json] = field(default_factory=dict)
    file: str = ""
    where_place: Place | None = None
    only_to: tuple[str, ...] = ()  # those of the profile


def plan_columns(campaign: Campaign, csv_columns: tuple[str, ...]) -> tuple[str, ...]:
    """The CSV's columns, then those that only `defaults` give."""
    given = dict.fromkeys(map(usable, campaign.recipients.defaults))
    return (*csv_columns, *(name for name in given if name not in csv_columns))


def make_rules(
    campaign: Campaign,
    csv_columns: tuple[str, ...],
    names: Mapping[str, str],
    clashes: Mapping[str, Finding] = MappingProxyType({}),
) -> Rules:
    """The rules of a campaign over a CSV with these columns (`names`: usable to as written; `clashes`:
    usable names that more than one has, which is a fault where one is used).

    Raises CampaignError with every column that is missing, every unknown name in `where` and
    `key`, and every --set on a column's name.
    """
    recipients, key = campaign.recipients, campaign.recipients.key
    defaults = {usable(name): text for name, text in recipients.defaults.items()}
    rules = Rules(
        columns=plan_columns(campaign, csv_columns),
        csv_columns=csv_columns,
        email=usable(recipients.email),
        key=key if key is None or is_template(key) else usable(key),
        as_given=recipients.as_given,
        where=recipients.where,
        required=tuple(usable(name) for name in recipients.required),
        defaults=defaults,
        variables=dict(campaign.variables),
        file=recipients.shown,
        where_place=campaign.places.get("recipients.where"),
        only_to=campaign.profile.only_to,
    )
    findings = [
        *_missing(rules, campaign, names, clashes),
        *_unknown(rules, campaign, clashes),
        *_overridden(rules, campaign),
        *clashing(clashes, _used(rules, campaign)),
        *_unreachable(rules, campaign),
    ]
    if findings:
        raise CampaignError(findings)
    return rules


def _unreachable(rules: Rules, campaign: Campaign) -> Iterator[Finding]:
    """Entries of only_to by which nobody could be reached."""
    for entry in rules.only_to:
        try:
            Reach([entry], as_given=rules.as_given)
        except ValueError as error:
            said = f"only_to of the profile {campaign.profile.name}: no recipient can have {entry}: {error}"
            yield Rule.WRONG_VALUE.finding(said, campaign.profile.place)


def _used(rules: Rules, campaign: Campaign) -> list[str]:
    """Every name of a column that the rules depend on."""
    used = [rules.email, *rules.required, *rules.defaults, *campaign.overrides]
    if rules.key is not None and not is_template(rules.key):
        used.append(rules.key)
    env = environment()
    for _, source, tree_of in _expressions(rules):
        with contextlib.suppress(jinja2.TemplateSyntaxError):
            used += undeclared(tree_of(env, source))
    return used


def _expressions(rules: Rules) -> Iterator[tuple[str, str, TreeOf]]:
    """(path in the campaign file, source, how it is read) of `where` and a key template."""
    if rules.where is not None:
        yield "recipients.where", rules.where, expression_tree
    if rules.key is not None and is_template(rules.key):
        yield "recipients.key", rules.key, SandboxedEnvironment.parse


def _overridden(rules: Rules, campaign: Campaign) -> list[Finding]:
    findings = []
    for name in campaign.overrides:
        if name in rules.columns:
            given = name in rules.csv_columns
            there = "the CSV has a column of" if given else "recipients.defaults gives"
            message = f"--set {name}: {there} that name, which would win over it"
            findings.append(
                Rule.SET_ON_COLUMN.finding(message, hint="give the variable another name")
            )
    return findings


def _missing(
    rules: Rules, campaign: Campaign, names: Mapping[str, str], clashes: Mapping[str, Finding]
) -> list[Finding]:
    recipients = campaign.recipients
    wanted = [("recipients.email", recipients.email, rules.csv_columns)]
    wanted += [
        (f"recipients.required.{i}", name, rules.columns)
        for i, name in enumerate(recipients.required)
    ]
    if rules.key is not None and not is_template(rules.key):
        wanted.append(("recipients.key", recipients.key or "", rules.columns))
    return [
        missing_column(path, name, known, campaign, names)
        for path, name, known in wanted
        if usable(name) not in known and usable(name) not in clashes
    ]


def _unknown(rules: Rules, campaign: Campaign, clashes: Mapping[str, Finding]) -> list[Finding]:
    """Names in `where` and a key template that neither a column nor a variable has, and text that is
    compared with a number there."""
    env = environment()
    known = {*rules.columns, *rules.variables, *clashes}
    findings = []
    for path, source, tree_of in _expressions(rules):
        place = campaign.places.get(path)
        try:
            uses = needed(tree_of(env, source))
        except jinja2.TemplateSyntaxError as error:
            findings.append(Rule.TEMPLATE_SYNTAX.finding(f"{path}: {error.message}", place))
            continue
        for use in uses:
            if use.name not in known:
                hint = meant_by(use.name, known) or "neither a column nor a variable"
                there = within(place, source, offset_of(source, use.name))
                findings.append(
                    Rule.UNKNOWN_NAME.finding(f"{path}: unknown name {use.name!r}", there, hint)
                )
        tree = tree_of(env, source)
        kinds = Kinds(tree, rules.columns, rules.variables)
        found = misuses_of_condition if path == "recipients.where" else misuses
        findings += [
            one.rule.finding(f"{path}: {one.message}", place, one.hint)
            for one in found(tree, kinds)
        ]
    return findings


def bare_columns(rules: Rules) -> dict[str, tuple[str, ...]]:
    """The columns that are conditions of `where` all by themselves, each with the words that say no and are
    taken for yes there."""
    if rules.where is None:
        return {}
    tree = expression_tree(environment(), rules.where)
    kinds = Kinds(tree, rules.columns, rules.variables)
    found: dict[str, set[str]] = {}
    for one in bare_expression(tree, kinds):
        found.setdefault(one.column, set()).update(one.words)
    return {column: tuple(sorted(words)) for column, words in sorted(found.items()) if words}
