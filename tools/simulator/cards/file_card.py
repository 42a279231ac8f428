"""A card with data files, and the commands for them that NTAG 424 DNA and DESFire share."""

from .ev2 import Command, Ev2Card, Mode
from .files import DataFile


class FileCard(Ev2Card):
    """Subclasses say which file a number means where the card stands now."""

    def file_of(self, header: bytes) -> DataFile:
        """The file whose number the header begins with. Raises Refused."""
        raise NotImplementedError

    def file_commands(self, keys: int) -> dict[int, Command]:
        """ChangeFileSettings, WriteData, ReadData, GetFileSettings; rights can name so many keys."""

        def change(header: bytes, data: bytes) -> bytes:
            self.file_of(header).change(self.session, data, keys)
            return b""

        def write(header: bytes, data: bytes) -> bytes:
            self.file_of(header).write(self.session, header, data)
            return b""

        return {
            0x5F: Command(change, self._mode_to_change, header=1),
            0x8D: Command(write, self._mode_to_write, header=7),
            0xAD: Command(self._read, self._mode_to_read, header=7),
            0xF5: Command(lambda header, data: self.file_of(header).settings(), Mode.MAC, header=1),
        }

    def _read(self, header: bytes, data: bytes) -> bytes:
        return self.file_of(header).read(self.session, header)

    def _mode_to_change(self, header: bytes) -> Mode:
        return self.file_of(header).change_mode(self.session)

    def _mode_to_read(self, header: bytes) -> Mode:
        return self.file_of(header).data_mode(self.session, writes=False)

    def _mode_to_write(self, header: bytes) -> Mode:
        return self.file_of(header).data_mode(self.session, writes=True)
