"""What residents choose lies under a key that the lock has made, and that the operator does not know."""

from people_parts import KEY, House, Who, digest
from ram_flash import RamFlash
from ram_numbers import RamNvs

from people.own_key import PATH, own_key
from roll.record import CARD, PIN
from storage import files
from storage.hmac import Mac
from storage.names import OWN_KEY, OWN_KEY_MAX
from storage.nvs import Numbers

SECRET = b"246810"


def make():
    RamFlash("/access", 32)
    nvs = RamNvs()
    return nvs, Numbers(nvs)


def test_it_is_made_once_and_is_another_in_each_lock():
    nvs, numbers = make()
    first = own_key(KEY, numbers)
    assert len(first) == 32
    for _ in range(3):
        assert own_key(KEY, nvs.restart()) == first
    _, other = make()
    assert own_key(KEY, other) != first


def test_what_is_there_already_is_not_written_again():
    nvs, numbers = make()
    own_key(KEY, numbers)
    commits, write, files.write = nvs.commits, files.write, None
    own_key(KEY, numbers)
    files.write = write
    assert nvs.commits == commits


def test_each_of_the_two_stands_in_for_the_other_and_has_it_made_again():
    _, numbers = make()
    first = own_key(KEY, numbers)
    for broken in (b"", b"nothing", bytes(64), first + bytes(32)):
        numbers.put_blob(OWN_KEY, broken)
        assert own_key(KEY, numbers) == first
        assert numbers.blob(OWN_KEY, OWN_KEY_MAX)[:32] == first
        with open(PATH, "wb") as file:
            file.write(broken)
        assert own_key(KEY, numbers) == first
        files.remove(PATH)
        assert own_key(KEY, numbers) == first
        numbers.put_blob(OWN_KEY, b"")
        assert own_key(KEY, numbers) == first


def test_it_is_no_other_locks():
    _, numbers = make()
    first = own_key(KEY, numbers)
    assert own_key(bytes(31) + b"1", numbers) != first


def test_one_of_the_two_is_enough_and_without_both_there_is_none():
    nvs, numbers = make()
    nvs.full = True
    first = own_key(KEY, numbers)
    assert own_key(KEY, numbers) == first
    write, files.write = files.write, full
    files.remove(PATH)
    assert own_key(KEY, numbers) is None
    nvs.full = False
    second = own_key(KEY, numbers)
    assert own_key(KEY, numbers) == second
    files.write = write
    assert own_key(KEY, numbers) == second


def full(*_):
    raise OSError(28)


def _under_own(house, value, kind=PIN):
    return house.residents.digest(b"", bytes((kind,)), value)


def test_what_residents_choose_is_not_found_under_the_locks_key():
    house = House()
    under = Mac(KEY).digest(b"\x01", SECRET)[:16]
    house.at().move_in(digest(5001), _under_own(house, SECRET))
    assert house.residents.entry(under) is None
    house.start()
    assert house.residents.find(under, b"\x01", SECRET).number == 1
    for shelf in range(4):
        for entry in house.residents.each(shelf):
            assert entry[:16] != under


def test_a_lock_without_one_uses_the_locks_key_and_renews_when_it_has_one():
    house = House()
    house.nvs.full = True
    own, house.residents.own = house.residents.own, None
    under = Mac(KEY).digest(b"\x01", SECRET)[:16]
    assert _under_own(house, SECRET) == b""
    house.at().move_in(digest(5001), under)
    house.residents.own = own
    assert house.residents.find(under, b"\x01", SECRET).number == 1


def test_what_lies_under_the_locks_key_opens_and_is_renewed_at_its_first_use():
    house = House()
    fob = Mac(KEY).digest(b"\x02", b"fob")[:16]
    under = Mac(KEY).digest(b"\x01", SECRET)[:16]
    house.at().move_in(digest(5001), under)
    house.at().add_card(Who(1, under), fob)
    before = house.entries()
    for _ in range(3):
        assert house.residents.find(under, b"\x01", SECRET).number == 1
    assert len(house.residents.renewals) == 1
    house.residents.ensure_copy()
    assert house.residents.entry(under) is None
    assert house.residents.entry(_under_own(house, SECRET)).number == 1
    assert house.residents.entry(fob) is not None, "it was not used yet"
    assert house.entries() == before
    house.start()
    assert house.residents.find(under, b"\x01", SECRET).number == 1
    assert house.residents.find(fob, b"\x02", b"fob").kind == CARD
    assert len(house.residents.renewals) == 1


def test_a_full_flash_leaves_it_as_it_is():
    house = House()
    under = Mac(KEY).digest(b"\x01", SECRET)[:16]
    house.at().move_in(digest(5001), under)
    house.residents.find(under, b"\x01", SECRET)
    write, files.write = files.write, full
    house.residents.ensure_copy()
    files.write = write
    assert house.residents.find(under, b"\x01", SECRET).number == 1
