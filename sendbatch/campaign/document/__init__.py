"""A YAML file as a document: composed into nodes, without YAML's freedoms, with a place for everything.

`composing` reads a file, `nodes` gives its data and places, `syntax` says what is wrong with what is no
YAML, `masking` keeps secrets out of every line that is shown.
"""
