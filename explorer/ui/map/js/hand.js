// What the hand does: pointer, wheel and keys become pans, zooms, outlines and picks.

const STILL = 4; // pixels the pointer may move in a click
const PICK = 14; // pixels around the pointer in which a point is found
const MOST_CORNERS = 400;
const STEP = 60; // pixels an arrow key pans

class Hand {
  constructor(map) {
    this.map = map;
    this.tool = "lasso"; // lasso | box | pan
    this.doing = null; // {what: pan | draw, from, corners, how}
    this.pointers = new Map();
    this.cross = null; // the crosshair of the keyboard, in screen coordinates
    this.corners = null; // an outline begun with the keyboard
    const stage = map.stage;
    stage.onpointerdown = (event) => this.down(event);
    stage.onpointermove = (event) => this.move(event);
    stage.onpointerup = (event) => this.up(event);
    stage.onpointercancel = () => this.stop();
    stage.onpointerleave = () => !this.doing && map.hover(-1);
    stage.oncontextmenu = (event) => event.preventDefault();
    stage.ondblclick = (event) => !this.onControl(event) && map.fit();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.onkeydown = (event) => this.key(event);
    stage.onblur = () => this.leaveCross();
  }

  setTool(tool) {
    this.tool = tool;
    this.map.stage.dataset.tool = tool;
    this.map.toolbar.update();
  }

  onControl(event) {
    return event.composedPath().some((one) => one.classList?.contains("control"));
  }

  where(event) {
    const box = this.map.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  how(event) {
    return event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
  }

  down(event) {
    if (this.onControl(event)) return;
    this.map.stage.focus({ preventScroll: true });
    this.leaveCross();
    const at = this.where(event);
    this.pointers.set(event.pointerId, at);
    this.map.stage.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()];
      this.doing = { what: "pinch", apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
      return;
    }
    const pans = this.tool === "pan" || event.button !== 0;
    this.doing = { what: pans ? "pan" : "draw", from: at, last: at, corners: [at], how: this.how(event), moved: false, button: event.button };
  }

