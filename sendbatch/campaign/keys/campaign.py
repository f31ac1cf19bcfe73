"""The keys of the campaign file itself: where one is a mapping of its own, see `sections`."""

from __future__ import annotations

from pathlib import PurePath

from sendbatch.campaign import combinations, together
from sendbatch.campaign.keys.profiles import ProfileKeys
from sendbatch.campaign.keys.sections import (
    NOTIFY,
    SUPPRESS,
    AttachmentKeys,
    CheckKeys,
    RecipientsKeys,
    RetryKeys,
    TemplatesKeys,
    UnsubscribeKeys,
)
from sendbatch.campaign.kinds import Built, FileOfAll, Named, NameOr, Section, Several, Variants
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.table import Key, Keys
from sendbatch.campaign.vocabulary import (
    ADDRESS,
    ANYTHING,
    BOUNDS,
    HEADER_NAME,
    HEADER_VALUE,
    LINE,
    MAILBOX,
    NAME,
    RATES,
    SENDER,
    TEMPLATE,
    TEXT,
    TOLERANCE,
    TRUTH,
    VARIABLE_NAME,
)
from sendbatch.campaign.written.links import leads_to


def _by_suffix(path: str) -> str:
    """Which template a path alone is."""
    kinds = {".txt": "text", ".text": "text", ".md": "markdown"}
    return kinds.get(PurePath(path).suffix.lower(), "html")


class CampaignKeys(Keys[Campaign], together=together.campaign):
    """The campaign file."""

    name = Key(
        NAME,
        "the campaign's identity, by which its record is found: lower-case letters, digits, hyphens,"
        " such as"
        " `spring-launch`",
        required=True,
    )
    run = Key(
        TEXT,
        "the edition, such as `2026-12`; a template over `variables` and `--set`. Each edition has a"
        " record of its own",
        by_hand=True,
    )
    sender = Key(
        SENDER,
        "who it is from: `Name <address>` or an address. The name may be a template, and the address"
        " too, with `senders`",
        name="from",
        also=("sender",),
        required=True,
        for_readers=True,
    )
    senders = Key(
        Several(MAILBOX, some=True),
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
    reply_to = Key(
        Several(MAILBOX), "where answers go: one mailbox or a list; their names may be templates"
    )
    subject = Key(
        Variants(TEMPLATE),
        "the subject: a template, or a list of 2 to 26 [variants](#variants-of-the-subject): split"
        " evenly and for good by"
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
        "who gets it: the path of a CSV, or a mapping that names it, [see below](#recipients)",
        also=("csv",),
        required=True,
    )
    templates = Key(
        Built(TemplatesKeys, short=_by_suffix, check=combinations.templates),
        "the files that the letter is made from: one path, or a mapping by what each of them gives,"
        " [see below](#templates)",
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
        "the way to a mail server: the name of a profile in profiles.yaml, `sandbox`, or a profile's"
        " mapping",
        also=("profile",),
        required=True,
        by_hand=True,
    )
    rate = Key(
        RATES,
        "how fast it is sent: `14/s`, `50/5min`, `5000/h`, `300/day`, `20000/month`, or several; see"
        " [rates](#rates). All of them"
        " hold together with those of the profile",
        by_hand=True,
    )
    headers = Key(
        Named(HEADER_NAME, HEADER_VALUE),
        "a mapping of header names to templates ([mailboxes in them](#headers)). From, To, Subject, Date"
        " and"
        " the like are written by sendbatch",
        for_readers=True,
    )
    attachments = Key(
        Several(Built(AttachmentKeys, short="file", check=combinations.attachment)),
        "files that are sent with it: a list of paths, or of mappings, [see below](#attachments); a path"
        " with `{{ }}` is looked for per"
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
        Built(UnsubscribeKeys, short=leads_to, check=combinations.unsubscribe),
        "how readers leave the list: a URL or an address, or a mapping of both, [see below](#unsubscribe)",
    )
    suppress = Key(
        SUPPRESS,
        "who gets nothing: a list of [suppression lists](#suppression-lists), files of addresses and"
        " domains",
        by_hand=True,
    )
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
    retry = Key(
        Built(RetryKeys, check=combinations.retry),
        "how often and how long is tried again what was refused for now, [see below](#retry)",
        absent="",
    )
    check = Key(
        Built(CheckKeys),
        "[what is found](checks.md), and what is not to be told of it, [see below](#check)",
        absent="",
        also=("lint",),
    )
    notify = Key(
        NOTIFY,
        "who is told when a run ends, waits or stops: a webhook or a list, each by reference as"
        " `${SLACK_WEBHOOK}`, or a mapping, [see below](#notify). Those of the profile are told, too",
        absent="nobody",
        also=("webhook", "webhooks", "notifications"),
        by_hand=True,
    )
