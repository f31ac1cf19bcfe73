"""Style sheets: what they say is written into the tags.

Many programs for mail drop `<style>`. So the rules of every `<style>` become `style=` of the tags that they
are for, after a body was rendered (`inlining`): a template itself has no tree that rules could be held
against.
"""
