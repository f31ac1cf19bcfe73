"""What docs/unsubscribing.md tells web applications: each of its checks takes our links and no others."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest

from sendbatch.message.tokens import PLACEHOLDER, Signer
from tests.conftest import Needs

PAGE = Path(__file__).parents[1] / "docs" / "unsubscribing.md"
SECRET = "q0Vw/8Jm+3sT5yR1uXb2cZ7eLk9nPoQh="
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
KEYS = ["jane@example.org", "a", "ab", "abc", "a&c=x#y", "Zoë 😀", "k" * 500]


class Language(NamedTuple):
    """How the function of the page is called for many cases: in `program`, {code} stands for it. `ending` is
    that of its file; the words of `call` come before the file's name."""

    tool: str
    call: tuple[str, ...]
    ending: str
    program: str


# Each reads a list of [c, k, t, secret], and writes a list of keys, null for none.
LANGUAGES = {
    "python": Language(
        "python3",
        (),
        "py",
        "import json, sys\n{code}\nprint(json.dumps([key_of(*one) for one in json.load(sys.stdin)]))",
    ),
    "javascript": Language(
        "node",
        (),
        "js",
        "{code}\nconst given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "\nconsole.log(JSON.stringify(given.map((one) => keyOf(...one))));",
    ),
    "php": Language(
        "php",
        (),
        "php",
        "<?php\n{code}\n$given = json_decode(file_get_contents('php://stdin'), true);"
        "\necho json_encode(array_map(fn($one) => key_of(...$one), $given));",
    ),
    "go": Language(
        "go",
        ("run",),
        "go",
        "package main\n"
        'import ("crypto/hmac"; "crypto/sha256"; "encoding/base64"; "encoding/json"; "os")\n'
        "{code}\n"
        "func main() {\n"
        "\tvar given [][4]string\n"
        "\tif json.NewDecoder(os.Stdin).Decode(&given) != nil { panic(0) }\n"
        "\tkeys := []*string{}\n"
        "\tfor _, one := range given {\n"
        "\t\tkey, ours := keyOf(one[0], one[1], one[2], one[3])\n"
        "\t\tif ours { keys = append(keys, &key) } else { keys = append(keys, nil) }\n"
        "\t}\n"
        "\tjson.NewEncoder(os.Stdout).Encode(keys)\n"
        "}\n",
    ),
}
CODE = {found["language"]: found["code"] for found in FENCE.finditer(PAGE.read_text("utf-8"))}

Case = tuple[str, str, str, str]


def of_link(campaign: str, key: str) -> tuple[str, str, str]:
    """c, k and t, as a framework takes them out of a link."""
    found = parse_qs(Signer(campaign, SECRET.encode()).query(key))
    return found["c"][0], found["k"][0], found["t"][0]


def tampered() -> list[Case]:
    """Links that somebody made of one of their own."""
    c, k, t = of_link("spring", "jane@example.org")
    _, other, of_other = of_link("spring", "ines@example.org")
    short = urlsafe_b64encode(b"jane").decode().rstrip("=")
    changed = [
        *(("summer", k, t), (c, other, t), (c, k, of_other), (c, short, t), ("", "", ""), (c, k, "")),
        *((c, k, t[:-1]), (c, k, t + "A"), (c, k, t.swapcase()), (c, k, "2" + t[1:]), (c, k, t[2:])),
        *((f"{c}.{k}", "", t), ("", f"{c}.{k}", t), (c, k, f"1.{PLACEHOLDER}"), (c, k, "1.é")),
    ]
    return [*((*one, SECRET) for one in changed), (c, k, t, SECRET[:-1]), (c, k, t, "")]


def answers(language: str, path: Path, tool: str, cases: list[Case]) -> list[str | None]:
    how = LANGUAGES[language]
    file = path / f"check.{how.ending}"
    file.write_text(how.program.replace("{code}", CODE[language]), "utf-8")
    asked = subprocess.run(
        [tool, *how.call, str(file)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert asked.returncode == 0, asked.stderr
    found: list[str | None] = json.loads(asked.stdout)
    return found


@pytest.mark.parametrize(
    "language",
    [pytest.param(one, marks=[pytest.mark.thorough] * (one == "go")) for one in LANGUAGES],
)
def test_the_check_that_the_page_shows_takes_our_links_and_no_others(
    language: str, needs: Needs, tmp_path: Path
) -> None:
    tool = needs(LANGUAGES[language].tool, "the page shows a check in its language")
    ours = [(*of_link(campaign, key), SECRET) for campaign in ("spring", "a-1") for key in KEYS]
    found = answers(language, tmp_path, tool, [*ours, *tampered()])
    assert found[: len(ours)] == [*KEYS, *KEYS]
    assert found[len(ours) :] == [None] * len(tampered())


def test_each_language_of_the_page_is_tried() -> None:
    assert set(CODE) - {"yaml", "html", "console"} == set(LANGUAGES)
