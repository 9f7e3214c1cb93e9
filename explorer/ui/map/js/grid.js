// Points by cells of a square grid, so that the nearest one to the pointer is found among a few.

const POINTS_PER_CELL = 4;

class Grid {
  constructor(xs, ys, extent) {
    this.xs = xs;
    this.ys = ys;
    const spanX = Math.max(extent.x1 - extent.x0, 1e-12);
    const spanY = Math.max(extent.y1 - extent.y0, 1e-12);
    const cells = Math.max(1, extent.placed / POINTS_PER_CELL);
    this.side = Math.max(Math.sqrt((spanX * spanY) / cells), Math.max(spanX, spanY) / 2048);
    this.x0 = extent.x0;
    this.y0 = extent.y0;
    this.across = Math.floor(spanX / this.side) + 1;
    this.up = Math.floor(spanY / this.side) + 1;
    const starts = new Uint32Array(this.across * this.up + 1);
    const cellOf = new Uint32Array(xs.length);
    for (let i = 0; i < xs.length; i++) {
      const x = xs[i], y = ys[i];
      if (x !== x || y !== y) {
        cellOf[i] = 0xffffffff;
        continue;
      }
      const cell = this.column(x) + this.across * this.row(y);
      cellOf[i] = cell;
      starts[cell + 1]++;
    }
    for (let cell = 1; cell < starts.length; cell++) starts[cell] += starts[cell - 1];
    const next = starts.slice(0, -1);
    const items = new Uint32Array(extent.placed);
    for (let i = 0; i < xs.length; i++) {
      if (cellOf[i] !== 0xffffffff) items[next[cellOf[i]]++] = i;
    }
    this.starts = starts;
    this.items = items;
  }

  column(x) {
    return Math.min(Math.max(Math.floor((x - this.x0) / this.side), 0), this.across - 1);
  }

  row(y) {
    return Math.min(Math.max(Math.floor((y - this.y0) / this.side), 0), this.up - 1);
  }

  // Calls `visit(i)` for each point whose cell touches the rectangle; ends early when `visit` returns false.
  within(x0, y0, x1, y1, visit) {
    const c0 = this.column(x0), c1 = this.column(x1);
    for (let r = this.row(y0); r <= this.row(y1); r++) {
      const from = this.starts[r * this.across + c0];
      const to = this.starts[r * this.across + c1 + 1];
      for (let place = from; place < to; place++) {
        if (visit(this.items[place]) === false) return;
      }
    }
  }

  // The nearest point to (x, y) within `reach` that `counts` accepts, or -1.
  nearest(x, y, reach, counts) {
    let best = -1;
    let least = reach * reach;
    this.within(x - reach, y - reach, x + reach, y + reach, (i) => {
      const dx = this.xs[i] - x, dy = this.ys[i] - y;
      const distance = dx * dx + dy * dy;
      if (distance < least && counts(i)) {
        least = distance;
        best = i;
      }
    });
    return best;
  }
}
