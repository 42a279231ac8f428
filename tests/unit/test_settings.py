"""Each bad setting is named with what is right; the last good copy is used, and nothing is lost."""

import json
import os

import vfs
from unmounting import unmount

import settings
from settings import SettingsError, load, parse

GOOD = {"lock": "demo", "key": "00" * 32}
NEEDS_PSRAM = 'home.certificate needs board "wrover" or "s3": a devkit has no memory for it'
LINKED = {"wifi": {"ssid": "house"}, "broker": {"host": "broker.example"}}
PAGE = 'at most 120 characters like "https://example.org/door/", without "#"'
BAD_PAGES = (
    "", 1, "codes.example", "http://codes.example/", "https://", "https:///door", "https://a b/", "https://a:0/",
    "https://codes.example/#x", "https://codes.example/ü", "https://codes.example/ x", "https://" + "x/" * 57,
    "https://user@codes.example/",
)  # fmt: skip
HOST = 'an address like "192.0.2.1" or a name, without "mqtt://" and a port'
HOME_HOST = HOST + ", none in .local"
ZONE = 'a POSIX TZ rule like "CET-1CEST,M3.5.0,M10.5.0/3"'


class Ram:
    def __init__(self):
        self.data = bytearray(b"\xff" * 4096 * 16)

    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]

    def writeblocks(self, n, buf, off=0):
        self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf

    def ioctl(self, op, arg):
        return {4: 16, 5: 4096}.get(op, 0)


def flash():
    device = Ram()
    vfs.VfsLfs2.mkfs(device)
    unmount("/flash")
    vfs.mount(vfs.VfsLfs2(device), "/flash")
    settings.PATH, settings.GOOD_PATH = "/flash/config.json", "/flash/config.good.json"


def put(path, text):
    with open(path, "w") as file:
        file.write(text)


def faults(**changes):
    tree = dict(GOOD)
    tree.update(changes)
    return said(json.dumps(tree))


def said(text):
    try:
        parse(text)
    except SettingsError as error:
        return error.faults
    return []


def test_what_is_needed_is_enough():
    found = parse(json.dumps(GOOD))
    assert (found.lock, found.key, found.unlock_level, found.unlock_ms) == ("demo", bytes(32), 1, 5000)
    assert (found.held_open_ms, found.ssid, found.plain_uid) == (30_000, "", False)
    assert found.keypad == "matrix"
    assert (found.broker_tls, found.broker_port, found.time_floor) == (True, 8883, 0)
    assert found.ntp is None
    assert parse(json.dumps(dict(GOOD, network={"ntp": "time.example"}))).ntp == ("time.example", 123)
    assert parse(json.dumps(dict(GOOD, broker={"tls": False}))).broker_port == 1883
    assert parse(json.dumps(dict(GOOD, broker={"tls": False, "port": 8}))).broker_port == 8


