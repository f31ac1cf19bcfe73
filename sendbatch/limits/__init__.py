"""How fast, how much and when: the limits that a run keeps to, and what an account has used of them.

Each limit is a `Gate` (gates.py) in a module of its own: pace, quota, back-off, brake, connections, domains
set aside. `declared.py` makes the list of a run's gates from what profile and campaign say, and is the one
place where a gate is added. `usage.py` is the port to what accounts have used, over all runs.
"""
