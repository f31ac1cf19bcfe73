"""What an author does not want to be told: by the campaign, and by comments in templates."""

from __future__ import annotations

import json

from tests.kit.command import Desk, Ended

LINK = '<p>Hello {{ first_name }}</p>\n<p><a href="foo">x</a></p>REMARK\n<p>*|FNAME|*</p>\n'
HERE = " <!-- sendbatch: ignore broken-link -->"


def written(desk: Desk, remark: str = "", more: str = "") -> None:
    desk.campaign(more=more)
    desk.write("spring.html", LINK.replace("REMARK", remark))


def rules_of(checked: Ended) -> list[tuple[str, int | None]]:
    (done,) = json.loads(checked.out)
    return [(one["rule"], one["line"]) for one in done["faults"]]


def check(desk: Desk) -> list[tuple[str, int | None]]:
    return rules_of(desk.run("check", "spring.yaml", "--format", "json").ended(0))


def test_a_rule_that_the_campaign_ignores_is_counted_and_not_told(desk: Desk) -> None:
    written(desk, more="check: {ignore: [broken-link]}\n")
    said = desk.run("check", "spring.yaml").ended(0).said
    assert "leads nowhere" not in said
    assert "*|FNAME|* looks like" in said
    assert "1 finding ignored by check.ignore\n" in said
    assert check(desk) == [("leftover-placeholder", 3)]


def test_a_comment_ignores_a_rule_on_its_line_alone(desk: Desk) -> None:
    written(desk, HERE)
    assert check(desk) == [("leftover-placeholder", 3)]
    said = desk.run("plan", "spring.yaml").ended(0).said
    assert "1 finding ignored by a comment in its line\n" in said
    desk.write("spring.html", LINK.replace("REMARK", "") + HERE)
    assert ("broken-link", 2) in check(desk)


def test_what_ignores_nothing_is_a_hint_with_its_place(desk: Desk) -> None:
    written(desk, HERE.replace("broken-link", "wide-picture"), "check: {ignore: [missing-signing-key]}\n")
    said = desk.run("check", "spring.yaml").ended(0).said
    assert "spring.yaml:12:18: hint: check.ignore: missing-signing-key finds nothing" in said
    assert "spring.html:2:28: hint: wide-picture finds nothing on this line" in said
    assert "finds nothing" not in desk.run("plan", "spring.yaml").said  # it does not look at everything


def test_a_comment_that_names_no_rule_is_a_hint_with_a_guess(desk: Desk) -> None:
    written(desk, " <!-- sendbatch: ignore borken-link, broken-picture --> <!-- sendbatch: hush -->")
    said = desk.run("check", "spring.yaml").ended(0).said
    assert "spring.html:2:28: hint: no such rule: borken-link" in said
    assert "did you mean broken-link?" in said
    assert "hint: broken-picture is an error, which cannot be ignored" in said
    assert "spring.html:2:83: hint: a comment for sendbatch that is not understood" in said
    assert "warning: the link foo leads nowhere" in said


def test_beside_an_error_what_is_ignored_is_not_told_either(desk: Desk) -> None:
    written(desk, HERE)
    desk.change("spring.html", "Hello {{ first_name }}", "Hello {{ frist_name }} <a href='bar'>")
    found = rules_of(desk.run("check", "spring.yaml", "--format", "json").ended(2))
    assert ("unknown-name", 1) in found
    assert ("broken-link", 1) in found
    assert ("broken-link", 2) not in found


def test_no_reader_gets_a_comment_and_the_text_is_the_same_without(desk: Desk) -> None:
    written(desk)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    written(desk, HERE)
    desk.write("spring.txt", "Hello {{ first_name }}, the {{ product }} blooms. {# sendbatch: ignore x #}\n")
    told = desk.run("plan", "spring.yaml").ended(0).said
    assert "text changed" not in told
    assert "0 to send" in told
    desk.people(4)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    sources = [part.get_content() for mail in desk.kept() for part in mail.walk() if not part.is_multipart()]
    assert not any("sendbatch:" in source for source in sources)
    assert any('<p><a href="foo">x</a></p>' in source for source in sources)


def test_comments_in_a_style_sheet_and_in_mjml_are_read_too(desk: Desk) -> None:
    desk.write(
        "news.css",
        "@font-face { font-family: x; src: url(x.woff) } /* sendbatch: ignore local-font */\n",
    )
    desk.write("spring.html", '<link rel="stylesheet" href="news.css"><p>Hello {{ first_name }}</p>\n')
    assert check(desk) == []
    desk.campaign(("html: spring.html", "html: spring.mjml"))
    desk.write(
        "spring.mjml",
        "<mjml><mj-body><mj-section><mj-column><mj-text>\n"
        'Hello {{ first_name }}, <a href="foo">x</a> <!-- sendbatch: ignore broken-link -->\n'
        '<a href="bar">y</a>\n'
        "</mj-text></mj-column></mj-section></mj-body></mjml>\n",
    )
    assert [one for one in check(desk) if one[0] == "broken-link"] == [("broken-link", 3)]


def test_before_a_person_is_asked_three_findings_are_told_the_worst_first(desk: Desk) -> None:
    links = "".join(f'<a href="l{number}">x</a>\n' for number in range(4))
    desk.write("spring.html", "<!-- sendbatch: ignore nothing -->\n" + links + "<p>{{ first_name }}</p>\n")
    said = desk.run("plan", "spring.yaml").ended(0).said
    assert "  found: 4 warnings, 1 hint; `sendbatch check` shows all, these are the worst\n" in said
    assert said.count("leads nowhere") == 3
    assert "no such rule" not in said
    assert desk.run("check", "spring.yaml").said.count("leads nowhere") == 4
