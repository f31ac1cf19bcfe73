"""A name server that answers over real UDP and TCP what a test tells it."""

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
_MOST_OVER_UDP = 1232  # bytes, as name servers have it: what is longer is asked for again over TCP


class NameServer:
    """Answers from a zone, on a port of loopback; `asked` counts the questions over UDP, `over_tcp` those
    over TCP. A CNAME is followed, for as long as it leads on."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.asked: Counter[tuple[str, str]] = Counter()
        self.over_tcp = 0
        self.answering = threading.Event()
        self.answering.set()
        self._socket, self._listener = _ports()
        self.port: int = self._socket.getsockname()[1]
        self._threads = [
            threading.Thread(target=self._serve),
            threading.Thread(target=self._serve_tcp),
        ]

    def resolver(self) -> dns.resolver.Resolver:
        """One that asks this server."""
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], self.port
        return found

    def __enter__(self) -> NameServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        for thread in self._threads:
            thread.join()
        self._socket.close()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            self.answering.wait()
            if not data:
                return
            query = dns.message.from_wire(data)
            name, kind = _question(query)
            self.asked[name, kind] += 1
            if (reply := self._answer(query)) is not None:
                answer = reply.to_wire()
                if len(answer) > _MOST_OVER_UDP:
                    short = dns.message.make_response(query)
                    short.flags |= dns.flags.RA | dns.flags.TC
                    answer = short.to_wire()
                with contextlib.suppress(OSError):
                    self._socket.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        """One question a connection; one that asks nothing is the last."""
        while True:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(OSError):
                length = int.from_bytes(_exactly(connection, 2), "big")
                if not length:
                    return
                self.over_tcp += 1
                reply = self._answer(dns.message.from_wire(_exactly(connection, length)))
                if reply is not None:
                    answer = reply.to_wire(max_size=65535)
                    connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        name, kind = _question(query)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        for _ in range(30):
            known = self._zone.get(name, dns.rcode.NXDOMAIN)
            if known is None:
                return None
            if isinstance(known, dns.rcode.Rcode):
                reply.set_rcode(known)
                return reply
            if kind in known:
                reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, known[kind]))
                return reply
            if "CNAME" not in known:
                return reply
            (target,) = known["CNAME"]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
            name = target
        return reply


def _question(query: dns.message.Message) -> tuple[str, str]:
    question = query.question[0]
    return question.name.to_text(), dns.rdatatype.to_text(question.rdtype)


def _ports() -> tuple[socket.socket, socket.socket]:
    """One port for both, which may be taken for one of them."""
    while True:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.bind(datagrams.getsockname())
        except OSError:
            datagrams.close()
            listener.close()
            continue
        listener.listen()
        return datagrams, listener


def _exactly(connection: socket.socket, number: int) -> bytes:
    found = b""
    while len(found) < number and (more := connection.recv(number - len(found))):
        found += more
    return found
