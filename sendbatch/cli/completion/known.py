"""What stands in the files near a campaign, for a line to go on with: campaigns, profiles, editions, keys.

Files are looked at, not read: there is no time for what a campaign is loaded with, and what is wrong in them
is for the verb to say. Nothing but names and keys is taken, and never more than some.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from click.shell_completion import CompletionItem

from sendbatch.campaign.campaigns import campaigns_in
from sendbatch.campaign.names import usable
from sendbatch.cli.campaign_files import DEFAULT

Items = list[CompletionItem[str]]
Params = Mapping[str, Any]

MOST = 200
_LONGEST_YAML = 256 * 1024  # bytes
_LONGEST_CSV = 1024 * 1024  # bytes of its beginning
_PATIENCE = 0.05  # seconds for a record
_RETRIED = ("rejected", "failed", "deferred")
_PROFILES = "profiles.yaml"
_SANDBOX = "sandbox"


def campaigns(params: Params, typed: str) -> Items:
    """Campaign files, and the folders on the way to others."""
    folder, _ = os.path.split(typed)
    found = [os.path.join(folder, path.name) for path in campaigns_in(Path(folder or "."))]
    return [*_items(found), *paths(typed, folders=True)]


def paths(typed: str, *, folders: bool = False) -> Items:
    """What lies in the folder that is typed; hidden ones where a dot is typed."""
    folder, begin = os.path.split(typed)
    found = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for entry in islice(entries, 10_000):
                if not entry.name.startswith(begin or "") or (entry.name[:1] == "." and not begin):
                    continue
                is_folder = entry.is_dir()
                if is_folder or not folders:
                    found.append(os.path.join(folder, entry.name) + ("/" if is_folder else ""))
    except OSError:
        return []
    return _items(sorted(found))


def profiles(params: Params, typed: str) -> Items:
    """Those of the profiles.yaml that the campaign finds, and the one that is built in."""
    return _items([*_profiles(_folder(params)), _SANDBOX])


def editions(params: Params, typed: str) -> Items:
    """Those that have a record, the newest first."""
    name, end = _recorded(params)
    found = []
    for folder in _folders_in(_base(params)):
        if folder.name.startswith(f"{name}@") and folder.name.endswith(end) and _has_record(folder):
            edition = folder.name.removeprefix(f"{name}@")
            found.append((folder.stat().st_mtime, edition.removesuffix(end) if end else edition))
    return _items(edition for _, edition in sorted(found, reverse=True))


def keys(params: Params, typed: str) -> Items:
    """Keys of the record; where there is none, of the list of recipients. @ begins the name of a file."""
    if typed.startswith("@"):
        return [CompletionItem(f"@{item.value}") for item in paths(typed[1:])]
    return _items(_keys_of_record(params, typed) or _keys_of_list(params, typed))


def unsettled(params: Params, typed: str) -> Items:
    """Keys of those whom `resolve` settles."""
    found = _keys_of_record(params, typed, unsettled=True)
    return _items(key for key in found if not key.startswith("-"))  # it would be an option


def retried(params: Params, typed: str) -> Items:
    """The next of what --retry names, behind the last comma."""
    before, comma, _ = typed.rpartition(",")
    left = [word for word in _RETRIED if word not in before.split(",")]
    return _items(f"{before}{comma}{word}" for word in left)


def variables(params: Params, typed: str) -> Items:
    """NAME= of those that the campaign declares."""
    declared = _campaign(params).get("variables")
    return _items(f"{name}=" for name in declared) if isinstance(declared, dict) else []


def _items(values: Iterable[str]) -> Items:
    return [CompletionItem(value) for value in islice(values, 10_000)]


# The campaign, and where its record is


def _file(params: Params) -> Path:
    named = params.get("file") or next(iter(params.get("files") or ()), None)
    return Path(named) if named is not None else DEFAULT


def _folder(params: Params) -> Path:
    return Path(params["folder"]) if params.get("folder") else _file(params).parent


def _campaign(params: Params) -> dict[str, Any]:
    return _yaml(_file(params))


def _base(params: Params) -> Path:
    named = params.get("record") or os.environ.get("SENDBATCH_RECORD")
    return Path(named) if named and named != "git" else _file(params).parent / "reports"


def _recorded(params: Params) -> tuple[str, str]:
    """The campaign's name, and how the folders of its records end where mail is kept."""
    campaign = _campaign(params)
    smtp = params.get("smtp") or campaign.get("smtp")
    profile = _profiles(_folder(params)).get(smtp) if isinstance(smtp, str) else smtp
    end = f".{smtp}" if isinstance(smtp, str) else ""
    keeps = smtp == _SANDBOX or (isinstance(profile, dict) and _keeps(profile, params, end))
    return str(campaign.get("name")), end if keeps else ""


