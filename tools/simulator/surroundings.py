"""What acts on the chip from outside, on or off: levels, switches, radio. Resets do not change it."""


class Surroundings:
    """Methods return the line that tells a running chip of the change; `greeting` has all for a new one."""

    def __init__(self) -> None:
        self._levels: dict[int, int | None] = {}
        self._switches: set[tuple[int, int]] = set()
        self._access_point, self.dhcp = False, "ok"

    def level(self, pin: int, level: int | None) -> str:
        """Lay a level on a pin; None is nothing."""
        self._levels[pin] = level
        return f"in {pin} {2 if level is None else level}\n"

    def switch(self, a: int, b: int, closed: bool) -> str:
        """Join two pins, or part them."""
        pair = (min(a, b), max(a, b))
        (self._switches.add if closed else self._switches.discard)(pair)
        return f"sw {pair[0]} {pair[1]} {int(closed)}\n"

    def access_point(self, up: bool) -> str:
        """Have an access point in reach, or none."""
        self._access_point = up
        return f"net {int(up)}\n"

    def lease(self, mode: str) -> str:
        """How addresses are given out; "ok" is as they should be."""
        self.dhcp = mode
        return f"dhcp {mode}\n"

    def greeting(self) -> str:
        """All lines that tell a new chip how things are."""
        lines = [self.level(pin, level) for pin, level in self._levels.items()]
        lines += [f"sw {a} {b} 1\n" for a, b in sorted(self._switches)]
        return "".join(lines) + self.access_point(self._access_point) + self.lease(self.dhcp)
