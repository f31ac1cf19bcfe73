"""From a campaign file to a Campaign: read, declared, checked, resolved, everything wrong told.

The order is that of the faults a person would mend: the file's shape first, then what it names.
Nothing stops at the first fault; what cannot be read is left out and the rest is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from sendbatch.campaign.checking import Checks
from sendbatch.campaign.declared import DeclaredCampaign, DeclaredProfile
from sendbatch.campaign.declaring import declare, missing
from sendbatch.campaign.document.composing import read_source
from sendbatch.campaign.document.nodes import Document, Trail, document
from sendbatch.campaign.editions import check_run, render_run
from sendbatch.campaign.files import Files, absolute
from sendbatch.campaign.language.checks import names_in
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.merging import greeting, merge
from sendbatch.campaign.model import (
    REFUSE,
    Attachment,
    Campaign,
    Json,
    Profile,
    Recipients,
    Retry,
    Templates,
    Tolerance,
    Unsubscribe,
)
from sendbatch.campaign.names import usable
from sendbatch.campaign.profiles import Profiles, find_profiles
from sendbatch.campaign.project import belonging
from sendbatch.campaign.shapes import shape_of
from sendbatch.campaign.widening import widen_campaign
from sendbatch.campaign.written.parsing import Wrong, parse_bounds, parse_tolerance
from sendbatch.campaign.written.rates import parse_rates
from sendbatch.errors import CampaignError, Fault, Place, ProfileError

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What the command line says of a campaign; it wins over the file."""

    run: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    smtp: str | None = None
    rate: str | None = None
    expect: str | None = None
    tolerate: str | None = None

    def words(self) -> tuple[str, ...]:
        """All but the edition, as it would be typed again."""
        given = [
            (f"--{name}", getattr(self, name)) for name in ("smtp", "rate", "expect", "tolerate")
        ]
        given += [("--set", f"{name}={value}") for name, value in self.settings.items()]
        return tuple(word for pair in given if pair[1] is not None for word in pair)


def load_campaign(
    file: Path,
    *,
    run: str | None = None,
    settings: Mapping[str, str] | None = None,
    smtp: str | None = None,
    rate: str | None = None,
    expect: str | None = None,
    tolerate: str | None = None,
    config_folder: Path | None = None,
) -> Campaign:
    """Read a campaign file with all it names, but for secrets, templates and the CSV's content.

    `run` is the edition ("" for none; None: as the file says); `settings` are those of --set and win
    over `variables`; `smtp` names another profile; `rate`, `expect` and `tolerate` are texts as in
    the file. `config_folder` is where profiles.yaml is looked for last (None: the user's own).
    Raises CampaignError, or ProfileError where only the profile is wrong, with all faults.
    """
    asked = Asked(run, dict(settings or {}), smtp, rate, expect, tolerate)
    source = read_source(file, str(file), shape_of(DeclaredCampaign))
    if source.root is None:
        raise CampaignError(source.faults)
    widen_campaign(source.root)
    loading = _Loading(file, document(source), asked, source.faults)
    return loading.campaign(find_profiles(absolute(file).parent, config_folder))


