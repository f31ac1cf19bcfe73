"""The language of templates and expressions: Jinja2 in a sandbox, and what can be said of a source unseen.

`environment` makes the one sandbox there is; `checks` says whether a text is a template or an expression;
`cost` tells what a template may cost. Of the filters, `numbers` reads what cells say, `json_cells` JSON in
them, `localised` writes by a locale, days by `patterns`, `prose` makes HTML of Markdown; `completed` gives
them what is not written out. With fractions `exact` calculates. The others find what its author cannot have
meant. A worker process loads these modules too.
"""
