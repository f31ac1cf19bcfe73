"""Domains that are likely misspelt: a large provider's with one letter wrong, or an ending that there is not.

No name is flagged that somebody may have. A name is compared with those alone that nobody else's is like:
`orange.fr` is like `grange.fr`, and both are somebody's. What is real and like one of them all the same is in
`REAL`.
"""

from __future__ import annotations

from functools import cache, lru_cache

# The large providers' domains, by what stands before the first dot. The endings, and the names in REAL, are
# those that email-providers 2.26.0 (https://github.com/derhuerst/email-providers, ISC) knows, with the
# misspelt ones that it holds left out.
COUNTRIES = (
    "com", "ca", "co.id", "co.il", "co.in", "co.jp", "co.kr", "co.nz", "co.th", "co.uk", "co.za", "com.ar",
    "com.au", "com.br", "com.cn", "com.co", "com.hk", "com.mx", "com.my", "com.pe", "com.ph", "com.sg",
    "com.tr", "com.tw", "com.ve", "com.vn", "at", "be", "ch", "cl", "cn", "cz", "de", "dk", "es", "fi",
    "fr", "gr", "hu", "ie", "in", "it", "jp", "nl", "no", "pl", "pt", "ro", "ru", "se", "sg", "sk",
)  # fmt: skip
PROVIDERS = {
    **dict.fromkeys(("yahoo", "hotmail", "outlook", "live"), COUNTRIES),
    **dict.fromkeys(("gmail", "googlemail", "icloud", "rocketmail", "rediffmail", "btinternet"), ("com",)),
    **dict.fromkeys(("comcast", "sbcglobal", "bellsouth", "earthlink", "optonline"), ("net",)),
    "protonmail": ("com", "ch"),
    "wanadoo": ("fr", "es", "co.uk"),
    "freenet": ("de",),
    "t-online": ("de", "hu"),
    "yandex": ("ru", "com"),
    "gmx": ("de", "net", "at", "ch", "com", "fr", "es", "co.uk", "org", "eu", "li", "info"),
    "web": ("de",),
    "aol": ("com", "de", "fr", "it", "es", "co.uk", "in"),
    "msn": ("com",),
    "ymail": ("com", "net", "org"),
    "orange": ("fr",),
    "free": ("fr",),
    "libero": ("it",),
    "mail": ("com", "ru", "de"),
    "me": ("com",),
    "verizon": ("net",),
    "laposte": ("net",),
}
# Nobody has a domain that is like these by chance. The longer ones may have another first letter too.
UNLIKE = (
    "gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "protonmail", "rocketmail",
    "rediffmail", "btinternet", "comcast", "sbcglobal", "bellsouth", "earthlink", "optonline", "wanadoo",
    "freenet", "yandex",
)  # fmt: skip
LONG = 8  # letters
# Of these providers, mail is at one domain alone, whichever of the usual endings somebody has put behind it.
ALONE = ("gmail", "googlemail", "icloud")
USUAL = frozenset({*COUNTRIES, "net", "org", "eu"})
REAL = frozenset({
    *("mail.com", "email.com", "cloud.com", "gotmail.com", "yahoo-inc.com", "earthling.net", "gmail.pl"),
    *(f"{name}.{ending}" for name, endings in PROVIDERS.items() for ending in endings),
})  # fmt: skip
# Names with a hyphen are like others' (`tv-online.de`): their misspellings are written out.
WRITTEN_OUT = dict.fromkeys(
    ("tonline.de", "t-onlin.de", "t-oline.de", "t-onlie.de", "t-onlne.de", "t-onine.de", "t-onlien.de"),
    "t-online.de",
)
# Endings that are no top-level domains (IANA's list of November 2026), and which the fingers make of others.
NO_ENDINGS = {
    **dict.fromkeys(("con", "cmo", "ocm", "comm", "coom", "ccom", "vom", "xom", "cpm", "cim", "comn"), "com"),
    **dict.fromkeys(("cok", "cop", "fom", "dom", "cob", "coml", "co.m", "cpom", "clm", "ckm"), "com"),
    **dict.fromkeys(("nett", "nte", "ner", "ney", "netr", "met"), "net"),
    **dict.fromkeys(("ogr", "rog", "orgg", "ort"), "org"),
    **dict.fromkeys(("couk", "co.ku", "co.ukk", "uk.co", "co.u"), "co.uk"),
    **dict.fromkeys(("ded", "dee", "dde"), "de"),
    **dict.fromkeys(("frr", "ffr"), "fr"),
    "itt": "it",
    "ruu": "ru",
}
# Endings that there are, and which nobody writes behind a provider's name who means them.
OTHERS_ENDINGS = {"co": "com", "cm": "com", "om": "com"}


@lru_cache(maxsize=8192)
def meant_by(domain: str) -> str | None:
    """What a domain (in lower case, as it stands in an address) was probably meant to be; None where it may
    well be right."""
    if domain in REAL:
        return None
    name, _, ending = domain.partition(".")
    right = NO_ENDINGS.get(ending, ending)
    if name in PROVIDERS:
        if name in UNLIKE:
            right = OTHERS_ENDINGS.get(right, right)
        if name in ALONE and right in USUAL:
            return f"{name}.com"
        own = PROVIDERS[name]
        return None if right == ending else f"{name}.{right if right in own else own[0]}"
    if domain in WRITTEN_OUT:
        return WRITTEN_OUT[domain]
    provider = _provider(name)
    if provider is not None:
        right = OTHERS_ENDINGS.get(right, right)
        if right in PROVIDERS[provider]:
            return f"{provider}.{right}"
    return f"{name}.{right}" if right != ending else None


def _provider(name: str) -> str | None:
    """Whose name this is, but for one letter."""
    known = _shortened()
    found = known.get(name)  # a letter is missing
    if found is not None:
        return found
    for place in range(len(name)):  # one too many, or another
        found = known.get(name[:place] + name[place + 1 :])
        if found is not None and _begins_as(name, found) and _is_near(name, found):
            return found
    return None


@cache
def _shortened() -> dict[str, str]:
    """Each of the names, by itself and by itself without one of its letters."""
    names = {name[:place] + name[place + 1 :]: name for name in UNLIKE for place in range(len(name))}
    return {**names, **dict(zip(UNLIKE, UNLIKE, strict=True))}


def _begins_as(name: str, other: str) -> bool:
    return name[0] == other[0] or len(other) >= LONG or name[:2] == other[1::-1]


def _is_near(name: str, other: str) -> bool:
    """Whether one letter was added or put in the place of another, or two stand the wrong way round."""
    start = 0
    while start < min(len(name), len(other)) and name[start] == other[start]:
        start += 1
    here, there = name[start:], other[start:]
    if len(name) > len(other):
        return here[1:] == there
    return here[1:] == there[1:] or (here[1::-1] == there[:2] and here[2:] == there[2:])
