"""One call from end to end, and what is shown of it before anybody is mailed.

A `job.Job` is one call on one campaign. `run.run` sends; `look` has the verbs that only look (plan, check,
preview, dry run; `showing` is what a gallery shows), `proof` mails a few messages to reviewers, `record`
tells of a record and settles recipients by hand, `probe` tries a server. `overview.Overview` is a plan as
it is shown, `question` what a person is asked. Only this room starts the sandbox (`server`). Nothing is
imported here.
"""
