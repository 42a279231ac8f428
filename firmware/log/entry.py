"""What an entry of a resident's log is, and how many there are; README.md shows it whole."""

from micropython import const

LOGS = const(4)  # in a lock
ENTRIES = const(60)  # in a log
CONTENT = "<IBBH"  # time in seconds since 1970 u32, 0 unknown; what u8; more u8; detail u16
CONTENT_SIZE = const(8)  # of that
NOTED_WHAT = const(4)  # place in it; `more` stands behind it
# In RAM, until the hour is over: the same, lease u16 (0: for every log), number u8. Of somebody who came in,
# `what` is their kind and 16 times their role.
NOTE = "<IBBHHB"
NOTE_SIZE = const(11)
NOTES_MAX = const(64)  # a stranger brings about some 50 in an hour at most
DAYS = const(30)  # an entry is kept, at most

# What happened. One's own PIN, card and opening from afar are the kinds of roll/record.py, 1 to 3.
NOTHING = const(0)  # it makes an older entry go in time
BY_GUEST = const(4)
STAFF_IN = const(5)  # more: role, and kind times 16; detail: how their digest begins
ALARM = const(6)  # more: 0 forced, 1 held open, 2 tamper, 3 throttled
NEW_WAY = const(7)  # detail: the lease
LIST_REFUSED = const(8)  # once in an hour
WRONG_CODE = const(9)  # more: how many in this hour
UNTOLD = const(10)  # more than there was place for
BY_PHONE = const(11)  # one's own phone at the reader: the kind PHONE of roll/record.py
