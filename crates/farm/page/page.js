// Puts the parts together: one frame is the current one everywhere, and every key does one thing.

const SIZE_STEP = 24;
const source = JSON.parse(byId("source").textContent);
const pictures = new Pictures();
const sheet = new Sheet(byId("sheet"), pictures, go, (width) => (byId("size").value = String(width)));
const player = new Player(pictures, go, sayPlaying);
const detail = new Detail(pictures, turn);
const tip = byId("tip");
let state = null;
let current = 0;
let tipped = 0;

function go(at) {
  if (!state || at < 0 || at >= state.count) return;
  current = at;
  player.go(at);
  if (isPlayer()) sheet.current = at;
  else sheet.setCurrent(at);
}

/** The frame before or after in the sheet, in the detail that is open. */
function turn(by) {
  const to = sheet.away(by);
  if (to === current) return;
  go(to);
  detail.show(to);
}

function open(at) {
  hideTip();
  player.pause();
  go(at);
  detail.show(at);
}

const isPlayer = () => document.body.dataset.view === "player";

function view(name) {
  if (document.body.dataset.view === name) return;
  document.body.dataset.view = name;
  player.open = name === "player";
  hideTip();
  if (name === "player") {
    player.draw();
  } else {
    player.pause();
    sheet.layOut();
    sheet.setCurrent(current);
    sheet.root.focus({ preventScroll: true });
  }
}

function sayPlaying(playing) {
  const button = byId("play");
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
  button.firstElementChild.classList.toggle("pause", playing);
}

function playOrPause() {
  if (!state || state.count === 0) return;
  view("player");
  player.toggle();
}

function onState(next) {
  const first = state === null;
  state = next;
  current = Math.min(current, Math.max(0, state.count - 1));
  pictures.use(state);
  sayHeader(state);
  sayExpiry(state);
  sheet.current = current;
  sheet.show(state);
  player.show(state);
  detail.use(state);
  if (first) sheet.root.focus({ preventScroll: true });
}

// Light or dark: what was chosen here, else what the system says.
const dark = matchMedia("(prefers-color-scheme: dark)");
function applyTheme() {
  document.documentElement.dataset.theme = stored("theme") ?? chosenTheme ?? (dark.matches ? "dark" : "light");
  player.drawStrip();
}
let chosenTheme = null;
function switchTheme() {
  chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  keep("theme", chosenTheme);
  applyTheme();
}
dark.addEventListener("change", applyTheme);

function setFilter(filter) {
  for (const button of document.querySelectorAll("#filter button")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
  }
  view("sheet");
  sheet.setFilter(filter);
}

// Why a frame failed, beside its cell, where the cell is too small to say it.
function showTip(cell) {
  const text = cell ? state.why(cell.at) : "";
  if (!text) return hideTip();
  tipped = cell.at;
  tip.textContent = text;
  tip.hidden = false;
  const box = cell.element.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - own.width - 8))}px`;
  tip.style.top = `${box.bottom + own.height + 8 < innerHeight ? box.bottom + 4 : box.top - own.height - 4}px`;
}

function hideTip() {
  tip.hidden = true;
}

const cellAt = (target) => {
  const found = target.closest?.(".cell");
  return found ? sheet.cellOf(Number(found.id.slice("cell-".length))) : null;
};
sheet.root.addEventListener("pointerover", (event) => showTip(cellAt(event.target)));
sheet.root.addEventListener("pointerleave", hideTip);
sheet.root.addEventListener("scroll", () => tip.hidden || showTip(sheet.cellOf(tipped)), { passive: true });
sheet.root.addEventListener("click", (event) => {
  const cell = cellAt(event.target);
  if (cell) open(cell.at);
});
const onClick = (id, act) => byId(id).addEventListener("click", act);
onClick("filter", (event) => {
  const button = event.target.closest("button");
  if (button) setFilter(button.dataset.filter);
});
byId("size").addEventListener("input", () => sheet.resize(Number(byId("size").value)));
onClick("theme", switchTheme);
onClick("help", () => byId("keys").showModal());
onClick("play", playOrPause);
onClick("loop", () => player.setLoop(!player.loop));
onClick("close-player", () => view("sheet"));
onClick("screen", playOrPause);
byId("scrub").addEventListener("input", () => {
  player.pause();
  view("player");
  go(Number(byId("scrub").value));
});
onClick("slowest", () => {
  const at = state.frames.indexOf(state.times.slowest_frame);
  if (at < 0) return;
  if (!sheet.shown.includes(at)) setFilter("all");
  view("sheet");
  go(at);
  sheet.root.focus({ preventScroll: true });
});

/** Moves by keys, in the sheet in two directions, in the player in one. */
function move(key) {
  if (!state) return false;
  const last = state.count - 1;
  const inPlayer = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: last };
  const inSheet = {
    ArrowLeft: () => sheet.away(-1),
    ArrowRight: () => sheet.away(1),
    ArrowUp: () => sheet.awayRows(-1),
    ArrowDown: () => sheet.awayRows(1),
    PageUp: () => sheet.awayRows(-sheet.pageRows()),
    PageDown: () => sheet.awayRows(sheet.pageRows()),
    Home: () => sheet.shown[0] ?? 0,
    End: () => sheet.shown.at(-1) ?? 0,
  };
  if (isPlayer()) {
    if (!(key in inPlayer)) return false;
    player.pause();
    go(Math.min(last, Math.max(0, inPlayer[key])));
    return true;
  }
  if (!(key in inSheet)) return false;
  go(inSheet[key]());
  showTip(sheet.cellOf(current));
  return true;
}

const doings = {
  " ": playOrPause,
  Enter: () => state && open(current),
  f: () => setFilter(FILTERS[(FILTERS.indexOf(sheet.filter) + 1) % FILTERS.length]),
  t: switchTheme,
  "+": () => sheet.resize(sheet.width + SIZE_STEP),
  "=": () => sheet.resize(sheet.width + SIZE_STEP),
  "-": () => sheet.resize(sheet.width - SIZE_STEP),
  "?": () => byId("keys").showModal(),
  Escape: () => (tip.hidden ? view("sheet") : hideTip()),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (detail.dialog.open) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !event.target.closest("pre")) turn(by);
    return;
  }
  if (byId("keys").open) return;
  // A button, a link or a slider that has the focus keeps its own keys.
  const own = event.target.closest("button, a, summary") ? [" ", "Enter"] : [];
  const sliding = event.target.matches("input[type=range]") && /^(Arrow|Page|Home|End)/.test(event.key);
  if (own.includes(event.key) || sliding) return;
  const does = doings[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (does) does();
  else if (!move(event.key)) return;
  event.preventDefault();
});

applyTheme();
setInterval(() => state && sayExpiry(state), 30000);
follow(address(source.state) ?? "state.json", onState, (trouble) => sayTrouble(trouble, state));
