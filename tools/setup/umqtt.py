"""umqtt.simple into lib/: a source archive that pip can find and check, but not install."""

import contextlib
import hashlib

from . import pins, python_env, step

FOLDER = step.TOP / "lib" / "umqtt"
MARK = step.fingerprint(pins.UMQTT, pins.UMQTT_ARCHIVE_SHA256, pins.UMQTT_MODULE_SHA256)


def prepare() -> None:
    """Put the pinned umqtt/simple.py into lib/."""
    if (FOLDER / "simple.py").exists() and step.is_done(FOLDER, MARK):
        return
    step.say(f"fetching {pins.UMQTT.replace('==', ' ')} into lib/")
    with step.scratch() as folder:
        requirement = folder / "requirement.txt"
        requirement.write_text(f"{pins.UMQTT} --hash=sha256:{pins.UMQTT_ARCHIVE_SHA256}\n", "utf-8")
        # pip checks the archive's hash, unpacks it, and then gives up since there is no setup.py
        # in it; told not to clean up after itself, it leaves the file that we are after.
        with contextlib.suppress(step.CannotGoOnError):
            python_env.pip(
                *("download", "--no-clean", "--no-deps", "--require-hashes"),
                *("--dest", folder, "--requirement", requirement),
                env={"TMPDIR": str(folder)},
            )
        found = list(folder.glob("pip-*/**/umqtt/simple.py"))
        if not found:
            raise step.CannotGoOnError(
                f"pip could not get {pins.UMQTT} with the right SHA-256; is the network up? "
                "Everything it said is in build/setup.log."
            )
        module = found[0].read_bytes()
        if hashlib.sha256(module).hexdigest() != pins.UMQTT_MODULE_SHA256:
            raise step.CannotGoOnError(f"{pins.UMQTT} is not the file that pins.py knows by its SHA-256.")
        new = folder / "umqtt"
        new.mkdir()
        (new / "simple.py").write_bytes(module)
        step.done(new, MARK)
        step.replace(FOLDER, new)
