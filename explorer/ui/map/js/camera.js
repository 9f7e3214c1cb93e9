// What part of the map is seen: one scale for both axes, so that distances mean the same in every direction.

const FIT_MARGIN = 26; // CSS pixels
const FIT_TOP = 22; // more of it above, where the buttons are
const MOST_ZOOM = 20_000; // times the fitted scale
const LEAST_ZOOM = 0.2;

class Camera {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.x = 0; // data coordinates of the middle
    this.y = 0;
    this.zoom = 1; // CSS pixels per unit
    this.fitted = 1;
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  // The place from which all of `extent` is seen.
  toFit(extent) {
    const spanX = Math.max(extent.x1 - extent.x0, 1e-12);
    const spanY = Math.max(extent.y1 - extent.y0, 1e-12);
    const roomX = Math.max(this.width - 2 * FIT_MARGIN, 10);
    const roomY = Math.max(this.height - 2 * FIT_MARGIN - FIT_TOP, 10);
    const zoom = Math.min(roomX / spanX, roomY / spanY);
    return { x: (extent.x0 + extent.x1) / 2, y: (extent.y0 + extent.y1) / 2 + FIT_TOP / 2 / zoom, zoom };
  }

  place(at) {
    Object.assign(this, at);
  }

  fit(extent) {
    this.place(this.toFit(extent));
    this.fitted = this.zoom;
  }

  toScreen(x, y) {
    return [(x - this.x) * this.zoom + this.width / 2, (this.y - y) * this.zoom + this.height / 2];
  }

  toData(sx, sy) {
    return [(sx - this.width / 2) / this.zoom + this.x, this.y - (sy - this.height / 2) / this.zoom];
  }

  pan(dx, dy) {
    this.x -= dx / this.zoom;
    this.y += dy / this.zoom;
  }

  // What lies under (sx, sy) stays there.
  zoomAt(sx, sy, factor) {
    const [x, y] = this.toData(sx, sy);
    const zoom = this.zoom * factor;
    this.zoom = Math.min(Math.max(zoom, this.fitted * LEAST_ZOOM), this.fitted * MOST_ZOOM);
    const [nowX, nowY] = this.toData(sx, sy);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  get seen() {
    const [x0, y1] = this.toData(0, 0);
    const [x1, y0] = this.toData(this.width, this.height);
    return { x0, y0, x1, y1 };
  }
}

function extentOf(xs, ys) {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity, placed = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i], y = ys[i];
    if (x !== x || y !== y) continue;
    placed++;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return placed ? { x0, y0, x1, y1, placed } : { x0: -1, y0: -1, x1: 1, y1: 1, placed };
}
