"""A day with the page: afterwards no key, no code and no entry is anywhere but in the lock and on the phone.

All that the house's side has kept is searched byte by byte: the operator's file and its backup, the broker's
folder and whatever the broker said, the web server's files and whatever it was asked.
"""

import base64
import re
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from menshen.operator import lists
from menshen.operator.lists import PIN, TENANT, Credential
from menshen.phone import build
from menshen.phone.leaflet import words
from menshen.simulator.provision import lock_key
from tests.integration.helpers.landlord import LOCK, House
from tests.integration.helpers.phones import MosquittoWithPhones, opening
from tests.integration.helpers.process import started
from tests.integration.helpers.rights import ROOT, listener
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import fragment_of, keep_key, make_code, phone, site
from tests.simulated_lock import Lock
from tests.tools.helpers.houses import open_house

_OWN_PIN = "2718281828"  # so long that no digest in hex has it by chance
_SETTINGS = {
    "broker": {"tls": True, "backoff_cap_s": 1},
    "relay": {"unlock_level": 1, "seconds": 1},
    "phone": {"page": "https://codes.example/door/", "remote": True},
}
_WORD = "correct horse battery"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A landlord whose Mosquitto has the listener for phones."""
    folder = tmp_path / "operator"
    folder.mkdir(mode=0o700)
    broker = await started(lambda: MosquittoWithPhones(tmp_path, [LOCK]))
    try:
        yield House(folder, broker)
    finally:
        await broker.stop()


async def _lock(house: House, make_lock, workdir: Path) -> Lock:
    own, key = house.broker.lock(LOCK), lock_key(workdir)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": house.broker.authority.certificate_der,
        **lists.flash_files(key, 1, lists.snapshot([])),
    }
    address = (house.broker.host, house.broker.port)
    async with listener(house.broker, house.broker.operator(), "onlooker") as operator:
        await operator.client.subscribe(f"{ROOT}/{LOCK}/state", qos=1)
        lock: Lock = await make_lock(workdir, tls_address=address, settings=_SETTINGS, files=files, sntp=True)
        await lock.wait_armed()
        assert await operator.until(lambda heard: any('"clock": "network"' in text for _, text in heard))
    await house.begin(key)
    return lock


async def _move_in(house: House, lock: Lock) -> None:
    code = await house.add_lease()
    assert "accepted" in (await house.operate("publish", LOCK)).output
    for keys, light in ((code, "enrolling"), (_OWN_PIN, "enrolling"), (_OWN_PIN, "kept")):
        await lock.keys(keys + "#")
        await lock.wait_light(light)


async def _enter(lock: Lock, code: str) -> None:
    await lock.keys(f"{code}#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _open_from_afar(page: Page, says: str) -> None:
    await page.locator("#open").click()
    for _ in range(2):
        await page.locator("#sure button[value=yes]").click()
    await expect(page.locator("#note")).to_have_text(words("en")[says])


async def _pull_the_plug(house: House, lock: Lock) -> None:
    """The broker knows of it when this returns."""
    async with listener(house.broker, house.broker.operator(), "onlooker") as operator:
        await operator.client.subscribe(f"{ROOT}/{LOCK}/state", qos=1)
        await lock.power(False)
        assert await operator.until(lambda heard: any('"online":false' in text for _, text in heard))


async def _read_log(page: Page, lock: Lock) -> bytes:
    """A log begins, and the page reads it; the key that was handed over."""
    told = await fragment_of(lock, _OWN_PIN, "8")
    await page.evaluate(f"location.hash = '{told}'")
    await expect(page.locator("#log")).to_be_focused()
    return base64.urlsafe_b64decode(told.partition("&log=")[2] + "==")[24:40]


def _spelt(secret: bytes) -> Iterable[bytes]:
    """As a program might write it down."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for start in range(3):  # wherever it begins in what is encoded
        inner = base64.b64encode(bytes(start) + secret)[4 if start else 0 : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


@pytest.mark.slow
async def test_a_day_leaves_no_key_no_code_and_no_entry_with_the_house(
    house: House, make_lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = await _lock(house, make_lock, tmp_path / "lock")
    await _move_in(house, lock)
    await _enter(lock, _OWN_PIN)
    fragment = await fragment_of(lock, _OWN_PIN)
    broker = house.broker
    assert isinstance(broker, MosquittoWithPhones)
    address = f"wss://{broker.host}:{broker.outer}/mqtt"
    began = int(time.time())
    async with chromium() as browser, site(address) as served:
        async with phone(browser, ignore_https_errors=True) as context:
            page = await context.new_page()
            await page.goto(served.url + fragment)
            await keep_key(page)
            codes = await make_code(page, note="Ana", kind="5")
            asked = len(served.asked)
            await page.locator("#myself").click()
            await expect(page.locator("#result-title")).to_contain_text(words("en")["me"])
            codes += [await page.locator("#sheet .digits [aria-hidden]").inner_text()]
            codes = [code.replace(" ", "") for code in codes]
            for code in codes:
                await _enter(lock, code)
            lock.since_us = lock.events[-1]["us"]
            await _open_from_afar(page, "online")
            await lock.wait_unlocked()
            await lock.wait_locked()
            log_key = await _read_log(page, lock)
            assert "well" in (await house.operate("health")).output
            await _pull_the_plug(house, lock)
            await _open_from_afar(page, "offline")
            assert len(served.asked) == asked, "the page asked for something after it was there"
        heard = "\n".join(served.heard).encode()
    ended = int(time.time())
    assert "Ana" not in (await house.operate("staff", "log", "--wait", "1")).output
    (tmp_path / "word").write_text(_WORD)
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    await house.operate("backup", str(house.folder / "house.backup"))
    await broker.stop()
    store = open_house(house.folder / "operator.db")
    assert [store.run(f"select * from {table}") for table in ("staff_entry", "alarm")] == [[], []]  # noqa: S608
    store.close()

    key = bytes.fromhex(re.fullmatch(r"#lock=demo&key=([0-9a-f]{32})", fragment)[1])
    digest = Credential(PIN, _OWN_PIN.encode(), TENANT).record(lock_key(tmp_path / "lock"))[:16]
    messages = [opening(key, at)[8:] for at in range(began - 1, ended + 2)]
    secrets = [key, log_key, _OWN_PIN.encode(), digest, *(code.encode() for code in codes), *messages]
    kept = {
        str(path): path.read_bytes()
        for path in (*house.folder.rglob("*"), *broker.folder.rglob("*"))
        if path.is_file()
    }
    kept |= {
        "what the broker said": "\n".join(line for each in broker.processes for line in each.said).encode()
    }
    kept |= {"what the web server heard": heard} | build.files(address)
    assert {"operator.db", "house.backup", "mosquitto.db"} <= {Path(name).name for name in kept}
    for where, data in kept.items():
        for secret in secrets:
            for spelt in _spelt(secret):
                assert spelt not in data, where
    assert any(lock_key(tmp_path / "lock").hex().encode() in data for data in kept.values()), (
        "the search finds"
    )
