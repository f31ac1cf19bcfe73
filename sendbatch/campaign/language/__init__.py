"""The language of templates and expressions: Jinja2 in a sandbox, and what can be said of a source unseen.

`environment` makes the one sandbox there is, `bounded` in what it computes and heedful of what is compared
(`comparing`). `checks` says whether a text is a template or an expression, `paths` reads those that lead to
files. `cost` tells what a template may cost: what its `expressions` give at most, by what is `passed` on, as
`estimates` in `amounts`.

Of the filters, `numbers` reads what cells say, `json_cells` JSON in them, `localised` writes by `locales`,
days by `patterns`, `prose` makes HTML of Markdown; `completed` gives them what is not written out.
With fractions `exact` calculates.

`misuses` (by the `meaning` of what is written), `slips`, `spellings` and `arguments` find what its author
cannot have meant. A worker process loads these modules too.
"""
