"""The whole application in virtual time, for models/test_people_model.py.

inside.Lock runs with all its tasks. Played are the chip (virtual_chip.py), the person at keypad and reader,
and the connection to the broker: what is published comes back with each step, what comes in is given to the
link's own subscriptions. Everything between is the firmware's.
"""

# isort: off
from chip_time import asyncio, time  # before all others: they take the time from there
from virtual_chip import Pin, chip

# isort: on
import gc
import json
import os
import sys
from binascii import unhexlify

from house_cables import Cables
from knife_flash import PowerCut, Reset
from postman import Payload

_SKIPPED = ("selftest", "boot.py", "main.py")
_STRIDES = (1000, 100), (30_000, 500), (1 << 40, 20_000)  # until so many ms of a wait, a step of ms
_FINE_MS = 100
_HOUR_MS, _DAY_H = 3_600_000, 24
_COLLECTS = 20  # steps: they leave a few megabytes, and each collection looks through the whole heap
_STARTS_MS, _SETTLES_MS, _TENDS_MS = 3000, 4000, 60_000  # the last: what an hour brings is done by then


_tasks = []
_create = asyncio.core.create_task


def _create_task(coroutine):
    task = _create(coroutine)
    _tasks.append(task)
    return task


asyncio.create_task = asyncio.core.create_task = _create_task


def _drop_tasks():
    """End what runs, as a reset does. What it has open is closed: the collector could not do that."""
    for task in _tasks:
        try:
            task.coro.close()
        except BaseException:  # noqa: S110 (of what is gone with the power)
            pass
    _tasks.clear()
    asyncio.new_event_loop()


def _import_all(folder, prefix=""):
    """Load every module of the firmware: the chip's flash takes the place of the folder they are in."""
    for name, kind, *_ in sorted(os.ilistdir(folder)):
        if name in _SKIPPED or name.startswith("."):
            continue
        if kind == 0x4000:
            _import_all(folder + "/" + name, name + ".")
        elif name.endswith(".py"):
            __import__(prefix + name[:-3])


_import_all(next(place for place in sys.path if place.endswith("/firmware")))

import app  # noqa: E402
import console  # noqa: E402
import inside  # noqa: E402
import loader  # noqa: E402
import readers.card_reader  # noqa: E402
import readers.keypad  # noqa: E402
import readers.pn532  # noqa: E402
import supervisor  # noqa: E402
from door.indicator import Indicator  # noqa: E402
from link.link import Link  # noqa: E402
from storage.names import LIVED  # noqa: E402


class _Hands:
    """Stands in for keypad and card reader: `told` is who is told of keys, or of cards."""

    healthy = True

    def __init__(self, *parts):
        self.tag = None

    async def run(self, told, on_health, adds=None):
        self.told = told
        while True:
            await asyncio.sleep_ms(60_000)

    def emulate(self, tag):
        self.tag = tag

    def bring(self):
        return self

    async def renew(self):
        """There is no card that proves itself."""


class _Client:
    """A connection that lasts; the broker hears all that is said, and sends what it likes."""

    def __init__(self, house):
        self._house, self.server = house, "broker"

    async def publish(self, topic, payload, retain=False):
        if isinstance(payload, tuple):
            payload = b"".join([bytes(piece) for piece in payload])
        self._house.told.append([topic.split("/")[-1], payload.decode()])

    async def subscribe(self, topic, qos=1):
        self._house.asked.append(topic)
        blob = self._house.retained.get(topic)
        if blob is not None:
            asyncio.create_task(self._house.subscriptions.on_message(topic.encode(), Payload(blob)))

    async def unsubscribe(self, topic):
        pass

    def set_last_will(self, *will):
        pass

    def close(self):
        pass


