"""Markdown as the language that a letter is written in: from its template to HTML and to readable text.

A value is text wherever its author put the hole, so it goes through Markdown in disguise (`carried`): its
characters are exchanged for private ones that mean nothing there, and are exchanged back, escaped, behind it.
`language` is the environment that does so to whatever a template writes; `elements` makes HTML's elements of
Markdown's; `text` the text part of the same. `body` does it for one recipient, `planned` once for each way
through the templates. `checks` says what is wrong in a source, and `addresses` where it names any. Nothing is
imported here.
"""
