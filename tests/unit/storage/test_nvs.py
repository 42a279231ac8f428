"""Small numbers in the chip's NVS: one commit for a change, none for none, and a full NVS is told."""

from ram_numbers import PowerCut, RamNvs

from storage.nvs import Numbers


def test_a_number_that_is_not_there_is_its_default():
    numbers = Numbers(RamNvs())
    assert (numbers.get("absent"), numbers.get("absent", -7)) == (0, -7)


def test_a_change_is_committed_at_once_and_an_unchanged_number_costs_nothing():
    nvs = RamNvs()
    numbers = Numbers(nvs)
    for value in (5, 5, 5):
        numbers.set("count", value)
    assert (nvs.kept, nvs.commits) == ({"count": 5}, 1)
    numbers.set("count", -6)
    assert (nvs.kept["count"], nvs.commits) == (-6, 2)


def test_a_first_number_is_stored_whatever_it_is():
    for value in (0, -1, 1, 0x7FFFFFFF, -0x80000000):
        nvs = RamNvs()
        Numbers(nvs).set("first", value)
        assert nvs.kept == {"first": value}


def test_a_full_nvs_is_told_and_the_old_number_stays():
    nvs = RamNvs()
    numbers = Numbers(nvs)
    numbers.set("count", 5)
    nvs.full = True
    try:
        numbers.set("count", 6)
    except OSError:
        pass
    else:
        raise AssertionError("there was room")
    assert numbers.get("count") == 5


def test_a_cut_leaves_the_old_number():
    nvs = RamNvs()
    numbers = Numbers(nvs)
    numbers.set("count", 5)
    nvs.cut_after = 0
    try:
        numbers.set("count", 6)
    except PowerCut:
        pass
    assert nvs.restart().get("count") == 5


def test_bytes_come_back_as_they_were_and_none_where_there_are_none():
    numbers = Numbers(RamNvs())
    assert numbers.blob("absent", 8) == b""
    numbers.put_blob("blob", b"\x00\x01\xff")
    assert numbers.blob("blob", 8) == b"\x00\x01\xff"


def test_few_bytes_need_no_long_piece_of_memory_and_many_come_whole():
    class Nvs(RamNvs):
        def get_blob(self, name, buffer):
            sizes.append(len(buffer))
            return super().get_blob(name, buffer)

    sizes, numbers = [], Numbers(Nvs())
    for size in (0, 128, 129, 768):
        numbers.put_blob("blob", bytes(size))
        assert numbers.blob("blob", 768) == bytes(size)
    assert sizes == [128, 128, 128, 768, 128, 768]


def test_bytes_that_are_there_and_cannot_be_read_are_not_taken_for_none():
    numbers = Numbers(RamNvs())
    numbers.put_blob("blob", bytes(9))
    try:
        numbers.blob("blob", 8)
    except OSError:
        return
    raise AssertionError("9 bytes went into 8")
