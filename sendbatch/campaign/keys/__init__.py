"""The keys of the campaign file and of profiles.yaml: each is declared in this room, and nowhere else.

From these tables the files are read, their short forms widened and typos guessed at; the JSON Schema and the
tables of docs/reference.md are made from them (`make docs`). What a key means is Markdown, shown in both. To
add one, add an entry, and a field of that name to the model it belongs to.

`campaign` has the keys of the campaign file, `sections` those of the mappings in it, `profiles` the others.
"""
