"""How it is shown before: the messages as files, and one page to look at them.

Door: `gallery.write_gallery`. A `card` is what the page shows of one message, from the parts that it was
composed of, and `invited` what of an invitation; `page` makes the HTML, `harmless` takes the sting out of a
mail's own, `look` is how it looks. Nothing is imported here.
"""
