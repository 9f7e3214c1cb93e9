// How large and how opaque points are: as dense as they lie where they are seen, so that 70,000 stay readable.

const SAMPLE = 20_000;
const CELL = 20; // CSS pixels
const LEAST_SIZE = 2.0, MOST_SIZE = 11;
const LEAST_ALPHA = 0.22, MOST_ALPHA = 0.92;

// `count` points in random order, so that the first ones speak for all.
function lookFor(xs, ys, flags, count, camera) {
  const n = Math.min(count, SAMPLE);
  const across = Math.ceil(camera.width / CELL) + 1;
  const cells = new Uint16Array(across * (Math.ceil(camera.height / CELL) + 1));
  const where = new Uint32Array(n);
  let seen = 0;
  for (let i = 0; i < n; i++) {
    if (flags && !(flags[i] & PASSES)) continue;
    const [x, y] = camera.toScreen(xs[i], ys[i]);
    if (!(x >= 0 && y >= 0 && x < camera.width && y < camera.height)) continue;
    const cell = Math.floor(x / CELL) + across * Math.floor(y / CELL);
    cells[cell]++;
    where[seen++] = cell;
  }
  if (!seen) return { size: MOST_SIZE, alpha: MOST_ALPHA };
  // Points per square pixel as the middle point has them around it.
  const around = where.subarray(0, seen).map((cell) => cells[cell]).sort();
  const density = (around[seen >> 1] * (count / n)) / CELL ** 2;
  const size = Math.min(Math.max(0.95 / Math.sqrt(density), LEAST_SIZE), MOST_SIZE);
  const overlap = density * Math.PI * (size / 2) ** 2;
  const alpha = Math.min(Math.max(1.35 / Math.sqrt(Math.max(overlap, 1e-9)) - 0.2, LEAST_ALPHA), MOST_ALPHA);
  return { size, alpha };
}
