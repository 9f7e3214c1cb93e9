// What lies over the points: the outline being drawn, one animal's path, the point under the pointer, the crosshair.

const ARROW = 7;

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  draw(camera, ratio, colours, scene) {
    const pen = this.pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, camera.width, camera.height);
    this.paint(pen, camera, colours, scene);
  }

  // Also onto another canvas: the picture that is saved.
  paint(pen, camera, colours, scene) {
    for (const outline of scene.outlines) this.outline(pen, camera, colours, outline);
    if (scene.path) this.path(pen, camera, colours, scene.path);
    for (const at of scene.rings) this.ring(pen, camera, colours, at, 1.5);
    if (scene.hovered) this.ring(pen, camera, colours, scene.hovered, 2.5);
    if (scene.drawing) this.drawing(pen, colours, scene.drawing);
    if (scene.crosshair) this.crosshair(pen, camera, colours, scene.crosshair);
  }

  outline(pen, camera, colours, { points, how }) {
    pen.save();
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(...camera.toScreen(x, y));
    pen.closePath();
    pen.setLineDash(how === "remove" ? [2, 4] : [6, 4]);
    pen.strokeStyle = colours.text;
    pen.globalAlpha = 0.55;
    pen.lineWidth = 1.2;
    pen.stroke();
    pen.restore();
  }

  drawing(pen, colours, { points, how }) {
    if (points.length < 2) return;
    pen.save();
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.closePath();
    pen.fillStyle = colours.accent;
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = colours.accent;
    pen.lineWidth = 1.6;
    pen.setLineDash(how === "remove" ? [3, 4] : []);
    pen.stroke();
    pen.restore();
  }

  ring(pen, camera, colours, [x, y], width) {
    const [sx, sy] = camera.toScreen(x, y);
    pen.save();
    pen.beginPath();
    pen.arc(sx, sy, 8, 0, 2 * Math.PI);
    pen.strokeStyle = colours.background;
    pen.lineWidth = width + 2.5;
    pen.stroke();
    pen.strokeStyle = colours.text;
    pen.lineWidth = width;
    pen.stroke();
    pen.restore();
  }

  // From the first date to the last: paler to stronger, an arrow on each leg that is long enough, dates at both ends
  // and where the reader stands.
  path(pen, camera, colours, { points, dates, at }) {
    const places = points.map(([x, y]) => camera.toScreen(x, y));
    pen.save();
    pen.lineJoin = "round";
    for (let leg = 1; leg < places.length; leg++) {
      const [ax, ay] = places[leg - 1], [bx, by] = places[leg];
      pen.globalAlpha = 0.3 + 0.6 * (leg / Math.max(places.length - 1, 1));
      pen.strokeStyle = colours.background;
      pen.lineWidth = 3.6;
      pen.beginPath();
      pen.moveTo(ax, ay);
      pen.lineTo(bx, by);
      pen.stroke();
      pen.strokeStyle = pen.fillStyle = colours.text;
      pen.lineWidth = 1.6;
      pen.stroke();
      const length = Math.hypot(bx - ax, by - ay);
      if (length > 26) this.arrow(pen, (ax + 2 * bx) / 3, (ay + 2 * by) / 3, Math.atan2(by - ay, bx - ax));
    }
    pen.globalAlpha = 1;
    const small = Math.max(2.2, 4 - places.length / 25);
    places.forEach(([x, y], place) => {
      const now = place === at;
      const end = place === 0 || place === places.length - 1;
      pen.beginPath();
      pen.arc(x, y, now ? 6.5 : end ? 4.5 : small, 0, 2 * Math.PI);
      pen.fillStyle = now ? colours.accent : place === 0 ? colours.background : colours.text;
      pen.fill();
      pen.lineWidth = now || place === 0 ? 2 : 1;
      pen.strokeStyle = now || place === 0 ? colours.text : colours.background;
      pen.stroke();
    });
    const taken = [];
    const named = at === null ? [0, places.length - 1] : [at, 0, places.length - 1];
    for (const place of new Set(named)) {
      if (dates[place]) this.label(pen, camera, colours, places[place], dates[place], taken, place === at);
    }
    pen.restore();
  }

  arrow(pen, x, y, angle) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(angle);
    pen.beginPath();
    pen.moveTo(ARROW, 0);
    pen.lineTo(-ARROW * 0.6, ARROW * 0.62);
    pen.lineTo(-ARROW * 0.6, -ARROW * 0.62);
    pen.closePath();
    pen.fill();
    pen.restore();
  }

  label(pen, camera, colours, [x, y], text, taken, strong) {
    pen.font = `${strong ? "600 " : ""}12px ${colours.font}`;
    if (x < 0 || y < 0 || x > camera.width || y > camera.height) return;
    const width = pen.measureText(text).width + 10;
    const left = Math.min(Math.max(x + 9, 2), camera.width - width - 2);
    const top = Math.min(Math.max(y - 22, 2), camera.height - 20);
    if (taken.some((other) => Math.abs(other[0] - left) < width && Math.abs(other[1] - top) < 18)) return;
    taken.push([left, top]);
    pen.globalAlpha = 0.9;
    pen.fillStyle = colours.background;
    pen.fillRect(left, top, width, 18);
    pen.globalAlpha = 1;
    pen.fillStyle = colours.text;
    pen.textBaseline = "middle";
    pen.fillText(text, left + 5, top + 9.5);
  }

  crosshair(pen, camera, colours, [x, y]) {
    pen.save();
    pen.strokeStyle = colours.accent;
    pen.globalAlpha = 0.8;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, camera.height);
    pen.moveTo(0, y);
    pen.lineTo(camera.width, y);
    pen.stroke();
    pen.restore();
  }
}
