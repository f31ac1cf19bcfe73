"""The live preview: the page of the gallery, served on loopback, that shows what is saved as it is saved.

Door: `serving.served`, which knows HTTP and no campaign. What it shows comes from a `source.Source`; `asking`
has the addresses and says who may ask, `rows` are all recipients to be searched, `watching` tells what was
saved. Nothing is imported here.
"""
