"""How one message is handed over to the server, and what the server said.

Doors: `connection.open_connection` (and `Server`, `Connection`), `probe.probe`. Behind them
`opening` connects, secures and logs in; `transaction` is the protocol without I/O; `replies` reads
what the server says.
"""
