"""Makes events from the lines in which the chip reports what its pins do.

    pin {pin, level: 0, 1 or None where not driven} · led {r, g, b} · pwm {pin, hz, duty} ·
    wifi {action, ssid} · boot {cause, heap} · armed {cpu_us, fakes_us, reads}

`heap` is what asyncio and the simulated chip take of the heap before boot.py runs, in bytes. `armed` comes if
starts are measured: CPU time from boot.py's first line to the first idle moment, the part of it that is the
simulator's own, and reads of the flash.
"""

_STAMP = 2**30  # ticks_us of the 32-bit port goes round; that of the 64-bit port at a multiple of it


def on_clock(us: int, now: int) -> int:
    """A stamp of the chip on the clock of `now`: both count CLOCK_MONOTONIC, in us."""
    return now - (now - us) % _STAMP


def event_of(words: list[str], now: int) -> dict | None:
    """The event, its "us" on the clock of `now`. None for any other line."""
    match words:
        case ["wifi", action, *ssid]:
            return {"type": "wifi", "action": action, "ssid": " ".join(ssid) or None, "us": now}
        case ["armed", cpu, fakes, reads]:
            return {
                "type": "armed",
                "cpu_us": int(cpu),
                "fakes_us": int(fakes),
                "reads": int(reads),
                "us": now,
            }
        case ["step", task, cpu, reads, taken]:
            step = {"task": task, "cpu_us": int(cpu), "reads": int(reads), "bytes": int(taken)}
            return {"type": "step", **step, "us": now}
        case ["pin", pin, level, us]:
            event = {"pin": int(pin), "level": None if level == "z" else int(level)}
        case ["led", r, g, b, us]:
            event = {"r": int(r), "g": int(g), "b": int(b)}
        case ["pwm", pin, hz, duty, us]:
            event = {"pin": int(pin), "hz": int(hz), "duty": int(duty)}
        case ["boot", cause, heap, us]:
            event = {"cause": int(cause), "heap": int(heap)}
        case _:
            return None
    return {"type": words[0], **event, "us": on_clock(int(us), now)}
