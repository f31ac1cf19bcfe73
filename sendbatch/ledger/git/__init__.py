"""A record that lives in a repository: receipts in a ref of its origin, changed by compare and swap.

A run works on a record in SQLite, which is made anew of the receipts at its start and thrown away at will:
what counts is what was pushed. Begin with `record`, which joins both. Pure are `names` (of refs), `receipts`
(their format), `pages` (what a commit of a record holds, sealed) and `witness` (what a project knows of all
its records). `program` runs git, `remote` reads and pushes with it, `place` says which repository, which ref
and which key.
"""
