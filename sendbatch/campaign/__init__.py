"""What the user declares: the campaign file, profiles, providers and secrets.

`keys` declares every key of both files. `loading.load_campaign` and `profiles.load_profile` read them, by way
of `table`, `kinds` and `reading`, and give the frozen dataclasses of `model`; `schema` describes the files;
`secrets` reads credentials where a verb connects; `providers` has the presets.

`document` is what stands in a YAML file, `written` how rates, durations and the like are written, `language`
what templates and expressions are. Import the module you need: nothing is imported here.
"""
