"""Who would get what: the CSV checked and staged, selection, guards, approvals. No loop, no socket.

Doors: a `request.Request` says what is asked for, and `preparing.prepare` makes of it, in a draft of the
record, what a run would do now: `plan` reads the CSV where its inputs changed, `options` and `resending`
select, `guards` and its neighbours (`ownership`, `keys`, `retention`, `plan_file`, `approval`)
refuse. Nothing is imported here.
"""
