"""The keys of the mappings within the campaign file. Suppression lists may stand in profiles.yaml, too."""

from __future__ import annotations

from sendbatch.campaign import combinations, together
from sendbatch.campaign.kinds import Built, FoundFile, Named, Several, TemplateFile, TextOrFile
from sendbatch.campaign.model import (
    BULK,
    CLIENTS,
    END,
    FAIL,
    REFUSE,
    SEND_WITHOUT,
    STOP,
    WAIT,
    Attachment,
    Checking,
    Notification,
    Recipients,
    Retry,
    SuppressionList,
    Templates,
    Unsubscribe,
)
from sendbatch.campaign.table import Key, Keys
from sendbatch.campaign.vocabulary import (
    COLUMN,
    COLUMN_OR_TEMPLATE,
    DELIMITER,
    DURATION,
    EXPRESSION,
    LIMIT,
    LINE,
    MAILTO,
    MEDIA_TYPE,
    NAME_OF_COLUMN,
    PATH,
    RULE_ID,
    SIGNING_SECRET,
    TEMPLATE,
    TEXT,
    TRUTH,
    URL,
    WEBHOOK,
    choice,
    encoding,
    switch,
    whole,
)

SHAPES = ("slack", "teams", "mattermost", "discord", "json", "template")
COUNT = whole(1, 1_000_000)


class RecipientsKeys(Keys[Recipients]):
    file = Key(FoundFile(), "the path of the list, a `.csv` or `.csv.gz`", required=True)
    email = Key(COLUMN, "the column with the addresses")
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
        "a mapping of columns to what stands in for an empty or missing cell; one that is no column and"
        " that"
        " nothing uses is an error",
    )
    required = Key(
        Several(COLUMN, once=True),
        "columns that every row must fill: a row where one is empty is `invalid`",
    )
    encoding = Key(
        encoding("utf-8, cp1252 or latin-1"),
        "the text encoding of the CSV, such as `cp1252`",
        absent="`utf-8` (with or without a BOM)",
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


class TemplatesKeys(Keys[Templates], together=together.templates):
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


class UnsubscribeKeys(Keys[Unsubscribe], together=together.unsubscribe):
    url = Key(URL, "the link by which a reader leaves, a template; becomes `List-Unsubscribe`")
    mailto = Key(
        MAILTO,
        "the address to which a reader writes to leave, or a template; becomes `List-Unsubscribe`",
    )
    one_click = Key(TRUTH, "`true`: adds `List-Unsubscribe-Post` (RFC 8058); needs an `https` url")
    sign = Key(
        Several(SIGNING_SECRET, some=True),
        "a secret by reference, `${NAME}`, or a list of them: [signs each link](#links-to-unsubscribe) with"
        " the first; all of them verify",
    )


class RetryKeys(Keys[Retry]):
    attempts = Key(COUNT, "how often each recipient is tried in one run")
    first_delay = Key(
        LIMIT,
        "how long is waited before the second attempt, such as `60s`; it grows from there, jittered",
    )
    max_delay = Key(LIMIT, "the longest wait between two attempts, such as `30m`")
    offline = Key(DURATION, "how long a network that is gone is waited for, such as `30m`")


class CheckKeys(Keys[Checking]):
    ignore = Key(
        Several(RULE_ID, once=True),
        "ids of [rules](checks.md) whose warnings and hints are not told, one or a list; they are counted",
        absent="none",
        also=("disable", "skip"),
    )
    bulk = Key(
        TRUTH,
        "`true`: it goes to many, and has to keep what mailbox providers ask of such mail, as a way to"
        " unsubscribe; `false`: each is for its recipient alone, as a bill is",
        absent=f"`true` for {BULK} recipients or more",
    )
    clients = Key(
        Several(choice(*CLIENTS), once=True),
        "programs for mail that the HTML and its styles are looked at for: `gmail`, `outlook`,"
        " `apple-mail`, `yahoo`; `[]`: for none",
        absent="all four",
    )


class AttachmentKeys(Keys[Attachment], together=together.attachment):
    file = Key(
        PATH,
        "the path of the file, or a template of it. Blanks around it do not count, and names on the disk"
        " are found in"
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
        " `refuse` (the plan, with all such rows), `fail` (that row alone becomes `failed`),"
        " `send_without`",
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
    file = Key(FoundFile(what="suppress"), "the path of the list", required=True)
    column = Key(
        LINE, "the column of a CSV that has the addresses, as its header has it", absent="as above"
    )
    encoding = Key(
        encoding("utf-8, cp1252 or utf-16"), "the text encoding of the file, such as `utf-16`"
    )
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


class NotifyKeys(Keys[Notification], harmless=False, together=together.notify):
    url = Key(
        WEBHOOK,
        "the webhook's address, by reference: `${NAME}`, from the environment or `.env` beside this file; or"
        " with a reference in place of all that is secret: `https://chat.example.com/hooks/${NAME}`",
        also=("webhook", "to"),
        required=True,
        example='{url: "${CHAT_WEBHOOK}", shape: mattermost}',
    )
    shape = Key(
        choice(*SHAPES),
        "what is posted: as `slack`, `teams`, `mattermost` or `discord` takes it, as plain `json`, or by a"
        " `template`",
        absent="told by the host of Slack, Teams or Discord; `template` where there is one",
        also=("kind", "format"),
    )
    template = Key(
        TextOrFile(),
        "[a template](#notify) of what is posted, or the path of a file that holds it",
        absent="none",
        also=("body",),
    )
    type = Key(
        MEDIA_TYPE,
        "the media type of what a template gives, such as `text/plain`",
        also=("content_type",),
    )
    on = Key(
        Several(choice(END, WAIT, STOP), once=True, some=True),
        "when: `end`, `wait`, `stop`, or a list of them",
        absent="all of them",
        also=("when", "events"),
    )


NOTIFY = Several(Built(NotifyKeys, short="url", check=combinations.notification))
SUPPRESS = Several(Built(SuppressionKeys, short="file"))