def test_each_field_says_what_is_right():
    wrong = [
        ("lock", "", "lock must be 1 to 32 letters, digits, - or _"),
        ("lock", "a/b", "lock must be 1 to 32 letters, digits, - or _"),
        ("lock", 5, "lock must be 1 to 32 letters, digits, - or _"),
        ("key", "00", "key must be 64 hexadecimal digits in lower case"),
        ("key", "zz" * 32, "key must be 64 hexadecimal digits in lower case"),
        ("board", "other", 'board must be "devkit" or "wrover" or "s3"'),
        ("relay", {"seconds": 0}, "relay.seconds must be a whole number from 1 to 60"),
        ("relay", {"seconds": True}, "relay.seconds must be a whole number from 1 to 60"),
        ("relay", {"seconds": "5"}, "relay.seconds must be a whole number from 1 to 60"),
        ("relay", {"unlock_level": 2}, "relay.unlock_level must be a whole number from 0 to 1"),
        ("network", {"ntp": ""}, 'network.ntp must be a host like "192.0.2.1" or "time.example:123"'),
        ("network", {"ntp": "a:0"}, 'network.ntp must be a host like "192.0.2.1" or "time.example:123"'),
        ("broker", {"tls": 1}, "broker.tls must be true or false"),
        ("time", {"floor": -1}, "time.floor must be a whole number from 0 to 4294967295"),
        ("door", {"held_open_s": 4}, "door.held_open_s must be a whole number from 5 to 3600"),
        ("wifi", {"ssid": "x" * 33}, "wifi.ssid must be a text of 1 to 32 bytes in UTF-8"),
        ("broker", {"port": 65536}, "broker.port must be a whole number from 1 to 65535"),
        ("keypad", {"type": "4x3"}, 'keypad.type must be "matrix" or "wiegand"'),
        ("reader", {"bits": 8}, "reader.bits must be a whole number from 9 to 66"),
        ("reader", {"bits": 67}, "reader.bits must be a whole number from 9 to 66"),
        ("reader", {"parity": "first"}, 'reader.parity must be "halves" or "even" or "odd" or "none"'),
        ("reader", {"type": "rfid"}, 'reader.type must be "pn532" or "wiegand" or "none"'),
        (
            "reader",
            {"type": "wiegand"},
            'reader.type "wiegand" needs keypad.type "wiegand"',
        ),
        ("door", {"contact": 0}, "door.contact must be true or false"),
        ("keypad", {"type": ["matrix"]}, 'keypad.type must be "matrix" or "wiegand"'),
        ("cards", {"plain_uid": 1}, "cards.plain_uid must be true or false"),
        ("wifi", {"ssid": ""}, "wifi.ssid must be a text of 1 to 32 bytes in UTF-8"),
        ("broker", {"host": ""}, "broker.host must be " + HOST),
        (
            "time",
            {"zone": "Berlin"},
            "time.zone must be " + ZONE + ': only "Berlin" is understood',
        ),
        ("home", {"host": "192.0.2.7:1883"}, "home.host must be " + HOME_HOST),
        ("home", {"host": "hub.local"}, "home.host must be " + HOME_HOST),
        ("home", {"host": "hub.local."}, "home.host must be " + HOME_HOST),
        ("home", {"host": ""}, "home.host must be " + HOME_HOST),
        ("home", {"host": "x" * 101}, "home.host must be " + HOME_HOST),
        ("home", {"host": "hub", "port": 0}, "home.port must be a whole number from 1 to 65535"),
        ("home", {"host": "hub", "user": ""}, "home.user must be a text of 1 to 64 bytes in UTF-8"),
        ("home", {"port": 1883}, "home.host is missing: the tenant's broker"),
        ("home", {"host": "hub", "password": "x"}, "home.user is missing: it goes with home.password"),
        ("home", {"certificate": "ab" * 32, "host": "hub"}, NEEDS_PSRAM),
        (
            "network",
            {"dns": ["1.2.3"]},
            'network.dns must be a list of at most 3 addresses like "192.0.2.1" or "192.0.2.1:53"',
        ),
    ]
    wrong += [("phone", {"page": page}, "phone.page must be " + PAGE) for page in BAD_PAGES]
    for name, value, right in wrong:
        changes = dict(LINKED if name == "home" else {})
        changes[name] = value
        assert faults(**changes) == [right], (name, value, faults(**changes))


def test_the_address_of_the_residents_page_loses_its_scheme():
    assert parse(json.dumps(GOOD)).phone_page == ""
    for page in (
        "codes.example",
        "codes.example/",
        "192.0.2.1:8443/a/b.html?c=d&e",
        "x" * 8 + "/" + "y" * 103,
    ):
        changed = dict(GOOD)
        changed["phone"] = {"page": "https://" + page}
        assert parse(json.dumps(changed)).phone_page == page


def test_a_broker_of_the_tenants_own_is_none_unless_the_settings_name_one():
    assert parse(json.dumps(GOOD)).home is None
    for home, found in (
        ({"host": "192.0.2.7"}, ("192.0.2.7", 1883, None, None, None)),
        (
            {"host": "hub.lan", "port": 1884, "user": "lock", "password": "p"},
            ("hub.lan", 1884, "lock", "p", None),
        ),
        ({"host": "hub", "user": "lock"}, ("hub", 1883, "lock", None, None)),
    ):
        tree = dict(GOOD, home=home)
        tree.update(LINKED)
        assert parse(json.dumps(tree)).home == found


def test_with_psram_it_may_have_tls_where_the_settings_say_whom_it_trusts():
    home = {"host": "hub", "certificate": "ab" * 32}
    for board in ("wrover", "s3"):
        tree = dict(GOOD, board=board, home=dict(home))
        tree.update(LINKED)
        assert parse(json.dumps(tree)).home == ("hub", 8883, None, None, b"\xab" * 32)
        tree["home"]["port"] = 8884
        assert parse(json.dumps(tree)).home[1] == 8884
    assert faults(board="devkit", home=home, **LINKED) == [NEEDS_PSRAM]
    home["certificate"] = "AB" * 32
    right = "home.certificate must be 64 hexadecimal digits in lower case"
    assert faults(board="s3", home=home, **LINKED) == [right]


def test_it_needs_the_link():
    needs = "home needs wifi.ssid and broker.host: time comes from there"
    assert faults(home={"host": "hub"}) == [needs]
    assert faults(home={"host": "hub"}, wifi=LINKED["wifi"]) == [needs]
    assert faults(home={"host": "hub"}, broker=LINKED["broker"]) == [needs]


def test_all_faults_are_told_at_once():
    assert len(faults(lock="", key="", relay={"seconds": 99})) == 3


def test_what_is_missing_is_told():
    assert [fault.split(":")[0] for fault in said("{}")] == ["key is missing", "lock is missing"]


