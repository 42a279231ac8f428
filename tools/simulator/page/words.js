// What the light says, and what the keys do: in words, for whoever stands at the door.

// Each signal and condition of firmware/door/signals.py; a test compares.
export const LIGHT = {
  idle: "Dark: nothing is the matter.",
  granted: "Green: come in, the bolt is free.",
  denied: "Red: this opens nothing here.",
  throttled: "Orange: too many wrong codes. Wait, five minutes at most; cards open as ever.",
  "no clock": "Orange: the lock does not know the time, and this opens at certain times only.",
  "new way in": "Turquoise: something new opens this door as you do.",
  notice: "Lilac: notice was given to what is not used here, or that notice is over. What you came in with stays.",
  "outside schedule": "Pale blue: not at this hour.",
  enrolling: "Blue: go on, the lock waits for you. When the light goes out, it waits no more.",
  kept: "Lime: done, and kept in the lock.",
  elsewhere: "Olive: not taken. This card belongs to another door.",
  unread: "Azure: this card cannot be read yet, since somebody has tried keys on it, or its number has an unknown length. Leave it there.",
  weak: "Pink: not taken. Choose another.",
  staff: "White: come in. Staff have been in since a resident was here last.",
  identify: "Violet: the operator looks for this lock.",
  key: "Cyan: a key was heard.",
  cleared: "Dark: what was typed is forgotten.",
  forced: "Red-violet: the door was opened without a key.",
  tamper: "Red-violet: the lock's case is open.",
  fire: "Red, lasting: the house's fire alarm has released the strike.",
  "held open": "Yellow: the door has been open for too long. Close it.",
  passage: "Green, lasting: everybody can open, until staff end it.",
  trouble: "Magenta: a part is broken. The other ways in still work.",
};

// What may stand behind a PIN and a star: in short, and what then. A test compares with the firmware.
export const MENU = [
  ["1", "change PIN", "then the new PIN # twice"],
  ["2", "add a card", "then hold it to the reader"],
  ["3", "remove a card", "then hold it to the reader"],
  ["30", "remove all cards", "those that were added"],
  ["4", "guest key", "then hold the phone to the reader"],
  ["40", "new guest key", "the old codes end; then hold the phone to the reader"],
  ["5", "agree to an earlier end", "then the last day as DDMMYY #; all who live there must agree"],
  ["50", "take that back", "until the operator has made the lease shorter"],
  ["6", "own broker", "where the settings name one; then hold the phone to the reader"],
  ["60", "no own broker", "its code opens no more"],
  ["7", "void other ways in", "after 21 days, what is not used; after 90, what was there before this resident"],
  ["8", "log", "the lock keeps one for you and hands it to the phone; 81 to 89: each entry for 1 to 9 days, not 30"],
  ["80", "no log", "and what it held is erased"],
  ["9", "move out", "then the PIN # once more"],
  ["0", "staff: passage", "everybody can open until staff end it, or their hours do"],
];
