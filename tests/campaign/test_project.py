"""Whose records these are: profiles.yaml, the repository's origin, or nobody's but the path's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.campaign.project import belonging, named, origin
from tests.campaign.conftest import Desk
from tests.conftest import Needs

Git = Callable[..., None]
ORIGIN = "https://github.com/Example/shop.git"


@pytest.fixture
def git(needs: Needs, tmp_path: Path) -> Git:
    """`git(folder, "init")`, with nobody's own configuration."""
    program = needs("git", "repositories are read as git makes them")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "protocol.file.allow",
        "GIT_CONFIG_VALUE_0": "always",
    }
    for who in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.com"}

    def run(folder: Path, *words: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [program, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def shop(git: Git, tmp_path: Path) -> Path:
    """A repository with an origin and a file in mail/."""
    folder = tmp_path / "shop"
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", ORIGIN)
    put(folder / "mail" / "news.yaml")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "A letter")
    return folder


def put(file: Path, text: str = "name: news\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/shop.git",
        "https://github.com/owner/shop",
        "https://github.com/owner/shop/",
        "https://x-access-token:ghs_secret@github.com/owner/shop.git",
        "https://user@GitHub.com:443/owner/shop.git?token=secret#secret",
        "ssh://git@github.com/owner/shop.git",
        "ssh://git@github.com:22/owner/shop.git",
        "git+ssh://git@github.com/owner//shop.git",
        "git://github.com/owner/shop.git",
        "git@github.com:owner/shop.git",
        "git@github.com:/owner/shop.git",
        "github.com:owner/shop",
        "user:secret@github.com:owner/shop",
        "helper::https://github.com/owner/shop.git",
        "https://github.com/%6Fwner/shop.git",
    ],
)
def test_however_a_remote_is_spelled_it_is_the_same_project(url: str, tmp_path: Path) -> None:
    assert named(url, tmp_path) == "github.com/owner/shop"


@pytest.mark.parametrize(
    "url", ["{}", "{}.git", "{}/.git", "{}/", "file://{}.git", "../srv/shop.git"]
)
def test_a_repository_on_this_machine_is_its_path(url: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert named(url.format(tmp_path / "srv" / "shop"), here) == str(tmp_path / "srv" / "shop")


@pytest.mark.parametrize(
    "url", ["", " ", "https://[::1/owner/shop", "https:///", "https://host", "host:", "a\0b"]
)
def test_what_names_no_repository_names_no_project(url: str, tmp_path: Path) -> None:
    assert named(url, tmp_path) is None


def test_a_checkout_belongs_to_its_origin_and_the_file_to_its_place_in_it(shop: Path) -> None:
    found = belonging(shop / "mail" / "news.yaml")
    assert (found.project, found.root, found.path) == (
        "github.com/example/shop", shop, "mail/news.yaml",
    )  # fmt: skip


def test_a_second_checkout_a_worktree_and_another_spelling_are_the_same(
    git: Git, shop: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(shop), "clone")
    git(tmp_path / "clone", "remote", "set-url", "origin", "git@GitHub.com:example/Shop.git")
    git(shop, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    (tmp_path / "link").symlink_to(shop)
    (shop / "linked.yaml").symlink_to("mail/news.yaml")
    first = belonging(shop / "mail" / "news.yaml")
    for file in ("clone/mail/news.yaml", "tree/mail/news.yaml", "link/mail/../mail/news.yaml"):
        found = belonging(tmp_path / file)
        assert (found.project, found.path) == (first.project, first.path)
    assert belonging(shop / "linked.yaml").path == first.path


def test_a_submodule_is_a_project_of_its_own(git: Git, shop: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    git(outer, "init", "-q")
    git(outer, "submodule", "--quiet", "add", str(shop), "lib")
    found = belonging(outer / "lib" / "mail" / "news.yaml")
    assert (found.project, found.path) == (str(shop), "mail/news.yaml")


def test_without_an_origin_the_absolute_path_stands_for_both(git: Git, tmp_path: Path) -> None:
    git(tmp_path / "bare", "init", "-q")
    for file in (put(tmp_path / "bare" / "news.yaml"), put(tmp_path / "alone" / "news.yaml")):
        found = belonging(file)
        assert (found.project, found.root, found.path) == ("", Path("/"), str(file))


def test_what_profiles_say_wins_and_the_path_counts_from_there(desk: Desk, git: Git) -> None:
    git(desk.folder, "init", "-q")
    git(desk.folder, "remote", "add", "origin", ORIGIN)
    desk.profiles("project: our shop")
    campaign = desk.load()
    assert campaign.belongs.project == "our shop"
    assert campaign.belongs.path == campaign.file.name


def test_a_project_for_all_ones_campaigns_keeps_those_of_two_folders_apart(
    desk: Desk, git: Git
) -> None:
    desk.config.mkdir()
    (desk.config / "profiles.yaml").write_text("project: mine\n")
    loaded = desk.load()
    assert loaded.belongs.project == "mine"
    assert Path("/", loaded.belongs.path) == loaded.file
    git(desk.folder.parent, "init", "-q")
    assert desk.load().belongs.path == "campaigns/spring.yaml"


@pytest.mark.parametrize(
    "written",
    ["''", "[a]", "true", f"'{'x' * 201}'", '"a\\nb"', '"a\\u202Eb"', "shop/", "a//b", "/"],
)
def test_a_project_that_is_no_name_is_a_fault_with_its_line(desk: Desk, written: str) -> None:
    desk.profiles(f"suppress: []\nproject: {written}")
    places = [fault.place for fault in desk.faults()]
    assert [(place.file[-13:], place.line) for place in places if place] == [("profiles.yaml", 2)]


@pytest.mark.parametrize(
    "config",
    [
        '[Remote "origin"]\n\tURL = "https://host/a/b.git" ; the first\n\turl = https://host/c\n',
        '[remote "origin"] url = https://host/a/b\n',
        "[remote.origin]\r\n  url=https://host/a/b\r\n",
        '# [remote "other"]\n[remote "up"]\nurl = https://host/x\n[remote "origin"]\nfetch = +x\n'
        "url = https://host/\\\na/b # c\n",
    ],
)
def test_the_configuration_is_read_as_git_reads_it(config: str, tmp_path: Path) -> None:
    put(tmp_path / ".git" / "config", config)
    assert origin(tmp_path) == "host/a/b"


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[core]\nbare = false\n",
        '[remote "Origin"]\nurl = https://host/a\n',
        "\x00\xff[[[",
        "[remote",
    ],
)
def test_a_configuration_without_an_origin_names_none(config: str, tmp_path: Path) -> None:
    put(tmp_path / ".git" / "config", config)
    assert origin(tmp_path) is None


def test_what_a_stranger_wrote_as_origin_is_bounded_and_printable(tmp_path: Path) -> None:
    for url in ("https://host/" + "a" * 5000, "https://host/a%1b[2Jb", "https://host/%ff"):
        put(tmp_path / ".git" / "config", f'[remote "origin"]\nurl = {url}\n')
        found = origin(tmp_path)
        assert found is not None
        assert found.isprintable()
        assert len(found) < 100


@pytest.mark.parametrize("told", ["", "gitdir: ", "gitdir: nowhere", "gitdir: a\0b", "\xff"])
def test_a_git_file_that_leads_nowhere_names_no_project(told: str, tmp_path: Path) -> None:
    put(tmp_path / ".git", told)
    assert origin(tmp_path) is None


def test_a_config_that_is_no_ordinary_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git" / "config")
    assert origin(tmp_path) is None
