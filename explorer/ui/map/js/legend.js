// What the colours mean; a click on a category, or a drag along the scale, filters.

const SHAPE_PATHS = {
  circle: "M8 2a6 6 0 1 1 0 12A6 6 0 1 1 8 2z",
  square: "M3 3h10v10H3z",
  diamond: "M8 1l7 7-7 7-7-7z",
  "triangle-up": "M8 2l7 12H1z",
  cross: "M6 1h4v5h5v4h-5v5H6v-5H1V6h5z",
  x: "M2 4.5L4.5 2 8 5.5 11.5 2 14 4.5 10.5 8l3.5 3.5-2.5 2.5L8 10.5 4.5 14 2 11.5 5.5 8z",
};

class Legend {
  // `act({do: "categories", value, add})` or `act({do: "range", low, high})`; null bounds take the filter away.
  constructor(element, act) {
    this.element = element;
    this.act = act;
    this.drawn = "";
  }

  update(said) {
    const now = JSON.stringify(said);
    if (now === this.drawn) return;
    this.drawn = now;
    this.element.hidden = !said;
    if (!said) return;
    const entries = said.kind === "categories" ? this.categories(said) : this.scale(said);
    const held = this.reachable.indexOf(this.element.getRootNode().activeElement);
    this.element.replaceChildren(make("h4", "", said.title), entries);
    if (held >= 0) this.reachable[held]?.focus({ preventScroll: true }); // who works by keyboard goes on from there
  }

  get reachable() {
    return [...this.element.querySelectorAll("button, .bar")];
  }

  categories(said) {
    const list = make("div", "entries");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", `Filter by ${said.title}`);
    for (const entry of said.entries) list.append(this.entry(entry));
    return list;
  }

  entry(entry) {
    const button = make("button", entry.on ? "" : "off");
    button.type = "button";
    const mark = svg(SHAPE_PATHS[entry.shape] ?? SHAPE_PATHS.circle, "mark");
    mark.style.color = entry.colour;
    button.append(mark, make("span", "", entry.label), make("small", "", entry.count.toLocaleString("en")));
    if (entry.value === null && !entry.missing) {
      button.disabled = true; // several categories in one entry cannot be filtered by it
    } else {
      button.title = `Show only ${entry.label} (Shift: also, or not, beside the others)`;
      button.setAttribute("aria-pressed", String(entry.on));
      button.onclick = (event) =>
        this.act({ do: "categories", value: entry.value, missing: !!entry.missing, add: event.shiftKey });
    }
    return button;
  }

  scale(said) {
    const box = make("div", "scale");
    const bar = make("div", "bar");
    bar.style.background = `linear-gradient(to top, ${said.ramp.join(",")})`;
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", `${said.title}, from ${said.low} to ${said.high}.`);
    if (!said.still) this.filterBy(bar, said);
    const ticks = make("div", "ticks");
    for (const tick of said.ticks) {
      const label = make("span", "", tick.label);
      label.style.bottom = `${100 * share(said, tick.value)}%`;
      ticks.append(label);
    }
    box.append(bar, ticks);
    const whole = make("div");
    whole.append(box);
    if (said.missing) {
      const missing = this.entry(said.missing);
      missing.disabled = !!said.still;
      whole.append(missing);
    }
    return whole;
  }

  // Lets the hand pull along the scale, and the keys move its ends.
  filterBy(bar, said) {
    bar.tabIndex = 0;
    bar.setAttribute("aria-label", `${said.title}, from ${said.low} to ${said.high}. Drag along it to filter.`);
    bar.title = "Drag along the scale to show only a part of it; click to show all. Keys: up and down move the lower end, with Shift the upper, Esc shows all";
    const window_ = make("div", "range");
    const put = (a, b) => {
      window_.hidden = false;
      window_.style.bottom = `${100 * Math.max(0, Math.min(a, b))}%`;
      window_.style.top = `${100 * (1 - Math.min(1, Math.max(a, b)))}%`;
    };
    window_.hidden = true;
    const ends = (said.range ?? [null, null]).map((end, top) => (end === null ? top : share(said, end)));
    if (said.range) put(...ends);
    let from = null;
    const at = (event) => {
      const box = bar.getBoundingClientRect();
      return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / box.height));
    };
    bar.onpointerdown = (event) => {
      from = at(event);
      bar.setPointerCapture(event.pointerId);
    };
    bar.onpointermove = (event) => from !== null && put(from, at(event));
    // The scale's ends stand for all that lies beyond them.
    const filter = (low, high) => {
      const value = (part) => said.from + part * (said.to - said.from);
      this.act({ do: "range", low: low < 0.005 ? null : value(low), high: high > 0.995 ? null : value(high) });
    };
    bar.onpointerup = (event) => {
      if (from === null) return;
      const to = at(event);
      if (Math.abs(to - from) < 0.02) filter(0, 1);
      else filter(Math.min(from, to), Math.max(from, to));
      from = null;
    };
    bar.onkeydown = (event) => {
      const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
      if (event.key === "Escape") filter(0, 1);
      else if (step) {
        const [low, high] = ends;
        if (event.shiftKey) filter(low, Math.min(Math.max(high + step, low + 0.05), 1));
        else filter(Math.max(Math.min(low + step, high - 0.05), 0), high);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    };
    bar.append(window_);
  }
}

// Where on the scale a value lies, from 0 to 1.
function share(said, value) {
  return (value - said.from) / (said.to - said.from || 1);
}

function svg(path, className = "") {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  if (className) icon.setAttribute("class", className);
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  shape.setAttribute("fill", "currentColor");
  icon.append(shape);
  return icon;
}
