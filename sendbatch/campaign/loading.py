"""From a campaign file to a Campaign: read, checked, resolved, and all that is wrong said.

The order is that of the findings a person would mend: the file's shape first, then what it names.
Nothing stops at the first fault; what cannot be read is left out and the rest is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from sendbatch.campaign import combinations
from sendbatch.campaign.dkim import misaligned
from sendbatch.campaign.document.nodes import Data, Trail
from sendbatch.campaign.editions import check_run, render_run
from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.profiles import ProfileKeys
from sendbatch.campaign.language.checks import names_in
from sendbatch.campaign.merging import greeting, merge
from sendbatch.campaign.model import (
    Campaign,
    Json,
    Mailbox,
    Notification,
    Profile,
    Senders,
    Tolerance,
)
from sendbatch.campaign.names import usable
from sendbatch.campaign.profiles import Profiles, find_profiles
from sendbatch.campaign.project import belonging
from sendbatch.campaign.reading import read_file
from sendbatch.campaign.spots import Reading
from sendbatch.campaign.table import fields_of, table_of
from sendbatch.campaign.written.parsing import Wrong, parse_bounds, parse_tolerance
from sendbatch.campaign.written.rates import parse_rates
from sendbatch.errors import CampaignError, Place, ProfileError
from sendbatch.findings import Finding, Rule
from sendbatch.runtime.paths import absolute

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
    people: Path | None = None,
    config_folder: Path | None = None,
    join: bool = False,
) -> Campaign:
    """Read a campaign file with all it names, but for secrets, templates and the CSV's content.

    `run` is the edition ("" for none; None: as the file says); `settings` are those of --set and win
    over `variables`; `smtp` names another profile; `rate`, `expect` and `tolerate` are texts as in
    the file; `people` stands in place of recipients.file. `config_folder` is where profiles.yaml is looked
    for last (None: the user's own). With `join`, for a run that is planned elsewhere, no list has to be here.
    Raises CampaignError, or ProfileError where only the profile is wrong, with all findings.
    """
    asked = Asked(run, dict(settings or {}), smtp, rate, expect, tolerate)
    unneeded = ("smtp",) if asked.smtp else ()
    given: dict[str, dict[str, Data]] = {} if people is None else {"recipients": {"file": str(people)}}
    declared, reading = read_file(
        CampaignKeys, file, str(file), unneeded=unneeded, given=given, lists_needed=not join
    )
    if declared is None:
        raise CampaignError(reading.findings)
    _refuse_profiles(reading)
    profiles = find_profiles(reading.folder, config_folder, lists_needed=not join)
    return _Loading(absolute(file), declared, reading, asked).campaign(profiles)


def _refuse_profiles(reading: Reading) -> None:
    """All that a campaign lacks is beside the point in a file that was never meant to be one."""
    there = reading.document.keys
    place = there.get(("profiles",))
    needed = ((key.name,) for key in table_of(CampaignKeys).values() if key.required)
    if place is not None and there.keys().isdisjoint(needed):
        said = "holds profiles, and is no campaign"
        hint = "name the campaign's own file; profiles.yaml is found by itself"
        raise CampaignError([Rule.UNKNOWN_KEY.finding(said, place, hint)])


class _Loading:
    """One campaign file on its way; `findings` grows as it is looked at."""

    def __init__(self, file: Path, declared: CampaignKeys, reading: Reading, asked: Asked) -> None:
        self.file = file
        self.declared = declared
        self.reading = reading
        self.asked = asked
        self.findings = reading.findings

    def campaign(self, profiles: Profiles) -> Campaign:
        declared, asked = self.declared, self.asked
        profile = self.profile(profiles)
        combinations.comments(self.reading)
        combinations.headers(self.reading.spot.at("headers"), declared.headers or {}, profile)
        combinations.senders(self.reading.spot, declared.sender, declared.senders)
        if profile is not None and declared.sender is not None:
            boxes = declared.senders or (declared.sender,)
            self.findings += misaligned(profile, [box.address for box in boxes])
        told = self.told(profiles)
        variables = self.variables()
        combinations.variants(self.reading.spot, variables)
        run = self.run(variables)
        rates = self.given("--rate", asked.rate, parse_rates)
        expect = self.given("--expect", asked.expect, parse_bounds)
        tolerate = self.given("--tolerate", asked.tolerate, parse_tolerance)
        self.refuse(profiles)
        sender, subjects, profile = self.complete(profile)
        senders = self.senders()
        if senders is not None:
            sender = replace(sender, address=senders.boxes[0].address)
        return Campaign(
            **{**fields_of(declared), "sender": sender},
            file=self.file,
            folder=self.file.parent,
            run=run,
            subject=subjects[0],
            subjects=subjects if len(subjects) > 1 else (),
            bounces_to=declared.bounces_to or sender.address,
            profile=greeting(profile, sender),
            rates=rates if rates is not None else declared.rate or (),
            suppress=tuple(dict.fromkeys((*(declared.suppress or ()), *profiles.suppress))),
            variables=variables,
            overrides=tuple(asked.settings),
            declared_variables=tuple(declared.variables or {}),
            run_names=names_in(declared.run or ""),
            notify=told,
            expect=expect or declared.expect,
            tolerate=tolerate or declared.tolerate or Tolerance(),
            places=self.places(),
            sources=self.sources(profiles),
            run_given=asked.run is not None,
            typed=asked.words(),
            belongs=belonging(self.file, profiles),
            record=profiles.record,
            record_file=profiles.file if profiles.record else None,
            senders=senders,
            key_files=tuple(self.key_files(profiles)),
        )

    def refuse(self, profiles: Profiles) -> None:
        """Raise all that is wrong, the campaign's before the profile's, each by line."""
        if not self.findings and not profiles.findings:
            return
        kind = CampaignError if self.findings else ProfileError
        raise kind(sorted(self.findings, key=_by_line) + sorted(profiles.findings, key=_by_line))

    def complete(self, profile: Profile | None) -> tuple[Mailbox, tuple[str, ...], Profile]:
        """What must be there, where nothing was wrong."""
        assert self.declared.sender is not None
        assert self.declared.subject is not None
        assert profile is not None
        return self.declared.sender, self.declared.subject, profile

    def senders(self) -> Senders | None:
        """Those that rows choose from; None where one sends all."""
        declared = self.declared
        if declared.senders is None or declared.sender is None:
            return None
        return Senders(declared.sender.address, declared.senders, declared.bounces_to is None)

    def profile(self, profiles: Profiles) -> Profile | None:
        if self.asked.smtp is not None:
            return profiles.choose(self.asked.smtp, None, "--smtp", self.findings)
        smtp, spot = self.declared.smtp, self.reading.spot.at("smtp")
        if isinstance(smtp, str):
            return profiles.choose(smtp, spot.place, "smtp", self.findings)
        if isinstance(smtp, ProfileKeys):
            return merge(None, smtp, spot, self.file)
        return None

    def told(self, profiles: Profiles) -> tuple[Notification, ...]:
        folders = [self.reading.folder, *([profiles.file.parent] if profiles.file is not None else [])]
        return combinations.notifications(
            self.reading.spot.at("notify"), self.declared.notify, folders
        )

    def variables(self) -> dict[str, Json]:
        for name in self.asked.settings:
            if not name.isidentifier():
                hint = "write --set name=value"
                said = f"--set: not a name that a template can use: {name}"
                self.findings.append(Rule.WRONG_USAGE.finding(said, None, hint))
        return {**(self.declared.variables or {}), **self.asked.settings}

    def run(self, variables: Mapping[str, Json]) -> str:
        given = self.asked.run
        if given is not None:
            self.given("--run", given, check_run)
            return given
        written = self.declared.run
        if written is None:
            return ""
        return self.reading.spot.at("run").attempt(lambda: render_run(written, variables)) or ""

    def given(self, option: str, text: str | None, read: Callable[[str], T]) -> T | None:
        """An option's text, read; what is wrong with it becomes a fault without a place."""
        if text is None:
            return None
        try:
            return read(text)
        except Wrong as wrong:
            self.findings.append(Rule.WRONG_USAGE.finding(f"{option}: {wrong}", None, wrong.hint))
            return None

    def sources(self, profiles: Profiles) -> tuple[Path, ...]:
        named = (*self.reading.sources, *profiles.reading.sources)
        own = (self.file, profiles.file) if profiles.file is not None else (self.file,)
        return tuple(dict.fromkeys((*own, *named)))

    def key_files(self, profiles: Profiles) -> Iterator[tuple[str, Path]]:
        """Those of all profiles there are: the mail of one must not carry the key of another."""
        inline = self.declared.smtp
        declared = [(one, profiles.file) for one in profiles.declared.values()]
        declared += [(inline, self.file)] if isinstance(inline, ProfileKeys) else []
        for profile, file in declared:
            for one in profile.dkim or ():
                if one.key_file is not None and file is not None:
                    yield one.key_file, file

    def places(self) -> dict[str, Place]:
        """By dotted path. A default's fault is one of its column: its place is the key's."""
        document = self.reading.document
        places = {_dotted(trail): place for trail, place in document.values.items() if trail}
        for trail, place in document.keys.items():
            if trail[:2] == ("recipients", "defaults") and len(trail) == 3:
                places[_dotted(trail)] = place
                places[_dotted((*trail[:2], usable(str(trail[2]))))] = place
        return places


def _dotted(trail: Trail) -> str:
    return ".".join(str(part) for part in trail)


def _by_line(finding: Finding) -> tuple[int, int]:
    """Those of the command line first, then by line and column."""
    place = finding.place
    return (place.line or 0, place.column or 0) if place else (-1, 0)
