"""A slot's file as boot.py shows it to an import: what it asks for is found, and nothing else."""

import struct

from ram_flash import RamFlash

with open(__file__[: __file__.rfind("tests/")] + "lib/start.py") as _file:
    _START = compile(_file.read(), "start.py", "exec")
FILES = {
    "A.mpy": b"one",
    "A0.mpy": b"second",
    "AB/C.mpy": b"in a folder",
    "AB/CD.mpy": b"beside it",
    "update/keys": b"no module",
    "version.mpy": b"last",
}


def slot():
    """Such a slot."""
    index, place = b"", 0
    for name in sorted(FILES):
        index += ("\n%s %d" % (name, place)).encode()
        place += len(FILES[name])
    index += b"\n"
    RamFlash("/slot", 8)
    path = "/slot/a.pack"
    with open(path, "wb") as file:
        file.write(b"MNP1" + struct.pack("<HHI", len(index), len(FILES), place) + index)
        file.write(bytes(32 * len(FILES)) + b"".join(FILES[name] for name in sorted(FILES)))
    names = {}
    exec(_START, names)  # noqa: S102 as the chip does
    return names["Slot"](path)


def kind(held, path):
    """What stat() says there is: a file, a folder, or nothing."""
    try:
        return {0x8000: "file", 0x4000: "folder"}[held.stat(path)[0]]
    except OSError:
        return "nothing"


def content(held, path, size):
    with held.open(path, "rb") as file:
        return file.read(size)


def opens(held, path):
    try:
        held.open(path, "rb").close()
    except OSError:
        return False
    return True


def test_an_import_finds_its_module_and_no_other():
    held = slot()
    for stem in "A", "A0", "AB/C", "AB/CD", "version", "A", "A0":
        path = "/" + stem
        asked = [kind(held, path + end) for end in ("", ".py", ".mpy")]
        assert asked == ["nothing", "nothing", "file"], (stem, asked)
        assert content(held, path + ".mpy", len(FILES[stem + ".mpy"])) == FILES[stem + ".mpy"]


class Searched:
    """An index that counts how often it is searched."""

    def __init__(self, index):
        self._index, self.times = index, 0

    def __getitem__(self, at):
        return self._index[at]

    def find(self, *what):
        self.times += 1
        return self._index.find(*what)


def test_an_import_searches_the_index_once_and_for_the_place_s_end():
    held = slot()
    held._index = Searched(held._index)
    for end in "", ".py", ".mpy":
        kind(held, "/version" + end)
    held.open("/version.mpy", "rb").close()
    assert held._index.times == 2


def test_a_folder_is_a_folder_and_a_file_of_another_kind_a_file():
    held = slot()
    for _ in range(2):
        assert [kind(held, "/AB" + end) for end in ("", ".mpy")] == ["folder", "nothing"]
        assert [kind(held, "/update/keys" + end) for end in ("", ".mpy")] == ["file", "nothing"]
        assert content(held, "/update/keys", 9) == b"no module"


def test_what_is_not_there_is_not_found_whatever_begins_like_it():
    held = slot()
    for stem in "", "B", "A1", "AB/", "AB/C0", "updat", "update/key", "versio", "version0", "0", "MNP1":
        for end in "", ".py", ".mpy":
            if kind(held, "/" + stem + end) != "nothing":
                raise AssertionError(stem + end)
            assert not opens(held, "/" + stem + end)
    assert not opens(held, "/AB")
