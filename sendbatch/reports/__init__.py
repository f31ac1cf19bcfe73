"""How it is told afterwards: the record as text for a terminal, as CSV and as JSON.

Doors: `tally.take` says what the record amounts to and `tally.exit_code` how a run ends;
`text.summary` is for a person at a terminal, `table.write_csv` (report.csv) for spreadsheets,
`document.write_json` (report.json) for machines; `files.write_reports` puts both into the record's
folder. All but the tally are streamed: a million recipients cost no memory.
"""
