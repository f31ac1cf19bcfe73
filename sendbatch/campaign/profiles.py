"""profiles.yaml: where it is looked for, and how a profile in it becomes a way to a server.

Beside the campaign file, then upward to the repository's root, then in the user's configuration
folder; the first one found is the one. No secret is read here: see `secrets`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sendbatch.campaign.document.nodes import Document
from sendbatch.campaign.keys.profiles import ProfileKeys, ProfilesKeys
from sendbatch.campaign.merging import merge
from sendbatch.campaign.model import Profile, SuppressionList
from sendbatch.campaign.names import guess
from sendbatch.campaign.providers import common_slow_down
from sendbatch.campaign.reading import read_file
from sendbatch.campaign.spots import Reading
from sendbatch.errors import Place, ProfileError, shown
from sendbatch.findings import Finding, Rule
from sendbatch.runtime.paths import absolute
from sendbatch.runtime.paths import config_folder as users_own
from sendbatch.words import listed

FILE_NAME = "profiles.yaml"
MISSPELT = ("profiles.yml", "profile.yaml", "profile.yml")
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Profiles:
    """One profiles.yaml as read, or none (`file` is None). `findings` are all that is wrong in it."""

    file: Path | None
    reading: Reading
    declared: dict[str, ProfileKeys] = field(default_factory=dict)
    suppress: tuple[SuppressionList, ...] = ()
    project: str = ""  # as it is written out, "" where it is not
    record: str = ""  # where records are, as it is written; "" for this disk
    misspelt: str | None = None  # a file that was probably meant to be one

    @property
    def findings(self) -> list[Finding]:
        return self.reading.findings

    @property
    def names(self) -> list[str]:
        return [*self.declared, SANDBOX]

    def choose(
        self, name: str, place: Place | None, label: str, unknown: list[Finding]
    ) -> Profile | None:
        """The profile of that name, presets merged in; None where that fails.

        What is wrong in the profile is added to `findings`; that there is none of the name to
        `unknown`, at the place where it is named.
        """
        if name == SANDBOX:
            return Profile(
                name=SANDBOX,
                host="127.0.0.1",
                port=0,
                security="none",
                connections=4,
                delivers=False,
                slow_down=common_slow_down(),
            )
        if name not in self.declared:
            unknown.append(self._unknown(name, place, label))
            return None
        assert self.file is not None
        return merge(name, self.declared[name], self.reading.spot.at("profiles", name), self.file)

    def _unknown(self, name: str, place: Place | None, label: str) -> Finding:
        if self.file is None:
            said = f"{label}: no profile named {name}: there is no {FILE_NAME}"
            hint = f"write {FILE_NAME} beside the campaign file, or use the built-in {SANDBOX}"
            if self.misspelt:
                hint = f"{self.misspelt} must be named {FILE_NAME}"
            return Rule.UNKNOWN_PROFILE.finding(said, place, hint)
        near = guess(name, self.names)
        known = f"there are {listed(self.names, 20)}"
        hint = f"did you mean {near}? {known}" if near else known
        said = f"{label}: no profile named {name} in {self.reading.document.file}"
        return Rule.UNKNOWN_PROFILE.finding(said, place, hint)


def load_profile(name: str, *, start: Path, config_folder: Path | None = None) -> Profile:
    """One profile by name, found from the folder `start` on. Raises ProfileError."""
    profiles = find_profiles(start, config_folder)
    profile = None
    if not profiles.findings:
        profile = profiles.choose(name, None, "profile", profiles.findings)
    if profile is None or profiles.findings:
        raise ProfileError(profiles.findings)
    return profile


def find_profiles(
    start: Path, config_folder: Path | None = None, *, lists_needed: bool = True
) -> Profiles:
    """The profiles.yaml that is found from the folder `start` on, read. No list of those who are left out has
    to be there unless `lists_needed`."""
    folders = _folders(start, config_folder)
    for folder in folders:
        file = folder / FILE_NAME
        if os.path.lexists(file):
            return read_profiles(file, lists_needed=lists_needed)
    there = (folder / name for folder in folders for name in MISSPELT)
    misspelt = next((shown(file) for file in there if os.path.lexists(file)), None)
    return Profiles(
        None, Reading(Document(FILE_NAME, {}, {}, {}), ProfilesKeys, start), misspelt=misspelt
    )


def read_profiles(file: Path, *, lists_needed: bool = True) -> Profiles:
    """Read one profiles.yaml; what is wrong in it is in `findings`."""
    file = absolute(file)
    declared, reading = read_file(ProfilesKeys, file, shown(file), lists_needed=lists_needed)
    if declared is None:
        return Profiles(file, reading)
    profiles = dict(declared.profiles or {})
    if profiles.pop(SANDBOX, None) is not None:
        spot = reading.spot.at("profiles", SANDBOX)
        said = f"profiles: {SANDBOX} is built in"
        spot.find(Rule.RESERVED_NAME, said, "choose another name", key=True)
    return Profiles(
        file,
        reading,
        profiles,
        declared.suppress or (),
        declared.project or "",
        declared.record or "",
    )


def repository_root(folder: Path) -> Path:
    """The nearest folder with a `.git`, from `folder` upward; `folder` itself outside of any."""
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / ".git"):
            return candidate
    return folder


def _folders(start: Path, config_folder: Path | None) -> list[Path]:
    start = Path(os.path.realpath(start))
    root = repository_root(start)
    upward = [start, *start.parents]
    last = config_folder or users_own()
    return [*upward[: upward.index(root) + 1], *([last] if last is not None else [])]
