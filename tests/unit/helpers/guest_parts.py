"""Guest codes of leases with these keys, judged as at the keypad."""

from access.restrictions import Restrictions
from people.register import Register
from storage.hmac import Mac
from storage.nvs import Numbers


class House:
    """Residents and leases in one."""

    def __init__(self, pairs, ended):
        self.pairs, self.ended = pairs, ended

    def keys(self, role):
        return iter(self.pairs)

    def over(self, lease, now):
        return lease in self.ended


def guests_of(pairs, ended, nvs, mac=None):
    """`pairs` are (lease, guest key), `ended` the leases that are over."""
    house = House(pairs, ended)
    return Restrictions(Register(None, house, house), None, Numbers(nvs), mac or Mac(bytes(32)))
