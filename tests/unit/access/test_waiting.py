"""How every dialogue at the keypad ends: by time, by `*`, at the third refusal, and once a phone has read."""

from time import ticks_add

from dialogue_parts import Phone

from access.waiting import Waiting

LAST = ticks_add(0, -1)


def made(now=0):
    phone = Phone()
    phone.present(7, bytes(16))
    return Waiting(now, phone), phone


def test_it_ends_after_its_time_without_a_key():
    for now in (0, LAST):
        waiting, _ = made(now)
        assert not waiting.has_run_out(ticks_add(now, 19_999))
        waiting.key("5", ticks_add(now, 19_999))
        assert not waiting.has_run_out(ticks_add(now, 39_998))
        assert waiting.has_run_out(ticks_add(now, 39_999))
        assert not waiting.patience


def test_a_star_ends_it():
    waiting, _ = made()
    for key in "0123456789#":
        waiting.key(key, 0)
        assert waiting.patience
    waiting.key("*", 0)
    assert not waiting.patience


def test_the_third_refusal_ends_it_and_what_goes_on_is_none():
    waiting, _ = made()
    for reason in ("weak", "enrolling", "kept", "unknown", "enrolling"):
        waiting.heard(reason)
        assert waiting.patience
    waiting.heard("throttled")
    assert not waiting.patience


def test_it_ends_when_the_phone_has_read_and_the_phone_is_served_no_more_when_it_ends():
    waiting, phone = made()
    assert not waiting.has_run_out(0)
    assert waiting.patience
    phone.is_there = False
    assert not waiting.has_run_out(0)  # that is no failure
    assert not waiting.patience
    waiting, phone = made()
    waiting.end()
    assert not phone.is_there


def test_codes_and_cards_are_judged_as_ever_meanwhile():
    waiting, _ = made()
    assert waiting.again(b"246810") is None
    assert waiting.pin(None, b"246810") is None
    for uid in (b"\x04abcdef", b"\x08abcdef", b"abc\x08", bytes(4)):
        assert waiting.card(uid) is None


def test_a_phone_that_comes_too_soon_is_no_card_that_is_refused():
    waiting, _ = made()
    assert waiting.card(b"\x08abc").reason == "enrolling"
