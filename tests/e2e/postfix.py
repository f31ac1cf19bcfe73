"""A Postfix of the tests' own: real STARTTLS, real SASL, and one maildir that gets all mail.

It lives in a folder of its own (configuration, queue, data, log) and listens on loopback alone; an
instance that the machine may run is neither read nor touched. Postfix wants its master started by
root, so these tests do too. Recipients whose address starts with `refused` are refused for good
(550 5.1.1), those with `busy` for now (450 4.2.1); everyone else, in any domain and with
international addresses too, gets the mail.
"""

from __future__ import annotations

import email
import email.policy
import os
import pwd
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import trustme

from tests.kit.loopback import closed_port

HOSTNAME = "mail.example.org"
USER, PASSWORD = "sender", "correct horse: battery"  # a colon and a space: parsers trip over them

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log/mail.log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {hostname}
mydestination =
smtputf8_enable = yes
in_flow_delay = 0
smtpd_error_sleep_time = 0

# Every domain is ours and every address has the one maildir; nothing can leave the machine.
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {home}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = error:5.0.0 nothing leaves this machine
relay_transport = error:5.0.0 nothing leaves this machine

smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {home}/config/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {hostname}
cyrus_sasl_config_path = {home}/config/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{home}/config/recipients, permit
"""

RECIPIENTS = """\
/^refused/  550 5.1.1 no such user here
/^busy/     450 4.2.1 this mailbox is busy, try again later
"""

SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {home}/config/sasldb2
mech_list: PLAIN LOGIN CRAM-MD5
"""

# service, type, private, unprivileged, chroot, wakeup, most processes, command
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix       n - n 60   1 pickup
cleanup   unix       n - n -    0 cleanup
qmgr      unix       n - n 300  1 qmgr
tlsmgr    unix       - - n 1000? 1 tlsmgr
rewrite   unix       - - n -    - trivial-rewrite
bounce    unix       - - n -    0 bounce
defer     unix       - - n -    0 bounce
trace     unix       - - n -    0 bounce
verify    unix       - - n -    1 verify
flush     unix       n - n 1000? 0 flush
proxymap  unix       - - n -    - proxymap
proxywrite unix      - - n -    1 proxymap
error     unix       - - n -    - error
retry     unix       - - n -    - error
discard   unix       - - n -    - discard
virtual   unix       - n n -    - virtual
anvil     unix       - - n -    1 anvil
postlog   unix-dgram n - n -    1 postlogd
"""


@dataclass(frozen=True)
class PostfixServer:
    """A running server; `maildir` is where everything it accepted arrives, a moment later."""

    port: int
    ca_file: Path
    maildir: Path
    log: Path
    host: str = "127.0.0.1"
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)

    def tls(self) -> ssl.SSLContext:
        """A context that trusts this server's certificate, and no other."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def wait_for(self, count: int, seconds: float = 30.0) -> list[EmailMessage]:
        """What has arrived, as soon as there are `count` messages.

        Raises AssertionError with the end of the server's log when they do not come in time.
        """
        deadline = time.monotonic() + seconds
        while len(self.messages()) < count:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{len(self.messages())} of {count} messages arrived; the log says:\n"
                    + "\n".join(self.log.read_text().splitlines()[-30:])
                )
            time.sleep(0.02)  # another program delivers: there is nothing to wait on but the folder
        return self.messages()

    def all_mail(self, seconds: float = 30.0) -> list[EmailMessage]:
        """What has arrived, as soon as nothing that was accepted is still on its way.

        Raises AssertionError with the end of the server's log when that takes too long.
        """
        deadline = time.monotonic() + seconds
        while self._queued():
            assert time.monotonic() < deadline, "still queued; the log says:\n" + "\n".join(
                self.log.read_text().splitlines()[-30:]
            )
            time.sleep(0.02)  # another program delivers: there is nothing to wait on but its queue
        return self.messages()

    def _queued(self) -> bool:
        """Whether the queue holds a message; its folders in the order in which one moves on."""
        queue = self.log.parent.parent / "queue"
        return any(
            path.is_file()
            for folder in ("maildrop", "incoming", "active", "deferred")
            for path in (queue / folder).rglob("*")
        )

    def messages(self) -> list[EmailMessage]:
        """What has arrived so far, in no particular order."""
        new = self.maildir / "new"
        files = sorted(new.iterdir()) if new.is_dir() else []
        return [_parsed(file.read_bytes()) for file in files]

    def forget(self) -> None:
        """Empties the maildir, so that the next test finds only its own mail."""
        for message in (self.maildir / "new").glob("*"):
            message.unlink()


