"""Where audience and message meet: rows are checked and messages built, bytes in, bytes out.

Doors: `setup.Setup` is all a worker ever learns, sent once; `worker.Worker` does the work and
knows no server, no record and no file of the campaign; `pool.Pool` is how the rest of the house
asks for it.
"""
