"""Several versions of one content: a row is led to its own by its values and its key.

All of them are found (`files`), read and checked before anything is sent, so that no row can ask for what
nobody has looked at. They have one digest: to the record, its guards and Message-IDs they are one content.
`choosing` tells which version is whose, by an `axis` for each thing in which they differ: `texts`,
`subjects`, `senders`. `composers` composes it. `names` has what values make of a file's name, and `nearness`
which file may be meant by values that make none. Nothing is imported here.
"""
