"""An NVS in RAM, with the power to cut and the room to run out."""

from storage.nvs import Numbers


class PowerCut(Exception):
    pass


class RamNvs:
    """NVS of the chip: what is not committed is lost. `cut_after` commits it, or does not, and stops."""

    def __init__(self):
        self.kept = {}
        self.fresh = {}
        self.commits = 0
        self.full = False
        self.cut_after = None

    def get_i32(self, name):
        if name not in self.fresh:
            raise OSError(-0x1102)
        return self.fresh[name]

    def set_i32(self, name, value):
        assert -(1 << 31) <= value < 1 << 31
        assert len(name) <= 15
        self.fresh[name] = value

    def get_blob(self, name, buffer):
        if name not in self.fresh:
            raise OSError(-0x1102)
        value = self.fresh[name]
        if len(value) > len(buffer):
            raise OSError(-0x110C)
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, name, value):
        assert len(name) <= 15
        self.fresh[name] = bytes(value)

    def commit(self):
        if self.full:
            self.fresh = dict(self.kept)
            raise OSError(-0x1105)
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCut
        self.commits += 1
        self.kept = dict(self.fresh)

    def restart(self):
        """The power was gone, and is back."""
        self.fresh = dict(self.kept)
        self.cut_after = None
        return Numbers(self)
