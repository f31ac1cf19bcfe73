"""Each way of installing that the README shows, as it stands there, and `make release`, before it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.test_first_steps import blocks, page
from tests.kit.githost import git
from tests.kit.nobody import ROOT

WHEEL = "sendbatch-0.1.0-py3-none-any.whl"
INSTALLING = page("README.md").partition("## Installing")[2].partition("\n## ")[0]
WAYS = [
    line.removeprefix("$ ").partition("  #")[0].strip()
    for block in blocks(INSTALLING, "console")
    for line in block.splitlines()
    if "install" in line
]
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Bench:
    """A folder with tools to install by, and a repository of sendbatch with what lies here."""

    folder: Path
    source: Path

    @property
    def environ(self) -> dict[str, str]:
        """Nothing is installed outside of the folder; what the machine says of registries holds."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_INDEX", "UV_DEFAULT", "SSL_", "REQUESTS_")) or name == "LANG"
        }
        at = self.folder
        own = {
            "HOME": f"{at}/home",
            "PIPX_HOME": f"{at}/pipx",
            "PIPX_BIN_DIR": f"{at}/bin",
            "UV_TOOL_DIR": f"{at}/uv",
            "UV_TOOL_BIN_DIR": f"{at}/bin",
            "UV_CACHE_DIR": f"{at}/uv-cache",
            "UV_PYTHON": sys.executable,
            "UV_PYTHON_DOWNLOADS": "never",
            "PIPX_DEFAULT_PYTHON": sys.executable,
            "PATH": f"{at}/tools/bin:{os.environ['PATH']}",
        }
        return kept | own

    def call(self, *words: object, code: int = 0, **environ: str) -> str:
        ended = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    source = folder / "source"
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", at=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    git("init", "-q", "-b", "main", at=source)
    git("add", "-A", at=source)
    git("commit", "-q", "-m", "1", at=source)
    git("tag", "v1", at=source)
    bench = Bench(folder, source)
    (folder / "home").mkdir()
    bench.call(sys.executable, "-m", "venv", folder / "tools")
    lock = ROOT / "requirements-release.txt"
    bench.call("pip", "install", "--quiet", "--require-hashes", "-r", lock)
    return bench


@pytest.fixture(scope="module")
def released(bench: Bench) -> Path:
    """What `make release` leaves in dist/, of this version with its section in the changelog."""
    changelog = bench.source / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    changelog.write_text(text.replace("## [Unreleased]", "## [0.1.0] - 2026-12-01", 1), "utf-8")
    git("commit", "-q", "-a", "-m", "release", at=bench.source)
    said = release(bench)
    assert said.count("installed, and it sends") == 2
    return bench.source / "dist"


def release(bench: Bench, code: int = 0) -> str:
    script = f"cd {shlex.quote(str(bench.source))}; exec python .ci/release.py"
    return bench.call("sh", "-c", script, code=code)


def test_the_readme_shows_each_way() -> None:
    assert [way.split()[0] for way in WAYS] == ["pipx", "uv", "pip", "pipx"]


def test_what_a_release_is_made_of(released: Path, bench: Bench) -> None:
    names = {file.name for file in released.iterdir()}
    assert names == {WHEEL, "sendbatch-0.1.0.tar.gz", "SHA256SUMS", "RELEASE.md"}
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=released, check=True)
    text = (released / "RELEASE.md").read_text("utf-8")
    assert text.startswith("sendbatch 0.1.0\n\n")
    assert "## [" not in text


def test_no_release_of_what_is_not_committed_or_not_in_the_changelog(
    released: Path, bench: Bench
) -> None:
    kept = sorted((file.name, file.stat().st_mtime_ns) for file in released.iterdir())
    (bench.source / "new.txt").write_text("new")
    assert "no release: what is not committed" in release(bench, code=1)
    (bench.source / "new.txt").unlink()
    project = bench.source / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "0.1.0"', 'version = "0.2.0"'))
    git("commit", "-q", "-a", "-m", "2", at=bench.source)
    said = release(bench, code=1)
    git("reset", "-q", "--hard", "HEAD~", at=bench.source)
    assert "CHANGELOG.md begins with [0.1.0], and the version is 0.2.0" in said
    assert sorted((file.name, file.stat().st_mtime_ns) for file in released.iterdir()) == kept


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_a_command_that_sends(way: str, released: Path, bench: Bench) -> None:
    shutil.rmtree(bench.folder / "bin", ignore_errors=True)
    shutil.copy(released / WHEEL, bench.folder / WHEEL)
    words = shlex.split(way.replace("https://github.com/OWNER/sendbatch", f"file://{bench.source}"))
    folder = bench.folder / "bin"
    if words[0] == "pip":
        bench.call(sys.executable, "-m", "venv", bench.folder / "own")
        folder = bench.folder / "own/bin"
        words[0] = f"{folder}/pip"
    elif words[0] == "pipx":
        words.append("--force")
    bench.call(*words)
    place = bench.folder / f"try-{len(list(bench.folder.iterdir()))}"
    assert bench.call(folder / "sendbatch", "--version").startswith("sendbatch 0.1.0")
    bench.call(folder / "sendbatch", "init", "--markdown", place)
    bench.call(folder / "sendbatch", "run", place / "campaign.yaml")
    assert len(list(place.glob("reports/*/outbox/*.eml"))) == 3
