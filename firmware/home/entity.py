"""Makes the door's `lock` entity of Home Assistant (MQTT discovery), which signs each command by itself.

Keys are Home Assistant's abbreviations. There is no state topic: Home Assistant assumes the state from its
own commands, so that the lock need not tell it.
"""


def entity(lock: str, command: str, presence: str) -> "tuple[bytes, ...]":
    """JSON to be retained, under the name of the device, in pieces; `command` and `presence` are topics.

    There may be no memory for the whole in one piece. It is not made from a dict, whose keys would stay in
    the chip's memory for ever.
    """
    # The template is rendered in Home Assistant for each command; `value` is UNLOCK or LOCK, `code` what the
    # tenant typed or the entity's default code. See commands.py for the two hashes.
    name = lock.encode()
    return (
        b'{"name":null,"uniq_id":"menshen_',
        name,
        b'_door","cmd_t":"',
        command.encode(),
        b'","avty_t":"',
        presence.encode(),
        b'","code_format":"^([a-zA-Z2-9]{4} ?){5}$","dev":{"ids":["menshen_',
        name,
        b'"],"name":"Lock ',
        name,
        b'","mf":"Menshen"},"cmd_tpl":"',
        b"{% set c = code|default('', true)|lower|replace(' ', '') %}",
        b"{% set t = (now().timestamp() * 1000)|int %}",
        ("{%% set m = 'menshen home v1 %s ' ~ value ~ ' ' ~ t %%}" % lock).encode(),
        b"{{ {'command': value, 'time': t, 'mac': (c ~ (c ~ m)|sha256)|sha256}|tojson }}",
        b'"}',
    )
