"""The simulated NVS is no kinder than the chip's: as large, and with numbers of 32 bits."""

import gc

import esp32
import nvs as nvs_fake


class Knife:
    """Time that nobody takes, and a power that stays."""

    own_us = 0

    def now(self):
        return 0

    def falls(self, kind):
        return False


def fresh():
    nvs_fake.knife = Knife()
    nvs_fake.spaces.clear()
    return esp32.NVS("menshen")


def refuses(deed, kind, code=None):
    try:
        deed()
    except kind as error:
        return code is None or error.args[0] == -code
    return False


def test_a_number_of_more_than_32_bits_is_refused():
    nvs = fresh()
    for good in (0, -1, 0x7FFFFFFF, -0x80000000):
        nvs.set_i32("order", good)
        assert nvs.get_i32("order") == good
    for bad in (0x80000000, -0x80000001, 1 << 40):
        assert refuses(lambda bad=bad: nvs.set_i32("order", bad), OverflowError)
    assert nvs.get_i32("order") == -0x80000000


def test_it_is_full_where_the_chips_is_and_what_was_there_stays():
    nvs = fresh()
    count = 0
    while not refuses(lambda n=count: nvs.set_blob("staff%d" % n, bytes(320)), OSError, 0x1105):
        count += 1
    assert count == 41  # of 12 entries each; the last takes its place twice while it is written
    nvs.set_i32("lived", 1)
    assert refuses(lambda: nvs.set_blob("staff0", b"\x01" * 320), OSError, 0x1105)
    buffer = bytearray(320)
    assert nvs.get_blob("staff0", buffer) == 320
    assert buffer == bytes(320)


def test_all_that_the_lock_ever_stores_has_a_place():
    from storage import names

    nvs = fresh()
    for name, value in names.__dict__.items():
        if isinstance(value, str) and not name.startswith("_") and hasattr(names, name + "_MAX"):
            nvs.set_blob(value, bytes(getattr(names, name + "_MAX")))
        elif isinstance(value, str) and name[0] != "_" and not name.endswith("_QUEUE") and name != "SENT":
            nvs.set_i32(value, 1)
    texts = 120  # bytes of a usual message, its head included
    for queue in ("ALARM", "STAFF", "ACK"):
        for place in range(getattr(names, queue + "_PLACES")):
            nvs.set_blob(getattr(names, queue + "_QUEUE") + str(place), bytes(texts))


def test_values_are_those_that_were_set_last_each_in_its_namespace():
    nvs, other = fresh(), esp32.NVS("lock")
    assert refuses(lambda: nvs.get_i32("order"), OSError, 0x1102)
    assert refuses(lambda: nvs.erase_key("order"), OSError, 0x1102)
    blob, buffer = bytes(range(256)), bytearray(300)
    nvs.set_i32("order", 5)
    nvs.set_i32("ordered", 6)
    nvs.set_blob("staff0", blob)
    other.set_i32("order", 9)
    nvs.set_i32("order", -7)
    assert (nvs.get_i32("order"), nvs.get_i32("ordered"), other.get_i32("order")) == (-7, 6, 9)
    assert (nvs.get_blob("staff0", buffer), buffer) == (256, blob + bytes(44))
    assert refuses(lambda: nvs.get_i32("staff0"), OSError, 0x1103)
    assert refuses(lambda: nvs.get_blob("order", buffer), OSError, 0x1103)
    assert refuses(lambda: nvs.get_blob("staff0", bytearray(255)), OSError, 0x110C)
    nvs.set_blob("staff0", b"")
    assert nvs.get_blob("staff0", buffer) == 0
    nvs.erase_key("order")
    assert refuses(lambda: nvs.get_i32("order"), OSError, 0x1102)
    assert (nvs.get_i32("ordered"), other.get_i32("order")) == (6, 9)


def test_nothing_of_it_lies_in_the_heap():
    """As on the chip: a lock that is short of memory stores what it has to say."""
    nvs, blob, buffer = fresh(), bytes(320), bytearray(320)
    for n in range(30):
        nvs.set_blob("staff%d" % n, blob)
    gc.collect()
    before = gc.mem_alloc()
    gc.disable()
    try:
        nvs.set_blob("staff0", buffer)
        nvs.set_i32("lived", 1)
        nvs.get_blob("staff29", buffer)
        nvs.get_i32("lived")
        taken = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert taken <= 256, taken  # frames of this Python, which are free again at once
