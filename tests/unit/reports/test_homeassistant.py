"""What Home Assistant is told to look at: the device's own health, and nothing of who comes and goes."""

import json

from telemetry_parts import Client, Time, end, lock, talk

from reports.homeassistant import messages
from reports.telemetry import ALARMS

KINDS = ("sensor", "binary_sensor", "event")


def test_it_announces_health_only():
    told = [(topic, json.loads(said)) for topic, said in messages("demo", ALARMS)]
    names = [topic.split("/")[3] for topic, _ in told]
    assert names == ["firmware", "list", "clock", "signal", "faults", "problem", "alarm"]
    for topic, said in told:
        parts = topic.split("/")
        assert parts[0] == "homeassistant"
        assert parts[1] in KINDS, "no lock, no switch, no button"
        assert parts[2] == "demo"
        assert said["stat_t"] in ("menshen/v1/demo/state", "menshen/v1/demo/alarm")
        assert said["ent_cat"] == "diagnostic"
        assert not [name for name in said if name.startswith("cmd")], "nothing can be commanded"
        assert len(json.dumps(said)) < 600
    assert len({said["uniq_id"] for _, said in told}) == len(told)


def test_it_is_announced_only_where_the_settings_say_so():
    for wanted in (False, True):
        time = Time()
        telemetry = lock(time)
        telemetry.discovery = wanted
        time.script = [(5000, end)]
        client = Client(time)
        talk(telemetry, client)
        told = [retained for _, topic, _, retained in client.said if topic.startswith("homeassistant/")]
        assert told == [True] * (7 if wanted else 0)
