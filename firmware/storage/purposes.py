"""What each HMAC and each digest is for: with its purpose in front, none can be taken for another.

The build writes them out where they are used, so that they cost no RAM. The operator's tools have copies of
their own; tests/static/test_facts.py compares the two.
"""

# Keys of messages, HMAC(lock key, purpose): see link/envelope.py.
LIST_MESSAGE = b"menshen list v1"
COMMAND_MESSAGE = b"menshen command v1"
UPDATE_MESSAGE = b"menshen update v1"
UNLOCK_PROOF = b"menshen unlock v1"  # under a tenant's guest key, or a key of staff
REMOTE_OPENING = b"menshen tenant v1"  # HMAC(guest key, this, lock, number of the key, time)[:16]
PHONE_OPENING = b"menshen door v1"  # HMAC(guest key, this, lock, challenge)[:16] opens at the door
STAFF_KEYS = b"menshen staff v1"  # HMAC(HMAC(lock key, this), digest of the credential) is a key of staff
HOME_COMMAND = b"menshen home v1"  # in front of the text that is hashed with the home code: home/commands.py

# Keys of files in the flash, HMAC(lock key, purpose): see storage/sealed.py.
LIST_FILE = b"menshen store v1"
RESIDENTS_FILE = b"menshen residents v1"  # of version 0.1.0
OWN_KEY_FILE = b"menshen own key v1"  # HMAC(lock key, this, own key) stands behind the own key
PEOPLE_FILE = b"menshen people v1"  # of this key, by the number of the shelf
LEASES_FILE = b"menshen leases v1"
CARDS_FILE = b"menshen cards v1"

# Digests in the list that everybody can compute, SHA-256(purpose, what)[:16].
LEASE_DIGEST = b"menshen lease v1"
LIST_HASH = b"menshen hash v1"  # SHA-256(this, SHA-256 of the snapshot, changes)[:16] names a list
SCHEDULE_DIGEST = b"menshen schedule v1"
HOLIDAY_DIGEST = b"menshen holiday v1"

# What stands in front of what is made from the secret of the cards: readers/card_keys.py.
CARD_KEY = b"menshen card key v1"  # then the key's number, u8, and the UID
CARD_MARK = b"menshen card mark v1"

# Cards that the operator has handed out: readers/house_keys.py.
HOUSE_KEY = b"menshen house key v1"  # SHA-256(this, reference u8, half u8)[:16] is a digest in the list
HOUSE_WRAP = b"menshen house wrap v1"  # HMAC(lock key, this, reference u8)[:16] wraps the key in the list
HOUSE_CARD = b"menshen house v1"  # ends the input of a card's keys: CMAC(house key, 1, UID, number, this)

# What a log's key makes: firmware/log.
LOG_STREAM = b"menshen log stream v1"  # HMAC(key, this)[:16] is the key that seals the ring
LOG_TAG = b"menshen log tag v1"  # then the place u8, and the entry
LOG_STEP = b"menshen log step v1"  # HMAC(key, this)[:16] is the key of the next hour

# What stands in front of a value under the lock's key itself, HMAC(lock key, purpose, value).
PIN_VALUE = b"\x01"  # the kinds of roll/record.py
CARD_VALUE = b"\x02"
GUEST_CODE_VALUE = b"\x03"
NEW_GUEST_KEY = b"\x04"
NEW_HOME_KEY = b"\x05"
NEW_OWN_KEY = b"\x06"
NEW_CARD_SECRET = b"\x07"
PROVED_CARD_VALUE = b"\x08"  # of a card that has proved its UID: another digest than that of the UID alone
NEW_LOG_KEY = b"\x09"
NEW_CHALLENGE = b"\x0a"
MQTT_CLIENT = b"mqtt client"  # makes the identifier at the broker one that nobody else knows

# Guest codes, HMAC(guest key, purpose, start, class): see access/README.md.
GUEST_CODE = b"menshen guest v2"
GUEST_CODE_V1 = b"menshen guest v1"
GUEST_KEY_CHECK = b"menshen guest key"  # SHA-256(this, 14 bytes)[:2] ends a guest key: access/guest_key.py
