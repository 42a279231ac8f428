"""_thread of the ESP32 port, as far as its stacks go: they are ESP-IDF's.

No thread runs beside another here: one runs until it waits for a lock, and ends when it gets that.
`account` is set by the start of the chip.
"""

from micropython import const

_LEAST = const(4096)  # MP_THREAD_MIN_STACK_SIZE of mpthreadport.c; 1 KB more is usual
_OWN = const(1024)  # what FreeRTOS has of a thread beside its stack
account = None
_sizes = [_LEAST + 1024]


class LockType:
    """What waits for it, `stacks` in bytes, ends at once when it is let go."""

    held, stacks = False, 0

    def acquire(self) -> bool:
        if self.held:
            raise RuntimeError(self)  # who calls gets no further
        self.held = True
        return True

    def release(self) -> None:
        account.take(0)
        account.largest += self.stacks
        self.held, self.stacks = False, 0


allocate_lock = LockType


def stack_size(size: int = 0) -> int:
    """Of the threads from now on, in bytes; 0 is the usual one. The size until now."""
    _sizes.append(max(_LEAST, size or _LEAST + 1024))
    return _sizes.pop(0)


def start_new_thread(function, arguments: tuple) -> None:
    stack = _sizes[0] + _OWN
    account.take(stack)
    try:
        function(*arguments)
        account.largest += stack
    except RuntimeError as waits:
        waits.args[0].stacks += stack
