"""The table of rules: what may be found wrong or doubtful. docs/checks.md and `sendbatch check --list-rules`
are made from it.

A rule is an entry here and a function in the room of what it looks at, which makes findings with
`Rule.UNKNOWN_KEY.finding(…)`. The value itself, `Finding`, stands in `errors`, for every error carries some.

An entry has, in this order: topic, severity, what is found, what to do about it, why it matters to who gets
the mail or to who sends it, and, where there is one, the page of others to read (a provider's, an RFC, a
library's). Each of the three is one sentence on one line; findings say the details.
"""

from __future__ import annotations

from enum import Enum, unique

from sendbatch.errors import Finding, Place, Severity


class Topic(Enum):
    """What a rule looks at, as its section of docs/checks.md is headed."""

    FILES = "Files"
    KEYS = "The campaign file and profiles.yaml"
    OPTIONS = "Options and the call"
    ADDRESSES = "The CSV, its rows, and suppression lists"
    TEMPLATES = "Templates and the names in them"
    CONTENT = "What the mail says and shows"
    CIRCUMSTANCES = "Server, record and guards"
    SENDER = "Who sends, as the DNS has it"
    ARRIVAL = "A mail as it arrived"


@unique
class Rule(Enum):
    """The id is the name as a file has it: UNKNOWN_KEY is unknown-key. `meaning` is what is found, `remedy`
    what to do about it, `reason` why it matters, `source` the URL of somebody else's page on it."""

    def __init__(
        self,
        topic: Topic,
        severity: Severity,
        meaning: str,
        remedy: str,
        reason: str,
        source: str | None = None,
    ) -> None:
        self.topic = topic
        self.severity = severity
        self.meaning = meaning
        self.remedy = remedy
        self.reason = reason
        self.source = source

    @property
    def id(self) -> str:
        return self.name.lower().replace("_", "-")

    @property
    def can_be_ignored(self) -> bool:
        """What is wrong cannot, what is doubtful may be meant."""
        return self.severity != "error"

    @property
    def page(self) -> str:
        """The page to read: the source, or where docs/checks.md speaks of this rule."""
        return self.source or f"docs/checks.md#{self.id}"

    def finding(self, message: str, place: Place | None = None, hint: str | None = None) -> Finding:
        """What this rule found: `message` says it, `hint` what to do or what was probably meant."""
        return Finding(self.id, self.severity, place, message, hint)

    UNREADABLE_FILE = (
        Topic.FILES,
        "error",
        "A file that is named is not there, is a folder, or cannot be read.",
        "Correct the path, which is relative to the file that names it, or the rights of the file.",
        "What is not read cannot be sent, and nothing goes out without a part that was meant to be in it.",
    )
    EMPTY_FILE = (
        Topic.FILES,
        "error",
        "A file that has to say something is empty.",
        "Fill it, or name the one that was meant.",
        "An empty file is most often one that was not written: a mail without words, a list without people.",
    )
    FILE_TOO_LARGE = (
        Topic.FILES,
        "error",
        "A file is larger than any of its kind would be.",
        "Name the file that was meant.",
        "It is most likely another file, and reading it would take the memory of the machine.",
    )
    NOT_UTF_8 = (
        Topic.FILES,
        "error",
        "A campaign file, profiles.yaml, `.env` or a template is not UTF-8.",
        "Save the file as UTF-8.",
        "Letters with accents would reach the readers as other letters.",
    )
    UNKNOWN_ENCODING = (
        Topic.FILES,
        "error",
        "No text encoding has the name that `encoding` says.",
        "Write one such as utf-8, cp1252 or utf-16.",
        "Without it names and addresses cannot be read as they were written.",
    )
    SPREADSHEET = (
        Topic.FILES,
        "error",
        "A spreadsheet is named where a CSV is read.",
        "Save it as CSV (UTF-8) and name that.",
        "Its bytes are no text: nobody's address can be read from it.",
    )
    FILE_EXISTS = (
        Topic.FILES,
        "error",
        "`init` would write over a file.",
        "Name a new folder.",
        "A campaign that somebody wrote would be lost.",
    )
    UNWRITABLE_FILE = (
        Topic.FILES,
        "error",
        "A report or a preview cannot be written.",
        "Make room, or correct the rights of the folder; the record itself is complete.",
        "Whoever waits for the report would take an older one for this run's.",
    )
    YAML_SYNTAX = (
        Topic.KEYS,
        "error",
        "The file is not YAML as it is taken here: without anchors, aliases, tags and control characters.",
        "Correct the place that is shown; text with special characters goes in quotes.",
        "What reads as one thing to a person and as another to a parser is sent as the parser reads it.",
        "https://yaml.org/spec/1.2.2/",
    )
    DUPLICATE_KEY = (
        Topic.KEYS,
        "error",
        "A key stands in the same mapping twice.",
        "Keep one of them.",
        "One of the two would win in silence, and a reader of the file cannot see which.",
    )
    UNKNOWN_KEY = (
        Topic.KEYS,
        "error",
        "A key that there is not, or not here.",
        "Write the one that was meant; [the reference](reference.md) has them all.",
        "A misspelt key is a wish that nobody fulfils: a limit or a guard would be missing in silence.",
    )
    MISSING_KEY = (
        Topic.KEYS,
        "error",
        "A key that is needed is not there.",
        "Write it.",
        "There is no sensible mail without it, and a guess could go out in the sender's name.",
    )
    NO_VALUE = (
        Topic.KEYS,
        "error",
        "A key has no value.",
        'Write one, or leave the key out; `""` is empty text.',
        "It may mean none, or one that was forgotten: only who wrote it knows.",
    )
    WRONG_VALUE = (
        Topic.KEYS,
        "error",
        "A value that its key cannot have.",
        "Write it as the message says; [the reference](reference.md) has what each key takes.",
        "A value that is bent into shape would send something else than what was written.",
    )
    CONFLICTING_KEYS = (
        Topic.KEYS,
        "error",
        "Two keys, or two values, that do not go together.",
        "Keep one of them.",
        "Whichever won, the other would be broken in silence.",
    )
    CUT_BY_COMMENT = (
        Topic.KEYS,
        "error",
        "A `#` makes a comment of what seems to be text for readers.",
        "Put the text in quotes, or a blank behind the `#`.",
        "Readers would get half of a sentence, and nothing in the mail would tell the sender.",
    )
    HEADER_TWICE = (
        Topic.KEYS,
        "error",
        "A header would stand in the mail twice.",
        "Leave one of them out.",
        "Mail with two of a header that may stand once is refused by some and read differently by others.",
        "https://www.rfc-editor.org/rfc/rfc5322#section-3.6",
    )
    UNUSABLE_ADDRESS = (
        Topic.KEYS,
        "error",
        "An address of the campaign cannot stand in a mail.",
        "Correct it.",
        "Servers refuse the mail, or answers go nowhere.",
        "https://www.rfc-editor.org/rfc/rfc5322#section-3.4",
    )
    UNSUBSCRIBE_URL = (
        Topic.KEYS,
        "error",
        "The URL for unsubscribing is none, or does not fit into a header.",
        "Write one that begins with `https://`, with `|urlencode` behind what is filled in.",
        'A link that does not work makes people press "spam" instead, which harms all further mail.',
        "https://www.rfc-editor.org/rfc/rfc2369#section-3.2",
    )
    ONE_CLICK = (
        Topic.KEYS,
        "error",
        "`one_click` has no URL that begins with `https://` (RFC 8058 §3.1).",
        "Write `url: https://…`, or leave `one_click` out.",
        "Gmail and Yahoo ask bulk senders for it, and take it over https alone.",
        "https://www.rfc-editor.org/rfc/rfc8058#section-3.1",
    )
    UNKNOWN_PROFILE = (
        Topic.KEYS,
        "error",
        "No profile has the name that `smtp` says.",
        "Write one of profiles.yaml, or `sandbox`.",
        "Mail would leave through another server than the one that was meant, or none.",
    )
    RESERVED_NAME = (
        Topic.KEYS,
        "error",
        "A profile has the name of the one that is built in.",
        "Choose another name.",
        "A rehearsal could reach people: `sandbox` must always mean the server that delivers to nobody.",
    )
    UNKNOWN_PROVIDER = (
        Topic.KEYS,
        "error",
        "There is no preset for this provider.",
        "Write the one that was meant, or `host:` and `port:` without one.",
        "A preset knows what its provider tolerates; without it an account is soon blocked.",
    )
    UNCLEAR_SECURITY = (
        Topic.KEYS,
        "error",
        "The port does not tell how the connection is secured.",
        "Write `security: starttls` or `security: tls`.",
        "A wrong guess hangs until it times out, or sends a password in the open.",
    )
    PLAINTEXT = (
        Topic.KEYS,
        "error",
        "Mail and password would go to another machine in the open.",
        "Write `security: starttls` or `tls`, or `allow_plaintext: true` where that is meant.",
        "Everybody on the way could read the password, and send in the same name.",
        "https://www.rfc-editor.org/rfc/rfc8314#section-3",
    )
    UNCLEAR_DELIVERY = (
        Topic.KEYS,
        "error",
        "A preset that keeps all mail is used with another server, which may deliver it.",
        "Write `delivers: false` if it keeps all mail too, `delivers: true` if not.",
        "Whether people get mail must never depend on a guess.",
    )
    INCOMPLETE_LOGIN = (
        Topic.KEYS,
        "error",
        "A user name without a password, or a password without a user name.",
        "Write both, or neither.",
        "The server refuses it, or takes mail as from a stranger.",
    )
    NO_CERTIFICATE = (
        Topic.KEYS,
        "error",
        "The file of `ca` holds no certificate.",
        "Name a PEM file with the authorities' certificates.",
        "Without one the server cannot be told from somebody who pretends to be it.",
    )
    MISSING_SECRET = (
        Topic.KEYS,
        "error",
        "A user name, password or secret that a file refers to cannot be had.",
        "Set the variable in the environment or in `.env`, or mend `password_command`.",
        "The server would refuse the login at the time when the mail should go out.",
    )
    WEAK_SECRET = (
        Topic.KEYS,
        "error",
        "A secret that signs links is so short that it can be guessed.",
        "Make one of 16 bytes or more, with `openssl rand -base64 32`.",
        "Whoever guesses it can unsubscribe other people.",
    )
    REPORT_KEY = (
        Topic.KEYS,
        "error",
        "`SENDBATCH_REPORT_KEY` is no key that a report can be encrypted with.",
        "Set a public key of age, or a passphrase of 16 characters or more; or none.",
        "A report full of addresses would be stored in the open.",
    )
    FOREIGN_SIGNATURE = (
        Topic.KEYS,
        "error",
        "A domain of `dkim` is not that of a sender's address nor one above it, or a sender has none.",
        "Sign with a key of the sender's own domain; mailboxes do not count another's (DMARC).",
        "DMARC counts a signature of the domain that readers see alone; large providers ask for one.",
        "https://www.rfc-editor.org/rfc/rfc7489#section-3.1",
    )
    UNUSABLE_KEY = (
        Topic.KEYS,
        "error",
        "What `dkim` names is no private key that can sign: another kind of key, too short, encrypted.",
        "Make one under a name that is free: `openssl genrsa -out dkim-new.pem 2048`.",
        "Mail without its signature is refused or sorted out by large providers.",
        "https://www.rfc-editor.org/rfc/rfc6376#section-3.3",
    )
    WRITABLE_KEY = (
        Topic.KEYS,
        "error",
        "A key that signs mail can be written by others than its owner.",
        "`chmod 600` the file; look whether it is still the key that it was.",
        "Whoever puts another key there breaks every signature, or signs in the sender's name.",
    )
    READABLE_KEY = (
        Topic.KEYS,
        "warning",
        "A key that signs mail can be read by all users of the machine, or lies where all can put another.",
        "`chmod 600` the file, `chmod go-w` its folder.",
        "Whoever copies it can send in the sender's name, and everybody will believe it.",
    )
    SHORT_KEY = (
        Topic.KEYS,
        "warning",
        "An RSA key that signs mail has fewer bits than a signer's should, or more than all take.",
        "Make one of 2048 bits, and publish it under a selector of its own.",
        "Mailboxes do not count signatures by keys below 1024 bits, and need not read those above 4096.",
        "https://www.rfc-editor.org/rfc/rfc8301#section-3.2",
    )
    MISSING_SIGNING_KEY = (
        Topic.KEYS,
        "warning",
        "The file of a key that signs mail is not there, or holds none that can sign.",
        "Put it there before `run`, which sends nothing without it.",
        "It must be known before the time at which the mail should go out.",
    )
    UNUSED_IGNORE = (
        Topic.KEYS,
        "hint",
        "What is ignored, by `check.ignore` or by a comment in a template, is nothing that `check` finds.",
        "Take it out.",
        "Whoever reads it takes something for known and meant, and the next finding would be silent.",
    )
    DOTENV_SYNTAX = (
        Topic.KEYS,
        "error",
        "A line of `.env` cannot be understood.",
        "A line is `NAME=value` or `NAME='value'`.",
        "A password that is read in part is refused, perhaps after the account is locked.",
    )
    WRONG_USAGE = (
        Topic.OPTIONS,
        "error",
        "An option, or a file that it names, cannot be used as it is.",
        "Write it as the message says.",
        "What is asked for cannot be done as it stands, and something similar could reach people.",
    )
    UNUSED_SETTING = (
        Topic.OPTIONS,
        "error",
        "`--set` of a name that nothing uses.",
        "Write the name that was meant.",
        "Who misspells a name gets the old value in every mail.",
    )
    SET_ON_COLUMN = (
        Topic.OPTIONS,
        "error",
        "`--set` of a name that a column has, which would win over it.",
        "Give the variable another name.",
        "A person's own value would be replaced by the same for everybody.",
    )
    CSV_SYNTAX = (
        Topic.ADDRESSES,
        "error",
        "A record of the CSV cannot be told from the next, as where a quote is never closed.",
        "Correct the line that is named.",
        "Two people's rows would become one, and each could get what is the other's.",
        "https://www.rfc-editor.org/rfc/rfc4180#section-2",
    )
    NOT_TEXT = (
        Topic.ADDRESSES,
        "error",
        "A line is no text in the encoding of the file.",
        "Say which it is with `encoding:`, or save the file as UTF-8.",
        "Names would be wrong in the greeting, or an address that of another.",
    )
    NO_RECIPIENTS = (
        Topic.ADDRESSES,
        "error",
        "The CSV has a header and no row under it.",
        "Name the file that was meant.",
        "A run that reaches nobody looks like one that worked.",
    )
    UNKNOWN_COLUMN = (
        Topic.ADDRESSES,
        "error",
        "A column that is named is not in the CSV.",
        "Write one of those that the message lists.",
        "Everybody would be treated as if the cell were empty.",
    )
    AMBIGUOUS_COLUMN = (
        Topic.ADDRESSES,
        "error",
        "More than one column of the CSV goes by a name that is used.",
        "Rename one of them.",
        "People would get the value of the one column or the other, and nobody knows which.",
    )
    UNUSED_DEFAULT = (
        Topic.ADDRESSES,
        "error",
        "A default for what is no column, and that nothing uses.",
        "Take it out, or name a column.",
        'A misspelt name leaves the gap that the default should fill: "Dear ,".',
    )
    BARE_WHERE = (
        Topic.ADDRESSES,
        "error",
        "`where` is a column alone, whose cells say no, false or 0: any text but the empty one is true.",
        "Write the condition that the message shows.",
        "People who said no would get the mail.",
    )
    WHERE_FAILS = (
        Topic.ADDRESSES,
        "error",
        "`where` cannot be decided for a row.",
        "Guard what fails with an `and`, or convert the cell first: `age|int > 18`.",
        "Whether this person gets mail is not known, and must not be guessed.",
    )
    WHERE_MATCHES_NOBODY = (
        Topic.ADDRESSES,
        "warning",
        "`where` is true for none of the rows.",
        "Compare it with the cells that the message shows.",
        "Nobody gets the mail, which is most often a misspelt value.",
    )
    KEY_FAILS = (
        Topic.ADDRESSES,
        "error",
        "The key cannot be made for a row.",
        "Correct `recipients.key`, or the row.",
        "By the key it is known who had the mail; without it somebody could get it twice.",
    )
    STUCK_ROW = (
        Topic.ADDRESSES,
        "error",
        "Checking a row takes too long, or more memory than there is.",
        "Look at `recipients.where`, `recipients.key` and the paths of attachments.",
        "All others would wait for this row.",
    )
    INVALID_ROW = (
        Topic.ADDRESSES,
        "error",
        "Rows that cannot be sent to: no usable address, a required or key cell empty, too many cells.",
        "Correct the rows, or `tolerate` so many.",
        "These people get nothing, and mail to dead addresses costs a sender the good name.",
    )
    DUPLICATE_ROW = (
        Topic.ADDRESSES,
        "warning",
        "Rows whose key an earlier row has: only the first gets the mail.",
        "Take them out, or write out what makes a row one delivery with `key:`.",
        "Nobody should get a mail twice; where the rows differ, what only the later one says is lost.",
    )
    OTHER_ATTACHMENTS = (
        Topic.ADDRESSES,
        "error",
        "Rows with the address of an earlier one have other attachments, and one of them would go out.",
        "Write out what makes a row one delivery: `key: customer_id`, or `key: email`.",
        "Somebody would get one invoice of two, and nobody would notice.",
    )
    SHARED_ADDRESS = (
        Topic.ADDRESSES,
        "warning",
        "One address has more than one key, and gets a message for each; a hint with `check: {bulk: false}`.",
        "Nothing, where that is meant, as of invoices; else let the address be the key.",
        "To the reader these are several mails, most often by mistake.",
    )
    LIKELY_TYPO = (
        Topic.ADDRESSES,
        "warning",
        "The domain of an address is a large provider's but for one letter, or ends as no domain does.",
        "Correct the rows, which the message names with what was probably meant.",
        "Mail to a misspelt domain bounces, or reaches a stranger who collects it.",
    )
    DISPOSABLE_ADDRESS = (
        Topic.ADDRESSES,
        "hint",
        "Addresses are at domains of throw-away mail.",
        "Take them out where people are meant to read this: nobody does a week later.",
        "Dead mailboxes and spam traps at such domains count against the sender.",
        "https://github.com/disposable-email-domains/disposable-email-domains",
    )
    ROLE_ADDRESS = (
        Topic.ADDRESSES,
        "hint",
        "Addresses are those of a role (RFC 2142: info, sales, abuse …), and not of a person.",
        "Keep those that have asked for it, and take the others out.",
        "Several people read them, and each may complain of mail that somebody else asked for.",
        "https://www.rfc-editor.org/rfc/rfc2142",
    )
    TWIN_KEYS = (
        Topic.ADDRESSES,
        "warning",
        "Two keys differ by full-width letters or the like alone (NFKC), and each gets a message.",
        "Write them alike in the CSV: then only the first row gets it.",
        "It is one customer as a rule, written down by two programs, who gets the mail twice.",
    )
    MANY_INVALID = (
        Topic.ADDRESSES,
        "warning",
        "More than one row in twenty is invalid.",
        "See whether this is the file, the encoding and the column that were meant.",
        "A list that is so old or so broken has more dead addresses in it, and bounces harm the sender.",
    )
    EMPTY_CELL = (
        Topic.ADDRESSES,
        "warning",
        "A cell that the subject, the preheader, a greeting or a sentence shows is empty in some rows.",
        "Write `{{ first_name or \"friend\" }}`, or `recipients.defaults`.",
        "\"Hi ,\" tells each of these readers that nobody wrote to them.",
    )
    EMPTY_IN_CONDITION = (
        Topic.ADDRESSES,
        "hint",
        "A condition compares a cell that is empty in some rows, and says nothing of these.",
        "Write what they get: `{% elif plan == \"\" %}`, or `recipients.defaults`.",
        "They get what is meant for others, or nothing, as if they had answered.",
    )
    NO_DNS_ANSWER = (
        Topic.ADDRESSES,
        "warning",
        "Domains could not be looked up, and addresses there are taken as they are.",
        "See that there is a name server.",
        "Misspelt domains stay unnoticed, and mail to them comes back.",
    )
    SUPPRESSES_NOBODY = (
        Topic.ADDRESSES,
        "error",
        "A suppression list is not empty, and nobody can be read from it.",
        "Name the list that was meant; an empty file leaves nobody out.",
        "People who asked for no more mail would get it.",
    )
    UNREADABLE_ENTRY = (
        Topic.ADDRESSES,
        "error",
        "An entry of a suppression list is neither an address nor a domain.",
        "Correct it, or let such entries pass with `unreadable: warn`.",
        "Whoever is meant by it asked for no more mail, and would get it.",
    )
    PASSED_ENTRIES = (
        Topic.ADDRESSES,
        "warning",
        "Entries of a suppression list that cannot be read and pass, as `unreadable: warn` says.",
        "Correct them: whoever they mean gets the mail.",
        "Whoever is meant by them asked for no more mail.",
    )
    EMPTY_ENTRIES = (
        Topic.ADDRESSES,
        "hint",
        "A suppression list has rows whose cell is empty.",
        "Nothing, where that is meant.",
        "It may be an export that went wrong.",
    )
    TEMPLATE_SYNTAX = (
        Topic.TEMPLATES,
        "error",
        "A template or an expression is not one that Jinja takes.",
        "Correct the place that is shown.",
        "Nothing can be written from it, or readers would see the braces.",
        "https://jinja.palletsprojects.com/en/stable/templates/",
    )
    FILTER_ARGUMENT = (
        Topic.TEMPLATES,
        "error",
        "A filter is given what it cannot take: a currency, a locale or a pattern that is none.",
        "Write what is shown.",
        "An amount or a date would be wrong, or missing, in the mail.",
    )
    NO_TEMPLATE = (
        Topic.TEMPLATES,
        "error",
        "The campaign has neither Markdown nor HTML nor text.",
        "Write `markdown:`, `html:` or `text:` under `templates`.",
        "There would be nothing to read.",
    )
    FRONT_MATTER = (
        Topic.TEMPLATES,
        "error",
        "Markdown begins with settings between two lines of `---`, which would be sent as text.",
        "Delete them, and write what they say into the campaign file.",
        "Readers would see the settings above the letter.",
    )
    SCRIPT = (
        Topic.TEMPLATES,
        "error",
        "Markdown has a script, a link that would run what is in it, or a value in a tag without quotes.",
        "Delete it, or write the quotes: filters take a mail with a script in it for an attack.",
        "No program for mail runs it, and filters take the mail for an attack.",
    )
    LAYOUT_CONTENT = (
        Topic.TEMPLATES,
        "error",
        "A layout does not say `{{ content }}` once, by itself.",
        "Write `{{ content }}` where the letter goes, outside of loops and filters.",
        "The letter would be missing in its frame, or stand there twice.",
    )
    UNRESOLVED_LINK = (
        Topic.TEMPLATES,
        "warning",
        "A link or a footnote of Markdown has a label that stands nowhere else, or a value stands in angle "
        "brackets: readers see brackets.",
        "Write the label with its address, or its text, on a line of its own; a value as "
        "`[some words]({{ … }})`.",
        "Readers see brackets where a link should be.",
        "https://spec.commonmark.org/0.31.2/#link-reference-definitions",
    )
    DROPPED_HTML = (
        Topic.TEMPLATES,
        "warning",
        "HTML in Markdown that mail programs leave out: frames, forms, handlers of events.",
        "Write it so that it needs none of them.",
        "What the sender sees in a browser, the readers do not.",
    )
    MJML_SYNTAX = (
        Topic.TEMPLATES,
        "error",
        "MJML that does not parse: tags that do not match, an attribute without quotes, text between tags.",
        "Correct the place that is shown.",
        "A compiler that guesses puts words where nobody reads them.",
        "https://documentation.mjml.io/#components",
    )
    MJML_UNKNOWN = (
        Topic.TEMPLATES,
        "error",
        "A tag or an attribute that MJML does not have, or not there: it would be passed over in silence.",
        "Write the one that was meant.",
        "What is passed over is missing in the mail, and the source looks right.",
        "https://documentation.mjml.io/#components",
    )
    MJML_JINJA = (
        Topic.TEMPLATES,
        "error",
        "A tag of Jinja where MJML computes the layout, or loses it; or a block that ends among other tags.",
        "Write it around whole tags, within text, or in what MJML hands on (`href`, `src`, colours).",
        "The layout would be computed from the tag itself, or the tag lost, and the mail be broken for some.",
    )
    MJML_WIDTHS = (
        Topic.TEMPLATES,
        "warning",
        "A column in a block has no width, and MJML computes one by the number of all that are written.",
        "Write the width that each has when it is shown.",
        "Columns are too narrow for those who do not get all of them.",
        "https://documentation.mjml.io/#components",
    )
    MJML_VALUE = (
        Topic.TEMPLATES,
        "warning",
        "A value that MJML does not take: a size without its unit, a word that is none of its own.",
        "Write one as the message shows.",
        "The mail looks otherwise than its author meant.",
        "https://documentation.mjml.io/#components",
    )
    MJML_RAW = (
        Topic.TEMPLATES,
        "warning",
        "Text in `<mj-raw>` that has the size 0 where it stands, as letters between tables of MJML have; or"
        " what is no row among the rows of a column.",
        "Write it within `<mj-text>`, or as `<tr><td style=\"font-size: 16px\">…</td></tr>`.",
        "Readers would not see these words.",
        "https://documentation.mjml.io/#components",
    )
    MJML_UNUSED = (
        Topic.TEMPLATES,
        "warning",
        "An attribute that MJML has, and that the compiler used here (mrml) does nothing with.",
        "Take it away, and look at the preview.",
        "The mail looks otherwise than where it was compiled by another program.",
        "https://github.com/jdrouet/mrml",
    )
    UNUSABLE_INCLUDE = (
        Topic.TEMPLATES,
        "error",
        "A template that another includes, extends or imports cannot be used.",
        "Correct its name; it lies in the campaign's or a template's folder, and is written out in quotes.",
        "A part of the mail would be missing.",
    )
    TOO_MANY_TEMPLATES = (
        Topic.TEMPLATES,
        "error",
        "A template includes several hundred others.",
        "Include fewer.",
        "Most likely they include one another by mistake.",
    )
    NO_VERSION = (
        Topic.TEMPLATES,
        "error",
        "A path with `{{ }}` leads nowhere: for all rows, for some, or by its fallback; or `from` to none of"
        " `senders`.",
        "Put the file there, correct the cell, write `templates.fallback`, or add the address to `senders`.",
        "These people have no letter to get, and another's may be in a language that they do not read.",
    )
    NO_LOCALE = (
        Topic.TEMPLATES,
        "error",
        "A row's `locale` is empty or names none, and its letter writes amounts or dates by it.",
        "Correct the cell, write `recipients.defaults` for empty ones, or the locale into the filter.",
        "1.000 is a thousand to some and one to others.",
    )
    UNUSED_FALLBACK = (
        Topic.TEMPLATES,
        "error",
        "A fallback for a name that is in no path of a template.",
        "Write the name that was meant, or take it out.",
        "Those for whom it was meant would have no letter.",
    )
    TOO_MANY_VERSIONS = (
        Topic.TEMPLATES,
        "error",
        "A path with `{{ }}` fits several hundred files.",
        "Put those that are meant into a folder of their own, or write more of their names out.",
        "Most likely the path leads into another folder than was meant.",
    )
    UNUSED_VERSION = (
        Topic.TEMPLATES,
        "hint",
        "A file that a path with `{{ }}` fits, or one of `senders`, is one that no row asks for.",
        "Nothing, unless somebody should get it.",
        "A letter that was written for somebody reaches nobody.",
    )
    NEAR_VERSION = (
        Topic.TEMPLATES,
        "warning",
        "Rows get the fallback, though there is a file whose name differs from what they ask for by case, by"
        " `_` for `-`, or by blanks alone.",
        "Write the filter that is named into the path (`{{ locale|lower }}`), or correct the cells.",
        "People get a general letter, though there is one in their own language.",
    )
    LONE_FILE = (
        Topic.TEMPLATES,
        "warning",
        "A file for some rows has none beside it for another part of their mail.",
        "Write the other file too: without it these rows are led elsewhere, or nowhere.",
        "Their text and their HTML would say different things.",
    )
    UNKNOWN_NAME = (
        Topic.TEMPLATES,
        "error",
        "A name that is neither a column nor a variable.",
        "Write the one that was meant, or add a column or a variable of that name.",
        "Readers would see a gap where a value was meant.",
    )
    AMBIGUOUS_NAME = (
        Topic.TEMPLATES,
        "error",
        "A column or a variable has the name of the finished link to unsubscribe, and templates show it.",
        "Call the column or the variable otherwise.",
        "A person who wants to unsubscribe would follow a link to something else.",
    )
    MISSPELT_NAME = (
        Topic.TEMPLATES,
        "warning",
        "A name with a default is nearly a column's, and is none: everyone gets the default.",
        "Write the name that was meant.",
        "Everybody is greeted by the default, though their names are known.",
    )
    IMPORT_WITHOUT_CONTEXT = (
        Topic.TEMPLATES,
        "error",
        "An imported template uses a name that it does not see.",
        "Write `with context` behind the import.",
        "Readers would see a gap where a value was meant.",
        "https://jinja.palletsprojects.com/en/stable/templates/#import-context-behavior",
    )
    MIXED_COMPARISON = (
        Topic.TEMPLATES,
        "error",
        "Text is compared with a number or a truth value, which it never equals.",
        "Compare text with text and numbers with numbers: the message shows both ways.",
        "Nobody, or everybody, would be taken for the one whom the condition means.",
    )
    ALWAYS_TRUE = (
        Topic.TEMPLATES,
        "error",
        "A text behind `or` is compared with nothing, and so true for everybody.",
        "Compare it too: `plan == \"free\" or plan == \"pro\"`.",
        "Everybody would read what is meant for some.",
    )
    LANGUAGE_WORD = (
        Topic.TEMPLATES,
        "error",
        "A word of the template language is written for the column of that name.",
        "Write it with `_` before it: the column `None` is `_none`.",
        "Everybody would get the same, and not what their cell says.",
    )
    STUCK_MESSAGE = (
        Topic.TEMPLATES,
        "error",
        "Several messages take too long to build, or more memory than there is: no more are tried.",
        "Look at what the templates compute: a loop that never ends, or a text that grows.",
        "All others would wait for this message.",
    )
    UNKNOWN_IGNORE = (
        Topic.TEMPLATES,
        "hint",
        "A comment `sendbatch: ignore` names what is no rule, or an error, which cannot be ignored.",
        "Write `<!-- sendbatch: ignore wide-picture -->` with the id of a warning or a hint.",
        "It does nothing, and looks as if it did.",
    )
    BARE_CONDITION = (
        Topic.TEMPLATES,
        "warning",
        "A condition is a column alone, whose cells say no, false or 0: any text but the empty one is true.",
        "Write the condition that the message shows.",
        "People who said no would read what is meant for those who said yes.",
    )
    NO_TEXT_PART = (
        Topic.CONTENT,
        "error",
        "No text part can be made from the HTML or the Markdown, for it has no words.",
        "Write `alt` texts for the pictures, or a text template.",
        "Who reads without pictures or HTML sees nothing, and filters hold that against a mail.",
    )
    BARE_TEXT_PART = (
        Topic.CONTENT,
        "warning",
        "The text part made from the HTML or the Markdown is addresses of links alone.",
        "Write `alt` texts for the pictures, or a text template.",
        "Who reads without HTML sees addresses and no words, as filters do.",
    )
    UNSEEN_PREHEADER = (
        Topic.CONTENT,
        "warning",
        "A preheader is declared and there is no HTML to hold it.",
        "Take it away, or add an HTML template.",
        "The line in the inbox would be the first words of the text.",
    )
    SECOND_PREHEADER = (
        Topic.CONTENT,
        "warning",
        "A preheader is declared, and the HTML begins with hidden words of its own.",
        "Take one of the two away.",
        "The inbox shows both, one behind the other.",
    )
    UNUSABLE_STYLE_SHEET = (
        Topic.CONTENT,
        "error",
        "A style sheet that the HTML links to cannot be put into the mail.",
        "Correct the path, which is relative to the template, and keep the file beside the templates.",
        "Readers would see the mail without its style.",
    )
    CSS_IMPORT = (
        Topic.CONTENT,
        "error",
        "A style sheet asks for another with `@import`, which no program for mail loads.",
        "Write the rules of the other into it, or link to both.",
        "Readers would see the mail without its style.",
        "https://www.caniemail.com/features/css-at-import/",
    )
    REMOTE_STYLE_SHEET = (
        Topic.CONTENT,
        "warning",
        "The HTML links to a style sheet on a web server, which few programs for mail load.",
        "Save it beside the template, and link to that file.",
        "Most readers would see the mail without its style.",
        "https://www.caniemail.com/features/html-link/",
    )
    LOST_STYLE = (
        Topic.CONTENT,
        "warning",
        "What a style sheet says is lost where its rules are written into the tags.",
        "Write it as the message shows.",
        "Readers would see the mail without this part of its style.",
    )
    OVERRULED_STYLE = (
        Topic.CONTENT,
        "warning",
        "A rule in `@media` or for `:hover` is not `!important`, and what is in the tags wins over it.",
        "Write `!important` behind its declarations.",
        "On a phone, or in the dark, the mail looks as if the rule were not there.",
    )
    UNSUPPORTED_FEATURE = (
        Topic.CONTENT,
        "warning",
        "HTML or CSS that programs for mail do not do: something moves, is lost, or is shown though hidden.",
        "Write it as the message says, or name the programs that matter in `check.clients`.",
        "Readers see the mail in the program that they have, and the author sees it in one.",
        "https://www.caniemail.com/",
    )
    PLAINER_FEATURE = (
        Topic.CONTENT,
        "hint",
        "HTML or CSS that programs for mail do not do, and without which the mail only looks plainer.",
        "Leave it, where the mail is as good without.",
        "Readers lose nothing, but may see another mail than its author.",
        "https://www.caniemail.com/",
    )
    STRANGE_BOUNCES = (
        Topic.CONTENT,
        "warning",
        "Bounces go to a domain that has nothing to do with that of `from`: filters hold it against a mail.",
        "Let `bounces_to` be at the same domain, or at a subdomain of it.",
        "SPF then speaks for another domain than readers see, and DMARC does not count it.",
        "https://support.google.com/a/answer/81126",
    )
    ONE_LINK_FOR_ALL = (
        Topic.CONTENT,
        "warning",
        "The address of the unsubscribe button (`one_click`) is everybody's: it does not say who pressed it.",
        "Add `sign:`, or write a column into `url`.",
        "Whoever presses the button stays on the list, and gets the next mail against their will.",
        "https://www.rfc-editor.org/rfc/rfc8058#section-3.1",
    )
    UNSHOWN_LINK = (
        Topic.CONTENT,
        "warning",
        "Links to unsubscribe are signed, and no template shows them.",
        "Write `{{ unsubscribe_url }}` where the link belongs.",
        'Gmail and Yahoo ask for a link that is seen in the mail; who finds none presses "spam".',
        "https://support.google.com/a/answer/81126",
    )
    BROKEN_PICTURE = (
        Topic.CONTENT,
        "error",
        "The HTML shows a picture that is not there: no such file, or no such part of the mail.",
        "Name a file beside the template by its path, or write `https://…`.",
        "Readers see an empty frame.",
    )
    UNUSABLE_PICTURE = (
        Topic.CONTENT,
        "error",
        "A picture cannot be sent: it is none, an SVG, too large, empty, unreadable, or outside the folders.",
        "Put a PNG, JPEG or GIF beside the template, or write `https://…`.",
        "Readers see an empty frame.",
    )
    DOUBTFUL_PICTURE = (
        Topic.CONTENT,
        "warning",
        "A picture is of a kind that some programs do not show, or its name says that it is of another.",
        "Save it as PNG or JPEG, and name it so.",
        "Some readers see an empty frame.",
    )
    WIDE_PICTURE = (
        Topic.CONTENT,
        "warning",
        "A picture is wider than a mail, and its tag has no `width`, which Outlook for Windows goes by.",
        "Write `width=\"600\"` into the tag, or how wide it is to be shown.",
        "In Outlook the mail is as wide as the picture, and has to be scrolled.",
    )
    LOCAL_FONT = (
        Topic.CONTENT,
        "warning",
        "A style sheet asks for a font from a file, which no program for mail has.",
        "Put it on a web server and write `https://…`, or name a font that systems have.",
        "Readers see another font.",
        "https://www.caniemail.com/features/css-at-font-face/",
    )
    PICTURE_WITHOUT_SCHEME = (
        Topic.CONTENT,
        "warning",
        "The address of a picture begins with `//`, which some programs take for a file.",
        "Write `https:` before it.",
        "Some readers see an empty frame.",
    )
    BROKEN_LINK = (
        Topic.CONTENT,
        "warning",
        "A link has no address, or one without `https://` or `mailto:`, which leads nowhere from a mail.",
        "Write the whole address, as the message shows.",
        "Who clicks on it gets nowhere.",
    )
    OPEN_LINK = (
        Topic.CONTENT,
        "warning",
        "A link leads to a public server over http, without encryption.",
        "Write `https://`.",
        "Browsers stop whoever clicks on it with a warning, and anybody on the way can change what they see.",
    )
    NUMERIC_LINK = (
        Topic.CONTENT,
        "warning",
        "A link leads to an IP address, or to the machine of whoever clicks on it.",
        "Write the name of the server.",
        "Honest mail hardly ever has one, so filters take it for phishing.",
    )
    SHORTENED_LINK = (
        Topic.CONTENT,
        "warning",
        "A link leads through a service that shortens anybody's links.",
        "Write where it leads; a long address is hidden behind its text anyway.",
        "Filters judge a link by its domain, and that of a shortener is shared with spammers.",
    )
    MISLEADING_LINK = (
        Topic.CONTENT,
        "warning",
        "The text of a link shows another domain than the one that it leads to.",
        "Let it lead there, or say in words where it leads.",
        "That is how phishing looks: programs for mail warn their readers of it.",
        "https://support.google.com/mail/answer/81126",
    )
    UNENCODED_VALUE = (
        Topic.CONTENT,
        "warning",
        "A value stands within a link as it is: a blank, `&`, `#` or `+` in it changes where the link leads.",
        "Write `|urlencode` behind it.",
        "The link works for most and leads some to a wrong page, which nobody sees in a proof.",
        "https://www.rfc-editor.org/rfc/rfc3986#section-2.1",
    )
    UNCLOSED_TAG = (
        Topic.CONTENT,
        "warning",
        "A tag of HTML, a comment or a style sheet is never closed, or not before what it stands in.",
        "Write its end tag; where HTML needs none (`</p>`, `</li>`, `</td>`, …) none is asked for.",
        "Each program for mail guesses another end, and some of them lose what follows.",
    )
    MISNESTED_TAG = (
        Topic.CONTENT,
        "warning",
        "An end tag closes nothing, or comes before that of what was opened later.",
        "Close first what was opened last, and take away what closes nothing.",
        "Each program for mail mends it in another way, and a layout of tables falls apart.",
    )
    PICTURE_WITHOUT_ALT = (
        Topic.CONTENT,
        "warning",
        "A picture has no `alt`; one that is empty says that the picture says nothing.",
        'Write what it shows, or `alt=""` where it is a mere ornament.',
        "Many programs load no pictures until they are asked, and who cannot see hears the name of the file.",
        "https://www.w3.org/WAI/tutorials/images/",
    )
    PICTURE_ALONE = (
        Topic.CONTENT,
        "warning",
        "The mail is a wide picture with hardly a word beside it.",
        "Write what it says as text.",
        "Nobody reads it where pictures are not loaded, and filters suspect words that hide in pictures.",
    )
    LONG_SUBJECT = (
        Topic.CONTENT,
        "hint",
        "The subject has more than 78 characters.",
        "Begin with what matters; about 50 characters are seen everywhere.",
        "Lists of mails cut it off, on phones long before that.",
        "https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1",
    )
    CAPITAL_SUBJECT = (
        Topic.CONTENT,
        "warning",
        "The subject is in capitals alone.",
        "Write it as a sentence.",
        "It reads as shouting, and filters count it against a mail.",
    )
    GAP_IN_TEXT = (
        Topic.CONTENT,
        "warning",
        'A value is empty, and leaves a gap that readers see: "Hi ,", or two blanks in a text.',
        "Write a default for it, or an `if` around it and what belongs to it.",
        "Everybody who gets it sees that a machine wrote it, and that it went wrong.",
    )
    CLIPPED_HTML = (
        Topic.CONTENT,
        "warning",
        "The HTML of a message has more than 102 KB, with its styles in the tags.",
        "Say less, or with fewer and shorter styles; pictures do not count.",
        "Gmail cuts off what is behind that, and with it most often the link to unsubscribe.",
        "https://github.com/hteumeuleu/email-bugs/issues/41",
    )
    HEAVY_MESSAGE = (
        Topic.CONTENT,
        "warning",
        "A message has more than 25 MB as it is sent.",
        "Attach less, or link to it.",
        "Many mailboxes take no more, whatever the server here does.",
    )
    NO_UNSUBSCRIBE = (
        Topic.CONTENT,
        "warning",
        "A mail that goes to many gives no way to unsubscribe: no header, and no link.",
        "Write `unsubscribe`, and `{{ unsubscribe_url }}` into the templates; or `check: {bulk: false}`.",
        "Who cannot leave presses the button for spam, and providers ask for a way out of mail in bulk.",
        "https://support.google.com/mail/answer/81126",
    )
    WITHOUT_ONE_CLICK = (
        Topic.CONTENT,
        "warning",
        "A mail that goes to many gives no way to unsubscribe with one click (RFC 8058).",
        "Write `one_click: true` and a `url` under `unsubscribe`; or `check: {bulk: false}`.",
        "Gmail and Yahoo ask for it of who sends more than 5,000 mails a day.",
        "https://support.google.com/mail/answer/81126",
    )
    DISAGREEING_TEXT = (
        Topic.CONTENT,
        "warning",
        "The text says a link or an amount that the HTML does not; or it has no link, and the HTML has some.",
        "Let both say the same, or leave the text out: it is made from the HTML then.",
        "Who reads the one is told something else than who reads the other, and filters compare the two.",
    )
    LEFTOVER_PLACEHOLDER = (
        Topic.CONTENT,
        "warning",
        "The mail has a placeholder of another tool in it, which goes out as it stands.",
        "Write `{{ column }}`.",
        '"Hello {first_name}" embarrasses its sender in front of everybody at once.',
    )
    EMPTY_ATTACHMENT = (
        Topic.CONTENT,
        "warning",
        "A file that everybody gets, or one of a recipient's own, is empty.",
        "Write it anew, or leave it out.",
        "Readers open a file with nothing in it.",
    )
    REFUSED_ATTACHMENT = (
        Topic.CONTENT,
        "warning",
        "An attachment is of a kind that Gmail and many others refuse the whole mail for: programs, scripts.",
        "Put it on a web server, and link to it.",
        "The whole mail comes back, from all addresses there.",
        "https://support.google.com/mail/answer/6590",
    )
    ATTACHED_TWICE = (
        Topic.CONTENT,
        "warning",
        "The same file is attached twice.",
        "Take one of them away.",
        "The mail is larger than it need be, and readers wonder which one counts.",
    )
    OPEN_ATTACHMENT = (
        Topic.CONTENT,
        "warning",
        "A cell alone says which file is attached or invites, and may name any beside the campaign's.",
        "Put these files into a folder of their own, and write `files/{{ column }}`.",
        "A wrong cell could send somebody a file that was never meant to leave.",
    )
    UNUSABLE_CALENDAR = (
        Topic.CONTENT,
        "error",
        "The file of `invite` is no calendar that can be mailed: no VCALENDAR, no VERSION:2.0, no METHOD.",
        "Write METHOD:REQUEST for an invitation that is answered, METHOD:PUBLISH for an entry to be kept.",
        "Readers get a file that nothing opens.",
        "https://www.rfc-editor.org/rfc/rfc6047#section-2.4",
    )
    INCOMPLETE_INVITATION = (
        Topic.CONTENT,
        "warning",
        "An invitation has not what calendars need for it, or asks the same people in every mail.",
        "Write the line that is named; [the reference](reference.md#invite) has a whole one.",
        "Calendars show it without buttons, or ask the wrong people.",
        "https://www.rfc-editor.org/rfc/rfc5546#section-3.2.2",
    )
    STRANGE_ORGANIZER = (
        Topic.CONTENT,
        "warning",
        "The ORGANIZER of an invitation is at another domain than `from`.",
        "Write an address at the domain of `from`; answers go there.",
        "Answers go to somebody who may not wait for them, and programs warn of a stranger.",
    )
    INVITATION_ATTACHED = (
        Topic.CONTENT,
        "warning",
        "An invitation (METHOD:REQUEST) is a mere attachment, which few programs offer to answer.",
        "Name it under `invite` instead.",
        "Readers have to save and open it, and cannot answer.",
        "https://www.rfc-editor.org/rfc/rfc6047#section-2.4",
    )
    UNUSABLE_ATTACHMENT = (
        Topic.CONTENT,
        "error",
        "Attachments or pictures of some rows are not there or cannot be used.",
        "Put the files there, or say what becomes of such rows with `missing:`.",
        "These people would get a mail that speaks of a file and has none.",
    )
    MESSAGE_TOO_LARGE = (
        Topic.CONTENT,
        "error",
        "A message is larger than the server takes.",
        "Attach less, or link to it.",
        "The server refuses it, and this person gets nothing.",
        "https://www.rfc-editor.org/rfc/rfc1870#section-6.1",
    )
    MESSAGE_LIKELY_TOO_LARGE = (
        Topic.CONTENT,
        "warning",
        "A message is larger than the server took within the last week.",
        "Attach less, or link to it; `run` asks the server again.",
        "The server will most likely refuse it, and this person get nothing.",
        "https://www.rfc-editor.org/rfc/rfc1870#section-6.1",
    )
    UNBUILDABLE_MESSAGE = (
        Topic.CONTENT,
        "error",
        "Messages that cannot be built, by what a template, an attachment or the size says.",
        "Correct the template, or the rows that are named.",
        "These people get nothing.",
    )
    GUARD_REFUSED = (
        Topic.CIRCUMSTANCES,
        "error",
        "A guard refused: `expect`, `--strict`, `--plan`, changed content, no `--yes`; nothing was sent.",
        "Look at what changed; the message names the option that goes on.",
        "A wrong mail cannot be called back; what the guard was set for has happened.",
    )
    RECORD_UNUSABLE = (
        Topic.CIRCUMSTANCES,
        "error",
        "The record cannot be opened, read, written or trusted.",
        "Do as the message says; the record is not changed by that.",
        "By the record it is known who had the mail; without it somebody would get it twice.",
    )
    RECORD_IN_USE = (
        Topic.CIRCUMSTANCES,
        "error",
        "Another process is sending this campaign.",
        "Wait for it, or stop it.",
        "Two at once would send the same mail twice.",
    )
    INTERRUPTED = (
        Topic.CIRCUMSTANCES,
        "error",
        "A person or a signal ended the work before it was done.",
        "Run it again.",
        "Those who are left have not got the mail yet.",
    )
    FILE_LIMIT = (
        Topic.CIRCUMSTANCES,
        "error",
        "The system lets this process open fewer files than its connections need.",
        "Raise the limit (`ulimit -n 1024`), or give the profile fewer `connections`.",
        "A run that cannot open what it needs stops in the middle.",
    )
    NOT_INSTALLED = (
        Topic.CIRCUMSTANCES,
        "error",
        "What the campaign asks for needs a package that is not installed.",
        "Install it by the command that the message shows.",
        "It cannot be done without it, and must not be left out in silence.",
    )
    NO_WORKER = (
        Topic.CIRCUMSTANCES,
        "error",
        "The Python that sendbatch runs on cannot be started once more, as a worker.",
        "Install it where this user can read it.",
        "Messages are built in processes of their own, so that a template cannot harm the run.",
    )
    SERVER_UNUSABLE = (
        Topic.CIRCUMSTANCES,
        "error",
        "The server could not be reached, secured or logged in to.",
        "Do as the message says; `sendbatch probe` tries again.",
        "Nothing can be handed over to it.",
    )
    FREE_MAIL_SENDER = (
        Topic.SENDER,
        "warning",
        "`from` is an address of a free mailbox, and another server than its provider's sends the mail.",
        "Write an address at a domain of your own.",
        "The provider asks all mailboxes to refuse such mail, or to take it for junk.",
        "https://support.google.com/a/answer/81126",
    )
    UNREACHABLE_SENDER = (
        Topic.SENDER,
        "error",
        "The domain in `from` or `bounces_to` does not exist, or takes no mail.",
        "Write the domain as it is, or give it an MX record.",
        "Servers refuse mail that cannot be answered, and bounces are lost.",
        "https://senders.yahooinc.com/best-practices/",
    )
    NO_SPF = (
        Topic.SENDER,
        "warning",
        "The envelope's domain publishes no SPF record.",
        "Publish one that names the relay, and all others who send for the domain.",
        "Gmail, Yahoo and Microsoft ask those who send much for SPF and DKIM both.",
        "https://support.google.com/a/answer/81126",
    )
    BROKEN_SPF = (
        Topic.SENDER,
        "error",
        "The SPF record counts for nothing: two of them, too many look-ups, or a term that is none.",
        "Write one record of few terms; the message says which is wrong.",
        "SPF then fails for every mail, from whatever server.",
        "https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4",
    )
    OPEN_SPF = (
        Topic.SENDER,
        "warning",
        "The SPF record lets everybody send (`+all`).",
        "Name all who send for the domain, and end it with `~all`.",
        "Whoever sends junk in your name passes, and mailboxes trust the domain less.",
        "https://www.rfc-editor.org/rfc/rfc7208#section-5.1",
    )
    LOOSE_SPF = (
        Topic.SENDER,
        "hint",
        "The SPF record says nothing of whom it does not name, or has `ptr`.",
        "Name all who send for the domain, by addresses, and end it with `~all`.",
        "It keeps nobody from sending in your name.",
        "https://www.rfc-editor.org/rfc/rfc7208#section-5.1",
    )
    SPF_WITHOUT_RELAY = (
        Topic.SENDER,
        "warning",
        "The SPF record does not include what the profile's provider asks for.",
        "Add it, unless the record names the provider's servers by their addresses.",
        "SPF does not pass for mail by that provider.",
        "https://www.rfc-editor.org/rfc/rfc7208#section-5.2",
    )
    UNPUBLISHED_KEY = (
        Topic.SENDER,
        "error",
        "The key of `dkim` is not published, or not as ours.",
        "Publish it as the message says.",
        "Every signature by it fails, and mailboxes may refuse what fails.",
        "https://www.rfc-editor.org/rfc/rfc6376#section-3.6",
    )
    KEY_ON_TRIAL = (
        Topic.SENDER,
        "hint",
        "The key of `dkim` is published as one that is only tried (`t=y`).",
        "Take `t=y` away.",
        "Mailboxes need not mind what it signs.",
        "https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1",
    )
    UNKNOWN_SIGNER = (
        Topic.SENDER,
        "hint",
        "The profile signs nothing itself, and whether the relay signs with the domain in From is not known.",
        "Send a proof and have it read by `inspect`.",
        "Gmail, Yahoo and Microsoft ask those who send much for a signature of that domain.",
        "https://support.google.com/a/answer/81126",
    )
    UNALIGNED_KEY = (
        Topic.SENDER,
        "warning",
        "No key of `dkim` signs for the domain in From.",
        "Sign with that domain.",
        "DMARC passes by a signature of that domain, or by its envelope.",
        "https://www.rfc-editor.org/rfc/rfc7489#section-3.1.1",
    )
    UNALIGNED_ENVELOPE = (
        Topic.SENDER,
        "hint",
        "The envelope is of another organisation than From, so SPF does not count for DMARC.",
        "Write `bounces_to` at the domain in From, or see that a signature of that domain holds.",
        "DMARC then rests on the signature alone, which breaks where mail is changed on the way.",
        "https://www.rfc-editor.org/rfc/rfc7489#section-3.1.2",
    )
    NO_DMARC = (
        Topic.SENDER,
        "warning",
        "The domain in From publishes no DMARC policy.",
        "Publish one, as TXT at `_dmarc` below the domain: `v=DMARC1; p=none`.",
        "Gmail, Yahoo and Microsoft ask those who send much for one; Microsoft refuses others (5.7.515).",
        "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730",
    )
    BROKEN_DMARC = (
        Topic.SENDER,
        "warning",
        "A DMARC record counts for nothing: two of them, or no policy in it.",
        "Leave one, with the policy that is meant, that begins with `v=DMARC1; p=`.",
        "To mailboxes the domain has no policy.",
        "https://www.rfc-editor.org/rfc/rfc7489#section-6.6.3",
    )
    WATCHING_DMARC = (
        Topic.SENDER,
        "hint",
        "The DMARC policy of the domain in From only watches (`p=none`).",
        "Once all of your mail passes, ask for quarantine or reject.",
        "Others can send in your name, and that is held against your domain.",
        "https://senders.yahooinc.com/best-practices/",
    )
    UNANSWERED_QUESTION = (
        Topic.SENDER,
        "warning",
        "Something could not be asked of the DNS.",
        "Try again, or ask where the domain is kept.",
        "What was not asked is not known to be right.",
    )
    UNREACHABLE_DNS = (
        Topic.SENDER,
        "error",
        "Nothing could be asked of the DNS, and `--online` was asked for.",
        "Try again where name servers can be reached.",
        "A check that could not look is no pass.",
    )
    NO_MAIL = (
        Topic.ARRIVAL,
        "error",
        "What is to be inspected is no mail, or not one.",
        "Save the mail from its mailbox as it arrived, as a file that ends with .eml.",
        "Only the mail as it arrived tells what its way has made of it.",
    )
    MAILBOX_UNUSABLE = (
        Topic.ARRIVAL,
        "error",
        "The mailbox of `proof --inspect` cannot be reached, trusted, logged in to or read.",
        "Do as the message says.",
        "Without it nobody can tell what the way made of the proof.",
    )
    ARRIVED_AS_JUNK = (
        Topic.ARRIVAL,
        "warning",
        "A proof arrived in the folder for junk.",
        "Mend what else is found, and look at the text as a filter would.",
        "There most of your readers would never see it.",
    )
    NO_VERDICT = (
        Topic.ARRIVAL,
        "hint",
        "A mail bears no Authentication-Results of a server that took it in.",
        "Save it from the mailbox that it was sent to, and not from the folder of what was sent.",
        "Without them nobody can tell whether the mail is believed to be from whom it says.",
        "https://www.rfc-editor.org/rfc/rfc8601",
    )
    UNAUTHENTICATED = (
        Topic.ARRIVAL,
        "error",
        "Neither SPF nor DKIM passed for a mail that arrived.",
        "Let the relay sign with your domain, and name it in the SPF record of the envelope's domain.",
        "Gmail refuses such mail (550 5.7.26), and other mailboxes take it for junk.",
        "https://support.google.com/a/answer/81126",
    )
    FAILED_SPF = (
        Topic.ARRIVAL,
        "warning",
        "SPF did not pass for a mail that arrived.",
        "Let the SPF record of the envelope's domain name the relay.",
        "Gmail, Yahoo and Microsoft ask those who send much for SPF and DKIM both.",
        "https://support.google.com/a/answer/81126",
    )
    FAILED_DKIM = (
        Topic.ARRIVAL,
        "warning",
        "No signature of a mail that arrived holds.",
        "Look whether the key is published, and whether something changes mails after they are signed.",
        "Gmail, Yahoo and Microsoft ask those who send much for SPF and DKIM both.",
        "https://support.google.com/a/answer/81126",
    )
    FAILED_DMARC = (
        Topic.ARRIVAL,
        "error",
        "DMARC did not pass for a mail that arrived.",
        "Sign with the domain in From, or send from an envelope of that domain.",
        "Mailboxes do with it what the domain's policy asks for, and Microsoft refuses it (550 5.7.515).",
        "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730",
    )
    NO_DMARC_SEEN = (
        Topic.ARRIVAL,
        "warning",
        "The server that took a mail in found no DMARC policy of the domain in From.",
        "Publish one, as TXT at `_dmarc` below the domain: `v=DMARC1; p=none`.",
        "Gmail, Yahoo and Microsoft ask those who send much for one.",
        "https://senders.yahooinc.com/best-practices/",
    )
    UNSIGNED_MAIL = (
        Topic.ARRIVAL,
        "warning",
        "A mail that arrived bears no DKIM-Signature.",
        "Switch DKIM on at the relay for your domain, or sign with `dkim` in the profile.",
        "Gmail, Yahoo and Microsoft ask those who send much for SPF and DKIM both.",
        "https://support.google.com/a/answer/81126",
    )
    UNSIGNED_FROM = (
        Topic.ARRIVAL,
        "warning",
        "A signature of a mail that arrived is not over From.",
        "Have `h=` name From.",
        "Such a signature holds nowhere.",
        "https://www.rfc-editor.org/rfc/rfc6376#section-5.4",
    )
    UNSIGNED_HEADERS = (
        Topic.ARRIVAL,
        "hint",
        "No signature of a mail that arrived is over headers that people see or programs go by.",
        "Have `h=` name them.",
        "Whoever passes the mail on may change them, and it still passes as yours.",
        "https://www.rfc-editor.org/rfc/rfc6376#section-5.4.1",
    )
    UNSIGNED_UNSUBSCRIBE = (
        Topic.ARRIVAL,
        "warning",
        "No signature of a mail that arrived is over both headers that make the button to unsubscribe.",
        "Have `h=` name List-Unsubscribe and List-Unsubscribe-Post, or sign with `dkim` in the profile.",
        "Without that no mailbox has to show the button, and readers press the one for junk instead.",
        "https://www.rfc-editor.org/rfc/rfc8058#section-4",
    )
    WEAK_SIGNATURE = (
        Topic.ARRIVAL,
        "warning",
        "A signature of a mail that arrived lets its body be added to (`l=`), or is made with SHA-1.",
        "Have it signed with rsa-sha256, over the whole body.",
        "Others could put their words under your name, or mailboxes take it for no signature.",
        "https://www.rfc-editor.org/rfc/rfc8301",
    )
    NO_ONE_CLICK = (
        Topic.ARRIVAL,
        "warning",
        "One can unsubscribe from a mail that arrived, and not with one click.",
        "Write `unsubscribe` in the campaign, and ask the relay whether it keeps its headers.",
        "Gmail and Yahoo ask those who send much for it, in whatever is not a letter to one person.",
        "https://senders.yahooinc.com/best-practices/",
    )
    NO_UNSUBSCRIBE_SEEN = (
        Topic.ARRIVAL,
        "hint",
        "A mail that arrived has no List-Unsubscribe.",
        "Write `unsubscribe` in the campaign, if it is a mailing.",
        "Who finds no way out of a mailing marks it as junk.",
        "https://www.rfc-editor.org/rfc/rfc2369#section-3.2",
    )
    CLIPPED_MAIL = (
        Topic.ARRIVAL,
        "warning",
        "The HTML of a mail that arrived has more than 102 KB, where Gmail cuts it off.",
        "Write less, or have the relay add less.",
        "What is behind is not seen, and often that is the link to unsubscribe.",
        "https://www.spamresource.com/2022/01/what-is-gmail-clipping-and-what-to-do.html",
    )
    DIVERTED_LINK = (
        Topic.ARRIVAL,
        "hint",
        "A link in a mail that arrived shows one host and leads to another.",
        "Have the relay count no clicks, or let it use a name below your domain.",
        "Filters take it for the mark of fraud, and so do readers.",
    )
    REPLACED_ID = (
        Topic.ARRIVAL,
        "hint",
        "The relay replaced the Message-ID or the Date of a mail.",
        "Look for it in the relay's log by what it bears now.",
        "Bounces and logs name the mail by that, and the record by the one that was sent.",
    )
    LOST_HEADER = (
        Topic.ARRIVAL,
        "warning",
        "A header that was sent did not arrive.",
        "Ask the relay whether it lets it pass.",
        "Programs that go by it do without, as with the button to unsubscribe.",
    )
    CHANGED_HEADER = (
        Topic.ARRIVAL,
        "warning",
        "A header arrived with another value than it was sent with.",
        "Ask the relay why, or write what it lets pass.",
        "It is what readers see, answer to, or sort by.",
    )
    REWRITTEN_LINK = (
        Topic.ARRIVAL,
        "warning",
        "Links arrived that lead elsewhere than those that were sent.",
        "Have the relay count no clicks, or let it use a name below your domain.",
        "Clicks go through a host that readers do not know, and end when the relay does.",
    )
    ADDED_PICTURE = (
        Topic.ARRIVAL,
        "hint",
        "A picture arrived that nobody sent, as those that tell who opens a mail.",
        "Switch it off at the relay, where your readers were not asked.",
        "Where they live it may need their consent.",
    )
    CHANGED_TEXT = (
        Topic.ARRIVAL,
        "warning",
        "The words of a mail arrived other than they were sent.",
        "Ask the relay what it appends, or what its filter takes away.",
        "It says in your name what you did not write, and signatures made before do not hold.",
    )
    CHANGED_ATTACHMENT = (
        Topic.ARRIVAL,
        "warning",
        "Attachments arrived other than they were sent.",
        "Ask the relay, or whoever looks for viruses on the way.",
        "Readers get another file than the one that you meant, or none.",
    )
