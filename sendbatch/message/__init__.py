"""What one recipient gets, from what its author wrote to the bytes on the wire, stage by stage.

Compiled once: `reading.read_content` reads everything that a campaign says into a `content.Content`, whose
templates are `bundling.Bundle`s; what no author writes there, as the `preheader`, is put into them then
(`insertions`). Of its `texts` there may be several `versions`, to which rows are led. `checks` says what is
wrong with it; `letter.Letter` makes of it all that can be made before a recipient is known.

For each recipient: `Letter.parts` renders the `parts.Parts` (headers, `bodies`, attachments),
`compose.composed` encodes them as MIME (`headers`, `mime`, `quoted`). A signature comes behind that. For
most that is not needed: `planned.Plan` puts their message together from what was encoded before. The Composer
in `compose` is both, and `identity` says what a message is called. Import the module you need: nothing is
imported here.
"""
