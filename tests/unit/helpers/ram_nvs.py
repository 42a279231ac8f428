"""The chip's NVS in RAM for the tests, with the mains plug: power goes at the n-th operation of a deed."""

NOT_FOUND, NOT_ENOUGH_SPACE, INVALID_LENGTH = -0x1102, -0x1105, -0x110C


class PowerCut(BaseException):
    """The power went: nothing runs after it but what starts again."""


class RamNVS:
    """The power goes in operation `cut_at` (set or commit, from 1); with `lands` that is done first.

    What is set lasts from the commit on; with `eager` at once, as in the esp-idf of today.
    """

    def __init__(self, eager=False, lands=False):
        self.kept, self._pending = {}, {}
        self.eager, self.lands = eager, lands
        self.full = False
        self.operations = self.cut_at = 0

    def restart(self):
        """The power is back, and stays."""
        self._pending = {}
        self.cut_at = 0

    def _get(self, key):
        for values in (self._pending, self.kept):
            if key in values:
                return values[key]
        raise OSError(NOT_FOUND)

    def get_i32(self, key):
        return self._get(key)

    def get_blob(self, key, buffer):
        value = self._get(key)
        if len(value) > len(buffer):
            raise OSError(INVALID_LENGTH)
        buffer[: len(value)] = value
        return len(value)

    def set_i32(self, key, value):
        if self.full:
            raise OSError(NOT_ENOUGH_SPACE)
        self._operate((self.kept if self.eager else self._pending).update, {key: value})

    def set_blob(self, key, value):
        self.set_i32(key, bytes(value))

    def commit(self):
        self._operate(self._commit)

    def _commit(self):
        self.kept.update(self._pending)
        self._pending = {}

    def _operate(self, change, *arguments):
        self.operations += 1
        falls = self.operations == self.cut_at
        if not falls or self.lands:
            change(*arguments)
        if falls:
            raise PowerCut


def cut_everywhere(prepare, deed, check):
    """Cut in each operation of deed(nvs), in each way; check(nvs, state, done) after each. Returns how many.

    `state` is what prepare(nvs) returned; done is what deed returned, None where the power went first.
    """
    cuts = 0
    for eager in (False, True):
        for lands in (False, True):
            for n in range(1, 100):
                nvs = RamNVS(eager, lands)
                state = prepare(nvs)
                nvs.operations, nvs.cut_at = 0, n
                done = None
                try:
                    done = deed(nvs, state)
                except PowerCut:
                    cuts += 1
                fell = nvs.operations == n
                nvs.restart()
                check(nvs, state, done)
                if not fell:
                    break
            else:
                raise AssertionError("the deed does not end")
    return cuts
