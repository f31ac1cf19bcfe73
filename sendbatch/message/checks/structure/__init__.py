"""Whether each tag that is opened is closed, and where it should be, by the lines of what the author wrote.

`walking` goes through a template as a message does, with all that it includes; `stack` knows what is open, by
the rules of browsers; `outlook` shows what Outlook for Windows alone reads. Begin with `finding`.
Nothing is imported here.
"""
