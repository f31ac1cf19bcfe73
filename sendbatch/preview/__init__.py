"""How it is shown before: the messages of a dry run as files, and one page to look at them.

Door: `gallery.write_gallery`.
"""
