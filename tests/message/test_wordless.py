"""A letter of images alone: what is missing is told once, at its line, before anybody's row."""

from __future__ import annotations

import pytest

from sendbatch.message.checks.wordless import wordless, wordless_markdown

from .conftest import bundle, content, reason

IMAGE = "<img src='https://a.b/x.png'>"


@pytest.mark.parametrize(
    ("source", "line", "column", "said"),
    [
        (f"<p>\n  {IMAGE}</p>", 2, 3, "no text part can be made from it: its image has no alt text"),
        (f"{IMAGE}\n{IMAGE}", 1, 1, "no text part can be made from it: none of its 2 images has an alt text"),
        (f"<div style='display:none'>Look</div>\n<IMG alt=' '>{IMAGE}", 2, 1, "none of its 2 images has"),
        (f"<title>News</title><style>p{{}}</style><!-- note -->\n{IMAGE}", 2, 1, "its image has no alt text"),
        (f"{{% for each in plan %}}\n{IMAGE}{{% endfor %}}", 2, 1, "its image has no alt text"),
        ("{# all of it #}\n<img src='{{ plan }}'>", 2, 1, "its image has no alt text"),
        ("<p>&nbsp;</p>", None, None, "no text part can be made from it: it has no words"),
    ],
)  # fmt: skip
def test_a_letter_without_words_is_refused_at_its_first_image(
    source: str, line: int | None, column: int | None, said: str
) -> None:
    fault = wordless(bundle(source))
    assert fault is not None
    assert fault.place is not None
    assert (fault.place.line, fault.place.column) == (line, column)
    assert said in fault.message
    assert fault.severity == "error"
    assert fault.hint == 'say in alt="…" what an image shows, or name a template in templates.text'


@pytest.mark.parametrize(
    "source",
    [
        f"<a href='https://a.b'>{IMAGE}</a>",
        f"{{% if x %}}{{% endif %}}<a href='https://a.b'>{IMAGE}</a>",
    ],
)
def test_a_letter_of_linked_images_is_warned_about(source: str) -> None:
    fault = wordless(bundle(source))
    assert fault is not None
    assert fault.severity == "warning"
    assert fault.message == "the text part will be bare addresses: its image has no alt text"


@pytest.mark.parametrize(
    "source",
    [
        f"{IMAGE}<p>Hi</p>",
        "<img src='x' alt='A pot'>",
        "<img src='x' alt='{{ alt }}'>",
        f"{IMAGE}{{{{ note }}}}",
        f"{{% if a %}}<div style='display:none'>{{% else %}}<div>{{% endif %}}Hi</div>{IMAGE}",
        f"{{% raw %}}Hi{{% endraw %}}{IMAGE}",
        f"<a href='x' aria-label='Shop'>{IMAGE}</a>",
        f"{{% if a %}}<a href='x' aria-label='Shop'>{IMAGE}</a>{{% endif %}}",
    ],
)
def test_a_letter_that_may_have_words_for_somebody_is_none_of_these(source: str) -> None:
    assert wordless(bundle(source)) is None


def test_what_an_included_template_says_counts() -> None:
    source = f"{{% include 'foot.html' %}}{IMAGE}"
    assert wordless(bundle(source, **{"foot.html": "<p>Yours</p>"})) is None
    found = wordless(bundle("{% include 'foot.html' %}", **{"foot.html": f"\n{IMAGE}"}))
    assert found is not None
    assert found.place is not None
    assert (found.place.file, found.place.line) == ("templates/foot.html", 2)


def test_a_row_for_which_no_word_is_left_says_what_is_missing() -> None:
    said = reason(content(f"{{% if first_name == 'Bob' %}}Hi{{% endif %}}{IMAGE}", None))
    assert 'templates.html: no text is left; say in alt="…" what an image shows' in said


@pytest.mark.parametrize(
    ("source", "column", "severity", "why"),
    [
        ("\n![](x.png)\n", 1, "error", "its image has no alt text"),
        ("\n {# a #}![][x] <img src='x.png'>\n\n[x]: x.png\n", 9, "error", "none of its 2 images has"),
        ("{% if a %}\n ![]({{ a }}){% endif %}", 2, "error", "its image has no alt text"),
        ("\n[![](x.png)](https://a.b)\n", 2, "warning", "bare addresses: its image has no alt text"),
        ("<!-- a -->\n\n", None, "error", "it has no words"),
    ],
)
def test_markdown_without_words_is_told_at_its_first_image(
    source: str, column: int | None, severity: str, why: str
) -> None:
    found = wordless_markdown(bundle(source, "letter.md"))
    assert found is not None
    assert found.place is not None
    assert (found.place.line, found.place.column) == ((2, column) if column else (None, None))
    assert (found.severity, why in found.message) == (severity, True)
    assert found.hint == "say in ![…](…) what an image shows, or name a template in templates.text"


@pytest.mark.parametrize(
    "source",
    [
        *("![A pot](x.png)", "![{{ a }}](x.png)", "![](x.png)\n\n{{ a }}", "![](x.png)\n\n---\n\nHi"),
        *("{% if a %}# Hi{% endif %}![](x.png)", "<img src=x alt='A pot'>", "`![](x.png)`"),
    ],
)
def test_markdown_that_may_have_words_for_somebody_is_fine(source: str) -> None:
    assert wordless_markdown(bundle(source, "letter.md")) is None


def test_brackets_without_end_take_no_time_that_grows_with_their_square() -> None:
    assert wordless(bundle("<p>" + "&lt;" * 100_000 + "</p>")) is None
