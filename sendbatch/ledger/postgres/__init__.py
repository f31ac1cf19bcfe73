"""The record in PostgreSQL: any number of machines send from it, and none of them needs a disk.

Begin with `record`. `address` is where it is, `connecting` how it is reached, `schema.sql` its tables.
"""
