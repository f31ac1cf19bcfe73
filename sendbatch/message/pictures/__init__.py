"""Pictures: files that the HTML shows are sent with it, each once, as parts that it names by `cid:` (RFC
2392).

What a template's source tells is done when a campaign is read (`reading`): the file is read, confined as all
files of a campaign, and its address in the source becomes that of a part. What a value decides is done in
each message (`own`), and so is which of those that were read it shows (`shown`). `finding` says what HTML
shows, `kinds` what a file is, by its first bytes, `widths` how wide it is.
"""
