"""Calendar invitations: an iCalendar file (RFC 5545) that goes with the mail as programs offer it (RFC 6047).

It is there twice: as the last of the alternatives, `text/calendar` with its METHOD, which Outlook and Apple
Mail look at; and as an attachment, `application/ics`, which is what is left where a program shows no
alternatives but text and HTML. So does Google Calendar, and so do others after it
(https://github.com/nodemailer/nodemailer/issues/1202; https://stackoverflow.com/a/19535685): were both
`text/calendar` with a method, some would take one event for two. Outlook looks for an invitation in the first
part of a multipart/mixed, of no other type, and takes a part with a disposition for a file
(https://msdn.microsoft.com/en-us/library/ee624811(v=exchg.80).aspx: MS-STANOICAL §2.2.168).

`reading` reads the file, `by_version` one for each version of the templates, and both hold it to what no
program would forgive; `doubts` warns of the rest, event by event (`entries`). `invitation` renders it for a
recipient: its `form` is what the author wrote, `lines` know how a value is written in each place, and `typed`
what is no text. Nothing is imported here.
"""
