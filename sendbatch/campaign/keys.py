"""The keys of the campaign file and of profiles.yaml: each is declared here, and nowhere else.

From these tables the files are read (`reading`), their short forms widened and typos guessed at; the JSON
Schema and the tables of docs/reference.md are made from them (`make docs`). What a key means is
Markdown, shown in both. To add one, add an entry, and a field of that name to the model it belongs to.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from sendbatch.campaign import combinations
from sendbatch.campaign.kinds import (
    Built,
    FileOfAll,
    FoundFile,
    Named,
    NameOr,
    Section,
    Several,
    TemplateFile,
    Variants,
)
from sendbatch.campaign.model import (
    FAIL,
    REFUSE,
    SEND_WITHOUT,
    Attachment,
    Campaign,
    Dkim,
    Profile,
    Recipients,
    Retry,
    SuppressionList,
    Templates,
    Timeouts,
    Unsubscribe,
)
from sendbatch.campaign.table import Key, Keys
from sendbatch.campaign.vocabulary import (
    ADDRESS,
    ANYTHING,
    BOUNDS,
    COLUMN,
    COLUMN_OR_TEMPLATE,
    DELIMITER,
    DOMAIN,
    DURATION,
    EXPRESSION,
    FINGERPRINT,
    HEADER_NAME,
    HEADER_VALUE,
    HELO,
    HOST,
    KEY_FILE,
    LIMIT,
    LINE,
    MAILBOX,
    MAILTO,
    MEDIA_TYPE,
    NAME,
    NAME_OF_COLUMN,
    PATH,
    PRIVATE_KEY,
    PROJECT,
    RATES,
    SECRET,
    SELECTOR,
    SENDER,
    SIGNING_DOMAIN,
    SIGNING_SECRET,
    TEMPLATE,
    TEXT,
    TOLERANCE,
    TRUTH,
    URL,
    VARIABLE_NAME,
    choice,
    encoding,
    switch,
    whole,
)
from sendbatch.campaign.written.links import leads_to

COUNT = whole(1, 1_000_000)


def _by_suffix(path: str) -> str:
    """Which template a path alone is."""
    kinds = {".txt": "text", ".text": "text", ".md": "markdown"}
    return kinds.get(PurePath(path).suffix.lower(), "html")


class RecipientsKeys(Keys[Recipients]):
    file = Key(FoundFile(), "a `.csv` or `.csv.gz`", required=True)
    email = Key(COLUMN, "the column with the address")
    name = Key(TEMPLATE, "a template for the display name in To")
    key = Key(
        COLUMN_OR_TEMPLATE,
        "a column or a template: what makes a row one delivery",
        absent="the address",
        also=("unique",),
    )
    where = Key(
        EXPRESSION,
        "a Jinja expression over columns and variables; [cells are text](#cells-are-text), so"
        " `age\\|int > 18`",
        absent="everyone",
        also=("filter",),
    )
    defaults = Key(
        Named(NAME_OF_COLUMN, TEXT),
        "a mapping of columns to what stands in for an empty or missing cell; one that is no column and that"
        " nothing uses is an error",
    )
    required = Key(Several(COLUMN, once=True), "columns; a row where one is empty is `invalid`")
    encoding = Key(
        encoding("utf-8, cp1252 or latin-1"), "of the CSV", absent="`utf-8` (with or without a BOM)"
    )
    delimiter = Key(
        DELIMITER,
        'what separates the cells: `","`, `";"`, `"\\|"` or `tab`',
        absent="found out",
    )
    skip_lines = Key(
        whole(0, 10_000),
        "so many lines stand above the header; lines in messages are still those of the file",
    )
    addresses = Key(
        switch("strict", "as_given"),
        "`as_given`: [dots and quotes before the @](#the-csv) are taken as they stand",
        field="as_given",
        absent="`strict`",
    )
    check_deliverability = Key(TRUTH, "`true`: look up whether each domain takes mail")


class TemplatesKeys(Keys[Templates]):
    html = Key(TemplateFile(), "an HTML template, or one in [MJML](#mjml)", absent="")
    text = Key(
        TemplateFile(),
        "a text template; left out, the text is made from the HTML, or from the Markdown",
        absent="",
    )
    markdown = Key(
        TemplateFile(),
        "a [Markdown](#markdown) template, in place of `html`: the HTML and the text are made from it",
        absent="",
    )
    layout = Key(
        TemplateFile("default"),
        "what stands around the Markdown: an HTML template that says `{{ content }}` once, or `default`",
        absent="`default`",
    )
    fallback = Key(
        Named(NAME_OF_COLUMN, TEXT),
        "of [paths with `{{ }}`](#languages), a mapping of the names in them to what stands in for a row's"
        " own value where there is no file for it",
        absent="such rows refuse the plan",
    )


class UnsubscribeKeys(Keys[Unsubscribe]):
    url = Key(URL, "a template; becomes `List-Unsubscribe`")
    mailto = Key(MAILTO, "an address or template; becomes `List-Unsubscribe`")
    one_click = Key(TRUTH, "`true`: adds `List-Unsubscribe-Post` (RFC 8058); needs an `https` url")
    sign = Key(
        Several(SIGNING_SECRET),
        "a secret by reference, `${NAME}`, or a list of them: [signs each link](#links-to-unsubscribe) with"
        " the first; all of them verify",
    )


class RetryKeys(Keys[Retry]):
    attempts = Key(COUNT, "for each recipient in one run")
    first_delay = Key(LIMIT, "before the second attempt; it grows from there, jittered")
    max_delay = Key(LIMIT, "the longest")
    offline = Key(DURATION, "how long a network that is gone is waited for")


class AttachmentKeys(Keys[Attachment]):
    file = Key(
        PATH,
        "its path, or a template of it. Blanks around it do not count, and names on the disk are found in"
        " either Unicode normal form",
        required=True,
        example="{file: bill.pdf, missing: fail}",
    )
    missing = Key(
        choice(
            REFUSE,
            FAIL,
            SEND_WITHOUT,
            meant={"error": REFUSE, **dict.fromkeys(("skip", "ignore", "send"), SEND_WITHOUT)},
        ),
        "of a path with `{{ }}`, what becomes of a row whose cell is empty or whose file is not there:"
        " `refuse` (the plan, with all such rows), `fail` (that row alone becomes `failed`), `send_without`",
    )
    name = Key(
        TEMPLATE,
        "what it is saved under, a template",
        absent="the file's own name",
        also=("filename",),
    )
    type = Key(
        MEDIA_TYPE,
        "its media type, as `application/pdf`",
        absent="that of the name's ending, else of the file's",
        also=("content_type",),
    )


class SuppressionKeys(Keys[SuppressionList]):
    file = Key(FoundFile(what="suppress"), "its path", required=True)
    column = Key(LINE, "the column of a CSV, as its header has it", absent="as above")
    encoding = Key(encoding("utf-8, cp1252 or utf-16"), "of the file")
    subdomains = Key(
        TRUTH,
        "`true`: `@example.com` is all below it too, and `@*.example.com` those below alone",
    )
    unreadable = Key(
        switch("refuse", "warn"),
        "`warn`: entries that cannot be read pass, with a warning that counts and names them",
        field="lenient",
        absent="`refuse`",
    )


SUPPRESS = Several(Built(SuppressionKeys, short="file"))


class TimeoutsKeys(Keys[Timeouts]):
    connect = Key(LIMIT, "connecting, TLS, and progress while sending")
    greeting = Key(LIMIT, "waiting for the server's first words")
    mail = Key(LIMIT, "for the reply to MAIL")
    rcpt = Key(LIMIT, "for the reply to RCPT")
    data = Key(LIMIT, "for the reply to DATA")
    final = Key(LIMIT, "for the reply to the whole message")


class DkimKeys(Keys[Dkim], harmless=False):
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


class ProfileKeys(Keys[Profile], harmless=False):
    """One profile: `merging` joins it with its provider's preset."""

    provider = Key(
        LINE,
        "a preset: host, port, security, known limits; [by any of its names](providers.md)",
        by_hand=True,
    )
    host = Key(HOST, "the server", absent="the preset's", also=("server",), by_hand=True)
    port = Key(whole(1, 65535), "its port", absent="the preset's, else by `security`", by_hand=True)
    security = Key(
        choice(
            *("starttls", "tls", "none"),
            meant={**dict.fromkeys(("ssl", "smtps", "implicit"), "tls"), "explicit": "starttls"},
        ),
        "`starttls` (587, 2525, 25), `tls` (465) or `none`",
        absent="the preset's, else by the port",
        also=("tls", "ssl"),
        by_hand=True,
    )
    username = Key(
        LINE,
        "as it is, or `${NAME}`",
        absent="none: no login",
        also=("user", "login"),
        by_hand=True,
    )
    password = Key(
        SECRET,
        "by reference only: `${NAME}`, from the environment or `.env` beside this file",
        absent="",
        by_hand=True,
    )
    password_command = Key(
        LINE,
        "a command, run by the shell with your environment; the first line of its output is the password. It"
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
        "`auto`, `plain`, `login`, `cram-md5` or `xoauth2`",
    )
    connections = Key(
        whole(1, 500),
        "how many at most",
        absent="4, or fewer where the preset says so",
        by_hand=True,
    )
    messages_per_connection = Key(
        COUNT,
        "then it is closed and another opened",
        absent="the preset's, else no limit",
        by_hand=True,
    )
    rate = Key(
        RATES, "as in the campaign file, see [rates](#rates)", absent="the preset's", by_hand=True
    )
    domains = Key(Named(DOMAIN, RATES), "a mapping of recipient domains to rates")
    timeout = Key(
        LIMIT, "for connecting, TLS, and progress while sending", absent="`60s`", by_hand=True
    )
    timeouts = Key(Built(TimeoutsKeys), "for each step, [see below](#timeouts)", absent="")
    delivers = Key(
        TRUTH,
        "`false`: the server keeps the mail; such a profile has records of its own, and `run` does not ask;"
        " its limits hold all the same",
        absent="the preset's, at its own host; else `true`",
        by_hand=True,
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
        "a PEM file, beside the file that names it: only what is signed by an authority in it is trusted, or"
        " the certificate itself where that is in it",
        absent="the system's authorities",
        by_hand=True,
    )
    fingerprint = Key(
        FINGERPRINT,
        "`sha256:` and 64 hexadecimal digits: only this certificate is trusted, whatever its signer, name and"
        " dates",
    )
    server_name = Key(
        HOST,
        "the name that the certificate must bear, where `host` is a tunnel or an address; it is also what the"
        " server is asked for (SNI)",
        absent="`host`",
    )
    dkim = Key(
        Several(Built(DkimKeys, check=combinations.dkim)),
        "a signature, or a list of them: each message is [signed by its sender's domain](#dkim)",
        absent="none",
        by_hand=True,
    )
    usage = Key(
        PATH,
        "the file that keeps the use of quotas",
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
    profiles = Key(Named(NAME, Section(ProfileKeys)), "a mapping of names to profiles", absent="")


class CampaignKeys(Keys[Campaign]):
    """The campaign file."""

    name = Key(
        NAME,
        "the campaign's identity: lower-case letters, digits, hyphens",
        required=True,
    )
    run = Key(
        TEXT,
        "the edition, a template over `variables` and `--set`. Each edition has a record of its own",
        by_hand=True,
    )
    sender = Key(
        SENDER,
        "`Name <address>` or an address. The name may be a template, and the address too, with `senders`",
        name="from",
        also=("sender",),
        required=True,
        for_readers=True,
    )
    senders = Key(
        Several(MAILBOX),
        "the mailboxes that may be in `from`, where its address is a template, [see below](#senders)",
        absent="none",
        by_hand=True,
    )
    bounces_to = Key(
        ADDRESS,
        "the envelope's sender, where bounces go: at the domain of `from`, or one below it",
        absent="the address in `from`",
        by_hand=True,
    )
    reply_to = Key(Several(MAILBOX), "one mailbox or a list; their names may be templates")
    subject = Key(
        Variants(TEMPLATE),
        "a template, or a list of 2 to 26 [variants](#variants-of-the-subject): split evenly and for good by"
        " the recipient's key",
        required=True,
        by_hand=True,
        for_readers=True,
    )
    preheader = Key(
        TEMPLATE,
        "a template of one line, [hidden](#preheader) at the start of the HTML: a list of mails shows it"
        " beside the subject",
        absent="none",
        for_readers=True,
    )
    recipients = Key(
        Built(RecipientsKeys, short="file"),
        "a mapping, see below, or just the file's path",
        also=("csv",),
        required=True,
    )
    templates = Key(
        Built(TemplatesKeys, short=_by_suffix, check=combinations.templates),
        "see below",
        also=("body", "template"),
        required=True,
    )
    inline_css = Key(
        TRUTH,
        "`false`: each `<style>` stays as it is; else its rules are written into the tags they are for, see"
        " [style sheets](#style-sheets)",
        absent="`true`",
        also=("inline_styles", "inline"),
    )
    smtp = Key(
        NameOr(LINE, Section(ProfileKeys)),
        "a profile's name, or a profile's mapping",
        also=("profile",),
        required=True,
        by_hand=True,
    )
    rate = Key(
        RATES,
        "`14/s`, `50/5min`, `5000/h`, `300/day`, `20000/month`, or several; see [rates](#rates). All of them"
        " hold together with those of the profile",
        by_hand=True,
    )
    headers = Key(
        Named(HEADER_NAME, HEADER_VALUE),
        "a mapping of header names to templates ([mailboxes in them](#headers)). From, To, Subject, Date and"
        " the like are written by sendbatch",
        for_readers=True,
    )
    attachments = Key(
        Several(Built(AttachmentKeys, short="file", check=combinations.attachment)),
        "a list of paths, or of mappings, [see below](#attachments); a path with `{{ }}` is looked for per"
        " recipient, inside the folder that the author's own part names",
    )
    invite = Key(
        FileOfAll(),
        "an iCalendar file (`.ics`) that programs offer as an [invitation](#invite); a path with `{{ }}` is"
        " looked for per recipient, as that of an attachment",
        absent="none",
        also=("calendar", "ics"),
    )
    unsubscribe = Key(
        Built(UnsubscribeKeys, short=leads_to, check=combinations.unsubscribe), "see below"
    )
    suppress = Key(SUPPRESS, "a list of [suppression lists](#suppression-lists)", by_hand=True)
    variables = Key(
        Named(VARIABLE_NAME, ANYTHING, nulls=True),
        "a mapping of names to values of any shape, for templates and `where`",
        by_hand=True,
        for_readers=True,
    )
    expect = Key(
        BOUNDS,
        "`N` or `A-B`: how many recipients the plan must have, those already done included; else exit 4",
        by_hand=True,
    )
    tolerate = Key(
        TOLERANCE,
        "`N` or `P%`: so many without the mail still exit 0. Over the selected rows that are not filtered,"
        " suppressed or duplicate",
        absent="0",
        by_hand=True,
    )
    retry = Key(Built(RetryKeys, check=combinations.retry), "see below", absent="")
