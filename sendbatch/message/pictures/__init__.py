"""Pictures: files that the HTML shows are sent with it, each once, as parts that it names by `cid:` (RFC
2392).

What a template's source tells is done when a campaign is read (`reading`): the file is read, confined as all
files of a campaign, and its address in the source becomes that of a part. What a value decides is done in
each message (`own`). `finding` says what HTML shows, `kinds` what a file is, by its first bytes.
"""
