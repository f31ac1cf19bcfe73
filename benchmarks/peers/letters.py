"""What the peers written in Python share: each person's letter as an EmailMessage, one by one."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, FileSystemLoader


def letters(folder: Path, people: Iterable[Mapping[str, str]]) -> Iterator[EmailMessage]:
    environment = Environment(loader=FileSystemLoader(folder), autoescape=False)
    html = environment.overlay(autoescape=True).get_template("letter.html")
    text = environment.get_template("letter.txt")
    for person in people:
        message = EmailMessage()
        message["From"] = "The Workshop <news@workshop.example>"
        message["To"] = email.utils.formataddr(
            (f"{person['first_name']} {person['last_name']}", person["email"])
        )
        message["Subject"] = f"{person['first_name']}, spring is here"
        message["Date"] = email.utils.formatdate()
        message["Message-ID"] = email.utils.make_msgid(domain="workshop.example")
        message.set_content(text.render(person))
        message.add_alternative(html.render(person), subtype="html")
        yield message
