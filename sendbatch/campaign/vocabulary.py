"""The kinds that keys are declared with, ready to use: text, a column, a rate, one of some words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sendbatch.campaign.kinds import Anything, Plain, Rates, Secret
from sendbatch.campaign.language.checks import check_expression, check_template
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.model import Mailbox
from sendbatch.campaign.names import usable
from sendbatch.campaign.written import hosts, schemas, values
from sendbatch.campaign.written.headers import header_name
from sendbatch.campaign.written.links import check_mailto, check_url
from sendbatch.campaign.written.media import media_type
from sendbatch.campaign.written.parsing import Wrong, is_encoding
from sendbatch.findings import Rule


def choice(*choices: str, meant: Mapping[str, str] | None = None) -> Plain[str]:
    """One of these words; `meant` are others that people write for them."""
    return Plain(values.choice(*choices, meant=meant), schemas.words(*choices))


def switch(off: str, on: str) -> Plain[bool]:
    """One of two words, of which the second is true."""
    word = values.choice(off, on)

    def read(value: object) -> bool:
        return word(value) == on

    return Plain(read, schemas.words(off, on))


def whole(low: int, high: int) -> Plain[int]:
    """A whole number between these two."""
    return Plain(values.whole(low, high), schemas.whole(low, high))


def of_text(read: Callable[[str], str]) -> Callable[[object], str]:
    def read_text(value: object) -> str:
        return read(values.text(value))

    return read_text


def encoding(examples: str) -> Plain[str]:
    """The name of a text encoding."""

    def check(name: str) -> None:
        if not is_encoding(name):
            raise Wrong(f"no such encoding: {name}", f"such as {examples}")

    return Plain(values.line, schemas.LINE, (Rule.UNKNOWN_ENCODING, check))


def _usable_or_template(text: str) -> str:
    return text if is_template(text) else usable(text)


def _address_alone(mailto: str) -> str:
    return mailto.removeprefix("mailto:")


def _mailbox_name(box: Mailbox) -> None:
    check_template(box.name)


def _address(box: Mailbox) -> None:
    check_template(box.address)


_A_TEMPLATE = (Rule.TEMPLATE_SYNTAX, check_template)

TEXT = Plain(values.text, schemas.TEXT)
LINE = Plain(values.line, schemas.LINE)
TEMPLATE = Plain(values.line, schemas.LINE, _A_TEMPLATE)
EXPRESSION = Plain(values.text, schemas.TEXT, (Rule.TEMPLATE_SYNTAX, check_expression))
COLUMN = Plain(values.line, schemas.LINE, then=usable)
NAME_OF_COLUMN = Plain(values.text, {"type": "string"}, then=usable)  # as the key of a mapping
COLUMN_OR_TEMPLATE = Plain(values.line, schemas.LINE, _A_TEMPLATE, then=_usable_or_template)
RULE_ID = Plain(values.rule_id, schemas.words(*values.RULES))
URL = Plain(values.line, schemas.URL, _A_TEMPLATE, (Rule.UNSUBSCRIBE_URL, check_url))
MAILTO = Plain(
    values.line,
    schemas.MAILTO,
    _A_TEMPLATE,
    (Rule.WRONG_VALUE, check_mailto),
    then=_address_alone,
)
PATH = Plain(values.file, schemas.PATH)  # as it is written; FoundFile looks for it
MEDIA_TYPE = Plain(of_text(media_type), schemas.MEDIA_TYPE)
NAME = Plain(values.name, schemas.NAME)
PROFILE_NAME = Plain(values.name, schemas.PROFILE_NAME)
RECORD = Secret(values.record, schemas.RECORD)
PROJECT = Plain(values.project, schemas.LINE)
HEADER_NAME = Plain(of_text(header_name), schemas.HEADER_NAME)
HEADER_VALUE = Plain(values.header_value, schemas.HEADER_VALUE, _A_TEMPLATE)
VARIABLE_NAME = Plain(values.variable, schemas.VARIABLE_NAME)
ANYTHING = Anything()
TRUTH = Plain(values.truth, schemas.TRUTH)
ADDRESS = Plain(values.address, schemas.ADDRESS)
MAILBOX = Plain(values.mailbox, schemas.MAILBOX, (Rule.TEMPLATE_SYNTAX, _mailbox_name))
SENDER = Plain(
    values.sender,
    schemas.SENDER,
    (Rule.TEMPLATE_SYNTAX, _mailbox_name),
    (Rule.TEMPLATE_SYNTAX, _address),
)
REACHED = Plain(values.reached, schemas.REACHED)
RATE = Plain(values.rate, schemas.RATE)
RATES = Rates(RATE)
DURATION = Plain(values.duration, schemas.DURATION)
LIMIT = Plain(values.limit, schemas.LIMIT)
BOUNDS = Plain(values.bounds, schemas.BOUNDS)
TOLERANCE = Plain(values.tolerance, schemas.TOLERANCE)
SECRET = Plain(values.secret, schemas.REFERENCE)
SIGNING_SECRET = Plain(values.signing_secret, schemas.REFERENCE)
WEBHOOK = Secret(values.webhook, schemas.WEBHOOK)
PRIVATE_KEY = Secret(values.private_key, schemas.REFERENCE)
KEY_FILE = Plain(values.key_file, schemas.KEY_FILE)
SIGNING_DOMAIN = Plain(of_text(hosts.signing_domain), schemas.SIGNING_DOMAIN)
SELECTOR = Plain(of_text(hosts.selector), schemas.SELECTOR)
HOST = Plain(of_text(hosts.host), schemas.HOST)
DOMAIN = Plain(of_text(hosts.domain), schemas.DOMAIN)
HELO = Plain(of_text(hosts.helo), schemas.HELO)
FINGERPRINT = Plain(of_text(hosts.fingerprint), schemas.FINGERPRINT)
DELIMITER = Plain(values.delimiter, schemas.words(*values.DELIMITERS, "\t"))
