"""The presets: their data keeps the rules it states, and their patterns mean what they should."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
import yaml

from sendbatch.campaign.model import Idempotency, Rate
from sendbatch.campaign.providers import Provider, common_slow_down, named, names, presets

DATA: dict[str, Any] = yaml.safe_load(
    files("sendbatch.campaign").joinpath("providers.yaml").read_text(encoding="utf-8")
)
ENTRIES: dict[str, dict[str, Any]] = DATA["providers"]
EACH = pytest.mark.parametrize("name", ENTRIES)

SHAPE = {  # what each figure has beside its source; all of it, and nothing else
    "server": {"host", "ports", "port", "username"},
    "hosts": {"host"},
    "region_host": {"host"},
    "helo": {"of"},
    "spf": {"include"},
    "mailing": {"header", "value"},
    "rates": {"count", "seconds"},
    "connections": {"most"},
    "messages_per_connection": {"most"},
    "size": {"most"},
    "idempotency": {"header", "seconds"},
    "slow_down": {"pattern", "reply"},
}
PLAIN = {"title": str, "aliases": list, "delivers": bool, "note": str, "see": list}

ASKED_FOR = (  # presets, and what people call them
    "gmail google-workspace-relay microsoft365 mailtrap-sandbox mailtrap amazon-ses sendgrid mailgun "
    "postmark brevo mailjet zoho fastmail icloud yahoo scaleway resend smtp2go mailersend localhost "
    "ionos ovh sparkpost mandrill gandi hetzner infomaniak strato yandex qq 163 feishu gmx web-de aol"
)
CALLED = {
    "office365": ("microsoft365", "smtp.office365.com"),
    "Office 365": ("microsoft365", "smtp.office365.com"),
    "outlook365": ("microsoft365", "smtp.office365.com"),
    "M365": ("microsoft365", "smtp.office365.com"),
    "outlook.com": ("outlook", "smtp-mail.outlook.com"),
    "ses": ("amazon-ses", None),
    "SES-EU-WEST-1": ("amazon-ses-eu-west-1", "email-smtp.eu-west-1.amazonaws.com"),
    "aws_ses_us-gov-west-1": ("amazon-ses-us-gov-west-1", "email-smtp.us-gov-west-1.amazonaws.com"),
    "gsuite": ("google-workspace-relay", "smtp-relay.gmail.com"),
    "google-workspace": ("google-workspace-relay", "smtp-relay.gmail.com"),
    "GMail": ("gmail", "smtp.gmail.com"),
    "sendinblue": ("brevo", "smtp-relay.brevo.com"),
    "mailgun-eu": ("mailgun-eu", "smtp.eu.mailgun.org"),
    "sparkpost-eu": ("sparkpost-eu", "smtp.eu.sparkpostmail.com"),
    "postmark-broadcasts": ("postmark-broadcasts", "smtp-broadcasts.postmarkapp.com"),
    "zoho-mail-eu": ("zoho-eu", "smtp.zoho.eu"),
    "gmx.com": ("gmx-com", "mail.gmx.com"),
    "163": ("163", "smtp.163.com"),
}

# Slowing down does not help with these: a spent quota, a limit of one connection (a new one helps), a
# recipient's own mailbox, an unknown recipient, a log-in, a greylisting server.
NOT_ABOUT_THE_RATE = (
    "454 Throttling failure: Daily message quota exceeded",
    "550 5.4.5 Daily SMTP relay limit exceeded for user.",
    "421 too many messages in this connection",
    "421 4.7.0 too many messages per connection",
    "452 4.5.0 Too many messages sent",
    "452 4.5.3 Error: too many recipients",
    "450 4.2.1 The user you are trying to contact is receiving email too quickly.",
    "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
    "additional messages from being delivered.",
    "452 4.2.2 The recipient's inbox is out of storage space.",
    "550 5.1.1 The email account that you tried to reach does not exist.",
    "535 5.7.8 Too many connections per account",
    "451 4.7.1 Greylisted, please try again in 300 seconds",
)


def figures(entry: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every figure of an entry with the key it stands under, those in lists one by one."""
    found = []
    for key in SHAPE:
        value = entry.get(key, [])
        if key == "hosts":
            value = list(dict(value).values())
        found += [(key, figure) for figure in (value if isinstance(value, list) else [value])]
    return found