class _Loading:
    """One campaign file on its way; `faults` grows as it is looked at."""

    def __init__(self, file: Path, doc: Document, asked: Asked, faults: list[Fault]) -> None:
        self.file = absolute(file)
        self.document = doc
        self.asked = asked
        self.faults = faults
        self.declared = declare(DeclaredCampaign, doc, faults)
        self.files = Files(doc, self.file.parent, faults)
        self.checks = Checks(doc, faults)

    def campaign(self, profiles: Profiles) -> Campaign:
        declared, asked = self.declared, self.asked
        missing(DeclaredCampaign, self.document, self.faults, but=("smtp",) if asked.smtp else ())
        profile = self.profile(profiles)
        self.checks.campaign(declared, profile)
        variables = self.variables()
        run = self.run(variables)
        rates = self.given("--rate", asked.rate, parse_rates)
        expect = self.given("--expect", asked.expect, parse_bounds)
        tolerate = self.given("--tolerate", asked.tolerate, parse_tolerance)
        recipients, templates = self.recipients(), self.templates()
        attachments = self.attachments()
        suppress = (*self.files.suppressed(declared.suppress), *profiles.suppress)
        self.refuse(profiles)
        sender = declared.sender
        assert sender is not None
        assert profile is not None
        assert recipients is not None
        return Campaign(
            file=self.file,
            folder=self.file.parent,
            name=declared.name or "",
            run=run,
            sender=sender,
            bounces_to=declared.bounces_to or sender.address,
            subject=declared.subject or "",
            recipients=recipients,
            templates=templates,
            profile=greeting(profile, sender),
            rates=rates if rates is not None else tuple(declared.rate or ()),
            reply_to=tuple(declared.reply_to or ()),
            headers=dict(declared.headers or {}),
            attachments=attachments,
            unsubscribe=self.unsubscribe(),
            suppress=tuple(dict.fromkeys(suppress)),
            variables=variables,
            overrides=tuple(asked.settings),
            declared_variables=tuple(declared.variables or {}),
            run_names=names_in(declared.run or ""),
            expect=expect or declared.expect,
            tolerate=tolerate or declared.tolerate or Tolerance(),
            retry=self.retry(),
            places=self.places(),
            sources=tuple(
                path for path in (self.file, profiles.file, profile.ca) if path is not None
            ),
            run_given=asked.run is not None,
            typed=asked.words(),
            belongs=belonging(self.file, profiles),
        )

    def refuse(self, profiles: Profiles) -> None:
        """Raise all that is wrong, the campaign's before the profile's, each by line."""
        if not self.faults and not profiles.faults:
            return
        kind = CampaignError if self.faults else ProfileError
        raise kind(sorted(self.faults, key=_by_line) + sorted(profiles.faults, key=_by_line))

    def profile(self, profiles: Profiles) -> Profile | None:
        if self.asked.smtp is not None:
            return profiles.choose(self.asked.smtp, None, "--smtp", self.faults)
        smtp = self.declared.smtp
        if isinstance(smtp, str):
            return profiles.choose(smtp, self.document.at(("smtp",)), "smtp", self.faults)
        if isinstance(smtp, DeclaredProfile):
            return merge(None, smtp, self.document, ("smtp",), self.file, self.faults)
        return None

    def variables(self) -> dict[str, Json]:
        for name in self.asked.settings:
            if not name.isidentifier():
                hint = "write --set name=value"
                self.faults.append(
                    Fault(f"--set: not a name that a template can use: {name}", None, hint)
                )
        declared = cast(dict[str, Json], self.declared.variables or {})
        return {**declared, **self.asked.settings}

    def run(self, variables: Mapping[str, Json]) -> str:
        given = self.asked.run
        if given is not None:
            self.given("--run", given, check_run)
            return given
        written = self.declared.run
        if written is None:
            return ""
        return self.checks.attempt(("run",), lambda: render_run(written, variables)) or ""

    def given(self, option: str, text: str | None, read: Callable[[str], T]) -> T | None:
        """An option's text, read; what is wrong with it becomes a fault without a place."""
        if text is None:
            return None
        try:
            return read(text)
        except Wrong as wrong:
            self.faults.append(Fault(f"{option}: {wrong}", None, wrong.hint))
            return None

    def recipients(self) -> Recipients | None:
        declared = self.declared.recipients
        if declared is None or declared.file is None:
            return None
        key = declared.key
        return Recipients(
            file=self.files.find(("recipients", "file"), declared.file),
            email=usable(declared.email or "email"),
            name=declared.name,
            key=key if key is None or is_template(key) else usable(key),
            where=declared.where,
            defaults={usable(column): cell for column, cell in (declared.defaults or {}).items()},
            encoding=declared.encoding or "utf-8",
            delimiter=declared.delimiter,
            skip_lines=declared.skip_lines or 0,
            as_given=declared.addresses == "as_given",
            check_deliverability=bool(declared.check_deliverability),
            required=tuple(dict.fromkeys(usable(column) for column in declared.required or ())),
        )

    def templates(self) -> Templates:
        declared = self.declared.templates
        found: dict[str, Path | None] = {}
        for kind in ("html", "text"):
            written = getattr(declared, kind, None)
            found[kind] = self.files.find(("templates", kind), written) if written else None
        return Templates(html=found["html"], text=found["text"])

    def attachments(self) -> tuple[Attachment, ...]:
        """Those for everyone must be there; those of a row's own are looked for with the rows."""
        found = []
        for number, one in enumerate(self.declared.attachments or ()):
            if one.file is None:
                continue
            if not is_template(one.file):
                trail = ("attachments", number, "file")
                self.files.find(trail, one.file, sheets=True, what="attachments")
            found.append(Attachment(one.file, one.missing or REFUSE))
        return tuple(found)

    def unsubscribe(self) -> Unsubscribe | None:
        declared = self.declared.unsubscribe
        if declared is None:
            return None
        mailto = declared.mailto.removeprefix("mailto:") if declared.mailto else None
        return Unsubscribe(declared.url, mailto, bool(declared.one_click))

    def retry(self) -> Retry:
        declared = self.declared.retry
        return Retry(**declared.model_dump(exclude_none=True)) if declared else Retry()

    def places(self) -> dict[str, Place]:
        """By dotted path. A default's fault is one of its column: its place is the key's."""
        places = {_dotted(trail): place for trail, place in self.document.values.items() if trail}
        for trail, place in self.document.keys.items():
            if trail[:2] == ("recipients", "defaults") and len(trail) == 3:
                places[_dotted(trail)] = place
                places[_dotted((*trail[:2], usable(str(trail[2]))))] = place
        return places


def _dotted(trail: Trail) -> str:
    return ".".join(str(part) for part in trail)


def _by_line(fault: Fault) -> tuple[int, int]:
    """Those of the command line first, then by line and column."""
    place = fault.place
    return (place.line or 0, place.column or 0) if place else (-1, 0)
