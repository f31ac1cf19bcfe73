"""profiles.yaml: where it is found, what a preset gives, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.model import Profile, Rate, SecretSource
from sendbatch.campaign.profiles import load_profile
from sendbatch.campaign.providers import presets
from sendbatch.errors import ProfileError

from .conftest import Desk

FULL = """
profiles:
  production:
    provider: mailtrap
    host: smtp.example.com
    port: 587
    security: starttls
    username: ${SMTP_USERNAME}
    password: ${SMTP_PASSWORD}
    auth: plain
    connections: 7
    messages_per_connection: 100
    rate: [14/s, 5000/day]
    domains: {Gmail.com: 5/s, bücher.example: [1/s, 9/h]}
    timeout: 30s
    timeouts: {final: 20m}
    delivers: false
    helo: mail.example.com
    usage: state/usage.sqlite
"""


def profile(desk: Desk, text: str, name: str = "p") -> Profile:
    desk.profiles(text)
    return load_profile(name, start=desk.folder, config_folder=desk.config)


def one(desk: Desk, keys: str) -> Profile:
    return profile(desk, f"profiles:\n  p: {{{keys}}}\n")


def refused(desk: Desk, text: str, name: str = "p") -> str:
    with pytest.raises(ProfileError) as caught:
        profile(desk, text, name)
    return str(caught.value)


def test_everything_written_in_a_profile_is_in_it(desk: Desk) -> None:
    found = profile(desk, FULL, "production")
    assert (found.name, found.host, found.port) == ("production", "smtp.example.com", 587)
    assert found.username == SecretSource(template="${SMTP_USERNAME}")
    assert found.password == SecretSource(template="${SMTP_PASSWORD}")
    assert (found.connections, found.messages_per_connection, found.auth) == (7, 100, "plain")
    assert found.rates == (Rate(14, 1), Rate(5000, 86400))
    assert found.domains["gmail.com"] == (Rate(5, 1),)
    assert found.domains["xn--bcher-kva.example"] == (Rate(1, 1), Rate(9, 3600))
    assert (found.timeouts.connect, found.timeouts.final, found.timeouts.mail) == (30, 1200, 300)
    assert not found.delivers
    assert found.usage == desk.folder / "state" / "usage.sqlite"
    assert found.source == desk.folder / "profiles.yaml"
    assert found.place is not None
    assert found.place.line == 3


def test_an_alias_is_what_it_stands_for(desk: Desk) -> None:
    found = one(desk, "provider: Office365")
    assert (found.provider, found.host) == ("microsoft365", "smtp.office365.com")
    found = one(desk, "provider: ses-eu-central-1")
    assert (found.host, found.port) == ("email-smtp.eu-central-1.amazonaws.com", 587)
    assert one(desk, "provider: 163").host == "smtp.163.com"


def test_rates_may_stand_in_one_text_also_for_a_domain(desk: Desk) -> None:
    keys = "host: a.example, rate: '14/s, 5,000/day', domains: {gmail.com: '50/5min, 0.5/s'}"
    found = one(desk, keys)
    assert found.rates == (Rate(14, 1), Rate(5000, 86400))
    assert found.domains["gmail.com"] == (Rate(50, 300), Rate(1, 2))


@pytest.mark.parametrize("name", [n for n, preset in presets().items() if preset.host])
def test_a_preset_gives_all_that_is_not_written(desk: Desk, name: str) -> None:
    preset, found = presets()[name], one(desk, f"provider: {name}")
    assert (found.host, found.port, found.security) == (preset.host, preset.port, preset.security)
    assert (found.delivers, found.rates) == (preset.delivers, preset.rates)
    assert (found.idempotency, found.size_limit) == (preset.idempotency, preset.size)
    assert found.slow_down == preset.slow_down
    assert found.connections == min(4, preset.connections or 4)


@pytest.mark.parametrize(
    "keys",
    [
        "provider: mailtrap-sandbox, host: live.smtp.mailtrap.io",
        "provider: mailpit, host: mailpit, security: none, allow_plaintext: true",
        "provider: mailpit, port: 25",
        "provider: ethereal, host: 127.0.0.1, port: 1025",
    ],
)
def test_that_a_preset_keeps_the_mail_is_known_of_its_own_server_alone(
    desk: Desk, keys: str
) -> None:
    said = refused(desk, f"profiles: {{p: {{{keys}}}}}")
    assert "keeps the mail at" in said
    assert "write delivers: false if it keeps all mail too, delivers: true if not" in said
    assert one(desk, f"{keys}, delivers: true").delivers
    assert not one(desk, f"{keys}, delivers: false").delivers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost"])
def test_a_preset_on_this_machine_is_so_by_any_name_of_it(desk: Desk, host: str) -> None:
    assert not one(desk, f"provider: mailpit, host: {host}").delivers


@pytest.mark.parametrize(
    ("keys", "port", "security"),
    [
        ("host: a.example", 587, "starttls"),
        ("host: a.example, port: 465", 465, "tls"),
        ("host: a.example, port: 2525", 2525, "starttls"),
        ("host: a.example, security: tls", 465, "tls"),
        ("host: a.example, port: 1465, security: tls", 1465, "tls"),
        ("host: localhost", 25, "none"),
        ("host: 127.0.0.1, port: 1025", 1025, "none"),
        ("host: '::1', port: 1025, security: none", 1025, "none"),
        ("host: a.example, security: none, allow_plaintext: true", 25, "none"),
        ("provider: gmail, security: tls", 465, "tls"),
    ],
)
def test_port_and_security_follow_from_each_other(
    desk: Desk, keys: str, port: int, security: str
) -> None:
    found = one(desk, keys)
    assert (found.port, found.security) == (port, security)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("port: 25", "host is missing"),
        ("provider: gmial", "did you mean gmail?"),
        ("provider: ofice-365", "did you mean office365, which is microsoft365?"),
        ("provider: smtp.sendgrid.net", "did you mean sendgrid?"),
        ("provider: xyzzy-0", "without one, write host: and port:"),
        ("provider: ses", "provider: amazon-ses-REGION"),
        ("host: smtp://a.example", "without smtp:// before it"),
        ("host: 'a.example:25'", "the port is a key of its own"),
        ("host: 'a b'", "not the name of a host"),
        ("host: a.example, port: 2465", "write security: starttls or tls"),
        ("host: a.example, port: '587'", "must be a whole number"),
        ("host: a.example, port: 99999", "must be between 1 and 65,535"),
        ("host: a.example, security: ssl", "did you mean tls?"),
        ("host: a.example, security: none", "allow_plaintext: true"),
        ("host: a.example, auth: planin", "did you mean plain?"),
        ("host: a.example, helo: 'a b'", "helo: not the name of a host"),
        ("host: a.example, fingerprint: 'sha256:12'", "not a SHA-256 fingerprint"),
        ("host: a.example, fingerprint: '" + "ab:" * 19 + "ab'", "not a SHA-256 fingerprint"),
        ("host: a.example, server_name: 'a b'", "server_name: not the name of a host"),
        ("host: a.example, ca: none.pem", "ca: no such file: none.pem"),
        ("host: a.example, ca: people.csv", "ca: no certificate in this file: people.csv"),
        ("host: localhost, server_name: a.example", "there is no certificate with security: none"),
        ("host: a.example, timeout: 60", "write 60s"),
        ("host: a.example, timeout: 0s", "must be more than nothing"),
        ("host: a.example, timeouts: {finall: 1m}", "did you mean final?"),
        ("host: a.example, connections: 0", "must be between 1 and 500"),
        ("host: a.example, domains: {'a b': 1/s}", "domains.a b: not the name"),
        ("host: a.example, domains: {a.b: 1}", "a rate needs its unit"),
        ("host: a.example, username: u", "there is no password to go with it"),
        ("host: a.example, password_command: p", "there is no username to go with it"),
        ("host: a.example, username: u, keyring: k, password_command: p", "stands beside"),
        ("host: a.example, hots: b", "did you mean host?"),
        ("host: a.example, only_to: jane", "neither an address nor a domain with its @"),
        ("host: a.example, only_to: '*.example.com'", "write @example.com for everybody there"),
        ("host: a.example, only_to: 'a*@example.com'", "a * stands for all before the @"),
        ("host: a.example, only_to: '@'", "not a domain that mail can go to"),
        ("host: a.example, only_to: ['a b@example.com']", "not an address"),
        ("host: a.example, only_to: []", "only_to: has nobody in it"),
        ("host: a.example, only_to: [~]", "only_to has no value"),
        ("host: a.example, redirect_to: ", "redirect_to has no value"),
        ("host: a.example, redirect_to: qa", "not an address: qa"),
        ("host: a.example, redirect_to: '{{ email }}'", "write the address itself"),
        ('host: a.example, redirect_to: "qa@a.example\\r\\nBcc: x@a.example"', "must be one line"),
    ],
)
def test_a_mistake_in_a_profile_is_told(desk: Desk, keys: str, said: str) -> None:
    text = refused(desk, f"profiles:\n  p: {{{keys}}}\n")
    assert said in text
    assert "profiles.yaml:2:" in text
    assert text.count("error:") == 1


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_whom_a_profile_may_reach_is_kept_as_it_is_compared(desk: Desk) -> None:
    whom = "['@Bücher.example', '*@example.com', '@*.Example.org.', Jane@example.net, '@example.com']"
    found = one(desk, f"host: a.example, only_to: {whom}")
    domains = ("@xn--bcher-kva.example", "@example.com", "@*.example.org")
    assert found.only_to == (*domains, "Jane@example.net")
    assert (found.delivers, found.mails_the_list, found.has_own_record) == (True, True, True)


def test_where_all_goes_to_one_address_its_domains_rates_are_those_of_all(desk: Desk) -> None:
    keys = "rate: 9/s, domains: {bücher.example: 1/s, gmail.com: 5/s}, redirect_to: qa@bücher.example"
    found = one(desk, f"host: a.example, {keys}")
    assert (found.rates, found.domains) == ((Rate(9, 1), Rate(1, 1)), {})
    assert (found.delivers, found.mails_the_list, found.has_own_record) == (True, False, True)


def test_whom_tls_trusts_is_in_a_profile_its_file_beside_it(desk: Desk) -> None:
    (desk.folder / "company-ca.pem").write_text(CERTIFICATE)
    found = one(desk, "host: 192.0.2.1, ca: company-ca.pem, server_name: SMTP.example.com")
    assert found.ca == desk.folder / "company-ca.pem"
    assert found.server_name == "smtp.example.com"
    written = ":".join(["AB"] * 32)
    assert one(desk, f"host: a.example, fingerprint: 'SHA256:{written}'").fingerprint == (
        f"sha256:{'ab' * 32}"
    )
    both = f"host: a.example, ca: company-ca.pem, fingerprint: 'sha256:{written}'"
    assert "ca: stands beside fingerprint" in refused(desk, f"profiles:\n  p: {{{both}}}\n")


def test_the_file_of_ca_is_one_that_the_campaign_reads(desk: Desk) -> None:
    (desk.folder / "company-ca.pem").write_text(CERTIFICATE)
    found = desk.load(smtp="smtp: {host: a.example, ca: company-ca.pem}")
    assert desk.folder / "company-ca.pem" in found.sources


def test_sandbox_is_built_in_and_cannot_be_redefined(desk: Desk) -> None:
    found = load_profile("sandbox", start=desk.folder, config_folder=desk.config)
    assert (found.host, found.port, found.delivers) == ("127.0.0.1", 0, False)
    text = refused(desk, "profiles: {sandbox: {host: localhost}}", "sandbox")
    assert "sandbox is built in" in text


def test_an_unknown_profile_names_those_there_are(desk: Desk) -> None:
    text = refused(desk, "profiles: {production: {host: localhost}}", "prodution")
    assert "did you mean production? there are production, sandbox" in text


def test_a_misnamed_profiles_file_is_recognised(desk: Desk) -> None:
    (desk.folder / "profiles.yml").write_text("profiles: {}")
    with pytest.raises(ProfileError, match=r"profiles\.yml must be named profiles\.yaml"):
        load_profile("p", start=desk.folder, config_folder=desk.config)


def test_profiles_are_looked_for_upward_to_the_repository_and_then_at_home(tmp_path: Path) -> None:
    home, repository = tmp_path / "home", tmp_path / "outer" / "repository"
    deep = repository / "a" / "b"
    deep.mkdir(parents=True)
    home.mkdir()
    (repository / ".git").mkdir()
    for folder, port in ((home, 1), (repository.parent, 2), (repository, 3)):
        (folder / "profiles.yaml").write_text(f"profiles: {{p: {{host: localhost, port: {port}}}}}")
    assert load_profile("p", start=deep, config_folder=home).port == 3
    (repository / "profiles.yaml").unlink()
    assert load_profile("p", start=deep, config_folder=home).port == 1


def test_what_is_suppressed_for_all_campaigns_holds_for_the_sandbox_too(desk: Desk) -> None:
    for name in ("never.csv", "own.csv"):
        (desk.folder / name).write_text("a@example.com\n")
    desk.profiles("suppress: never.csv")
    campaign = desk.load("suppress: [own.csv, never.csv]")
    assert [one.file.name for one in campaign.suppress] == ["own.csv", "never.csv"]


def test_a_profile_may_stand_in_the_campaign_itself(desk: Desk) -> None:
    campaign = desk.load(smtp="smtp: {host: Mail.Example.com, rate: 3/s}")
    found = campaign.profile
    assert (found.name, found.host, found.rates) == (
        "mail-example-com",
        "mail.example.com",
        (Rate(3, 1),),
    )
    assert found.source == desk.folder / "spring.yaml"


def test_rates_of_campaign_and_profile_are_kept_apart(desk: Desk) -> None:
    desk.profiles("profiles: {p: {host: localhost, rate: 5/s}}")
    campaign = desk.load("rate: 3/s", smtp="smtp: p")
    assert (campaign.rates, campaign.profile.rates) == ((Rate(3, 1),), (Rate(5, 1),))
