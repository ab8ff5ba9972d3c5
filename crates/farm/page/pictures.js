// The sheets of small pictures: fetched when they are wanted, decoded beside the page's own work, and let go of when
// others are wanted more. A sheet that changed stays what it was until its successor is decoded: nothing flickers.

const LOADS_AT_ONCE = 3;
const BYTES_KEPT = 160e6;
const FEWEST_KEPT = 6;
const AGAIN_MS = 4000;
const LARGER = 4; // than a tile is what shows one alone

class Pictures {
  constructor() {
    this.state = null;
    this.loaded = new Map(); // sheet -> { url, bitmap, has, used }
    this.wanted = []; // sheets, the one wanted last at the end
    this.loading = new Set();
    this.failed = new Map(); // url -> when
    this.clock = 0;
    this.listeners = [];
  }

  onArrival(listener) {
    this.listeners.push(listener);
  }

  use(state) {
    this.state = state;
  }

  sheetOf(at) {
    return Math.floor(at / this.state.perSheet);
  }

  /** Where the picture of a cell lies, if its sheet is here; asks for the sheet if that is not, or is an older one. */
  tile(at) {
    if (this.state.pictures[at] !== "1") return null;
    const sheet = this.sheetOf(at);
    this.want(sheet);
    const there = this.loaded.get(sheet);
    const place = at % this.state.perSheet;
    if (!there || there.has[place] !== "1") return null;
    there.used = ++this.clock;
    const { width, height } = this.state.tile;
    const x = (place % this.state.columns) * width;
    const y = Math.floor(place / this.state.columns) * height;
    return { bitmap: there.bitmap, url: there.url, x, y, width, height };
  }

  /** Asks for a sheet. Of too many that are asked for, those asked for first are forgotten: they were scrolled past. */
  want(sheet) {
    const url = this.state.sheets[sheet];
    if (!url || this.loading.has(sheet) || this.loaded.get(sheet)?.url === url) return;
    if (Date.now() - (this.failed.get(url) ?? -Infinity) < AGAIN_MS) return;
    const at = this.wanted.indexOf(sheet);
    if (at >= 0) this.wanted.splice(at, 1);
    this.wanted.push(sheet);
    if (this.wanted.length > this.most()) this.wanted.shift();
    this.next();
  }

  most() {
    const { tile, perSheet } = this.state;
    return Math.max(FEWEST_KEPT, Math.floor(BYTES_KEPT / (tile.width * tile.height * perSheet * 4)));
  }

  next() {
    while (this.loading.size < LOADS_AT_ONCE && this.wanted.length > 0) this.load(this.wanted.pop());
  }

  async load(sheet) {
    const { state } = this;
    const url = state.sheets[sheet];
    if (!url) return;
    this.loading.add(sheet);
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const bitmap = await createImageBitmap(await answer.blob());
      this.loaded.get(sheet)?.bitmap.close();
      const has = state.pictures.slice(sheet * state.perSheet, (sheet + 1) * state.perSheet);
      this.loaded.set(sheet, { url, bitmap, has, used: ++this.clock });
      this.letGo();
      this.failed.delete(url);
    } catch {
      this.failed.set(url, Date.now());
      if (!hasExpired(state)) setTimeout(() => this.tell(sheet), AGAIN_MS + 50);
    }
    this.loading.delete(sheet);
    this.tell(sheet);
    this.next();
  }

  tell(sheet) {
    for (const listener of this.listeners) listener(sheet);
  }

  letGo() {
    const most = this.most();
    while (this.loaded.size > most) {
      const [oldest] = [...this.loaded].reduce((a, b) => (b[1].used < a[1].used ? b : a));
      this.loaded.get(oldest).bitmap.close();
      this.loaded.delete(oldest);
    }
  }
}

/** Draws such a tile into a box that may have an older one. */
function drawTile(context, tile, left, top, width, height) {
  context.clearRect(left, top, width, height);
  context.drawImage(tile.bitmap, tile.x, tile.y, tile.width, tile.height, left, top, width, height);
}

/** Fills a canvas of its own with such a tile, or with nothing; how large that is on the page says the style. */
function drawLarge(canvas, tile, { width, height }) {
  canvas.width = width * LARGER;
  canvas.height = height * LARGER;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (tile) drawTile(context, tile, 0, 0, canvas.width, canvas.height);
}
