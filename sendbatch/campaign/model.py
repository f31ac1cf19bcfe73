"""What a campaign is once everything declared was read, checked and resolved.

Frozen dataclasses without YAML: absolute paths, parsed rates, the profile merged in.
Durations are seconds, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from sendbatch.errors import GIVEN, Place, shown
from sendbatch.runtime.notebook import Shown, Told

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` recipients in any `seconds`: below an hour a pace, else a quota of an hour, a day or a month
    of 30 days (3600, 86400 or 2592000)."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Retry:
    attempts: int = 6
    first_delay: float = 60.0
    max_delay: float = 1800.0
    offline: float = 1800.0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name (may be empty) and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        """For people; in a header it is written otherwise."""
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Senders:
    """Those of whom each row names one: the `address` is a template, and `boxes` are all that it may give.
    `take_bounces` says that bounces go to the row's own."""

    address: str
    boxes: tuple[Mailbox, ...]
    take_bounces: bool


@dataclass(frozen=True, slots=True)
class Recipients:
    """`columns` are there where a program gave the rows: they are in `file` without a header, and numbered
    from 1."""

    file: Path
    email: str = "email"  # a usable column name
    name: str | None = None  # a template for the display name in To
    key: str | None = None  # a usable column name or a template; None: the address
    where: str | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    delimiter: str | None = None  # None: found out
    skip_lines: int = 0  # above the header
    as_given: bool = False  # addresses with dots and quotes before the @ that no standard has
    check_deliverability: bool = False
    required: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None

    @property
    def shown(self) -> str:
        """The file as a person would write it, or that a program gave the rows: the `file` of a Place."""
        return shown(self.file) if self.columns is None else GIVEN


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """A list of who must not be written to. `column` names that of a CSV, as its header has it;
    `subdomains` lets @domain stand for what is below it too; `lenient` lets entries pass that
    cannot be read, with a warning."""

    file: Path
    column: str | None = None
    encoding: str = "utf-8"
    subdomains: bool = False
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """The path of a template that each row is led to by its values. `written` is as it stands, `folder` the
    absolute one that its author wrote before the first `{{ }}`; `pieces` are what stands below it and the
    expressions between, in turn."""

    written: str
    folder: Path
    pieces: tuple[str, ...]

    @property
    def expressions(self) -> tuple[str, ...]:
        return self.pieces[1::2]

    @property
    def suffix(self) -> str:
        return Path(f"x{self.pieces[-1]}").suffix

    @property
    def name(self) -> str:
        return self.written.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Templates:
    """`fallback` are values that paths are filled in with where there is no file for a row's own."""

    html: Path | PathTemplate | None = None
    text: Path | PathTemplate | None = None
    markdown: Path | PathTemplate | None = None
    layout: Path | PathTemplate | None = None
    fallback: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, Path | PathTemplate]:
        """Those that are named, by their keys."""
        named = {"html": self.html, "text": self.text, "markdown": self.markdown, "layout": self.layout}
        return {key: path for key, path in named.items() if path is not None}

    @property
    def by_row(self) -> dict[str, PathTemplate]:
        """Those whose path a row decides."""
        return {key: path for key, path in self.files.items() if isinstance(path, PathTemplate)}


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """`sign` are references to the secrets of signed links: the first signs, all verify."""

    url: str | None = None
    mailto: str | None = None
    one_click: bool = False
    sign: tuple[str, ...] = ()


VARIANT = "variant"  # by this name templates know which of several subjects a recipient gets

REFUSE, FAIL, SEND_WITHOUT = "refuse", "fail", "send_without"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A path, or a template of one. `missing` says what becomes of a row whose file is not there: it
    refuses the plan, fails alone, or is sent without it. It is saved under `name`, a template, or under the
    file's own; its media type is `type`, or that of the name's ending."""

    file: str
    missing: str = REFUSE
    name: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits on waiting, seconds (RFC 5321 §4.5.3.2)."""

    connect: float = 60.0  # connecting, TLS, and progress while sending
    greeting: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    final: float = 600.0


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A header by which a provider drops repetitions, and for how many seconds it remembers."""

    header: str
    holds: float


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret comes from; never the secret itself.

    Exactly one is set: `template` (text with ${NAME} references), `command`, `keyring`.
    """

    template: str | None = None
    command: str | None = None
    keyring: str | None = None


