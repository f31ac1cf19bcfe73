"""Whether a link to unsubscribe is one of ours, and whose: what a web application asks, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.secrets import read_signing_secrets, signing_secrets
from sendbatch.errors import CampaignError
from sendbatch.findings import Rule
from sendbatch.message.tokens import Token, token_of

SECRET = "${UNSUBSCRIBE_SECRET}"  # noqa: S105 - where it is, where no campaign says


@dataclass(frozen=True, slots=True)
class Verified:
    """`campaign` and `key` are None, and `reason` says why, where no secret signed the link: what it says
    then is anybody's word."""

    campaign: str | None = None
    key: str | None = None
    reason: str = ""

    @property
    def exit_code(self) -> int:
        return 0 if self.key is not None else 1


def verify_token(url: str, campaign: Campaign | None, environ: Mapping[str, str]) -> Verified:
    """By the secrets of the campaign, or by the one in UNSUBSCRIBE_SECRET. Raises CampaignError where the
    campaign declares none, and where one is missing that might have signed the link."""
    try:
        token = token_of(url)
    except ValueError as error:
        return Verified(reason=str(error))
    if token.is_placeholder:
        return Verified(reason="it was made to be looked at, without the secret: no run sent it")
    return _verified(token, campaign, environ)


def _verified(token: Token, campaign: Campaign | None, environ: Mapping[str, str]) -> Verified:
    missing: list[CampaignError] = []
    for reference in _references(campaign):
        try:
            if campaign is None:
                secrets = signing_secrets([reference], (), environ)
            else:
                secrets = read_signing_secrets(campaign, [reference], environ)
        except CampaignError as error:
            missing.append(error)
            continue
        if token.is_signed_by(secrets):
            return Verified(token.campaign, token.key)
    if missing:
        raise CampaignError([finding for error in missing for finding in error.findings])
    return Verified(reason="no secret that is known here signed it")


def _references(campaign: Campaign | None) -> tuple[str, ...]:
    if campaign is None:
        return (SECRET,)
    declared = campaign.unsubscribe.sign if campaign.unsubscribe is not None else ()
    if not declared:
        place = campaign.places.get("unsubscribe")
        said = "unsubscribe.sign is not declared: no link of this campaign is signed"
        raise CampaignError(Rule.MISSING_SECRET.finding(said, place))
    return declared
