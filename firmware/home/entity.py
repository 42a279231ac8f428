"""Makes the door's `lock` entity of Home Assistant (MQTT discovery), which signs each command by itself.

Keys are Home Assistant's abbreviations. There is no state topic: Home Assistant assumes the state from its
own commands, so that the lock need not tell it.
"""

# The template is rendered in Home Assistant for each command; `value` is UNLOCK or LOCK, `code` what the
# tenant typed or the entity's default code. See commands.py for the two hashes.
# All of it is one text and no dict, whose keys would stay in the chip's memory for ever.
_ENTITY = (
    '{"name":null,"uniq_id":"menshen_%s_door","cmd_t":"%s","avty_t":"%s",'
    '"code_format":"^([a-zA-Z2-9]{4} ?){5}$",'
    '"dev":{"ids":["menshen_%s"],"name":"Lock %s","mf":"Menshen"},"cmd_tpl":"'
    "{%% set c = code|default('', true)|lower|replace(' ', '') %%}"
    "{%% set t = (now().timestamp() * 1000)|int %%}"
    "{%% set m = 'menshen home v1 %s ' ~ value ~ ' ' ~ t %%}"
    "{{ {'command': value, 'time': t, 'mac': (c ~ (c ~ m)|sha256)|sha256}|tojson }}"
    '"}'
)


def entity(lock: str, command: str, presence: str) -> bytes:
    """JSON to be retained, under the name of the device; `command` and `presence` are topics."""
    return (_ENTITY % (lock, command, presence, lock, lock, lock)).encode()
