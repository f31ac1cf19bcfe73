"""Locales and currencies, by the names that cells and authors give them; what is none is told with a guess.

The data is that of CLDR, as Babel has it: loaded where a template asks for it, each locale for itself.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jinja2

from sendbatch.campaign.language.numbers import is_locale
from sendbatch.campaign.names import guess

if TYPE_CHECKING:
    from babel import Locale

_LONGEST = 40  # characters of a name
# What people write who mean a currency, or a locale.
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "zł": "PLN", "Fr.": "CHF"}
_LANGUAGES = {
    "german": "de", "deutsch": "de", "english": "en", "englisch": "en", "french": "fr", "français": "fr",
    "spanish": "es", "español": "es", "italian": "it", "italiano": "it", "dutch": "nl", "polish": "pl",
    "portuguese": "pt", "gb": "en_GB", "us": "en_US",
}  # fmt: skip


class NoLocale(jinja2.TemplateRuntimeError):
    """The name of no locale, or of no currency."""

    def __init__(self, said: str, hint: str) -> None:
        super().__init__(f"{said}: {hint}")
        self.said, self.hint = said, hint


def locale_of(name: Any, asking: str) -> Locale:
    """The locale of a name such as "de", "de_AT" or "pt-BR"; of a language in a country that has nothing of
    its own for it, the language. `asking` is the filter that asks. Raises NoLocale."""
    if isinstance(name, jinja2.Undefined):
        str(name)  # which raises what says so
    if not isinstance(name, str) or not name.strip():
        shown = "empty" if isinstance(name, str) else f"{name!r:.{_LONGEST}}"
        raise NoLocale(f"|{asking} needs a locale, and the one it has is {shown}", WRITE[asking])
    return _locale(name.strip())


def currency_of(name: Any) -> str:
    """The code of a currency, "EUR". Raises NoLocale."""
    if not isinstance(name, str) or not name.strip():
        raise NoLocale("|money needs a currency, and has none", 'write money("EUR")')
    return _currency(name.strip())


WRITE = {
    "money": 'write money("EUR", "de_DE")',
    "date": 'write date("long", "de")',
    "number": 'write number("de")',
}


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    parts = name.replace("-", "_").split("_")
    tried = ["_".join(parts)]
    if len(parts) == 2 and parts[1].upper() in Locale("en").territories:
        tried.append(parts[0])
    for written in tried if is_locale(name) else ():
        with contextlib.suppress(UnknownLocaleError, ValueError):
            return Locale.parse(written)
    near = _near(name[:_LONGEST])
    meant = f"did you mean {near}?" if near else "write one such as de or de_DE"
    raise NoLocale(f"no locale is called {name[:_LONGEST]}", meant)


@lru_cache(maxsize=256)
def with_country(locale: Locale) -> Locale:
    """Of a language alone, the language in the country where most who speak it live: weeks are a country's
    (UTS #35 part 4, Week Data; "Likely Subtags" in part 1)."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global, parse_locale

    if locale.territory is not None or locale.variant is not None:
        return locale
    likely = get_global("likely_subtags")
    full = likely.get(str(locale)) or likely.get(locale.language)
    if full is None:
        return locale
    language, country, script = parse_locale(full)[:3]
    for its_script in (locale.script, script):
        with contextlib.suppress(UnknownLocaleError):
            return Locale("nb" if language == "no" else language, country, its_script)
    return locale


@lru_cache(maxsize=256)
def _near(name: str) -> str | None:
    """What may be meant by the name of no locale."""
    from babel.localedata import locale_identifiers

    known, parts = locale_identifiers(), name.replace("-", "_").split("_")
    if len(parts) > 1 and parts[0].lower() in known:
        return parts[0].lower()
    word = guess(name, _LANGUAGES)
    return _LANGUAGES[word] if word else guess("_".join(parts), known)


@lru_cache(maxsize=256)
def _currency(name: str) -> str:
    from babel.numbers import list_currencies

    known = list_currencies()
    if name in known:
        return name
    near = _SIGNS.get(name) or guess(name.upper()[:_LONGEST], known)
    meant = f"did you mean {near}?" if near else "write its code, EUR or USD"
    raise NoLocale(f"no currency is called {name[:_LONGEST]}", meant)
