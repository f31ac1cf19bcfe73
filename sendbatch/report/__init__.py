"""How it is told afterwards: the record as text for a terminal, as CSV and as JSON.

Doors: `tally` (what the record says as totals), `text`, `table` (report.csv), `document` (report.json).
"""
