"""One run in which some messages are composed where mail is sent, and others by the workers."""

from __future__ import annotations

from email.message import EmailMessage

from tests.kit.command import Desk

LOOP = "{% for word in first_name.split(' ') %}{{ word }}, {% endfor %}"
LONG = "word " * 4_000  # more characters than a row may have that is composed where mail is sent


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").strip()


def test_usual_and_unusual_rows_get_their_own_and_one_that_cannot_be_built_alone_fails(
    desk: Desk,
) -> None:
    desk.write("spring.txt", f"Dear {LOOP}\nyou have {{{{ plan|number }}}} points.\n")
    desk.campaign(("{{ first_name }}, spring is here", "For {{ email }}"))
    rows = {"ada": ("Ada", "12"), "bob": (LONG, "7"), "cem": ("Cem", "none"), "jané": ("Jané", "1")}
    lines = [f"{name}@example.com,{first},{plan}" for name, (first, plan) in rows.items()]
    desk.write("people.csv", "\n".join(["email,first_name,plan", *lines, ""]))
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert list(desk.statuses().values()) == ["accepted", "accepted", "failed", "accepted"]
    assert '"none" is no number' in desk.rows()["cem@example.com"]["reason"].replace("'", '"')
    texts = {str(mail["Subject"]): text_of(mail) for mail in desk.kept()}
    assert texts["For ada@example.com"] == "Dear Ada, \nyou have 12 points."
    assert texts["For jané@example.com"] == "Dear Jané, \nyou have 1 points."
    assert texts["For bob@example.com"].count("word") == 4_000


def test_a_cell_with_line_breaks_adds_no_header_wherever_its_message_is_composed(desk: Desk) -> None:
    desk.campaign(("file: people.csv", 'file: people.csv\n  name: "{{ first_name }}"'))
    inject = "Eve\r\nBcc: all@example.com\r\n"
    rows = f'ada@example.com,"{inject}",a\nbob@example.com,"{inject}{LONG}",b\n'
    desk.write("people.csv", "email,first_name,plan\n" + rows)
    desk.run("run", "spring.yaml", "--yes").ended(0)
    assert len(desk.kept()) == 2
    for mail in desk.kept():
        assert mail["Bcc"] is None
        assert str(mail["Subject"]).startswith("Eve Bcc: all@example.com")
