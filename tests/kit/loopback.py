"""Addresses of this machine alone."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def closed_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return int(bound.getsockname()[1])
