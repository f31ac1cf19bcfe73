"""Domains set aside: where all refusals in a row were at these, recipients of others are tried first.

Only then is it known whether the refusals are about us. Which domains, and for how long, is for the verdicts
and the brake to say. No I/O and no clock.
"""

from __future__ import annotations

from sendbatch.limits.gates import ANY_TIME, NEVER, Gate, Hold


class Aside(Gate):
    """Nobody at one of the `domains` is sent to, until they are no longer among them."""

    holds = False
    domains: frozenset[str] = frozenset()

    def set_to(self, domains: frozenset[str]) -> None:
        """Those, and no others, from now on."""
        self.domains, self.holds = domains, bool(domains)

    def due(self, now: float, domain: str) -> float:
        return NEVER if domain in self.domains else ANY_TIME

    def hold(self, domain: str) -> Hold:
        return Hold("others", "recipients at other domains, who are tried first")
