"""Runs the door: has the gate judge each key, PIN and card, acts on the verdict, and signals it."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from access.decide import (
    ASKING,
    AT_THE_DOOR,
    DELAYS,
    GUESTS,
    MOVING_IN,
    PASSAGE,
    PLAIN,
    PROVED,
    THROTTLED,
    UNKNOWN,
)
from access.gate import Verdict
from door.signals import SIGNALS
from loader import Loan, hush
from readers.pin_entry import PinEntry
from roll.record import PHONE, PIN, REMOTE, STAFF, STAFF_PASSAGE, TENANT
from storage.names import STAFF_WAS_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from access.dialogues import Dialogues
    from access.gate import Gate
    from access.waiting import Waiting
    from door.controller import Controller
    from door.phone import Phone
    from door.switch import Switch
    from storage.nvs import Numbers

    class Reports(Protocol):
        """What the operator is told."""

        def alarm(self, kind: str) -> None: ...
        def staff(self, digest: bytes, kind: int) -> None: ...


_TICK_MS = const(10)
_LOOK_MS = const(60_000)  # between two looks whether passage mode is within its hours
_REST_MS = const(60_000)  # from one `* #` to the next


class Doorkeeper:
    """Everything that happens at the door comes in here.

    `reports` reach the operator: alarms and the entries of staff, never a tenant's entry.
    """

    def __init__(
        self,
        gate: "Gate",
        dialogues: "Dialogues",
        controller: "Controller",
        numbers: "Numbers",
        reports: "Reports",
    ) -> None:
        self._gate, self._dialogues = gate, dialogues
        self._controller, self._indicator = controller, controller.indicator
        self._numbers, self._reports = numbers, reports
        self._entry = PinEntry(self._pin, self._indicator.tell)
        self._talk: Waiting | None = None  # the dialogue that runs
        self._passage = b""  # the digest of the staff who have begun passage mode; none where it is off
        self._looked = 0
        self._rests, self._asked = False, 0  # `* #` was typed less than a minute ago; when

    def identify(self) -> None:
        """Show which lock this is to somebody who looks for it."""
        self._indicator.say_if_idle("identify", ticks_ms())

    def remote(self, lease: int, digest: bytes) -> bool:
        """Open for a command of a tenant or of staff, if the gate agrees; whether it did.

        `lease` and `digest` are those of Gate.remote().
        """
        verdict = self._gate.remote(lease, digest)
        self._act(verdict)
        return verdict.granted

    def key(self, key: str) -> None:
        """A key of the keypad was pressed: "0" to "9", "*" or "#"."""
        hush()
        now = ticks_ms()
        if self._talk is not None:
            self._talk.key(key, now)
        self._entry.press(key, now)
        self._follow(now)

    def card(self, uid: bytes, kind: int = PLAIN) -> None:
        """A card was held to the reader; `kind` is one of those of access/decide.py."""
        now = ticks_ms()
        if kind == DELAYS:
            self._indicator.say("unread", now)
            return
        verdict = self._talk and self._talk.card(uid, kind)
        self._act(verdict or self._gate.card(uid, kind == PROVED))
        self._follow(now)

    def adds_card(self) -> bool:
        """Whether a card is awaited that is to be added."""
        return self._talk is not None and self._talk.adds()

    def _pin(self, digits: bytes, number: "bytes | None") -> None:
        """A code was entered at the keypad, with a number after `*` or without; or `* #`, without digits."""
        if not digits:
            self._await_phone()
            return
        talk = self._talk
        verdict = talk and talk.again(digits)
        if verdict is None:
            verdict = self._gate.pin(digits, ticks_ms(), number)
            if verdict.reason == GUESTS:
                try:
                    asyncio.create_task(self._guest(verdict, bytes(digits), talk))
                    return
                except MemoryError:
                    verdict.reason = UNKNOWN
            if talk is not None:
                talk.pin(verdict, digits)
        self._act(verdict)

    async def _guest(self, verdict: "Verdict", digits: bytes, talk: "Waiting | None") -> None:
        """Act when it is known whose code these digits are; `talk` is the dialogue that ran, if any."""
        await self._gate.guest(verdict, digits)
        if talk is not None and talk is self._talk:
            talk.pin(verdict, digits)
        self._act(verdict)

    def _await_phone(self) -> None:
        """Await a phone that opens with a resident's key, whoever asks for it, but once a minute at most.

        `* #` is no code: nothing counts it, and no wait of the keypad stops it.
        """
        verdict = Verdict(THROTTLED if self._rests else ASKING, PHONE)
        verdict.order = AT_THE_DOOR
        if not self._rests:
            self._rests, self._asked = True, ticks_ms()
        self._act(verdict)

    def _follow(self, now: int, moves: bool = False) -> None:
        """See whether a dialogue is over. It is when the leaf moves: whoever began it may have gone in."""
        talk = self._talk
        if self._rests and ticks_diff(now, self._asked) >= _REST_MS:
            self._rests = False
        if talk is not None:
            if talk.answer is not None:  # it ends, whoever has answered
                talk.patience = 0
                self._act(self._gate.remote(talk.answer, b"", PHONE))
            if talk.patience and (talk.has_run_out(now) or moves):
                talk.patience = 0
                self._indicator.say("cleared", now)
            if not talk.patience:
                self._end_dialogue()

    def _end_dialogue(self) -> None:
        """With the light dark the next digits are a new entry, and no phone is served."""
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.end()
            self._indicator.set("enrolling", False)
            if not talk.spares_digits:
                self._entry.clear()

    def _act(self, verdict: "Verdict") -> None:
        """Open the door if the verdict grants it, and signal and report what happened."""
        now = ticks_ms()
        if not verdict.granted and verdict.reason != PASSAGE:
            self._refuse(verdict, now)
            return
        self._end_dialogue()
        is_staff = verdict.role in (STAFF, STAFF_PASSAGE)
        if is_staff:  # reported before the door opens: a power cut must not hide an entry
            self._reports.staff(verdict.digest, verdict.kind)
        if verdict.reason == PASSAGE and self._passage:
            self._end_passage()
        else:
            self._controller.grant(now)
            self._gate.note(verdict)
            if verdict.reason == PASSAGE:
                self._passage, self._looked, self._controller.passage = verdict.digest, now, True
                self._indicator.set(PASSAGE, True)
        signal = "granted"
        if verdict.role == TENANT and verdict.kind != REMOTE:  # who opens from afar sees no light
            signal = self._gate.greeting(verdict)
            if signal == "granted" and self._numbers.get(STAFF_WAS_IN):
                signal = "staff"
        self._show(verdict, signal, now)
        try:
            if is_staff or signal == "staff":
                self._numbers.set(STAFF_WAS_IN, int(is_staff))
        except OSError:
            console.error("door", "NVS is full: staff are not noted")

    def _show(self, verdict: "Verdict", signal: str, now: int) -> None:
        """Show what came of it; a signal for somebody far away replaces none for somebody at the door."""
        (self._indicator.say_if_idle if verdict.kind == REMOTE else self._indicator.say)(signal, now)

    def _watch_passage(self, now: int) -> None:
        """End passage mode with the hours of whoever began it, or when the list has them no more."""
        if self._passage and ticks_diff(now, self._looked) >= _LOOK_MS:
            self._looked = now
            if not self._gate.may_pass(self._passage):
                self._end_passage()

    def _end_passage(self) -> None:
        self._passage = b""
        self._controller.end_passage()
        self._indicator.set(PASSAGE, False)

    def _refuse(self, verdict: "Verdict", now: int) -> None:
        """Say why it does not open, or do what else was asked for."""
        reason = verdict.reason
        if reason in (ASKING, MOVING_IN):
            self._end_dialogue()
            self._talk, reason = self._dialogues.begin(verdict, now)
            self._indicator.set("enrolling", self._talk is not None)
        elif self._talk is not None and verdict.kind != REMOTE:
            self._talk.heard(reason)
        if reason == UNKNOWN and verdict.kind == PIN:
            self._gate.note(verdict)
        self._show(verdict, reason if reason in SIGNALS else "denied", now)
        if verdict.begins_throttle:
            self._reports.alarm("throttled")

    async def run(
        self, leaf: "Switch", exit_button: "Switch", tamper: "Switch", feed: "Callable[[], None]"
    ) -> None:
        """Follow the switches and the time for ever. feed() feeds the watchdog: only this task does that."""
        tampered = was_open = False
        while True:
            now = ticks_ms()
            leaf_open, exiting = leaf.is_on(now), exit_button.is_on(now)
            if exiting:
                self._controller.request_exit(now)
            self._watch_passage(now)
            self._controller.tick(now, leaf_open)
            if tamper.is_on(now) != tampered:
                tampered = not tampered
                self._indicator.set("tamper", tampered)
                if tampered:
                    self._reports.alarm("tamper")
            self._indicator.tick(now)
            self._follow(now, leaf_open != was_open)
            was_open = leaf_open
            self._entry.tick(now)
            feed()
            await asyncio.sleep_ms(_TICK_MS)


def phone_lender(*parts) -> "Callable[[], Phone]":
    """A function that lends the phone at the reader for as long as something is presented to it.

    `parts` are those of door/phone.py.
    """

    def lend() -> "Phone":
        with Loan():
            from door.phone import Phone

            return Phone(*parts)

    return lend
