"""Where audience and message meet: worker processes that check rows and build messages, bytes in, bytes out.

Doors: `pool.Pool` is how the rest of the house asks, a batch at a time: for rows to be checked, for messages
to be sent, for samples to be looked at. `workers.Workers` are the processes behind it, `setup.Setup` all that
one ever learns, and `worker.Worker` what it does: it knows no server, no record and no file of the campaign.
Nothing is imported here.
"""
