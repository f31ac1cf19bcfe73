"""How it is shown before: the rendered messages as files, and one page to look at them.

Door: `gallery.write_gallery`. `shown` reads a message as a mail program would, `page` makes
the HTML, `look` is how it looks.
"""
