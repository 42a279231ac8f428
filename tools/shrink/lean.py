"""Leaves out of a .mpy file what nothing on the chip reads.

- The names that `from x import y` lists before it takes them: that there are some says that x is wanted, and
  not its first folder. Where x has no dot, that is one and the same (py/builtinimport.c).
- The names of parameters: they are for calls by name alone (py/bc.c, mp_setup_code_state).
- `__module__` and `__qualname__` of a class, which would lie in RAM, too.
- `<lambda>` and the like, spelled out for tracebacks. `_` stands for them.

What is said most often gets the lowest number: those up to 127 take one byte.
"""

from collections import Counter

from . import mpy

_UNNAMED = {f"<{kind}>".encode() for kind in ("lambda", "genexpr", "listcomp", "dictcomp", "setcomp")}
# Names that MicroPython has in its ROM, as they are written: py/makeqstrdata.py, static_qstr_list
_UNDERSCORE = b"\x11"
_TOLD = [b"\x2d", b"\x35"]  # __module__ and __qualname__
_CLASS = [mpy.LOAD_NAME, mpy.STORE_NAME, mpy.LOAD_STRING, mpy.STORE_NAME]  # how the code of one begins


def lean(compiled: bytes, is_called_by_name: bool = True) -> bytes:
    """The .mpy file without all that; with the names of parameters where somebody may call by them."""
    try:
        file = mpy.read(compiled)
    except mpy.NotBytecode:
        return compiled
    file.names = [_UNDERSCORE if name[1:-1] in _UNNAMED else name for name in file.names]
    for function in file.code.all():
        _forget_class(function, file.names)
        _forget_lists(function, file.names)
        if not is_called_by_name and not function.only_by_name:
            del function.names[1:]
    _number(file)
    return mpy.write(file)


def _forget_class(function: mpy.Function, names: list[bytes]) -> None:
    first = function.steps[: len(_CLASS)]
    if [step.code for step in first] == _CLASS and [names[first[n].number] for n in (1, 3)] == _TOLD:
        del function.steps[: len(_CLASS)]


def _forget_lists(function: mpy.Function, names: list[bytes]) -> None:
    steps = function.steps
    for at in reversed(range(1, len(steps))):
        listed, step = steps[at - 1], steps[at]
        is_list = step.code == mpy.IMPORT_NAME and listed.code == mpy.BUILD_TUPLE
        if is_list and b"." not in names[step.number]:
            steps[at - 1 - listed.number : at] = [mpy.Step(mpy.LOAD_NONE)]


def _number(file: mpy.File) -> None:
    often = Counter[bytes]()
    for function in file.code.all():
        often.update(file.names[number] for number in function.names)
        often.update(file.names[step.number] for step in function.steps if step.form == mpy.NAME)
    first = file.names[0]
    names = [first, *sorted(often.keys() - {first}, key=lambda name: (-often[name], name))]
    new = {name: number for number, name in enumerate(names)}
    for function in file.code.all():
        function.names = [new[file.names[number]] for number in function.names]
        for step in function.steps:
            if step.form == mpy.NAME:
                step.number = new[file.names[step.number]]
    file.names = names
