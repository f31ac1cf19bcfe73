"""A mailbox in Debian's Dovecot, on loopback and over TLS, with a folder for junk; mails are laid into it as
a server that delivers would."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.kit.loopback import HOST, closed_port
from tests.kit.tools import find_or_skip
from tests.kit.waiting import until

USER, PASSWORD = "rita@example.com", "correct-horse"
CONFIG = """\
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {internal}
default_login_user = {internal}
default_internal_group = {group}
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
ssl_dh =
mail_location = maildir:{folder}/mail
first_valid_uid = 1
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
"""


class Dovecot:
    """`tls` and `starttls` are its ports; `authority` is the file by which its certificate is trusted."""

    def __init__(self, folder: Path, tls: int, starttls: int) -> None:
        self.folder, self.tls, self.starttls = folder, tls, starttls
        self.authority = folder / "ca.pem"
        self._number = 0

    def url(self, user: str = "rita%40example.com", folder: str = "") -> str:
        return f"imaps://{user}@localhost:{self.tls}/{folder}"

    def deliver(self, mail: bytes, folder: str = "") -> None:
        """`folder` is "" for INBOX, else that of another folder."""
        self._number += 1
        into = self.folder / "mail" / folder / "new"
        until(into.is_dir, "the mailbox")
        one = self.folder / f"one.{self._number}"
        one.write_bytes(mail)
        one.chmod(0o666)
        one.rename(into / f"{self._number}.test.{self._number}")


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    program = find_or_skip("dovecot", "proofs are read in a mailbox")
    folder = Path(tempfile.mkdtemp(prefix="sendbatch-dovecot-"))
    server = Dovecot(folder, closed_port(), closed_port())
    try:
        config = _laid_out(server)
        process = subprocess.Popen([program, "-F", "-c", str(config)])
        try:
            until(lambda: _listens(server.tls), "dovecot")
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    finally:
        shutil.rmtree(folder)


def _laid_out(server: Dovecot) -> Path:
    """Who is not root runs all of it under their own name."""
    folder = server.folder
    own = pwd.getpwuid(os.getuid())
    internal = pwd.getpwnam("dovecot") if own.pw_uid == 0 else own
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(server.authority))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    for name in ("run", "state", "home", "mail"):
        (folder / name).mkdir()
        os.chown(folder / name, internal.pw_uid, internal.pw_gid)
    folder.chmod(0o755)
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            folder=folder,
            internal=internal.pw_name,
            group=_group(internal.pw_gid),
            tls=server.tls,
            starttls=server.starttls,
            password=PASSWORD,
            uid=internal.pw_uid,
            gid=internal.pw_gid,
        )
    )
    return config


def _group(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((HOST, port)) == 0