def pages(figure: dict[str, Any]) -> list[str]:
    source = figure["source"]
    return source if isinstance(source, list) else [source]


def asks_to_slow_down(patterns: tuple[str, ...], reply: str) -> bool:
    """As the engine does it: all patterns joined into one, without regard to case."""
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.search(joined, reply, re.IGNORECASE) is not None


def test_the_presets_asked_for_are_there() -> None:
    assert set(ASKED_FOR.split()) <= set(presets())


@pytest.mark.parametrize(("written", "meant"), CALLED.items())
def test_a_preset_has_the_names_that_people_use(
    written: str, meant: tuple[str, str | None]
) -> None:
    found = named(written)
    assert found is not None
    assert (found.name, found.host) == meant


def test_each_name_stands_for_one_preset_and_a_preset_is_called_by_its_own() -> None:
    folded = [re.sub("[ ._-]", "", name) for name in names()]
    assert len(folded) == len(set(folded))
    for name, provider in presets().items():
        assert named(name) == provider
        assert all(named(alias) == provider for alias in provider.aliases)
    for nobody in ("", "nobody", "gmail-eu-west-1", "ses-europe", "-eu-west-1", "mailgun-us"):
        assert named(nobody) is None


def test_a_limit_is_never_from_a_list_of_hosts() -> None:
    lists = ("/ispdb/", "/provider-db/", "services.json", "omnibus-gitlab")
    for entry in ENTRIES.values():
        for key, figure in figures(entry):
            if key not in ("server", "hosts"):
                assert not any(part in page for page in pages(figure) for part in lists)


def test_presets_are_read_once_and_cannot_be_changed() -> None:
    assert presets() is presets()
    with pytest.raises(TypeError):
        presets()["gmail"] = presets()["yahoo"]  # type: ignore[index]
    with pytest.raises(TypeError):
        presets()["gmail"].ports[25] = "none"  # type: ignore[index]


@EACH
def test_an_entry_has_only_keys_that_are_known(name: str) -> None:
    entry = ENTRIES[name]
    assert set(entry) <= {*SHAPE, *PLAIN}
    assert {"title", "server"} <= set(entry)
    for key, kind in PLAIN.items():
        assert isinstance(entry.get(key, kind()), kind), key


@EACH
def test_every_figure_stands_beside_the_page_it_is_from(name: str) -> None:
    for key, figure in figures(ENTRIES[name]):
        assert set(figure) == {*SHAPE[key], "source"}, key
        assert pages(figure), key
        for page in pages(figure):
            assert re.fullmatch(r"https://[^\s/]+\.[^\s/]+/\S*", page), key


@EACH
def test_a_note_with_a_figure_names_the_pages_it_is_from(name: str) -> None:
    entry = ENTRIES[name]
    assert all(re.fullmatch(r"https://\S+", page) for page in entry.get("see", []))
    if re.search(r"\d", presets()[name].note):
        assert entry.get("see")


@EACH
def test_the_preset_port_is_among_the_ports_and_the_security_is_its_own(name: str) -> None:
    provider = presets()[name]
    assert provider.security == provider.ports[provider.port]
    assert all(type(port) is int and 0 < port < 65536 for port in provider.ports)
    assert set(provider.ports.values()) <= {"starttls", "tls", "none"}


@EACH
def test_only_this_machine_is_talked_to_in_the_open(name: str) -> None:
    provider = presets()[name]
    assert ("none" in provider.ports.values()) == (provider.host == "localhost")


@EACH
def test_a_preset_without_a_host_says_what_to_write(name: str) -> None:
    provider = presets()[name]
    if provider.host is None:
        assert provider.note.startswith("write host: ")
    else:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", provider.host)


