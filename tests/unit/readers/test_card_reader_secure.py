"""Cards that prove themselves: each is asked as often as it must be, and told once while it lies there."""

import virtual_time  # noqa: F401  # isort: skip (it comes before whatever imports time)

import asyncio

from scripted_pn532 import HURRY, LIST, OTHER, TENANT, until, watch

from access.decide import ELSEWHERE, PLAIN, PROVED
from readers.hsu import ReaderError
from readers.pn532 import CardError

OWN = bytes.fromhex("04998877665544")


class Secure:
    """What each card answers: by what it shows or, with random numbers, in the order in which they lie."""

    def __init__(self, **cards):
        self.says = {}
        self.random = []  # of cards with random numbers, by turns
        self.asked = []
        self.faults = []
        self.adds = []

    async def ask(self, reader, uid, is_random, adds):
        await asyncio.sleep_ms(1)
        self.asked.append(uid)
        self.adds.append(adds)
        if self.faults:
            raise self.faults.pop(0)
        if is_random:
            said = self.random.pop(0) if self.random else None
            self.random.append(said)
            return said
        return self.says.get(uid)


async def look_again(chip, times=8):
    count = chip.commands.count(LIST)
    await until(lambda: chip.commands.count(LIST) >= count + times)


def test_a_card_that_proves_its_number_is_told_as_such_once():
    secure = Secure()
    secure.says[TENANT] = TENANT

    async def story(chip, seen):
        await until(lambda: seen.health)
        for times in (1, 2):
            chip.put(TENANT)
            await until(lambda: len(seen.cards) == times)  # noqa: B023 (it is awaited in this turn)
            await look_again(chip)
            chip.put(None)
            await until(lambda: chip.tries == 0xFF and chip.searching)
        assert len(secure.asked) == 2

    seen = watch(story, secure=secure)
    assert (seen.cards, seen.kinds) == ([TENANT] * 2, [PROVED] * 2)


def test_a_card_that_proves_nothing_is_told_once_and_asked_at_each_eighth_look():
    secure = Secure()

    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        await look_again(chip, 2 * 16)  # each look searches for another card, too
        assert secure.asked == [TENANT] * len(secure.asked)
        assert 2 <= len(secure.asked) <= 4

    seen = watch(story, secure=secure)
    assert (seen.cards, seen.kinds) == ([TENANT], [PLAIN])


def test_a_card_without_apdus_is_not_asked():
    secure = Secure()

    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)

    assert watch(story, secure=secure, sel_res=0x08).kinds == [PLAIN]
    assert not secure.asked


def test_one_with_random_numbers_that_has_proved_itself_is_asked_once_and_told_by_its_own_number():
    secure = Secure()
    secure.random = [OWN]

    async def story(chip, seen):
        chip.makes_up_its_number = True
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        await look_again(chip, 20)
        assert len(secure.asked) == 1

    seen = watch(story, secure=secure)
    assert (seen.cards, seen.kinds) == ([OWN], [PROVED])


def test_a_good_card_opens_beside_others_with_random_numbers_whatever_their_order():
    """It comes after the other; which of them is found first is by chance."""
    for order in ([None, OWN], [OWN, None]):
        secure = Secure()
        secure.random = [None]

        async def story(chip, seen):
            chip.makes_up_its_number = True
            await until(lambda: seen.health)
            chip.lay([OTHER])
            await until(lambda: seen.cards)
            assert seen.kinds == [PLAIN]
            secure.random = order  # noqa: B023
            chip.lay([OTHER, TENANT])
            await until(lambda: PROVED in seen.kinds)
            await look_again(chip, 20)
            assert seen.kinds.count(PROVED) == 1
            assert seen.cards.count(OWN) == 1

        watch(story, secure=secure)


