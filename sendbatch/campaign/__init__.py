"""What the user declares: the campaign file, profiles, providers and secrets.

Doors: `loading.load_campaign` and `profiles.load_profile` give what is declared, resolved into the
frozen dataclasses of `model`; `secrets` reads credentials where a verb connects; `schema` describes both
files. `document` is what stands in a YAML file, `written` how rates, durations and the like are written,
`language` what templates and expressions are. Import the module you need: nothing is imported here.
"""
