"""DKIM: the signature of the sender's own domain over a finished message (RFC 6376, RFC 8463).

`keys` makes a signing key of what a file or a variable holds, and `declared` reads those that a profile
names; `canonical` gives the form of a message that a relay may not change, `signatures` puts both together.
The library for it is loaded where something is signed.
"""
