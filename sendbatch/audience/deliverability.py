"""Whether a domain takes mail at all: MX look-ups, cached, in bounded threads.

A look-up that fails (time limit, a broken name server) is never a verdict: only an answer is. dnspython
is loaded with the first: most campaigns ask for none, and it takes 20 ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from sendbatch.runtime.threads import in_thread
from sendbatch.values import Why

if TYPE_CHECKING:
    import dns.name
    import dns.resolver

THREADS = 16
MOMENT = 0.1  # seconds at most between two calls of a `heed`
HOPELESS = 2 * THREADS  # look-ups without one answer: nobody is asked any more


class Deliverability:
    """`timeout` in seconds for one question, of which a domain has three at most; `resolver` is
    the system's unless given."""

    def __init__(self, timeout: float = 5.0, resolver: dns.resolver.Resolver | None = None) -> None:
        self._timeout = timeout
        self._resolver = resolver
        self._known: dict[str, Why | None] = {}
        self._is_answered = False
        self.unanswered: set[str] = set()  # domains of which nothing could be learned

    def check(
        self, domains: Iterable[str], heed: Callable[[], None] = lambda: None
    ) -> dict[str, Why | None]:
        """For each domain (A-labels) why no mail can go there, or None where it may. `heed` is called
        after each answer, and while none comes; what it raises ends the rest."""
        wanted = list(dict.fromkeys(domains))
        left = deque(domain for domain in wanted if domain not in self._known)
        answers: SimpleQueue[tuple[str, Why | None]] = SimpleQueue()

        def look_up() -> None:
            with suppress(IndexError):
                while True:
                    domain = left.popleft()
                    answers.put((domain, self._look_up(domain)))

        missing = len(left)
        threads = [in_thread(look_up) for _ in range(min(THREADS, missing))]
        try:
            while missing and not any(thread.done() and thread.exception() for thread in threads):
                with suppress(Empty):
                    domain, why = answers.get(timeout=MOMENT)
                    self._known[domain] = why
                    missing -= 1
                heed()
        finally:
            left.clear()
        for thread in threads:
            thread.result()
        return {domain: self._known[domain] for domain in wanted}

    def _look_up(self, domain: str) -> Why | None:
        import dns.exception
        import dns.name
        import dns.resolver

        if len(self.unanswered) >= HOPELESS and not self._is_answered:
            self.unanswered.add(domain)
            return None
        try:
            resolver = self._resolver or dns.resolver.Resolver()
            name = dns.name.from_text(domain)
            try:
                answer = resolver.resolve(name, "MX", lifetime=self._timeout)
                self._is_answered = True
            except dns.resolver.NoAnswer:
                self._is_answered = True
                # RFC 5321 §5.1: without an MX the address record of the domain itself counts
                return self._without_mx(resolver, name, domain)
            if len(answer) == 1 and str(answer[0].exchange) == ".":
                return Why.NULL_MX  # RFC 7505
        except dns.resolver.NXDOMAIN:
            self._is_answered = True
            return Why.NO_DOMAIN
        except (dns.exception.DNSException, OSError):
            self.unanswered.add(domain)
            return None
        return None

    def _without_mx(
        self, resolver: dns.resolver.Resolver, name: dns.name.Name, domain: str
    ) -> Why | None:
        import dns.resolver

        for kind in ("A", "AAAA"):
            try:
                resolver.resolve(name, kind, lifetime=self._timeout)
            except dns.resolver.NoAnswer:
                continue
            return None
        return Why.NO_HOST
