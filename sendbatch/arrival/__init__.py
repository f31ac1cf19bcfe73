"""A mail as it arrived: what its last server says of who sent it, what is signed in it, and what was changed
on the way.

Doors: `reading.read_mail` and `mail_of` make an `Arrived` of a file or of bytes; `inspected.inspected` says
all that is to be said of it, compared with what was sent where that is known. `mailbox.opened` finds a mail
in the mailbox that it was sent to; nothing else here asks a server.
"""
