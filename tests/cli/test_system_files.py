"""What the kernel shows as files, and what lies in .git, holds secrets: no campaign makes mail of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sendbatch.runtime.paths import problem
from tests.kit.command import Desk

SECRET = "TOPSECRET-of-the-step"
TARGETS = {"/proc/self/environ": "is a file of the system", ".git/config": "lies in a folder of git"}
WAYS = {
    "text": ("text: spring.txt", "text: {}"),
    "a recipient list": ("file: people.csv", "file: {}"),
    "an attachment": ("templates:", "attachments: [{}]\ntemplates:"),
    "a file of each": ("templates:", "attachments: [\"dir/{{{{ 'l.lnk' }}}}\"]\ntemplates:"),
    "a list of those left out": ("templates:", "suppress: {}\ntemplates:"),
    "an invitation": ("templates:", "invite: {}\ntemplates:"),
}


@pytest.fixture
def clone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", SECRET)
    desk.write(".git/config", f"[http]\nextraheader = AUTHORIZATION: basic {SECRET}\n")
    return desk


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("way", WAYS)
def test_none_is_read(clone: Desk, way: str, target: str, *, by_link: bool) -> None:
    link = clone.folder / "dir" / "l.lnk"
    link.parent.mkdir()
    link.symlink_to(target if target.startswith("/") else clone.folder / target)
    named = "dir/l.lnk" if by_link else target
    old, new = WAYS[way]
    assert old in (clone.folder / "spring.yaml").read_text("utf-8")
    clone.change("spring.yaml", old, new.format(named))
    checked = clone.run("check", "spring.yaml")
    assert checked.code in (1, 2)
    assert TARGETS[target] in checked.said or "leads out of its folder" in checked.said
    assert SECRET not in checked.said


def test_no_page_has_the_secrets_of_a_step(clone: Desk) -> None:
    (clone.folder / "e.txt").symlink_to("/proc/self/environ")
    clone.change("spring.yaml", "text: spring.txt", "text: e.txt")
    clone.run("preview", "spring.yaml", "--masked", "--out", "page.html").ended(2)
    assert not (clone.folder / "page.html").exists()


def test_what_a_template_includes_is_none_of_them(clone: Desk) -> None:
    clone.write("spring.txt", "{% include '.git/config' %}\n")
    checked = clone.run("check", "spring.yaml").ended(2)
    assert "lies in a folder of git" in checked.said
    assert SECRET not in checked.said


@pytest.mark.parametrize("path", ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_they_are_known_by_where_links_lead(tmp_path: Path, path: str) -> None:
    if not os.path.exists(path):
        pytest.skip("not here")
    (tmp_path / "a").symlink_to(path)
    (tmp_path / "b").symlink_to("a")
    assert "of the system" in (problem(tmp_path / "b") or "")


@pytest.mark.parametrize("name", [".github/x.txt", "a.git/x.txt", ".gitignore", "proc/x.txt", "git/x.txt"])
def test_others_are_read(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("x", "utf-8")
    assert problem(file) is None
