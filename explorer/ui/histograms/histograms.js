// Histograms of the variables: what Python counted comes in by `update`, what the hand did on the bars goes out by `act`.
// What a click means is decided in Python; bars are known by their numbers.

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 100; // units of height of a plot
const LEAST = 3; // of them, for a bar that is not empty
const GAP = 0.6; // bars' widths between the numbers and what is missing
const FEWEST = 4; // as wide as if there were so many bars at least
const NAMED = 6; // up to so many bars have their names below them, cut off where they are long;
const LETTER = 6.5, WIDTH = 170; // more, where the names fit: pixels of a letter, and of a narrow plot
const SHADES = 6;

const number = (n) => n.toLocaleString("en");

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

class Plot {
  // It tells the panel what the hand did (`act`), and what is pointed at (`tip`, `untip`).
  constructor(panel, place) {
    this.panel = panel;
    this.id = `plot-${place}`;
    this.element = make("section", "plot");
    this.title = make("button", "title");
    this.title.type = "button";
    this.name = make("span");
    this.unit = make("small");
    this.mark = make("i");
    this.title.append(this.mark, this.name, this.unit);
    this.title.onclick = () => panel.act({ do: "colour", name: this.said.name });
    this.clear = make("button", "clear", "×");
    this.clear.type = "button";
    this.clear.onclick = () => panel.act({ do: "clear", name: this.said.name });
    const head = make("div", "head");
    head.append(this.title, this.clear);
    this.svg = draw("svg", { preserveAspectRatio: "none", tabindex: 0, role: "listbox" });
    this.axis = make("div", "axis");
    this.element.append(head, this.svg, this.axis);
    this.bars = [];
    this.drawn = this.built = "";
    this.at = -1; // the bar under the keyboard or the pointer
    this.pull = null; // {from, to}: bars, not yet wrapped around a cycle
    this.holding = false;
    this.listen();
  }

  update(said, selecting) {
    const now = JSON.stringify([said, selecting]);
    if (now === this.drawn) return;
    this.drawn = now;
    this.said = said;
    const built = JSON.stringify([said.name, said.labels, said.ends]);
    if (built !== this.built) this.build();
    this.built = built;
    this.fill(selecting);
  }

  // --- drawing ---

  get known() {
    return this.said.labels.length - (this.said.gap ? 1 : 0);
  }

  // Whether each bar has its name below it; else numbers have their ends there, with room for the unit between them.
  get named() {
    const { labels } = this.said;
    const longest = Math.max(0, ...labels.slice(0, this.known).map((label) => label.length));
    return this.known <= NAMED || longest * LETTER * this.units < WIDTH;
  }

  get roomy() {
    return this.said.ends && !this.named;
  }

  left(bar) {
    return bar < this.known ? bar : bar + (this.known ? GAP : 0);
  }

  build() {
    const { said } = this;
    const full = said.labels.length ? this.left(said.labels.length - 1) + 1 : 1;
    this.units = Math.max(full, FEWEST);
    this.at = -1;
    this.pull = null;
    this.element.dataset.variable = said.name;
    this.name.textContent = said.title;
    this.unit.textContent = this.roomy ? "" : said.unit;
    this.clear.title = `Show all again, whatever their ${said.title}`;
    this.clear.setAttribute("aria-label", this.clear.title);
    this.svg.setAttribute("viewBox", `0 0 ${this.units} ${HIGH}`);
    this.svg.setAttribute("aria-label", this.described());
    this.svg.setAttribute("aria-multiselectable", "true");
    this.svg.setAttribute("aria-orientation", "horizontal");
    const thin = said.labels.length > 14 ? 0.06 : 0.1;
    this.bars = said.labels.map((label, place) => {
      const gap = said.gap && place === this.known ? "gap" : "";
      const group = draw("g", { class: gap, role: "option", id: `${this.id}-${place}`, "data-label": label });
      const x = this.left(place);
      group.append(draw("rect", { class: "hit", x, y: 0, width: 1, height: HIGH }));
      for (const kind of ["placed", "passing", "selected"])
        group.append(draw("rect", { class: kind, x: x + thin, width: 1 - 2 * thin }));
      return group;
    });
    this.svg.replaceChildren(...this.bars);
    this.nameBars();
  }

  described() {
    const { said } = this;
    const unit = said.unit ? ` (${said.unit})` : "";
    const pull = said.categories ? "" : ", with Shift over several";
    return `${said.title}${unit}: arrows go from bar to bar${pull}, Enter shows only these, Escape shows all`;
  }

