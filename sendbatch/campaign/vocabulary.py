"""The kinds that keys are declared with, ready to use: text, a column, a rate, one of some words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sendbatch.campaign.kinds import Anything, Plain, Rates, Secret
from sendbatch.campaign.language.checks import check_expression, check_template
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.model import Mailbox
from sendbatch.campaign.names import usable
from sendbatch.campaign.table import Schema
from sendbatch.campaign.written import hosts, values
from sendbatch.campaign.written.headers import header_name
from sendbatch.campaign.written.links import check_mailto, check_url
from sendbatch.campaign.written.media import PATTERN as MEDIA_TYPE_PATTERN
from sendbatch.campaign.written.media import media_type
from sendbatch.campaign.written.parsing import Wrong, is_encoding
from sendbatch.campaign.written.rates import PATTERN as RATE_PATTERN
from sendbatch.findings import Rule

DURATION_PATTERN = r"^ *([0-9]+(\.[0-9]+)? *(ms|s|m|min|h|d) *)+$"


def choice(*choices: str, meant: Mapping[str, str] | None = None) -> Plain[str]:
    """One of these words; `meant` are others that people write for them."""
    return Plain(values.choice(*choices, meant=meant), {"enum": list(choices)})


def switch(off: str, on: str) -> Plain[bool]:
    """One of two words, of which the second is true."""
    word = values.choice(off, on)

    def read(value: object) -> bool:
        return word(value) == on

    return Plain(read, {"enum": [off, on]})


def whole(low: int, high: int) -> Plain[int]:
    """A whole number between these two."""
    schema = {"type": "integer", "minimum": low, "maximum": high}
    return Plain(values.whole(low, high), schema)


def of_text(read: Callable[[str], str]) -> Callable[[object], str]:
    def read_text(value: object) -> str:
        return read(values.text(value))

    return read_text


def encoding(examples: str) -> Plain[str]:
    """The name of a text encoding."""

    def check(name: str) -> None:
        if not is_encoding(name):
            raise Wrong(f"no such encoding: {name}", f"such as {examples}")

    return Plain(values.line, _TEXT, (Rule.UNKNOWN_ENCODING, check))


def _usable_or_template(text: str) -> str:
    return text if is_template(text) else usable(text)


def _address_alone(mailto: str) -> str:
    return mailto.removeprefix("mailto:")


def _mailbox_name(box: Mailbox) -> None:
    check_template(box.name)


def _address(box: Mailbox) -> None:
    check_template(box.address)


_TEXT: Schema = {"type": ["string", "number"]}  # a number is taken as it is written
_STRING: Schema = {"type": "string"}
_DURATION: Schema = {"type": "string", "pattern": DURATION_PATTERN}
_AMOUNT: Schema = {"type": ["string", "integer"]}
_REFERENCES = r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\})+$"
_FINGERPRINT = "^[Ss][Hh][Aa]256:([0-9A-Fa-f]{2}:?){32}$"
_A_TEMPLATE = (Rule.TEMPLATE_SYNTAX, check_template)

TEXT = Plain(values.text, _TEXT)
LINE = Plain(values.line, _TEXT)
TEMPLATE = Plain(values.line, _TEXT, _A_TEMPLATE)
EXPRESSION = Plain(values.text, _TEXT, (Rule.TEMPLATE_SYNTAX, check_expression))
COLUMN = Plain(values.line, _TEXT, then=usable)
NAME_OF_COLUMN = Plain(values.text, _STRING, then=usable)  # as the key of a mapping
COLUMN_OR_TEMPLATE = Plain(values.line, _TEXT, _A_TEMPLATE, then=_usable_or_template)
URL = Plain(values.line, _TEXT, _A_TEMPLATE, (Rule.UNSUBSCRIBE_URL, check_url))
MAILTO = Plain(
    values.line, _TEXT, _A_TEMPLATE, (Rule.WRONG_VALUE, check_mailto), then=_address_alone
)
PATH = Plain(values.file, _STRING)  # as it is written; FoundFile looks for it
MEDIA_TYPE = Plain(of_text(media_type), {"type": "string", "pattern": MEDIA_TYPE_PATTERN})
NAME = Plain(values.name, {"type": "string", "pattern": f"^{values.NAME}$"})
PROJECT = Plain(values.project, _TEXT)
HEADER_NAME = Plain(of_text(header_name), _STRING)
HEADER_VALUE = Plain(values.header_value, _TEXT, _A_TEMPLATE)
VARIABLE_NAME = Plain(values.variable, _STRING)
ANYTHING = Anything()
TRUTH = Plain(values.truth, {"type": "boolean"})
ADDRESS = Plain(values.address, _STRING)
MAILBOX = Plain(values.mailbox, _STRING, (Rule.TEMPLATE_SYNTAX, _mailbox_name))
SENDER = Plain(
    values.sender, _STRING, (Rule.TEMPLATE_SYNTAX, _mailbox_name), (Rule.TEMPLATE_SYNTAX, _address)
)
RATE = Plain(values.rate, {"type": "string", "pattern": RATE_PATTERN})
RATES = Rates(RATE)
DURATION = Plain(values.duration, _DURATION)
LIMIT = Plain(values.limit, _DURATION)
BOUNDS = Plain(values.bounds, _AMOUNT)
TOLERANCE = Plain(values.tolerance, _AMOUNT)
SECRET = Plain(values.secret, {"type": "string", "pattern": _REFERENCES})
SIGNING_SECRET = Plain(values.signing_secret, {"type": "string", "pattern": _REFERENCES})
PRIVATE_KEY = Secret(values.private_key, {"type": "string", "pattern": _REFERENCES})
KEY_FILE = Plain(values.key_file, _STRING)
SIGNING_DOMAIN = Plain(of_text(hosts.signing_domain), _STRING)
SELECTOR = Plain(of_text(hosts.selector), _TEXT)
HOST = Plain(of_text(hosts.host), _STRING)
DOMAIN = Plain(of_text(hosts.domain), _STRING)
HELO = Plain(of_text(hosts.helo), _STRING)
FINGERPRINT = Plain(of_text(hosts.fingerprint), {"type": "string", "pattern": _FINGERPRINT})
DELIMITER = Plain(values.delimiter, {"enum": [*values.DELIMITERS, "\t"]})
