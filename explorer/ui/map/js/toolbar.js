// The buttons over the map, and the page of keys.

const ICONS = {
  lasso: "M8 2.2c3.6 0 6 1.7 6 4s-2.4 4-6 4c-.7 0-1.4-.1-2-.2.1 1.3-.3 2.6-1.6 3.8l-.9-1c.9-.9 1.2-1.9 1-3.3C3 8.800 2 7.600 2 6.200c0-2.300 2.400-4 6-4zm0 1.400C5.200 3.600 3.400 4.800 3.400 6.200c0 .7.4 1.300 1.100 1.800.4-.5 1-.7 1.600-.4.4.2.500.6.600 1 .400.100.900.100 1.300.100 2.800 0 4.600-1.200 4.600-2.600S10.800 3.600 8 3.600z",
  box: "M2 2h3v1.400H3.400V5H2zm9 0h3v3h-1.400V3.400H11zM2 11h1.400v1.600H5V14H2zm10.600 0H14v3h-3v-1.400h1.600zM6.500 2h3v1.400h-3zm0 10.600h3V14h-3zM2 6.500h1.400v3H2zm10.600 0H14v3h-1.400z",
  pan: "M8 .8L10.600 3.600H8.700v3.700h3.700V5.400L15.200 8l-2.800 2.600V8.700H8.700v3.700h1.900L8 15.200l-2.600-2.800h1.900V8.700H3.600v1.900L.8 8l2.800-2.600v1.900h3.700V3.600H5.400z",
  closer: "M7.200 3h1.600v4.200H13v1.600H8.800V13H7.200V8.800H3V7.200h4.200z",
  farther: "M3 7.200h10v1.600H3z",
  fit: "M2 2h4.500v1.500H3.500v3H2zm7.500 0H14v4.500h-1.500v-3h-3zM2 9.500h1.500v3h3V14H2zm10.500 0H14V14H9.500v-1.500h3z",
  pictures: "M2 3h12v10H2zm1.400 1.400v6.300l2.900-3 2.200 2.200 1.700-1.600 2.400 2.400V4.400zM10.700 5.300a1.200 1.200 0 1 1 0 2.400 1.200 1.200 0 0 1 0-2.400z",
  save: "M7.200 1.500h1.600v6.700l2.300-2.300 1.100 1.100L8 11.200 3.800 7l1.100-1.100 2.300 2.300zM2.500 12.500h11V14h-11z",
  help: "M8 1.200a6.800 6.800 0 1 1 0 13.600A6.800 6.800 0 0 1 8 1.200zm-.1 9.300a.95.95 0 1 0 0 1.900.95.95 0 0 0 0-1.900zM8 3.700c-1.500 0-2.500.9-2.600 2.300h1.500c0-.6.400-1 1.100-1 .6 0 1 .400 1 .900 0 .5-.200.700-.800 1.100-.800.500-1.100 1-1 1.900v.4h1.400v-.3c0-.5.200-.800.800-1.200.7-.5 1.100-1.100 1.100-1.900C10.500 4.600 9.500 3.700 8 3.700z",
};

const KEYS = [
  ["Wheel, + and -", "closer, farther"],
  ["Double-click, 0", "see everything"],
  ["L, B, P", "lasso, box, pan (also: drag with the right button)"],
  ["Shift, Alt while drawing or clicking", "add to the selection, take away from it"],
  ["Arrows", "pan; with an animal's path shown: its dates (Shift: pan)"],
  ["C", "crosshair: arrows move it (Shift: faster), Enter selects the point under it"],
  ["Space in the crosshair", "sets a corner of a box or an outline; Enter closes the outline"],
  ["I", "pictures: by themselves when near, always, never"],
  ["S", "save the picture as PNG"],
  ["Esc", "leave what was begun; then clear the selection"],
];

class Toolbar {
  constructor(element, help, map) {
    this.map = map;
    this.help = help;
    this.buttons = {};
    const add = (name, title, act) => {
      const button = make("button");
      button.type = "button";
      button.title = title;
      button.setAttribute("aria-label", title);
      button.append(svg(ICONS[name]));
      button.onclick = act;
      element.append(button);
      this.buttons[name] = button;
    };
    add("lasso", "Lasso: draw around points (L)", () => map.hand.setTool("lasso"));
    add("box", "Box: select a rectangle (B)", () => map.hand.setTool("box"));
    add("pan", "Pan: move the map (P)", () => map.hand.setTool("pan"));
    element.append(make("i"));
    add("closer", "Closer (+)", () => map.hand.zoomBy(1.6));
    add("farther", "Farther (-)", () => map.hand.zoomBy(1 / 1.6));
    add("fit", "See everything (0)", () => map.fit());
    element.append(make("i"));
    add("pictures", "", () => map.cyclePictures());
    add("save", "Save the picture as PNG (S)", () => map.savePicture());
    add("help", "Keys (?)", () => this.toggleHelp());
    const list = make("dl");
    for (const [keys, does] of KEYS) list.append(make("dt", "", keys), make("dd", "", does));
    help.append(make("strong", "", "Hand and keys"), list);
  }

  update() {
    for (const tool of ["lasso", "box", "pan"]) {
      this.buttons[tool].setAttribute("aria-pressed", String(this.map.hand.tool === tool));
    }
    const pictures = this.buttons.pictures;
    const mode = this.map.thumbnails.mode;
    pictures.hidden = !this.map.thumbnails.url;
    const says = { auto: "by themselves when few points are in sight", on: "always", off: "never" }[mode];
    pictures.title = `Pictures at their places: ${says} (I)`;
    pictures.setAttribute("aria-label", pictures.title);
    pictures.setAttribute("aria-pressed", String(mode === "on"));
    pictures.classList.toggle("off", mode === "off");
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
  }

  closeHelp() {
    const open = !this.help.hidden;
    this.help.hidden = true;
    return open;
  }
}