@EACH
def test_figures_are_whole_positive_numbers_in_the_units_of_the_model(name: str) -> None:
    provider = presets()[name]
    for rate in provider.rates:
        assert rate.seconds in (1, 60, 3600, 86400, 30 * 86400)
        assert rate.count > 0
    for most in (provider.connections, provider.messages_per_connection, provider.size):
        assert most is None or (type(most) is int and most > 0)
    assert provider.size is None or provider.size >= 1024 * 1024, "bytes, not megabytes"


@EACH
def test_a_preset_says_in_words_what_it_is_and_what_its_user_name_is(name: str) -> None:
    provider = presets()[name]
    assert provider.name == name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)
    for words in (provider.title, provider.username):
        assert words
        assert words == words.strip()
    assert "\n" not in provider.note


@EACH
def test_all_pages_of_an_entry_are_its_sources_each_once(name: str) -> None:
    entry = ENTRIES[name]
    there = {page for _, figure in figures(entry) for page in pages(figure)} | set(
        entry.get("see", [])
    )
    assert set(presets()[name].sources) == there
    assert len(presets()[name].sources) == len(there)


def test_a_common_pattern_stands_beside_a_reply_and_the_page_that_shows_it() -> None:
    for pattern in DATA["common"]["slow_down"]:
        assert set(pattern) == {"pattern", "reply", "source"}
        assert pattern["source"].startswith("https://")


@pytest.mark.parametrize(
    "pattern",
    [
        *DATA["common"]["slow_down"],
        *(pattern for entry in ENTRIES.values() for pattern in entry.get("slow_down", ())),
    ],
    ids=lambda pattern: pattern["pattern"],
)
def test_a_pattern_finds_the_reply_it_was_written_for(pattern: dict[str, str]) -> None:
    for reply in (pattern["reply"], pattern["reply"].upper(), pattern["reply"].lower()):
        assert asks_to_slow_down((pattern["pattern"],), reply)


@pytest.mark.parametrize("reply", NOT_ABOUT_THE_RATE)
def test_a_reply_that_is_not_about_the_rate_slows_nobody_down(reply: str) -> None:
    assert not asks_to_slow_down(common_slow_down(), reply)
    for provider in presets().values():
        assert not asks_to_slow_down(provider.slow_down, reply), provider.name


@EACH
def test_a_preset_has_its_own_patterns_and_then_the_common_ones(name: str) -> None:
    own = tuple(pattern["pattern"] for pattern in ENTRIES[name].get("slow_down", ()))
    assert presets()[name].slow_down == own + common_slow_down()


def test_those_that_keep_the_mail_are_for_tests() -> None:
    kept = [p.name for p in presets().values() if not p.delivers]
    assert kept == ["mailtrap-sandbox", "ethereal", "mailpit"]


def test_resend_drops_repetitions_for_a_day_by_a_header() -> None:
    assert presets()["resend"].idempotency == Idempotency("Resend-Idempotency-Key", 86400.0)
    assert [p.name for p in presets().values() if p.idempotency] == ["resend"]


def test_microsoft_365_is_read_whole() -> None:
    provider = presets()["microsoft365"]
    assert isinstance(provider, Provider)
    assert provider.host == "smtp.office365.com"
    assert (provider.port, provider.security) == (587, "starttls")
    assert provider.rates == (Rate(30, 60), Rate(10000, 86400))
    assert provider.connections == 3
    assert asks_to_slow_down(provider.slow_down, "432 4.3.2 Concurrent connections limit exceeded.")


def test_the_documentation_lists_every_preset_with_its_way_in() -> None:
    page = files("sendbatch").joinpath("../docs/providers.md")
    if not page.is_file():
        pytest.skip("docs/ is not part of an installed package")
    rows = {
        cells[1].strip(" `"): cells
        for line in page.read_text(encoding="utf-8").splitlines()
        if len(cells := line.split("|")) > 4 and cells[1].startswith(" `")
    }
    assert list(rows) == list(presets())
    for name, provider in presets().items():
        assert (provider.host or "REGION") in rows[name][2]
        assert f"{provider.port} {provider.security}" in rows[name][3]
