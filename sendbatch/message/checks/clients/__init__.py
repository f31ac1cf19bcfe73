"""What HTML and CSS ask for that programs for mail do not do, by the tests that caniemail.com publishes.

`seen` finds features where they stand, with those who read that place; `fallbacks` knows what an author wrote
beside them for who has none. `programs` reads what each program does (`caniemail.json`, made by
`docs/clients.py`), and `judged` says of each feature how bad its loss is, and what to write instead.
`unsupported` makes findings of all that: one a feature. Nothing is imported here.
"""
