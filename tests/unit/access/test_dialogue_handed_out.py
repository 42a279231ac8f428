"""Cards that the operator has handed out, in a dialogue at the keypad."""

from dialogue_parts import FOB, Keypad

from access.decide import PROVED

GO, KEPT = "enrolling", "kept"
PROVED_CARD = 8  # the purpose of what such a card has proved


def test_a_card_that_was_handed_out_is_not_made_ones_own_since_the_operator_can_copy_it():
    for uid in (FOB[:4], FOB[:7], (FOB + FOB)[:10]):
        keypad = Keypad()
        keypad.ask(2)
        assert keypad.card(b"\1" + uid, PROVED) == "elsewhere"
        assert keypad.card(uid, PROVED) == KEPT


def test_a_card_that_was_handed_out_opens_beside_a_dialogue_and_is_removed_by_who_lives_there_alone():
    keypad = Keypad()
    handed_out = b"\1" + FOB[:7]
    keypad.list(handed_out, PROVED_CARD)
    assert (keypad.ask(2), keypad.card(handed_out, PROVED)) == (GO, None)
    assert (keypad.ask(3), keypad.card(handed_out, PROVED)) == (GO, KEPT)
    assert not keypad.lets_in(handed_out, PROVED_CARD)
