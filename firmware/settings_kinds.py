"""The kinds of settings: settings.py has a check for each, and settings_faults.py the words for it."""

NUMBER = 0
FLAG = 1
ONE_OF = 2
LABEL = 3
SECRET = 4
TEXT = 5
PASSPHRASE = 6
HOST = 7
SERVICE = 8
SERVERS = 9
ZONE = 10
