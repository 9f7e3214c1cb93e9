// One map on the page: what Python says comes in by `update`, what the hand did goes out by `act`.

const MOVE = 700; // milliseconds of a move from one projection to another
const REST = 140; // milliseconds without a touch after which everything is drawn
const FAST = 26; // milliseconds a frame may take while the map moves
const SLOW = 150; // milliseconds that drawing everything may hold up the hand when it rests
const MANY = 50_000; // points from which on frames are timed
const NARROW = 560; // CSS pixels below which the legend lies under the map
const MOST_ASKED = 3;

const places = (globalThis.__latentExplorerPlaces ??= new Map()); // where each map was last looked at from

class LatentMap {
  constructor(root) {
    const find = (name) => root.querySelector(`.${name}`);
    this.root = find("map");
    this.stage = find("stage");
    this.glCanvas = find("points");
    this.camera = new Camera();
    this.overlay = new Overlay(find("over"));
    this.card = new Card(find("card"));
    this.thumbnails = new Thumbnails(find("thumbs"));
    this.legend = new Legend(find("legend"), (what) => this.act(what));
    this.compass = new Compass(find("compass"), (what) => this.act(what));
    this.axes = [find("axis-x"), find("axis-y")];
    this.live = find("live");
    this.note = find("note");
    this.hand = new Hand(this);
    this.toolbar = new Toolbar(find("tools"), find("help"), this);
    this.scene = { outlines: [], path: null, rings: [], hovered: null, drawing: null, crosshair: null };
    this.said = null;
    this.xs = this.ys = this.codes = this.flags = null;
    this.grid = null;
    this.moving = null; // {since, x0, y0}: on the way from one projection to another
    this.dirty = false;
    this.sample = Infinity; // how many points a moving map draws
    this.still = false; // what has changed is no move of the hand
    this.complete = false; // what stands on the screen is everything
    this.asked = new Map();
    this.hovering = -1;
    this.startPoints();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
    this.observer.observe(this.root);
    this.hand.setTool("lasso");
  }