def _parsed(data: bytes) -> EmailMessage:
    """Headers in UTF-8 (RFC 6532) are read as such from text only."""
    if data.isascii():
        return email.message_from_bytes(data, policy=email.policy.default)
    return email.message_from_string(data.decode("utf-8"), policy=email.policy.default)


class Postfix:
    """The lifetime of one instance: `with Postfix(path) as server:`. Raises OSError on trouble."""

    def __init__(self, program: str) -> None:
        self._program = program
        # A folder right under /tmp: paths of UNIX sockets are short, and pytest's own folders are
        # closed to the accounts that Postfix delivers as.
        self._home = Path(tempfile.mkdtemp(prefix="sb-postfix-", dir="/tmp"))

    def __enter__(self) -> PostfixServer:
        try:
            return self._start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        if (self._home / "queue/pid/master.pid").exists():
            self._run(self._program, "-c", str(self._home / "config"), "stop", check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> PostfixServer:
        home, port = self._home, closed_port()
        self._lay_out()
        self._configure(port)
        server = PostfixServer(
            port=port,
            ca_file=home / "config/ca.pem",
            maildir=home / "inbox",
            log=home / "log/mail.log",
        )
        self._run(self._program, "-c", str(home / "config"), "start")
        _await_greeting(server)
        return server

    def _lay_out(self) -> None:
        home, owner = self._home, pwd.getpwnam("postfix")
        home.chmod(0o755)
        for folder in ("config/sasl", "queue", "data", "log", "inbox"):
            (home / folder).mkdir(parents=True)
        os.chown(home / "data", owner.pw_uid, owner.pw_gid)
        os.chown(home / "inbox", owner.pw_uid, owner.pw_gid)

    def _configure(self, port: int) -> None:
        home, owner = self._home, pwd.getpwnam("postfix")
        values = {
            "home": home,
            "hostname": HOSTNAME,
            "port": port,
            "uid": owner.pw_uid,
            "gid": owner.pw_gid,
        }
        config = home / "config"
        (config / "main.cf").write_text(MAIN.format(**values))
        (config / "master.cf").write_text(MASTER.format(**values))
        (config / "recipients").write_text(RECIPIENTS)
        (config / "sasl/smtpd.conf").write_text(SASL.format(**values))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(config / "ca.pem")
        certificate = authority.issue_cert("127.0.0.1", "localhost", HOSTNAME)
        certificate.private_key_and_cert_chain_pem.write_to_path(config / "server.pem")
        self._run(
            *("saslpasswd2", "-c", "-p", "-f", str(config / "sasldb2"), "-u", HOSTNAME, USER),
            text=PASSWORD,
        )
        os.chown(config / "sasldb2", owner.pw_uid, owner.pw_gid)

    def _run(self, *command: str, text: str | None = None, check: bool = True) -> None:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        done = subprocess.run(
            command,
            input=text,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
            env={"PATH": path, "LANG": "C"},
        )
        if check and done.returncode:
            log = self._home / "log/mail.log"
            told = log.read_text() if log.exists() else ""
            raise OSError(f"{command[0]} ended with {done.returncode}:\n{done.stderr}{told}")


def _await_greeting(server: PostfixServer) -> None:
    """`postfix start` returns when master listens; this sees smtpd itself answer."""
    with smtplib.SMTP(server.host, server.port, timeout=30) as connection:
        connection.ehlo()
