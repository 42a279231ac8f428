"""The errors with which commands refuse; the command line shows each as one sentence (cli/program.py).

The message says what is wrong and what would be right, begins like any sentence of its command, and holds
no secret. The exit status is 1 for what was refused, and 2 for what was typed wrong:

    MenshenError             refused
      AdoptError               a lock's list cannot be taken over into the file
      BoardError               the board, over its cable
      BrokerError              the broker, or the way there
      BuildError               a source file does not compile
      CardError                a card cannot be handed out
      CardRefusedError         it says no, or does not prove its key
      CertificateError         no such certificate, or none that can be issued
      FlashError               the board could not be flashed
      BaseError, LayoutError   MicroPython's binary, or its partitions
      FolderError              a broker's folder
      HouseError               the house to try
      KeyFileError             a release key
      ListError                these records make no list
      NoPdfError               there is no browser that makes one
      PhoneError               the resident's page cannot be built
      ProvisionError           the board was not made a lock
      ReleaseError             no release can be made of this
      SourcesError             a checkout is needed
      StoreError               the operator's file
      BusyError                somebody else writes to it
      UndoError                nothing can be undone
      UnsureError              odd, and nobody said yes
      InputError             typed wrong
        CodeError              no PIN, no card
        CsvError               a row of a table is wrong
        DateError              no date, no hours
        GuestError             no guest code can be made of this
        NoNameError            no name that a certificate can have (a CertificateError, too)
        SettingsFileError      a lock's settings (a ProvisionError, too)
        NoHouseError           --file names no operator's file (a StoreError, too)
        NotInFileError         nothing in the operator's file is called so (a StoreError, too)
"""

import click


class MenshenError(click.ClickException):
    """Something is refused; the message is the whole sentence."""


class InputError(MenshenError):
    """What was typed is wrong; the message names it, and what would be right."""

    exit_code = 2
