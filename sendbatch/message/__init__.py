"""What one recipient gets: templates, HTML and text, MIME, attachments, identity.

Doors: `reading.read_content` reads everything a campaign says, once, into a `content.Content`;
`names.check_names` compares the names it uses with the columns; `compose.Composer` builds each
recipient's message from it; `identity` says what a message is called. Nothing is imported here.
"""
