"""The board profiles as the tools know them: chip and MicroPython. Their pins are in firmware/wiring.py."""

from dataclasses import dataclass

from esptool.targets import ESP32ROM, ESP32S3ROM


@dataclass(frozen=True)
class Profile:
    """One kind of board. `rom` is what esptool knows of its chip, `stock` MicroPython's name of its binary.

    `psram_is_named`: whether MicroPython's name for the board mentions PSRAM; None: it may or may not.
    """

    name: str
    rom: type
    stock: str
    psram_is_named: bool | None

    def fits(self, machine: str) -> bool:
        """Whether MicroPython's own name for its board, `sys.implementation._machine`, can be this one."""
        chip = machine.rpartition(" with ")[2]
        if not chip.startswith("ESP32"):
            return True  # it does not say
        named = self.psram_is_named in (None, "SPIRAM" in machine)
        return chip == self.rom.CHIP_NAME.replace("-", "") and named


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("devkit", ESP32ROM, "ESP32_GENERIC", False),
        Profile("wrover", ESP32ROM, "ESP32_GENERIC-SPIRAM", True),
        Profile("s3", ESP32S3ROM, "ESP32_GENERIC_S3", None),
    )
}
