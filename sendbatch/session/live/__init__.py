"""The live preview from end to end: what is read again when something was saved, and what is shown of it.

Door: `serve.serve`. `reading` reads the campaign and everybody's content, and tells what is to be watched;
`planner` makes the plan beside it, on a copy of the record, and the list of recipients that the page begins
with; `viewing` is what the page asks. Nothing is imported here.
"""
