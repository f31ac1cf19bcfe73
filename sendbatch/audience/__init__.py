"""Who gets it: CSV rows, address checks, `where`, suppression lists, look-ups of domains.

Doors: `reading.open_table` streams a CSV, `checks.Checker` judges its rows by `checks.Rules`,
`addresses` normalises, `suppression` reads the lists of those who must not be written to, and
`deliverability` asks the DNS. Duplicates are found in the ledger, not here.
"""
