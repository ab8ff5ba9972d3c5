// One frame in full, with its log and its record, in a dialog.

const LONGEST_TEXT = 256 * 1024;

class Detail {
  constructor(pictures, onTurn) {
    this.pictures = pictures;
    this.state = null;
    this.at = 0;
    this.tab = "full";
    this.known = new Map(); // address of a sheet's details -> { state, answer }
    this.shown = null; // what the body is of; an answer for something else comes too late
    for (const name of [
      "title",
      "state",
      "facts",
      "open",
      "why",
      "tile",
      "full",
      "text",
      "note",
      "wait",
      "before",
      "after",
      "close",
    ]) {
      this[`${name}Element`] = document.getElementById(`detail-${name}`);
    }
    this.dialog = document.getElementById("detail");
    this.tabs = [...document.querySelectorAll("#tabs button")];
    for (const tab of this.tabs) tab.addEventListener("click", () => this.choose(tab.dataset.tab));
    this.closeElement.addEventListener("click", () => this.dialog.close());
    this.beforeElement.addEventListener("click", () => onTurn(-1));
    this.afterElement.addEventListener("click", () => onTurn(1));
    // A click beside the dialog closes it.
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    pictures.onArrival(() => this.dialog.open && this.drawTile());
  }

  use(state) {
    this.state = state;
    if (this.dialog.open) this.refresh();
  }

  show(at) {
    if (this.state.count === 0) return;
    this.at = at;
    this.shown = null;
    this.drawn = null;
    if (!this.dialog.open) this.dialog.showModal();
    this.refresh();
  }

  choose(tab) {
    this.tab = tab;
    this.shown = null;
    this.refresh();
  }

  refresh() {
    const { state, at } = this;
    const letter = state.letter(at);
    const seconds = number(state.seconds[at]);
    const child = number(state.child[at]);
    this.titleElement.textContent = `Frame ${state.frames[at]}`;
    this.stateElement.dataset.state = letter;
    this.stateElement.lastElementChild.textContent = STATES[letter].words;
    this.factsElement.textContent = parted(
      seconds === null ? "" : span(seconds),
      child === null ? "" : `child ${child}`,
    );
    const why = state.why(at);
    this.whyElement.hidden = !why;
    this.whyElement.textContent = why;
    this.drawTile();
    this.fill();
  }

  drawTile() {
    const { state, at, tileElement: canvas } = this;
    const tile = this.pictures.tile(at);
    const key = tile ? `${at} ${tile.url}` : null;
    if (key === this.drawn && key !== null) return;
    this.drawn = key;
    this.dialog.style.setProperty("--shape", String(state.tile.width / state.tile.height));
    drawLarge(canvas, tile, state.tile);
  }

  /** What the frame has to show: `full`, `log` and `record`, each where it is there. */
  async entry() {
    const { state, at } = this;
    const url = state.details[this.pictures.sheetOf(at)];
    if (!url) return {};
    if (this.known.get(url)?.state !== state) {
      const answer = fetch(url, { cache: "no-cache" }).then((got) => got.json());
      this.known.set(url, { state, answer });
      answer.catch(() => this.known.delete(url));
    }
    return (await this.known.get(url).answer)?.[state.frames[at]] ?? {};
  }

  async fill() {
    const { at, tab } = this;
    let entry = null;
    try {
      entry = await this.entry();
    } catch {
      // What is shown already stays.
      if (this.shown) return;
    }
    if (at !== this.at || tab !== this.tab || !this.dialog.open) return;
    const links = { full: address(entry?.full), log: address(entry?.log), record: address(entry?.record) };
    for (const button of this.tabs) {
      const name = button.dataset.tab;
      button.disabled = !links[name] && name !== "full";
      button.setAttribute("aria-selected", String(name === tab));
    }
    const url = links[tab];
    this.openElement.hidden = !url;
    if (url) this.openElement.href = url;
    const what = `${at} ${tab} ${url} ${this.state.letter(at)}`;
    if (what === this.shown) return;
    this.shown = what;
    const late = () => this.shown !== what;
    this.fullElement.hidden = true;
    this.textElement.hidden = tab === "full";
    this.tileElement.hidden = tab !== "full";
    this.textElement.textContent = "";
    this.say(url ? "" : entry ? this.nothing() : "It cannot be reached.");
    this.waitElement.hidden = !url;
    if (!url) return;
    await (tab === "full" ? this.fillPicture(url, late) : this.fillText(url, late));
    if (!late()) this.waitElement.hidden = true;
  }

  nothing() {
    const letter = this.state.letter(this.at);
    if (this.tab !== "full") return `There is no ${this.tab} of it.`;
    if (this.state.pictures[this.at] === "1")
      return this.state.details.length > 0 ? "" : "Only the small picture is on this page.";
    return letter === "d" || letter === "k" ? "There is no picture of it." : `This frame is ${STATES[letter].words}.`;
  }

  async fillPicture(url, late) {
    const picture = new Image();
    picture.src = url;
    try {
      await picture.decode();
    } catch {
      if (!late()) this.say("The browser cannot show the frame itself: this is the small picture.");
      return;
    }
    if (late()) return;
    this.fullElement.src = url;
    this.fullElement.alt = `Frame ${this.state.frames[this.at]}`;
    this.fullElement.hidden = false;
    this.tileElement.hidden = true;
    this.say("");
  }

  async fillText(url, late) {
    try {
      const answer = await fetch(url, { cache: "no-cache" });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const text = readable(await answer.text());
      if (late()) return;
      const cut = text.length > LONGEST_TEXT ? "... a new tab has what comes before ...\n" : "";
      this.textElement.textContent = cut + text.slice(-LONGEST_TEXT) || "It is empty.";
    } catch {
      if (!late()) this.say(`The ${this.tab} cannot be reached.`);
    }
  }

  say(what) {
    this.noteElement.textContent = what;
    this.noteElement.hidden = !what;
  }
}

/** JSON line by line; anything else as it is. */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
