"""For those who build MicroPython themselves: freezes the application, which then takes no RAM for its code.

    make BOARD=ESP32_GENERIC BOARD_VARIANT=OTA FROZEN_MANIFEST=.../tools/board/manifest.py

in ports/esp32 of MicroPython, and then `make image BASE=... ARGS=--frozen`. An application that comes over
the air lies in a slot, and takes precedence over what is frozen.
"""
# ruff: noqa: F821 - include and freeze are the words of MicroPython's tools/manifestfile.py

include("$(PORT_DIR)/boards/manifest.py")
freeze("../../firmware", opt=3)
