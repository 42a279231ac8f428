"""Code that is needed now and then: loaded for its time, and then gone from RAM."""

import gc
import sys


def unload(*names: str) -> None:
    """Forget modules by name; their code is freed once nobody holds a part of them any more."""
    for name in names:
        parent, _, child = name.rpartition(".")
        if sys.modules.pop(name, None) is not None and child and parent in sys.modules:
            try:
                delattr(sys.modules[parent], child)
            except (AttributeError, KeyError):  # it failed to load, and its parent does not know it
                pass
    gc.collect()


def drop(kind: type, *methods: str) -> None:
    """Give the code of methods that nobody calls any more back to the heap."""
    for name in methods:
        setattr(kind, name, None)  # to delete it would leave the code where it is
