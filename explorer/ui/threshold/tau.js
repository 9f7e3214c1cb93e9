// A threshold that is dragged: every search of the test comes once, and what a tau comes to is counted here.

const SVG = "http://www.w3.org/2000/svg";
const BINS = 80;
const BELOW = 34, ABOVE = 24; // pixels for the axis, and for the number above the line
const STEPS = 400; // of the keyboard, over the whole axis; ten at once with Shift
const UNKNOWN = 0, RIGHT = 1, WRONG = 2; // kinds of searches; message.py has the same

// --- shares with the interval of Clopper and Pearson, as recognition/counting.py has them ---

function logGamma(x) {
  // Lanczos (1964), g = 7.
  const c = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  x -= 1;
  let sum = c[0];
  for (let i = 1; i < 9; i++) sum += c[i] / (x + i);
  const t = x + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(t) - t + Math.log(sum);
}

// The regularised incomplete beta function, by its continued fraction (Lentz).
function beta(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  let c = 1, d = 1 / (Math.abs(1 - ((a + b) * x) / (a + 1)) < tiny ? tiny : 1 - ((a + b) * x) / (a + 1)), f = d;
  for (let m = 1; m < 500; m++) {
    for (const n of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 + n * d;
      c = 1 + n / c;
      if (Math.abs(d) < tiny) d = tiny;
      if (Math.abs(c) < tiny) c = tiny;
      d = 1 / d;
      f *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-13) break;
  }
  return front * f;
}

function quantile(p, a, b) {
  let low = 0, high = 1;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (beta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function shareOf(count, n) {
  count = Math.min(Math.max(count, 0), n);
  const near = 1e-9; // sums of shares of animals round
  return {
    value: count / n,
    low: count <= near ? 0 : quantile(0.025, count, n - count + 1),
    high: count >= n - near ? 1 : quantile(0.975, count + 1, n - count),
  };
}

// --- the searches of a stratum, sorted once ---

class Sorted {
  // The scores of the searches `places`, each counting what `weight` says, and how much lies below any score.
  constructor(scores, weight, places) {
    places.sort((i, j) => scores[i] - scores[j]);
    this.scores = Float64Array.from(places, (i) => scores[i]);
    this.sums = new Float64Array(places.length + 1);
    places.forEach((i, k) => (this.sums[k + 1] = this.sums[k] + weight[i]));
  }

  get total() {
    return this.sums[this.sums.length - 1];
  }

  below(tau) {
    let low = 0, high = this.scores.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.scores[middle] < tau) low = middle + 1;
      else high = middle;
    }
    return this.sums[low];
  }
}

class Stratum {
  constructor({ score, animal, stratum, kind }, chosen) {
    const inside = [];
    for (let i = 0; i < score.length; i++) if (chosen < 0 || stratum[i] === chosen) inside.push(i);
    const weight = new Float64Array(score.length);
    const count = (known) => {
      const seen = new Map();
      const own = inside.filter((i) => (kind[i] !== UNKNOWN) === known);
      for (const i of own) seen.set(animal[i], (seen.get(animal[i]) ?? 0) + 1);
      for (const i of own) weight[i] = 1 / seen.get(animal[i]); // an animal counts once, however often it is seen
      return seen.size;
    };
    this.unknowns = count(false);
    this.knowns = count(true);
    this.of = [UNKNOWN, RIGHT, WRONG].map((one) => new Sorted(score, weight, inside.filter((i) => kind[i] === one)));
  }

  at(tau) {
    const [unknown, right, wrong] = this.of.map((one) => one.below(tau));
    return {
      accepts: this.unknowns ? shareOf(unknown, this.unknowns) : null,
      misses: this.knowns ? shareOf(this.knowns - right, this.knowns) : null,
      mistaken: this.knowns ? shareOf(wrong, this.knowns) : null,
    };
  }
}

// --- the picture ---