class House(Cables):
    """One lock from its first start on. What was said, shown and opened in a step is its result."""

    modules = ()
    _steps = 0

    def __init__(self):
        self.faults = []
        console.error = lambda source, message: self.faults.append(message)
        console.warning = console.info = lambda source, message: None
        loader.gc = loader.sys = self  # to collect, and to count modules, takes longer than all else here
        loader._IS_PLENTY = True
        supervisor.sys = self
        readers.card_reader.CardReader, readers.pn532.PN532 = self._hand("reader"), lambda *parts: parts
        readers.keypad.MatrixKeypad = self._hand("keypad")
        Link.run = lambda link: self._connect(link)  # noqa: PLW0108 (a method of the link's)
        say = Indicator.say
        Indicator.say = lambda light, signal, now: (self.said.append(signal), say(light, signal, now))[1]
        time.before_wait = self._before_wait
        self.said, self.told, self.asked, self.retained = [], [], [], {}
        self.resets = 0

    def _hand(self, name):
        def make(*parts):
            hands = _Hands()
            setattr(self, name, hands)
            return hands

        return make

    def collect(self):
        pass

    def threshold(self, size):
        pass

    def print_exception(self, error):
        sys.print_exception(error, sys.stderr)  # on stdout are the answers

    def mem_free(self):
        return 0  # so nothing is kept that could be: there is no collector that would give it back

    def _before_wait(self):
        if chip.knife.dead:
            raise PowerCut

    async def _connect(self, link):
        self.subscriptions = link._subscriptions
        client = _Client(self)
        link._publisher.will(client)
        await self.subscriptions.on_connected(client)
        await link._publisher.run(client)

    def drop_tasks(self):
        _drop_tasks()

    # what the test asks for

    def new(self, config, now):
        """Another lock, from the factory, with these settings; it is `now`."""
        chip.knife.dead = True
        _drop_tasks()
        time.begin()
        chip.erase()
        self.truth, self._from = now, time.now_ms
        self.retained = {}
        self.start()
        with open("/config.json", "w") as file:
            json.dump(config, file)
        self.start()
        return self._result()

    def step(self, cut, seed, name, *arguments):
        """Do it; with a `cut` the power goes in that flash operation from now, and comes back after it."""
        self._steps += 1
        if self._steps % _COLLECTS == 0:  # between steps no file is open but those of tasks that live
            gc.collect()
        self.said, self.told, self.asked, self.faults[:] = [], [], [], []
        self.resets = 0
        if cut:
            chip.knife.set(cut, seed)
        fell = chip.grants = chip.failed = 0
        try:
            getattr(self, name)(*arguments)
        except PowerCut:
            pass
        except Reset:
            self.resets = 1
            self.start(False)
        grants, said = chip.grants, self.said
        if chip.knife.dead:
            fell = 1
            self.start()
        chip.knife.set(0)
        return self._result(grants, said, fell)

    def _result(self, grants=0, said=(), fell=0):
        register = self.lock._housekeeping._register
        clock = self.lock._housekeeping._clock
        return {
            "opened": grants,
            "free": chip.is_free,
            "said": [signal for signal in said if signal != "key"],
            "told": self.told,
            "asked": self.asked,
            "resets": self.resets,
            "fell": fell,
            "failed": chip.failed,
            "version": register.credentials.version,
            "off": clock.now() and clock.now() - self.now(),
            "trust": clock.trust,
            "now": self.now(),
            "blue": "enrolling" in self.lock._doorkeeper._indicator._conditions,
            "faults": self.faults,
        }

    def now(self):
        """The right time."""
        return self.truth + (time.now_ms - self._from) // 1000

    # steps

    def start(self, cold=True):
        """The plug is put in again, or the chip resets."""
        chip.knife.dead = True  # nothing of before writes any more
        _drop_tasks()
        loader.Late._open, loader.Late._sweeps = None, False
        chip.start(cold=cold)
        self.said = []
        try:
            with open("/config.json"):
                pass
        except OSError:
            return
        self.lock = inside.Lock(app._load_settings(self), self)
        asyncio.create_task(app.go_on(*self.lock.arm()))
        self.wait(_STARTS_MS)

    restart = start

    def feed(self):
        """The watchdog is content."""

    def wait(self, milliseconds):
        """The time passes: finely for a second, then in larger steps, in long ones after half a minute."""
        passed = 0
        for until, stride in _STRIDES:
            part = min(milliseconds, until) - passed
            if part > 0:
                time.stride_ms = min(stride, part)
                asyncio.run(_pass(part))
                passed += part
        time.stride_ms = _FINE_MS

    def days(self, days):
        """Days pass with the plug in: of their hours one as a day of the lock's life begins, and the last."""
        hours = days * _DAY_H
        rest = (chip.kept.get(LIVED, 0) + hours) % _DAY_H
        for part in (hours - rest, rest):
            if part:
                chip.kept[LIVED] = chip.kept.get(LIVED, 0) + part - 1
                self._from -= (part - 1) * _HOUR_MS
                chip.set_clock(chip.read_clock() + (part - 1) * 3600)
                self.wait(_HOUR_MS)
                self.wait(_TENDS_MS)

    def keys(self, *parts):
        """Keys, and milliseconds between them."""
        for part in parts:
            if isinstance(part, int):
                self.wait(part)
            else:
                for key in part:
                    self.keypad.told(key)
                    self.wait(_FINE_MS)

    def card(self, uid):
        self.reader.told(unhexlify(uid))
        self.wait(_FINE_MS)

    def leaf(self):
        """Somebody goes through the door."""
        Pin.low.discard(Pin.CONTACT)
        self.wait(500)
        Pin.low.add(Pin.CONTACT)
        self.wait(500)

    def press(self, pin, milliseconds):
        """A switch is moved, and back: low where it was high; a number below 0: high where it was low."""
        change, back = (Pin.low.add, Pin.low.discard) if pin > 0 else (Pin.low.discard, Pin.low.add)
        change(abs(pin))
        self.wait(milliseconds)
        back(abs(pin))
        self.wait(_FINE_MS)

    def phone(self):
        """A phone is held to the reader; what it reads comes as what was told."""
        tag = self.reader.tag
        if tag is not None and not tag.is_over():
            self.told.append(["phone", _text(tag._message)])
            tag.end()
            tag._on_read()
        self.wait(_FINE_MS)

    def challenge(self):
        """A phone reads what the lock asks at the reader: nothing where it does not."""
        tag = self.reader.tag
        if tag is not None and not tag.is_over():
            self.told.append(["phone", _text(tag.message)])

    def answers(self, record):
        """It writes this in the place of that."""
        tag = self.reader.tag
        if tag is not None and not tag.is_over():
            tag.end()
            tag._on_answer(unhexlify(record))
        self.wait(500)

    def keep(self, topic, blob):
        """The broker keeps a chunk."""
        self.retained[topic] = unhexlify(blob)

    def deliver(self, leaf, message, retained):
        """The broker brings a message, and the lock has time for it."""
        topic = "menshen/v1/demo/" + leaf
        asyncio.run(self.subscriptions.on_message(topic.encode(), Payload(message.encode(), None, retained)))
        self.wait(_SETTLES_MS)

    def afar(self, message, retained):
        """The same of a resident's page, from anywhere."""
        payload = Payload(unhexlify(message), None, retained)
        asyncio.run(self.subscriptions.on_message(b"menshen/v1/demo/tenant", payload))
        self.wait(_SETTLES_MS)

    def sntp(self, now):
        self.lock._housekeeping._clock.network(now)


async def _pass(milliseconds):
    await asyncio.sleep_ms(milliseconds)


def _text(message):
    """The first record of what a phone reads."""
    return bytes(message[7 : 4 + message[2]]).decode()


gc.disable()  # a file that was open at a cut must not be closed by the collector: who asks ends in time
_house = House()


def main():
    """Answer JSON lines until there is nothing more to read: [name, …arguments] of House."""
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        question = json.loads(line)
        try:
            answer = {"result": getattr(_house, question.pop("call"))(*question.pop("arguments"))}
        except Exception as error:
            sys.print_exception(error, sys.stderr)
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
