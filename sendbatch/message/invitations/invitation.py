"""The invitation of one content: from a recipient's values to the parts of their mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.environment import is_template
from sendbatch.errors import one_line
from sendbatch.message.attachments import OwnFiles, Survey, Unavailable
from sendbatch.message.content import Bundle, OwnFile
from sendbatch.message.invitations.form import Calendar, Form
from sendbatch.message.invitations.lines import PLACE, with_whole_characters
from sendbatch.message.markdown.carried import among_values, as_typed
from sendbatch.message.markdown.language import markdown_environment
from sendbatch.message.templates import Failed, Template

WHAT = "invite"
LARGEST = 500_000  # bytes of a file
_MOST_FORMS = 64
_TAG = re.compile(r"\{\{[^\r\n]*?\}\}|\{%[^\r\n]*?%\}|\{[{%]")


class Invitation:
    """Of a content: a file for everybody, which may have values in it, or one of each recipient's own."""

    def __init__(self, declared: Bundle | OwnFile) -> None:
        self._own = OwnFiles(declared, WHAT) if isinstance(declared, OwnFile) else None
        self._template = CalendarTemplate(declared) if isinstance(declared, Bundle) else None
        self._where = (
            declared.pattern if isinstance(declared, OwnFile) else declared.paths[declared.entry]
        )
        self._name = declared.entry if isinstance(declared, Bundle) else ""
        self._forms: dict[tuple[str, ...], Form] = {}
        self.fixed: Calendar | None = None  # where everybody gets the same
        if isinstance(declared, Bundle) and not is_template(declared.sources[declared.entry]):
            with suppress(Failed, UnicodeEncodeError):  # each message says what is wrong
                self.fixed = self._written(declared.sources[declared.entry])

    @property
    def is_own(self) -> bool:
        return self._own is not None

    def calendar(self, variables: dict[str, object]) -> Calendar:
        """One recipient's. Raises Failed where there is none, and UnicodeEncodeError."""
        if self.fixed is not None:
            return self.fixed
        if self._own is not None:
            name, data = self._own.read(variables, LARGEST + 1)
            return _of_file(name, data)
        assert self._template is not None
        return self._written("".join(self._template.pieces(variables)))

    def survey(self, variables: dict[str, object], others: Survey) -> Survey:
        """With a recipient's own file, what that is and what is wrong with it, beside their other files."""
        if self._own is None:
            size = 0 if self.fixed is None else len(self.fixed.part) + len(self.fixed.file.encoded)
            return replace(others, size=others.size + size) if others.size else others
        try:
            file = self._own.look(variables)
            calendar = self.calendar(variables)
        except Failed as failed:
            if others.unavailable is not None and not others.unavailable.fails:
                return others
            wrong = Unavailable(
                str(failed), is_missing=False, fails=False
            )  # no `missing` may allow it
            return replace(others, unavailable=wrong)
        size = len(calendar.part) + len(calendar.file.encoded)
        return replace(
            others,
            files=(*others.files, file),
            size=others.size + size,
            own=others.own + size,
            fails_if_too_large=False,
        )

    def _written(self, marked: str) -> Calendar:
        """A rendered file, with its values between their signs."""
        found = among_values(marked)
        texts = tuple(found[::2])  # what the author wrote
        form = self._forms.get(texts)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            form = self._forms[texts] = Form([*map(_plain, texts)], self._name)
        try:
            return form.filled([*map(_plain, found[1::2])])
        except Failed as failed:
            raise Failed(f"{WHAT}: {self._where}: {failed}") from None


class CalendarTemplate(Template):
    """One that writes a calendar, with the values carried in it as Markdown carries them."""

    @cached_property
    def _template(self) -> jinja2.Template:
        return calendar_environment(self._bundle.sources).get_template(self._bundle.entry)


def calendar_environment(sources: Mapping[str, str]) -> SandboxedEnvironment:
    """Nothing that a value says is the author's, whatever filter it went through."""
    env = markdown_environment(jinja2.DictLoader(sources))
    env.filters["safe"] = str
    return env


def _plain(text: str) -> str:
    """Without what carried it."""
    return text if text.isascii() else as_typed(text).replace(PLACE, "")


def _of_file(name: str, data: bytes) -> Calendar:
    """A recipient's own, which is no template. Raises Failed."""
    if len(data) > LARGEST:
        raise Failed(f"{WHAT} {name}: larger than {LARGEST:,} bytes: no invitation")
    try:
        text = with_whole_characters(data).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failed(f"{WHAT} {name}: not UTF-8") from None
    if (tag := _TAG.search(text)) is not None:
        shown = one_line(tag[0], 60)
        said = "a file of a recipient's own is no template: write one file for all, with {% if … %} in it"
        raise Failed(f"{WHAT} {name}: has {shown} in it, and {said}")
    try:
        return Form((text.replace(PLACE, ""),), name).filled()
    except Failed as failed:
        raise Failed(f"{WHAT} {name}: {failed}") from None