def test_another_s_good_card_that_joins_one_that_has_opened_opens_too():
    for order in ([OWN, TENANT], [TENANT, OWN]):
        secure = Secure()
        secure.random = [OWN]

        async def story(chip, seen):
            chip.makes_up_its_number = True
            await until(lambda: seen.health)
            chip.lay([OTHER])
            await until(lambda: seen.cards)
            secure.random = list(order)  # noqa: B023
            chip.lay([OTHER, b"\4\1\1\1"])
            await until(lambda: len(seen.cards) == 2)
            await look_again(chip, 20)

        seen = watch(story, secure=secure)
        assert (sorted(seen.cards), seen.kinds) == (sorted([OWN, TENANT]), [PROVED] * 2)


def test_a_good_card_opens_each_time_beside_one_that_somebody_has_stuck_to_the_reader():
    """One that shows the same number always, or another each time; which is found first is by chance."""
    for sticker, alone, both in (OTHER, [], [OWN]), (None, [None], [None, OWN]), (None, [None], [OWN, None]):
        secure = Secure()

        async def story(chip, seen):
            chip.makes_up_its_number, chip.sticker = True, sticker  # noqa: B023
            await until(lambda: seen.health)
            for times in range(1, 5):
                secure.random = list(alone)  # noqa: B023
                chip.lay([OTHER])
                await until(lambda: seen.cards)
                await look_again(chip, 20)
                secure.random = list(both)  # noqa: B023
                chip.lay([OTHER, TENANT])
                await until(lambda: seen.kinds.count(PROVED) == times)  # noqa: B023
                await look_again(chip, 20)
                assert seen.kinds.count(PROVED) == times

        watch(story, secure=secure)


def test_a_card_that_was_moved_while_it_was_asked_is_asked_again():
    secure = Secure()
    secure.says[TENANT] = TENANT
    secure.faults = [CardError("moved"), CardError("moved")]

    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)

    assert watch(story, secure=secure).kinds == [PROVED]
    assert len(secure.asked) == 3


def test_one_that_is_never_read_to_the_end_is_told_as_one_that_proves_nothing():
    for makes_up_its_number in (False, True):
        secure = Secure()
        secure.faults = [CardError("moved") for _ in range(500)]

        async def story(chip, seen):
            chip.makes_up_its_number = makes_up_its_number  # noqa: B023
            await until(lambda: seen.health)
            chip.put(TENANT)
            await until(lambda: seen.cards)
            await look_again(chip, 12)

        assert watch(story, secure=secure).kinds == [PLAIN]


def test_one_that_is_never_read_to_the_end_while_it_is_to_be_added_is_not_kept_by_its_number_alone():
    """It may be half written: where plain numbers open, a card would stay a weak one for good."""
    secure = Secure()
    secure.faults = [CardError("moved") for _ in range(500)]

    async def story(chip, seen):
        await until(lambda: seen.health)
        seen.wants = True
        chip.put(TENANT)
        await until(lambda: seen.cards)

    assert watch(story, secure=secure).kinds == [ELSEWHERE]


def test_a_reader_that_fails_while_a_card_is_asked_is_mended_and_asks_again():
    secure = Secure()
    secure.says[TENANT] = TENANT
    secure.faults = [ReaderError("it hangs")]

    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)

    assert watch(story, HURRY, secure=secure).kinds == [PROVED]


def test_a_card_for_which_there_was_no_memory_for_a_while_is_asked_again_and_opens():
    for makes_up_its_number in (False, True):
        for times in (1, 9):
            secure = Secure()
            secure.says[TENANT], secure.random = TENANT, [TENANT]
            secure.faults = [MemoryError() for _ in range(times)]

            async def story(chip, seen):
                chip.makes_up_its_number = makes_up_its_number  # noqa: B023
                await until(lambda: seen.health)
                chip.put(TENANT)
                await until(lambda: seen.cards)

            seen = watch(story, secure=secure)
            assert (seen.kinds, seen.health) == ([PROVED], [True])


