// The leaflet that `menshen lease sheet` prints, as the page's help: the same words.

/** Fills a <details> with the leaflet in the voice's language; rows are [what one presses or sees, what it means]. */
export function showHelp(place, voice) {
  const parts = voice.words.leaflet.map(({ title, text, rows }) => {
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = title;
    section.append(heading);
    for (const line of text ?? []) {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      section.append(paragraph);
    }
    if (rows) section.append(table(rows));
    return section;
  });
  place.replaceChildren(place.firstElementChild, ...parts);
}

function table(rows) {
  const made = document.createElement("table");
  for (const [what, means] of rows) {
    const row = made.insertRow();
    const first = document.createElement("th");
    first.scope = "row";
    first.textContent = what;
    row.append(first);
    row.insertCell().textContent = means;
  }
  return made;
}
