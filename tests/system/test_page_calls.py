"""The interface beneath the page: a wrong call is told in a sentence, other sites are turned away."""

import asyncio
from collections.abc import Callable

import pytest

BAD_CALLS = [
    ("POST keys", {"keys": "12a"}, "keys"),
    ("POST keys", {"keys": "1" * 65}, "keys"),
    ("POST keys", {"keys": 246810}, "keys"),
    ("POST keys", {}, "keys"),
    ("POST keys", {"keys": "1", "code": "1"}, "code"),
    ("POST keys", b"[" * 100_000, "JSON"),
    ("POST keys", b"\xff\xfe\xfa", "JSON"),
    ("POST keys", ["1"], "object"),
    ("PUT card", {"card": "nobody"}, "tenant, cleaner, stranger"),
    ("DELETE card", {"card": "tenant"}, "card"),
    ("POST door", {"open": 1}, "true or false"),
    ("POST door", {"open": True, "force": "yes"}, "force"),
    ("POST exit", {"open": True}, "open"),
    ("POST tamper", {"open": "no"}, "open"),
    ("POST network", {"up": 0}, "up"),
    ("POST power", {"on": None}, "on"),
    ("PUT faults", {"broker": "slow"}, "ok, dead, silent"),
    ("PUT faults", {"reader": ""}, "ok, hung, garbage, absent"),
    ("PUT faults", {"cut_at": 0}, "cut_at"),
    ("PUT faults", {"cut_at": True}, "cut_at"),
    ("POST publish", {"topic": "menshen/#", "payload": ""}, "topic"),
    ("POST publish", {"topic": "a", "payload": {}}, "payload"),
    ("POST publish", {"topic": "a\ud800", "payload": ""}, r"'\ud800' is half a letter"),
    ("POST publish", {"topic": "a", "payload": "\udcff"}, "half a letter"),
    ("POST keys", b'{"keys": "1", "keys": "2"}', "keys is there twice"),
    ("PUT faults", b'{"cut_at": NaN}', "NaN"),
    ("GET events?replay=all", None, "replay"),
]


async def test_bad_calls_are_refused_with_the_name_of_what_is_wrong(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    before = await lock.state()
    for call, body, named in BAD_CALLS:
        method, path = call.split()
        status, answer = await lock.call(method, f"/api/{path}", body)
        assert (status, list(answer)) == (400, ["error"]), (call, body, answer)
        assert named in answer["error"], (call, body, answer)
    assert await lock.state() == before


async def test_a_body_that_is_not_packed_as_it_says_is_a_bad_call(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    status, answer = await lock.call("POST", "/api/keys", b"no gzip", headers={"Content-Encoding": "gzip"})
    assert (status, list(answer)) == (400, ["error"])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("GET keys", "POST"),
        ("PATCH state", "GET"),
        ("POST events", "GET"),
        ("OPTIONS card", "DELETE, PUT"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(make_lock: Callable, call: str, told: str) -> None:
    lock = await make_lock(power=False)
    method, path = call.split()
    status, answer = await lock.call(method, f"/api/{path}")
    assert status == 405
    assert told in answer["error"]


async def test_what_is_not_there_is_told_in_json(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    for path in (
        "/nowhere.js",
        "/api/nowhere",
        "/phone/nowhere.js",
        "/%ff",
        "/%00",
        "/..%2fserver.py",
        "//x",
    ):
        status, answer = await lock.call("GET", path)
        assert (status, list(answer)) == (404, ["error"]), (path, answer)


async def test_the_pages_files_come_with_their_kinds(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    for path, kind in {"/": "html", "/main.js": "javascript", "/style.css": "css"}.items():
        async with lock.session.get(lock.url + path) as response:
            assert (response.status, response.content_type.rpartition("/")[2]) == (200, kind)
        async with lock.session.head(lock.url + path) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "said",
    [
        b"BREW / HTTP/1.1\r\n\r\n",
        b"POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n-",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_no_traceback_in_the_terminal(
    make_lock: Callable, caplog: pytest.LogCaptureFixture, said: bytes
) -> None:
    lock = await make_lock(power=False)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(lock.url.rpartition(":")[2]))
    writer.write(said)
    async with asyncio.timeout(60):
        answer = await reader.readline()
    writer.close()
    assert answer.split()[1] == b"400"
    assert "Traceback" not in caplog.text


async def test_other_sites_are_turned_away(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    port = lock.url.rpartition(":")[2]
    for host in (f"localhost:{port}", "127.0.0.1", "LOCALHOST"):
        assert (await lock.call("GET", "/api/state", headers={"Host": host}))[0] == 200
    for host in (f"evil.test:{port}", "127.0.0.1.evil.test", f"192.168.1.2:{port}", "", "localhost:1:2"):
        assert (await lock.call("GET", "/api/state", headers={"Host": host}))[0] == 403
    for origin, status in ((lock.url, 200), ("http://evil.test", 403), ("null", 403)):
        assert (await lock.call("DELETE", "/api/card", headers={"Origin": origin}))[0] == status
