"""A stand-in for Home Assistant: reads what a lock announces, and signs commands by its template.

It does with an announcement what Home Assistant 2025.4 does (components/mqtt/lock.py, helpers/template.py):
the same sandbox, the same names in the template, and a code that does not fit the pattern is not sent.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import AsyncIterator

import aiomqtt
from jinja2.sandbox import ImmutableSandboxedEnvironment

from menshen import ending

PREFIX = "homeassistant/"
_PATIENCE_S = 30


class CodeRefusedError(Exception):
    """The code does not look as the entity says it must."""


class HomeAssistant:
    """One at a broker. `heard` is every message on it, `sent` the commands of this one."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.heard: list[tuple[str, str, bool]] = []
        self.sent: list[str] = []
        self.locks: dict[str, dict] = {}
        self.available: dict[str, str] = {}
        self._news = asyncio.Condition()
        self._templates = ImmutableSandboxedEnvironment()
        self._templates.filters["sha256"] = lambda text: hashlib.sha256(text.encode()).hexdigest()
        self._templates.globals["now"] = lambda: dt.datetime.now().astimezone()

    async def listen(self) -> None:
        """Until the connection ends."""
        await self._client.subscribe("#", qos=1)
        async for message in self._client.messages:
            topic, payload = str(message.topic), bytes(message.payload or b"").decode()
            self.heard.append((topic, payload, bool(message.retain)))
            if topic.startswith(PREFIX):
                if payload:
                    self.locks[topic] = json.loads(payload)
                else:
                    self.locks.pop(topic, None)
            self.available[topic] = payload
            async with self._news:
                self._news.notify_all()

    async def entity(self) -> dict:
        """The one lock there is, once it is there and available."""
        async with asyncio.timeout(_PATIENCE_S), self._news:
            await self._news.wait_for(lambda: any(map(self._is_available, self.locks.values())))
        [found] = self.locks.values()
        return found

    async def no_entity(self) -> None:
        """Wait until there is no lock any more."""
        async with asyncio.timeout(_PATIENCE_S), self._news:
            await self._news.wait_for(lambda: not self.locks)

    async def unlock(self, code: str, value: str = "UNLOCK") -> str:
        """What the lock's button does; the payload that it sent. Raises CodeRefusedError."""
        entity = await self.entity()
        if not re.compile(entity["code_format"]).match(code):
            raise CodeRefusedError
        template = self._templates.from_string(entity["cmd_tpl"])
        payload = template.render(value=value, code=code).strip()
        await self._client.publish(entity["cmd_t"], payload)
        self.sent.append(payload)
        return payload

    async def send(self, payload: str, retain: bool = False) -> None:
        """What only an enemy would do: a command as it is."""
        await self._client.publish((await self.entity())["cmd_t"], payload, qos=1, retain=retain)

    def _is_available(self, entity: dict) -> bool:
        return self.available.get(entity["avty_t"]) == "online"


@contextlib.asynccontextmanager
async def home_assistant(address: tuple[str, int]) -> AsyncIterator[HomeAssistant]:
    """One that listens for as long as the block lasts."""
    async with aiomqtt.Client(*address) as client:
        home = HomeAssistant(client)
        async with ending.running(home.listen()):
            yield home
