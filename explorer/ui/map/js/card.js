// The card of one observation: its name and values at once where the page knows them, its picture as soon as it comes.

const WAIT = 90; // milliseconds over a point before anything is fetched
const MOST_CARDS = 400;

class Card {
  constructor(element) {
    this.element = element;
    this.kept = new Map();
    this.shown = -1;
    this.timer = 0;
    this.url = "";
  }

  // `url`: where cards come from, with the chosen fields; another url makes the kept ones worthless.
  from(url) {
    if (url === this.url) return;
    this.url = url;
    this.kept.clear();
    this.hide();
  }

  show(row, sx, sy, camera) {
    this.place(sx, sy, camera);
    if (row === this.shown) return;
    this.shown = row;
    clearTimeout(this.timer);
    const known = this.kept.get(row);
    if (known) this.fill(known, sx, sy, camera);
    else {
      this.element.hidden = true;
      if (this.url) this.timer = setTimeout(() => this.fetch(row, sx, sy, camera), WAIT);
    }
  }

  async fetch(row, sx, sy, camera) {
    let said;
    try {
      const answer = await fetch(this.url.replace("{row}", row));
      if (!answer.ok) return;
      said = await answer.json();
    } catch {
      return; // the server has gone; Streamlit says so
    }
    this.kept.set(row, said);
    if (this.kept.size > MOST_CARDS) this.kept.delete(this.kept.keys().next().value);
    if (this.shown === row) this.fill(said, sx, sy, camera);
  }

  fill(said, sx, sy, camera) {
    const title = make("strong", "", said.title);
    const fields = make("dl");
    for (const [name, value] of said.fields) fields.append(make("dt", "", name), make("dd", "", value));
    this.element.replaceChildren(title, ...(said.subtitle ? [make("small", "", said.subtitle)] : []), fields);
    if (said.picture) {
      const picture = make("img");
      picture.alt = "";
      picture.onload = () => this.place(sx, sy, camera);
      picture.onerror = () => picture.replaceWith(make("small", "", "its picture cannot be read"));
      picture.src = said.picture;
      this.element.prepend(picture);
    }
    this.element.hidden = false;
    this.place(sx, sy, camera);
  }

  place(sx, sy, camera) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = sx + 16 + width < camera.width ? sx + 16 : sx - 16 - width;
    const top = Math.min(Math.max(sy - height / 2, 4), camera.height - height - 4);
    this.element.style.transform = `translate(${Math.max(left, 4)}px, ${Math.max(top, 4)}px)`;
  }

  hide() {
    clearTimeout(this.timer);
    this.shown = -1;
    this.element.hidden = true;
  }

  // In one sentence, for a screen reader.
  get sentence() {
    const said = this.kept.get(this.shown);
    return said ? [said.title, said.subtitle, ...said.fields.map((pair) => pair.join(" "))].filter(Boolean).join(", ") : "";
  }
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}
