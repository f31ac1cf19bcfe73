"""Style sheets: linked ones are read with the templates, and what they say is written into the tags.

Many programs for mail drop `<style>`, and few load a linked sheet. So a linked file becomes a `<style>` when
a campaign is read (`linked`), and the rules of every `<style>` become `style=` of the tags that they are for,
after a body was rendered (`inlining`): a template itself has no tree that rules could be held against. Of a
body that is planned it is done once for each way (`of_ways`). The work is css-inline's, on a copy that it can
do no harm with (`copies`, `nesting`).
"""
