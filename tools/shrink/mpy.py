"""Reads a .mpy file of version 6 into its functions and their steps, and writes it again.

The form: docs/reference/mpyfiles.rst and py/persistentcode.c of MicroPython; of code py/bc.h and py/bc0.h.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

HEAD = 4  # bytes: "M", version, features, bits of a small int

# py/bc0.h
LOAD_STRING, LOAD_NAME, STORE_NAME, IMPORT_NAME = 0x10, 0x11, 0x16, 0x1B
BUILD_TUPLE, LOAD_NONE = 0x2A, 0x51
NAME, NUMBER, JUMP = 1, 2, 3
_FORMS = (0, NAME, NUMBER, NUMBER, JUMP)  # of what follows an operation, by its upper four bits
_NO_BYTE_MORE = 0x9E  # bits: an operation with none of them has a byte more
_LAST_SIGNED = 0x44  # a jump up to POP_JUMP_IF_FALSE goes back, too
_FAR = 0x80  # a bit: another byte follows


class NotBytecode(Exception):
    """It is of another version, has native code, or numbers of lines."""


@dataclass(eq=False)
class Step:
    """An operation, with the name or the number that it has, or the step to which it may jump."""

    code: int
    form: int = 0
    number: int = 0
    rest: bytes = b""  # a number as it was written, and the byte more
    target: "Step | None" = None
    is_far: bool = False  # a jump that needs two bytes


@dataclass
class Function:
    """The code of a module, a class or a function, and what is defined in it."""

    signature: bytes
    names: list[int]  # its own, then those of its parameters, which may be left out
    only_by_name: int  # so many of these cannot be given by their place
    cells: bytes
    steps: list[Step]
    inside: list["Function"] = field(default_factory=list)

    def all(self) -> Iterator["Function"]:
        """It, and all within."""
        yield self
        for function in self.inside:
            yield from function.all()


@dataclass
class File:
    """Names and constants as they are written, and the module's code: it has each name's place in `names`."""

    head: bytes
    names: list[bytes]  # the first is that of the file
    objects: bytes
    count: int  # of objects
    code: Function


def read(compiled: bytes) -> File:
    """What is in a .mpy file. Raises NotBytecode."""
    if not compiled.startswith(b"M\x06"):
        raise NotBytecode
    data = _Data(compiled, HEAD)
    names, objects = data.number(), data.number()
    table = [data.taken(data.name) for _ in range(names)]
    kept = b"".join([data.taken(data.object) for _ in range(objects)])
    return File(compiled[:HEAD], table, kept, objects, data.function())


def write(file: File) -> bytes:
    """The .mpy file of that."""
    counts = _number(len(file.names)) + _number(file.count)
    return file.head + counts + b"".join(file.names) + file.objects + _function(file.code)


class _Data:
    """What a file has from a place on."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def taken(self, part: Callable[[], object]) -> bytes:
        """The bytes of a part."""
        start = self._at
        part()
        return self._data[start : self._at]

    def number(self) -> int:
        number = 0
        while True:
            byte = self._byte()
            number = number << 7 | byte & 0x7F
            if byte < _FAR:
                return number

    def name(self) -> None:
        """Its number in MicroPython's ROM, or its letters."""
        number = self.number()
        if not number & 1:
            self._at += (number >> 1) + 1  # a NUL

    def object(self) -> None:
        kind = self._byte()
        if kind == 10:  # a tuple
            for _ in range(self.number()):
                self.object()
        elif kind > 4:  # less is None, a bool and such
            length = self.number()
            self._at += length + (kind < 7)  # texts and bytes end with a NUL

    def function(self) -> Function:
        head = self.number()  # its length, whether others are inside, its kind
        if head & 3:
            raise NotBytecode
        end = self._at + (head >> 3)
        start, counts = self._at, self._counts()
        signature, (info, cells) = self._data[start : self._at], self._sizes()
        after = self._at + info
        names: list[int] = []
        while self._at < after:
            names.append(self.number())
        if len(names) > 1 + sum(counts):
            raise NotBytecode
        held = self._bytes(cells)
        function = Function(signature, names, counts[1], held, self._steps(end))
        function.inside += [self.function() for _ in range(self.number())] if head & 4 else []
        return function

    def _counts(self) -> tuple[int, int]:
        """How many parameters it has, and how many more that can only be given by name: MP_BC_PRELUDE_SIG."""
        byte = self._byte()
        by_place, by_name, n = byte & 3, 0, 0
        while byte >= _FAR:
            byte = self._byte()
            by_place |= (byte & 4) << n
            by_name |= (byte >> 3 & 1) << n
            n += 1
        return by_place, by_name

    def _sizes(self) -> tuple[int, int]:
        """The bytes of its names, and the number of its cells: MP_BC_PRELUDE_SIZE."""
        info, cells, n, byte = 0, 0, 0, _FAR
        while byte >= _FAR:
            byte = self._byte()
            info |= (byte >> 1 & 0x3F) << 6 * n
            cells |= (byte & 1) << n
            n += 1
        return info, cells

    def _steps(self, end: int) -> list[Step]:
        steps: dict[int, Step] = {}
        jumps: list[tuple[Step, int]] = []
        while self._at < end:
            start, code = self._at, self._byte()
            step = steps[start] = Step(code, _FORMS[code >> 4] if code < 0x50 else 0)
            if step.form == JUMP:
                jumps.append((step, self._distance(code <= _LAST_SIGNED) + self._at))
            elif step.form:
                place = self._at
                step.number = self.number()
                step.rest = self._data[place : self._at] if step.form == NUMBER else b""
            if not code & _NO_BYTE_MORE:
                step.rest += self._bytes(1)
        for step, place in jumps:
            step.target = steps[place]
        return list(steps.values())

    def _distance(self, is_signed: bool) -> int:
        low = self._byte()
        if low < _FAR:
            return low - 0x40 * is_signed
        return (low & 0x7F | self._byte() << 7) - 0x4000 * is_signed

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]


