"""Makes docs/picture.png of the real program: a run of the sample at a terminal, in the middle and at its
end, and the gallery that shows its letters before.  python docs/picture.py  (needs chromium)"""

from __future__ import annotations

import base64
import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
CAMPAIGN = "campaigns/welcome.yaml"
RUN = f"run {CAMPAIGN} --rate 4/s"  # slow enough for the bar to be seen
PREVIEW = f"preview {CAMPAIGN}"
COLUMNS = 96
SENT_BY_THEN = re.compile(r"\b[67]/\d+ ")  # the frame of the bar that the picture shows
COLOURS = {"31": "#ff8f87", "32": "#7ee0a1", "33": "#f4c26b", "34": "#8fb8ff", "36": "#7fd8e8"}

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 26px 34px 34px; width: 1232px; background: #e7ebe6;
  font: 15px/1.45 system-ui, sans-serif; }
figure { margin: 0; border-radius: 12px; overflow: hidden; box-shadow: 0 10px 34px #1b2a2340; }
figure + figure { margin: 26px 0 0; border: 1px solid #cdd5ce; }
pre { margin: 0; padding: 20px 26px 24px; background: #171b22; color: #d7dde6; white-space: pre;
  font: 14.5px/1.42 "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; }
.typed { color: #8fd3ff; } .strong { font-weight: 600; } .faint { opacity: .7; }
img { display: block; width: 100%; }
</style>
<figure><pre>SHOWN</pre></figure>
<figure><img alt="" src="GALLERY"></figure>
"""


def at_a_terminal(folder: Path, arguments: str) -> str:
    """All that the command writes to a terminal, of which there is one."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, COLUMNS))
    told = ("NO_COLOR", "COLORTERM", "CI")
    environ = {name: value for name, value in os.environ.items() if name not in told}
    running = subprocess.Popen(
        [sys.executable, "-m", "sendbatch", *arguments.split()], cwd=folder, stdin=slave, stdout=slave,
        stderr=slave, env=environ | {"TERM": "xterm", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while True:
        try:
            read = os.read(master, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not read:
            break
        seen += read
    running.wait()
    os.close(master)
    return seen.decode().replace("\r\n", "\n")


def shown(seen: str) -> tuple[str, str, str]:
    """What stays above the line that changes, that line in the middle of the run, and what is there at
    the end."""
    frames = re.split(r"(?:\x1b\[\d*A)?\r\x1b\[J", seen)
    bar = next(frame for frame in frames if SENT_BY_THEN.search(frame))
    before = "".join(frame for frame in frames[: frames.index(bar)] if frame.endswith("\n"))
    after = next(frame for frame in reversed(frames) if "accepted" in frame)
    return before.rstrip(), bar.strip(), after.strip("\n")


def as_html(text: str) -> str:
    """Its colours as spans."""
    out, is_open = [], False
    for part in re.split(r"(\x1b\[[\d;]*m)", text):
        if not part.startswith("\x1b"):
            out.append(html.escape(part))
            continue
        codes = part[2:-1].split(";")
        out.append("</span>" if is_open else "")
        colour = next((COLOURS[code] for code in codes if code in COLOURS), "")
        classes = " ".join(name for code, name in (("1", "strong"), ("2", "faint")) if code in codes)
        is_open = bool(colour or classes)
        out.append(f'<span class="{classes}" style="color:{colour or "inherit"}">' if is_open else "")
    return "".join(out) + ("</span>" if is_open else "")


def picture(browser: Any, folder: Path) -> bytes:
    at_a_terminal(folder, PREVIEW)
    (gallery,) = folder.glob("campaigns/reports/*/preview/index.html")
    page = browser.new_page(viewport={"width": 1400, "height": 860}, device_scale_factor=1.5)
    page.goto(gallery.as_uri())
    page.wait_for_timeout(1000)  # of the frame's pictures
    look = base64.b64encode(page.screenshot()).decode()
    before, bar, after = shown(at_a_terminal(folder, RUN))
    typed = f'<span class="typed">$ sendbatch {html.escape(RUN)}</span>'
    terminal = "\n".join([typed, as_html(before), "", as_html(bar), "", as_html(after)])
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_content(PAGE.replace("SHOWN", terminal).replace("GALLERY", f"data:image/png;base64,{look}"))
    return page.screenshot(full_page=True)


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("docs/picture.py needs chromium on the PATH")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for part in ("campaigns", "templates"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("reports"))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        (ROOT / "docs" / "picture.png").write_bytes(picture(browser, folder))
        browser.close()


if __name__ == "__main__":
    main()
