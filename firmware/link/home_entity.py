"""The door as a `lock` entity of Home Assistant (MQTT discovery), which signs each command by itself.

Loaded once a connection. Keys are Home Assistant's abbreviations. There is no state topic: Home Assistant
assumes the state from its own commands, so the lock need not tell any.
"""

import json

# Rendered in Home Assistant for each command; `value` is UNLOCK or LOCK, `code` what the tenant typed or the
# entity's default code. Twice hashed with the code in front: nobody can lengthen what was signed.
_SIGNED = (
    "{%% set c = code|default('', true)|lower|replace(' ', '') %%}"
    "{%% set t = (now().timestamp() * 1000)|int %%}"
    "{%% set m = 'menshen home v1 %s ' ~ value ~ ' ' ~ t %%}"
    '{"command": "{{ value }}", "time": {{ t }}, "mac": "{{ (c ~ (c ~ m)|sha256)|sha256 }}"}'
)


def entity(lock_id: str, command: str, presence: str) -> bytes:
    """JSON to be retained; `command` and `presence` are topics."""
    said = {
        "name": None,  # that of the device
        "uniq_id": "menshen_%s_door" % lock_id,
        "cmd_t": command,
        "cmd_tpl": _SIGNED % lock_id,
        "code_format": "^([a-zA-Z2-9]{4} ?){5}$",
        "avty_t": presence,
        "dev": {"ids": ["menshen_" + lock_id], "name": "Lock " + lock_id, "mf": "Menshen"},
    }
    return json.dumps(said).encode()
