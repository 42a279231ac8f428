"""Lines on the serial console: LEVEL room: message. Never a name, a code, a card or an entry."""


def info(room: str, message: str) -> None:
    """Something that a technician expects."""
    print("INFO " + room + ": " + message)


def warning(room: str, message: str) -> None:
    """Something went wrong and was mended."""
    print("WARNING " + room + ": " + message)


def error(room: str, message: str) -> None:
    """Something is wrong until a person mends it."""
    print("ERROR " + room + ": " + message)
