"""What the lock has to say while nobody listens: kept in order, bounded, counted, said once."""

import json

from ram_numbers import RamNvs
from telemetry_parts import DIGEST, NOW, Client, Time, end, lock, talk

from link.errors import MQTTError
from reports.acks import Acks
from reports.outbox import Outbox
from reports.reports import Reports
from storage.names import ALARM_PLACES, ALARM_QUEUE, STAFF_PLACES, STAFF_QUEUE
from storage.nvs import Numbers


def test_what_comes_up_offline_is_said_later_in_order():
    time = Time()
    telemetry = lock(time)
    telemetry.staff(DIGEST, 1)
    telemetry.staff(bytes(16), 2)
    time.script = [(5000, lambda: telemetry.alarm("tamper")), (6000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert [said["kind"] for said in client.texts("/staff")] == ["pin", "card"]
    assert client.times("/alarm") == [5000]


def test_too_much_is_dropped_oldest_first_and_counted():
    time = Time()
    telemetry = lock(time)
    for number in range(35):
        telemetry.staff(bytes((number,)) + bytes(15), 2)
    telemetry.alarm("forced")
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    staff = client.texts("/staff")
    assert [said["credential"][:2] for said in staff] == ["%02x" % number for number in range(3, 35)]
    assert [said["missed"] for said in staff] == [3] + [0] * 31
    assert [said["n"] for said in staff] == list(range(4, 36))
    assert client.texts("/alarm")[0]["missed"] == 0, "one kind does not push out another"


def test_what_waits_is_there_after_a_power_cut_and_in_order():
    time, nvs = Time(), RamNvs()
    telemetry = lock(time, nvs)
    for number in range(3):
        telemetry.staff(bytes((number,)) * 16, 2)
    Acks(telemetry).command_done("identify", "n0")
    nvs.restart()
    telemetry = lock(time, nvs, lambda: None)
    telemetry.staff(bytes((3,)) * 16, 1)
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    said = [(one["n"], one["credential"][:2], one["time"]) for one in client.texts("/staff")]
    assert said == [(1, "00", NOW), (2, "01", NOW), (3, "02", NOW), (4, "03", None)]
    assert client.texts("/ack") == [
        {"n": 1, "missed": 0, "time": NOW, "command": "identify", "nonce": "n0", "result": "done"}
    ]


def test_what_anybody_can_cause_is_not_written_to_the_flash():
    time, nvs = Time(), RamNvs()
    telemetry = lock(time, nvs)
    for number in range(1000):
        Acks(telemetry).list_refused(None, "bad signature")
        Acks(telemetry).command_refused(str(number), "replayed")
    assert nvs.commits == 0
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert len(client.texts("/ack")) == 4, "the last few"
    assert client.texts("/ack")[-1] == {"nonce": "999", "result": "refused", "reason": "replayed"}


def test_a_report_is_kept_until_the_broker_has_it():
    time = Time()
    telemetry = lock(time)
    telemetry.staff(DIGEST, 2)
    talk(telemetry, Client(time, faults=1))  # not even the state
    dropped = Client(time)
    dropped.publish = dropping(dropped)
    talk(telemetry, dropped)
    assert dropped.texts("/staff") == []
    time.script = [(5000, end)]
    client = Client(time)
    talk(telemetry, client)
    assert len(client.texts("/staff")) == 1
    time.script = [(6000, end)]
    again = Client(time)
    talk(telemetry, again)
    assert again.texts("/staff") == [], "and said once only"


def dropping(client):
    """A publish that takes the state and loses all else."""
    publish = Client.publish

    async def lose(topic, msg, retain=False):
        if not topic.endswith("/state"):
            raise MQTTError("gone")
        await publish(client, topic, msg, retain)

    return lose


def test_reports_that_come_while_one_is_being_sent_are_not_lost():
    time = Time()
    telemetry = lock(time)
    telemetry.staff(bytes(16), 2)
    client = Client(time)
    publish = client.publish

    async def slow(topic, msg, retain=False):
        if topic.endswith("/staff") and not client.texts("/staff"):
            for number in range(33):  # pushes out the one under way
                telemetry.staff(bytes((number + 1,)) * 16, 2)
        await publish(topic, msg, retain)

    client.publish = slow
    time.script = [(5000, end)]
    talk(telemetry, client)
    assert [said["credential"][:2] for said in client.texts("/staff")] == ["00"] + [
        "%02x" % number for number in range(2, 34)
    ]


class Told:
    """A light, and a telemetry that notes alarms, and the queues that it is to go on with."""

    def __init__(self):
        self.alarms, self.boxes = [], []

    def adopt(self, box):
        self.boxes.append(box)

    def set(self, condition, lasts):
        pass

    def alarm(self, kind):
        self.alarms.append(kind)


def test_an_alarm_is_told_once_in_ten_minutes_however_often_it_comes():
    """Whoever shakes a door makes one five times a second, and each is written to the flash."""
    told = Told()
    reports = Reports(told, Numbers(RamNvs()), lambda: None)
    reports.alarm("forced")
    reports.deliver(told)
    for _ in range(599):
        reports.alarm("forced")
        reports.storm(False)
    (box,) = told.boxes
    assert box.first() == (1, 0, 0, b'{"alarm": "forced"}')
    assert told.alarms == []
    reports.alarm("tamper")
    reports.storm(False)
    reports.alarm("forced")
    reports.alarm("tamper")
    assert told.alarms == ["tamper", "forced"]


def test_what_comes_before_there_is_a_telemetry_outlives_the_power():
    """A landlord at the fuse: in with a card as the lock starts, and the power cut before it is online."""
    nvs = RamNvs()
    for n in range(3):
        reports = Reports(Told(), nvs.restart(), lambda: NOW)
        reports.staff(bytes([n]) * 16, 2)
        reports.alarm("forced")
    for queue, places, field, said in (
        (STAFF_QUEUE, STAFF_PLACES, "credential", ["00" * 16, "01" * 16, "02" * 16]),
        (ALARM_QUEUE, ALARM_PLACES, "alarm", ["forced"] * 3),
    ):
        box = Outbox(nvs.restart(), queue, places)
        for n in range(3):
            number, lost, when, text = box.first()
            assert (number, lost, when, json.loads(text)[field]) == (n + 1, 0, NOW, said[n])
            box.done(number)
        assert box.first() is None


def test_what_nvs_has_no_space_for_is_sent_by_the_telemetry_that_comes():
    nvs, told = RamNvs(), Told()
    reports = Reports(told, Numbers(nvs), lambda: None)
    nvs.full = True
    reports.staff(bytes(16), 2)
    reports.deliver(told)
    assert [box.name for box in told.boxes] == [STAFF_QUEUE]
    assert told.boxes[0].first()[0] == 1


class Light:
    def set(self, name, lasts):
        pass


def test_that_the_reader_has_answered_since_the_start_is_remembered():
    reports = Reports(Light(), None, None)
    cards, keypad = reports.health("reader", "", "silent"), reports.health("keypad", "", "stuck")
    for well in (False, True):
        keypad(well)
        assert not reports.answered
    cards(False)
    assert (reports.answered, reports.faults) == (False, {"reader"})
    cards(True)
    cards(False)
    assert (reports.answered, reports.faults) == (True, {"reader"})
