"""Lines that the lock prints on its serial console, as far as the tools wait for them."""

ARMED = "INFO app: armed"
"""The door is armed: firmware/app.py."""
