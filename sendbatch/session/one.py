"""One recipient's message, as a run would send it now. No record is touched, and nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape

from sendbatch.errors import CampaignError, Place
from sendbatch.findings import Rule
from sendbatch.ledger.store import Draft
from sendbatch.limits.account import Allowance
from sendbatch.planning.preparing import Prepared
from sendbatch.preview.opened import Opened, opened
from sendbatch.runtime.notebook import Shown, Told
from sendbatch.session.job import Job
from sendbatch.session.look import look
from sendbatch.session.named import named
from sendbatch.values import Unbuildable
from sendbatch.words import size

# Nothing of the mail runs, and nothing is loaded: no scripts by the sandbox, no address by the policy.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True, repr=False)
class OneMessage(Shown):
    """The message of `key`: `data` are the bytes that would be sent, but for what only a run adds (DKIM, the
    signature in a link to unsubscribe)."""

    key: str
    email: str
    row: int
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """As Python's own parser reads it."""
        return message_from_bytes(self.data, policy=policy.default)

    @property
    def subject(self) -> str:
        return self.opened.subject

    @property
    def html(self) -> str | None:
        return self.opened.html

    @property
    def text(self) -> str | None:
        return self.opened.text

    @property
    def opened(self) -> Opened:
        """As the gallery shows it: preheader, links, attachments, …"""
        return opened(self.data)

    def told(self) -> Told:
        mail = self.opened
        facts = {"from": mail.sender, "to": mail.to, "subject": mail.subject}
        if mail.preheader:
            facts["preheader"] = mail.preheader
        if mail.attachments:
            facts["attachments"] = ", ".join(one.name for one in mail.attachments)
        return Told(f"message of {self.key}", facts | {"size": size(len(self.data))})

    def _repr_html_(self) -> str:
        mail = self.opened
        shown = mail.html if mail.html is not None else f"<pre>{escape(mail.text or '')}</pre>"
        page = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{shown}'
        frame = 'sandbox="" style="width:100%;height:30em;border:1px solid;background:#fff"'
        title = escape(f"message of {self.key}")
        return f'{super()._repr_html_()}<iframe title="{title}" {frame} srcdoc="{escape(page)}"></iframe>'


def message_for(job: Job, key: str) -> OneMessage:
    """Raises CampaignError with a guess where nobody in the plan has the key or address, and where the
    message cannot be built."""

    def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> OneMessage:
        (recipient,) = named(draft, (key,), "key")
        ((_, built),) = prepared.pool.each([recipient], job.now(), job.stop.heed)
        if isinstance(built, Unbuildable):
            place = Place(job.campaign.recipients.shown, recipient.row)
            raise CampaignError(Rule.UNBUILDABLE_MESSAGE.finding(built.reason, place))
        return OneMessage(recipient.key, recipient.email, recipient.row, built.data)

    return look(job, see)
