"""Calendar invitations: an iCalendar file (RFC 5545) that goes with the mail as programs offer it (RFC 6047).

It is there twice: as the last of the alternatives, `text/calendar` with its METHOD, which Outlook and Apple
Mail look at; and as an attachment, `application/ics`, which is what is left where a program shows no
alternatives but text and HTML. So does Google Calendar, and so do others after it
(https://github.com/nodemailer/nodemailer/issues/1202; https://stackoverflow.com/a/19535685): were both
`text/calendar` with a method, some would take one event for two.

`reading` reads the file and holds it to what no program would forgive, `doubts` warns of the rest, event by
event (`entries`). `invitation` renders it for a recipient: its `form` is what the author wrote, and `lines`
know how a value is written in each place, `typed` where it is no text. Nothing is imported here.
"""
