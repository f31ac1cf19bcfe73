"""Telling others of a run: a webhook of a chat is posted what happened.

Begin with `news`, which is what they are told, then `shapes` (how each service takes it, from `shapes.yaml`)
and `posting`, which hands it over: bounded in time and in what it reads, and nowhere but where it was sent.
`hooks` puts the three together. Nothing in this room can fail a run; what goes wrong is a sentence.
"""
