"""What a domain asks mailboxes to do with mail that is not its own (DMARC), and who belongs to one
organisation.

That is found by walking up the names (https://datatracker.ietf.org/doc/draft-ietf-dmarc-dmarcbis/ §4.10), and
not by a list of public suffixes: such a list is out of date as soon as it is kept, and what has no record
anywhere has no policy that an alignment could matter for.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.published.asking import Asking

MOST_QUERIES = 8  # §4.10
_RECORD = re.compile(r"\s*v\s*=\s*(?P<version>dmarc1)\s*(?:;|$)", re.IGNORECASE)
_POLICIES = ("none", "quarantine", "reject")


class Dmarc(NamedTuple):
    """What holds for a domain. `at` is where the record stands; `policy` what it asks for this domain, ""
    where there is none; `broken` says why a record counts for nothing; `failed` why nothing is known."""

    at: str = ""
    policy: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    organisation: str = ""
    broken: str = ""
    failed: str = ""


def dmarc_of(domain: str, asking: Asking) -> Dmarc:
    """For a domain in From."""
    walked: list[tuple[str, dict[str, str]]] = []
    broken = ""
    for name in _upwards(domain):
        answer = asking.ask(f"_dmarc.{name}", "TXT")
        if not answer.is_known:
            return Dmarc(failed=answer.failed, organisation=domain)
        tags, wrong = _read(name, answer.values)
        broken = broken or wrong
        if tags is not None:
            walked.append((name, tags))
            if tags.get("psd") == "n":
                break
    organisation = _organisation(domain, walked)
    for at, tags in walked:
        if at in (domain, organisation):
            policy = tags.get("sp", tags["p"]) if at != domain else tags["p"]
            return Dmarc(
                at, policy, tags.get("adkim") == "s", tags.get("aspf") == "s", organisation, broken
            )
    return Dmarc(organisation=organisation, broken=broken)


def organisation_of(domain: str, asking: Asking) -> str:
    return dmarc_of(domain, asking).organisation


def _upwards(domain: str) -> list[str]:
    labels = domain.split(".")
    names = [".".join(labels[at:]) for at in range(len(labels))]
    return names if len(names) <= MOST_QUERIES else [names[0], *names[-(MOST_QUERIES - 1) :]]


def _organisation(domain: str, walked: list[tuple[str, dict[str, str]]]) -> str:
    """§4.10.2: of the records on the way the highest, but for one of a public suffix."""
    found = domain
    for name, tags in walked:
        if tags.get("psd") == "y" and name != domain:
            labels = len(name.split(".")) + 1
            return ".".join(domain.split(".")[-labels:])
        found = name
    return found


def _read(name: str, values: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    """The tags of the one record, None where none counts, and then why."""
    records = [value for value in values if _RECORD.match(value)]
    if not records:
        return None, ""
    if len(records) > 1:
        return None, f"_dmarc.{name} has {len(records)} DMARC records, so none counts"
    if not _RECORD.sub(r"\g<version>", records[0]).startswith("DMARC1"):  # §4.7: by letter and case
        return None, f"the DMARC record at _dmarc.{name} has to begin with v=DMARC1, in capitals"
    pairs = (tag.partition("=")[::2] for tag in records[0].split(";"))
    tags = {key.strip().lower(): value.strip().lower() for key, value in pairs if key.strip()}
    if "p" not in tags and "rua" in tags:
        tags["p"] = "none"  # §4.7
    for key in ("p", "sp"):
        if key in tags and tags[key] not in _POLICIES:
            shown = one_line(tags[key], 60)
            return None, f"the DMARC record at _dmarc.{name} has {key}={shown}, which is no policy"
    if "p" not in tags:
        return None, f"the DMARC record at _dmarc.{name} has no p="
    return tags, ""
