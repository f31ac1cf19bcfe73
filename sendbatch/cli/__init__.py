"""The command line: one module a verb, which reads options, asks, calls the api, prints and exits.

Nothing heavy is imported before a verb runs, so that `--help` is instant: no templates, no SMTP.
`main.main` is the one place where a failure becomes a message and an exit code.
"""
