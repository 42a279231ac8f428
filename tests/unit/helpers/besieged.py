"""A lock of the firmware's own parts, without a network: what its messages go to, and who opens its door."""

from list_parts import KEY, PUT, REMOVE, at_once, delta, digests, offer, opened, record, sign, whole
from lock_with_list import sync_of
from ram_flash import RamFlash
from ram_numbers import RamNvs

from access.clock import Clock
from access.gate import Gate
from access.throttle import Throttle
from commands.commands import Commands
from link import blobs
from link.errors import Refused
from people import approval
from people.leases import Leases
from people.register import Register
from people.residents import Residents
from reports import acks
from reports.telemetry import Telemetry
from storage.hmac import Mac, hmac_sha256
from update.session import is_to_do, read_order

NOW = 1_800_000_000
PIN = b"246810"
GUEST_KEY = b"g" * 16
_LEASE = 1
RELEASES = "0.2.0", "0.3.0", "0.2.0", "0.4.0", "0.5.0"  # by the number of the order; the last is held back
_TENANT = record(Mac(KEY).digest(b"\x01", PIN)[:16], _LEASE)


def _list(seed, tenant=True):
    return whole(sorted([record(d, 2, 2) for d in digests(70, seed)] + ([_TENANT] if tenant else [])))


class History:
    """What the operator ever sent. `truth` are the digests of each version; 9 is signed and locks out."""

    def __init__(self):
        first, second, none = _list(b"a"), _list(b"b"), _list(b"c", False)
        fresh = [record(d, 2, 2) for d in digests(6, b"fresh")]
        more, less = (
            delta((PUT, fresh[0])),
            delta(*sorted([(PUT, fresh[1]), (REMOVE, first[16:48])], key=lambda c: c[1])),
        )
        offers = [
            (3, first, b"", 3),
            (4, first, more, 3),
            (5, first, less, 3),
            (6, second, b"", 6),
            (7, second, more, 6),
            (9, none, b"", 9),
        ]
        self.blobs = first, second, none
        self.payloads, self.truth = [], {}
        for version, data, changes, base in offers:
            said = offer(version, data, changes, base)
            said["time"] = NOW + version * 60
            self.payloads.append(said)
            held = {data[at : at + 16] for at in range(16, len(data), 32)}
            for at in range(0, len(changes), 33):
                (held.add if changes[at] else held.discard)(changes[at + 1 : at + 17])
            self.truth[version] = held
        self.truth.pop(9)
        self.heads = [sign(said) for said in self.payloads]
        self.commands = [
            self._command(*what)
            for what in (
                ("identify", NOW + 200, {}),
                ("restart", NOW + 201, {}),
                ("unlock", NOW + 202, {"lease": _LEASE}),
                ("unlock", NOW + 203, {"credential": first[16:32].hex()}),
                ("unlock", NOW - 9000, {"lease": _LEASE}),
                ("restart", NOW - 9000, {}),
            )
        ]
        self.newest = self.heads[-2]
        self.orders = [self._order(number, version) for number, version in enumerate(RELEASES, 1)]
        self.sent = self.heads + self.commands + self.orders

    def _order(self, number, version):
        said = {"lock": "demo", "time": NOW + number, "version": version, "order": number}
        self.payloads.append(said)
        return sign(said, purpose=b"menshen update v1")

    def _command(self, name, time, who):
        plain = {
            "lock": "demo",
            "time": time,
            "command": name,
            "nonce": "nonce-%d" % time,
            "expires": time + 300,
        }
        said = dict(plain, **who)
        if who:
            key = GUEST_KEY
            if "credential" in who:
                key = hmac_sha256(hmac_sha256(KEY, b"menshen staff v1"), bytes.fromhex(who["credential"]))
            said["proof"] = sign(plain, key=key, purpose=b"menshen unlock v1").decode()
        self.payloads.append(said)
        return sign(said, purpose=b"menshen command v1")


class Besieged:
    """Holds version 3 of a History and has carried out its commands. `did` is what was done since."""

    def __init__(self, enemy):
        self._enemy = enemy
        self._date = (2026, 1, 1, 3, 0, 0, 0, 0)
        RamFlash("/access", 60)
        self.nvs = RamNvs()
        self.did = []
        self.running = "0.1.0"
        self.client = None  # of link/subscriptions.py: there is no other connection to wait for
        self.start()

    def start(self):
        """As after a power cut."""
        self.spoilt = 0, 0
        numbers = self.nvs.restart()
        self.credentials = opened()
        self.clock = Clock(self._datetime, numbers)
        self.telemetry = Telemetry("demo", lambda anew: {}, numbers, self.clock.now)
        self._leases, self._residents = Leases(KEY, numbers), Residents(KEY, numbers)
        self.numbers = numbers
        self.commands = Commands("demo", KEY, self.clock, numbers, acks.Acks(self.telemetry), self)
        self._throttle = Throttle(numbers)
        self.told = 0

    def _datetime(self, *date):
        if date:
            self._date = date[0]
        return self._date

    async def take_list(self, message):
        """As lists/listener.py does, an hour after the last: each may be fetched, whatever came before."""
        self.spoilt = 0, 0
        sync = sync_of(self.credentials, self._approve, self.telemetry, self)
        self.told = await sync.receive([message], self.told, self._on_time)

    def _on_time(self, now, echo):
        self.clock.signed(now, echo in self.clock.challenges)

    def take_order(self, message):
        """As update/session.py does; a release that is ordered runs at once."""
        try:
            version, time, number, _ = read_order(message, "demo", KEY)
            self.clock.signed(time, False)
            if is_to_do(number, version, self.running, self.numbers):
                self.running = version
                self.did.append("update")
        except Refused:
            pass

    async def _approve(self, listed):
        register = Register(self.credentials, self._residents, self._leases)
        await approval.approve(listed, self.clock.now(), NOW, register)

    def opens(self):
        """Whether the tenant's PIN does."""
        register = Register(self.credentials, self._residents, self._leases)
        gate = Gate(register, self.clock, self._throttle, None, Mac(KEY), True)
        return gate.pin(PIN, 0).granted

    # -- link/subscriptions.py, as far as chunks go

    async def fetch(self, name, size, path):
        await blobs.fetch(self, name, size, path, at_once, 0)

    async def subscribe(self, topic, handler, qos=1):
        for payload in self._enemy.chunks(topic):
            await handler(payload)

    async def unsubscribe(self, topic):
        pass

    # -- the door

    def identify(self):
        self.did.append("identify")

    def self_test(self):
        return {"faults": [], "list": self.credentials.version}

    def restart(self):
        self.did.append("restart")

    def remote(self, lease, digest):
        self.did.append("unlock")
        return True

    async def guest_keys(self, lease):
        return [GUEST_KEY] if lease == _LEASE else []
