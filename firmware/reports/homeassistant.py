"""Announces the device's own health to Home Assistant by MQTT discovery: versions, faults, signal, alarms.

There is no entity for the door, its bolt, or who comes: none of that is ever published. Keys are Home
Assistant's abbreviations. No dict is made of them: its keys would stay in the chip's memory for ever.
"""

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
# In both @ stands for the lock. A broker's rule for a lock goes by a level of the topic that is its
# identifier and nothing more.
_TOPIC = "homeassistant/%s/@/%s/config"
_ENTITY = (
    '{"name":"%s","uniq_id":"menshen_@_%s","ent_cat":"diagnostic","avty_t":"menshen/v1/@/state",'
    "\"avty_tpl\":\"{{ 'online' if value_json.online else 'offline' }}\","
    '"dev":{"ids":["menshen_@"],"name":"Lock @","mf":"Menshen"},'
    '"stat_t":"menshen/v1/@/%s","val_tpl":"{{ %s }}"%s}'
)


async def announce(
    publish: "Callable[[str, bytes, bool], Awaitable[None]]", lock_id: str, alarms: "tuple[str, ...]"
) -> None:
    """Publish an entity for each, to be retained."""
    for topic, said in messages(lock_id, alarms):
        await publish(topic, said.encode(), True)


def messages(lock_id: str, alarms: "tuple[str, ...]") -> "Iterator[tuple[str, str]]":
    """(topic, JSON) of each entity, to be retained."""
    for name, title in _SENSORS:
        listed = " | join(', ') or 'none'" if name == "faults" else ""
        yield _entity(lock_id, "sensor", title, name, "value_json." + name + listed)
    problem = "'ON' if value_json.faults else 'OFF'"
    yield _entity(lock_id, "binary_sensor", "Problem", "problem", problem, ',"dev_cla":"problem"')
    kinds = ',"evt_typ":["%s"]' % '","'.join(alarms)
    yield _entity(lock_id, "event", "Alarm", "alarm", "{'event_type': value_json.alarm} | tojson", kinds)


def _entity(lock_id: str, kind: str, title: str, name: str, value: str, more: str = "") -> "tuple[str, str]":
    said = _ENTITY % (title, name, "alarm" if kind == "event" else "state", value, more)
    return (_TOPIC % (kind, name)).replace("@", lock_id), said.replace("@", lock_id)
