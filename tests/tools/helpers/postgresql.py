"""A PostgreSQL server of the test's own, from the package that set-up has fetched."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from menshen.setup import postgresql

_READY = "ready to accept connections"
_PATIENCE_S = 120
_USER = "menshen"
_STARTS = 5


def missing() -> str:
    """Why it cannot be started here, else ""."""
    found = (postgresql.FOLDER / postgresql.BIN / "postgres").exists()
    return "" if found else "PostgreSQL could not be fetched: `make setup-tests` says why"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of one that runs for as long as the block lasts, up to the name of a database."""
    with tempfile.TemporaryDirectory(prefix="menshen-pg-") as name:
        folder = Path(name)
        programs, options = _programs(folder)
        data = folder / "data"
        make = [programs / "initdb", "-D", data, "-U", _USER, "--auth=trust", "--no-sync", "--locale=C"]
        subprocess.run([*make, "--encoding=UTF8"], check=True, capture_output=True, **options)
        process, port = _started(programs / "postgres", data, folder, options)
        try:
            yield f"postgresql://{_USER}@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)  # whoever is connected is cut off
            try:
                process.communicate(timeout=_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where they are, and how they are started: it does not run as root, so root starts it as nobody."""
    options: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "HOME": str(folder)}}
    if os.geteuid():
        return postgresql.FOLDER / postgresql.BIN, options
    copy = folder / "postgresql"
    shutil.copytree(postgresql.FOLDER, copy, symlinks=True)  # its folder may be one where nobody may go
    folder.chmod(0o755)
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "nobody", "nogroup")
    return copy / postgresql.BIN, {**options, "user": "nobody", "group": "nogroup", "extra_groups": []}


def _started(
    program: Path, data: Path, folder: Path, options: dict[str, Any]
) -> tuple[subprocess.Popen[str], int]:
    """One that answers at a port which the system chose; somebody else may take that in between."""
    for _ in range(_STARTS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {"unix_socket_directories": "", "fsync": "off", "jit": "off", "max_connections": "30"}
        line = [program, "-D", data, "-h", "127.0.0.1", "-p", str(port)]
        line += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, **options)
        assert process.stderr
        said = []
        for text in process.stderr:
            said.append(text)
            if _READY in text:
                return process, port
        process.communicate()
    raise AssertionError("".join(said))
