"""Templates in MJML, compiled into HTML once, when a campaign is read: all behind it sees an HTML template.

`reading` reads a file with what it includes, `parsing` makes elements of it, `checking` says what is wrong
with them by the table in `elements`, and `compiling` keeps all that is the author's own words apart from what
mrml computes with, and puts it back. Nothing is imported here."""
