"""What each row is judged by, in RECORD's order: filtered, then invalid. No file, no clock, no DNS.

`Rules` are made once from the campaign and the CSV's header, with all that is wrong about them;
a `Checker` applies them to one row at a time, in any process.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.audience.addresses import LONGEST, Address, default_key, normalise
from sendbatch.audience.cells import bare
from sendbatch.audience.columns import clashing, missing_column
from sendbatch.audience.named import address_of
from sendbatch.campaign.bounded import undeclared
from sendbatch.campaign.comparing import Mismatch
from sendbatch.campaign.language import (
    FAILURES,
    environment,
    expression_tree,
    narrowed,
    needed,
    usable,
)
from sendbatch.campaign.meaning import Kinds
from sendbatch.campaign.misuses import bare_expression, misuses
from sendbatch.campaign.model import Campaign, Json
from sendbatch.campaign.numbers import NoNumber
from sendbatch.campaign.slips import offset_of
from sendbatch.campaign.spellings import meant_by
from sendbatch.errors import AudienceError, CampaignError, Fault, Place, one_line, shown, within
from sendbatch.values import Checked, Row, Status

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


def plan_columns(campaign: Campaign, csv_columns: tuple[str, ...]) -> tuple[str, ...]:
    """The CSV's columns, then those that only `defaults` give."""
    given = dict.fromkeys(map(usable, campaign.recipients.defaults))
    return (*csv_columns, *(name for name in given if name not in csv_columns))


def make_rules(
    campaign: Campaign,
    csv_columns: tuple[str, ...],
    names: Mapping[str, str],
    clashes: Mapping[str, Fault] = MappingProxyType({}),
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
        key=key if key is None or _is_template(key) else usable(key),
        as_given=recipients.as_given,
        where=recipients.where,
        required=tuple(usable(name) for name in recipients.required),
        defaults=defaults,
        variables=dict(campaign.variables),
        file=shown(recipients.file),
        where_place=campaign.places.get("recipients.where"),
    )
    faults = [
        *_missing(rules, campaign, names, clashes),
        *_unknown(rules, campaign, clashes),
        *_overridden(rules, campaign),
        *clashing(clashes, _used(rules, campaign)),
    ]
    if faults:
        raise CampaignError(faults)
    return rules


def _used(rules: Rules, campaign: Campaign) -> list[str]:
    """Every name of a column that the rules depend on."""
    used = [rules.email, *rules.required, *rules.defaults, *campaign.overrides]
    if rules.key is not None and not _is_template(rules.key):
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
    if rules.key is not None and _is_template(rules.key):
        yield "recipients.key", rules.key, SandboxedEnvironment.parse


def _overridden(rules: Rules, campaign: Campaign) -> list[Fault]:
    faults = []
    for name in campaign.overrides:
        if name in rules.columns:
            given = name in rules.csv_columns
            there = "the CSV has a column of" if given else "recipients.defaults gives"
            message = f"--set {name}: {there} that name, which would win over it"
            faults.append(Fault(message, hint="give the variable another name"))
    return faults


def _is_template(key: str | None) -> bool:
    return key is not None and ("{{" in key or "{%" in key)


def _missing(
    rules: Rules, campaign: Campaign, names: Mapping[str, str], clashes: Mapping[str, Fault]
) -> list[Fault]:
    recipients = campaign.recipients
    wanted = [("recipients.email", recipients.email, rules.csv_columns)]
    wanted += [
        (f"recipients.required.{i}", name, rules.columns)
        for i, name in enumerate(recipients.required)
    ]
    if rules.key is not None and not _is_template(rules.key):
        wanted.append(("recipients.key", recipients.key or "", rules.columns))
    return [
        missing_column(path, name, known, campaign, names)
        for path, name, known in wanted
        if usable(name) not in known and usable(name) not in clashes
    ]


def _unknown(rules: Rules, campaign: Campaign, clashes: Mapping[str, Fault]) -> list[Fault]:
    """Names in `where` and a key template that neither a column nor a variable has, and text that is
    compared with a number there."""
    env = environment()
    known = {*rules.columns, *rules.variables, *clashes}
    faults = []
    for path, source, tree_of in _expressions(rules):
        place = campaign.places.get(path)
        try:
            uses = needed(tree_of(env, source))
        except jinja2.TemplateSyntaxError as error:
            faults.append(Fault(f"{path}: {error.message}", place))
            continue
        for use in uses:
            if use.name not in known:
                hint = meant_by(use.name, known) or "neither a column nor a variable"
                there = within(place, source, offset_of(source, use.name))
                faults.append(Fault(f"{path}: unknown name {use.name!r}", there, hint))
        tree = tree_of(env, source)
        kinds = Kinds(tree, rules.columns, rules.variables)
        faults += [Fault(f"{path}: {one.message}", place, one.hint) for one in misuses(tree, kinds)]
    return faults


def bare_columns(rules: Rules) -> list[str]:
    """The columns that are conditions of `where` all by themselves: any text but the empty one is true."""
    if rules.where is None:
        return []
    tree = expression_tree(environment(), rules.where)
    kinds = Kinds(tree, rules.columns, rules.variables)
    return sorted({column for _, column in bare_expression(tree, kinds)})


