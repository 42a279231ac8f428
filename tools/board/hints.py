"""What the hints of firmware/selftest/ mean: which wire to look at, in a sentence.

The lock gives a hint in a word or two, and then what it has seen, each after a "|": its slot has no space for
sentences. An older release gives whole sentences.
"""

_LINES = "D0 ({key_columns 0}) and D1 ({key_columns 1})"

SENTENCES = {
    # bolt
    "stiff relay": "{relay} does not follow: it is shorted, or the relay's input draws too much",
    # keys
    "no keys": "no key at all: is the keypad's plug on {key_rows} (rows) and {key_columns} (columns)?",
    "exchanged": "the keys come as %s, not as %s: rows or columns are exchanged",
    "row": "the row %s is dead: look at the wire of {key_rows %s}",
    "column": "the column %s is dead: look at the wire of {key_columns %s}",
    "not seen": "not seen: %s; these keys make no contact, or were not pressed in time",
    # wiegand
    "no card at all": "no card seen: hold one flat on the reader; look at its power, at ground and at "
    + _LINES,
    "held low": "a line is held low: has the %s power, do " + _LINES + " touch ground?",
    "unread": "a card came, but none of 26, 34 or 37 bits with their parity: "
    + _LINES
    + " are exchanged, or "
    "its length is to be named in reader.bits, its parity in reader.parity",
    "bits": "bits come that are no %s: one of " + _LINES + " is off, or they are exchanged",
    "no key at all": "no key at all: look at " + _LINES + ", at the keypad's power and at ground",
    # reader
    "silent": "no answer: look at its power, at its switches (HSU), and at the serial wires: "
    "{reader_tx} to the reader's RXD, {reader_rx} to its TXD",
    "garbage": "it answers, but not as a PN532: look at its switches (HSU), at ground, "
    "and at the length of the wires",
    "no reset": "it answers while held in reset: look at the wire from {reader_reset} to RSTPD_N",
    "no IRQ": "its IRQ line is silent: look at the wire from {reader_irq} to IRQ (P70)",
    "no card": "no card seen: hold one flat on the antenna; metal behind the reader makes it blind",
    "plain card": "it cannot prove itself: hold an NTAG 424 DNA or a DESFire EV2 or EV3 to see those work",
    "stopped": "it stopped answering: look at its power and its wires",
    # switches: low all the time, high all the time, or changing too often
    "contact low": "always closed: does the wire of {contact} touch ground, or does the contact stick?",
    "contact high": "never closed: look at the contact's wires to {contact} and to ground, and at its magnet",
    "contact loose": "{contact} hangs in the air: it needs 10 kOhm to 3.3 V, and the contact to ground",
    "exit button low": "always pressed: the wire of {exit_button} touches ground, or the button sticks",
    "exit button high": "never pressed: look at the button's wires to {exit_button} and to ground",
    "exit button loose": "the button's wire to {exit_button} has a loose contact",
    "tamper switch low": "the case is always closed: the wire of {tamper} touches ground, "
    "or the switch sticks",
    "tamper switch high": "the case is never closed: look at the switch's wires to {tamper} and to ground",
    "tamper switch loose": "the switch's wire to {tamper} has a loose contact",
    "jumper loose": "{jumper} hangs in the air: it needs 10 kOhm to 3.3 V, or the console may open by itself",
    # radio
    "weak": "weak, %s dBm: move the access point or the lock's antenna; below -80 it comes and goes",
    "no network": "no network %s is in reach: is wifi.ssid right (2.4 GHz only), "
    "is the antenna free of metal?",
    "password": "the access point refuses the password: look at wifi.password",
    "not joined": "no connection to %s (status %s): look at wifi.password, and at the access point's list",
    "no name": "the name %s is not found (%s): is broker.host right, does DNS work?",
    "no memory": "%s: press EN, and repeat the test",
    "not let in": "%s:%s does not let the lock in (%s): does it run there, "
    "does it know this lock's certificate?",
}


def sentence(hint: str) -> str:
    """The hint as a sentence, with pins as {part}; a hint that is not known here is a sentence already."""
    word, *seen = hint.split("|")
    text = SENTENCES.get(word, "")
    places = text.count("%s")
    if not text or len(seen) < places:
        return hint
    return text % (*seen[: places - 1], "|".join(seen[places - 1 :])) if places else text
