// The map as a PNG: background, points, path, title, legend and what it shows, at twice the size of the screen.

const TWICE = 2;
const COLUMN = 190, FOOT = 46, HEAD = 40;

async function savePicture(map) {
  const { camera, said, colours } = map;
  const width = camera.width + COLUMN, height = camera.height + HEAD + FOOT;
  const canvas = document.createElement("canvas");
  canvas.width = width * TWICE;
  canvas.height = height * TWICE;
  const pen = canvas.getContext("2d");
  pen.scale(TWICE, TWICE);
  pen.fillStyle = colours.background;
  pen.fillRect(0, 0, width, height);
  map.drawPoints(TWICE);
  pen.drawImage(map.glCanvas, 0, HEAD, camera.width, camera.height);
  map.drawPoints();
  pen.save();
  pen.translate(0, HEAD);
  pen.beginPath();
  pen.rect(0, 0, camera.width, camera.height);
  pen.clip();
  for (const [, image] of map.thumbnails.images) {
    if (!image.complete || !image.naturalWidth) continue;
    const box = image.getBoundingClientRect(), frame = map.glCanvas.getBoundingClientRect();
    const x = box.left - frame.left, y = box.top - frame.top;
    pen.drawImage(image, x, y, box.width, box.height);
    pen.lineWidth = 2;
    pen.strokeStyle = image.style.borderColor;
    pen.strokeRect(x + 1, y + 1, box.width - 2, box.height - 2);
  }
  map.overlay.paint(pen, camera, colours, { ...map.scene, hovered: null, crosshair: null, drawing: null });
  pen.fillStyle = colours.text;
  pen.globalAlpha = 0.7;
  pen.font = `12px ${colours.font}`;
  pen.textAlign = "center";
  pen.fillText(said.axes[0], camera.width / 2, camera.height - 8);
  pen.rotate(-Math.PI / 2);
  pen.fillText(said.axes[1], -camera.height / 2, 16);
  pen.restore();
  pen.fillStyle = colours.text;
  pen.textBaseline = "alphabetic";
  pen.font = `600 16px ${colours.font}`;
  pen.fillText(said.picture.title, 14, 26, width - 28);
  pen.font = `12px ${colours.font}`;
  pen.globalAlpha = 0.8;
  said.picture.foot.forEach((line, place) => pen.fillText(line, 14, HEAD + camera.height + 18 + 16 * place, width - 28));
  pen.globalAlpha = 1;
  if (said.legend) paintLegend(pen, colours, said.legend, camera.width + 8, HEAD + 14);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = said.picture.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function paintLegend(pen, colours, legend, left, top) {
  pen.fillStyle = colours.text;
  pen.font = `600 13px ${colours.font}`;
  pen.fillText(legend.title, left, top, COLUMN - 16);
  pen.font = `12px ${colours.font}`;
  let y = top + 20;
  const entry = ({ shape, colour, label, count }) => {
    pen.save();
    pen.translate(left, y - 10);
    pen.scale(0.75, 0.75);
    pen.fillStyle = colour;
    pen.fill(new Path2D(SHAPE_PATHS[shape] ?? SHAPE_PATHS.circle));
    pen.restore();
    pen.fillText(`${label} (${count.toLocaleString("en")})`, left + 18, y, COLUMN - 34);
    y += 18;
  };
  if (legend.kind === "categories") legend.entries.forEach(entry);
  else {
    const ramp = pen.createLinearGradient(0, y + 150, 0, y);
    legend.ramp.forEach((colour, place) => ramp.addColorStop(place / (legend.ramp.length - 1), colour));
    pen.fillStyle = ramp;
    pen.fillRect(left, y, 14, 150);
    pen.fillStyle = colours.text;
    for (const tick of legend.ticks) {
      const share = (tick.value - legend.from) / (legend.to - legend.from || 1);
      pen.fillText(tick.label, left + 20, y + 154 - 150 * share);
    }
    y += 176;
    if (legend.missing) entry(legend.missing);
  }
}
