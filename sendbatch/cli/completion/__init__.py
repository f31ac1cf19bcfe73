"""Completion in bash, zsh and fish: what a line may go on with, and how a shell comes to ask.

A shell's script (`shells`) calls the command with the line that is typed. `answering` tells what it may go on
with, one a line; `line` takes lines apart, as each shell quotes; `known` looks for what stands in the files:
campaigns, profiles, editions, keys. `installing` puts the script where the shell finds it. A shell waits for
each answer: nothing here loads what a campaign is read with.
"""
