"""The kinds of settings. settings_checks.py has a check for each, settings_faults.py a text."""

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
PAGE = 11
