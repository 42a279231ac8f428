"""Connects to a broker, with TLS or without, to publish something there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from .errors import MenshenError


class BrokerError(MenshenError):
    """The broker cannot be reached, or does not let us in; the message is what the client library says."""


@dataclass(frozen=True)
class Tls:
    """The files of a mutual TLS connection, all in PEM."""

    authority: Path
    certificate: Path
    key: Path


@asynccontextmanager
async def connected(
    address: str, tls: Tls | None = None, identifier: str | None = None
) -> AsyncIterator[aiomqtt.Client]:
    """A client at the broker with this address, host:port; with TLS, both show and check certificates.

    With an identifier the broker keeps messages for it while it is away. Raises BrokerError.
    """
    host, _, port = address.rpartition(":")
    parameters = None
    if tls is not None:
        parameters = aiomqtt.TLSParameters(
            ca_certs=str(tls.authority), certfile=str(tls.certificate), keyfile=str(tls.key)
        )
    client = aiomqtt.Client(
        host, int(port), tls_params=parameters, identifier=identifier, clean_session=identifier is None
    )
    try:
        async with client:
            yield client
    except aiomqtt.MqttError as error:
        said = re.sub(r"\[Errno -?\d+\] ", "", str(error))  # a number that tells nobody anything
        raise BrokerError(f"the broker {address}: {said}") from error