  nameBars() {
    const { said } = this;
    const part = (width) => `${(100 * width) / this.units}%`;
    const put = (text, className, from, width) => {
      const label = make("span", className, text);
      label.style.marginLeft = part(from);
      label.style.width = part(width);
      label.title = text;
      return label;
    };
    const labels = [];
    const { known } = this;
    if (this.named) for (let bar = 0; bar < known; bar++) labels.push(put(said.labels[bar], "", bar, 1));
    else if (said.ends) {
      labels.push(put(said.ends[0], "low", 0, known / 3), put(said.unit, "", known / 3, known / 3));
      labels.push(put(said.ends[1], "high", (2 * known) / 3, known / 3));
    } else labels.push(put("point at a bar for its name", "low", 0, known));
    if (said.gap) labels.push(put(this.units > NAMED ? "?" : "missing", "", this.left(known), 1));
    this.axis.replaceChildren(...labels);
  }

  fill(selecting) {
    const { said } = this;
    const most = Math.max(1, ...said.placed);
    this.element.classList.toggle("filtered", said.filtered);
    this.element.classList.toggle("selecting", selecting);
    this.element.dataset.filtered = said.filtered;
    this.clear.hidden = !said.filtered;
    this.mark.hidden = !said.colours;
    this.title.setAttribute("aria-pressed", String(!!said.colours));
    this.title.title = said.colours ? `${said.title} colours the map` : `Colour the map by ${said.title}`;
    if (said.colours) this.mark.style.background = swatch(said.colours.slice(0, this.known));
    this.bars.forEach((group, place) => {
      const counts = { placed: said.placed[place], passing: said.passing[place], selected: said.selected[place] };
      const [, ...rects] = group.children;
      for (const rect of rects) {
        const n = counts[rect.getAttribute("class")];
        const height = n ? Math.max((n / most) * HIGH, LEAST) : 0;
        rect.setAttribute("height", height);
        rect.setAttribute("y", HIGH - height);
        rect.style.fill = "";
      }
      // As on the map: while something is selected, only that keeps its colour.
      if (said.colours) rects[selecting ? 2 : 1].style.fill = said.colours[place];
      group.classList.toggle("off", !said.on[place]);
      group.setAttribute("aria-selected", String(said.filtered && said.on[place]));
      group.setAttribute("aria-label", [said.labels[place], ...this.sentences(counts)].join(", "));
      Object.assign(group.dataset, counts);
    });
  }

  sentences({ placed, passing, selected }) {
    const of = passing === placed ? number(placed) : `${number(passing)} of ${number(placed)}`;
    const noun = placed === 1 ? "observation" : "observations";
    const out = [`${of} ${noun}`];
    if (selected || this.panel.selecting) out.push(`${number(selected)} selected`);
    return out;
  }

  // --- the hand ---

  // The bar at `event`; of a cycle that is being pulled over, beyond its ends too. Null where there is none.
  barAt(event, pulling) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.units;
    const { known } = this;
    if (pulling) return Math.floor(this.said.cyclic ? x : Math.min(Math.max(x, 0), known - 1));
    if (x < known) return x < 0 ? null : Math.floor(x);
    return this.said.gap && x >= this.left(known) && x < this.left(known) + 1 ? known : null;
  }

  listen() {
    const { svg } = this;
    svg.onpointerdown = (event) => {
      const bar = event.button === 0 ? this.barAt(event) : null;
      if (bar === null) return;
      this.holding = true;
      this.pull = { from: bar, to: bar };
      this.point(bar);
      svg.setPointerCapture(event.pointerId);
    };
    svg.onpointermove = (event) => {
      if (!this.holding) return this.point(this.barAt(event) ?? -1);
      if (this.said.categories || this.pull.from >= this.known) return;
      const { known } = this;
      const { from } = this.pull;
      const to = Math.min(Math.max(this.barAt(event, true), from - known + 1), from + known - 1);
      this.pull = { from, to };
      this.show();
    };
    svg.onpointerup = (event) => {
      if (!this.holding) return;
      this.holding = false;
      const off = this.said.categories && this.barAt(event) !== this.pull.from;
      if (off) this.pull = null; // let go beside the bar
      this.commit(event.shiftKey);
    };
    svg.onpointercancel = () => this.leave();
    svg.onpointerleave = () => this.holding || this.leave();
    svg.onblur = () => this.leave();
    svg.onfocus = () => svg.matches(":focus-visible") && this.at < 0 && this.bars.length && this.point(0);
    svg.onkeydown = (event) => this.key(event) && (event.preventDefault(), event.stopPropagation());
  }

  key(event) {
    const last = this.bars.length - 1;
    const to = {
      ArrowLeft: Math.max(this.at - 1, 0),
      ArrowRight: Math.min(this.at + 1, last),
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) {
      const pulls = event.shiftKey && !this.said.categories && this.at >= 0 && this.at < this.known;
      if (!pulls) this.pull = null;
      else if (to < this.known) this.pull = { from: this.pull?.from ?? this.at, to };
      else return true;
      this.point(to);
    } else if (event.key === "Enter" || event.key === " ") {
      if (this.at < 0) return false;
      this.pull ??= { from: this.at, to: this.at };
      this.commit(event.shiftKey && this.pull.from === this.pull.to);
    } else if (event.key === "Escape") {
      if (this.pull) {
        this.pull = null;
        this.holding = false;
        this.show();
      } else if (this.said.filtered) this.panel.act({ do: "clear", name: this.said.name });
      else return false;
    } else return false;
    return true;
  }

  commit(add) {
    const ends = this.pulled();
    this.pull = null;
    this.show();
    if (ends) this.panel.act({ do: "bars", name: this.said.name, first: ends[0], last: ends[1], add });
  }

  // The bars at both ends of what is being pulled over; the first is after the last across the end of a cycle.
  pulled() {
    if (!this.pull) return null;
    const { from, to } = this.pull;
    const ends = [Math.min(from, to), Math.max(from, to)];
    return from === to ? ends : ends.map((bar) => (bar + this.known) % this.known);
  }

  point(bar) {
    if (bar === this.at && !this.pull) return;
    this.at = bar;
    if (bar >= 0) this.svg.setAttribute("aria-activedescendant", `${this.id}-${bar}`);
    else this.svg.removeAttribute("aria-activedescendant");
    this.show();
  }

  leave() {
    this.pull = null;
    this.holding = false;
    this.point(-1);
    this.show();
  }

  // The bar that is pointed at, or those that are being pulled over, and what is in them.
  show() {
    const ends = this.pulled();
    const inside = (bar) => {
      if (!ends) return false;
      const [first, last] = ends;
      return first <= last ? bar >= first && bar <= last : (bar >= first || bar <= last) && bar < this.known;
    };
    const held = [];
    this.bars.forEach((group, bar) => {
      group.classList.toggle("at", bar === this.at);
      group.classList.toggle("pulled", inside(bar));
      if (ends ? inside(bar) : bar === this.at) held.push(bar);
    });
    if (!held.length) return this.panel.untip(this);
    const { labels, spans, ...said } = this.said;
    const sum = (kind) => held.reduce((total, bar) => total + said[kind][bar], 0);
    const label = !ends || ends[0] === ends[1] ? labels[held[0]] : `${spans[ends[0]][0]} to ${spans[ends[1]][1]}`;
    const counts = { placed: sum("placed"), passing: sum("passing"), selected: sum("selected") };
    const still = held.every((bar) => said.still.includes(bar));
    this.element.classList.toggle("still", still);
    this.panel.tip(this, this.bars[held[0]], label, this.sentences(counts), still);
  }
}