def test_what_is_no_object_is_told():
    odd = "{1: 2}", "{[]: 1}", "{null: {}}", '{"door": {true: 1}}', '{"door": {{}: 1}}'
    for text in ("", "[]", "5", "nonsense", "null") + odd:
        assert said(text) == ["the file must be one JSON object"], text


def test_whatever_a_file_holds_it_is_good_or_its_faults_are_told():
    """Else a file that went bad would stop the lock at each start, and its good copy would not be used."""
    odd = [
        "null",
        "true",
        "0",
        "-1",
        "1e400",
        "99999999999999999999",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        '""',
        '"\\ud83d"',
    ]
    odd += ["{1:2}", "{[]:1}", "{{}:1}", "1:", "[", "{", "}", ","]
    for field in (
        "lock",
        "relay",
        "relay.unlock_level",
        "wifi.ssid",
        "network.dns",
        "home",
        "home.host",
        "x.y",
    ):
        for value in odd:
            text = '{"lock": "demo", "key": "%s", ' % ("00" * 32)
            for part in field.split("."):
                text += '"%s": {' % part
            text = text[:-1] + value + "}" * len(field.split("."))
            for cut in (len(text), len(text) - 1):
                assert said(text[:cut]) != [""]


def test_a_good_file_leaves_a_copy_that_is_used_when_it_breaks():
    flash()
    put(settings.PATH, json.dumps(GOOD))
    load()
    for broken in ("{", '{"lock": 5}', ""):
        put(settings.PATH, broken)
        assert load().lock == "demo"
    os.remove(settings.PATH)
    assert load().lock == "demo"


def test_a_copy_that_cannot_be_read_any_more_is_made_anew():
    for rotten in (b"\xff\xfe", b"", b"{"):
        flash()
        put(settings.PATH, json.dumps(GOOD))
        with open(settings.GOOD_PATH, "wb") as file:
            file.write(rotten)
        load()
        os.remove(settings.PATH)
        assert load().lock == "demo"


def test_the_good_copy_of_another_release_serves_though_this_one_knows_less():
    """A release goes back: both files have what it does not know, and the door must open all the same."""
    newer = dict(GOOD, relay={"unlock_level": 0, "pulses": 3, "seconds": 90}, osdp={"address": 1}, wifi="new")
    newer["broker"] = {"host": "mqtt://taken.by.an.older.release", "port": 1883}
    for spoilt in (json.dumps(newer), "{", None):
        flash()
        put(settings.GOOD_PATH, json.dumps(newer))
        if spoilt is not None:
            put(settings.PATH, spoilt)
        found = load()
        assert (found.lock, found.unlock_level, found.unlock_ms) == ("demo", 0, 5000)
        assert (found.ssid, found.broker_host, found.broker_port, found.home) == ("", "", 1883, None)
        with open(settings.GOOD_PATH) as file:
            assert file.read() == json.dumps(newer), "it waits for the newer release to come again"


def test_a_good_copy_that_has_rotted_is_not_guessed_from():
    for wrong in ({"lock": ""}, {"key": "0"}, {"relay": {"unlock_level": 8}}):
        flash()
        put(settings.GOOD_PATH, json.dumps(dict(GOOD, **wrong)))
        try:
            load()
        except SettingsError:
            continue
        raise ValueError("loaded")


def test_a_new_file_is_taken_whole_or_not_at_all():
    flash()
    put(settings.PATH, json.dumps(dict(GOOD, relay={"seconds": 7})))
    assert load().unlock_ms == 7000
    put(settings.PATH, json.dumps(dict(GOOD, relay={"seconds": 9, "unlocklevel": 0})))
    assert load().unlock_ms == 7000


def test_without_any_good_file_the_faults_are_raised():
    flash()
    put(settings.PATH, "{")
    try:
        load()
    except SettingsError:
        return
    raise ValueError("loaded")


def test_a_full_flash_is_no_reason_not_to_start():
    flash()
    put(settings.PATH, json.dumps(GOOD))
    try:
        put("/flash/big", "x" * 70_000)
    except OSError:
        pass
    assert load().lock == "demo"


def test_a_time_zone_is_a_posix_rule():
    assert parse(json.dumps(GOOD)).zone == (0, 0, None, None)
    tree = dict(GOOD)
    tree["time"] = {"zone": "EET-2"}
    assert parse(json.dumps(tree)).zone == (7200, 7200, None, None)
    right = 'time.zone must be a POSIX TZ rule like "CET-1CEST,M3.5.0,M10.5.0/3"'
    assert faults(time={"zone": 1}) == [right]
    assert faults(time={"zone": "CET-1CEST"}) == [right + ': only "CET-1CEST" is understood']
    assert faults(time={"zone": "CET-1CEST,M3.5.0,M10.5.0/3 x"}) == [
        right + ': only "CET-1CEST,M3.5.0,M10.5.0/3" is understood'
    ]
