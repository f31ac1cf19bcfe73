"""Mails as they arrive: one on which everything is well, and what is changed in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendbatch.arrival.inspected import Inspected, inspected
from sendbatch.arrival.reading import mail_of

WELL = """\
Delivered-To: jane@gmail.example
Received: by 2002:a05 with SMTP id x; Fri, 27 Nov 2026 10:00:02 -0800 (PST)
Return-Path: <bounce@mail.example.com>
Received: from relay.example.net ([192.0.2.1]) by mx.gmail.example; Fri, 27 Nov 2026 10:00:01 -0800
Authentication-Results: mx.gmail.example;
       dkim=pass header.i=@example.com header.s=abc header.b=Xyz12345;
       spf=pass (mx: domain of bounce@mail.example.com; "ok") smtp.mailfrom=bounce@mail.example.com;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; s=abc; d=example.com;
\th=From:To:Subject:MIME-Version:Content-Type:List-Unsubscribe:
\t List-Unsubscribe-Post:Message-ID:Date; bh=x; b=Xyz12345abc
From: =?utf-8?q?Sch=C3=B6n?= <news@example.com>
To: jane@gmail.example
Subject: Hello
Date: Fri, 27 Nov 2026 10:00:00 -0800
Message-ID: <1@example.com>
List-Unsubscribe: <https://example.com/u/1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p>Hi <a href="https://example.com/page">www.example.com</a> <img src="https://example.com/a.png" alt=""></p>
"""


def changed(*pairs: tuple[str, str]) -> str:
    """The mail with each of these parts of it as something else."""
    mail = WELL
    for before, after in pairs:
        assert before in mail, before
        mail = mail.replace(before, after)
    return mail


def look(mail: str | bytes, sent: str | None = None) -> Inspected:
    data = mail if isinstance(mail, bytes) else mail.encode()
    return inspected(mail_of(data, "a.eml"), mail_of(sent.encode(), "sent") if sent else None)


def rules(mail: str | bytes, sent: str | None = None) -> list[str]:
    return [finding.rule for finding in look(mail, sent).findings]


@pytest.fixture
def said() -> Callable[..., str]:
    """What is said of a mail, all in one text."""
    return lambda mail, sent=None: "\n".join(map(str, look(mail, sent).findings))
