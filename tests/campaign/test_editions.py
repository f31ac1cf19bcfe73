"""An edition's template: rendered where it computes nothing, else in a process that is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign import editions
from sendbatch.campaign.editions import render_run, rendered
from sendbatch.campaign.written.parsing import Wrong

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
GROWING = (
    "{% set ns = namespace(x='x' * 9999999) %}"
    "{% for _ in range(9) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ version }}", "2026-12"),
        ("v{{ version|upper }}", "v2026-12"),
        ("{{ version[:4] }}-{{ '%02d' % (month|int + 1) }}", "2026-08"),
        ("{% if month == '7' %}july{% else %}other{% endif %}", "july"),
    ],
)
def test_it_says_what_its_variables_say(text: str, said: str) -> None:
    assert rendered(text, {"version": "2026-12", "month": "7"}) == said


def test_one_that_computes_nothing_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(editions, "_rendered_aside")
    assert rendered("{{ version|lower }}-{{ shop.name }}", {"version": "A", "shop": {"name": "x"}})
    for computing in ("{{ version * 2 }}", ENDLESS, "{{ version|center(99) }}", "{{ range(9) }}"):
        with pytest.raises(NameError):
            rendered(computing, {"version": "A"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ENDLESS, "longer than 1 s"),
        (GROWING, "MemoryError|more memory than there is"),
        ("{{ 9 ** (9 ** 9) }}", "9 \\*\\* 387420489 is too large a number"),
        ("{{ 'x' * 4000000000 }}", "is longer than 10,000,000"),
        ("{{ 1 // 0 }}", "division"),
    ],
)
def test_one_that_takes_too_much_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        rendered(text, {}, patience=1.0)


def test_nothing_is_imported_from_the_folder_we_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    assert rendered("{{ 1 + 1 }}", {}) == "2"


@pytest.mark.parametrize("text", ["{% if %}", "{{ a|nosuch }}"])
def test_one_that_is_no_template_is_told_as_one(text: str) -> None:
    with pytest.raises(Wrong, match="not a template"):
        render_run(text, {"a": "1"})
