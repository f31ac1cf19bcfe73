"""The files of a pipeline: each written where there is none, or none of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sendbatch.campaign.profiles import find_profiles
from sendbatch.errors import CampaignError, SendbatchError, shown
from sendbatch.findings import Rule
from sendbatch.runtime.files import create, refuse_link

LONGEST_READ = 1 << 20  # bytes of a file in which names of secrets are looked for
GIT = "git"  # what `record:` says where the record is in the repository
USUAL_SECRETS = ("SMTP_USERNAME", "SMTP_PASSWORD")  # those of the profile that `init` writes

_REFERENCE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)\}")
# A path by which a pipeline can name a campaign without quoting: in a filter of paths some characters are
# wildcards, and in a variable some are an expression.
_PLAIN = re.compile(r"[\w.@][\w./@ -]*")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`files` are texts by their place in `root`; `advice` is what a person has to do before it works, a line
    each."""

    root: Path
    files: Mapping[Path, str]
    advice: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        return [self.root / file for file in self.files]


def hold_repository(root: Path, ci: str) -> None:
    """Raises SendbatchError where `root` is no repository: a file for its host would be read by nobody."""
    if not os.path.lexists(root / ".git"):
        raise SendbatchError(
            f"{shown(root)} lies in no git repository, and --ci {ci} is for one",
            hint="git init makes one; or name a folder in yours",
        )


def hold_free(pipeline: Pipeline) -> None:
    """Raises CampaignError where one of the files is there already."""
    there = [path for path in pipeline.paths if os.path.lexists(path)]
    if there:
        raise CampaignError(
            [
                Rule.FILE_EXISTS.finding(f"{shown(path)} is there already; nothing was written")
                for path in there
            ]
        )


def write(pipeline: Pipeline) -> list[Path]:
    """Write the files; returns their paths. Raises CampaignError where one is there already, then none is
    written, or where one cannot be."""
    hold_free(pipeline)
    for place, text in pipeline.files.items():
        path = pipeline.root / place
        try:
            for folder in reversed(list(place.parents)[:-1]):
                refuse_link(pipeline.root / folder)
                (pipeline.root / folder).mkdir(exist_ok=True)
            create(path, text.encode(), mode=0o666)  # the user's own, by their umask
        except OSError as error:
            raise CampaignError(
                f"{shown(Path(error.filename or path))}: cannot be written: {error.strerror}"
            ) from None
    return pipeline.paths


def place_in(root: Path, path: Path) -> str:
    """A path in the repository, as a pipeline names it. Raises SendbatchError where none can."""
    place = path.relative_to(root).as_posix()
    if _PLAIN.fullmatch(place) is None:
        raise SendbatchError(
            f"{shown(path)}: a pipeline cannot name this file",
            hint="give it and its folders names of letters, digits, spaces and . _ - @",
        )
    return place


def paths_of(campaign: Path, root: Path) -> list[str]:
    """The files whose change is a change of the campaign, as filters: its folder, and what it names outside
    of that."""
    if campaign.parent == root:
        return ["**"]
    found = {f"{place_in(root, campaign.parent)}/**": None}
    profiles = find_profiles(campaign.parent).file
    outside = [profiles] if profiles is not None else []
    for text in texts_in(campaign):
        if text.startswith("../"):
            fixed, made, _ = text.partition("{")  # up to where a row's own name begins
            outside.append(campaign.parent / (f"{fixed.rpartition('/')[0]}/*" if made else fixed))
    for file in outside:
        path = Path(os.path.normpath(file))
        if not path.is_relative_to(root) or path.is_relative_to(campaign.parent):
            continue
        if path.parent != root:
            found[f"{place_in(root, path.parent)}/**"] = None
        else:
            found["*" if path.name == "*" else place_in(root, path)] = None
    return list(found)


def name_of(campaign: Path) -> str:
    """What a pipeline is called: as its campaign's file, or the folder where that is only campaign.yaml."""
    stem = campaign.parent.name if campaign.stem == "campaign" else campaign.stem
    return re.sub("[^a-z0-9]+", "-", stem.lower()).strip("-")[:60].rstrip("-") or "campaign"


def keeping_in_git(campaign: Path) -> tuple[str, ...]:
    """What is to be done, first of all, for a laptop to know whom CI has mailed: nothing where profiles.yaml
    says it, or is written along with the campaign."""
    profiles = find_profiles(campaign.parent)
    if profiles.record or not campaign.exists():
        return ()
    where = "profiles.yaml" if profiles.file is None else shown(profiles.file)
    return (
        f"at the top of {where}, so that this machine, too, knows whom CI has mailed, write:",
        f"  record: {GIT}",
    )


def record_secrets_of(campaign: Path) -> tuple[str, ...]:
    """The variables that hold the address of the record's database: whoever plans needs them, too."""
    return tuple(dict.fromkeys(_REFERENCE.findall(find_profiles(campaign.parent).record)))


def secrets_of(campaign: Path) -> tuple[str, ...]:
    """The variables that the campaign and its profiles refer to as ${NAME}, in their order; those of the
    profile that `init` writes where there is none yet. What cannot be read refers to nothing."""
    profiles = find_profiles(campaign.parent).file
    files = [file for file in (profiles, campaign) if file is not None]
    texts = [text for file in files for text in texts_in(file)]
    found = dict.fromkeys(name for text in texts for name in _REFERENCE.findall(text))
    own = [name for name in found if not name.startswith(("SENDBATCH_", "GITHUB_", "CI_"))]
    is_known = profiles is not None and bool(texts_in(profiles))
    return tuple(own) if is_known else tuple(own) or USUAL_SECRETS


def texts_in(file: Path) -> list[str]:
    """What stands as values in a YAML file, comments left out; nothing of one that cannot be read."""
    try:
        with file.open("rb") as opened:
            root = yaml.compose(opened.read(LONGEST_READ), yaml.SafeLoader)
    except (OSError, yaml.YAMLError, ValueError):
        return []
    found: list[str] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:  # an alias: many of them make few lines endless
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            found.append(node.value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
    return found
