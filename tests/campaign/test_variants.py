"""A list of subjects: what it may hold, and what is wrong with one that it may not."""

from __future__ import annotations

import re

import pytest

from sendbatch.errors import CampaignError

from .conftest import Desk


def test_a_subject_alone_has_no_variants(desk: Desk) -> None:
    campaign = desk.load(subject="subject: Hello")
    assert (campaign.subject, campaign.subjects) == ("Hello", ())


def test_a_list_is_all_its_subjects_in_order(desk: Desk) -> None:
    campaign = desk.load(subject="subject: [b, '{{ first_name }}', 10]")
    assert campaign.subjects == ("b", "{{ first_name }}", "10")
    assert campaign.subject == "b"


def test_there_may_be_as_many_as_letters(desk: Desk) -> None:
    listed = ", ".join(f"s{number}" for number in range(26))
    assert len(desk.load(subject=f"subject: [{listed}]").subjects) == 26


@pytest.mark.parametrize(
    ("subject", "said", "hint"),
    [
        ("[one]", "a variant list of one", "without dash and brackets"),
        ("[]", "a variant list of none", "a list of at least two"),
        ("[a, b, a]", "this stands there already, as variant A", "take one of them out"),
        ("[a, '']", "is empty", None),
        ("[a, null]", "has no value", "write one, or leave the key out"),
        ("[a, [b]]", "must be text", None),
        ("[a, {b: c}]", "must be text, not a mapping", "quotes"),
        ("[a, '{{ x']", "not a template", None),
        (str([f"s{number}" for number in range(27)]), "has 27 variants, and 26 are the most", None),
    ],
)
def test_what_is_wrong_with_a_list_is_said(
    desk: Desk, subject: str, said: str, hint: str | None
) -> None:
    with pytest.raises(CampaignError) as raised:
        desk.load(subject=f"subject: {subject}")
    (found,) = raised.value.findings
    assert re.match(f"subject:? {re.escape(said)}", found.message)
    assert found.place is not None
    assert found.place.line is not None
    assert hint is None or hint in (found.hint or "")


def test_a_variable_of_the_name_is_refused_only_beside_a_list(desk: Desk) -> None:
    assert desk.load(more="variables: {variant: x}").variables == {"variant": "x"}
    with pytest.raises(CampaignError, match=r"variables\.variant: variant is the name of the subject"):
        desk.load(subject="subject: [a, b]", more="variables: {variant: x}")
