"""Guest codes of leases with these keys, judged as at the keypad."""

import asyncio

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


class GuestLock:
    """`keys` are (lease, guest key); it is `start` where no other time is said."""

    def __init__(self, nvs, keys, start):
        self.nvs, self.keys, self.ended, self.start = nvs, list(keys), set(), start
        self.guests = guests_of(self.keys, self.ended, nvs)

    def enter(self, digits, now=-1):
        return asyncio.run(self.guests.guest(digits, self.start if now == -1 else now))

    def turns(self, digits):
        """What it is, and how many turns others had meanwhile."""
        turns = 0

        async def story():
            nonlocal turns
            task = asyncio.create_task(self.guests.guest(digits, self.start))
            while not task.done():
                turns += 1
                await asyncio.sleep_ms(0)
            return await task

        return asyncio.run(story())[0], turns
