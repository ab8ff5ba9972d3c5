// Plays what is there, from the small pictures: a screen, and a track that shows which frames there are.

const FPS_UNKNOWN = 24;
const AHEAD = 2; // sheets fetched before they are played

class Player {
  constructor(pictures, onMove, onPlaying) {
    this.pictures = pictures;
    this.onMove = onMove;
    this.onPlaying = onPlaying;
    this.state = null;
    this.at = 0;
    this.playing = false;
    this.loop = true;
    this.before = []; // for each cell the last one up to it that has a picture, or -1
    this.drawn = null;
    this.open = false;
    for (const name of ["screen", "held", "track", "strip", "head", "scrub", "play", "loop", "speed"]) {
      this[`${name}Element`] = document.getElementById(name);
    }
    new ResizeObserver(() => this.drawStrip()).observe(this.trackElement);
    pictures.onArrival(() => this.draw());
  }

  fps() {
    const fps = number(this.state?.fps);
    return fps > 0 ? fps : FPS_UNKNOWN;
  }

  show(state) {
    this.state = state;
    let last = -1;
    this.before = Int32Array.from({ length: state.count }, (_, at) => (last = state.pictures[at] === "1" ? at : last));
    this.scrubElement.max = String(Math.max(0, state.count - 1));
    this.at = Math.min(this.at, Math.max(0, state.count - 1));
    this.draw();
    this.drawStrip();
    this.place();
    this.sayRate(null);
  }

  go(at) {
    this.at = at;
    this.place();
    this.draw();
  }

  /** Where the head of the track is. */
  place() {
    const { state, at } = this;
    if (!state || state.count === 0) return;
    this.scrubElement.value = String(at);
    this.scrubElement.setAttribute("aria-valuetext", `Frame ${state.frames[at]}, ${STATES[state.letter(at)].words}`);
    this.headElement.style.setProperty("--at", String((at + 0.5) / state.count));
    this.headElement.firstElementChild.textContent = state.frames[at];
  }

  draw() {
    const { state, pictures, at } = this;
    if (!this.open || !state || state.count === 0) return;
    const shown = this.before[at];
    this.ahead(at);
    const instead = shown < 0 ? "nothing to show before it" : `held at ${state.frames[shown]}`;
    this.heldElement.textContent = `Frame ${state.frames[at]} is ${STATES[state.letter(at)].words}: ${instead}`;
    this.heldElement.hidden = shown === at;
    const tile = shown < 0 ? null : pictures.tile(shown);
    const key = tile ? `${shown} ${tile.url}` : shown < 0 ? "none" : null;
    // A sheet that is not here yet leaves the last picture up.
    if (key === null || key === this.drawn) return;
    drawLarge(this.screenElement, tile, state.tile);
    this.drawn = key;
    this.screenElement.setAttribute("aria-label", tile ? `Frame ${state.frames[shown]}` : "No frame yet");
  }

  ahead(at) {
    const sheets = this.state.sheets.length;
    const sheet = this.pictures.sheetOf(at);
    for (let by = AHEAD; by > 0; by -= 1) this.pictures.want((sheet + by) % sheets);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.state || this.state.count < 2) return;
    this.playing = true;
    this.onPlaying(true);
    if (!this.loop && this.at === this.state.count - 1) this.at = 0;
    let time = performance.now();
    let second = { time, drawn: 0, due: 0 };
    const step = (now) => {
      if (!this.playing) return;
      const { count } = this.state;
      const passed = Math.floor(((now - time) * this.fps()) / 1000);
      if (passed > 0) {
        time += (passed * 1000) / this.fps();
        second.due += passed;
        second.drawn += 1;
        const to = this.at + passed;
        const over = !this.loop && to >= count - 1;
        this.onMove(over ? count - 1 : to % count);
        if (over) return this.pause();
      }
      if (now - second.time > 1000) {
        this.sayRate((this.fps() * second.drawn) / Math.max(1, second.due));
        second = { time: now, drawn: 0, due: 0 };
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  pause() {
    this.playing = false;
    this.onPlaying(false);
    this.sayRate(null);
  }

  setLoop(loop) {
    this.loop = loop;
    this.loopElement.setAttribute("aria-pressed", String(loop));
  }

  /** Frames in a second: the scene's, and what is reached where that is less. */
  sayRate(reached) {
    const fps = this.fps();
    const slow = reached !== null && reached < fps * 0.9;
    const said = Number(fps.toFixed(2));
    this.speedElement.textContent = slow ? `${reached.toFixed(0)} of ${said} fps` : `${said} fps`;
    this.speedElement.classList.toggle("slow", slow);
  }

  /** For each pixel of the strip the one of its frames that is least done, by colour and by height. */
  drawStrip() {
    const { state, stripElement: canvas } = this;
    const width = Math.round(this.trackElement.clientWidth * Math.min(devicePixelRatio || 1, 2));
    if (!state || width === 0) return;
    const height = 24;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const kinds = ["done", "waiting", "running", "failed"];
    const heights = [12, 3, 18, 24];
    const colours = ["--done", "--line", "--running", "--failed"].map((name) => style.getPropertyValue(name));
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor((x * state.count) / width);
      const to = Math.max(from + 1, Math.floor(((x + 1) * state.count) / width));
      let kind = 0;
      for (let at = from; at < to; at += 1) kind = Math.max(kind, kinds.indexOf(STATES[state.letter(at)].filter));
      context.fillStyle = colours[kind];
      context.fillRect(x, height - heights[kind], 1, heights[kind]);
    }
  }
}
