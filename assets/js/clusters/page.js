/**
 * The Clusters page: the film of latent space, every test image's code in the plane, epoch by epoch.
 *
 * Everything that moves is drawn here; Python hears of the epoch and of the point when the hand lets go.
 */

import { Cursor, carried, follow, sameCode } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { epochWords, whyOneEpoch } from "../shared/epochs.js";
import { Link, leadsTo } from "../shared/link.js";
import { live, liveComponent } from "../shared/live.js";
import { explain } from "../shared/terms.js";
import { FilmMap } from "./map.js";
import { SaveMenu } from "./save.js";
import { WHOLE, clampShape, eased } from "./scene.js";
import { KIND_NAMES, KIND_NOTES, Legend, PointPanel, SelectionPanel, known, showQuality } from "./side.js";

const SECONDS = 0.6; // from one epoch to the next, at the speed of 1
const GLIDE_MS = 200; // from between two epochs to the nearer one, and from one layout to another
const LONGEST_FRAME = 0.1; // seconds; after a pause of the whole browser the film goes on where it was
const NEAREST = 15; // codes by which a place for the cursor is found
const TICK = 26; // pixels that the number of an epoch needs below the film's slider
const TOGGLES = ["numerals", "images", "trails", "dim"];
const DEFAULTS = { kind: "umap", colour: "class", speed: 1, numerals: true, images: true, trails: false, dim: false };

// Made by whichever comes first, this or the component that receives the films.
const filmShelf = (globalThis.betaVaeFilms ??= { films: new Map(), listeners: new Set() });

/** The film of a key, if it is there. It then counts as new, so that a third takes the place of one that is not shown. */
function shelved(key) {
  const { films } = filmShelf;
  const film = films.get(key);
  if (film) {
    films.delete(key);
    films.set(key, film);
  }
  return film;
}

const gently = (share) => share * share * (3 - 2 * share);

