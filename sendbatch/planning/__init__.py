"""Who would get what: the CSV checked and staged, selection, guards, approval. No loop, no socket."""