  move(event) {
    const at = this.where(event);
    if (!this.doing) {
      if (!this.onControl(event)) this.map.hoverAt(at[0], at[1]);
      else this.map.hover(-1);
      return;
    }
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, at);
    if (this.doing.what === "pinch") return this.pinch();
    const { from, last } = this.doing;
    if (!this.doing.moved && Math.hypot(at[0] - from[0], at[1] - from[1]) < STILL) return;
    this.doing.moved = true;
    this.map.hover(-1);
    if (this.doing.what === "pan") {
      this.map.camera.pan(at[0] - last[0], at[1] - last[1]);
      this.doing.last = at;
      this.map.stage.dataset.hand = "panning";
      this.map.touched();
      return;
    }
    if (this.tool === "box") this.doing.corners = boxOf(from, at);
    else {
      const corners = this.doing.corners;
      const [x, y] = corners[corners.length - 1];
      if (Math.hypot(at[0] - x, at[1] - y) >= 2) corners.push(at);
    }
    this.map.scene.drawing = { points: this.doing.corners, how: this.doing.how };
    this.map.redrawOver();
  }

  pinch() {
    const [a, b] = [...this.pointers.values()];
    const apart = Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1);
    this.map.camera.zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, apart / Math.max(this.doing.apart, 1));
    this.doing.apart = apart;
    this.map.touched();
  }

  up(event) {
    const doing = this.doing;
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    this.stop();
    if (!doing || doing.what === "pinch") return;
    if (!doing.moved) {
      if (doing.button === 0) this.map.click(...doing.from, doing.how);
    } else if (doing.what === "draw") this.finish(doing.corners, doing.how);
  }

  stop() {
    this.doing = null;
    this.pointers.clear();
    this.map.scene.drawing = null;
    delete this.map.stage.dataset.hand;
    this.map.redrawOver();
  }

  // An outline in screen coordinates goes to Python in data coordinates, which know nothing of the screen.
  finish(corners, how) {
    const thin = Math.ceil(corners.length / MOST_CORNERS);
    const kept = corners.filter((_, place) => place % thin === 0);
    if (kept.length < 3) return;
    this.map.stroke(kept.map(([x, y]) => this.map.camera.toData(x, y)), how);
  }

  wheel(event) {
    if (this.onControl(event)) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const [x, y] = this.where(event);
    this.map.camera.zoomAt(x, y, Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)));
    this.map.touched();
  }

  // --- the keyboard ---

  key(event) {
    if (event.ctrlKey || event.metaKey || event.target !== this.map.stage) return;
    const map = this.map, camera = map.camera;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const letters = { l: "lasso", b: "box", p: "pan" };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (arrows[key]) {
      const [dx, dy] = arrows[key];
      if (this.cross) this.moveCross(dx, dy, event.shiftKey ? 40 : 8);
      else if (map.scene.path && dx && !event.shiftKey) map.stepPath(dx);
      else {
        camera.pan(-dx * STEP, -dy * STEP);
        map.touched();
      }
    } else if (key === "+" || key === "=") this.zoomBy(1.4);
    else if (key === "-" || key === "_") this.zoomBy(1 / 1.4);
    else if (key === "0" || key === "f") map.fit();
    else if (letters[key]) this.setTool(letters[key]);
    else if (key === "c") this.cross ? this.leaveCross() : this.takeCross();
    else if (key === "i") map.cyclePictures();
    else if (key === "s") map.savePicture();
    else if (key === "?") map.toolbar.toggleHelp();
    else if (this.cross && key === " ") this.corner(this.how(event));
    else if (this.cross && key === "Enter") {
      if (this.corners?.length > 2) this.endCorners(this.how(event));
      else map.click(...this.cross, this.how(event));
    } else if (key === "Escape") {
      if (!map.toolbar.closeHelp()) {
        if (this.corners || this.doing) this.dropCorners();
        else if (this.cross) this.leaveCross();
        else map.act({ do: "clear" });
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  zoomBy(factor) {
    const [x, y] = this.cross ?? [this.map.camera.width / 2, this.map.camera.height / 2];
    this.map.camera.zoomAt(x, y, factor);
    this.map.touched();
  }

  takeCross() {
    this.cross = [this.map.camera.width / 2, this.map.camera.height / 2];
    this.moveCross(0, 0, 0);
    this.map.say("Crosshair: arrows move it, Enter selects the point under it, Space sets a corner of an outline.");
  }

  moveCross(dx, dy, step) {
    const { width, height } = this.map.camera;
    this.cross = [
      Math.min(Math.max(this.cross[0] + dx * step, 0), width),
      Math.min(Math.max(this.cross[1] + dy * step, 0), height),
    ];
    this.map.scene.crosshair = this.cross;
    if (this.corners) {
      const points = this.tool === "box" ? boxOf(this.corners[0], this.cross) : [...this.corners, this.cross];
      this.map.scene.drawing = { points, how: "replace" };
    }
    this.map.hoverAt(...this.cross, true);
    this.map.redrawOver();
  }

  corner(how) {
    if (this.tool === "box" && this.corners) {
      this.corners = boxOf(this.corners[0], this.cross);
      return this.endCorners(how);
    }
    (this.corners ??= []).push([...this.cross]);
    this.moveCross(0, 0, 0);
  }

  endCorners(how) {
    const corners = this.corners;
    this.dropCorners();
    this.finish(corners, how);
  }

  dropCorners() {
    this.corners = null;
    this.stop();
  }

  leaveCross() {
    if (!this.cross) return;
    this.cross = this.corners = null;
    this.map.scene.crosshair = this.map.scene.drawing = null;
    this.map.hover(-1);
    this.map.redrawOver();
  }
}

function boxOf([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}
