"""The edge, where the machine begins: clock, chance, environment, files, threads, the loop, the stop.

Doors: `edge.Edge` brings time, chance and environment into a call, and all else is given them; `stop.Stop`
ends one, `observer.Observer` is told of it; `loop` runs a verb's own event loop, `threads` work that blocks;
`files` is the one way to write a file, `process` how a process of ours is begun and bounded. Nothing is
imported here.
"""
