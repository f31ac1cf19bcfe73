"""Templates in MJML, compiled into HTML once, when a campaign is read: all behind it sees an HTML template.

`reading` reads a file with what it includes, and `parsing` makes elements of it. `checking` says what is
wrong with these, and `doubts` what is doubtful, by the tables in `elements` and `values`. `keeping` keeps all
that is the author's own apart from what mrml computes with, and `compiling` puts it back. Nothing is imported
here.
"""
