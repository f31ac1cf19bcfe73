"""The record in SQLite: one file on a local disk, one process that writes it.

Doors: `record.open_ledger`, `read_ledger` and `open_scratch`, which nobody but `ledger.records` and the tests
of this room calls. All SQL of the record stands in this package. `schema` has the tables, and how the file is
opened so that a power cut loses nothing; `view` says where everybody stands; `staging` and `merging` make a
plan, `draft` and `selecting` what a run asks for, `backlog` and `attempts` are a run, whose attempts
`folding` sums up, `people` and `reading` tell; `version_1` takes older records over. `lock` and `holding` say
in whose hand the record is, `access`, `lost` and `soundness` what is wrong with a file.
"""