function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function ticks(low, high) {
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((one) => one * power >= rough);
  const out = [];
  for (let at = Math.ceil(low / step) * step; at <= high + 1e-9 * step; at += step) out.push(Math.abs(at) < step / 1e6 ? 0 : at);
  return { out, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

class Tau {
  constructor(root) {
    this.root = root.querySelector(".tau");
    const find = (selector) => this.root.querySelector(selector);
    [this.select, this.marks, this.chart, this.svg, this.handle] = [
      ".stratum", ".marks", ".chart", "svg", ".handle",
    ].map(find);
    this.kept = new Map();
    this.select.onchange = () => this.choose(Number(this.select.value));
    this.chart.onpointerdown = (event) => {
      if (event.button !== 0) return;
      this.holding = true;
      this.chart.setPointerCapture(event.pointerId);
      this.handle.focus({ focusVisible: false });
      this.drag(event);
      event.preventDefault();
    };
    this.chart.onpointermove = (event) => this.holding && this.drag(event);
    this.chart.onpointerup = this.chart.onpointercancel = () => (this.holding = false);
    this.handle.onkeydown = (event) => this.key(event) && (event.preventDefault(), event.stopPropagation());
    new ResizeObserver(() => this.said && this.paint()).observe(this.chart);
  }

  update(said, table) {
    if (said.version === this.said?.version) return;
    this.columns = Object.fromEntries(
      ["score", "animal", "stratum", "kind"].map((name) => [name, table.getChild(name).toArray().slice()]),
    );
    const before = this.said && this.said.labels[this.chosen];
    this.said = said;
    this.kept.clear();
    const options = [["-1", "All strata together"], ...said.labels.map((label, i) => [String(i), label])];
    this.select.replaceChildren(
      ...options.map(([value, text]) => Object.assign(document.createElement("option"), { value, textContent: text })),
    );
    for (const [name, colour] of Object.entries(said.colours))
      this.root.querySelector(`.${name} dt i`).style.background = colour;
    this.choose(before === undefined ? -1 : said.labels.indexOf(before));
    this.root.dataset.version = said.version;
  }

  choose(place) {
    this.chosen = place;
    this.select.value = String(place);
    if (!this.kept.has(place)) this.kept.set(place, new Stratum(this.columns, place));
    this.now = this.kept.get(place);
    const { said } = this;
    this.named = [["for all", said.common]];
    if (place >= 0) this.named.push([said.own[place] ? "of this stratum" : "that this stratum takes", said.taus[place]]);
    this.named = this.named.filter(([, tau]) => tau !== null);
    this.marks.replaceChildren(
      ...this.named.map(([name, tau]) => {
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.textContent = `Tau ${name}: ${this.number(tau)}`;
        button.onclick = () => this.move(tau);
        return button;
      }),
    );
    const ends = this.now.of.flatMap(({ scores }) => {
      const there = scores.filter(Number.isFinite); // a search that may be compared with nothing has no distance
      return there.length ? [there[0], there[there.length - 1]] : [];
    });
    const finite = [...ends, ...this.named.map(([, tau]) => tau)];
    const low = Math.min(...finite), high = Math.max(...finite), pad = (high - low || 1) * 0.03;
    this.low = low >= 0 ? Math.max(0, low - pad) : low - pad;
    this.high = high + pad;
    this.tau = this.named.at(-1)?.[1] ?? (low + high) / 2;
    this.paint();
  }

  number(value) {
    return value.toPrecision(4).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  }

  x(value) {
    return ((value - this.low) / (this.high - this.low)) * this.width;
  }

  // How densely scores lie, smoothed, each kind with an area of its share of all animals of its side.
  density({ scores, sums }, animals) {
    const bins = new Float64Array(BINS), size = (this.high - this.low) / BINS;
    for (let i = 0; i < scores.length; i++) {
      if (!Number.isFinite(scores[i])) continue;
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor((scores[i] - this.low) / size)));
      bins[bin] += (sums[i + 1] - sums[i]) / animals;
    }
    return bins.map((_, i) => {
      let sum = 0, parts = 0;
      for (const [step, part] of [[-2, 1], [-1, 4], [0, 6], [1, 4], [2, 1]]) {
        if (i + step < 0 || i + step >= BINS) continue;
        sum += part * bins[i + step];
        parts += part;
      }
      return sum / parts;
    });
  }

  paint() {
    const { now, said } = this;
    const { width, height } = this.chart.getBoundingClientRect();
    if (!width) return;
    this.width = width;
    const floor = height - BELOW;
    const [unknown, right, wrong] = now.of.map((one, kind) => this.density(one, kind ? now.knowns || 1 : now.unknowns || 1));
    const most = Math.max(...unknown, ...right, ...wrong, 1e-12);
    const y = (value) => floor - (value / most) * (floor - ABOVE - 6);
    const line = (bins) =>
      [...bins].map((value, i) => `${(((i + 0.5) / BINS) * width).toFixed(1)},${y(value).toFixed(1)}`).join(" L");
    const area = (bins) => `M${(0.5 / BINS) * width},${floor} L${line(bins)} L${((BINS - 0.5) / BINS) * width},${floor} Z`;
    const parts = [];
    this.shades = [];
    const clips = draw("defs", {});
    parts.push(clips);
    const curves = [
      ["accepts", unknown, "below", ""],
      ["misses", right, "above", "6 3"],
      ["mistaken", wrong, "below", "2 3"],
    ];
    for (const [name, bins, side, dash] of curves) {
      if (!bins.some((value) => value > 0)) continue;
      const colour = said.colours[name];
      const clip = draw("clipPath", { id: `tau-${side}-${name}` });
      const shade = draw("rect", { x: 0, y: 0, width, height: floor });
      clip.append(shade);
      clips.append(clip);
      this.shades.push([shade, side]);
      parts.push(draw("path", { d: area(bins), fill: colour, opacity: 0.14 }));
      parts.push(draw("path", { d: area(bins), fill: colour, opacity: 0.55, "clip-path": `url(#tau-${side}-${name})` }));
      parts.push(draw("path", { d: `M${line(bins)}`, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": dash }));
    }
    parts.push(draw("line", { class: "axis", x1: 0, x2: width, y1: floor, y2: floor }));
    const { out, digits } = ticks(this.low, this.high);
    for (const at of out) {
      parts.push(draw("line", { class: "axis", x1: this.x(at), x2: this.x(at), y1: floor, y2: floor + 4 }));
      parts.push(draw("text", { x: this.x(at), y: floor + 16, "text-anchor": "middle" }, at.toFixed(digits)));
    }
    parts.push(draw("text", { x: width, y: floor + 31, "text-anchor": "end" }, said.axis));
    for (const [name, tau] of this.named) {
      parts.push(draw("line", { class: "mark", x1: this.x(tau), x2: this.x(tau), y1: ABOVE, y2: floor }));
      const end = this.x(tau) > width / 2;
      parts.push(draw("text", { class: "mark-name", x: this.x(tau) + (end ? -5 : 5), y: ABOVE + 10 + 14 * this.named.findIndex(([one]) => one === name), "text-anchor": end ? "end" : "start" }, name));
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    this.say();
  }

  // What tau comes to, and where it lies in the picture: all that changes while it is dragged.
  say() {
    const at = this.x(this.tau);
    for (const [shade, side] of this.shades) {
      shade.setAttribute("x", side === "below" ? 0 : Math.max(0, at));
      shade.setAttribute("width", Math.max(0, side === "below" ? at : this.width - at));
    }
    this.handle.style.left = `${at}px`;
    this.handle.querySelector("b").textContent = `tau ${this.number(this.tau)}`;
    const found = this.now.at(this.tau);
    const { knowns, unknowns } = this.now;
    const animals = (n, kind) => `${n.toLocaleString("en")} ${kind} animal${n === 1 ? "" : "s"}`;
    const known = animals(knowns, "known");
    const of = { accepts: animals(unknowns, "unknown"), misses: known, mistaken: known };
    const spoken = [`tau ${this.number(this.tau)}`];
    for (const [name, share] of Object.entries(found)) {
      const box = this.root.querySelector(`.${name}`);
      box.querySelector("dd").textContent = share ? percent(share.value) : "–";
      box.querySelector("small").textContent = share
        ? `${percent(share.low)} to ${percent(share.high)}, of ${of[name]}`
        : "no such animal was sought in this stratum";
      for (const key of ["value", "low", "high"]) box.dataset[key] = share ? share[key] : "";
      if (share) spoken.push(`${box.querySelector("dt").textContent} ${percent(share.value)}`);
    }
    const { handle, root } = this;
    handle.setAttribute("aria-valuemin", this.low);
    handle.setAttribute("aria-valuemax", this.high);
    handle.setAttribute("aria-valuenow", this.tau);
    handle.setAttribute("aria-valuetext", spoken.join(", "));
    root.dataset.tau = this.tau;
  }

  // --- the hand ---

  move(tau) {
    this.tau = Math.min(Math.max(tau, this.low), this.high);
    this.say();
  }

  drag(event) {
    const box = this.chart.getBoundingClientRect();
    this.move(this.low + ((event.clientX - box.left) / box.width) * (this.high - this.low));
  }

  key(event) {
    const step = ((this.high - this.low) / STEPS) * (event.shiftKey ? 10 : 1);
    const to = {
      ArrowLeft: this.tau - step,
      ArrowDown: this.tau - step,
      ArrowRight: this.tau + step,
      ArrowUp: this.tau + step,
      PageDown: this.tau - 10 * step,
      PageUp: this.tau + 10 * step,
      Home: this.low,
      End: this.high,
    }[event.key];
    if (to === undefined) return false;
    this.move(to);
    return true;
  }
}

const taus = new WeakMap();

export default function ({ data, parentElement }) {
  let tau = taus.get(parentElement);
  if (!tau) taus.set(parentElement, (tau = new Tau(parentElement)));
  tau.update(data.said, data.searches);
}
