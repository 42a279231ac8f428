"""What secure cards say of a command after 91h (data sheet NT4H2421Gx, 10.3; for DESFire AN12343)."""

OK = 0x00
NO_MEMORY = 0x0E
ILLEGAL_COMMAND = 0x1C
INTEGRITY = 0x1E
NO_SUCH_KEY = 0x40
LENGTH = 0x7E
DENIED = 0x9D
PARAMETER = 0x9E
NO_SUCH_APPLICATION = 0xA0
DELAY = 0xAD
AUTHENTICATION = 0xAE
MORE_FRAMES = 0xAF
BOUNDARY = 0xBE
ABORTED = 0xCA
DUPLICATE = 0xDE
NO_SUCH_FILE = 0xF0


class Refused(Exception):
    """The command cannot be done; `status` is what the card says."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:02x}")
        self.status = status
