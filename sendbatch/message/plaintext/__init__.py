"""The text part of a message whose author wrote only HTML, as a person would have typed it.

Door: `reader.text_from_html`. It goes through the tags once and knows what is open; `elements` says what each
element means for text, `hiding` what is not seen, `writer` puts it onto a `page`, `tables` tells data from
layout, `links` writes where a link leads, `wrapping` ends the lines. Nothing is imported here.
"""
