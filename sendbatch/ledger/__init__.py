"""What happened: the state machine, its store, and the lock.

Doors: `states` says what may become of what; `store` is the interface behind which SQLite stands
(`sqlite.open_ledger`), `committer.Committer` its one writing thread in a run; `folder` and `lock`
say where a record is and who holds it.
"""
