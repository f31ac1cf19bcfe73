"""What may stand in a campaign file and in profiles.yaml: the keys, and how each is read.

Every key is optional here; `REQUIRED` says what must be there and is checked apart, so that one
missing key hides no other fault. Short forms are widened on the nodes before.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from sendbatch.campaign import fields
from sendbatch.campaign.kinds import (
    Address,
    Anything,
    BoundsText,
    Domain,
    Duration,
    File,
    Fingerprint,
    HeaderName,
    HeaderValue,
    Helo,
    Host,
    Limit,
    Line,
    MailboxText,
    Name,
    NotYet,
    Project,
    RateText,
    Secret,
    Text,
    ToleranceText,
    Truth,
    VariableName,
)
from sendbatch.campaign.model import FAIL, REFUSE, SEND_WITHOUT

SECURITY = ("starttls", "tls", "none")
AUTH = ("auto", "plain", "login", "cram-md5", "xoauth2")
MOST_CONNECTIONS = 500
MOST_LINES = 10_000  # above a header
ADDRESSES = ("strict", "as_given")
UNREADABLE = ("refuse", "warn")
MISSING = (REFUSE, FAIL, SEND_WITHOUT)
MISSING_MEANT = {"error": REFUSE, "skip": SEND_WITHOUT, "ignore": SEND_WITHOUT, "send": SEND_WITHOUT}
SECURITY_MEANT = {"ssl": "tls", "smtps": "tls", "implicit": "tls", "explicit": "starttls"}

Security = Annotated[
    str,
    PlainValidator(fields.choice(*SECURITY, meant=SECURITY_MEANT)),
    WithJsonSchema({"enum": list(SECURITY)}),
]
Auth = Annotated[str, PlainValidator(fields.choice(*AUTH)), WithJsonSchema({"enum": list(AUTH)})]
Unreadable = Annotated[
    str,
    PlainValidator(fields.choice(*UNREADABLE)),
    WithJsonSchema({"enum": list(UNREADABLE)}),
]
Delimiter = Annotated[
    str,
    PlainValidator(fields.delimiter),
    WithJsonSchema({"enum": [*fields.DELIMITERS, "\t"]}),
]
Lines = Annotated[
    int,
    PlainValidator(fields.whole(0, MOST_LINES)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_LINES}),
]
Addresses = Annotated[
    str,
    PlainValidator(fields.choice(*ADDRESSES)),
    WithJsonSchema({"enum": list(ADDRESSES)}),
]
Missing = Annotated[
    str,
    PlainValidator(fields.choice(*MISSING, meant=MISSING_MEANT)),
    WithJsonSchema({"enum": list(MISSING)}),
]
Port = Annotated[
    int,
    PlainValidator(fields.whole(1, 65535)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]
Connections = Annotated[
    int,
    PlainValidator(fields.whole(1, MOST_CONNECTIONS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_CONNECTIONS}),
]
Positive = Annotated[
    int,
    PlainValidator(fields.whole(1, 1_000_000)),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]


class Declared(BaseModel):
    """A mapping of the file: keys that are not named here are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)
    REQUIRED: ClassVar[tuple[str, ...]] = ()


class DeclaredTimeouts(Declared):
    connect: Limit | None = Field(
        default=None, description="connecting, TLS, progress while sending"
    )
    greeting: Limit | None = None
    mail: Limit | None = None
    rcpt: Limit | None = None
    data: Limit | None = None
    final: Limit | None = Field(
        default=None, description="waiting for the reply to the whole message"
    )


class DeclaredProfile(Declared):
    provider: Line | None = Field(
        default=None, description="a preset: host, port, security, limits"
    )
    host: Host | None = None
    port: Port | None = None
    security: Security | None = None
    username: Line | None = Field(default=None, description="as it is, or ${NAME}")
    password: Secret | None = Field(default=None, description="by reference only: ${NAME}")
    password_command: Line | None = Field(
        default=None, description="its first line of output is used"
    )
    keyring: Line | None = Field(
        default=None, description="the service's name in the system's keyring"
    )
    auth: Auth | None = None
    connections: Connections | None = None
    messages_per_connection: Positive | None = None
    rate: list[RateText] | None = Field(default=None, description="14/s; several hold together")
    domains: dict[Domain, list[RateText]] | None = Field(
        default=None, description="rates by recipient domain"
    )
    timeout: Limit | None = Field(default=None, description="for connecting and progress: 60s")
    timeouts: DeclaredTimeouts | None = None
    delivers: Truth | None = Field(default=None, description="false: the server keeps the mail")
    helo: Helo | None = None
    ca: File | None = Field(
        default=None, description="certificates (PEM) to trust in place of the system's"
    )
    fingerprint: Fingerprint | None = Field(
        default=None, description="sha256:…, the one certificate to trust"
    )
    server_name: Host | None = Field(
        default=None, description="the name in the certificate, where host is another"
    )
    usage: File | None = Field(default=None, description="where the use of quotas is kept")
    allow_plaintext: Truth | None = None


