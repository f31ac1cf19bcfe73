"""The keys of profiles.yaml, and of one profile, which may stand in the campaign file, too."""

from __future__ import annotations

from typing import Any

from sendbatch.campaign import combinations, together
from sendbatch.campaign.keys.sections import COUNT, NOTIFY, SUPPRESS
from sendbatch.campaign.kinds import Built, Named, Section, Several
from sendbatch.campaign.model import Dkim, Profile, Timeouts
from sendbatch.campaign.preset_names import PresetName
from sendbatch.campaign.table import Key, Keys
from sendbatch.campaign.vocabulary import (
    ADDRESS,
    DOMAIN,
    FINGERPRINT,
    HELO,
    HOST,
    KEY_FILE,
    LIMIT,
    LINE,
    PATH,
    PRIVATE_KEY,
    PROFILE_NAME,
    PROJECT,
    RATES,
    REACHED,
    RECORD,
    SECRET,
    SELECTOR,
    SIGNING_DOMAIN,
    TRUTH,
    choice,
    whole,
)


class TimeoutsKeys(Keys[Timeouts]):
    connect = Key(LIMIT, "the longest time for connecting, TLS, and progress while sending")
    greeting = Key(LIMIT, "the longest wait for the server's first words, such as `5m`")
    mail = Key(LIMIT, "the longest wait for the reply to MAIL, such as `5m`")
    rcpt = Key(LIMIT, "the longest wait for the reply to RCPT, such as `5m`")
    data = Key(LIMIT, "the longest wait for the reply to DATA, such as `2m`")
    final = Key(LIMIT, "the longest wait for the reply to the whole message, such as `10m`")


class DkimKeys(Keys[Dkim], harmless=False, together=together.dkim):
    domain = Key(
        SIGNING_DOMAIN,
        "the domain that signs: that of the address in `from`, or one above it",
        required=True,
        example='{domain: example.com, selector: s1, key_file: "${DKIM_KEY_FILE}"}',
    )
    selector = Key(
        SELECTOR,
        "under which name the public key is published: `<selector>._domainkey.<domain>`",
        required=True,
    )
    key_file = Key(
        KEY_FILE,
        "the private key's path, beside this file, or `${NAME}`",
        absent="",
        also=("file", "private_key_file"),
    )
    key = Key(
        PRIVATE_KEY,
        "in place of it the key itself, by reference only: `${NAME}`, from the environment or `.env` beside"
        " this file; PEM, also with `\\n` in place of line breaks, or base64 of it or of DER in one line",
        absent="",
        also=("private_key",),
    )


