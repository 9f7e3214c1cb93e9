// Pictures at their places: the map as a contact sheet. One a cell of the screen, the nearest to the cell's middle,
// and none over another.

const SIDES = [56, 72, 92, 116]; // CSS pixels; the larger the fewer points are seen
const AT_ONCE = 260;
const GAP = 8; // what a cell is wider than its picture
const WHEN_FEW = 90; // points in sight from which on pictures come by themselves

class Thumbnails {
  constructor(element) {
    this.element = element;
    this.images = new Map(); // by row
    this.mode = "auto"; // auto | on | off
    this.url = "";
  }

  from(url) {
    if (url === this.url) return;
    this.url = url;
    this.clear();
  }

  clear() {
    this.images.clear();
    this.element.replaceChildren();
  }

  // Once the map stands still. `counts(i)`: whether the point is shown; `colourOf(i)`: its colour, for the frame.
  update(camera, grid, counts, colourOf) {
    if (!this.url || this.mode === "off" || !grid) return this.clear();
    const seen = camera.seen;
    let inSight = 0;
    const few = this.mode === "auto";
    grid.within(seen.x0, seen.y0, seen.x1, seen.y1, (i) => {
      if (counts(i) && this.inside(camera, grid, i)) inSight++;
      return inSight < 4_000;
    });
    if (few && inSight > WHEN_FEW) return this.clear();
    const side = SIDES[inSight > 400 ? 0 : inSight > 120 ? 1 : inSight > 30 ? 2 : 3];
    const chosen = this.choose(camera, grid, counts, side);
    const rows = new Map(chosen.map((one) => [one.i, one]));
    for (const [row, image] of this.images) {
      if (!rows.has(row)) {
        image.remove();
        this.images.delete(row);
      }
    }
    for (const [row, { x, y }] of rows) {
      let image = this.images.get(row);
      if (!image) {
        image = make("img");
        image.alt = "";
        image.decoding = "async";
        image.draggable = false;
        image.onerror = () => image.remove();
        image.src = this.url.replace("{row}", row);
        this.images.set(row, image);
        this.element.append(image);
      }
      // Whole, as long and as high as it is: the middle of a long animal has neither head nor tail.
      const inner = side - GAP;
      image.style.maxWidth = image.style.maxHeight = `${inner}px`;
      image.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      image.style.borderColor = colourOf(row);
    }
  }

  inside(camera, grid, i) {
    const [x, y] = camera.toScreen(grid.xs[i], grid.ys[i]);
    return x >= 0 && y >= 0 && x <= camera.width && y <= camera.height;
  }

  choose(camera, grid, counts, side) {
    const candidates = [];
    const reach = side / 2 / camera.zoom;
    // Twice as many cells as there is room for: where one's picture is in the way, another's fits.
    for (let cy = side / 2; cy < camera.height; cy += side / 2) {
      for (let cx = side / 2; cx < camera.width; cx += side / 2) {
        const [x, y] = camera.toData(cx, cy);
        let best = -1, least = Infinity;
        grid.within(x - reach, y - reach, x + reach, y + reach, (i) => {
          const dx = Math.abs(grid.xs[i] - x), dy = Math.abs(grid.ys[i] - y);
          if (dx > reach || dy > reach) return;
          const distance = dx * dx + dy * dy;
          if (distance < least && counts(i)) {
            least = distance;
            best = i;
          }
        });
        if (best < 0) continue;
        const [px, py] = camera.toScreen(grid.xs[best], grid.ys[best]);
        candidates.push({ i: best, x: px, y: py, least });
      }
    }
    candidates.sort((a, b) => a.least - b.least);
    const chosen = [];
    const apart = side - GAP;
    for (const one of candidates) {
      const free = chosen.every((other) => Math.abs(other.x - one.x) >= apart || Math.abs(other.y - one.y) >= apart);
      if (free) chosen.push(one);
      if (chosen.length >= AT_ONCE) break;
    }
    return chosen;
  }
}
