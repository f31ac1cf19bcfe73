"""Tokens: what a signed link to unsubscribe ends with, so that nobody can make one for somebody else.

A link ends with `c=<campaign>&k=<key>&t=1.<signature>`. The key is that of the recipient, as base64url of
its UTF-8, and the signature HMAC-SHA-256 over `1.<campaign>.<key>` as they stand in the link, as base64url
too, both without padding (RFC 4648 §5). None of the three parts has a dot in it, so that no other campaign
and key give the same text. `1` is the version of all this.

The secret stays in the process that sends: others are given what it signed.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

VERSION = "1"
# In place of a signature where the secret is not to be had: of the same length, and never one.
PLACEHOLDER = "placeholder-made-without-the-signing-secret"
LONGEST_URL = 4_000  # characters of a link that is looked at; none of ours has more than 900

_MOST_PARAMETERS = 100
_LONGEST_SHOWN = 40
_CAMPAIGN = re.compile("[a-z0-9][a-z0-9-]{0,99}")
_BASE64URL = re.compile("[A-Za-z0-9_-]+")
_SIGNATURE_LENGTH = 43  # of 32 bytes


class Signer:
    """Signs the links of one campaign; without a secret their signature is a placeholder."""

    def __init__(self, campaign: str, secret: bytes | None = None) -> None:
        self._campaign = campaign
        begun = f"{VERSION}.{campaign}.".encode()
        self._begun = None if secret is None else hmac.new(secret, begun, "sha256")

    def query(self, key: str) -> str:
        """What the link of the recipient with this key ends with."""
        encoded = _base64url(key.encode("utf-8", "surrogatepass"))
        signature = PLACEHOLDER
        if self._begun is not None:
            mac = self._begun.copy()
            mac.update(encoded.encode("ascii"))
            signature = _base64url(mac.digest())
        return f"c={self._campaign}&k={encoded}&t={VERSION}.{signature}"


class Token(NamedTuple):
    """What a link claims: whose it is, for which campaign. It is true where `is_signed_by` says so."""

    campaign: str
    key: str
    signed: str  # the text that the signature is over
    signature: str

    @property
    def is_placeholder(self) -> bool:
        """Whether it was made without the secret, to be looked at."""
        return self.signature == PLACEHOLDER

    def is_signed_by(self, secrets: Iterable[bytes]) -> bool:
        """Whether one of the secrets signed it; how long that takes tells nothing of them."""
        given, found = self.signature.encode("ascii"), False
        for secret in secrets:
            mac = hmac.digest(secret, self.signed.encode("ascii"), "sha256")
            found |= hmac.compare_digest(_base64url(mac).encode("ascii"), given)
        return found


def token_of(url: str) -> Token:
    """The token at the end of a link, which may come from anybody. Raises ValueError with what is wrong."""
    if len(url) > LONGEST_URL:
        raise ValueError(f"a link of more than {LONGEST_URL:,} characters is none of ours")
    found = parse_qsl(
        urlsplit(url.strip()).query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS
    )
    campaign, encoded, token = (_only(found, name) for name in ("c", "k", "t"))
    version, _, signature = token.partition(".")
    if version != VERSION:
        raise ValueError(f"t begins with no version that is known: {token[:_LONGEST_SHOWN]!r}")
    if len(signature) != _SIGNATURE_LENGTH or not _BASE64URL.fullmatch(signature):
        raise ValueError(f"t is not {VERSION}. and {_SIGNATURE_LENGTH} characters of base64url")
    if not _CAMPAIGN.fullmatch(campaign):
        raise ValueError(f"c is not the name of a campaign: {campaign[:_LONGEST_SHOWN]!r}")
    return Token(campaign, _key(encoded), f"{VERSION}.{campaign}.{encoded}", signature)


def _only(parameters: Iterable[tuple[str, str]], name: str) -> str:
    values = [value for other, value in parameters if other == name]
    if len(values) != 1:
        how_many = "no parameter" if not values else "more than one parameter"
        raise ValueError(f"the link has {how_many} {name}")
    return values[0]


def _key(encoded: str) -> str:
    if _BASE64URL.fullmatch(encoded):
        padded = encoded + "=" * (-len(encoded) % 4)
        try:
            return urlsafe_b64decode(padded).decode("utf-8", "surrogatepass")
        except ValueError:
            pass
    raise ValueError(f"k is not base64url of a text: {encoded[:_LONGEST_SHOWN]!r}")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