class Checker:
    """Judges rows. Made once for each process from picklable rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        env = environment()
        self._where = (
            env.compile_expression(rules.where, undefined_to_none=False) if rules.where else None
        )
        template = rules.key if _is_template(rules.key) else None
        self._key_template = env.from_string(template) if template else None
        index = {name: i for i, name in enumerate(rules.columns)}
        self._email = index[rules.email]
        self._key = index.get(rules.key) if rules.key is not None else None
        self._required = [(name, index[name]) for name in rules.required]
        self._defaults = [(index[name], text) for name, text in rules.defaults.items()]
        self._only_defaults = ("",) * (len(rules.columns) - len(rules.csv_columns))

    def check(self, row: Row) -> Checked:
        """The row's status and why. Raises AudienceError where `where` fails on it: an error there
        never means *filtered*."""
        cells = self._cells(row.cells)
        if row.ragged is not None:
            why = f"the row {row.ragged}"
            return Checked(row.line, Status.INVALID, "", self._shown(cells), "", cells, why)
        if self._where and not self._passes(row, cells):
            return self._filtered(row, cells)
        email, domain, reason = "", "", ""
        try:
            address, written = self._address(cells)
            email, domain = address.email, address.domain
        except ValueError as error:
            email = written = self._shown(cells)
            reason = f"not a usable address: {error}" if email else "the address is empty"
        key = self._key_of(row, cells, email if domain else "")
        former = self._former_key(row, key)
        reason = reason or self._what_is_empty(cells, key)
        if reason:
            reason = one_line(reason, 500)
            return Checked(row.line, Status.INVALID, key, email, domain, cells, reason, (), former)
        cells = self._with_address(cells, written)
        return Checked(row.line, Status.PENDING, key, email, domain, cells, "", (), former)

    def _address(self, cells: tuple[str, ...]) -> tuple[Address, str]:
        """The address, and its cell without what stands around it. Raises ValueError."""
        cell = cells[self._email]
        try:
            return normalise(cell, as_given=self._rules.as_given), cell
        except ValueError:
            written = address_of(cell)
            if written == cell:
                raise
        return normalise(written, as_given=self._rules.as_given), written

    def _with_address(self, cells: tuple[str, ...], written: str) -> tuple[str, ...]:
        """With the address alone: a link made from its cell would fail for just these rows."""
        at, alone = self._email, written.strip() if written.isascii() else narrowed(bare(written))
        return cells if cells[at] == alone else (*cells[:at], alone, *cells[at + 1 :])

    def _filtered(self, row: Row, cells: tuple[str, ...]) -> Checked:
        """Left out, with its key where it has one: the record may know this person."""
        email, domain, key, former = self._shown(cells), "", "", ""
        with contextlib.suppress(ValueError, AudienceError):
            address, _ = self._address(cells)
            email, domain = address.email, address.domain
            key = self._key_of(row, cells, email)
            former = self._former_key(row, key)
        why = "`where` is false"
        return Checked(row.line, Status.FILTERED, key, email, domain, cells, why, (), former)

    def _shown(self, cells: tuple[str, ...]) -> str:
        return one_line(cells[self._email].strip(), LONGEST)

    def _cells(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """In the plan's order, defaults applied to empty and missing ones."""
        cells += self._only_defaults
        if not self._defaults:
            return cells
        filled = list(cells)
        for i, text in self._defaults:
            if not filled[i].strip():
                filled[i] = text
        return tuple(filled)

    def _passes(self, row: Row, cells: tuple[str, ...]) -> bool:
        assert self._where is not None
        try:
            return bool(self._where(self._context(cells)))
        except FAILURES as error:
            place = self._rules.where_place
            where = f"{self._rules.file}:{row.line}"
            message = f"recipients.where cannot be decided for {where}: {one_line(str(error), 300)}"
            told = isinstance(error, (Mismatch, NoNumber))  # they say themselves what to do
            hint = None if told else "cells are text: write age|int, or guard it with an `and`"
            raise AudienceError(Fault(message, place, hint)) from None

    def _context(self, cells: tuple[str, ...]) -> dict[str, Json]:
        context: dict[str, Json] = dict(self._rules.variables)
        context.update(zip(self._rules.columns, cells, strict=True))
        return context

    def _key_of(self, row: Row, cells: tuple[str, ...], email: str) -> str:
        if self._key_template is not None:
            try:
                text = self._key_template.render(self._context(cells))
                text.encode()  # a lone surrogate, which a template can make, is no text
            except FAILURES as error:
                raise AudienceError(
                    f"recipients.key cannot be made for {self._rules.file}:{row.line}: "
                    f"{one_line(str(error), 300)}"
                ) from None
            return unicodedata.normalize("NFC", text.strip())
        if self._key is None or self._key == self._email:
            return default_key(email) if email else ""
        return unicodedata.normalize("NFC", cells[self._key].strip())

    def _former_key(self, row: Row, key: str) -> str:
        """The key that earlier versions made of this row; "" where it is the same, or they made none. What
        they made of an address shows in the record."""
        former = ""
        is_address = self._key_template is None and self._key in (None, self._email)
        if row.before is not None and not is_address:
            with contextlib.suppress(AudienceError):
                former = self._key_of(row, self._cells(row.before), "")
        return "" if former == key else former

    def _what_is_empty(self, cells: tuple[str, ...], key: str) -> str:
        for name, i in self._required:
            if not cells[i].strip():
                return f"{name} is required and empty"
        return "" if key else "its key is empty"
