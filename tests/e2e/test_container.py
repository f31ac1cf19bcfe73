"""The Containerfile: built and run as written, by an engine, or where there is none by what one does."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sendbatch import api
from tests.kit.apart import started
from tests.kit.mailhost import MailHost
from tests.kit.nobody import ROOT, open_folder

__all__ = ["open_folder"]

CONTEXT = {line[1:] for line in (ROOT / ".containerignore").read_text().split() if line[0] == "!"}
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1200)]


@dataclass
class Image:
    """What a Containerfile makes of a machine: `steps` for its shell, and how a container of it is begun."""

    steps: list[str] = field(default_factory=list)
    folder: str = "/"
    environ: list[str] = field(default_factory=list)
    user: str = ""
    entry: list[str] = field(default_factory=list)

    @property
    def begins(self) -> str:
        """As nobody: no home, an environment of what the file says alone, and no way to more rights."""
        uid, gid = self.user.split(":")
        become = f"setpriv --reuid={uid} --regid={gid} --clear-groups --no-new-privs"
        given = " ".join(self.environ)
        return f"cd {self.folder}; exec {become} env -i {given} {shlex.join(self.entry)}"


def instructions(text: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


def image_of(text: str) -> Image:
    """The base is this machine, in place of what FROM names; all stages are one."""
    image = Image()
    for word, rest in instructions(text):
        if word == "FROM":
            image.steps += [f"rm -rf {image.folder}"] if image.folder != "/" else []
            image.folder = "/"
        elif word == "WORKDIR":
            image.folder = rest
            image.steps.append(f"mkdir -p {rest}; cd {rest}")
        elif word == "RUN":
            image.steps.append(f"sh -ec {shlex.quote(rest)}")
        elif word == "ENV":
            image.environ += shlex.split(rest)
        elif word == "USER":
            image.user = rest
        elif word == "ENTRYPOINT":
            image.entry = json.loads(rest)
        elif word == "COPY":
            image.steps.append(_copy(rest))
        else:
            assert word in ("STOPSIGNAL", "CMD"), word
    return image


def _copy(rest: str) -> str:
    *sources, to = rest.split()
    if sources[0].startswith("--from="):
        assert sources[1:] == [to]  # where it is already
        return f"test -d {to}"
    assert set(sources) <= CONTEXT, "left out by .containerignore"
    return f"cp -R {' '.join(f'$SOURCE/{one}' for one in sources)} {to}"


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def work(open_folder: Path, host: MailHost) -> Path:
    """What is mounted at /work: a campaign that goes through `host`, writable for all."""
    work = open_folder / "work"
    api.init(work)
    (work / "profiles.yaml").write_text(host.profiles)
    file = work / "campaign.yaml"
    file.write_text(file.read_text().replace("smtp: sandbox", "smtp: live"))
    work.chmod(0o777)
    return work


RUN = """
leave
mkdir -p /work; mount --bind /out/work /work
mount -t tmpfs -o mode=1777 tmpfs /tmp
umount -l /out
mount -o remount,ro /
sendbatch() {{ ( {begins} "$@" ); }}
code() {{ echo "exit $?: $1"; }}
( cd /; exec setpriv --reuid=65532 --clear-groups touch /new /opt/new /var/new 2>&1 ) || true
sendbatch --version
sendbatch check campaign.yaml || code check
for time in 1 2; do sendbatch run campaign.yaml --yes || code run; done
sendbatch status campaign.yaml || code status
cat /tmp/sendbatch*.log 2>/dev/null | tail -15 || true
ls -A /work
"""


def test_what_the_containerfile_says_works_as_nobody_with_a_read_only_root_and_no_home(
    open_folder: Path, work: Path, host: MailHost
) -> None:
    """With the same calls to the system that an engine makes; this machine stands in for the base image."""
    image = image_of((ROOT / "Containerfile").read_text())
    assert image.user.split(":")[0].isdecimal()
    (place := open_folder / "machine").mkdir()
    process = started(place, open_folder, "\n".join(image.steps) + RUN.format(begins=image.begins))
    said, _ = process.communicate(timeout=1000)
    assert process.returncode == 0, said
    assert said.count("Read-only file system") == 3, said
    assert "exit " not in said, said
    assert "newsletter: all 3 accepted" in said
    assert len(host.receivers) == len(set(host.receivers)) == 3
    assert {"reports", ".sendbatch"} <= {path.name for path in work.iterdir()}
    assert (work / "reports").stat().st_uid == 65532


def engine() -> str:
    """One that runs here and can have the base image; skips where none can, and says what was tried."""
    why = []
    text = (ROOT / "Containerfile").read_text()
    base = next(rest.split()[0] for word, rest in instructions(text) if word == "FROM")
    for name in ("podman", "docker"):
        if shutil.which(name) is None:
            why.append(f"{name} is not installed")
            continue
        words = [name, "pull", "--quiet", base]
        pulled = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
        if pulled.returncode == 0:
            return name
        why.append(f"{name} has no {base} ({pulled.stderr.strip().splitlines()[-1:]})")
    pytest.skip(f"NO CONTAINER WAS BUILT: {'; '.join(why)}")


def test_an_engine_builds_and_runs_it(open_folder: Path, work: Path, host: MailHost) -> None:
    name = engine()
    tag = "sendbatch-test"
    subprocess.run([name, "build", "-q", "-t", tag, "-f", "Containerfile", "."], cwd=ROOT, check=True)
    mounts = ["--read-only", "--tmpfs", "/tmp", "--network", "host", "-v", f"{work}:/work"]
    for _ in range(2):
        words = [name, "run", "--rm", *mounts, tag, "run", "campaign.yaml", "--yes"]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
    assert len(host.receivers) == len(set(host.receivers)) == 3
