"""How it is told afterwards: the record as text for a terminal, as CSV and as JSON.

Doors: `tally.take` says what a record amounts to and `tally.exit_code` how a run ends; a `report.Report` is
what each format is made from, `formats.FORMATS` is the registry of them, and `files.write_files` puts those
that have a file into the record's folder. All but the tally is streamed: a million recipients cost no memory.
Nothing is imported here.
"""
