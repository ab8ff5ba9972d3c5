// What is said of the render as a whole.

const byId = (id) => document.getElementById(id);
const parted = (...parts) => parts.filter(Boolean).join(" \u00b7 ");

function sayHeader(state) {
  const { counts, times } = state;
  const count = (name) => number(counts[name]) ?? 0;
  const render = RENDER_STATES[state.state] ?? { words: words(state.state), sign: "w" };
  const idle = state.underWay && count("running") === 0;
  say("name", words(state.name));
  byId("name").title = parted(words(state.bucket), words(state.render));
  byId("state").dataset.state = idle ? "w" : render.sign;
  byId("state").lastElementChild.textContent = idle ? "Waiting" : render.words;
  const planned = count("planned");
  document.title = [planned > 0 ? `${count("done")}/${planned}` : "", words(state.name)].join(" ");
  ["done", "failed", "running"].forEach((name, at) => {
    byId("progress").children[at].style.width = `${(100 * count(name)) / (planned || 1)}%`;
  });
  byId("progress").setAttribute("aria-valuemax", String(planned));
  byId("progress").setAttribute("aria-valuenow", String(count("done")));

  const size = number(state.width) && number(state.height) ? `${state.width} \u00d7 ${state.height}` : "";
  const waiting = count("waiting") > 0 ? `${grouped.format(count("waiting"))} waiting` : "";
  const done = planned > 0 ? `${grouped.format(count("done"))} of ${grouped.format(planned)} frames` : "";
  say("done", parted(done, waiting, size));
  const left = number(times.left);
  const elapsed = number(times.elapsed);
  const took = elapsed === null ? "" : state.underWay ? `${span(elapsed)} so far` : `took ${span(elapsed)}`;
  say("left", [left === null || !state.underWay ? "" : `${about(left)} left`, took].filter(Boolean).join(", "));
  const median = number(times.median);
  const slowest = number(times.slowest);
  byId("pace").hidden = median === null && slowest === null;
  byId("pace").firstElementChild.textContent = median === null ? "" : `${span(median)} a frame`;
  const which = number(times.slowest_frame);
  byId("slowest").hidden = slowest === null;
  byId("slowest").disabled = which === null;
  byId("slowest").textContent =
    slowest === null ? "" : `slowest ${span(slowest)}${which === null ? "" : `, frame ${which}`}`;
  say("cost", words(state.cost?.words));
  const written = number(state.written_at);
  const when = new Date(written);
  // A published page may be of another day.
  say("as-of", written === null ? "" : `as of ${state.expires_at ? when.toLocaleString() : when.toLocaleTimeString()}`);

  const [message, hint] = byId("message").children;
  message.textContent = words(state.message);
  hint.textContent = words(state.hint);
  byId("message").hidden = !message.textContent && !hint.textContent;
  byId("message").classList.toggle("bad", ["failed", "rejected", "partial"].includes(state.state));
  say("waits", words(state.why_waiting));
  sayWarnings(list(state.warnings).map(words).filter(Boolean));
  sayFiles(list(state.files));
  sayFilters(state);
}

/** Text into an element, which is not there where there is none. */
function say(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function sayWarnings(warnings) {
  const box = byId("warnings");
  box.hidden = warnings.length === 0;
  const [summary, rest] = box.children;
  if (rest.textContent === warnings.join("")) return;
  summary.textContent = warnings.length === 1 ? "1 warning" : `${grouped.format(warnings.length)} warnings`;
  rest.replaceChildren(...warnings.map((warning) => element("li", warning)));
  box.open = warnings.length === 1;
}

function sayFiles(files) {
  const good = files.map((file) => [words(file?.name), address(file?.url)]).filter(([name, url]) => name && url);
  const box = byId("files");
  const key = JSON.stringify(good);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(
    ...good.map(([name, url]) => {
      const link = element("a", name);
      link.href = url;
      link.download = name;
      return link;
    }),
  );
}

function sayFilters(state) {
  const tally = { all: state.count, done: 0, running: 0, failed: 0, waiting: 0 };
  for (let at = 0; at < state.count; at += 1) tally[STATES[state.letter(at)].filter] += 1;
  for (const button of document.querySelectorAll("#filter button")) {
    const many = tally[button.dataset.filter];
    button.lastElementChild.textContent = grouped.format(many);
    button.classList.toggle("none", many === 0);
  }
}

/** Until when the links of a published page go, or that they ended. */
function sayExpiry(state) {
  const ends = number(state.expires_at);
  const when = ends === null ? "" : new Date(ends).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const over = hasExpired(state);
  byId("expiry").classList.toggle("bad", over);
  say(
    "expiry",
    ends === null
      ? ""
      : over
        ? `The links of this page ended on ${when}: ask for a newly published one.`
        : `A published page: its links end on ${when}.`,
  );
}

function sayTrouble(trouble, state) {
  const text = {
    unreachable: "Not reachable, trying again. What is here stays.",
    unreadable: "What was answered cannot be read, trying again. It may help to load this page anew.",
  };
  // That the links ended is said already.
  say("notice", trouble === null || (state && hasExpired(state)) ? "" : text[trouble]);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
