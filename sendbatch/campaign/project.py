"""Whose records these are: the project a campaign file belongs to, and the file's path in it.

The project is what profiles.yaml says, else the repository's `origin` as host/owner/name, else none;
then the file's absolute path stands for both. Git's files are read, git itself is not run. All of it is
data from a repository that anyone may have written: bounded, and no part of a login is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sendbatch.campaign.model import Belonging
from sendbatch.campaign.profiles import Profiles, find_profiles, repository_root
from sendbatch.campaign.written.values import LONGEST_PROJECT
from sendbatch.runtime.paths import absolute, unreadable

MOST_READ = 1 << 20  # bytes of one of git's files

_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)', re.DOTALL)
_URL = re.compile(r"\s*url\s*=(.*)", re.IGNORECASE | re.DOTALL)
_HELPER = re.compile(r"[\w+-]+::")  # gitremote-helpers(7): codecommit::https://…
_SCP = re.compile(r"(?:[^/]*@)?(\[[^\]/]+\]|[^/:\[\]]+):(.*)", re.DOTALL)


def belonging(file: Path, profiles: Profiles | None = None) -> Belonging:
    """Which project this campaign file belongs to; `profiles` is what was found for it."""
    near = absolute(file)
    profiles = profiles or find_profiles(near.parent)
    repository = repository_root(near.parent)
    if profiles.project:
        beside = profiles.file.parent if profiles.file is not None else repository
        if not near.is_relative_to(beside):  # the user's own, for all their campaigns
            beside = repository if os.path.lexists(repository / ".git") else Path("/")
        return _within(beside, near, profiles.project)
    return _within(repository, near, origin(repository) or "")


def _within(root: Path, file: Path, project: str) -> Belonging:
    """However the path is spelled, through whatever links, it is the same file."""
    real = Path(os.path.realpath(file))
    inside = next((path for path in (real, file) if path.is_relative_to(root)), None)
    if not project or inside is None:
        return Belonging(project, Path("/"), _text(real))
    return Belonging(project, root, _text(inside.relative_to(root)))


def _text(path: Path) -> str:
    """Also where its name is not UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def origin(repository: Path) -> str | None:
    """The repository's `origin` as host/owner/name, or its path where that is local."""
    config = _config(repository)
    url = _origin_url(_read(config)) if config is not None else None
    name = named(url, repository) if url else None
    if name is None or (len(name) <= LONGEST_PROJECT and name.isprintable()):
        return name
    return "sha256:" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()


def named(url: str, repository: Path) -> str | None:
    """A remote's address however it is spelled (git-fetch(1), "Git URLs"), without user, token, port."""
    url = _HELPER.sub("", url.strip(), count=1)
    if "://" in url:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return None
        if parts.scheme.lower() == "file":
            return _local(unquote(parts.path), repository)
        return _remote(host, unquote(parts.path))
    scp = _SCP.fullmatch(url)
    return _remote(scp[1].strip("[]"), scp[2]) if scp else _local(url, repository)


def _remote(host: str, path: str) -> str | None:
    parts = [part for part in path.split("/") if part not in ("", ".", ".git")]
    if not host or not parts:
        return None
    # hosts make no difference of letters in them, and a clone keeps those that were typed
    return f"{host}/{'/'.join(parts).removesuffix('.git')}".casefold()


def _local(path: str, repository: Path) -> str | None:
    if not path or "\0" in path:
        return None
    return os.path.realpath(repository / path).removesuffix("/.git").removesuffix(".git")


def _config(repository: Path) -> Path | None:
    """The file `config`: of a worktree that of its repository, of a submodule its own
    (gitrepository-layout(5))."""
    git = repository / ".git"
    if git.is_dir():
        return git / "config"
    told = _read(git).strip()
    if not told.startswith("gitdir:"):
        return None
    folder = repository / told.removeprefix("gitdir:").strip()
    return folder / (_read(folder / "commondir").strip() or ".") / "config"


def _read(file: Path) -> str:
    """The beginning of an ordinary file, "" where there is none that can be read."""
    try:
        if unreadable(file) is not None:
            return ""
        with file.open("rb") as opened:
            return opened.read(MOST_READ).decode(errors="surrogateescape")
    except (OSError, ValueError):  # a NUL in a path
        return ""


def _origin_url(config: str) -> str | None:
    """The first url of `[remote "origin"]`, which is the one that git fetches from."""
    section = ""
    for line in re.sub(r"\\\r?\n", "", config).splitlines():
        words = line.strip()
        if opened := _SECTION.match(words):
            name, inner, words = opened.groups()
            section = name.lower() if inner is None else f"{name.lower()}.{inner}"
        if section == "remote.origin" and (found := _URL.fullmatch(words)):
            return "".join(_value(found[1].strip())).strip()
    return None


def _value(written: str) -> Iterator[str]:
    """A value without its quotes and comment (git-config(1), "Syntax")."""
    quoted = escaped = False
    for character in written:
        if escaped:
            escaped = False
            yield character
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in "#;" and not quoted:
            return
        else:
            yield character
