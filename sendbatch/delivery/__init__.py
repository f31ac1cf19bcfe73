"""The sending itself, on the loop: the engine, its queue of messages, connections, verdicts.

Door: `engine.Engine` sends what the record holds. Nothing here reads a clock, an environment or a random
source of its own: they are passed in (`runtime.edge`).
"""
