"""Templates of the kind that people publish and take over: nothing is found in them that their authors would
call wrong.

They are written for this test, in the manner of well-known free ones: ghost tables and VML for Outlook, hero
pictures, dark mode, invoices, receipts, password resets, MJML, Markdown. Each folder is one campaign whose
rows choose the template.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import sendbatch

PUBLISHED = Path(__file__).parent / "published"
LEAVE = "unsubscribe: {url: 'https://news.example/leave?for={{ email|urlencode }}', one_click: true}\n"
BULK = f"{LEAVE}check: {{bulk: true}}\n"
KINDS = {
    "newsletter": ("templates: {html: '%s/{{ kind }}.html'}\n", BULK),
    "transactional": ("templates: {html: '%s/{{ kind }}.html'}\n", "check: {bulk: false}\n"),
    "compiled": ("templates: {html: '%s/{{ kind }}.mjml'}\n", BULK),
    "markdown": ("templates: {markdown: '%s/{{ kind }}.md', layout: default}\n", BULK),
}
# What is no fault, and is only told where somebody looks: a rounded corner that Outlook draws square.
HARMLESS = {"plainer-feature"}


def pages(folder: str) -> list[str]:
    return sorted(path.stem for path in (PUBLISHED / folder).iterdir() if path.is_file())


def test_there_are_twenty_of_them() -> None:
    assert sum(len(pages(folder)) for folder in KINDS) >= 20


@pytest.mark.parametrize("folder", KINDS)
def test_nothing_is_found_that_its_author_would_call_wrong(folder: str, tmp_path: Path) -> None:
    templates, more = KINDS[folder]
    rows = [
        f"ann{n}@people.example,{kind},Ann,A-{n},$20.00,t0{n}x,481 220,https://app.example/go?n={n},m-{n}\n"
        for n, kind in enumerate(pages(folder))
    ]
    header = "email,kind,first_name,order_no,total,token,code,action_url,member\n"
    (tmp_path / "people.csv").write_text(header + "".join(rows))
    yaml = tmp_path / "published.yaml"
    yaml.write_text(
        "name: published\nfrom: News <news@news.example>\nsubject: News of the week\n"
        f"recipients: {{file: people.csv}}\nsmtp: sandbox\n{templates % (PUBLISHED / folder)}{more}"
        "variables:\n  articles:\n    - {slug: tides, title: Tides, minutes: 4, by: Jo}\n"
        "    - {slug: salt-and-sand, title: Salt and sand, minutes: 9, by: Lee}\n"
    )
    overview = sendbatch.check(yaml)
    assert overview.rehearsal is not None
    assert overview.rehearsal.failed == 0
    assert overview.rehearsal.built == len(rows)
    found = [str(one) for one in overview.findings if one.rule not in HARMLESS]
    assert not found, "\n".join(found)
