"""Mosquitto, RabbitMQ and NATS as the repository configures them, with an authority of the test's own."""

import asyncio
import os
import pwd
import signal
import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from menshen.brokers import house, locks
from menshen.operator.certificates import OPERATOR, Authority, Pair
from menshen.simulator.provision import BROKER_NAME
from tests import programs
from tests.conftest import TOP
from tests.integration.helpers.process import LOCALHOST, Process, free_ports

_SHIPPED = TOP / "tools/brokers"
_FETCHED = TOP / "build/toolchain"
_PLACE = "/etc/menshen"
_CONTROL_S = 120


class Broker:
    """One broker with TLS on `port` of `host`; knows the locks that it was made for.

    `changes` are replaced in the shipped files, texts by texts, after paths and ports.
    """

    name: str
    ports = 1
    processes: Sequence[Process]
    """In the order in which they are started."""

    def __init__(self, folder: Path, known: Iterable[str], changes: Mapping[str, str] | None = None) -> None:
        self.host = LOCALHOST
        self.port, *self._others = free_ports(self.ports)
        self.authority, self.stranger = Authority.in_memory(), Authority.in_memory()
        self.folder = folder / f"{self.name}-{self.port}"
        self._known, self._changes = list(known), dict(changes or {})
        self.folder.mkdir()
        (self.folder / "ca.crt.pem").write_bytes(self.authority.certificate_pem)
        hosts = [self.host, "localhost", BROKER_NAME]
        self.authority.issue("broker", hosts, server=True).write(self.folder, "broker")

    def trust_the_stranger(self) -> None:
        """As an operator would who takes certificates from an authority that is not their own."""
        bundle = self.authority.certificate_pem + self.stranger.certificate_pem
        (self.folder / "ca.crt.pem").write_bytes(bundle)

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be started here, else ""."""
        if cls.program().exists():
            return ""
        return f"{cls.name} could not be fetched: `make setup-tests` says why"

    @classmethod
    def program(cls) -> Path:
        """What set-up has fetched."""
        raise NotImplementedError

    def lock(self, name: str) -> Pair:
        """A new key and certificate for a lock of this name."""
        return self.authority.issue_lock(name)

    def operator(self) -> Pair:
        """A new key and certificate for the operator."""
        return self.client(OPERATOR)

    def client(self, name: str) -> Pair:
        """The same for any other name in the rules."""
        return self.authority.issue(name, client=True)

    def tls(self, own: Pair | None) -> ssl.SSLContext:
        """A client's context: checks the broker, and shows the certificate if there is one."""
        context = ssl.create_default_context(cadata=self.authority.certificate_pem.decode())
        if own:
            context.load_cert_chain(*reversed(own.write(self.folder, "client")))
        return context

    async def start(self) -> None:
        """Return once it answers; BrokerFailed if it does not."""
        try:
            for process in self.processes:
                await process.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End it and wait until it is gone; it can be started again."""
        for process in reversed(self.processes):
            await process.stop()

    def listening(self) -> set[str]:
        """The addresses on which its processes take connections."""
        programs = [psutil.Process(process.pid) for process in self.processes]
        programs += [child for program in programs for child in program.children(recursive=True)]
        connections = [each for program in programs for each in program.net_connections()]
        return {
            each.laddr[0] for each in connections if each.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}
        }

    async def add(self, lock: str) -> None:
        """Tell the running broker of one more lock, as the README says."""
        raise NotImplementedError

    def _shipped(self, name: str, substitutes: Mapping[str, str]) -> Path:
        """A copy of a file that operators get; every substitute has to have something to do."""
        return self._write(name, (_SHIPPED / self.name / name).read_text(), substitutes)

    def _write(self, name: str, text: str, substitutes: Mapping[str, str]) -> Path:
        for old, new in substitutes.items():
            assert old in text, f"{name} does not say {old!r}"
            text = text.replace(old, new)
        for old, new in self._changes.items():
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text)
        return path


class Mosquitto(Broker):
    """Finds its rules in one pattern for all locks."""

    name = "mosquitto"

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        me = pwd.getpwuid(os.geteuid()).pw_name
        listener = house.Listener(self.host, self.port, me)
        config = house.mosquitto(self.folder, self.authority, [self.host, "localhost", BROKER_NAME], listener)
        for path in (config, self.folder / house.RULES):
            self._write(path.name, path.read_text(), {})
        self.processes = [Process([self.program(), "-c", config], " running")]

    @classmethod
    def program(cls) -> Path:
        return _FETCHED / "bin/mosquitto"


_ERLANG = "+S 1:1 +SDcpu 1:1 +SDio 1 +A 1 +sbwt none +sbwtdcpu none +sbwtdio none"
"""One thread, which sleeps where there is nothing to do: others compute meanwhile."""


class RabbitMQ(Broker):
    """Two processes: the broker, and the register of names that Erlang wants beside it."""

    name = "rabbitmq"
    ports = 3

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        between, register = map(str, self._others)
        where = {_PLACE: str(self.folder), "127.0.0.1:8883": f"127.0.0.1:{self.port}"}
        config = self._shipped("rabbitmq.conf", where)
        self._write("rabbitmq-locks.json", locks.rabbitmq(self._known), {})
        (self.folder / "advanced.config").write_text("[].\n")  # or it would read the machine's
        self._environment = environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": register,
            "RABBITMQ_NODENAME": f"menshen{self.port}@localhost",
            "RABBITMQ_DIST_PORT": between,
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self._shipped("rabbitmq-env.conf", {})),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._shipped("enabled_plugins", {})),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "ERL_FLAGS": _ERLANG,
        }
        epmd = self.program().parent / "epmd"
        self.processes = [
            Process([epmd, "-d", "-d", "-address", LOCALHOST, "-port", register], "main select() loop"),
            Process([self.program()], "Server startup complete", environment),
        ]

    @classmethod
    def program(cls) -> Path:
        return _FETCHED / "brokers/bin/rabbitmq-server"

    async def add(self, lock: str) -> None:
        self._known.append(lock)
        definitions = self._write("rabbitmq-locks.json", locks.rabbitmq(self._known), {})
        await self.control("import_definitions", definitions)

    async def control(self, *arguments: str | Path) -> None:
        """What an operator does with `rabbitmqctl`."""
        command = [self.program().with_name("rabbitmqctl"), "-n", self._environment["RABBITMQ_NODENAME"]]
        async with (
            programs.program(
                *command,
                *arguments,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
            ) as control,
            asyncio.timeout(_CONTROL_S),
        ):
            assert await control.wait() == 0


class Nats(Broker):
    """Its own protocol needs a port beside MQTT's."""

    name = "nats"
    ports = 2

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        self._write("nats-locks.conf", locks.nats(self._known), {})
        config = self._shipped(
            "nats-server.conf",
            {
                "127.0.0.1:8883": f"127.0.0.1:{self.port}",
                "127.0.0.1:4222": f"127.0.0.1:{self._others[0]}",
                _PLACE: str(self.folder),
                "/var/lib/nats": str(self.folder / "data"),
            },
        )
        self.processes = [Process([self.program(), "-c", config], "Server is ready")]

    @classmethod
    def program(cls) -> Path:
        return _FETCHED / "brokers/bin/nats-server"

    async def add(self, lock: str) -> None:
        self._known.append(lock)
        self._write("nats-locks.conf", locks.nats(self._known), {})
        (process,) = self.processes
        os.kill(process.pid, signal.SIGHUP)
        await process.says("Reloaded server configuration")


KINDS: dict[str, type[Broker]] = {kind.name: kind for kind in (Mosquitto, RabbitMQ, Nats)}
