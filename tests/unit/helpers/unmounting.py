"""Takes a flash away."""

import gc

import vfs


def unmount(place):
    """Unmount what is mounted there, if anything is.

    What was left open is closed first, as far as the flash lets it: a later collection would close files on a
    flash that is gone, and end the process.
    """
    gc.collect()
    try:
        vfs.umount(place)
    except OSError:
        pass
