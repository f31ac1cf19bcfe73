"""What a program gives by name is of the kind that is meant: else the fault shows where it helps nobody, as
one of the record, or as a traceback. But for flags and numbers, None stands for what was not given."""

from __future__ import annotations

from datetime import date, datetime

from sendbatch.errors import SendbatchError, one_line


def flags(**given: object) -> None:
    """"no" would be taken for true: what lets a run do more is never said by a text."""
    for name, value in given.items():
        if not isinstance(value, bool):
            raise _wrong(name, value, "write True or False")


def numbers(**given: object) -> None:
    """Whole ones, from 1."""
    for name, value in given.items():
        if type(value) is not int or value < 1:
            raise _wrong(name, value, "write a number from 1, or leave it out")


def texts(**given: object) -> None:
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise _wrong(name, value, "write a text")


def seconds(**given: object) -> None:
    for name, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _wrong(name, value, "write a number of seconds")


def days(**given: object) -> None:
    for name, value in given.items():
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise _wrong(name, value, "write a datetime.date")


def functions(**given: object) -> None:
    for name, value in given.items():
        if value is not None and not callable(value):
            raise _wrong(name, value, "write a function")


def _wrong(name: str, given: object, what: str) -> SendbatchError:
    return SendbatchError(f"{name}={one_line(repr(given), 80)}: {what}")