def _keeps(profile: dict[str, Any], params: Params, end: str) -> bool:
    """Whether it keeps the mail; where its provider decides that, the folders that there are tell."""
    if "delivers" in profile or "provider" not in profile:
        return profile.get("delivers") == "false"
    return any(folder.name.endswith(end) for folder in _folders_in(_base(params)))


def _record(params: Params) -> Path:
    name, end = _recorded(params)
    run = params.get("run")
    if run is None:
        run = _campaign(params).get("run") or ""
    if run and "{" in str(run):  # a template: the newest edition is as good as another
        run = next((str(item.value) for item in editions(params, "")), "")
    return _base(params) / (f"{name}@{run}{end}" if run else f"{name}{end}")


def _folders_in(base: Path) -> Iterator[Path]:
    try:
        with os.scandir(base) as entries:
            yield from (
                Path(e.path) for e in islice(entries, 10_000) if e.is_dir(follow_symlinks=False)
            )
    except OSError:
        return


def _has_record(folder: Path) -> bool:
    from sendbatch.ledger.glimpse import has_record

    return has_record(folder)


# Keys


def _keys_of_record(params: Params, typed: str, *, unsettled: bool = False) -> list[str]:
    from sendbatch.ledger.glimpse import keys_in

    return keys_in(_record(params), typed, most=MOST, seconds=_PATIENCE, unsettled=unsettled)


def _keys_of_list(params: Params, typed: str) -> Iterator[str]:
    """Of its beginning. A key that is made of several columns is known once there is a record."""
    recipients = _campaign(params).get("recipients")
    said = recipients if isinstance(recipients, dict) else {"file": recipients}
    key = str(said.get("key") or said.get("email") or "email")
    file = said.get("file")
    if not isinstance(file, str) or "{" in key:
        return
    text = _beginning(_file(params).parent / file, str(said.get("encoding") or "utf-8-sig"))
    lines = io.StringIO(text)
    skipped = str(said.get("skip_lines") or "0")
    for _ in range(int(skipped) if skipped.isdecimal() else 0):
        lines.readline()
    header = lines.readline()
    marks = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    mark = str(said.get("delimiter") or max(",;\t|", key=header.count))
    mark = marks.get(mark, mark)
    names = [usable(name) for name in next(csv.reader([header], delimiter=mark), [])]
    if usable(key) not in names:
        return
    column = names.index(usable(key))
    found = (row[column].strip() for row in csv.reader(lines, delimiter=mark) if len(row) > column)
    yield from islice((one for one in found if one.startswith(typed)), MOST)


def _beginning(file: Path, encoding: str) -> str:
    """Whole lines of it."""
    data = _bytes(file, _LONGEST_CSV)
    if file.suffix == ".gz":
        with gzip.open(io.BytesIO(data)) as unpacked:
            data = unpacked.read1(_LONGEST_CSV)
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")
    return text if len(data) < _LONGEST_CSV else text[: text.rfind("\n") + 1]


# YAML


def _profiles(folder: Path) -> dict[str, Any]:
    """Beside the campaign, upward to the repository's root, then the user's own: the first one is the one."""
    start = Path(os.path.realpath(folder))
    for one in (start, *start.parents):
        if os.path.lexists(one / _PROFILES):
            return _declared(one / _PROFILES)
        if os.path.lexists(one / ".git"):
            break
    from sendbatch.runtime.paths import config_folder

    own = config_folder()
    return _declared(own / _PROFILES) if own is not None else {}


def _declared(file: Path) -> dict[str, Any]:
    profiles = _yaml(file).get("profiles")
    return profiles if isinstance(profiles, dict) else {}


def _yaml(file: Path) -> dict[str, Any]:
    """A file's mapping, every scalar as it is written; an empty one where it is none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(_bytes(file, _LONGEST_YAML), Loader=loader)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    data = _plain(node, 3)
    return data if isinstance(data, dict) else {}


def _plain(node: Any, levels: int) -> Any:
    if node is None or levels == 0:
        return None
    if node.id == "mapping":
        return {
            key.value: _plain(value, levels - 1) for key, value in node.value if key.id == "scalar"
        }
    return node.value if node.id == "scalar" else None


def _bytes(file: Path, most: int) -> bytes:
    """The beginning of a file. Raises OSError; a pipe by that name holds nobody up."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
