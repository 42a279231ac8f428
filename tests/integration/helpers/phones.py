"""Each broker with its listener for residents who open from afar, and the proxy before it, as shipped."""

import asyncio
import hashlib
import hmac
import io
import struct
from collections.abc import Iterable
from pathlib import Path

import aiomqtt

from menshen.operator.certificates import PHONES
from menshen.operator.guest import read_key
from menshen.simulator.provision import DEMO_PIN
from tests.conftest import TOP
from tests.integration.helpers.brokers import Broker, Mosquitto, Nats, RabbitMQ
from tests.integration.helpers.process import BrokerFailed, Process, free_ports
from tests.simulated_lock import Lock

_TOOLS = TOP / "tools/brokers"
PROXY = TOP / "build/toolchain/brokers/bin/haproxy"
_TRIALS = 400


class Proxy(Process):
    """HAProxy, which does not say when it has its port."""

    def __init__(self, config: Path, address: tuple[str, int]) -> None:
        super().__init__([PROXY, "-V", "-db", "-f", config], "polling mechanism")
        self._address = address

    async def start(self) -> None:
        await super().start()
        for _ in range(_TRIALS):
            if await self._answers():
                return
            await asyncio.sleep(0.05)
        await self.stop()
        raise BrokerFailed("\n".join(self.said))

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(*self._address)
        except ConnectionRefusedError:
            return False
        writer.transport.abort()
        return True


class WithPhones(Broker):
    """`inner` is the port of the broker's listener for phones, `outer` that of the proxy before it."""

    inner: int
    outer: int

    def phone(self, identifier: str = "", by_proxy: bool = True, **more) -> aiomqtt.Client:
        """Somebody's browser; without the proxy there is no TLS and no limit for one address."""
        return aiomqtt.Client(
            self.host,
            self.outer if by_proxy else self.inner,
            transport="websockets",
            tls_context=self.tls(None) if by_proxy else None,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V311,
            **more,
        )

    @classmethod
    def missing(cls) -> str:
        return super().missing() or ("" if PROXY.exists() else "haproxy could not be fetched")

    def _with_proxy(self) -> None:
        """The proxy starts when the broker answers."""
        parts = [(self.folder / f"broker.{part}.pem").read_text() for part in ("crt", "key")]
        (self.folder / "phones.pem").write_text("".join(parts))
        where = {
            "127.0.0.1:8884": f"{self.host}:{self.outer}",
            "127.0.0.1:8885": f"{self.host}:{self.inner}",
            "/etc/menshen": str(self.folder),
            "    user haproxy\n    group haproxy\n": "",  # whoever runs the test
        }
        config = self._write("haproxy.cfg", (_TOOLS / "haproxy/haproxy.cfg").read_text(), where)
        self.processes = [*self.processes, Proxy(config, (self.host, self.outer))]


class MosquittoWithPhones(Mosquitto, WithPhones):
    """One more listener, behind the proxy as its comment says."""

    def __init__(self, folder: Path, known: Iterable[str], changes: dict[str, str] | None = None) -> None:
        super().__init__(folder, known, changes)
        self.inner, self.outer = free_ports(2)
        own = {
            "listener 8884 0.0.0.0": f"listener {self.inner} {self.host}",
            "certfile /etc/menshen/phones.crt.pem\n": "",
            "keyfile /etc/menshen/phones.key.pem\n": "",
            "tls_version tlsv1.2\n": "",
            "/etc/menshen": str(self.folder),
        }
        phones = self._shipped("phones.conf", own)
        config = self.folder / "mosquitto.conf"
        config.write_text(config.read_text() + phones.read_text())
        self._with_proxy()


class RabbitWithPhones(RabbitMQ, WithPhones):
    """One more plugin, and a user whose password everybody knows."""

    def __init__(self, folder: Path, known: Iterable[str], changes: dict[str, str] | None = None) -> None:
        super().__init__(folder, known, changes)
        self.inner, self.outer = free_ports(2)
        self._write("enabled_plugins", "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n", {})
        more = self.folder / "conf.d"
        more.mkdir()
        own = {"tcp.port = 8885": f"tcp.port = {self.inner}"}
        self._shipped("phones.conf", own).rename(more / "phones.conf")
        self._environment["RABBITMQ_CONFIG_FILES"] = str(more)
        self._with_proxy()

    async def start(self) -> None:
        await super().start()
        await self.control("import_definitions", self._shipped("phones.json", {}))


class NatsWithPhones(Nats, WithPhones):
    """A second server, which is a leaf of the locks' one."""

    def __init__(self, folder: Path, known: Iterable[str], changes: dict[str, str] | None = None) -> None:
        super().__init__(folder, known, changes)
        self.inner, self.outer, leaves, mqtt, standard = free_ports(5)
        self.client(PHONES).write(self.folder, PHONES)
        own = {
            "127.0.0.1:8885": f"{self.host}:{self.inner}",
            "127.0.0.1:8886": f"{self.host}:{mqtt}",
            "127.0.0.1:4223": f"{self.host}:{standard}",
            "127.0.0.1:7422": f"{self.host}:{leaves}",
            "/var/lib/nats-phones": str(self.folder / "phones-data"),
            "/etc/menshen": str(self.folder),
        }
        for_phones = self._shipped("phones.conf", own)
        to_them = {name: own[name] for name in ("127.0.0.1:7422", "/etc/menshen")}
        self._shipped("leafnodes.conf", to_them)
        config = self.folder / "nats-server.conf"
        config.write_text(config.read_text() + 'include "leafnodes.conf"\n')
        leaf = Process([self.program(), "-c", for_phones], "JetStream using domains")
        self.processes = [*self.processes, leaf]
        self._with_proxy()


PHONES_AT: dict[str, type[WithPhones]] = {
    kind.name: kind for kind in (MosquittoWithPhones, RabbitWithPhones, NatsWithPhones)
}


def opening(key: bytes, at: int, lock: str = "demo") -> bytes:
    """The message that opens from afar, as firmware/access/README.md has it; `at` is s since 1970."""
    head = hashlib.sha256(b"menshen guest key" + key).digest()[:4] + struct.pack("<I", at)
    return head + hmac.digest(key, b"menshen tenant v1" + lock.encode() + head, "sha256")[:16]


async def guest_key(lock: Lock) -> bytes:
    """The demo resident's guest key, by a phone at the reader."""
    await lock.keys(f"{DEMO_PIN}*4#")
    await lock.wait_light("enrolling")
    async with lock.tap("phone"):
        read = await lock.wait_event(lambda e: e["type"] == "phone")
    return read_key(io.StringIO(read["read"]))
