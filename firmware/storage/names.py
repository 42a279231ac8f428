"""The names in the chip's NVS, namespace "menshen": of which type each is, what it holds, and who writes it.

A name with a `_MAX` is a blob of at most so many bytes; every other one is a 32-bit signed number. A name has
at most 15 characters (esp-idf, NVS_KEY_NAME_MAX_SIZE). Numbers in blobs are little-endian. The build writes
all of this out where it is used, so that it costs no RAM; tests/static/test_facts.py compares it with every
place that reads or writes NVS.
"""

from micropython import const

# Of the board. boot.py reads these before there is an application. All but the console's are forgotten when
# it is provisioned again: the relay may be another one then, and the clock's floor wrong.
RELAY_PIN = "relay_pin"  # GPIO of the relay; -1: not known. By: board
RELAY_SAFE = "relay_safe"  # the level, 0 or 1, that holds the bolt. By: board
CONSOLE = "console"  # 0: the serial console is shut. By: tools/board
CLOCK_FLOOR = "clock_floor"  # minutes since 1970 of the last signed time. By: access/clock

# Of the release. The first says which slot a start is about, and the state of its trial: see start.py.
CHOICE = "choice"  # slot, 0 or 1, plus twice the state. By: lib/start, update/switch, update/trial
TRYING = "trying"  # version_code() of the release switched to, 0 for none. By: update/switch, update/trial
FAULTS_BEFORE = "had"  # bits_of() the faults from before the switch. By: update/switch
IMAGE_ON_TRIAL = "image"  # 1 + number of the partition of its MicroPython. By: update/switch, update/trial
FAILED = "failed"  # version_code() of the release rolled back last. By: update/trial
FAILURES = "fails"  # how often in a row that was. By: update/trial
BEFORE = "before"  # version_code() of the one before; < 0: and its image. By: update/switch
UNHEARD = "unheard"  # hours since without the broker. By: update/switch
SECURITY_FLOOR = "security"  # the highest confirmed security version. By: update/trial

# Of the people behind the door, and their operator: a board that is provisioned again forgets these.
LIVED = "lived"  # hours under power. By: housekeeping
LIVED_PART = "lived_part"  # and tens of minutes. By: housekeeping
WRONG_CODES = "wrong_codes"  # in a row. By: access/throttle
STAFF_WAS_IN = "staff_was_in"  # 1: the next tenant is to be told. By: door/doorkeeper
# What guessing gains, 10**-9. By: access/guest_codes, access/guest_codes_v1, access/restrictions
GUEST_RISK = "guest_risk"
# Highest number of an order, below 0 until it is carried out. By: update/session, update/trial
ORDER = "order"
COMMAND = "command"  # highest number of a command. By: commands/commands
ORDERED = "ordered"  # version_code() of the release that this order names. By: update/session
HOME_ANNOUNCED = "home_told"  # 1: the tenant's broker holds the announcement. By: home/broker

# At most 32 of: MAC of the key 6, start and class u16, end u32. By: access/guest_codes
ONCE_CODES = "once"
ONCE_CODES_MAX = const(32 * 12)
# At most 24 of: class u8, MAC of the code 7, end u32. By: access/guest_codes_v1
GUEST_CODES = "guests"
GUEST_CODES_MAX = const(24 * 12)
# Time u32 of keys without a place, then at most 32 of: number of a key 4, time of its last message u32.
# By: commands/opening
OPENED_FROM_AFAR = "afar_at"
OPENED_FROM_AFAR_MAX = const(4 + 32 * 8)
# At most 64 of: digest 6, count u16. By: access/uses
USES = "uses"
USES_MAX = const(64 * 8)
# Low u32, then at most 16 of: SHA-256 of the nonce 8, expiry u32. By: commands/commands
NONCES = "nonces"
NONCES_MAX = const(4 + 16 * 12)
# The lock's own key 32, HMAC 32. By: people/own_key
OWN_KEY = "own_key"
OWN_KEY_MAX = const(32 + 32)
# SHA-256 of the host 8, IPv4 address 4. By: link/addresses
BROKER_ADDRESS = "dns"
BROKER_ADDRESS_MAX = const(8 + 4)
# At most 128 of: scope u16, 0 or who was shown what is new 4. By: people/notices
NEW_WAYS = "new_ways"
NEW_WAYS_MAX = const(128 * 6)
# At most 6 of: SHA-256 of the home code 4, time of its last command u64 in ms. By: home/commands
HOME_MARKS = "home_marks"
HOME_MARKS_MAX = const(6 * 12)

# A queue of n places is the blobs `alarm0` to `alarm<n - 1>`, each number u32, time u32, text of at most 320
# bytes, and the number `alarm_sent` of the last message that the broker has. By: reports/outbox
ALARM_QUEUE = "alarm"
ALARM_PLACES = const(8)
STAFF_QUEUE = "staff"
STAFF_PLACES = const(32)
ACK_QUEUE = "ack"
ACK_PLACES = const(8)
QUEUED_MAX = const(8 + 320)
SENT = "_sent"