function swatch(colours) {
  const step = Math.max(1, (colours.length - 1) / (SHADES - 1));
  const picked = [];
  for (let at = 0; at < colours.length - 0.5; at += step) picked.push(colours[Math.round(at)]);
  const stops = picked.map((colour, i) => `${colour} ${(100 * i) / picked.length}% ${(100 * (i + 1)) / picked.length}%`);
  return `linear-gradient(90deg, ${stops.join(",")})`;
}

class Panel {
  constructor(root) {
    this.root = root.querySelector(".histograms");
    this.list = root.querySelector(".plots");
    this.box = root.querySelector(".tip");
    this.plots = new Map();
    this.made = 0;
    this.tipped = null; // the plot that the tip speaks of
    this.selecting = false;
  }

  update(said, send) {
    this.send = send;
    this.selecting = said.selecting;
    const plots = new Map();
    for (const one of said.plots) {
      const plot = this.plots.get(one.name) ?? new Plot(this, this.made++);
      plot.update(one, said.selecting);
      plots.set(one.name, plot);
    }
    const elements = [...plots.values()].map((plot) => plot.element);
    // Only when they are others: moving an element takes the focus from it.
    if (elements.length !== this.list.children.length || elements.some((one, i) => one !== this.list.children[i]))
      this.list.replaceChildren(...elements);
    this.plots = plots;
    this.root.dataset.version = said.version;
  }

  act(what) {
    this.send(what);
  }

  tip(plot, bar, label, sentences, still) {
    this.tipped = plot;
    this.box.replaceChildren(make("b", "", label), ...sentences.map((one) => make("span", "", one)));
    if (still) this.box.append(make("small", "", "Several categories: choose among them under Filters"));
    this.box.hidden = false;
    const whole = this.root.getBoundingClientRect();
    const at = bar.getBoundingClientRect();
    const left = at.left + at.width / 2 - whole.left - this.box.offsetWidth / 2;
    const x = Math.min(Math.max(left, 0), whole.width - this.box.offsetWidth);
    const y = at.bottom - whole.top + 20; // below the plot, where it hides no bars of it
    const below = y + this.box.offsetHeight <= whole.height;
    this.box.style.transform = `translate(${x}px, ${below ? y : at.top - whole.top - this.box.offsetHeight - 4}px)`;
  }

  untip(plot) {
    if (plot === this.tipped) this.box.hidden = true; // else another one speaks, by the keys
  }
}

const panels = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let panel = panels.get(parentElement);
  if (!panel) panels.set(parentElement, (panel = new Panel(parentElement)));
  panel.update(data, (what) => setTriggerValue("act", what));
}
