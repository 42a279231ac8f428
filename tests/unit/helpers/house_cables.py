"""What somebody with a cable does to the lock of house_lock.py, and what its flash may do by itself."""

import json
import os
from binascii import unhexlify

from virtual_chip import chip


class Cables:
    """Steps of House, which has the others."""

    def put(self, path, blob=None):
        """Somebody with a cable puts a file in this place, or without a blob a folder with one in it."""
        _remove(path)
        if blob is None:
            os.mkdir(path)
            path += "/notes"
        with open(path, "wb") as file:
            file.write(unhexlify(blob or ""))

    def remove(self, *paths):
        """They take these away."""
        for path in paths:
            _remove(path)

    def rezone(self, rule):
        """They give it the same settings, but for the rule of local time."""
        with open("/config.json") as file:
            config = json.load(file)
        config["time"]["zone"] = rule
        with open("/config.json", "w") as file:
            json.dump(config, file)
        self.start()

    def copy(self):
        """They keep a copy of the whole chip."""
        self._copy = bytes(chip.data), dict(chip.kept)

    def paste(self, flash, nvs):
        """And put that of the flash, or of NVS, back later."""
        chip.knife.dead = True
        self.drop_tasks()
        data, kept = self._copy
        if flash:
            chip.data[:] = data
        if nvs:
            chip.kept.clear()
            chip.kept.update(kept)
        self.start()

    def number(self, name, value):
        """Another release has left this number in NVS."""
        chip.kept[name] = value

    def wears(self, operation, what=chip.FLASH | chip.NVS):
        """From that one on no write to `what` succeeds; 0: all do again. It tells how many came."""
        self.told.append(["writes", chip.writes])
        chip.writes, chip.worn_at, chip.worn = 0, operation, what

    def fill(self, blocks=0):
        """Somebody leaves but so many blocks of the flash free."""
        count = 0
        os.mkdir("/ballast")
        try:
            while True:
                with open("/ballast/%d" % count, "wb") as file:
                    file.write(bytes(4096))
                count += 1
        except OSError:
            pass
        for number in range(blocks):
            os.remove("/ballast/%d" % (count - 1 - number))

    def sizes(self):
        """How many bytes the tables take, by file and by name in NVS."""
        sizes = [["/" + n, os.stat("/" + n)[6]] for n, kind, *_ in os.ilistdir("/") if kind == 0x8000]
        sizes += [["/access/" + name, os.stat("/access/" + name)[6]] for name in os.listdir("/access")]
        self.told = sizes + [[n, len(v) if isinstance(v, bytes) else 4] for n, v in chip.kept.items()]


def _remove(path):
    """A file or a folder, whole, or nothing."""
    try:
        if os.stat(path)[0] == 0x4000:
            for name in os.listdir(path):
                _remove(path + "/" + name)
        os.remove(path)
    except OSError:
        pass
