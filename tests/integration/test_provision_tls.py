"""A board that make provision has given its certificate is let in by a Mosquitto of the same authority."""

import re
from collections.abc import Callable
from pathlib import Path

from menshen.operator.certificates import Authority
from menshen.simulator.provision import BROKER_NAME
from tests.integration.test_tls import broker_of
from tests.tools.helpers.installer import at_a_new_board


async def test_the_provisioned_lock_and_the_broker_know_each_other(
    make_lock: Callable, tmp_path: Path, app_dir: Path
) -> None:
    authority = Authority.create(tmp_path / "authority")
    server = authority.issue("broker", hosts=[BROKER_NAME], server=True)
    async with broker_of(tmp_path, authority, server) as broker:
        lock = await make_lock(
            tmp_path / "lock", power=False, broker_address=broker.address, tls_address=broker.tls_address
        )
        async with at_a_new_board(lock, app_dir, tmp_path) as installer:
            installer.settings["broker"]["tls"] = True
            assert await installer.provision("--authority", str(tmp_path / "authority")) == 0, installer.said
            assert re.search(r"broker +ok\n", installer.said)
            await lock.world.board.wait_line("link: online", 90)
        assert any("as front" in line for line in broker.said), broker.said
