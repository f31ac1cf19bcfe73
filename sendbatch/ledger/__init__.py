"""What happened: the record of every recipient, a port with a store behind it.

Doors: `store` declares what the house asks of a record, `facts` the values that go in and come out, and
`records` opens one; `states` says what may become of what, `standing` what else a change leaves;
`committer.Committer` makes durable what each turn of a run's loop brings; `folder` says where a record is.
`sqlite/` is a store.
"""
