"""Announces the device's own health to Home Assistant by MQTT discovery: versions, faults, signal, alarms.

There is no entity for the door, its bolt, or who comes: none of that is ever published. Keys are Home
Assistant's abbreviations.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_SENSORS = (
    ("firmware", "Firmware"),
    ("list", "Credential list"),
    ("clock", "Clock"),
    ("signal", "Signal"),
    ("faults", "Faults"),
)


async def announce(
    publish: "Callable[[str, bytes, bool], Awaitable[None]]", lock_id: str, alarms: "tuple[str, ...]"
) -> None:
    """Publish an entity for each, to be retained."""
    for topic, said in messages(lock_id, alarms):
        await publish(topic, json.dumps(said).encode(), True)


def messages(lock_id: str, alarms: "tuple[str, ...]") -> "Iterator[tuple[str, dict]]":
    """(topic, JSON) of each entity, to be retained."""
    root = "menshen/v1/" + lock_id
    for name, title in _SENSORS:
        listed = " | join(', ') or 'none'" if name == "faults" else ""
        value = "{{ value_json.%s%s }}" % (name, listed)
        yield _entity(lock_id, "sensor", name, title, {"stat_t": root + "/state", "val_tpl": value})
    value = "{{ 'ON' if value_json.faults else 'OFF' }}"
    problem = {"stat_t": root + "/state", "val_tpl": value, "dev_cla": "problem"}
    yield _entity(lock_id, "binary_sensor", "problem", "Problem", problem)
    value = "{{ {'event_type': value_json.alarm} | tojson }}"
    alarm = {"stat_t": root + "/alarm", "val_tpl": value, "evt_typ": list(alarms)}
    yield _entity(lock_id, "event", "alarm", "Alarm", alarm)


def _entity(lock_id: str, kind: str, name: str, title: str, more: dict) -> "tuple[str, dict]":
    said = {
        "name": title,
        "uniq_id": "menshen_%s_%s" % (lock_id, name),
        "ent_cat": "diagnostic",
        "avty_t": "menshen/v1/%s/state" % lock_id,
        "avty_tpl": "{{ 'online' if value_json.online else 'offline' }}",
        "dev": {"ids": ["menshen_" + lock_id], "name": "Lock " + lock_id, "mf": "Menshen"},
    }
    said.update(more)
    # A broker's rule for a lock goes by a level of the topic that is its identifier and nothing more.
    return "homeassistant/%s/%s/%s/config" % (kind, lock_id, name), said
