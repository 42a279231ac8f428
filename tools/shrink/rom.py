"""The words that every MicroPython has in its ROM, and that a .mpy file writes as a number of two bytes.

py/makeqstrdata.py, `static_qstr_list`: their numbers are a part of the .mpy format, version 6. Any other name
takes its letters and two bytes in each file that uses it, and lies in RAM once it has been loaded.
"""

import builtins
import keyword

_ALL = """
    append bytecode clear close copy count end endswith extend find from_bytes get index insert isalpha
    isdigit islower isspace isupper items join key keys little lower lstrip pop popitem read readinto
    readline remove replace reverse rfind rindex rsplit rstrip send sep setdefault sort split start
    startswith step stop strip throw to_bytes update upper values write abs all any args bool bytearray
    bytes callable chr const dict dir divmod eval exec format getattr globals hasattr hash id int
    isinstance issubclass iter len list locals map next object open ord pow print range repr round set
    setattr sorted str sum super tuple type value zip
"""
WORDS = tuple(_ALL.split())
"""All that can be names of a program's own. Those of Python's own functions come last."""

FREE = tuple(
    word for word in WORDS if word not in {*dir(builtins), *keyword.kwlist, "const", "args", "value"}
)
"""Those that mean nothing by themselves, only behind a dot; none that an exception of MicroPython has."""
