"""Start the application under the watchdog; what it does not survive, a reset mends."""

import sys
from time import sleep_ms

from machine import WDT, reset

watchdog = WDT(timeout=8000)

try:
    import app

    app.main(watchdog)
except Exception as error:
    sys.print_exception(error)
    sleep_ms(1000)  # long enough for a person at the console to press Ctrl-C
    reset()
