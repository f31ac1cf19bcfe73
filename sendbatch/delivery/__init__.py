"""When, and in what order: planning, guards, the engine, pacing, retries, steering, stopping.

Doors: `planning.make_plan` stages who gets the mail, `guards` says whether it may be sent,
`engine.Engine` sends it; `stopping.Stop` asks a run to end. Nothing here reads a clock, an
environment or a random source of its own: they are passed in at the edge (`clock.Clock`).
"""
