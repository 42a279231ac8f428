"""The clock: what it takes from whom, and that it never goes back below what was signed."""

from access.clock import Clock, seconds
from access.dates import date

NOW = 1_790_000_000  # 2026-09-21
DAY = 86_400


class Rtc:
    """The chip's clock; without power it shows the year 2000."""

    def __init__(self):
        self.at = seconds(2000, 1, 1, 0, 0, 0)

    def __call__(self, *value):
        if value:
            year, month, day, weekday, hour, minute, second, us = value[0]
            self.at = seconds(year, month, day, hour, minute, second)
            assert weekday == (self.at // DAY + 3) % 7
            assert us == 0
        return date(self.at)


class Numbers:
    def __init__(self):
        self.kept = {}
        self.commits = 0
        self.full = False

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        if self.full:
            raise OSError(-0x1105)
        assert -(1 << 31) <= value < 1 << 31
        if self.kept.get(name) != value:
            self.kept[name] = value
            self.commits += 1


class Chip:
    """What the clock stands on."""

    def __init__(self):
        self.rtc, self.numbers = Rtc(), Numbers()

    def start(self):
        return Clock(self.rtc, self.numbers, NOW)


def test_a_date_and_its_seconds_are_each_others_reverse():
    for at in (0, 951_782_400, 951_868_799, 1_709_164_800, NOW, 4_102_444_800, 4_294_967_295):
        assert seconds(*date(at)[:3], *date(at)[4:7]) == at
    assert date(951_782_400) == (2000, 2, 29, 1, 0, 0, 0, 0)  # a Tuesday
    assert date(4_102_444_800)[:4] == (2100, 1, 1, 4)
    for day in range(0, 49_000, 13):
        assert seconds(*date(day * DAY)[:3], 0, 0, 0) == day * DAY


def test_after_a_power_cut_it_stands_at_the_floor_and_is_not_trusted():
    chip = Chip()
    own = chip.start()
    assert (own.now(), own.trust) == (None, "unknown")
    assert chip.rtc.at == NOW  # for certificates that is enough
    own.network(NOW + 3 * DAY)
    own.signed(NOW + 3 * DAY, True)
    chip.rtc.at = 0
    again = chip.start()
    assert (again.now(), chip.rtc.at) == (None, (NOW + 3 * DAY) // 60 * 60)


def test_a_reset_does_not_set_a_running_clock_back():
    chip = Chip()
    chip.rtc.at = NOW + 100
    assert chip.start().now() is None
    assert chip.rtc.at == NOW + 100


def test_sntp_is_taken_but_never_below_the_floor():
    chip = Chip()
    own = chip.start()
    assert not own.network(NOW - 1)
    assert own.now() is None
    assert own.network(NOW + 5)
    assert (own.now(), own.trust) == (NOW + 5, "network")
    assert own.network(NOW + 2 * DAY)
    assert own.network(NOW + 1)  # a server that was wrong can be put right
    assert not own.network(1 << 33)
    assert chip.numbers.commits == 0  # whoever forges SNTP leaves nothing behind


def test_it_knows_how_far_it_was_before_it_was_set_back():
    chip = Chip()
    own = chip.start()
    own.network(NOW + 5)
    assert own.passed == 0, "what it showed before nobody trusted"
    own.network(NOW + 2 * DAY)
    own.network(NOW + 1)
    assert own.passed == NOW + 2 * DAY
    own.network(NOW + DAY)
    assert own.passed == NOW + 2 * DAY


def test_a_live_signed_message_gives_the_time():
    chip = Chip()
    own = chip.start()
    own.signed(NOW + 50, True)
    assert (own.now(), own.trust) == (NOW + 50, "signed")
    assert own.network(NOW + 60)  # drift is put right
    assert own.trust == "signed"
    assert not own.network(NOW + 2 * DAY)
    assert not own.network(NOW)
    assert own.now() == NOW + 60


def test_one_that_lay_at_the_broker_is_a_floor_and_no_more():
    chip = Chip()
    own = chip.start()
    own.signed(NOW + DAY, False)
    assert (own.now(), chip.rtc.at) == (None, NOW + DAY)
    assert not own.network(NOW + DAY - 1)
    own.network(NOW + 6 * DAY)
    own.signed(NOW + 6 * DAY + 3000, False)
    assert (own.now(), own.trust) == (NOW + 6 * DAY + 3000, "network")
    assert not own.network(NOW + 6 * DAY)


def test_a_replayed_message_gives_no_trust():
    chip = Chip()
    own = chip.start()
    own.signed(NOW + DAY, False)
    own.signed(NOW + DAY, True)
    own.signed(NOW + 5, True)
    assert (own.now(), own.trust) == (None, "unknown")


def test_a_message_that_was_long_on_its_way_does_not_set_a_known_clock_back():
    chip = Chip()
    own = chip.start()
    own.network(NOW + DAY)
    own.signed(NOW + 7200, True)
    assert (own.now(), own.trust) == (NOW + DAY, "network")
    own.signed(NOW + DAY - 60, True)
    assert (own.now(), own.trust) == (NOW + DAY, "signed")


def test_the_floor_costs_one_commit_a_day():
    chip = Chip()
    own = chip.start()
    for minute in range(3 * 1440):
        own.signed(NOW + minute * 60 + 1, True)
    assert chip.numbers.commits == 3
    own.store_floor()
    assert chip.numbers.commits == 4


def test_a_full_nvs_does_not_stop_the_clock():
    chip = Chip()
    own = chip.start()
    chip.numbers.full = True
    own.signed(NOW + DAY, True)
    assert own.now() == NOW + DAY
    assert not own.network(NOW)


def test_it_knows_the_time_after_2038():
    chip = Chip()
    own = Clock(chip.rtc, chip.numbers, 2_500_000_000)
    own.network(2_600_000_000)
    own.signed(2_600_000_000, True)
    assert Clock(chip.rtc, chip.numbers).trust == "unknown"
    assert chip.rtc.at >= 2_600_000_000 - 60


YEAR = 365 * DAY
AHEAD = (DAY + 1, 2 * DAY, 400 * DAY, 2 * YEAR, 50 * YEAR)


def later(chip, seconds):
    """So much time passes, under power."""
    chip.rtc.at += seconds
    hours = chip.numbers.get("lived") * 3600 + seconds
    chip.numbers.kept["lived"] = hours // 3600


def is_well(own, now):
    """It knows this time, and nothing is left of another."""
    return (own.now(), own.trust, own.passed) == (now, "signed", 0) and own.floor <= now


def test_one_list_of_a_wrong_computer_poisons_nothing():
    for jump in AHEAD:
        for live in (True, False):
            for told in (True, False):
                chip = Chip()
                own = chip.start()
                if told:
                    own.network(NOW + 100)
                own.signed(NOW + jump, live)
                assert chip.numbers.kept.get("clock_floor", 0) * 60 <= NOW, (jump, live, told)
                if told:
                    assert own.now() == NOW + 100
                chip.rtc.at = 0
                again = chip.start()  # a power cut helps
                assert again.network(NOW + 200)
                again.signed(NOW + 210, True)
                assert is_well(again, NOW + 210), (jump, live, told)


def test_after_the_last_lie_one_right_answer_and_one_publication_heal():
    for jump in AHEAD:
        for lies in ("n", "s", "nn", "ss", "sn", "ns", "nsn"):
            for first in ("n", "s"):
                chip = Chip()
                own = chip.start()
                for n, lie in enumerate(lies):  # of different wrong clocks
                    wrong = NOW + jump + 2 * n * DAY
                    own.network(wrong) if lie == "n" else own.signed(wrong, True)
                later(chip, 7200)
                now = NOW + 7200
                for right in (first, "s" if first == "n" else "n"):
                    own.network(now) if right == "n" else own.signed(now, True)
                assert own.now() == now, (jump, lies, first)
                assert own.trust == "signed"
                assert own.floor <= now


def test_after_four_lies_of_any_kind_in_any_order_one_right_answer_and_one_publication_heal():
    """SNTP ahead and behind, a computer ahead, both with one wrong time, and cuts of power between them."""
    orders = [()]
    for _ in range(4):
        orders += [order + (lie,) for order in orders for lie in "nbsap" if len(order) < 4]
    for lies in set(orders):
        for first in "ns":
            chip = Chip()
            own = chip.start()
            for n, lie in enumerate(lies):
                wrong = NOW + 2 * YEAR + n * 3 * DAY
                if lie in "na":
                    own.network(wrong)
                if lie in "sa":  # a: both agree
                    own.signed(wrong, True)
                if lie == "b":
                    own.network(NOW - YEAR)
                if lie == "p":
                    chip.rtc.at = 0
                    own = chip.start()
            later(chip, 7200)
            for right in (first, "s" if first == "n" else "n"):
                own.network(NOW + 7200) if right == "n" else own.signed(NOW + 7200, True)
            assert (own.now(), own.trust) == (NOW + 7200, "signed"), (lies, first)
            assert own.floor <= NOW + 7200, (lies, first)
            assert chip.numbers.get("clock_floor") * 60 <= NOW + 7200, (lies, first)
    print("%d orders of lies" % (2 * len(set(orders))))


def test_a_lie_of_less_than_a_day_is_healed_though_its_floor_has_passed_since():
    for lie in (2 * 3600, 20 * 3600):
        for passed in (3600, lie - 60, lie + 60, 2 * DAY):
            chip = Chip()
            own = chip.start()
            own.signed(NOW + lie, True)
            later(chip, 3700)
            own.signed(NOW + 3700 + lie, True)
            later(chip, passed)
            now = NOW + 3700 + passed
            own.network(now)
            own.signed(now, True)
            assert is_well(own, now), (lie, passed)


def test_two_that_agree_take_back_a_floor_that_an_older_release_left():
    for ahead in AHEAD:
        for order in ("ns", "sn"):
            chip = Chip()
            chip.numbers.set("clock_floor", (NOW + ahead) // 60)
            own = chip.start()
            for source in order:
                own.network(NOW + 50) if source == "n" else own.signed(NOW + 60, True)
            assert own.trust == "signed"
            assert abs(own.now() - NOW) < 100
            assert chip.numbers.get("clock_floor") * 60 <= NOW + 60


def test_while_the_floor_is_wrong_certificates_are_checked_by_what_sntp_says():
    chip = Chip()
    chip.numbers.set("clock_floor", (NOW + 2 * YEAR) // 60)
    own = chip.start()
    assert not own.network(NOW + 50)
    assert (chip.rtc.at, own.now()) == (NOW + 50, None)


def test_without_sntp_two_publications_an_hour_apart_are_two():
    for ahead in AHEAD:
        chip = Chip()
        own = chip.start()
        chip.rtc.at = 0
        own = chip.start()
        own.signed(NOW + ahead, True)
        assert (own.now(), own.trust) == (NOW + ahead, "network")
        own.signed(NOW + ahead + 60, True)
        assert own.trust == "network", "these two are of one hour"
        later(chip, 3700)
        own.signed(NOW + ahead + 3700, True)
        assert is_well(own, NOW + ahead + 3700)
        assert chip.numbers.get("clock_floor") * 60 > NOW + ahead


def test_who_plays_both_does_not_get_below_what_the_lock_has_lived():
    chip = Chip()
    own = chip.start()
    later(chip, 10 * DAY)
    own.network(NOW + 10 * DAY)
    own.signed(NOW + 10 * DAY, True)
    own.network(NOW + 9 * DAY)
    own.signed(NOW + 9 * DAY, True)
    assert own.now() == NOW + 10 * DAY
    chip.rtc.at = 0
    again = chip.start()
    again.network(NOW + 9 * DAY)
    again.signed(NOW + 9 * DAY, True)
    assert again.now() is None
    assert chip.numbers.get("clock_floor") * 60 > NOW + 9 * DAY


def test_what_lay_at_the_broker_is_no_source():
    chip = Chip()
    chip.numbers.set("clock_floor", (NOW + 2 * DAY) // 60)
    own = chip.start()
    own.network(NOW + 50)
    own.signed(NOW + 60, False)
    assert own.now() is None
    assert chip.numbers.get("clock_floor") == (NOW + 2 * DAY) // 60


def test_sntp_moves_a_signed_clock_by_an_hour_in_all():
    for step in (3500, 1800, 60, 7):
        for sign in (1, -1):
            chip = Chip()
            own = chip.start()
            own.signed(NOW + 50_000, True)
            for _ in range(2000):
                own.network(own.now() + sign * step)
            assert abs(own.now() - NOW - 50_000) <= 3600, (step, sign)
            assert own.now() >= NOW + 50_000
