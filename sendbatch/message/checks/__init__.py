"""What is wrong with a content, or doubtful, before any row is built: found in what its author wrote.

One module a question: `names` (is it a column?), `attachments` (will they arrive?), `pictures` and `links`
(do they lead anywhere?), `placeholders` (of other tools, left over), `preheaders` (will anybody see it?),
`wordless` (can a text be made of it?), `leaving` (will it be known who left?), `senders` (does the envelope
say the same as From?), `styles` (do programs for mail keep them?), `widths` (how wide does Outlook show a
picture?). `besides` has those that are told beside an error, too. A check takes the content and the columns,
and gives findings. What only a value decides is looked at in each message, while its parts are rendered.
Nothing is imported here.
"""
