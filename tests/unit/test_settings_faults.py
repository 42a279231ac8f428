"""Settings that are misspelt or misplaced, names of networks and hosts: told, with what would be right."""

import json

from settings import SettingsError, parse

GOOD = {"lock": "demo", "key": "00" * 32}
HOST = 'an address like "192.0.2.1" or a name, without "mqtt://" and a port'
PASSPHRASE = '8 to 63 bytes in UTF-8, 64 hexadecimal digits, or "" for an open network'


def faults(**changes):
    return said(json.dumps(dict(GOOD, **changes)))


def said(text):
    try:
        parse(text)
    except SettingsError as error:
        return error.faults
    return []


def test_a_field_that_is_no_setting_is_told_with_the_nearest_one():
    for changes, told in (
        ({"relay": {"unlocklevel": 0}}, "relay.unlocklevel is no setting: the nearest is relay.unlock_level"),
        (
            {"relay": {"unlock-level": 0}},
            "relay.unlock-level is no setting: the nearest is relay.unlock_level",
        ),
        ({"Relay": {"seconds": 5}}, "Relay.seconds is no setting: the nearest is relay.seconds"),
        ({"relay.seconds": 5}, 'relay.seconds is written as {"relay": {"seconds": ...}}'),
        ({"seconds": 5}, "seconds is no setting: the nearest is relay.seconds"),
        ({"unlock_level": 0}, "unlock_level is no setting: the nearest is relay.unlock_level"),
        ({"timezone": "UTC0"}, "timezone is no setting: the nearest is time.zone"),
        ({"door": {"held_open": 30}}, "door.held_open is no setting: the nearest is door.held_open_s"),
        ({"broker": {"user": "x"}}, "broker.user is no setting: the nearest is home.user"),
        ({"mqtt": {"host": "x"}}, "mqtt.host is no setting: the nearest is broker.host"),
        ({"wifi": {"pass": "x"}}, "wifi.pass is no setting: the nearest is wifi.password"),
        ({"wifi": {"psk": "x"}}, 'wifi.psk is no setting: wifi has "password" and "ssid"'),
        ({"comment": "of the landlord"}, "comment is no setting"),
        ({"comment": {}}, "comment is no setting"),
    ):
        assert faults(**changes) == [told], (changes, faults(**changes))


def test_a_field_in_the_place_of_a_group_is_told_what_the_group_has():
    for changes, told in (
        ({"relay": 0}, 'relay must be an object with "seconds" or "unlock_level"'),
        ({"wifi": "house"}, 'wifi must be an object with "password" or "ssid"'),
        ({"wifi": ["house"]}, 'wifi must be an object with "password" or "ssid"'),
        ({"keypad": "wiegand"}, 'keypad must be an object with "type"'),
        ({"time": None}, 'time must be an object with "floor" or "zone"'),
        (
            {"home": "192.0.2.7"},
            'home must be an object with "certificate" or "host" or "password" or "port" or "user"',
        ),
    ):
        assert faults(**changes) == [told], (changes, faults(**changes))


def test_an_empty_group_is_no_fault():
    assert faults(relay={}, wifi={}, network={}) == []


def test_null_is_no_value():
    assert faults(relay={"seconds": None}) == ["relay.seconds is missing: a whole number from 1 to 60"]
    assert faults(lock=None) == ["lock is missing: 1 to 32 letters, digits, - or _"]


def test_names_and_passwords_of_the_wifi_are_counted_in_bytes():
    for ssid, right in (
        ("x" * 32, True),
        ("\u00e4" * 16, True),
        ("\u00e4" * 17, False),
        ("\U0001f600" * 8, True),
    ):
        assert (faults(wifi={"ssid": ssid}) == []) is right, ssid
    for password, right in (
        ("", True), ("x" * 7, False), ("x" * 8, True), ("x" * 63, True), ("x" * 64, False),
        ("0aF" * 21 + "0", True),
        ("0" * 65, False), ("\u00e4" * 4, True), ("\u00e4" * 32, False), (5, False),
    ):  # fmt: skip
        told = [] if right else ["wifi.password must be " + PASSPHRASE]
        assert faults(wifi={"ssid": "house", "password": password}) == told, password


def test_an_emoji_is_the_same_however_json_has_it():
    text = json.dumps(dict(GOOD, wifi={"ssid": "NAME"}))
    for name in ("\U0001f600 door", "\\ud83d\\ude00 door"):
        assert parse(text.replace("NAME", name)).ssid.encode() == b"\xf0\x9f\x98\x80 door", name
    assert parse(text.replace("NAME", "\\ud83d\\ude00" * 8)).ssid == "\U0001f600" * 8, "of 32 bytes, not 48"
    for half in ("\\ud83d", "\\ude00", "\\ude00\\ud83d", "\\ud83d!"):
        assert said(text.replace("NAME", half)) == ["wifi.ssid must be a text of 1 to 32 bytes in UTF-8"], (
            half
        )


def test_a_host_is_a_name_or_an_address_and_nothing_else():
    for host, found in (
        ("192.0.2.1", "192.0.2.1"), ("broker.example", "broker.example"),
        ("broker.example.", "broker.example"), ("my_broker", "my_broker"),
        ("a" * 63 + ".b", "a" * 63 + ".b"), ("4you.example", "4you.example"),
    ):  # fmt: skip
        assert parse(json.dumps(dict(GOOD, broker={"host": host}))).broker_host == found
    for host in (
        "mqtt://broker.example", "https://x", "broker.example:8883", "192.0.2.1:1883", "broker..example", ".",
        "..", ".example", "a b", "a/b", "user@host", "192.0.2", "192.0.2.256", "1.2.3.4.5", "a" * 64,
        "x" * 101, "b\u00f6rse", "::1", "[::1]", 5, [],
    ):  # fmt: skip
        assert faults(broker={"host": host}) == ["broker.host must be " + HOST], host


def test_addresses_with_leading_zeros_are_decimal_as_they_are_meant():
    """getaddrinfo() takes them for octal: 010 was 8, and 08 a name for which it waited."""
    for text, found in (
        ("192.168.001.010", "192.168.1.10"),
        ("010.000.08.099", "10.0.8.99"),
        ("1.0.0.1", "1.0.0.1"),
    ):
        settings = parse(
            json.dumps(dict(GOOD, broker={"host": text}, network={"ntp": text, "dns": [text + ":54"]}))
        )
        assert (settings.broker_host, settings.ntp, settings.dns) == (found, (found, 123), [(found, 54)]), (
            text
        )


def test_servers_have_ports_that_there_are():
    for text, found in (("time.example.", ("time.example", 123)), ("192.0.2.1:1123", ("192.0.2.1", 1123))):
        assert parse(json.dumps(dict(GOOD, network={"ntp": text}))).ntp == found
    for text in ("a:65536", "a:", "a:x", "a:1:2", "ntp://a", ":123", 5):
        assert len(faults(network={"ntp": text})) == 1, text
        assert len(faults(network={"dns": [text]})) == 1, text
    assert parse(json.dumps(dict(GOOD, network={"dns": ["192.0.2.1", "192.0.2.2:5353"]}))).dns == [
        ("192.0.2.1", 53),
        ("192.0.2.2", 5353),
    ]
