/**
 * Plays a film without the app, in the page that clusters/save.js `saveFilmPage` makes: the same scene as in the app, the
 * positions, the images and what was measured of them, and nothing from anywhere else.
 */

import { classColour, shorten } from "../shared/classes.js";
import { make } from "../shared/elements.js";
import { Terms } from "../shared/terms.js";
import { steadySliders } from "../shared/touch.js";
import { WHOLE, Scene, eased } from "./scene.js";

const TYPES = { Uint8Array, Uint16Array, Int32Array };
const COLOURED_BY = {
  class: "Class",
  kl: "KL of the image, nats",
  reconstruction: "Reconstruction, nats",
  kept: "Share of neighbours kept",
};
const FIGURES = { trustworthiness: "Trustworthiness", continuity: "Continuity", accuracy: "Accuracy", step: "Step" };
const ZOOM = 1.6; // of a button or a key
const CLOSEST = 80; // times that the whole can be enlarged
const NEAR = 14; // CSS pixels within which a point is pointed at
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** A film as it was packed, as a scene wants it. */
class SavedFilm {
  constructor(packed, arrays) {
    this.about = packed.about;
    this.epochs = this.about.epochs;
    this.imageShape = this.about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.images = arrays[packed.images];
    this.labels = arrays[packed.labels];
    this.indices = arrays[packed.indices];
    this.points = this.labels.length;
    this.hidden = packed.hidden;
    const numbers = ({ array, least, most, steps }) =>
      Float32Array.from(arrays[array], (step) => least + (step / steps) * (most - least));
    this.kinds = new Map(packed.kinds.map((kind) => [kind.name, { frames: kind.frames, positions: numbers(kind) }]));
    this.measured = new Map(packed.measured.map((found) => [found.name, { ...found, all: numbers(found) }]));
  }

  at(kind, frame) {
    return this.kinds.get(kind).positions.subarray(2 * this.points * frame, 2 * this.points * (frame + 1));
  }

  image(point) {
    return this.images.subarray(point * this.pixels, (point + 1) * this.pixels);
  }

  values(name, frame) {
    if (name === "kept" && frame === 0) return null; // as in engine/film.js
    const found = this.measured.get(name);
    return found && frame < found.frames ? found.all.subarray(frame * this.points, (frame + 1) * this.points) : null;
  }

  range(name) {
    return this.measured.get(name).range;
  }
}

/** @param {string} text the arrays one after the other, compressed, in base64 */
async function unpack(text, arrays) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return arrays.map(({ type, from, length }) => new TYPES[type](buffer, from, length));
}

class Player {
  /** @param {SavedFilm[]} films side by side; the first one's epochs are the clock's */
  constructor(films, shown, words) {
    this.find = (selector) => document.querySelector(selector);
    this.films = films;
    this.words = words; // names of the layouts, and what is to be said of them
    this.time = 0; // in frames of the first film, even while it plays
    this.moment = 0; // where the film is then
    this.seconds = shown.seconds; // from frame to frame, at the speed of 1
    this.speed = shown.speed;
    this.view = { ...WHOLE, ...shown.view };
    this.pointed = { map: null, point: -1 };
    this.frame = 0;
    this.maps = films.map((film) => this.makeMap(film));
    for (const { scene } of this.maps) Object.assign(scene.options, shown.options);
    this.makeChoices(shown);
    this.makeLegend();
    this.listen();
    this.retheme();
    this.choose(shown.kind, shown.colourBy);
    this.go(0);
  }

  // What there is to press -------------------------------------------------------------------------------------------

