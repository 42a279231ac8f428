"""A web server for this computer alone: other sites are turned away, and what goes wrong is told in JSON."""

import logging
import re
import socket
from collections.abc import Callable

from aiohttp import http_exceptions, web

from .board import ChipFailed
from .world import Refused

_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)
_MAX_BODY = 512 * 1024
_NO_HTTP = (http_exceptions.HttpProcessingError, web.RequestPayloadError)


class BadCall(Exception):
    """The call is not what it should be; the message names the field and says what would be right."""


def application() -> web.Application:
    """One without routes."""
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_in_json, _only_here])
    app.on_response_prepare.append(_never_cached)
    return app


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Answer on this socket, until the runner's `cleanup`, which closes it."""
    log = logging.getLogger(__name__)
    log.addFilter(_is_ours)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2, logger=log)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether it is a fault of this program. What is no HTTP gets 400, and is none."""
    return not (record.exc_info and isinstance(record.exc_info[1], _NO_HTTP))


@web.middleware
async def _only_here(request: web.Request, handler: Callable) -> web.StreamResponse:
    """Turn away other sites' scripts: rebound DNS shows in the Host, all else in the Origin."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not _HOST.fullmatch(host) or origin not in (None, f"http://{host}"):
        raise web.HTTPForbidden(text="this lock answers only to pages of its own, at 127.0.0.1 or localhost")
    return await handler(request)


@web.middleware
async def _in_json(request: web.Request, handler: Callable) -> web.StreamResponse:
    """Tell everything that goes wrong as {"error": sentence}."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        right = ", ".join(sorted(error.allowed_methods))
        status, says = error.status, f"{request.method}: {right} would be right here"
    except web.HTTPException as error:
        status, says = error.status, error.text
    except BadCall as error:
        status, says = 400, str(error)
    except web.RequestPayloadError:
        status, says = 400, "the body is not packed as its headers say"
    except Refused as error:
        status, says = 409, str(error)
    except (ConnectionError, ChipFailed) as error:
        status, says = 503, str(error)
    return web.json_response({"error": says}, status=status)


async def _never_cached(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