  startPoints() {
    this.points = new Points(this.glCanvas);
    this.glCanvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // else it is never given back
      this.stage.dataset.state = "lost";
      this.tell("The computer took the graphics away; drawing again as soon as it gives them back.");
      this.waiting = setTimeout(() => this.replaceCanvas(), 4_000);
    });
    this.glCanvas.addEventListener("webglcontextrestored", () => {
      clearTimeout(this.waiting);
      this.points.build();
      this.tell("");
      this.touched();
    });
  }

  // A context that does not come back is replaced by a new one.
  replaceCanvas() {
    if (!this.stage.isConnected) return;
    const old = this.points;
    const canvas = this.glCanvas.cloneNode();
    this.glCanvas.replaceWith(canvas);
    this.glCanvas = canvas;
    this.startPoints();
    for (const [name, array] of Object.entries(old.columns)) this.points.set(name, array);
    this.points.lut = old.lut;
    this.points.uploadLut();
    this.tell("");
    this.resize();
    this.touched(); // of the same size, it would else stay empty
  }

  // --- from Python ---

  update(data, act) {
    this.send = act;
    const said = data.said;
    this.stage.dataset.asked = said.version;
    const missing = [];
    const column = (name, names) => {
      if (!said[name]) return null;
      const found = columnsOf(said[name], data[name], names);
      if (!found) missing.push(said[name].hash);
      return found;
    };
    const geometry = column("geometry", ["x", "y"]);
    const colour = column("colour", ["code"]);
    const flags = column("flags", ["flag"]);
    if (missing.length) return this.ask(missing);
    this.asked.clear();
    this.theme(said);
    const before = this.said;
    this.said = said;
    this.axes.forEach((axis, place) => (axis.textContent = said.axes[place]));
    this.stage.setAttribute("aria-label", said.alt);
    this.root.style.height = `${said.height}px`;
    this.points.setColours(said.colours, said.shapes);
    this.codes = colour?.code ?? null;
    this.points.set("code", this.codes);
    this.points.set("flag", flags?.flag ?? null);
    this.flags = flags?.flag ?? null;
    if (before?.geometry.hash !== said.geometry.hash) this.takePlaces(geometry, before);
    this.legend.update(said.legend);
    this.compass.update(said.compass);
    this.card.from(said.card);
    this.thumbnails.from(said.pictures);
    this.takePath(before);
    this.scene.outlines = said.outlines;
    this.scene.rings = said.rings.map((i) => this.at(i));
    this.toolbar.update();
    this.tell("");
    if (said.heard && said.heard !== before?.heard) this.say(said.heard);
    this.still = true;
    this.touched();
  }

  // The page does not have (any more) what Python thinks it has.
  ask(hashes) {
    const key = hashes.join();
    const times = (this.asked.get(key) ?? 0) + 1;
    this.asked.set(key, times);
    if (times <= MOST_ASKED) this.send({ do: "need", hashes });
    else this.tell("The points did not reach this page. Reload it to try again.");
  }

  takePlaces({ x, y }, before) {
    const same = before && before.order === this.said.order && this.xs?.length === x.length;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const old = same ? { x: this.xs, y: this.ys, camera: { ...this.camera } } : null;
    if (before) this.remember(before);
    this.extent = extentOf(x, y);
    this.xs = x;
    this.ys = y;
    this.grid = null;
    this.hover(-1);
    this.points.set("x1", x);
    this.points.set("y1", y);
    this.resize();
    this.camera.fit(this.extent);
    const known = places.get(this.said.geometry.hash);
    if (known && !known.whole) this.camera.place({ x: known.x, y: known.y, zoom: known.zoom });
    if (!old || still) return this.points.settle();
    // Where each point stood on the screen, in the new coordinates: the move is one of the eye's, not of the scales.
    const from = old.camera, to = this.camera;
    const scale = from.zoom / to.zoom;
    const x0 = new Float32Array(x.length), y0 = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      x0[i] = (old.x[i] - from.x) * scale + to.x;
      y0[i] = (old.y[i] - from.y) * scale + to.y;
    }
    this.points.set("x0", x0);
    this.points.set("y0", y0);
    this.moving = { since: performance.now(), x0, y0 };
  }

  // Where the map is looked at from; one that is seen as a whole is seen so again, whatever its size then.
  remember(said) {
    const { x, y, zoom } = this.camera;
    places.set(said.geometry.hash, { x, y, zoom, whole: this.isWhole() });
  }

  isWhole() {
    return Math.abs(this.camera.zoom - this.camera.fitted) < 1e-9 * this.camera.fitted;
  }

  takePath(before) {
    const path = this.said.path;
    if (!path) this.scene.path = null;
    else if (!before?.path || before.path.animal !== path.animal) this.scene.path = { ...path, at: null };
    else this.scene.path = { ...path, at: this.scene.path?.at ?? null };
  }

  theme(said) {
    const style = getComputedStyle(this.root);
    const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    this.colours = {
      text: read("--st-text-color", "#222"),
      background: read("--st-background-color", "#fff"),
      font: read("--st-font", "sans-serif"),
      accent: `rgb(${said.accent.join(",")})`,
    };
  }

  // --- to Python ---

  act(what) {
    this.send({ ...what, map: this.said.geometry.hash });
    clearTimeout(this.slow);
    this.slow = setTimeout(() => {
      this.tell("…");
      this.slow = setTimeout(() => this.tell(""), 8_000); // what changes nothing is not answered
    }, 500);
  }

  stroke(polygon, how) {
    this.scene.outlines = [...(how === "replace" ? [] : this.scene.outlines), { points: polygon, how }];
    this.redrawOver();
    this.act({ do: "stroke", polygon, how });
  }

  click(sx, sy, how) {
    const i = this.pick(sx, sy);
    if (i < 0) return;
    const path = this.scene.path?.indices.indexOf(i) ?? -1;
    if (path >= 0) this.scene.path.at = path;
    this.act({ do: "click", index: i, how });
  }

  // --- looking ---

  at(i) {
    if (this.moving) {
      const t = this.progress(), { x0, y0 } = this.moving;
      const fromX = x0[i] === x0[i] ? x0[i] : this.xs[i], fromY = y0[i] === y0[i] ? y0[i] : this.ys[i];
      return [fromX + (this.xs[i] - fromX) * t, fromY + (this.ys[i] - fromY) * t];
    }
    return [this.xs[i], this.ys[i]];
  }

  passes(i) {
    return !this.flags || (this.flags[i] & PASSES) !== 0;
  }

  colourOf(i) {
    const { said, flags } = this;
    if (said.selecting && !(flags?.[i] & SELECTED)) return `rgb(${said.grey.join(",")})`;
    return `rgb(${(this.codes ? said.colours[this.codes[i]] : said.accent).join(",")})`;
  }

  index() {
    if (!this.grid && this.xs && !this.moving) this.grid = new Grid(this.xs, this.ys, this.extent);
    return this.grid;
  }

  pick(sx, sy) {
    const grid = this.index();
    if (!grid) return -1;
    const [x, y] = this.camera.toData(sx, sy);
    return grid.nearest(x, y, PICK / this.camera.zoom, (i) => this.passes(i));
  }

  hoverAt(sx, sy, aloud = false) {
    this.hover(this.pick(sx, sy), aloud);
  }

  hover(i, aloud = false) {
    if (i === this.hovering) return;
    this.hovering = i;
    this.stage.dataset.hovered = i;
    if (i < 0) {
      this.scene.hovered = null;
      this.card.hide();
    } else {
      this.scene.hovered = [this.xs[i], this.ys[i]];
      this.card.show(i, ...this.camera.toScreen(this.xs[i], this.ys[i]), this.camera);
      if (aloud) setTimeout(() => this.hovering === i && this.say(this.card.sentence), 500);
    }
    this.redrawOver();
  }

  stepPath(step) {
    const path = this.scene.path;
    const last = path.indices.length - 1;
    path.at = path.at === null ? (step > 0 ? 0 : last) : Math.min(Math.max(path.at + step, 0), last);
    const i = path.indices[path.at];
    this.hovering = -1;
    this.hover(i, true);
    this.stage.dataset.date = path.dates[path.at];
    const [sx, sy] = this.camera.toScreen(...this.at(i));
    if (sx < 0 || sy < 0 || sx > this.camera.width || sy > this.camera.height) {
      this.camera.place({ x: this.xs[i], y: this.ys[i] });
      this.touched();
    }
    this.redrawOver();
  }

  fit() {
    this.camera.fit(this.extent);
    this.touched();
  }

  cyclePictures() {
    if (!this.thumbnails.url) return;
    const modes = ["auto", "on", "off"];
    this.thumbnails.mode = modes[(modes.indexOf(this.thumbnails.mode) + 1) % 3];
    this.toolbar.update();
    this.say(this.toolbar.buttons.pictures.title);
    this.touched();
  }

  savePicture() {
    return savePicture(this);
  }

  say(sentence) {
    this.live.textContent = sentence;
  }

  tell(sentence) {
    clearTimeout(this.slow);
    this.note.textContent = sentence;
    this.note.hidden = !sentence;
  }

  // --- drawing ---

  get ratio() {
    return Math.min(globalThis.devicePixelRatio || 1, 2);
  }

  resize() {
    this.root.classList.toggle("narrow", this.root.clientWidth < NARROW);
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    const over = this.overlay.canvas;
    const now = [Math.round(width * this.ratio), Math.round(height * this.ratio)];
    if (over.width === now[0] && over.height === now[1] && this.camera.width === width) return;
    const whole = this.extent && this.isWhole();
    this.camera.resize(width, height);
    if (whole) this.camera.fit(this.extent);
    [over.width, over.height] = now;
    this.sizeGl(this.ratio);
    this.touched();
  }

  sizeGl(ratio) {
    const width = Math.round(this.camera.width * ratio), height = Math.round(this.camera.height * ratio);
    if (this.glCanvas.width !== width) this.glCanvas.width = width;
    if (this.glCanvas.height !== height) this.glCanvas.height = height;
  }

  // Something has changed that shows: draw, at first as many points as keep the hand free, at rest all.
  touched() {
    this.lastTouch = performance.now();
    this.complete = false;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST);
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.frame());
  }

  progress() {
    if (!this.moving) return 1;
    const t = Math.min((performance.now() - this.moving.since) / MOVE, 1);
    return t * t * (3 - 2 * t);
  }

  frame() {
    this.dirty = false;
    if (!this.said || !this.xs) return;
    const begun = performance.now();
    // New colours come whole, unless that takes long: a sample first would be an unrest.
    const whole = this.still && !this.moving && (this.points.count / this.sample) * FAST < SLOW;
    const drawn = Math.min(whole ? Infinity : this.sample, this.points.count);
    this.still = false;
    this.drawPoints(this.ratio, drawn);
    this.complete = drawn === this.points.count && !this.moving;
    if (this.points.count > MANY) {
      this.points.finish();
      const took = performance.now() - begun;
      if (took > FAST) this.sample = Math.max(30_000, Math.floor((drawn * FAST) / took));
      else if (took < FAST / 2) this.sample = drawn * 2;
    }
    this.stage.dataset.state = this.moving ? "moving" : "drawn";
    if (this.complete) this.stage.dataset.drawn = this.said.version;
    this.redrawOver();
    this.stage.dataset.first ??= String(Math.round(performance.now()));
    if (this.moving) {
      if (this.progress() >= 1) {
        this.moving = null;
        this.points.settle();
        this.scene.rings = this.said.rings.map((i) => this.at(i));
      }
      this.touched();
    }
  }

  rest() {
    if (!this.said || !this.xs || this.moving) return;
    if (this.dirty) { // on a slow computer its frame is still to come, and would undo what is done here
      this.resting = setTimeout(() => this.rest(), REST);
      return;
    }
    if (!this.complete) this.drawPoints();
    this.complete = true;
    this.stage.dataset.drawn = this.said.version;
    this.thumbnails.update(this.camera, this.index(), (i) => this.passes(i), (i) => this.colourOf(i));
    this.remember(this.said);
    this.redrawOver();
    this.stage.dataset.state = "ready";
    this.stage.dataset.version = this.said.version;
  }

  drawPoints(ratio = this.ratio, count = Infinity) {
    this.sizeGl(ratio);
    // The look follows the density where the map is seen; anew with each frame, since zooming changes it.
    const look = lookFor(this.xs, this.ys, this.flags, this.points.count, this.camera);
    this.points.draw(
      this.camera,
      {
        ...look,
        ratio,
        moved: this.progress(),
        selecting: this.said.selecting,
        accent: this.said.accent,
        grey: this.said.grey,
      },
      count,
    );
  }

  redrawOver() {
    if (!this.said || !this.xs) return;
    const path = this.scene.path && {
      ...this.scene.path,
      points: this.scene.path.indices.map((i) => this.at(i)),
    };
    this.overlay.draw(this.camera, this.ratio, this.colours, { ...this.scene, path });
  }

  free() {
    this.observer.disconnect();
    clearTimeout(this.resting);
    clearTimeout(this.slow);
    clearTimeout(this.waiting);
    this.card.hide();
    this.points.free();
  }
}

const maps = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const act = (what) => setTriggerValue("act", what);
  let map = maps.get(parentElement);
  if (!map) {
    try {
      map = new LatentMap(parentElement);
    } catch (error) {
      console.warn(error);
      act({ do: "no_webgl2", webgl: !!document.createElement("canvas").getContext("webgl") });
      return;
    }
    maps.set(parentElement, map);
  }
  map.update(data, act);
  return () => {
    if (parentElement.isConnected) return; // a newer call has overtaken this one, which also ends it
    maps.delete(parentElement);
    map.free();
  };
}