@dataclass(frozen=True, slots=True)
class Dkim:
    """A signature of a domain's own. The private key is in `key_file`, or is what `key` refers to: one of
    them is set, and both may hold ${NAME} references. `place` is where the domain stands, `key_place` the
    key."""

    domain: str  # A-labels, lower case
    selector: str
    key_file: str | None = None
    key: str | None = None
    place: Place | None = None
    key_place: Place | None = None


END, WAIT, STOP = "end", "wait", "stop"  # when somebody is told of a run


@dataclass(frozen=True, slots=True)
class Notification:
    """Who is told of a run: a webhook, whose `url` holds ${NAME} references and is never shown filled. Its
    host tells the `shape` of what is posted there, where none is named; `template` is a text of the author's
    own in place of it, and gives the media `type`. A `.env` is looked for in these `folders`."""

    url: str
    shape: str | None = None
    template: str | None = None
    type: str = "application/json"
    on: tuple[str, ...] = (END, WAIT, STOP)
    folders: tuple[Path, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A way to a server, presets merged in.

    `name` is "sandbox" for the built-in one (host and port are then filled in once the embedded
    server listens). `slow_down` are case-insensitive regular expressions over reply texts that ask
    for a lower rate. `size_limit` is the preset's greatest message in bytes, if published. `mailing` are
    the headers that the provider wants in mailings: CAMPAIGN and SENDER stand for names.
    """

    name: str
    host: str
    port: int
    security: str  # starttls | tls | none
    provider: str | None = None
    username: SecretSource | None = None
    password: SecretSource | None = None
    auth: str = "auto"
    connections: int = 4
    messages_per_connection: int | None = None
    rates: tuple[Rate, ...] = ()
    domains: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    timeouts: Timeouts = Timeouts()
    delivers: bool = True
    helo: str | None = None
    ca: Path | None = None  # a PEM file, in place of the system's authorities
    fingerprint: str | None = None  # sha256:… of the only certificate to trust
    server_name: str | None = None  # in the certificate, where it is not the host's
    usage: Path | None = None
    idempotency: Idempotency | None = None
    slow_down: tuple[str, ...] = ()
    size_limit: int | None = None
    mailing: tuple[tuple[str, str], ...] = ()
    dkim: tuple[Dkim, ...] = ()
    notify: tuple[Notification, ...] = ()
    only_to: tuple[str, ...] = ()  # addresses, @domain and @*.domain (A-labels); none: everybody is reached
    redirect_to: str | None = None
    source: Path | None = None  # the profiles.yaml it stands in; its .env lies beside it
    place: Place | None = None

    @property
    def mails_the_list(self) -> bool:
        """Whether recipients get mail by it: the server keeps none, and none goes elsewhere."""
        return self.delivers and self.redirect_to is None

    @property
    def has_own_record(self) -> bool:
        """Whether what goes through it never counts for what goes through another profile."""
        return not self.mails_the_list or bool(self.only_to)

    @property
    def reach(self) -> str:
        """Whom its mail goes to, as a person is told it; "" where that is the whole list."""
        to_few = f"only to {', '.join(self.only_to)}" if self.only_to else ""
        if self.redirect_to is not None:
            which = f", of what would go {to_few}," if to_few else ""
            return f"everything{which} goes to {self.redirect_to}: nobody on the list gets it"
        return f"it goes {to_few}, and to nobody else" if to_few else ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`low`–`high` recipients, both inclusive."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Tolerance:
    """So many recipients without the mail still count as success: a count or a share (0–1)."""

    count: int = 0
    share: float | None = None


CLIENTS = ("gmail", "outlook", "apple-mail", "yahoo")  # families of programs that show mail
BULK = 100  # recipients from which on a mail is one in bulk, where its author does not say


@dataclass(frozen=True, slots=True)
class Checking:
    """What is looked for: `ignore` are the ids of rules whose findings are not told, `clients` the programs
    whose readers the HTML is meant for."""

    ignore: tuple[str, ...] = ()
    bulk: bool | None = None
    clients: tuple[str, ...] = CLIENTS

    def is_bulk(self, recipients: int) -> bool:
        """Whether a mail to so many has to keep what mailbox providers ask of those who write to many."""
        return recipients >= BULK if self.bulk is None else self.bulk


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose record a campaign's is. `project` is "" for none; `path` is the campaign file's, relative to
    `root`, or absolute where there is no project, and `root` is "/" then."""

    project: str
    root: Path
    path: str


@dataclass(frozen=True, slots=True, repr=False)
class Campaign(Shown):
    """One campaign, resolved. `run` is the edition, "" for none; `run_given` says that one was
    asked for on the command line, were it the one without a name. `typed` are the other options
    that it was loaded with, as words, for the lines that lead on.

    `places` maps dotted paths of the campaign file ("subject", "headers.X-Campaign",
    "attachments.0", "recipients.where") to where they stand, for errors found later.
    `rows` keeps the file of rows that a program gave, for as long as it is there itself.
    `folder` is the campaign file's folder; `sources` are the files that it is made from, itself first: no
    recipient may have one of them attached.
    """

    file: Path
    folder: Path
    name: str
    run: str
    sender: Mailbox
    bounces_to: str
    subject: str
    recipients: Recipients
    templates: Templates
    profile: Profile
    rates: tuple[Rate, ...] = ()
    preheader: str | None = None
    reply_to: tuple[Mailbox, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    unsubscribe: Unsubscribe | None = None
    suppress: tuple[SuppressionList, ...] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()  # names given with --set; a column of that name is an error
    declared_variables: tuple[str, ...] = ()  # the names of those that the file itself gives
    run_names: tuple[str, ...] = ()  # the names that the edition in the file is made of
    expect: Bounds | None = None
    tolerate: Tolerance = Tolerance()
    retry: Retry = Retry()
    check: Checking = Checking()
    notify: tuple[Notification, ...] = ()  # beside those of the profile
    places: Mapping[str, Place] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()
    run_given: bool = False
    typed: tuple[str, ...] = ()
    belongs: Belonging = Belonging("", Path("/"), "")
    record: str = ""  # as profiles.yaml says: "git", or a database's address, in which a reference may stand
    record_file: Path | None = None  # that profiles.yaml
    inline_css: bool = True
    invite: Path | str | None = None  # a calendar for everybody, or the template of a path
    senders: Senders | None = None  # `sender` has the first one's address then
    subjects: tuple[str, ...] = ()  # all, where there are several; `subject` is the first
    # Of keys that sign, by this profile or another: the path as it is written, and in which file.
    key_files: tuple[tuple[str, Path], ...] = ()
    rows: object = field(default=None, repr=False, compare=False)

    def told(self) -> Told:
        profile = self.profile
        files = (path if isinstance(path, Path) else path.written for path in self.templates.files.values())
        facts = {
            "file": shown(self.file),
            "from": f"{self.sender.name} <{self.sender.address}>".strip(),
            "subject": self.subject,
            "recipients": self.recipients.shown.strip("<>"),
            "templates": ", ".join(Path(path).name for path in files),
            "smtp": f"{profile.name}" + (f" ({profile.host}:{profile.port})" if profile.host else ""),
            "delivers": profile.reach or "yes" if profile.delivers else "no: it keeps the mail",
        }
        return Told(f"campaign {self.title}", facts)

    @property
    def title(self) -> str:
        """Its name, with the edition behind it."""
        return f"{self.name} ({self.run})" if self.run else self.name