class DeclaredSuppression(Declared):
    REQUIRED = ("file",)
    file: File | None = Field(default=None, description="a text file or a CSV; .gz too")
    column: Line | None = Field(default=None, description="of a CSV: where the entries stand")
    encoding: Line | None = None
    subdomains: Truth | None = Field(
        default=None, description="true: @example.com is also all below it"
    )
    unreadable: Unreadable | None = Field(
        default=None, description="warn: entries that cannot be read pass, with a warning"
    )


class DeclaredProfiles(Declared):
    """profiles.yaml"""

    suppress: list[DeclaredSuppression] | None = Field(
        default=None, description="for all campaigns that find this file"
    )
    project: Project | None = Field(
        default=None, description="whose records these are; default: the repository's origin"
    )
    profiles: dict[Name, DeclaredProfile] | None = None


class DeclaredRecipients(Declared):
    REQUIRED = ("file",)
    file: File | None = Field(default=None, description="a .csv or .csv.gz")
    email: Line | None = Field(default=None, description="the column with the address")
    name: Line | None = Field(default=None, description="a template for the name in To")
    key: Line | None = Field(
        default=None, description="a column or a template: what makes one delivery"
    )
    where: Text | None = Field(default=None, description="a Jinja expression; cells are text")
    defaults: dict[Text, Text] | None = Field(
        default=None, description="for empty or missing cells"
    )
    encoding: Line | None = None
    delimiter: Delimiter | None = Field(
        default=None, description="left out, it is found out: , ; tab |"
    )
    skip_lines: Lines | None = Field(default=None, description="lines above the header")
    addresses: Addresses | None = Field(
        default=None, description="as_given: dots and quotes before the @ as they stand"
    )
    check_deliverability: Truth | None = None
    required: list[Line] | None = Field(default=None, description="columns that may not be empty")


class DeclaredTemplates(Declared):
    html: File | None = None
    text: File | None = None
    markdown: NotYet | None = None
    layout: NotYet | None = None


class DeclaredUnsubscribe(Declared):
    url: Line | None = None
    mailto: Line | None = None
    one_click: Truth | None = Field(default=None, description="RFC 8058; needs an https url")


class DeclaredAttachment(Declared):
    REQUIRED = ("file",)
    file: File | None = Field(default=None, description="a path; may be a template")
    missing: Missing | None = Field(
        default=None, description="what becomes of a row whose own file is not there"
    )


class DeclaredRetry(Declared):
    attempts: Positive | None = None
    first_delay: Limit | None = None
    max_delay: Limit | None = None
    offline: Duration | None = None


def _smtp_kind(value: object) -> str:
    return "<profile>" if isinstance(value, dict) else "<name>"


Smtp = Annotated[
    Annotated[Line, Tag("<name>")] | Annotated[DeclaredProfile, Tag("<profile>")],
    Discriminator(_smtp_kind),
]


class DeclaredCampaign(Declared):
    """A sendbatch campaign file"""

    REQUIRED = ("name", "from", "subject", "recipients", "templates", "smtp")
    name: Name | None = Field(default=None, description="the campaign's identity")
    run: Text | None = Field(default=None, description="this edition; may be a template")
    sender: MailboxText | None = Field(default=None, alias="from")
    bounces_to: Address | None = Field(default=None, description="the envelope's sender")
    subject: Line | None = None
    recipients: DeclaredRecipients | None = None
    templates: DeclaredTemplates | None = None
    smtp: Smtp | None = Field(default=None, description="a profile's name, or a profile's mapping")
    rate: list[RateText] | None = Field(default=None, description="14/s; several hold together")
    reply_to: list[MailboxText] | None = None
    headers: dict[HeaderName, HeaderValue] | None = None
    attachments: list[DeclaredAttachment] | None = Field(
        default=None, description="paths; may be templates"
    )
    unsubscribe: DeclaredUnsubscribe | None = None
    suppress: list[DeclaredSuppression] | None = Field(
        default=None, description="lists of who gets nothing"
    )
    variables: dict[VariableName, Anything] | None = None
    expect: BoundsText | None = Field(default=None, description="1000 or 900-1100")
    tolerate: ToleranceText | None = Field(default=None, description="3 or 1%")
    retry: DeclaredRetry | None = None
