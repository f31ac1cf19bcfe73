"""A name server that answers over real UDP what a test tells it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

# By name and type; a name that is missing does not exist, and of one that is None nobody answers.
Zone: TypeAlias = Mapping[str, dict[str, list[str]] | dns.rcode.Rcode | None]


class NameServer:
    """Answers from a zone, on a UDP port of loopback; `asked` counts the questions."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.asked: Counter[tuple[str, str]] = Counter()
        self.answering = threading.Event()
        self.answering.set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            self.answering.wait()
            if not data:
                return
            if (answer := self._answer(data)) is not None:
                with contextlib.suppress(OSError):
                    self._socket.sendto(answer, peer)

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        known = self._zone.get(name, dns.rcode.NXDOMAIN)
        if known is None:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if isinstance(known, dns.rcode.Rcode):
            reply.set_rcode(known)
        elif kind in known:
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, known[kind]))
        return reply.to_wire()