def test_one_for_which_there_is_no_memory_is_never_denied_but_told_as_a_fault_and_opens_when_there_is():
    for makes_up_its_number in (False, True):
        secure = Secure()
        secure.says[TENANT], secure.random = TENANT, [TENANT]
        secure.faults = [MemoryError() for _ in range(500)]

        async def story(chip, seen):
            chip.makes_up_its_number = makes_up_its_number  # noqa: B023
            await until(lambda: seen.health)
            chip.put(TENANT)
            await until(lambda: False in seen.health)
            assert not seen.cards
            secure.faults.clear()  # noqa: B023
            await until(lambda: seen.cards)
            assert seen.health[-1]

        assert watch(story, secure=secure).kinds == [PROVED]


def test_a_full_flash_is_no_fault_of_the_reader():
    secure = Secure()
    secure.faults = [OSError(28)]

    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)

    seen = watch(story, secure=secure)
    assert (seen.kinds, seen.health) == ([PLAIN], [True])


def test_a_card_that_was_added_is_not_told_again_under_the_random_numbers_that_it_shows_from_then_on():
    secure = Secure()
    secure.says[TENANT] = TENANT
    secure.random = [TENANT]

    async def story(chip, seen):
        await until(lambda: seen.health)
        seen.wants = True
        chip.put(TENANT)
        await until(lambda: seen.cards)
        assert secure.adds == [True]
        seen.wants = False
        chip.makes_up_its_number = True
        await look_again(chip, 20)
        assert seen.cards == [TENANT]
        chip.put(None)
        await until(lambda: chip.tries == 0xFF and chip.searching)
        chip.put(TENANT)
        await until(lambda: len(seen.cards) == 2)

    assert watch(story, secure=secure).kinds == [PROVED] * 2


def test_a_card_that_lay_there_before_it_was_asked_for_is_not_the_one_that_is_added():
    """A stranger has hidden a fresh one at the reader, to fetch it later as somebody's that opens."""
    for makes_up_its_number in (False, True):
        secure = Secure()

        async def story(chip, seen):
            chip.makes_up_its_number = makes_up_its_number  # noqa: B023
            await until(lambda: seen.health)
            chip.lay([OTHER])
            await until(lambda: seen.cards)
            await look_again(chip)
            seen.wants = True
            await look_again(chip, 40)
            assert True not in secure.adds  # noqa: B023
            chip.lay([OTHER, TENANT])  # beside it only one that shows its number is surely another
            await look_again(chip, 40)
            assert (True in secure.adds) != makes_up_its_number  # noqa: B023
            chip.lay([])
            await until(lambda: chip.tries == 0xFF and chip.searching)
            del secure.adds[:]  # noqa: B023
            chip.put(TENANT)
            await until(lambda: True in secure.adds)  # noqa: B023

        watch(story, secure=secure)


def test_one_that_has_its_home_elsewhere_is_told_as_such():
    secure = Secure()
    secure.says[TENANT] = b""

    async def story(chip, seen):
        await until(lambda: seen.health)
        seen.wants = True
        chip.put(TENANT)
        await until(lambda: seen.cards)

    seen = watch(story, secure=secure)
    assert (seen.cards, seen.kinds) == ([TENANT], [ELSEWHERE])


def test_one_that_could_not_be_judged_for_want_of_memory_is_told_again_though_another_lies_beside_it():
    for order in ([None, OWN], [OWN, None]):
        secure = Secure()
        secure.random = [None]

        async def story(chip, seen):
            chip.makes_up_its_number = True
            await until(lambda: seen.health)
            chip.lay([OTHER])
            await until(lambda: seen.cards)
            await look_again(chip)
            secure.random, seen.no_room = list(order), 1  # noqa: B023
            chip.lay([OTHER, TENANT])
            await until(lambda: PROVED in seen.kinds)
            await look_again(chip, 20)
            assert (seen.no_room, seen.kinds.count(PROVED)) == (0, 1)

        watch(story, HURRY, secure=secure)
