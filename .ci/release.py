"""What `make release` does: wheel and source archive in dist/, built twice and found the same, checked,
installed and tried; and the text of the release, from the changelog.

Nothing is left in dist/ unless all of it holds.
"""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path.cwd()
DIST = ROOT / "dist"
SECTION = re.compile(r"^## \[([^\]]+)\](.*)$", re.MULTILINE)


def main() -> None:
    if changed := said("git", "status", "--porcelain").strip():
        refuse(f"what is not committed would not be in the release:\n{changed}")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    text = text_of(version)
    with tempfile.TemporaryDirectory(prefix="sendbatch-release-") as temporary:
        folder = Path(temporary)
        files = built_twice(folder)
        run(sys.executable, "-m", "twine", "check", "--strict", *files)
        for file in files:
            tried(file, version, folder / f"empty-{file.suffix.strip('.')}")
        keep(files, text)
    for file in sorted(DIST.iterdir()):
        print(f"dist/{file.name}")
    print(f"next: git tag -a v{version} -F dist/RELEASE.md --cleanup=verbatim")
    print("then move the tag that workflows name:")
    print(f"  git tag --force v1 'v{version}^{{commit}}'; git push --force origin v1")


def text_of(version: str) -> str:
    """The changelog's topmost section that says something; it has to be this version's."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    heads = list(SECTION.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=True):
        said = text[head.end() : end].strip()
        if not said and head[1] == "Unreleased":
            continue
        if head[1] != version:
            refuse(f"CHANGELOG.md begins with [{head[1]}], and the version is {version}: head it so")
        if not said or not re.fullmatch(r" - \d{4}-\d\d-\d\d", head[2]):
            refuse(f"CHANGELOG.md: write `## [{version}] - YEAR-MONTH-DAY`, and below it what is new")
        return f"sendbatch {version}\n\n{said}\n"
    return refuse("CHANGELOG.md has no section")


def built_twice(folder: Path) -> list[Path]:
    """The two files, from what is committed and nothing else. Another time and folder give the same."""
    first, second = (built(folder / name) for name in ("first", "second"))
    for one, other in zip(first, second, strict=True):
        if not filecmp.cmp(one, other, shallow=False):
            refuse(f"{one.name} is not the same when it is built again")
    return first


def built(folder: Path) -> list[Path]:
    epoch = said("git", "log", "-1", "--format=%ct").strip()
    os.umask(0o022)  # it would be seen in the wheel
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, folder / "source")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist")]
    ended = subprocess.run(
        command,
        cwd=folder / "source",
        env=os.environ | {"SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        refuse(f"it cannot be built:\n{ended.stdout}{ended.stderr}")
    (archive,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    settle(archive, int(epoch))
    return [wheel, archive]


def settle(archive: Path, epoch: int) -> None:
    """Take out of a source archive when, where and by whom it was made: setuptools leaves that in it."""
    with tarfile.open(archive) as packed:
        members = [(one, packed.extractfile(one)) for one in packed.getmembers()]
        with (
            archive.with_suffix(".new").open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=epoch) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as settled,
        ):
            for one, content in sorted(members, key=lambda member: member[0].name):
                one.mtime, one.uid, one.gid, one.uname, one.gname = epoch, 0, 0, "", ""
                one.mode = 0o755 if one.isdir() or one.mode & 0o100 else 0o644
                one.pax_headers = {}
                settled.addfile(one, content)
    archive.with_suffix(".new").replace(archive)


def tried(file: Path, version: str, folder: Path) -> None:
    """Install it into an empty environment, and send with it to the sandbox."""
    run(sys.executable, "-m", "venv", folder)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, file)
    command = folder / "bin/sendbatch"
    (home := folder / "home").mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    there = said(command, "--version", cwd=home, env=environ).split()[-1]
    if there != version:
        refuse(f"{file.name}: `sendbatch --version` says {there}, and pyproject.toml {version}")
    for words in (("init", "--markdown", "spring"), ("run", "spring/campaign.yaml")):
        said(command, *words, cwd=home, env=environ)
    mails = len(list(home.glob("spring/reports/*/outbox/*.eml")))
    if mails != 3:
        refuse(f"{file.name}: installed, its sample campaign gave {mails} mails, not 3")
    print(f"{file.name}: installed, and it sends")


def keep(files: list[Path], text: str) -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    sums = ""
    for file in files:
        sums += f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        shutil.copyfile(file, DIST / file.name)
    (DIST / "SHA256SUMS").write_text(sums)
    (DIST / "RELEASE.md").write_text(text, "utf-8")


def run(*words: object) -> None:
    if subprocess.run([str(word) for word in words]).returncode:
        refuse(f"failed: {' '.join(map(str, words))}")


def said(*words: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True
    )
    if ended.returncode:
        refuse(f"failed: {' '.join(map(str, words))}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def refuse(why: str) -> str:
    sys.exit(f"no release: {why}")


if __name__ == "__main__":
    main()
