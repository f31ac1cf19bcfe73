"""How small things are written, in the files as on the command line: durations, rates, mailboxes, hosts."""
