// Which way each task rises on this map: longer where the place on the map says more about it.

const REACH = 46; // pixels of an arrow that explains everything

class Compass {
  constructor(element, act) {
    this.element = element;
    this.act = act;
    this.drawn = "";
  }

  update(directions) {
    const now = JSON.stringify(directions);
    if (now === this.drawn) return;
    this.drawn = now;
    this.element.hidden = !directions.length;
    const rose = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    rose.setAttribute("viewBox", "-64 -64 128 128");
    rose.innerHTML = '<circle r="50" fill="none" stroke="currentColor" opacity=".25"/>';
    const list = make("div", "tasks");
    const unsure = directions.filter((one) => one.share === null);
    directions.forEach((one, place) => {
      if (one.share === null) return;
      const entry = make("button", "", `${place + 1} ${one.label}: ${Math.round(100 * one.share)} %`);
      entry.type = "button";
      entry.title = `${one.sentence} Click to colour by it.`;
      entry.onclick = () => this.act({ do: "colour", name: one.name });
      list.append(entry);
      const length = REACH * Math.sqrt(one.share);
      const x = one.x * length, y = -one.y * length;
      const arrow = document.createElementNS("http://www.w3.org/2000/svg", "g");
      const angle = (Math.atan2(y, x) * 180) / Math.PI;
      arrow.innerHTML =
        `<line x2="${x}" y2="${y}" stroke="currentColor" stroke-width="2"/>` +
        `<path d="M5 0L-3 3.6L-3 -3.6Z" transform="translate(${x} ${y}) rotate(${angle})" fill="currentColor"/>`;
      const number = document.createElementNS("http://www.w3.org/2000/svg", "text");
      number.setAttribute("x", one.x * (length + 12));
      number.setAttribute("y", -one.y * (length + 12) + 4);
      number.setAttribute("text-anchor", "middle");
      number.textContent = String(place + 1);
      rose.append(arrow, number);
    });
    if (unsure.length) {
      const none = make("small", "", unsure.length === directions.length ? "no task has a sure direction here" : `${unsure.length} more: no sure direction`);
      none.title = unsure.map((one) => one.sentence).join("\n");
      list.append(none);
    }
    this.element.replaceChildren(...(unsure.length < directions.length ? [rose] : []), list);
    this.element.setAttribute("aria-label", "Directions in which the tasks rise");
  }
}
