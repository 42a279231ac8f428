"""What the lock says: fixed words, on a timetable that nothing at the door can move."""

import virtual_time  # noqa: F401  # isort: skip (it comes before whatever imports time)

import asyncio
import json

from ram_numbers import RamNvs
from telemetry_parts import DIGEST, NOW, ROOT, STATUS, Client, Time, end, lock, talk

import reports.telemetry as room
from link import backoff
from reports.acks import Acks
from reports.telemetry import Telemetry
from storage.nvs import Numbers


def test_the_state_is_said_at_once_and_then_every_quarter_of_an_hour():
    time = Time()
    telemetry = lock(time)
    time.now = 5000
    client = Client(time, until=3_000_000)
    talk(telemetry, client)
    assert client.times("/state") == [5000, 900_000, 1_800_000, 2_700_000]
    expected = dict(STATUS)
    expected["online"] = True
    assert client.said[0] == (5000, ROOT + "/state", expected, True)


def test_nothing_that_happens_moves_the_timetable():
    time = Time()
    telemetry = lock(time)
    time.script = [
        (100_000, lambda: telemetry.alarm("forced")),
        (899_999, lambda: telemetry.staff(DIGEST, 2)),
        (1_000_000, lambda: Acks(telemetry).list_accepted(4, 3, "ab" * 32)),
    ]
    client = Client(time, until=2_000_000)
    talk(telemetry, client)
    assert client.times("/state") == [0, 900_000, 1_800_000]
    assert [client.times(leaf) for leaf in ("/alarm", "/staff", "/ack")] == [
        [100_000],
        [899_999],
        [1_000_000],
    ]


def test_a_new_connection_says_the_state_and_keeps_to_the_timetable():
    time = Time()
    telemetry = lock(time)
    talk(telemetry, Client(time, until=1_000_000))
    time.now = 2_000_000
    client = Client(time, until=4_000_000)
    talk(telemetry, client)
    assert client.times("/state") == [2_000_000, 2_700_000, 3_600_000]


def test_the_timetable_survives_weeks_offline():
    for days in (1, 5, 7, 8, 10, 13, 20, 40):
        time = Time()
        telemetry = lock(time)
        time.now = days * 86_400_000
        client = Client(time, until=time.now + 3_000_000)
        talk(telemetry, client)
        times = client.times("/state")
        assert times[0] == days * 86_400_000
        assert 3 <= len(times) <= 5, (days, times)
        assert all(times[i + 1] - times[i] <= 900_000 for i in range(len(times) - 1)), (days, times)


def test_the_state_says_no_more_than_it_should():
    time = Time()

    def status(anew):
        more = dict(STATUS)
        more["entries"] = 7
        return more

    client = Client(time, until=1)
    telemetry = Telemetry("demo", status, Numbers(RamNvs()), lambda: None)
    talk(telemetry, client)
    assert client.texts("/state")[0] == dict(STATUS, online=True)


def test_each_state_and_each_connection_has_a_challenge_of_its_own():
    time, made = Time(), []

    def status(anew):
        made.append(anew)
        return dict(STATUS, challenge="%016x" % len(made))

    class Link(Client):
        def set_last_will(self, topic, message, retain, qos):
            self.will = json.loads(message)

    client = Link(time, until=3 * 900_000)
    telemetry = Telemetry("demo", status, Numbers(RamNvs()), lambda: None)
    telemetry.will(client)
    assert made == [True] * 2, "before the connection: what was made for the one before is over"
    assert client.will == {"online": False, "order": 5}
    talk(telemetry, client)
    told = [fields["challenge"] for fields in client.texts("/state")]
    assert told == ["%016x" % number for number in range(3, 3 + len(told))]
    assert len(told) == 4
    assert all(made)


def test_an_alarm_says_what_and_never_who():
    time = Time()
    telemetry = lock(time)
    for kind in ("forced", "held open", "tamper", "throttled"):
        telemetry.alarm(kind)
    time.script = [(1000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert client.texts("/alarm") == [
        {"alarm": kind, "n": number + 1, "time": NOW, "missed": 0}
        for number, kind in enumerate(("forced", "held open", "tamper", "throttled"))
    ]
    assert not client.said[1][3], "only the state is retained"


def test_there_are_no_words_for_anything_else():
    telemetry = lock(Time())
    for call in (
        lambda: telemetry.alarm("opened"),
        lambda: telemetry.alarm(""),
        lambda: Acks(telemetry).list_refused(3, "the tenant is at home"),
        lambda: telemetry.staff(DIGEST, 4),
        lambda: Acks(telemetry).command_done("open", "n"),
        lambda: Acks(telemetry).command_refused("n", "nobody at home"),
    ):
        try:
            call()
            refused = False
        except (ValueError, KeyError):
            refused = True
        assert refused
    public = sorted(name for name in dir(Telemetry) if not name.startswith("_"))
    assert public == ["acknowledge", "adopt", "alarm", "refuse", "run", "staff", "will"]
    public = sorted(name for name in dir(Acks) if not name.startswith("_"))
    assert public == [
        "command_done", "command_refused", "decided", "list_accepted", "list_refused", "release_step",
    ]  # fmt: skip


def test_a_staff_report_names_the_listed_credential():
    time = Time()
    telemetry = lock(time)
    telemetry.staff(DIGEST, 2)
    time.script = [(70_000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert client.texts("/staff") == [
        {"credential": "000102030405060708090a0b0c0d0e0f", "kind": "card", "n": 1, "time": NOW, "missed": 0}
    ]


def test_a_self_test_says_faults_and_list_and_no_more():
    time = Time()
    telemetry = lock(time)
    found = dict(STATUS)
    found["heap"] = 5
    Acks(telemetry).command_done("self-test", "n1", found)
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert sorted(client.texts("/ack")[0]) == [
        "command",
        "faults",
        "list",
        "missed",
        "n",
        "nonce",
        "result",
        "time",
    ]


def test_the_signal_is_said_in_a_word():
    time = Time()
    telemetry = lock(time)
    telemetry.signal = lambda: "fair"
    client = Client(time, until=1)
    talk(telemetry, client)
    assert client.texts("/state")[0]["signal"] == "fair"


def test_acknowledgements_say_the_list_and_the_result():
    time = Time()
    telemetry = lock(time)
    Acks(telemetry).list_accepted(4, 3, "ab" * 32)
    Acks(telemetry).list_refused(3, "old version")
    Acks(telemetry).list_refused(None, "bad signature")
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    said = [(ack["list"], ack["result"], ack.get("reason")) for ack in client.texts("/ack")]
    expected = [(4, "accepted", None), (3, "refused", "old version"), (None, "refused", "bad signature")]
    assert said == expected


def test_the_last_will_says_offline():
    wills = []

    class Asked:
        def set_last_will(self, topic, msg, retain=False, qos=0):
            wills.append((topic, json.loads(msg), retain, qos))

    lock(Time()).will(Asked())
    assert wills == [("menshen/v1/demo/state", {"online": False, "order": 5}, True, 1)]


def test_a_report_wakes_the_waiting_connection():
    """With the real asyncio: nothing waits for the timetable."""
    Time()
    room.asyncio = backoff.asyncio = asyncio
    arrived = asyncio.Event()

    class Real:
        async def publish(self, topic, msg, retain=False):
            if topic.endswith("/alarm"):
                arrived.set()

    async def main():
        telemetry = lock(None)
        running = asyncio.create_task(telemetry.run(Real()))
        await asyncio.sleep_ms(50)
        telemetry.alarm("tamper")
        await asyncio.wait_for(arrived.wait(), 15)
        running.cancel()

    asyncio.run(main())
