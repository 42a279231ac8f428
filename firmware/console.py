"""Prints lines on the serial console: LEVEL source: message. Never a name, a code, a card or an entry.

`source` is the part of the lock that has something to say.
"""


def info(source: str, message: str) -> None:
    """Something that a technician expects to see."""
    print("INFO " + source + ": " + message)


def warning(source: str, message: str) -> None:
    """Something went wrong, and the lock has mended it."""
    print("WARNING " + source + ": " + message)


def error(source: str, message: str) -> None:
    """Something is wrong, and a person has to mend it."""
    print("ERROR " + source + ": " + message)