class ProfileKeys(Keys[Profile], harmless=False, together=together.profile):
    """One profile: `merging` joins it with its provider's preset."""

    provider = Key(
        PresetName(),
        "the provider whose host, port, security and known limits hold, [by any of its"
        " names](providers.md),"
        " such as `mailtrap`",
        by_hand=True,
    )
    host = Key(
        HOST,
        "the server's name, such as `smtp.example.com`",
        absent="the preset's",
        also=("server",),
        by_hand=True,
    )
    port = Key(
        whole(1, 65535),
        "the server's port, such as `587`",
        absent="the preset's, else by `security`",
        by_hand=True,
    )
    security = Key(
        choice(
            *("starttls", "tls", "none"),
            meant={**dict.fromkeys(("ssl", "smtps", "implicit"), "tls"), "explicit": "starttls"},
        ),
        "how the connection is secured: `starttls` (ports 587, 2525, 25), `tls` (465) or `none`",
        absent="the preset's, else by the port",
        also=("tls", "ssl"),
        by_hand=True,
    )
    username = Key(
        LINE,
        "the login's name, as it is or `${NAME}`",
        absent="none: no login",
        also=("user", "login"),
        by_hand=True,
    )
    password = Key(
        SECRET,
        "the password, by reference only: `${NAME}`, from the environment or `.env` beside this file",
        absent="",
        by_hand=True,
    )
    password_command = Key(
        LINE,
        "a command, run by the shell with your environment; the first line of its output is the"
        " password. It"
        " has 60 s, and ends with the call that wanted it, with all it started",
        absent="",
        by_hand=True,
    )
    keyring = Key(
        LINE,
        "a service in the system's keyring (`pip install sendbatch[keyring]`)",
        absent="",
        by_hand=True,
    )
    auth = Key(
        choice("auto", "plain", "login", "cram-md5", "xoauth2"),
        "how it logs in: `auto`, `plain`, `login`, `cram-md5` or `xoauth2`",
    )
    connections = Key(
        whole(1, 500),
        "how many connections there are at once, at most",
        absent="4, or fewer where the preset says so",
        by_hand=True,
    )
    messages_per_connection = Key(
        COUNT,
        "after so many messages a connection is closed and another opened",
        absent="the preset's, else no limit",
        by_hand=True,
    )
    rate = Key(
        RATES,
        "how fast it may be sent through this server, such as `14/s`, see [rates](#rates)",
        absent="the preset's",
        by_hand=True,
    )
    domains = Key(
        Named(DOMAIN, RATES), "a mapping of recipients' domains to rates, such as `gmail.com: 5/s`"
    )
    timeout = Key(
        LIMIT,
        "the longest time for connecting, TLS, and progress while sending",
        absent="`60s`",
        by_hand=True,
    )
    timeouts = Key(
        Built(TimeoutsKeys), "the longest waits at each step, [see below](#timeouts)", absent=""
    )
    delivers = Key(
        TRUTH,
        "`false`: the server keeps the mail; such a profile has records of its own, and `run` does not ask;"
        " its limits hold all the same",
        absent="the preset's, at its own host; else `true`",
        by_hand=True,
    )
    only_to = Key(
        Several(REACHED, once=True, some=True),
        "whom it may reach, and nobody else: addresses, `@example.com`, and `@*.example.com` for what is"
        " below it, [see below](#profiles-for-trying)",
        absent="everybody",
    )
    redirect_to = Key(
        ADDRESS,
        "an address that gets every message in the recipients' place, with `X-Originally-To`,"
        " [see below](#profiles-for-trying)",
        absent="each message goes to its recipient",
    )
    helo = Key(
        HELO,
        "the name said in EHLO, before and after TLS (never after the login: some servers take that for its"
        " end)",
        absent="the machine's qualified name, else its address; at Google's Workspace relay the domain in"
        " `from`",
    )
    ca = Key(
        PATH,
        "a PEM file, beside the file that names it: only what is signed by an authority in it is"
        " trusted, or"
        " the certificate itself where that is in it",
        absent="the system's authorities",
        by_hand=True,
    )
    fingerprint = Key(
        FINGERPRINT,
        "`sha256:` and 64 hexadecimal digits: only this certificate is trusted, whatever its signer,"
        " name and"
        " dates",
    )
    server_name = Key(
        HOST,
        "the name that the certificate must bear, where `host` is a tunnel or an address; it is also"
        " what the"
        " server is asked for (SNI)",
        absent="`host`",
    )
    dkim = Key(
        Several(Built(DkimKeys, check=combinations.dkim), some=True),
        "a signature, or a list of them: each message is [signed by its sender's domain](#dkim)",
        absent="none",
        by_hand=True,
    )
    notify = Key(
        NOTIFY,
        "who is told of runs through this profile, beside those that a campaign names: as its"
        " [`notify`](#notify)",
        absent="nobody",
        also=("webhook", "webhooks", "notifications"),
        by_hand=True,
    )
    usage = Key(
        PATH,
        "the path of the file that keeps the use of quotas",
        absent="`sendbatch/usage.sqlite` in the user's state folder: `XDG_STATE_HOME`, else `~/.local/state`"
        " (macOS: `~/Library/Application Support`)",
        by_hand=True,
    )
    allow_plaintext = Key(
        TRUTH,
        "`true`: `security: none` may be used for a host that is not loopback",
        absent="`false`",
        by_hand=True,
    )


class ProfilesKeys(Keys[Any], harmless=False):
    """profiles.yaml"""

    suppress = Key(SUPPRESS, "suppression lists for every campaign that finds this file", absent="")
    project = Key(
        PROJECT,
        "whose records these are ([the record](#the-record)); left out, the `origin` of the repository",
        absent="",
    )
    record = Key(
        RECORD,
        "where the records are: `git`, in the repository itself ([more](#a-record-in-the-repository));"
        " `${DATABASE_URL}`, or another reference to the address of a PostgreSQL database, [which any number"
        " of machines share](#a-record-in-a-database); left out, on this disk",
        absent="",
    )
    profiles = Key(
        Named(PROFILE_NAME, Section(ProfileKeys)), "a mapping of names to profiles", absent=""
    )
