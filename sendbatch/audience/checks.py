"""How each row is judged, in RECORD's order: filtered (by `where`, then by the profile's only_to), then
invalid. No file, no clock, no DNS.

A `Checker` applies the rules to one row at a time, in any process.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata

from sendbatch.audience.addresses import LONGEST, Address, default_key, normalise
from sendbatch.audience.cells import bare
from sendbatch.audience.named import address_of
from sendbatch.audience.reach import Reach
from sendbatch.audience.rules import Rules
from sendbatch.campaign.language.comparing import Mismatch
from sendbatch.campaign.language.environment import FAILURES, environment, is_template
from sendbatch.campaign.language.numbers import NoNumber
from sendbatch.campaign.model import Json
from sendbatch.campaign.names import guess, narrowed
from sendbatch.errors import AudienceError, at, one_line
from sendbatch.findings import Rule
from sendbatch.reasons import LONGEST as LONGEST_REASON
from sendbatch.values import Checked, Row, Status, Why

_NO_ATTRIBUTE = re.compile(r"'str object' has no attribute '(\w+)'$")


class Checker:
    """Judges rows. Made once for each process from picklable rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        env = environment()
        self._where = (
            env.compile_expression(rules.where, undefined_to_none=False) if rules.where else None
        )
        template = rules.key if rules.key is not None and is_template(rules.key) else None
        self._key_template = env.from_string(template) if template else None
        self._reach = Reach(rules.only_to, as_given=rules.as_given) if rules.only_to else None
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
            email = self._shown(cells)
            return Checked(
                row.line, Status.INVALID, "", email, "", cells, Why.RAGGED, row.ragged
            )
        if self._where and not self._passes(row, cells):
            return self._filtered(row, cells, Why.FILTERED)
        email, domain, why, detail = "", "", None, ""
        try:
            address, written = self._address(cells)
            email, domain = address.email, address.domain
            if self._reach is not None and not self._reach.includes(email, domain):
                return self._filtered(row, cells, Why.OUT_OF_REACH)
        except ValueError as error:
            email = written = self._shown(cells)
            why, detail = (Why.ADDRESS, str(error)) if email else (Why.NO_ADDRESS, "")
        key = self._key_of(row, cells, email if domain else "")
        former = self._former_key(row, key)
        if why is None:
            why, detail = self._what_is_empty(cells, key)
        if why is not None:
            detail = one_line(detail, LONGEST_REASON)
            return Checked(
                row.line, Status.INVALID, key, email, domain, cells, why, detail, (), former
            )
        cells = self._with_address(cells, written)
        return Checked(row.line, Status.PENDING, key, email, domain, cells, former_key=former)

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

    def _filtered(self, row: Row, cells: tuple[str, ...], why: Why) -> Checked:
        """Left out, with its key where it has one: the record may know this person."""
        email, domain, key, former = self._shown(cells), "", "", ""
        with contextlib.suppress(ValueError, AudienceError):
            address, _ = self._address(cells)
            email, domain = address.email, address.domain
            key = self._key_of(row, cells, email)
            former = self._former_key(row, key)
        return Checked(row.line, Status.FILTERED, key, email, domain, cells, why, "", (), former)

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
            where = at(self._rules.file, row.line)
            message = f"recipients.where cannot be decided for {where}: {one_line(str(error), 300)}"
            raise AudienceError(Rule.WHERE_FAILS.finding(message, place, _hint(error))) from None

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
                where = at(self._rules.file, row.line)
                said = f"recipients.key cannot be made for {where}: {one_line(str(error), 300)}"
                raise AudienceError(Rule.KEY_FAILS.finding(said)) from None
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

    def _what_is_empty(self, cells: tuple[str, ...], key: str) -> tuple[Why | None, str]:
        for name, i in self._required:
            if not cells[i].strip():
                return Why.REQUIRED, name
        return (None, "") if key else (Why.NO_KEY, "")


def _hint(error: BaseException) -> str | None:
    """What to do where `where` failed for a row, as far as the error does not say it itself."""
    if isinstance(error, (Mismatch, NoNumber)):
        return None
    said = str(error)
    if isinstance(error, TypeError) and re.search(r"\bstr\b", said):
        return "cells and what stands in quotes are text: write age|int > 18, or guard it with an `and`"
    missing = _NO_ATTRIBUTE.search(said)
    near = guess(missing[1], (name for name in dir(str) if name[0] != "_")) if missing else None
    return f"did you mean {near}?" if near else None
