"""Templates that are planned: what is the same for many is rendered and encoded once.

A template is walked once, before a row is seen (`planning`). Its syntax tree says which expressions are
*holes*, that is what a cell's value goes into, and which decide the *way* through it: tests and loops. A way
is what came of these: which branch of each was taken, how often each loop turned. So two recipients may be on
one way who have little else in common.

For each way that is taken, the template is rendered once with a mark in each hole, and what stands between
the marks is encoded, whole (`way`, `layout`). A recipient's message is then found by a walk (`walking`):
tests and loops give the way, holes their values, each by a table from the cells it depends on to what it came
to; and the constants of the way and these values are joined. What a table has not is evaluated by Jinja's own
code, compiled for that expression (`snippets`): so autoescaping, filters, missing values and errors are
Jinja's.

What is joined decodes to the same text as what the plain path makes, and is in the same encoding: where its
soft line breaks fall is the only difference. Whatever is in the way of that, and whatever goes wrong for one
row, leaves it to the plain path, which renders the template as it stands and says what is wrong.

All that is kept is bounded: the ways of a body, and its tables.
"""
