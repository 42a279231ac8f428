"""The self-test from the computer's side: one part after the other, with a person's hands, eyes and ears.

What runs on the board is firmware/selftest/. A person answers for what the chip cannot see; without one
(`ask` is None) those parts run but are not judged.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from menshen import checkout, wiring

from . import keys
from .console import BoardError, Console
from .hints import sentence

Ask = Callable[[str], bool]
Say = Callable[[str], None]

_PREPARE = """
import asyncio, json
from board import Board
from loader import Loan
from settings import SettingsError, load
try:
    its = load()
    its_board = Board(its.pins, its.unlock_level)
    its_board.remember_relay(its.unlock_level)
    print("= " + json.dumps([its.keypad, its.reader, its.contact, its.pins]))
except SettingsError:
    print('= ""')
"""
# One after the other: there is no memory for all of them at once.
_PART = """
def _part():
    with Loan():
        import selftest.{module} as {module}
        return asyncio.run({call})
print("= " + json.dumps(_part()))
"""
# Here the build would keep the firmware's own name `console` for the sake of a text.
_SEAL = """
from esp32 import NVS
_nvs = NVS("menshen")
_nvs.set_i32("{0}", {1})
_nvs.commit()
"""
_SILENCE_S = 60  # longer than a step of firmware/selftest takes that waits for no person


@dataclass(frozen=True)
class Result:
    """What one part has shown. `ok` is None where nobody judged it."""

    part: str
    ok: bool | None
    hint: str = ""


@dataclass(frozen=True)
class Step:
    """One call of firmware/selftest: what a person is told first, and asked afterwards."""

    part: str
    call: str
    tell: str
    question: str = ""
    hint: str = ""


_NO_LIGHT = (
    "look at the light's wires: {light} to DIN, 5 V, ground; other colours: it is no WS2812 with GRB order"
)
STEPS = (
    Step(
        "relay",
        "bolt.check(its_board, its.unlock_level, print)",
        "The bolt is let go for one second.",
        "Did the bolt let go, and hold again?",
        "look at the wires from {relay} to the relay's input, at the relay's supply, and at its contacts",
    ),
    Step(
        "light",
        "signals.light(its_board, print)",
        "The light shows red, green and blue.",
        "Did you see red, green and blue, in this order?",
        _NO_LIGHT,
    ),
    Step(
        "buzzer",
        "signals.buzzer(its_board, print)",
        "The buzzer plays three tones.",
        "Did you hear three rising tones?",
        "look at the wire from {buzzer} to the transistor, and at the buzzer's; it must be a passive one",
    ),
    Step(
        "keypad",
        "",
        "Press every key once: 1 2 3, 4 5 6, 7 8 9, * 0 #.",
    ),
    Step("reader", "", "Have a card at hand: best one that can prove itself, such as tenants will add."),
    Step(
        "contact",
        'switches.check(its_board, "contact", print, {wait_s})',
        "Open the door and close it (or close and open it).",
    ),
    Step(
        "exit button",
        'switches.check(its_board, "exit button", print, {wait_s})',
        "Press the exit button and let go.",
    ),
    Step(
        "tamper switch",
        'switches.check(its_board, "tamper switch", print, {wait_s})',
        "Press the tamper switch and let go (or the other way round).",
    ),
    Step("service jumper", "switches.jumper(its_board, print)", "The service jumper's pin is looked at."),
    Step("network", "radio.check(its_board, its, print)", "Wi-Fi, then the broker."),
)
# Whole programs, each: the build leaves the names in them as they are.
_KEYPADS = {
    "matrix": "keys.check(its_board, print, {wait_s})",
    "wiegand": "wiegand.check(its_board, print, {wait_s})",
}
_READERS = {
    "pn532": "reader.check(its_board, print, {wait_s})",
    "wiegand": "wiegand.card(its_board, print, {wait_s}, its.reader_bits, its.reader_parity)",
}
"""What tries them, by the settings' `keypad.type` and `reader.type`."""
_HELD = Step(
    "relay's level",
    "",
    "The relay is at its safe level now.",
    "Does the bolt hold now?",
    "turn relay.unlock_level around in the settings (0 or 1), or use the relay's other contact (NO, NC)",
)


def run(console: Console, ask: Ask | None, say: Say, seconds: int) -> list[Result]:
    """All parts, one by one; a person has `seconds` for each.

    Raises BoardError where the board has no settings, or goes away.
    """
    parts = console.run(_PREPARE, say)
    if not parts:
        raise BoardError(
            "the board has no settings yet, so the relay's safe level is not known: "
            f"{checkout.task('provision', 'board provision')} first"
        )
    keypad, reader, contact, table = parts
    pins = wiring.named(table)
    absent = {"reader": reader not in _READERS, "contact": not contact}
    results = [_judge(_HELD, ask, say, pins)]
    for step in STEPS:
        if absent.get(step.part):
            say(f"\n{step.part}: there is none, by the settings.")
            continue
        say(f"\n{step.part}: {step.tell}")
        chosen = {"keypad": _KEYPADS[keypad], "reader": _READERS.get(reader, "")}
        call = (step.call or chosen[step.part]).format(wait_s=seconds)
        module = call.partition(".")[0]
        try:
            code = _PART.format(module=module, call=call)
            answer = console.run(code, lambda line: say(f"  {line}"), seconds + _SILENCE_S)
        except BoardError as error:
            if not console.alive():
                raise
            answer = [(step.part, False, str(error))]  # a fault in one part hides no other
        for part, ok, told in answer or []:
            judged = None if ok is None else bool(ok)
            for hint in keys.hints(told):
                results.append(Result(part, judged, with_pins(sentence(hint), pins)))
                say(f"  {part}: {'ok' if ok else results[-1].hint}")
        if step.question and results[-1].ok:
            results[-1] = _judge(step, ask, say, pins)
    return results


def with_pins(hint: str, pins: wiring.Pins) -> str:
    """A hint in a sentence with this board's pins where it names parts: {relay}."""

    def number(found: re.Match[str]) -> str:
        part, place = found.groups()
        numbers = pins.get(part, found[0])
        if isinstance(numbers, Sequence) and not isinstance(numbers, str):
            numbers = numbers[int(place)] if place else ", ".join(map(str, numbers))
        return str(numbers) if numbers == found[0] else f"GPIO {numbers}"

    return re.sub(r"\{(\w+)(?: (\d))?\}", number, hint)


def _judge(step: Step, ask: Ask | None, say: Say, pins: wiring.Pins) -> Result:
    if ask is None:
        return Result(step.part, None)
    ok, hint = ask(step.question), with_pins(step.hint, pins)
    if not ok:
        say(f"  {hint}")
    return Result(step.part, ok, "" if ok else hint)


def report(results: list[Result]) -> str:
    """What was found, for people: one line for each part."""
    words = {True: "ok", False: "FAULT", None: "not judged"}
    width = max(len(result.part) for result in results)
    lines = [
        f"  {result.part:<{width}}  {words[result.ok]}{': ' + result.hint if result.hint else ''}"
        for result in results
    ]
    return "\n".join(lines)


def seal(console: Console, leave_open: bool = False) -> None:
    """Shut the board's console from its next start on, or leave it open."""
    console.run(_SEAL.format("console", int(leave_open)))
