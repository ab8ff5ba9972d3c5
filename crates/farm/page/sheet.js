// The contact sheet. Only the rows in view, and a few beside them, are in the document: each a row of cells over one
// canvas with the row's pictures. Drawing them beats a CSS background for each cell: that is decoded anew, and blinks,
// whenever a sheet's address changes.

const BESIDE_PX = 320; // rows that far out of view are there already
const GAP = 6;
const EDGE = 10;
const NARROWEST_WITH_WORDS = 104;
const LARGEST_FIRST = 320;
const SMALLEST_FIRST = 144;
const FILTERS = ["all", "done", "running", "failed"];

class Sheet {
  constructor(root, pictures, onChoose, onSize) {
    this.root = root;
    this.space = root.querySelector("#rows");
    this.empty = root.querySelector("#empty");
    this.pictures = pictures;
    this.onChoose = onChoose;
    this.onSize = onSize;
    this.state = null;
    this.filter = "all";
    this.shown = []; // cells that the filter lets through
    this.current = 0; // the cell that keys move from
    this.width = Number(stored("size")) || 0; // 0: as large as lets all be seen
    this.rows = new Map(); // row -> { element, canvas, cells }
    this.spare = [];
    root.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.layOut()).observe(root);
    pictures.onArrival((sheet) => this.arrived(sheet));
  }

  show(state) {
    this.state = state;
    this.choose();
  }

  setFilter(filter) {
    this.filter = filter;
    this.root.scrollTop = 0;
    this.choose();
    if (this.shown.length > 0 && !this.shown.includes(this.current)) this.onChoose(this.shown[0]);
  }

  choose() {
    const { state, filter } = this;
    if (!state) return;
    const all = Array.from({ length: state.count }, (_, at) => at);
    this.shown = filter === "all" ? all : all.filter((at) => STATES[state.letter(at)].filter === filter);
    this.empty.hidden = this.shown.length > 0;
    this.empty.textContent =
      filter === "all"
        ? "There are no frames."
        : `No frame is ${{ running: "being rendered", done: "done yet" }[filter] ?? filter}.`;
    this.layOut();
  }

  perRow() {
    const inner = this.root.clientWidth - 2 * EDGE + GAP;
    const columns = (width) => Math.max(1, Math.floor(inner / (width + GAP)));
    if (this.width === 0) {
      const { count, tile } = this.state;
      const tall = (width) =>
        Math.ceil(count / columns(width)) * ((inner / columns(width)) * (tile.height / tile.width) + 28);
      this.width = LARGEST_FIRST;
      while (this.width > SMALLEST_FIRST && tall(this.width) > this.root.clientHeight - EDGE) this.width -= 8;
      this.onSize(this.width);
    }
    return columns(this.width);
  }

  /** Sizes of everything, and the first cell in view stays in view. */
  layOut() {
    if (!this.state || this.root.clientWidth === 0) return;
    const top = this.columns ? Math.floor(this.root.scrollTop / this.pitch) * this.columns : 0;
    const { tile } = this.state;
    const shape = () => `${this.columns} ${this.cellWidth} ${this.pitch} ${devicePixelRatio}`;
    const before = shape();
    this.columns = this.perRow();
    const inner = this.root.clientWidth - 2 * EDGE - GAP * (this.columns - 1);
    this.cellWidth = Math.floor(inner / this.columns);
    this.pictureHeight = Math.max(12, Math.round((this.cellWidth * tile.height) / tile.width));
    this.pitch = this.pictureHeight + (this.cellWidth < NARROWEST_WITH_WORDS ? 16 : 20) + GAP;
    const rowCount = Math.ceil(this.shown.length / this.columns);
    this.space.style.height = `${rowCount * this.pitch + 2 * EDGE - GAP}px`;
    this.root.setAttribute("aria-rowcount", String(rowCount));
    this.root.setAttribute("aria-colcount", String(this.columns));
    if (before !== shape()) {
      for (const row of [...this.rows.keys()]) this.drop(row);
      this.spare = [];
      if (top > 0) this.root.scrollTop = Math.floor(top / this.columns) * this.pitch;
      this.root.style.setProperty("--cell", `${this.cellWidth}px`);
      this.root.style.setProperty("--picture", `${this.pictureHeight}px`);
      this.root.style.setProperty("--pitch", `${this.pitch}px`);
      this.root.classList.toggle("brief", this.cellWidth < NARROWEST_WITH_WORDS);
    }
    this.render();
  }

  /** Brings the rows in view into the document, and fills each cell that is not what it should be. */
  render() {
    const { root, columns, pitch } = this;
    if (!this.state || !columns || root.clientHeight === 0) return;
    const last = Math.ceil(this.shown.length / columns) - 1;
    const from = Math.max(0, Math.floor((root.scrollTop - EDGE - BESIDE_PX) / pitch));
    const to = Math.min(last, Math.floor((root.scrollTop - EDGE + root.clientHeight + BESIDE_PX) / pitch));
    for (const row of [...this.rows.keys()]) if (row < from || row > to) this.drop(row);
    for (let row = from; row <= to; row += 1) this.fill(row);
    const cell = this.cellOf(this.current);
    if (cell) root.setAttribute("aria-activedescendant", cell.element.id);
    else root.removeAttribute("aria-activedescendant");
  }

  drop(row) {
    const there = this.rows.get(row);
    there.element.remove();
    for (const cell of there.cells) cell.element.classList.remove("fresh");
    this.rows.delete(row);
    if (this.spare.length < 12) this.spare.push(there);
  }

  make() {
    const element = document.createElement("div");
    element.className = "row";
    element.setAttribute("role", "row");
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    const scale = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.round((this.columns * (this.cellWidth + GAP) - GAP) * scale);
    canvas.height = Math.round(this.pictureHeight * scale);
    // The last row may have fewer cells, and is narrower then.
    canvas.style.width = `${this.columns * (this.cellWidth + GAP) - GAP}px`;
    element.append(canvas);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    // Of a picture that becomes much smaller every pixel counts; that takes longer.
    context.imageSmoothingQuality = this.cellWidth * scale < this.state.tile.width * 0.6 ? "high" : "low";
    const cells = Array.from({ length: this.columns }, (_, column) => makeCell(element, column));
    return { element, canvas, context, cells };
  }

  fill(row) {
    let there = this.rows.get(row);
    if (!there) {
      there = this.spare.pop() ?? this.make();
      there.element.setAttribute("aria-rowindex", String(row + 1));
      there.element.style.transform = `translateY(${EDGE + row * this.pitch}px)`;
      this.rows.set(row, there);
      this.space.append(there.element);
    }
    there.cells.forEach((cell, column) => this.fillCell(there, cell, column, this.shown[row * this.columns + column]));
  }

  fillCell(row, cell, column, at) {
    const { state } = this;
    const left = column * (this.cellWidth + GAP);
    const moved = at !== cell.at;
    if (moved || (cell.painted && state.pictures[at] !== "1")) {
      cell.painted = null;
      row.context.clearRect(left, 0, this.cellWidth, this.pictureHeight);
      cell.element.classList.remove("fresh", "there");
    }
    cell.at = at;
    cell.element.hidden = at === undefined;
    cell.element.id = `cell-${at}`;
    if (at === undefined) return;
    const letter = state.letter(at);
    const seconds = number(state.seconds[at]);
    const why = state.why(at);
    const key = `${letter} ${seconds} ${why} ${state.frames[at]} ${at === this.current}`;
    if (key !== cell.key) {
      cell.key = key;
      const said = seconds === null ? "" : span(seconds);
      cell.element.dataset.state = letter;
      cell.element.classList.toggle("current", at === this.current);
      cell.element.setAttribute("aria-selected", String(at === this.current));
      cell.name.textContent = state.frames[at];
      cell.seconds.textContent = said || (letter === "r" || letter === "s" ? STATES[letter].words : "");
      cell.why.textContent = why;
      cell.element.setAttribute(
        "aria-label",
        [`Frame ${state.frames[at]}`, STATES[letter].words, said, why].filter(Boolean).join(", "),
      );
    }
    if (state.pictures[at] === "1") this.paint(row, cell, left, moved);
  }

  paint(row, cell, left, moved) {
    const { state, pictures } = this;
    const wanted = state.sheets[pictures.sheetOf(cell.at)];
    if (cell.painted === wanted) return;
    const tile = pictures.tile(cell.at);
    if (!tile || cell.painted === tile.url) return;
    drawTile(row.context, tile, left, 0, this.cellWidth, this.pictureHeight);
    // A picture that comes later than its cell fades in; one that is drawn again does not.
    if (!cell.painted && !moved) cell.element.classList.add("fresh");
    cell.painted = tile.url;
    cell.element.classList.add("there");
  }

  arrived(sheet) {
    if (!this.state || this.root.clientHeight === 0) return;
    for (const row of this.rows.values()) {
      row.cells.forEach((cell, column) => {
        if (cell.at !== undefined && this.pictures.sheetOf(cell.at) === sheet)
          this.fillCell(row, cell, column, cell.at);
      });
    }
  }

  cellOf(at) {
    for (const row of this.rows.values()) {
      const cell = row.cells.find((one) => one.at === at);
      if (cell) return cell;
    }
    return null;
  }

  setCurrent(at) {
    this.current = at;
    this.reveal();
    this.render();
  }

  /** Scrolls as far as the current cell needs. */
  reveal() {
    const place = this.shown.indexOf(this.current);
    if (place < 0 || !this.columns || this.root.clientHeight === 0) return;
    const top = EDGE + Math.floor(place / this.columns) * this.pitch;
    const { scrollTop, clientHeight } = this.root;
    if (top - EDGE < scrollTop) this.root.scrollTop = top - EDGE;
    else if (top + this.pitch > scrollTop + clientHeight) this.root.scrollTop = top + this.pitch - clientHeight;
  }

  /** The cell that lies so many cells away in the sheet, or its nearest end. */
  away(by) {
    const last = this.shown.length - 1;
    return this.shown[Math.min(Math.max(this.place() + by, 0), last)] ?? this.current;
  }

  /** The cell so many rows up or down, in the same column where that row has one. */
  awayRows(by) {
    const columns = this.columns || 1;
    const last = this.shown.length - 1;
    const row = Math.floor(this.place() / columns) + by;
    const to = Math.min(Math.max(row, 0), Math.floor(last / columns)) * columns + (this.place() % columns);
    return this.shown[Math.min(to, last)] ?? this.current;
  }

  place() {
    return Math.max(0, this.shown.indexOf(this.current));
  }

  pageRows() {
    return Math.max(1, Math.floor(this.root.clientHeight / (this.pitch || 1)));
  }

  resize(width) {
    this.width = Math.min(480, Math.max(64, width));
    this.onSize(this.width);
    keep("size", this.width);
    this.layOut();
    this.reveal();
  }
}

function makeCell(row, column) {
  const element = document.createElement("div");
  element.className = "cell";
  element.setAttribute("role", "gridcell");
  element.setAttribute("aria-colindex", String(column + 1));
  const make = (name, kind) => {
    const part = document.createElement(name);
    part.className = kind;
    element.append(part);
    return part;
  };
  const why = make("span", "why");
  make("i", "sign");
  const name = make("b", "");
  const seconds = make("span", "seconds");
  row.append(element);
  return { element, why, name, seconds, at: undefined, key: null, painted: null };
}

/** A choice of the person's, where the browser remembers any. */
function stored(name) {
  try {
    return localStorage.getItem(`farm-watch-${name}`);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(`farm-watch-${name}`, String(value));
  } catch {
    // It is forgotten with the page, then.
  }
}
