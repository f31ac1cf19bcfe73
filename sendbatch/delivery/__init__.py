"""The sending itself, on the loop: the engine, its queue of messages, connections, verdicts.

Door: `engine.Engine` sends what the record holds; `assignment` is what it is given. A message's way: `feed`
fills the `queue` from the record, a `sender` takes from it what `traffic` lets go, and hands it to its
connection; what the reply means is decided by `verdict`, and `settling` carries it out. Nothing here reads a
clock, an environment or a random source of its own: they are passed in (`runtime.edge`). Nothing is imported
here.
"""
