"""The kinds of values in the files: each a reader of `fields` with what the JSON Schema says of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from sendbatch.campaign import fields
from sendbatch.campaign.model import Bounds, Mailbox, Rate, Tolerance
from sendbatch.campaign.written import rates

DURATION = r"^ *([0-9]+(\.[0-9]+)? *(ms|s|m|min|h|d) *)+$"

_TEXT = {"type": ["string", "number"]}
_LINES = {"type": "string"}
Text = Annotated[str, PlainValidator(fields.text), WithJsonSchema(_TEXT)]
Line = Annotated[str, PlainValidator(fields.line), WithJsonSchema(_TEXT)]
File = Annotated[str, PlainValidator(fields.file), WithJsonSchema(_LINES)]
Name = Annotated[
    str,
    PlainValidator(fields.name),
    WithJsonSchema({"type": "string", "pattern": f"^{fields.NAME}$"}),
]
Project = Annotated[str, PlainValidator(fields.project), WithJsonSchema(_TEXT)]
HeaderName = Annotated[str, PlainValidator(fields.header_name), WithJsonSchema(_LINES)]
HeaderValue = Annotated[str, PlainValidator(fields.header_value), WithJsonSchema(_TEXT)]
VariableName = Annotated[str, PlainValidator(fields.variable), WithJsonSchema(_LINES)]
Anything = Annotated[object, PlainValidator(fields.plain), WithJsonSchema({})]
Truth = Annotated[bool, PlainValidator(fields.truth), WithJsonSchema({"type": "boolean"})]
Address = Annotated[str, PlainValidator(fields.address), WithJsonSchema(_LINES)]
MailboxText = Annotated[Mailbox, PlainValidator(fields.mailbox), WithJsonSchema(_LINES)]
RateText = Annotated[
    Rate, PlainValidator(fields.rate), WithJsonSchema({"type": "string", "pattern": rates.PATTERN})
]
Duration = Annotated[
    float, PlainValidator(fields.duration), WithJsonSchema({"type": "string", "pattern": DURATION})
]
Limit = Annotated[
    float, PlainValidator(fields.limit), WithJsonSchema({"type": "string", "pattern": DURATION})
]
BoundsText = Annotated[
    Bounds, PlainValidator(fields.bounds), WithJsonSchema({"type": ["string", "integer"]})
]
ToleranceText = Annotated[
    Tolerance, PlainValidator(fields.tolerance), WithJsonSchema({"type": ["string", "integer"]})
]
Secret = Annotated[
    str,
    PlainValidator(fields.secret),
    WithJsonSchema({"type": "string", "pattern": r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\})+$"}),
]
Host = Annotated[str, PlainValidator(fields.host), WithJsonSchema(_LINES)]
Fingerprint = Annotated[
    str,
    PlainValidator(fields.fingerprint),
    WithJsonSchema({"type": "string", "pattern": "^[Ss][Hh][Aa]256:([0-9A-Fa-f]{2}:?){32}$"}),
]
Domain = Annotated[str, PlainValidator(fields.domain), WithJsonSchema(_LINES)]
Helo = Annotated[str, PlainValidator(fields.helo), WithJsonSchema(_LINES)]
NotYet = Annotated[str, PlainValidator(fields.not_yet), WithJsonSchema({"not": {}})]
