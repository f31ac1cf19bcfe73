"""Pictures by the command: from files beside a template to the mail, and what each mistake is told."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest

from tests.kit.command import Desk
from tests.kit.pictures import SVG, png

LOGO, MAP = png(40, 20), png(9, 9, 90)
BROKEN = '<p>Hello\n<img src="{}" alt="Logo"></p>\n'


def pictures(mail: EmailMessage) -> dict[str, bytes]:
    """Those of a mail by their names; the HTML shows each."""
    html = mail.get_body(("html",))
    assert html is not None
    found = {}
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            assert f"cid:{part['Content-ID'][1:-1]}" in html.get_content()
            found[str(part.get_filename())] = part.get_content()
    return found


def plan(desk: Desk, *arguments: str) -> str:
    """What `plan` says."""
    return desk.run("plan", "spring.yaml", *arguments).said


def test_everybody_gets_the_pictures_and_the_plan_says_what_they_cost(desk: Desk) -> None:
    desk.write("spring.html", BROKEN.format("logo.png"))
    desk.write("logo.png", LOGO)
    told = desk.run("plan", "spring.yaml")
    assert f"pictures: logo.png {len(LOGO)} bytes: " in told.said
    assert "in each message (base64)" in told.said
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert [pictures(mail) for mail in desk.kept()] == [{"logo.png": LOGO}] * len(desk.kept())
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    desk.write("logo.png", MAP)
    assert "the text changed" in desk.run("plan", "spring.yaml").said


def test_the_plan_says_what_pictures_and_attachments_of_their_own_cost(desk: Desk) -> None:
    """Of those that the run sends to: Björk has both, nobody sends to Carl."""
    desk.write("spring.html", BROKEN.format("maps/{{ plan }}.png"))
    desk.write("maps/free.png", MAP + bytes(2_999_943 - len(MAP)))
    desk.write("maps/paid.png", LOGO + bytes(1_140_000 - len(LOGO)))
    assert "of their own: up to 4.1 MB in a message (base64), 7.2 MB for 3" in plan(desk)
    desk.write("never.txt", "carl@example.net\n")
    more = 'suppress: [never.txt]\nattachments: [{file: "bills/{{ plan }}.pdf", missing: send_without}]\n'
    desk.campaign(more=more)
    desk.write("bills/free.pdf", bytes(57_000))
    said = "pictures and attachments of their own: up to 4.2 MB in a message (base64), 5.7 MB for 2\n"
    assert [said in plan(desk) for _ in range(2)] == [True, True]
    one = plan(desk, "--only", "ada@example.com")
    assert "  pictures and attachments of their own: 1.6 MB in a message (base64)\n" in one
    desk.change("spring.yaml", "missing: send_without", "missing: fail")
    assert "of their own: up to 4.2 MB in a message (base64), 4.2 MB for 2\n" in plan(desk)


def test_the_plan_counts_the_pictures_that_each_mail_shows(desk: Desk) -> None:
    """Two of four have the plan "paid"; the logo is in each mail."""
    desk.write(
        "spring.html",
        "<p>Hello <img src='logo.png'>{% if plan == 'paid' %}<img src='a.png'>{% elif plan == 'free' %}"
        "<img src='b.png'>{% else %}<img src='c.png'>{% endif %}</p>",
    )
    desk.write("logo.png", LOGO)
    for name in "abc":
        desk.write(f"{name}.png", LOGO + name.encode() * 2_999_943)
    said = plan(desk)
    assert f"  pictures: logo.png {len(LOGO)} bytes: " in said
    assert "in each message (base64)" in said
    each = "  pictures that not everybody is shown: up to 4.1 MB in a message (base64), "
    assert f"{each}12.3 MB for 3\n" in said
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert {len(pictures(mail)) for mail in desk.kept()} == {2}


def test_a_mail_with_too_many_pictures_refuses_the_plan_with_its_rows(desk: Desk) -> None:
    desk.write("spring.html", "<p>Hello <img src='logo.png'>{% if plan %}<img src='a.png'>{% endif %}</p>")
    desk.write("logo.png", LOGO)
    desk.write("a.png", LOGO + bytes(4_000_000))
    assert desk.run("run", "spring.yaml", "--yes", "--limit", 1).code == 0
    sent = len(desk.kept())
    more = "{% if plan == 'paid' %}<img src='b.png'>{% endif %}</p>"
    desk.change("spring.html", "</p>", more)  # the list is that of the last plan
    desk.write("b.png", LOGO + bytes(4_000_001))
    told = desk.run("run", "spring.yaml", "--yes", "--accept-changes")
    assert told.code == 2, told.said
    assert "all of a mail may have 7.0 MB together" in " ".join(told.said.split())
    assert len(desk.kept()) == sent


def test_a_run_that_goes_on_does_not_say_what_it_has_not_looked_at(desk: Desk) -> None:
    desk.write("spring.html", BROKEN.format("maps/{{ plan }}.png"))
    for name in ("paid", "free"):
        desk.write(f"maps/{name}.png", MAP)
    assert desk.run("run", "spring.yaml", "--yes", "--limit", 2).code == 0
    said = plan(desk)
    assert "  pictures of their own: not looked at again, as the list is that of the last plan\n" in said
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert "of their own" not in plan(desk)


def test_a_rehearsal_shows_them_and_a_proof_carries_them(desk: Desk) -> None:
    desk.write("spring.html", BROKEN.format("maps/{{ plan }}.png"))
    for name in ("paid", "free"):
        desk.write(f"maps/{name}.png", MAP)
    assert desk.run("run", "spring.yaml", "--dry-run").code == 0
    preview = desk.record() / "preview"
    assert "data:image/png;base64," in (preview / "index.html").read_text()
    for path in preview.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert [*pictures(mail).values()] == [MAP]
    assert desk.run("proof", "spring.yaml", "--to", "me@example.com").code == 0
    assert all([*pictures(mail).values()] == [MAP] for mail in desk.kept())


def test_who_has_no_picture_of_their_own_refuses_the_plan(desk: Desk) -> None:
    desk.write("spring.html", BROKEN.format("maps/{{ plan }}.png"))
    desk.write("maps/paid.png", MAP)
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 2
    assert "spring.html:2: picture maps/free.png: no such file" in told.said
    assert "mend the files or the cells that name them" in " ".join(told.said.split())
    assert [*desk.folder.rglob("*.eml")] == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("logo.png", None, "spring.html:2:11: error: logo.png: no such file"),
        ("logo.svg", SVG, "logo.svg: is an SVG, which neither Gmail nor Outlook shows"),
        ("logo.png", LOGO + bytes(40_000_000), "has 40.0 MB, and a picture may have 5.0 MB"),
        ("people.csv", None, "people.csv: is no picture"),
        ("../logo.png", None, "outside the campaign's and templates' folders"),
        ("{{ plan }}.png", LOGO, "spring.html:2:11: error: ….png leads nowhere"),
        ("cid:logo.png", LOGO, "cid:logo.png leads nowhere: no part of the mail is called that"),
        ("file:///etc/passwd", None, "leads nowhere: nobody who reads the mail has this file"),
        ("/etc/passwd", None, "leads nowhere: nobody who reads the mail has this file"),
    ],
)
def test_each_mistake_is_told_before_anything_is_sent(
    desk: Desk, name: str, data: bytes | None, said: str
) -> None:
    desk.write("spring.html", BROKEN.format(name))
    if data is not None:
        desk.write(name.removeprefix("cid:"), data)
    elif name.startswith(".."):
        (desk.folder.parent / "logo.png").write_bytes(LOGO)
    told = desk.run("run", "spring.yaml", "--yes")
    assert (told.code, said in told.said) == (2, True), told.said
    assert [*desk.folder.rglob("*.eml")] == []
