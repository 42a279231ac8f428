"""_thread of the ESP32 port, as far as its stacks go: they are ESP-IDF's.

No thread runs beside another here: one runs until it waits for a lock, and ends when it gets that.
`account` is set by the start of the chip.
"""

from micropython import const

_LEAST, _USUAL = const(4096), const(5120)  # MP_THREAD_MIN_STACK_SIZE, _DEFAULT_ of mpthreadport.c
_OWN = const(1024)  # what FreeRTOS has of a thread beside its stack
account = None
_size = _USUAL


class Waits(Exception):
    """The lock is held; who calls gets no further."""


class LockType:
    """What waits for it, `stacks` in bytes, ends at once when it is let go."""

    held, stacks = False, 0

    def acquire(self) -> bool:
        if self.held:
            raise Waits(self)
        self.held = True
        return True

    def release(self) -> None:
        account.grow()
        account.largest += self.stacks
        self.held, self.stacks = False, 0


allocate_lock = LockType


def stack_size(size: int = 0) -> int:
    """Of the threads from now on, in bytes; 0 is the usual one. The size until now."""
    global _size
    before, _size = _size, max(_LEAST, size) if size else _USUAL
    return before


def start_new_thread(function, arguments: tuple) -> None:
    stack = _size + _OWN
    if not account.take(stack):
        raise OSError("can't create thread")
    try:
        function(*arguments)
    except Waits as waits:
        waits.args[0].stacks += stack
    else:
        account.largest += stack
