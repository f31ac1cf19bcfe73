"""What the user declares: the campaign file, profiles, providers and secrets.

Doors: `loading.load_campaign` and `profiles.load_profile` give what is declared, resolved into the
frozen dataclasses of `model`; `secrets` reads credentials where a verb connects; `parsing` reads
rates, durations and the like; `schema` describes both files; `language` is what templates and
expressions are written in. Import the module you need: nothing is imported here.
"""
