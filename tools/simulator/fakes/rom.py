"""Maps the other fakes into memory as ROM (a ROMFS image), and so keeps their byte code off the heap.

On the chip these modules are C in flash. A MicroPython without ROMFS, before 1.25, loads them from
MICROPYPATH like any other module, and they take twice the heap.
"""

import os
import sys

import ffi
import uctypes
import vfs

_READ_ONLY, _SEEK_END = 0, 2
_PROT_READ, _MAP_PRIVATE = 1, 2  # bits/mman.h

if hasattr(vfs, "VfsRom"):
    _libc = ffi.open(None)
    _fd = _libc.func("i", "open", "si")(os.getenv("MENSHEN_ROM"), _READ_ONLY)
    _size = _libc.func("l", "lseek", "ili")(_fd, 0, _SEEK_END)
    _address = _libc.func("p", "mmap", "pLiiil")(0, _size, _PROT_READ, _MAP_PRIVATE, _fd, 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(_address, _size)), "/rom")
    sys.path[:] = ["/rom", ".frozen"]
del sys.modules["rom"]