  makeMap(film) {
    const figure = make("figure");
    const canvas = make("canvas", "", "", { role: "img" });
    const caption = make("figcaption");
    caption.hidden = this.films.length === 1;
    const nothing = make("p", "nothing", "No point lies here: “Whole” and the key 0 show all.", { role: "status" });
    figure.append(caption, canvas, nothing);
    this.find(".maps").append(figure);
    const map = { film, figure, canvas, caption, nothing, scene: new Scene(film, this.theme()) };
    // The wheel scrolls the page, as everywhere, until somebody has taken hold of the map.
    canvas.onpointerleave = () => (map.taken = false);
    canvas.onwheel = (event) => {
      if (!event.ctrlKey && !event.metaKey && !map.taken) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), map, this.pixel(map, event));
    };
    canvas.ondblclick = () => this.look(WHOLE);
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      map.held = [event.clientX, event.clientY];
      map.taken = true;
    };
    canvas.onpointerup = canvas.onpointercancel = () => (map.held = null);
    canvas.onpointermove = (event) => {
      if (map.held) this.pan(map, event);
      this.point(map, map.scene.nearest(...this.pixel(map, event), NEAR * map.scene.ratio));
    };
    return map;
  }

  makeChoices(shown) {
    const { films, find } = this;
    const fill = (select, names, there) =>
      select.replaceChildren(...Object.entries(names).filter(([name]) => there(name)).map(([value, name]) => make("option", "", name, { value })));
    fill(find(".kind"), this.words.kinds, (kind) => films.every((film) => film.kinds.has(kind)));
    fill(find(".colour"), COLOURED_BY, (name) => name === "class" || films.every((film) => film.measured.has(name)));
    find(".kind").onchange = () => this.choose(find(".kind").value, find(".colour").value);
    find(".colour").onchange = () => this.choose(find(".kind").value, find(".colour").value);
    find(".speed").value = this.speed;
    find(".speed").onchange = () => (this.speed = Number(find(".speed").value));
    find(".dim").hidden = !films.every((film) => film.measured.has("kept"));
    for (const box of document.querySelectorAll("[type=checkbox]")) {
      box.checked = Boolean(shown.options[box.value]);
      box.onchange = () => {
        for (const { scene } of this.maps) scene.options[box.value] = box.checked;
        this.later();
      };
    }
  }

  makeLegend() {
    const [{ about, hidden }] = this.films;
    const buttons = about.class_names.map((name, label) => {
      const button = make("button", "", "", { type: "button", "aria-pressed": !hidden[label] });
      const colour = make("i", "", "", { "aria-hidden": "true" });
      colour.style.setProperty("--colour", classColour(label));
      button.append(colour, name);
      shorten(button, name);
      button.onclick = () => {
        button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") === "false");
        this.hide();
        this.later();
      };
      return button;
    });
    this.find(".legend").replaceChildren(...buttons);
    this.hide();
  }

  hide() {
    const off = Array.from(this.find(".legend").children, (button) => button.getAttribute("aria-pressed") === "false");
    for (const { scene, film } of this.maps) film.labels.forEach((label, point) => (scene.hidden[point] = off[label] ? 1 : 0));
  }

  listen() {
    this.find(".play").onclick = () => this.play(!this.playing);
    steadySliders(document.body);
    this.find(".scrubber").oninput = () => this.seek(Number(this.find(".scrubber").value));
    for (const button of document.querySelectorAll(".zoom button")) {
      const factor = { in: ZOOM, out: 1 / ZOOM }[button.value];
      button.onclick = () => (factor ? this.zoom(factor) : this.look(WHOLE));
    }
    document.onkeydown = (event) => this.press(event);
    dark.onchange = () => this.retheme();
    new ResizeObserver(() => this.resize()).observe(this.find(".maps"));
    addEventListener("resize", () => this.resize());
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target.closest("button, select, input")?.tagName;
    // What the control that has the focus does with the key itself. A slider does nothing with Space.
    const native = at === "SELECT" || (event.target.type === "range" ? event.key.length > 1 : at && event.key === " ");
    const keys = {
      " ": () => this.play(!this.playing),
      ArrowLeft: () => this.seek(Math.ceil(this.moment) - 1),
      ArrowRight: () => this.seek(Math.floor(this.moment) + 1),
      Home: () => this.seek(0),
      End: () => this.seek(this.last),
      "+": () => this.zoom(ZOOM),
      "-": () => this.zoom(1 / ZOOM),
      0: () => this.look(WHOLE),
      n: () => this.next(1),
      p: () => this.next(-1),
    };
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || native) return;
    event.preventDefault();
    action();
  }

  // The film ---------------------------------------------------------------------------------------------------------

  choose(kind, colourBy) {
    const [{ scene }] = this.maps;
    for (const map of this.maps) Object.assign(map.scene, { kind, colourBy });
    this.find(".kind").value = kind;
    this.find(".colour").value = colourBy;
    this.find(".kind-note").textContent = this.words.notes[kind];
    for (const map of this.maps) map.figure.style.setProperty("--shape", map.scene.shape);
    this.find(".stage").style.setProperty("--shapes", this.maps.reduce((sum, map) => sum + map.scene.shape, 0));
    this.last = scene.frames - 1;
    this.find(".scrubber").max = this.last;
    this.find(".scale").hidden = colourBy === "class";
    if (colourBy !== "class") {
      const [least, most] = scene.film.range(colourBy);
      this.find(".least").textContent = least.toFixed(2);
      this.find(".most").textContent = most.toFixed(2);
      this.find(".ramp").style.background = `linear-gradient(90deg, ${scene.rampColours().join(", ")})`;
    }
    this.time = Math.min(this.time, this.last);
    this.go(Math.min(this.moment, this.last));
  }

  play(playing) {
    this.playing = playing && this.last > 0;
    if (this.playing && this.time >= this.last) this.time = 0;
    this.before = null;
    const button = this.find(".play");
    button.classList.toggle("playing", this.playing);
    button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.later();
  }

  /** Go to a frame, as a hand does: a film that plays is paused. */
  seek(frame) {
    this.play(false);
    this.time = Math.min(this.last, Math.max(0, frame));
    this.go(this.time);
  }

  go(moment) {
    this.moment = moment;
    const frame = Math.round(moment);
    const { epochs } = this.films[0];
    const scrubber = this.find(".scrubber");
    if (Number(scrubber.value) !== frame) scrubber.value = frame;
    scrubber.setAttribute("aria-valuetext", `epoch ${epochs[frame]}`);
    this.find(".epoch").textContent = `Epoch ${epochs[frame]}`;
    if (this.told !== `${frame} ${this.maps[0].scene.kind}`) this.tell(frame);
    this.later();
  }

  advance(now) {
    this.time += ((now - (this.before ?? now)) / 1000 / this.seconds) * this.speed;
    this.before = now;
    if (this.time < this.last) {
      this.go(calm.matches ? Math.floor(this.time) : eased(this.time, this.speed));
    } else {
      this.go(this.last);
      this.play(false);
    }
  }

  /** Where another film is at a moment of the first one's: at the same epoch, between frames too. */
  at(film) {
    const [first] = this.films;
    if (film === first) return this.moment;
    const frame = Math.min(Math.floor(this.moment), first.epochs.length - 2);
    const [from, to] = frame < 0 ? [first.epochs[0], first.epochs[0]] : [first.epochs[frame], first.epochs[frame + 1]];
    const epoch = from + (to - from) * (this.moment - Math.max(0, frame));
    const after = film.epochs.findIndex((other) => other >= epoch);
    if (after <= 0) return after < 0 ? film.epochs.length - 1 : 0;
    return after - (film.epochs[after] - epoch) / (film.epochs[after] - film.epochs[after - 1]);
  }

  // Drawing ----------------------------------------------------------------------------------------------------------

  later() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  draw(now) {
    this.frame = 0;
    if (this.playing) this.advance(now);
    for (const map of this.maps) {
      map.scene.paint(map.canvas, this.at(map.film), this.view);
      map.nothing.hidden = map.scene.drawn > 0;
      if (this.pointed.map === map) this.ring(map);
    }
    this.find("main").removeAttribute("aria-busy");
  }

  ring({ scene, canvas }) {
    const context = canvas.getContext("2d");
    const { point } = this.pointed;
    if (point < 0 || scene.hidden[point]) return;
    for (const [width, colour] of [[5, scene.theme.background], [2, scene.theme.text]]) {
      context.beginPath();
      context.arc(scene.xs[point], scene.ys[point], 7 * scene.ratio, 0, 2 * Math.PI);
      context.lineWidth = width * scene.ratio;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    for (const { canvas, scene } of this.maps) {
      const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * ratio));
      if (width > 0 && (width !== canvas.width || height !== canvas.height)) Object.assign(canvas, { width, height });
      scene.ratio = ratio;
    }
    this.later();
  }

  theme() {
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { background: backgroundColor, text: color, dark: dark.matches };
  }

  retheme() {
    for (const { scene } of this.maps) scene.setTheme(this.theme());
    if (this.maps[0].scene.colourBy !== "class") this.choose(this.maps[0].scene.kind, this.maps[0].scene.colourBy);
    this.resize();
  }

  // Moving about -----------------------------------------------------------------------------------------------------

  /** @returns {number[]} where an event is, in pixels of the canvas */
  pixel({ canvas }, event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  }

  /** Enlarge, so that what lies under a pixel stays there. */
  zoom(factor, map = this.maps[0], [x, y] = [map.canvas.width / 2, map.canvas.height / 2]) {
    const { width, height } = map.canvas;
    const scale = Math.min(CLOSEST, Math.max(1, this.view.scale * factor));
    const [before, after] = [this.view, { ...this.view, scale }].map((view) => map.scene.unit(view, width, height));
    const change = 1 / before - 1 / after;
    this.look({ x: this.view.x + (x - width / 2) * change, y: this.view.y - (y - height / 2) * change, scale });
  }

  pan(map, event) {
    const { canvas, scene } = map;
    const unit = scene.unit(this.view, canvas.clientWidth, canvas.clientHeight);
    const { x, y, scale } = this.view;
    this.look({ x: x - (event.clientX - map.held[0]) / unit, y: y + (event.clientY - map.held[1]) / unit, scale });
    map.held = [event.clientX, event.clientY];
  }

  look(view) {
    const [{ scene, canvas }] = this.maps;
    this.view = scene.within(view, canvas.width, canvas.height);
    this.later();
  }

  // Words ------------------------------------------------------------------------------------------------------------

  point(map, point) {
    if (point < 0 || (this.pointed.map === map && this.pointed.point === point)) return;
    this.pointed = { map, point };
    this.tellPoint();
    this.later();
  }

  /** To the next image that is shown, for those who have no pointer. */
  next(step) {
    const map = this.pointed.map ?? this.maps[0];
    const { points } = map.film;
    let { point } = this.pointed;
    if (point < 0) point = step > 0 ? -1 : points;
    for (let tried = 0; tried < points; tried++) {
      point = (point + step + points) % points;
      if (!map.scene.hidden[point]) return this.point(map, point);
    }
  }

  tellPoint() {
    const { map, point } = this.pointed;
    if (!map) return;
    const { film } = map;
    const canvas = this.find(".point canvas");
    const [height, width] = film.imageShape;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const picture = context.createImageData(width, height);
    film.image(point).forEach((grey, place) => picture.data.set([grey, grey, grey, 255], 4 * place));
    context.putImageData(picture, 0, 0);
    const name = `Test image ${film.indices[point]}`;
    const className = film.about.class_names[film.labels[point]];
    canvas.setAttribute("aria-label", `${name}, class ${className}`);
    const frame = Math.round(this.at(film));
    const figures = [["kl", "KL, nats"], ["reconstruction", "Reconstruction, nats"], ["kept", "Neighbours kept"]];
    const lines = figures.map(([measure, words]) => [words, film.values(measure, frame)?.[point]]);
    const known = lines.filter(([, value]) => value !== undefined).map(([words, value]) => `${words}: ${value.toFixed(2)}`);
    const run = this.films.length > 1 ? [film.about.name] : [];
    this.find(".point p").textContent = [...run, name, `Class ${className}`, ...known].join("\n");
    shorten(this.find(".point p"), className);
  }

  /** What is to be said at a frame of the first film. */
  tell(frame) {
    const { kind } = this.maps[0].scene;
    this.told = `${frame} ${kind}`;
    const [{ points, about }] = this.films;
    this.find("h1").textContent = this.films.map((film) => film.about.name).join(" and ");
    this.find(".about").textContent =
      `Film of latent space: ${points.toLocaleString("en")} ${about.split} images, each at the mean of its posterior, ` +
      `epoch by epoch in the plane. ${this.words.kinds[kind]}.`;
    this.maps.forEach(({ film, canvas, caption }) => {
      const epoch = film.epochs[Math.round(this.at(film))];
      caption.textContent = `${film.about.name}, ${film.points.toLocaleString("en")} images, epoch ${epoch}`;
      canvas.setAttribute("aria-label", `Map of ${film.points} images of ${film.about.name} at epoch ${epoch}, ${this.words.kinds[kind]}`);
    });
    const measured = this.films.filter((film) => film.about.kinds[kind]);
    this.find(".quality").hidden = measured.length === 0;
    this.find(".figures").replaceChildren(...measured.map((film) => this.figures(film, kind)));
    this.tellPoint();
  }

  figures(film, kind) {
    const frame = Math.round(this.at(film));
    const { kinds } = film.about;
    const table = make("table");
    table.append(make("caption", "", `${film.about.name}, epoch ${film.epochs[frame]}`));
    const columns = kind === "independent" ? [kind] : [kind, "independent"];
    const head = make("tr");
    head.append(make("td"), ...columns.map((column) => make("th", "", column === kind ? "this picture" : "UMAP of this epoch alone", { scope: "col" })));
    table.createTHead().append(head);
    const body = table.createTBody();
    for (const [measure, name] of Object.entries(FIGURES)) {
      const row = make("tr");
      row.append(make("th", "", name, { scope: "row" }));
      for (const column of columns) {
        const value = kinds[column]?.[measure]?.[measure === "step" ? frame - 1 : frame]; // a step is into its frame
        row.append(make("td", "", value === undefined ? "–" : value.toFixed(3)));
      }
      body.append(row);
    }
    return table;
  }
}

try {
  const { films, shown, words, arrays } = JSON.parse(document.getElementById("films").textContent);
  const numbers = document.getElementById("numbers");
  const unpacked = await unpack(numbers.textContent, arrays);
  numbers.textContent = ""; // the text is not needed any more
  new Terms(document, document.body);
  new Player(films.map((film) => new SavedFilm(film, unpacked)), shown, words);
} catch (error) {
  const problem = document.querySelector(".problem");
  problem.textContent = `This film cannot be played: ${error.message}`;
  problem.hidden = false;
}