def _number(number: int) -> bytes:
    made = [number & 0x7F]
    while number := number >> 7:
        made.append(number & 0x7F | _FAR)
    return bytes(reversed(made))


def _function(function: Function) -> bytes:
    names = b"".join(map(_number, function.names))
    code = function.signature + _sizes(len(names), len(function.cells)) + names + function.cells
    code += _steps(function.steps)
    inside = b"".join(map(_function, function.inside))
    count = _number(len(function.inside)) if function.inside else b""
    return _number(len(code) << 3 | bool(function.inside) << 2) + code + count + inside


def _sizes(info: int, cells: int) -> bytes:
    made = []
    while True:
        byte = (info & 0x3F) << 1 | cells & 1
        info, cells = info >> 6, cells >> 1
        made.append(byte | _FAR if info or cells else byte)
        if not (info or cells):
            return bytes(made)


def _steps(steps: list[Step]) -> bytes:
    """Each jump takes two bytes more only where it must; one that does may have others do."""
    for step in steps:
        step.is_far = False
    while True:
        places, at = {}, 0
        for step in steps:
            places[step] = at
            at += len(_step(step, 0))
        far = [step for step in steps if step.target and not step.is_far and not _is_near(step, places)]
        if not far:
            return b"".join(_step(step, _distance(step, places)) for step in steps)
        for step in far:
            step.is_far = True


def _distance(step: Step, places: Mapping[Step, int]) -> int:
    return places[step.target] - places[step] - 2 - step.is_far if step.target else 0


def _is_near(step: Step, places: Mapping[Step, int]) -> bool:
    distance = _distance(step, places)
    return -0x40 <= distance < 0x40 if step.code <= _LAST_SIGNED else distance < _FAR


def _step(step: Step, distance: int) -> bytes:
    if step.form == NAME:
        return bytes([step.code]) + _number(step.number) + step.rest
    if step.form != JUMP:
        return bytes([step.code]) + step.rest
    is_signed = step.code <= _LAST_SIGNED
    if not step.is_far:
        return bytes([step.code, distance + 0x40 * is_signed]) + step.rest
    distance += 0x4000 * is_signed
    return bytes([step.code, distance & 0x7F | _FAR, distance >> 7]) + step.rest
