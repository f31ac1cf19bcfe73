"""Questions to the DNS, each answered once and in bounded time; what comes back is data of strangers."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from sendbatch.errors import one_line

if TYPE_CHECKING:
    import dns.resolver

TIMEOUT = 5.0  # seconds for one question
BUDGET = 45.0  # seconds for all
HOPELESS = 2  # questions on which all were silent, before anybody was heard: nobody is asked any more


class Answer(NamedTuple):
    """What there is of a name. `exists` is whether the name does; `failed` says why nothing is known."""

    values: tuple[str, ...] = ()
    exists: bool = True
    failed: str = ""

    @property
    def is_known(self) -> bool:
        return not self.failed


class Asking:
    """`resolver` is the system's unless given; `timeout` in seconds for one question."""

    def __init__(
        self, resolver: dns.resolver.Resolver | None = None, timeout: float = TIMEOUT
    ) -> None:
        self.resolver = resolver
        self.timeout = timeout
        self._known: dict[tuple[str, str], Answer] = {}
        self._ends_at: float | None = None
        self.answered = 0
        self.is_heard = False  # whether a name server said anything, were it that it cannot tell
        self._silences = 0
        self.unanswered: dict[str, str] = {}  # names, with why

    def ask(self, name: str, kind: str) -> Answer:
        """`kind` is TXT, MX, A or AAAA. Raises nothing."""
        key = name.lower().rstrip("."), kind
        if key not in self._known:
            found = self._known[key] = self._asked(*key)
            if found.is_known:
                self.answered += 1
                self.is_heard = True
            else:
                self.unanswered.setdefault(f"{key[0]} ({kind})", found.failed)
        return self._known[key]

    def _asked(self, name: str, kind: str) -> Answer:
        import dns.exception
        import dns.name
        import dns.resolver

        now = monotonic()
        self._ends_at = self._ends_at or now + BUDGET
        if now >= self._ends_at:
            return Answer(failed=f"not asked: the others took {BUDGET:g} s")
        if not self.is_heard and self._silences >= HOPELESS:
            return Answer(failed="not asked: no name server answers")
        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Answer(exists=False)  # no name that there could be
        try:
            resolver = self.resolver or dns.resolver.Resolver()
            found = resolver.resolve(absolute, kind, lifetime=self.timeout, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(exists=False)
        except dns.resolver.NoAnswer:
            return Answer()
        except (dns.exception.DNSException, OSError, EOFError) as error:
            faults = _faults(error)
            self.is_heard = self.is_heard or bool(faults)
            self._silences += not faults
            return Answer(failed=_why(error, faults))
        return Answer(tuple(_text(kind, data) for data in found))


def _text(kind: str, data: object) -> str:
    if kind == "TXT":
        return b"".join(getattr(data, "strings", ())).decode("utf-8", "replace")
    if kind == "MX":
        return str(getattr(data, "exchange", ""))
    return str(data)


def _faults(error: Exception) -> list[str]:
    """The codes that name servers answered with, as SERVFAIL."""
    tried = getattr(error, "kwargs", {}).get("errors") or ()
    return sorted({one[3] for one in tried if isinstance(one[3], str)})


def _why(error: Exception, faults: list[str]) -> str:
    import dns.exception
    import dns.resolver

    if faults:
        return f"the name servers answer with a fault ({one_line(', '.join(faults), 60)})"
    if isinstance(error, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the name servers cannot be reached, or answer what nobody understands"
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return "this machine has no name server"
    return one_line(str(error) or type(error).__name__, 100)