class Clusters {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.link = new Link(root);
    this.cursor = null;
    this.revision = null;
    this.films = [];
    this.at = 0;
    this.frame = 0; // of the browser's
    this.playing = false;
    this.pointed = -1;
    this.selection = [];
    this.hidden = new Set();
    this.lookedAt = -1; // a class that is pointed at in the legend
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.template = this.find(".map").cloneNode(true);
    this.maps = [this.makeMap(this.find(".map"))];
    this.point = new PointPanel(this.find("section.point"));
    this.selected = new SelectionPanel(this.find("section.selection"), {
      all: () => this.selectInView(),
      clear: () => this.select([]),
      take: () => this.takeMeanCode(),
      look: (point) => this.look(point),
      choose: (point) => this.choose(point),
    });
    this.legend = new Legend(this.find("section.legend"), {
      hid: (hidden) => {
        this.hidden = hidden;
        this.mark();
        this.remember();
      },
      look: (label) => {
        this.lookedAt = label;
        this.mark();
      },
    });
    this.saving = new SaveMenu(this.find(".saving"), { shot: () => this.shot(), moment: () => this.at });
    leadsTo(this.find(".to-traverse"), "traverse", this.link);
    this.listen();
    this.arrived = () => {
      if (root.isConnected) this.open();
      else filmShelf.listeners.delete(this.arrived);
    };
    filmShelf.listeners.add(this.arrived);
  }

  makeMap(figure) {
    return new FilmMap(figure, {
      changed: () => this.request(),
      pointed: (map, point, byKey) => {
        this.look(point < 0 ? -1 : this.pointOn(map, point));
        if (byKey && this.pointed >= 0) this.point.say(this.nameOf(this.pointed));
      },
      chosen: (map, point) => this.choose(this.pointOn(map, point)),
      selected: (map, points) => this.select(points.map((point) => this.pointOn(map, point)).filter((point) => point >= 0)),
      viewed: () => this.keepViews(),
      allClasses: () => this.legend.hide(new Set()),
    });
  }

  listen() {
    const { find } = this;
    find(".play").onclick = () => this.toggle();
    find(".back").onclick = () => this.step(-1);
    find(".forth").onclick = () => this.step(1);
    const time = find(".time");
    time.onpointerdown = ({ pointerType }) => {
      if (pointerType !== "mouse") return; // a finger may be about to scroll
      this.stop();
      time.step = "any"; // so that a hand can look between two epochs
    };
    time.oninput = (event) => {
      this.stop();
      this.glide = null;
      this.at = Number(time.value);
      this.draw(performance.now());
      live.recordLatency(performance.now() - event.timeStamp);
    };
    time.onchange = () => this.settle();
    find("select.kind").onchange = ({ target }) => this.setKind(target.value);
    find("select.colour").onchange = ({ target }) => this.set({ colour: target.value });
    find(".speed select").onchange = ({ target }) => this.set({ speed: Number(target.value) });
    for (const name of TOGGLES) find(`[name=${name}]`).onchange = ({ target }) => this.set({ [name]: target.checked });
    this.root.addEventListener("keydown", (event) => this.press(event));
    const anywhere = (event) => {
      if (!this.root.isConnected) document.removeEventListener("keydown", anywhere);
      else if (document.activeElement === document.body) this.press(event);
    };
    document.addEventListener("keydown", anywhere);
  }

  /** Space plays and the arrows step through the epochs, unless what has the focus has a use for them. */
  press(event) {
    if (!this.films.length || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const element = event.composedPath()[0];
    const is = (selector) => element instanceof Element && element.matches(selector);
    if (is("select, textarea, input:not([type=range], [type=checkbox])")) return;
    const steps = {};
    if (!is(".time")) Object.assign(steps, { ArrowLeft: -1, ArrowRight: 1 });
    if (is(".player button")) Object.assign(steps, { Home: -Infinity, End: Infinity });
    if (is(".field")) Object.assign(steps, { PageUp: -1, PageDown: 1 });
    if (event.key === " " && !is("button, summary, a, [type=checkbox]")) this.toggle();
    else if (event.key in steps) this.step(steps[event.key]);
    else return;
    event.preventDefault();
  }

  // What Python sends -----------------------------------------------------------------------------------------------

  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.data = data;
    // What Python remembers counts once, when the page opens: later it is this page's own word, perhaps an older one.
    if (!this.settings && data.memory?.run === data.key) this.hidden = new Set(data.memory.hidden);
    this.settings ??= { ...DEFAULTS, ...data.memory?.settings };
    if (!this.films.length) this.keepRoom(data.shapes);
    for (const key of [data.key, data.other?.key]) {
      if (!key || live.get(key)?.whole) continue;
      live.whenReady(key, data.cursor.epoch).then(this.arrived);
      live.whenReady(key).then(() => {
        this.told = null; // what is decoded at this moment can be drawn now
        this.arrived();
      });
    }
    this.open();
  }

  /** Room for the maps before their films are here. @param {Record<string, number>[]} shapes by kind of layout, of each film */
  keepRoom(shapes) {
    const found = shapes.map((of) => clampShape(of[this.settings.kind] ?? of.umap ?? of.pca_last));
    const sum = found.reduce((all, shape) => all + shape);
    const { style } = this.find(".maps");
    style.setProperty("--aspect", found[0]);
    style.setProperty("--aspects", sum);
    style.setProperty("--count", found.length);
  }

  /** Show what has arrived: the first run as soon as it is there, the second beside it when it is there too. */
  open() {
    if (!this.data) return;
    const { key, film, other } = this.data;
    const side = (keys) => {
      const found = { run: live.get(keys.key), film: shelved(keys.film) };
      return found.run && found.film ? found : null;
    };
    const second = other ? side(other) : null; // looked at before the first, so that it is the one that makes room
    const first = side({ key, film });
    if (!first) return;
    const there = second ? [first, second] : [first];
    const identity = there.map((each) => `${each.run.key} ${each.film.key}`).join();
    const same = identity === this.identity && there.every(({ run }, place) => run === this.sides[place].run);
    if (!same) this.openFilms(there, identity);
    if (follow(this, this.data)) this.setCursor(this.cursor);
    this.showTheme();
    this.root.removeAttribute("aria-busy");
    this.draw(performance.now());
  }

  openFilms(sides, identity) {
    const sameRun = this.run?.key === sides[0].run.key;
    const epoch = sameRun && this.films.length ? this.epochAt(this.at) : null;
    this.identity = identity;
    this.run = sides[0].run;
    this.films = sides.map(({ film }) => film);
    const [first] = this.films;
    this.sides = sides.map((each) => ({
      ...each,
      about: each.film.about,
      pointOf: (point) => each.film.point(first.indices[point]),
    }));
    this.cursor = sameRun && this.cursor ? new Cursor(this.run, this.cursor) : null;
    const maps = this.find(".maps");
    while (this.maps.length > sides.length) this.maps.pop().figure.remove();
    while (this.maps.length < sides.length) {
      const figure = this.template.cloneNode(true);
      maps.append(figure);
      this.maps.push(this.makeMap(figure));
    }
    maps.parentElement.parentElement.classList.toggle("two", sides.length > 1);
    const theme = this.theme();
    this.maps.forEach((map, place) => {
      map.open(this.films[place], theme);
      map.find("figcaption").textContent = sides.length > 1 ? this.films[place].about.name : "";
      map.field.setAttribute("aria-label", `Map of ${this.films[place].about.name}`);
      map.view = { ...(filmShelf.views?.[this.viewKey(place)] ?? WHOLE) };
      map.showState();
    });
    this.paths = new Map();
    this.pointed = -1;
    this.root.style.setProperty("--shape", `${first.imageShape[1]} / ${first.imageShape[0]}`);
    this.point.open(this.sides);
    this.selected.open(this.sides);
    this.legend.open(first, this.hidden);
    this.hidden = this.legend.hidden;
    this.makeChoices();
    if (epoch !== null) this.at = this.frameOf(first, epoch);
    this.applySettings();
    const { key, indices } = filmShelf.selected ?? {};
    this.selection = key === this.run.key ? indices.map((index) => first.point(index)).filter((point) => point >= 0) : [];
    this.selected.choose(this.selection);
    if (this.cursor) this.setCursor(this.cursor, false); // the film may have other epochs now
    this.mark();
  }

  theme() {
    const { color, backgroundColor, caretColor: accent } = getComputedStyle(this.find(".field"));
    const [red, green, blue] = backgroundColor.match(/[\d.]+/g).map(Number);
    const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 128;
    return { text: color, background: backgroundColor, accent, dark };
  }

  showTheme() {
    const theme = this.theme();
    const text = JSON.stringify(theme);
    if (text === this.themed) return;
    this.themed = text;
    for (const { scene } of this.maps) scene.setTheme(theme);
    this.showLegend();
  }

  // Choices ---------------------------------------------------------------------------------------------------------

  makeChoices() {
    const [film] = this.films;
    const option = (value, text, there = true) => {
      const made = make("option", "", text, { value });
      made.disabled = !there; // its text says why
      return made;
    };
    const kinds = Object.entries(KIND_NAMES).map(([kind, name]) => {
      const there = film.kinds.has(kind);
      return option(kind, there ? name : `${name}: not worked out yet`, there);
    });
    this.find("select.kind").replaceChildren(...kinds);
    const measured = Object.entries(this.colourNames()).filter(([name]) => name === "class" || film.measured[name].count);
    const group = make("optgroup", "", "", { label: "A latent dimension" });
    const active = film.about.order.slice(0, film.latentDim - film.about.passive);
    group.append(...active.map((dimension) => option(`z${dimension}`, `z${dimension}`)));
    const choices = measured.map(([name, { title }]) => option(name, title));
    this.find("select.colour").replaceChildren(...choices, ...(active.length ? [group] : []));
    const frames = film.kinds.get("umap")?.frames ?? 0;
    const kept = film.values("kept", frames - 1);
    disable(this.find("[name=dim]"), kept ? "" : "Which neighbours an image kept is not worked out yet: it comes with the film.");
  }

  colourNames() {
    const images = this.films[0].points.toLocaleString("en");
    const range = "the same range for the whole film";
    return {
      class: { title: "class", note: "" },
      kl: { title: "KL of the image", note: `[KL](#kl) of the image’s [posterior](#posterior) from the [prior](#prior), [nats](#nats); ${images} test images, ${range}.` },
      reconstruction: { title: "reconstruction", note: `[Reconstruction](#reconstruction), −log p(x|z), at the mean of the [posterior](#posterior), [nats](#nats); ${images} test images, ${range}.` },
      kept: { title: "neighbours kept", note: "Share of its nearest codes that an image kept since the epoch before; the first epoch has none." },
    };
  }

  setKind(kind) {
    const before = this.maps.map(({ scene }) => scene.kind);
    this.set({ kind });
    if (this.calm.matches) return;
    this.maps.forEach(({ scene }, place) => {
      if (scene.kind !== before[place]) scene.from = { kind: before[place], share: 0 };
    });
    this.morph = performance.now();
    this.request();
  }

  set(changes) {
    Object.assign(this.settings, changes);
    this.applySettings();
    this.remember();
    this.draw(performance.now());
  }

  applySettings() {
    const { settings } = this;
    const [film] = this.films;
    this.kind = film.kinds.has(settings.kind) ? settings.kind : film.kinds.has("umap") ? "umap" : "pca_last";
    const offered = [...this.find("select.colour").querySelectorAll("option")].map(({ value }) => value);
    const colour = offered.includes(settings.colour) ? settings.colour : "class";
    this.find("select.kind").value = this.kind;
    this.find("select.colour").value = colour;
    this.find(".speed select").value = String(settings.speed);
    for (const name of TOGGLES) this.find(`[name=${name}]`).checked = settings[name];
    this.maps.forEach(({ scene, film: of }) => {
      scene.kind = of.kinds.has(this.kind) ? this.kind : "pca_last";
      scene.colourBy = colour;
      for (const name of TOGGLES) scene.options[name] = settings[name];
    });
    const shapes = this.maps.map(({ scene }) => scene.shape);
    this.maps.forEach(({ figure }, place) => figure.style.setProperty("--aspect", shapes[place]));
    this.find(".maps").style.setProperty("--aspects", shapes.reduce((sum, shape) => sum + shape));
    this.find(".maps").style.setProperty("--count", shapes.length);
    const without = this.films.slice(1).filter((of) => !of.kinds.has(this.kind)).map((of) => of.about.name);
    const note = without.length ? ` ${without[0]} has no such layout yet: its principal components are shown.` : "";
    explain(this.find(".kind-note"), KIND_NOTES[this.kind] + note);
    const { frames } = film.kinds.get(this.kind);
    const time = this.find(".time");
    time.max = frames - 1;
    this.at = Math.min(this.at, frames - 1);
    const still = frames > 1 ? "" : whyOneEpoch(this.films[0].about) || "This layout has one frame so far.";
    time.disabled = still !== "";
    time.title = still;
    disable(this.find(".play"), still);
    this.find(".still").textContent = still;
    this.find(".ticks").hidden = still !== "";
    this.ticked = null;
    this.told = null;
    this.showLegend();
  }

  showLegend() {
    const { scene } = this.maps[0];
    const name = scene.colourBy;
    const images = this.films[0].points.toLocaleString("en");
    const code = { title: name, note: `Mean of the [posterior](#posterior) in dimension ${name}; ${images} test images, the same range for the whole film.` };
    this.legend.showColours(scene, this.colourNames()[name] ?? code);
  }

  remember() {
    this.link.send("memory", { settings: this.settings, run: this.run.key, hidden: [...this.hidden] });
  }

  viewKey(place) {
    return `${this.sides[place].about.name} ${place}`;
  }

  /** The browser keeps the views, as it does the selection: they change too often to be sent, and mean nothing to Python. */
  keepViews() {
    filmShelf.views ??= {};
    this.maps.forEach(({ view }, place) => (filmShelf.views[this.viewKey(place)] = view));
  }

  // The clock -------------------------------------------------------------------------------------------------------

  get last() {
    return this.films[0].kinds.get(this.kind).frames - 1;
  }

  /** The epoch at a moment of the film; between two epochs, a number between them. */
  epochAt(at, film = this.films[0]) {
    const { epochs } = film;
    const frame = Math.min(Math.floor(at), epochs.length - 1);
    const next = Math.min(frame + 1, epochs.length - 1);
    return epochs[frame] + (epochs[next] - epochs[frame]) * (at - frame);
  }

  /** The moment of a film at an epoch, which may lie between two of its own. */
  frameOf(film, epoch) {
    const { epochs } = film;
    const after = epochs.findIndex((kept) => kept >= epoch);
    if (after < 0) return epochs.length - 1;
    if (after === 0) return 0;
    return after - 1 + (epoch - epochs[after - 1]) / (epochs[after] - epochs[after - 1]);
  }

  /** Where a map's film is when the first one's is at a moment. */
  momentOf(place, at = this.at) {
    if (place === 0) return at;
    const { scene, film } = this.maps[place];
    return Math.min(this.frameOf(film, this.epochAt(at)), scene.frames - 1);
  }

  /** The frame that each map shows, or is nearest to. @returns {number[]} */
  frames() {
    return this.maps.map((_, place) => Math.round(this.momentOf(place)));
  }

  /** The decoders' epochs for these frames: of very long runs the browser has not all. */
  decoders(frames) {
    return this.sides.map(({ run, film }, place) => nearestOf(run.epochs, film.epochs[frames[place]]));
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.last < 1) return;
    if (this.at >= this.last - 1e-3) this.at = 0;
    this.glide = null;
    this.time = this.at;
    this.playing = true;
    this.before = 0;
    this.find(".time").step = "any";
    this.showPlaying();
    this.request();
  }

  pause() {
    this.stop();
    this.settle();
  }

  /** Stand still where it is, because a hand has taken over. */
  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.showPlaying();
  }

  showPlaying() {
    const play = this.find(".play");
    play.classList.toggle("playing", this.playing);
    play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    play.title = this.playing ? "Pause (Space)" : "Play (Space)";
  }

  step(by) {
    this.stop();
    const from = by < 0 ? Math.ceil(this.at - 1e-3) : Math.floor(this.at + 1e-3);
    this.at = Math.min(this.last, Math.max(0, from + by));
    this.glide = null;
    this.draw(performance.now());
    this.settle();
  }

  /** Come to rest at the nearest epoch, and tell it to all pages. */
  settle() {
    const goal = Math.round(this.at);
    if (goal !== this.at) this.glide = { from: this.at, to: goal, began: performance.now() };
    this.find(".time").step = this.glide ? "any" : "1";
    this.request();
    this.moveCursor(goal);
  }

  // Drawing ---------------------------------------------------------------------------------------------------------

  request() {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      if (this.root.isConnected && this.films.length) this.draw(now);
      else this.playing = false;
    });
  }

  draw(now) {
    if (!this.films.length) return;
    let moving = this.advance(now);
    this.showTime(); // and with it the pictures of another epoch, before the map shows them too
    for (const map of this.maps) moving = map.advance(now) || moving;
    if (this.morph) {
      const share = Math.min(1, Math.max(0, (now - this.morph) / (2 * GLIDE_MS)));
      if (share === 1) this.morph = 0;
      for (const { scene } of this.maps) if (scene.from) scene.from = share < 1 ? { ...scene.from, share: gently(share) } : null;
      moving = true;
    }
    this.maps.forEach((map, place) => {
      const pointed = this.pointed < 0 ? -1 : this.sides[place].pointOf(this.pointed);
      map.pointed = pointed;
      const cursor = place === 0 ? this.cursorMark() : this.otherMark(place);
      map.paint(this.momentOf(place), { pointed, decoded: this.point.decoded(place), cursor, path: this.settings.trails });
    });
    if (moving) this.request();
  }

  /** Move on in time. @returns {boolean} whether there is more to come */
  advance(now) {
    if (this.playing) {
      if (this.before) {
        live.recordFrame(now - this.before);
        this.time += (Math.min(LONGEST_FRAME, (now - this.before) / 1000) * this.settings.speed) / SECONDS;
      }
      this.before = now;
      if (this.time >= this.last) {
        this.at = this.last;
        this.pause();
      } else {
        this.at = this.calm.matches ? Math.floor(this.time) : eased(this.time, this.settings.speed);
      }
      return this.playing;
    }
    if (!this.glide) return false;
    const { from, to, began } = this.glide;
    const share = this.calm.matches ? 1 : Math.min(1, Math.max(0, (now - began) / GLIDE_MS));
    this.at = from + (to - from) * gently(share);
    if (share < 1) return true;
    this.glide = null;
    this.find(".time").step = "1";
    return false;
  }

  /** The slider, and, whenever another epoch is the nearest, all that is said of an epoch. */
  showTime() {
    const time = this.find(".time");
    if (Number(time.value) !== this.at) time.value = this.at;
    this.showTicks();
    const frames = this.frames();
    const told = frames.join();
    if (told === this.told) return;
    this.told = told;
    const epochs = frames.map((frame, place) => this.films[place].epochs[frame]);
    this.maps.forEach(({ find }, place) => {
      const film = this.films[place];
      const { shown, remark, name } = epochWords(film.about, epochs[place]);
      const ended = place > 0 && shown && frames[place] === film.epochs.length - 1 && epochs[0] > epochs[place];
      find(".moment span").textContent = shown ? "Epoch" : "Weights";
      find(".moment b").textContent = shown;
      find(".moment small").textContent = ended ? "its last" : remark;
      if (place === 0) time.setAttribute("aria-valuetext", shown && remark ? `${name}, ${remark}` : name);
    });
    for (const tick of this.find(".ticks").children) tick.classList.toggle("now", Number(tick.dataset.frame) === frames[0]);
    disable(this.find(".back"), frames[0] === 0 ? "This is the first epoch." : "");
    disable(this.find(".forth"), frames[0] === this.last ? "This is the last epoch." : "");
    showQuality(this.find("section.quality"), this.films[0], this.kind, frames[0], this.films.length > 1);
    this.showPoint();
    this.selected.show(this.decoders(frames), frames);
  }

  /** The epochs below the slider, each at its place, with as many numbers as there is room for. */
  showTicks() {
    const ticks = this.find(".ticks");
    const width = ticks.clientWidth;
    const key = `${width} ${this.last} ${this.films[0].key}`;
    if (key === this.ticked || !width) return;
    this.ticked = key;
    const { epochs } = this.films[0];
    const every = Math.max(1, Math.ceil((TICK * this.last) / width));
    const made = Array.from({ length: this.last + 1 }, (_, frame) => {
      const tick = make("span", frame === Math.round(this.at) ? "now" : "", "", { "data-frame": frame });
      const numbered = frame === this.last || (frame % every === 0 && this.last - frame >= every);
      if (numbered) tick.append(make("i", "", String(epochs[frame])));
      tick.style.left = `${this.last ? (100 * frame) / this.last : 0}%`;
      return tick;
    });
    ticks.replaceChildren(...made);
  }

  // Points ----------------------------------------------------------------------------------------------------------

  /** The first film's point of a point of another map: that of the same image; −1 if it has none. */
  pointOn(map, point) {
    return map === this.maps[0] ? point : this.films[0].point(map.film.indices[point]);
  }

  nameOf(point) {
    const [film] = this.films;
    return `Test image ${film.indices[point]}, class ${film.about.class_names[film.labels[point]]}`;
  }

  look(point) {
    if (point === this.pointed) return;
    this.pointed = point;
    this.showPoint();
    this.request();
  }

  /** What is drawn strongly: the selection, or the class that is pointed at in the legend; and what is hidden. */
  mark() {
    this.maps.forEach(({ scene, film }, place) => {
      const { labels, points } = film;
      for (let point = 0; point < points; point++) scene.hidden[point] = this.hidden.has(labels[point]) ? 1 : 0;
      scene.meant = null;
      if (this.lookedAt >= 0 && !this.hidden.has(this.lookedAt)) {
        scene.meant = Uint8Array.from(labels, (label) => (label === this.lookedAt ? 1 : 0));
      } else if (this.selection.length) {
        scene.meant = new Uint8Array(points);
        for (const point of this.selection) {
          const own = this.sides[place].pointOf(point);
          if (own >= 0) scene.meant[own] = 1;
        }
      }
    });
    if (this.pointed >= 0 && this.hidden.has(this.films[0].labels[this.pointed])) this.look(-1);
    this.request();
  }

  showPoint() {
    if (!this.films.length || !this.cursor) return;
    const frames = this.frames();
    const point = this.pointed >= 0 ? this.pointed : this.anchor;
    const shows = this.pointed >= 0 || this.cursorAt(frames[0]).exact;
    const codes = this.sides.map(({ film, pointOf }, place) => {
      if (!shows) return place === 0 ? this.cursorAt(frames[0]).z : null;
      const own = pointOf(point);
      return own < 0 ? null : film.mean(frames[place], own);
    });
    const drawing = shows ? null : this.drawingAt(frames[0]);
    const cursor = drawing ? "The cursor: your drawing" : "The cursor, no test image";
    const title = !shows ? cursor : this.pointed < 0 ? `The cursor: ${lower(this.nameOf(point))}` : this.nameOf(point);
    this.point.show(shows ? point : -1, { title, codes, epochs: this.decoders(frames), frames, drawing });
  }

  /** @returns {Uint8Array|null} the drawing, where the cursor is on its own code */
  drawingAt(frame) {
    const { start } = this.cursor;
    const place = start.kind === "drawing" ? this.run.place(start) : -1;
    const own = place >= 0 && sameCode(this.cursorAt(frame).z, this.run.mean(this.decoders([frame])[0], place));
    return own ? this.run.image(place) : null;
  }

  // The selection ---------------------------------------------------------------------------------------------------

  select(points) {
    this.selection = points;
    filmShelf.selected = { key: this.run.key, indices: points.map((point) => this.films[0].indices[point]) };
    for (const map of this.maps) map.useLasso(false);
    this.selected.choose(points);
    const frames = this.frames();
    this.selected.show(this.decoders(frames), frames);
    this.mark();
    this.point.say(points.length ? `${points.length} images selected` : "Nothing is selected");
  }

  selectInView() {
    const [{ scene, dots }] = this.maps;
    this.select(scene.enclosed([[0, 0], [dots.width, 0], [dots.width, dots.height], [0, dots.height]]));
  }

  takeMeanCode() {
    const [frame] = this.frames();
    const code = Array.from(SelectionPanel.meanCode(this.films[0], frame, this.selection));
    const [epoch] = this.decoders([frame]);
    this.setCursor(new Cursor(this.run, { ...this.cursor, z: code, epoch, start: { kind: "code", code } }), false);
    this.cursor.tell(this.link);
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  /** @param {boolean} follow its epoch too: Python has set it */
  setCursor(cursor, follow = true) {
    this.cursor = cursor;
    this.frameOfCursor = nearestPlace(this.films[0].epochs, cursor.epoch);
    this.anchor = this.findAnchor();
    this.paths.clear();
    if (follow) {
      this.stop();
      this.glide = null;
      this.at = Math.min(this.frameOfCursor, this.last);
    }
    this.told = null;
    this.request();
  }

  /** @returns {number} the point of the image that the cursor set out from, −1 if it is none */
  findAnchor() {
    const [film] = this.films;
    const { kind, index } = this.cursor.start;
    return kind === "digit" ? film.point(index) : -1;
  }

  /** The points whose codes lie nearest to a code, nearest first. @returns {{point: number, square: number}[]} */
  nearest(code, frame, count) {
    const [film] = this.films;
    const squares = new Float32Array(film.points);
    for (let dimension = 0; dimension < film.latentDim; dimension++) {
      const values = film.values(`z${dimension}`, frame);
      for (let point = 0; point < squares.length; point++) squares[point] += (values[point] - code[dimension]) ** 2;
    }
    const found = [];
    for (let point = 0; point < squares.length; point++) {
      if (found.length === count && squares[point] >= found[count - 1].square) continue;
      const at = found.findIndex(({ square }) => square > squares[point]);
      found.splice(at < 0 ? found.length : at, 0, { point, square: squares[point] });
      found.length = Math.min(found.length, count);
    }
    return found;
  }

  /**
   * The cursor at a frame: its code there, and by which points its place is found. What has been added to an image's own
   * code stays while the epoch moves, if the cursor keeps its image.
   * @returns {{z: ArrayLike<number>, exact: boolean, near: {point: number, weight: number}[]}}
   */
  cursorAt(frame) {
    if (!this.paths.has(frame)) {
      const [film] = this.films;
      const { cursor, anchor, frameOfCursor } = this;
      let { z } = cursor;
      if (anchor >= 0 && cursor.keep === "digit" && frame !== frameOfCursor) {
        z = carried(z, film.mean(frameOfCursor, anchor), film.mean(frame, anchor));
      } else if (cursor.start.kind === "drawing") {
        z = cursor.at(this.decoders([frame])[0]).z; // no film has it, but the run's encoders
      }
      const exact = anchor >= 0 && sameCode(z, film.mean(frame, anchor));
      let near = [{ point: anchor, weight: 1 }];
      if (!exact) {
        const found = this.nearest(z, frame, Math.min(NEAREST, film.points));
        const weights = found.map(({ square }) => 1 / Math.sqrt(square + 1e-9));
        const sum = weights.reduce((total, weight) => total + weight, 0);
        near = found.map(({ point }, place) => ({ point, weight: weights[place] / sum }));
      }
      this.paths.set(frame, { z, exact, near });
    }
    return this.paths.get(frame);
  }

  /** How the first map marks the cursor. */
  cursorMark() {
    if (!this.cursor) return null;
    const frame = Math.floor(this.at);
    const share = this.at - frame;
    const ends = [[this.cursorAt(frame), 1 - share]];
    if (share > 0) ends.push([this.cursorAt(frame + 1), share]);
    const exact = ends.every(([end]) => end.exact);
    const { xs, ys } = this.maps[0].scene;
    const place = () => {
      const sum = [0, 0];
      for (const [{ near }, part] of ends) {
        for (const { point, weight } of near) {
          sum[0] += xs[point] * weight * part;
          sum[1] += ys[point] * weight * part;
        }
      }
      return sum;
    };
    return { place, exact, point: exact ? this.anchor : -1 };
  }

  /** How another map marks it: another run's latent space has no such code, but it may have the image. */
  otherMark(place) {
    const mark = this.cursorMark();
    const point = mark?.exact ? this.sides[place].pointOf(this.anchor) : -1;
    const { xs, ys } = this.maps[place].scene;
    return point < 0 ? null : { place: () => [xs[point], ys[point]], exact: true, point };
  }

  choose(point) {
    if (point < 0) return;
    this.stop();
    const [film] = this.films;
    const frame = Math.round(this.at);
    const [epoch] = this.decoders([frame]);
    const index = film.indices[point];
    const start = { kind: "digit", index };
    const place = this.run.place(start);
    const z = Array.from(place >= 0 ? this.run.mean(epoch, place) : film.mean(frame, point)); // which Python knows exactly
    if (!z.every(Number.isFinite)) return;
    this.setCursor(new Cursor(this.run, { z, epoch, start, keep: this.cursor.keep }), false);
    this.at = this.at === frame ? frame : this.at;
    if (this.at !== frame) this.settle();
    else this.cursor.tell(this.link);
    this.point.say(`${this.nameOf(point)} is the cursor`);
  }

  /** Take the cursor along to a frame, and tell Python. */
  moveCursor(frame) {
    const [epoch] = this.decoders([frame]);
    const { z } = this.cursorAt(frame);
    const { start, keep } = this.cursor;
    const cursor = new Cursor(this.run, { z: Array.from(z), epoch, start, keep });
    const place = keep === "digit" && this.cursorAt(frame).exact ? this.run.place(start) : -1;
    if (place >= 0) cursor.z = Array.from(this.run.mean(epoch, place)); // to its last digit
    const { anchor } = this;
    this.cursor = cursor;
    this.frameOfCursor = nearestPlace(this.films[0].epochs, epoch);
    this.anchor = anchor;
    this.cursor.tell(this.link);
  }

  // Saving ----------------------------------------------------------------------------------------------------------

  /** What is saved: the maps as they are shown. */
  shot() {
    const { settings, maps, films } = this;
    const name = maps[0].scene.colourBy;
    return {
      maps: maps.map(({ scene, view }, place) => ({
        scene,
        view: { ...view },
        at: (moment) => {
          if (place === 0) return moment;
          return Math.min(this.frameOf(films[place], this.epochAt(moment, films[0])), scene.frames - 1);
        },
        title: `${films[place].about.name} · ${films[place].about.weight}`,
        facts: (frame) => this.factsOf(films[place], scene.kind, frame),
      })),
      last: this.last,
      seconds: SECONDS / settings.speed,
      speed: settings.speed,
      font: getComputedStyle(this.root).fontFamily,
      colouredBy: (this.colourNames()[name] ?? { title: name }).title,
      player: this.data.player,
    };
  }

  factsOf(film, kind, frame) {
    const value = film.about.kinds[kind]?.trustworthiness?.[frame];
    const images = film.points.toLocaleString("en");
    const trust = Number.isFinite(value) ? `, trustworthiness ${known(value, 3)}` : "";
    return `${KIND_NAMES[kind]}, ${images} test images${trust}`;
  }
}

const lower = (text) => text[0].toLowerCase() + text.slice(1);
const nearestOf = (values, value) => values[nearestPlace(values, value)];

/** Where in a list the number nearest to a value stands. */
function nearestPlace(values, value) {
  let best = 0;
  for (let place = 1; place < values.length; place++) {
    if (Math.abs(values[place] - value) < Math.abs(values[best] - value)) best = place;
  }
  return best;
}

export default liveComponent(".clusters", Clusters);
