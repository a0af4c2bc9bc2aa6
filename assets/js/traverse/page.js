/**
 * Traverse: sliders for the latent dimensions, the decoded picture, the epoch clock and a row of decodes; below them two
 * dimensions on a pad and all of them in a grid. With `data.compact` only the sliders, the picture and the clock.
 *
 * Everything that moves is decoded here at once; Python hears of the position when it is released.
 */

import { normalCode, number } from "../engine/numbers.js";
import { cut, shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { listenToMenu, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture, imageRadio } from "../shared/pictures.js";
import { heading, saveFrames, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";
import { LIMIT, STEP, Heat, Spread, clamp } from "./data.js";
import { Grid } from "./grid.js";
import { Pad } from "./pad.js";
import { Tour } from "./tour.js";

const SVG = "http://www.w3.org/2000/svg";
const STRIP_VALUES = Array.from({ length: 13 }, (_, i) => -3 + 0.5 * i);
const SLICE_MS = 5; // of a frame's 16 ms, what the strip may take; the picture comes first
const WORDS_MS = 200; // between two texts about a picture that moves
const LONGEST_ANSWER_MS = 1000; // after which a link is followed all the same
const GIF_FRAMES = 25; // of one way along the dimension

/** One mounted component: its elements, what it shows, and what it tells Python. */
class Traverse {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.cursor = null;
    this.revision = null;
    this.frame = 0;
    this.stale = new Set(); // tiles of the strip that do not show the present code yet
    this.worded = 0;
    this.answered = null; // what waits for Python's next word
    this.around = false; // whether what tells about the present code is to be drawn anew
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.listen();
  }

  listen() {
    const { root, find } = this;
    this.clock = new Clock(find(".clock"), {
      moved: (epoch, event) => {
        this.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.release(),
    });
    this.grid = new Grid(find(".all"), {
      choose: (dimension, value) => {
        this.showDimension(dimension);
        this.place([[dimension, value]]);
        this.release();
      },
      moded: () => this.remember(),
    });
    this.pad = new Pad(find(".two"), {
      moved: (changes, event) => this.place(changes, event),
      released: () => this.release(),
      chosen: () => {
        this.later();
        this.remember();
      },
    });
    this.listenToTour();
    listenToMenu(root, find(".save"), (what) => this.saveAs(what));
    find(".random").onclick = () => this.startFrom({ kind: "random", code: normalCode(this.run.latentDim) });
    find(".origin").onclick = () => this.startFrom({ kind: "origin" });
    find(".reset").onclick = () => {
      this.setCode(this.base);
      this.release();
    };
    for (const radio of root.querySelectorAll("[name=keep]")) radio.onchange = () => this.setKeep(radio.value);
  }

  /** Take what Python sent: the same again on most reruns, and then nothing changes here. */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.root.style.setProperty("--rows", data.rows);
    this.root.classList.toggle("compact", Boolean(data.compact));
    this.memory ??= data.memory ?? {};
    this.answered?.();
    whenRun(this, { key: data.key, epoch: data.cursor.epoch }, (run) => {
      if (run !== this.run) this.openRun(run);
      if (follow(this, data)) this.takeCursor();
      this.pad.draw(this.epoch); // the theme may have changed
    });
  }

  /** Show the cursor that Python chose. */
  takeCursor() {
    this.tour.stop();
    this.base = this.codeOfStart() ?? Float32Array.from(this.cursor.z);
    this.z = Float32Array.from(this.cursor.z);
    this.showStart();
    this.showEpoch();
    this.setCode(this.z);
  }

  /** @returns {Cursor} with the code to which the hand has moved it */
  here() {
    return new Cursor(this.run, { ...this.cursor, z: Array.from(this.z) });
  }

  get epoch() {
    return this.cursor.epoch;
  }

  openRun(run) {
    this.run = run;
    this.out = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".decoded"), run.imageShape);
    this.original = new Picture(this.find(".original"), run.imageShape);
    this.heat = new Heat(this.find(".heat"), run);
    this.spread = new Spread(run);
    this.find(".keep-digit").textContent = `keep the ${run.about.noun}`;
    this.clock.open(run);
    this.find(".keep").hidden = run.epochs.length < 2;
    this.makeSliders();
    this.makeClasses();
    this.makeStrip();
    const { grid = "values", pad, run: ofRun } = this.memory;
    const known = ofRun === run.key && pad?.every((dimension) => dimension < run.latentDim);
    this.pad.open(run, known ? pad : run.about.order.slice(0, 2));
    this.grid.open(run, this.spread);
    this.grid.setMode(grid === "quantiles" ? grid : "values");
    this.root.removeAttribute("aria-busy");
  }

  /** The page is to be found as it was left. */
  remember() {
    this.memory = { grid: this.grid.mode, pad: this.pad.dimensions(), run: this.run.key };
    this.link.send("memory", this.memory);
  }

  // The picture ---------------------------------------------------------------------------------------------------

  draw() {
    this.picture.draw(this.run.decoder(this.epoch).decode(this.z, this.out), 255);
  }

  /** @param {ArrayLike<number>} code */
  setCode(code) {
    this.z = Float32Array.from(code);
    this.draw();
    this.sliders.forEach((_, dimension) => this.showValue(dimension));
    this.refreshStrip();
  }

  /**
   * Give some dimensions new values, as a hand does.
   * @param {[number, number][]} changes @param {Event} [event] what caused them, if its latency counts
   */
  place(changes, event) {
    this.tour.stop();
    for (const [dimension, value] of changes) this.z[dimension] = value;
    this.draw();
    if (event) live.recordLatency(performance.now() - event.timeStamp);
    for (const [dimension] of changes) this.showValue(dimension);
    if (changes.every(([dimension]) => dimension === this.dimension)) {
      this.showMarker();
      this.later();
    } else {
      this.refreshStrip();
    }
  }

  /** Tell Python where the cursor is, once the hand or the key lets go. */
  release() {
    this.tour.stop();
    this.cursor = this.here();
    this.cursor.tell(this.link);
  }

  // Sliders -------------------------------------------------------------------------------------------------------

  makeSliders() {
    const { order, passive_below: threshold, passive } = this.run.about;
    /** @type {{input: HTMLInputElement, row: HTMLElement, value: HTMLElement, bar: HTMLElement, nats: HTMLElement}[]} */
    this.sliders = [];
    const rows = order.map((dimension) => this.makeSlider(dimension));
    const active = rows.slice(0, rows.length - passive);
    const folded = rows.slice(rows.length - passive);
    this.find(".sliders.active").replaceChildren(...active);
    this.find(".passive .sliders").replaceChildren(...folded);
    const details = this.find(".passive");
    details.hidden = passive === 0;
    details.open = active.length === 0;
    const images = this.run.about.probe_images.toLocaleString("en");
    explain(
      this.find(".data-note"),
      `Grey: where the codes of ${images} [test images](#test-set) lie at this epoch. The rail is thick over 99 % of the ` +
        "[aggregate posterior](#aggregate-posterior), the codes that the [decoder](#decoder) learned from; ⚠ marks a value beyond.",
    );
    explain(this.find("#all-title"), active.length ? "All [active](#active) dimensions" : "All dimensions");
    const many = passive === 1 ? "1 dimension carries" : `${passive} dimensions carry`;
    const { at } = epochWords(this.run.about, this.run.epochs.at(-1));
    details.firstElementChild.textContent = `${many} nothing${at} (KL below ${threshold} nats)`;
    this.dimension = order[0];
  }

  makeSlider(dimension) {
    const row = make("div", "slider");
    const input = make("input", "", "", {
      type: "range", min: -LIMIT, max: LIMIT, step: STEP, "aria-describedby": "reset-hint",
    });
    const value = make("span", "value", "", { "aria-hidden": "true" });
    const kl = make("span", "kl", "", { "aria-hidden": "true" });
    const bar = make("span", "bar");
    const nats = make("span", "nats");
    kl.append(bar, nats);
    const density = document.createElementNS(SVG, "svg");
    density.setAttribute("viewBox", "0 0 64 255");
    density.setAttribute("preserveAspectRatio", "none");
    density.setAttribute("aria-hidden", "true");
    density.append(document.createElementNS(SVG, "path"));
    const track = make("div", "track");
    track.append(density, input);
    row.append(make("span", "name", `z${dimension}`, { "aria-hidden": "true" }), track, value, kl);
    input.oninput = (event) => this.slide(dimension, event);
    input.onchange = () => this.release();
    const choose = () => {
      if (this.tour.playing) this.release();
      this.showDimension(dimension);
    };
    input.onfocus = choose;
    input.onpointerdown = ({ pointerType }) => pointerType === "mouse" && choose(); // a finger may be about to scroll
    input.ondblclick = () => this.resetDimension(dimension);
    input.onkeydown = (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      this.resetDimension(dimension);
    };
    this.sliders[dimension] = { input, row, value, bar, nats, histogram: density.firstChild };
    return row;
  }

  /** The path of every frame of a drag: decode, draw, and only then the numbers around the picture. */
  slide(dimension, event) {
    this.showDimension(dimension);
    this.place([[dimension, Number(this.sliders[dimension].input.value)]], event);
  }

  resetDimension(dimension) {
    this.z[dimension] = this.base[dimension];
    this.setCode(this.z);
    this.release();
  }

  showValue(dimension) {
    const { input, row, value } = this.sliders[dimension];
    const z = this.z[dimension];
    const beyond = Math.abs(z) > LIMIT;
    const outside = this.spread.isOutside(this.epoch, dimension, z);
    const text = number(z);
    if (Number(input.value) !== z) input.value = clamp(z);
    value.textContent = text;
    row.classList.toggle("beyond", beyond);
    row.classList.toggle("outside", outside);
    const remark = beyond ? "beyond the end of the slider" : outside ? "outside the data" : "";
    if (row.title !== remark) row.title = remark;
    input.setAttribute("aria-valuetext", remark ? `${text}, ${remark}` : text);
    row.style.setProperty("--start", (clamp(this.base[dimension]) + LIMIT) / (2 * LIMIT));
  }

  // Starting point ------------------------------------------------------------------------------------------------

  /** @param {Start} start */
  startFrom(start) {
    this.cursor = new Cursor(this.run, { ...this.cursor, start });
    this.base = this.codeOfStart();
    this.showStart();
    this.setCode(this.base);
    this.release();
  }

  /** @returns {Float32Array|null} the code to which a reset returns, null if only the cursor itself knows */
  codeOfStart() {
    const { kind, code } = this.cursor.start;
    const position = this.startPosition();
    if (position >= 0) return this.run.mean(this.epoch, position).slice();
    if (kind === "origin") return new Float32Array(this.run.latentDim);
    return code ? Float32Array.from(code) : null;
  }

  /** @returns {number} the starting image's place among the run's, −1 if the start is no image */
  startPosition() {
    return this.run.place(this.cursor.start);
  }

  makeClasses() {
    const { class_names: names } = this.run.about;
    const firsts = names.map((_, label) => this.run.labels.indexOf(label));
    const thumbnails = firsts.flatMap((position, label) =>
      position < 0 ? [] : [imageRadio(this.run, position, {
            group: "class", value: label, name: `Class ${names[label]}`, choose: () => this.startFromClass(label),
          })],
    );
    for (const thumbnail of thumbnails) thumbnail.title += ": its first image; press again for the next";
    this.find(".classes").replaceChildren(...thumbnails);
    this.shownClass = null;
  }

  /** @returns {number[]} the gallery's images of a class */
  members(label) {
    return Array.from(this.run.labels.keys()).filter((position) => this.run.labels[position] === label);
  }

  /** The first image of a class, or the one after that at which the start is. */
  startFromClass(label) {
    const members = this.members(label);
    const next = members[(members.indexOf(this.startPosition()) + 1) % members.length];
    this.startFrom({ kind: "digit", index: this.run.indices[next] });
  }

  showClass(label) {
    if (label === this.shownClass) return;
    this.shownClass = label;
    const positions = this.members(label);
    const thumbnails = positions.map((position) => {
      const index = this.run.indices[position];
      const name = `Test image ${index}, ${this.run.about.class_names[label]}`;
      const choose = () => this.startFrom({ kind: "digit", index });
      return imageRadio(this.run, position, { group: "example", value: position, name, choose });
    });
    this.find(".examples").replaceChildren(...thumbnails);
    this.checkExample();
  }

  checkExample() {
    const position = this.startPosition();
    for (const radio of this.root.querySelectorAll("[name=example]")) radio.checked = Number(radio.value) === position;
  }

  showStart() {
    const { noun, class_names: names } = this.run.about;
    const { kind, index } = this.cursor.start;
    const position = this.startPosition();
    const label = position >= 0 ? this.run.label(position) : -1; // −1 of a drawing too
    for (const radio of this.root.querySelectorAll("[name=class]")) radio.checked = Number(radio.value) === label;
    this.showClass(label >= 0 ? label : this.shownClass ?? this.run.labels[0]);
    this.checkExample();

    const original = this.find(".original");
    original.hidden = position < 0;
    if (position >= 0) {
      this.original.draw(this.run.image(position), 1);
      const whose = kind === "drawing" ? "Your drawing, as the model sees it" : `Original image, ${names[label]}`;
      original.setAttribute("aria-label", whose);
    }
    const texts = {
      digit: position >= 0 ? `Started from test image ${index}, class ${names[label]}: this is the original.` : "",
      drawing: `Started from ${position >= 0 ? "your drawing: this is what the model sees of it" : "a drawing that is not kept here"}.`,
      random: "Started from a random code, drawn from the [prior](#prior) [N(0, I)](#normal).",
      origin: "Started from the [origin](#origin): every latent dimension at 0.",
      code: "Started from a given code.",
    };
    explain(this.find(".source-text"), texts[kind] || `Started from a ${noun} that is not shown here.`);
    shorten(this.find(".source-text"), ...names);

    for (const radio of this.root.querySelectorAll("[name=keep]")) {
      radio.checked = (radio.value === "digit") === this.cursor.kept >= 0;
    }
    const why = position >= 0 ? "" : `There is no ${noun} to keep, since the start is no image. Press a class to start from one.`;
    disable(this.find("[name=keep][value=digit]"), why);
  }

  // The clock -----------------------------------------------------------------------------------------------------

  setKeep(keep) {
    this.cursor = new Cursor(this.run, { ...this.cursor, keep });
    this.release();
  }

  setEpoch(epoch) {
    this.tour.stop();
    this.cursor = this.here().at(epoch);
    if (this.cursor.kept >= 0) {
      this.base = this.codeOfStart();
      this.setCode(this.cursor.z);
    } else {
      this.draw();
      this.sliders.forEach((_, dimension) => this.showValue(dimension)); // the data lie elsewhere
      this.refreshStrip();
    }
    this.showEpoch();
  }

  showEpoch() {
    this.clock.show(this.epoch);
    const { about } = this.run;
    const kl = this.run.kl(this.epoch);
    this.sliders.forEach(({ input: slider, bar, nats }, dimension) => {
      const rounded = number(kl[dimension]);
      nats.textContent = rounded;
      bar.style.setProperty("--share", Math.min(1, kl[dimension] / about.largest_kl));
      slider.setAttribute("aria-label", `z${dimension}, ${rounded} nats`);
    });
    this.dataShown = null;
  }

  // Where the data are, and what a dimension moves ----------------------------------------------------------------

  /** The histograms behind the sliders, and the piece of each that holds the data. */
  showData() {
    if (this.dataShown === this.epoch) return;
    this.dataShown = this.epoch;
    this.sliders.forEach(({ row, histogram }, dimension) => {
      histogram.setAttribute("d", this.spread.histogram(this.epoch, dimension));
      const [low, high] = this.spread.range(this.epoch, dimension);
      row.style.setProperty("--low", (clamp(low) + LIMIT) / (2 * LIMIT));
      row.style.setProperty("--high", (clamp(high) + LIMIT) / (2 * LIMIT));
    });
    this.pad.draw(this.epoch);
  }

  /** Whether the code is where the data are, in words. */
  showSign() {
    const { order } = this.run.about;
    const outside = order.filter((dimension) => this.spread.isOutside(this.epoch, dimension, this.z[dimension]));
    const distance = this.spread.distance(this.epoch, this.z);
    const limit = this.spread.limit(this.epoch);
    const names = outside.slice(0, 3).map((dimension) => `z${dimension}`).join(", ");
    const more = outside.length > 3 ? ` and ${outside.length - 3} more` : "";
    let text = "Within the data";
    if (outside.length) text = `Outside the data: ${names}${more}`;
    else if (distance > limit) text = "Outside the data as a whole";
    const sign = this.find(".sign");
    sign.classList.toggle("outside", outside.length > 0 || distance > limit);
    const said = sign.querySelector(".sign-text");
    if (said.textContent !== text) said.textContent = text;
    if (!this.inWords()) return;
    explain(this.find(".distance"), `${number(distance, 1)} [σ](#mahalanobis) from the middle; 99 % are within ${number(limit, 1)}`);
  }

  /** @returns {boolean} whether it is drawn; it takes two frames, a decode in each */
  showHeat() {
    const drawn = this.heat.step(this.run.decoder(this.epoch), this.z, this.dimension);
    if (!drawn) {
      this.moved = false; // what it has begun to draw is the present code
      return false;
    }
    if (this.inWords()) {
      const text = this.heat.text();
      this.find(".heat").setAttribute("aria-label", text);
      this.find(".heat-text").textContent = text;
    }
    return true;
  }

  /** Whether to write again what is drawn: nobody reads a text that changes sixty times a second. */
  inWords() {
    return !this.moved || performance.now() - this.worded > WORDS_MS;
  }

  // The strip -----------------------------------------------------------------------------------------------------

  makeStrip() {
    this.tiles = STRIP_VALUES.map((value) => {
      const button = make("button", "tile", "", { type: "button" });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      button.append(canvas, make("span", "", number(value, 1), { "aria-hidden": "true" }));
      button.onclick = () => {
        this.place([[this.dimension, value]]);
        this.release();
      };
      return { button, value, picture: new Picture(canvas, this.run.imageShape) };
    });
    const strip = this.find(".tiles");
    strip.replaceChildren(...this.tiles.map((tile) => tile.button));
    strip.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
      const at = this.tiles.findIndex((tile) => tile.button === event.target);
      this.tiles[at + step]?.button.focus();
    };
    this.marked = null;
    this.tileOut = new Float32Array(this.run.pixels);
    this.tileCode = new Float32Array(this.run.latentDim);
    this.nameStrip();
  }

  showDimension(dimension) {
    if (dimension === this.dimension) return;
    this.dimension = dimension;
    this.worded = 0; // no caption may speak of the dimension before
    this.nameStrip();
    this.refreshStrip();
  }

  nameStrip() {
    this.find("#strip-title").textContent = `Along z${this.dimension}, everything else as it is`;
    for (const { button, value } of this.tiles) {
      button.setAttribute("aria-label", `Set z${this.dimension} to ${number(value, 1)}`);
    }
    this.sliders.forEach(({ row }, dimension) => row.classList.toggle("chosen", dimension === this.dimension));
  }

  showMarker() {
    const z = this.z[this.dimension];
    const place = (Math.min(3.25, Math.max(-3.25, z)) + 3.25) / 6.5; // tiles are half a unit wide, centred on their value
    this.find(".marker").style.setProperty("--at", place);
    // One stop for the Tab key, at the present value; the arrow keys go on from there.
    const nearest = Math.min(STRIP_VALUES.length - 1, Math.floor(place * STRIP_VALUES.length));
    const within = Math.abs(z) <= 3.25;
    if (this.marked === `${nearest} ${within}`) return;
    this.marked = `${nearest} ${within}`;
    this.tiles.forEach(({ button }, position) => {
      button.classList.toggle("current", position === nearest && within);
      button.tabIndex = position === nearest ? 0 : -1;
    });
  }

  /** Have every tile drawn anew in the frames to come, a few milliseconds each, so that the hand is never kept waiting. */
  refreshStrip() {
    this.showMarker();
    for (const tile of this.tiles) this.stale.add(tile); // those that wait keep their turn
    this.later();
  }

  /** Have all that goes with the picture follow in the frames to come. */
  later() {
    this.around = true;
    this.moved = true;
    this.grid.show(this.epoch, this.z);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawLater());
  }

  drawLater() {
    this.frame = 0;
    const decoder = this.run.decoder(this.epoch);
    const end = performance.now() + SLICE_MS;
    if (this.around) {
      this.showData();
      this.showSign();
      this.pad.show(this.z, (dimension) => this.sliders[dimension].input.getAttribute("aria-valuetext"));
      const drawn = this.showHeat();
      this.around = !drawn || this.moved;
      if (drawn && this.inWords()) this.worded = performance.now(); // else those of the heat image might never be due
    }
    for (const tile of this.stale) {
      this.tileCode.set(this.z);
      this.tileCode[this.dimension] = tile.value;
      tile.picture.draw(decoder.decode(this.tileCode, this.tileOut), 255);
      this.stale.delete(tile);
      if (performance.now() > end) break;
    }
    if (this.stale.size || this.around) this.frame = requestAnimationFrame(() => this.drawLater());
  }

  // The tour ------------------------------------------------------------------------------------------------------

  listenToTour() {
    const button = this.find(".play");
    // Whoever follows a link takes along the picture that is seen at that moment. Streamlit drops what a page has sent
    // if it is told to leave the page before it has looked at it: so the click waits for an answer.
    const leave = (event) => {
      const anchor = event.composedPath().find((element) => element.tagName === "A");
      if (!anchor) return;
      this.release();
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.answered = () => {
        this.answered = null;
        if (this.root.isConnected) anchor.click();
      };
      setTimeout(() => this.answered?.(), LONGEST_ANSWER_MS);
    };
    this.tour = new Tour(this.root, {
      begin: (dimension) => {
        const level = (share) => clamp(this.spread.quantile(this.epoch, dimension, share));
        return { home: this.z[dimension], low: level(0.01), high: level(0.99) };
      },
      next: (dimension) => {
        const { active } = this.spread;
        return active[(active.indexOf(dimension) + 1) % active.length];
      },
      moved: (dimension, value) => {
        this.z[dimension] = value;
        this.draw();
        this.showValue(dimension);
        this.showMarker();
        this.later();
      },
      changed: () => {
        const { playing, visit } = this.tour;
        if (playing) this.showDimension(visit.dimension);
        const place = this.spread.active.indexOf(this.dimension) + 1;
        button.querySelector("span").textContent = playing ? "Pause" : "Tour";
        button.setAttribute("aria-label", playing ? "Pause the tour" : "Play a tour of the dimensions");
        button.classList.toggle("playing", playing);
        this.grid.makeWay(playing);
        if (playing) document.addEventListener("click", leave, true);
        else document.removeEventListener("click", leave, true);
        this.find(".tour-place").textContent = playing ? `${place} of ${this.spread.active.length}` : "";
      },
    });
    button.onclick = () => {
      if (this.tour.playing) this.release();
      else this.tour.play(this.dimension, this.z[this.dimension]);
    };
  }

  // Saving --------------------------------------------------------------------------------------------------------

  /** @returns {string} where the present code comes from, as pictures say it */
  startWords() {
    const { kind, index } = this.cursor.start;
    const position = this.startPosition();
    const name = position >= 0 ? cut(this.run.about.class_names[this.run.label(position)] ?? "") : "";
    const texts = { drawing: "started from a drawing", random: "started from a random code", origin: "started from the origin" };
    if (kind === "digit" && name) return `started from test image ${index}, class ${name}`;
    return texts[kind] ?? "of a given code";
  }

  /** @param {string} what a value of the menu's buttons */
  saveAs(what) {
    const { imageShape: shape, about } = this.run;
    const name = `${about.name}-epoch${this.epoch}`;
    const along = `${name}-z${this.dimension}`;
    const at = (value) => {
      const code = this.z.slice();
      code[this.dimension] = value;
      return this.run.decoder(this.epoch).decode(code);
    };
    const top = heading(about, this.epoch);
    const carried = `z${this.dimension}, KL ${number(this.run.kl(this.epoch)[this.dimension])} nats`;
    if (what === "picture") saveSheet(`${name}-picture.png`, [this.out], shape, 1, { title: [top, `Decoded: ${this.startWords()}`] });
    if (what === "strip") {
      const title = [top, `${carried}, set to the values over the pictures; ${this.startWords()}`];
      const heads = STRIP_VALUES.map((value) => number(value, 1));
      saveSheet(`${along}-strip.png`, STRIP_VALUES.map(at), shape, STRIP_VALUES.length, { title, heads });
    }
    if (what === "grid") {
      const images = this.grid.images(this.epoch, this.z);
      const { rows, heads, what: columns } = this.grid.words();
      const title = [top, `In each row one dimension is set to ${columns}; ${this.startWords()}; KL in nats`];
      saveSheet(`${name}-grid-${this.grid.mode}.png`, images, shape, heads.length, { title, rows, heads });
    }
    if (what === "film") {
      const there = Array.from({ length: GIF_FRAMES }, (_, i) => -3 + (6 * i) / (GIF_FRAMES - 1));
      const values = [...there, ...there.slice(1, -1).reverse()];
      const moments = values.map((value) => `z${this.dimension} = ${number(value)}`);
      saveFrames(`${along}.gif`, values.map(at), shape, { title: [top, `${carried}; ${this.startWords()}`], moments });
    }
    if (what === "csv" || what === "json") {
      const { kind, index = "" } = this.cursor.start;
      const start = what === "json" ? { start: this.cursor.start } : { start: kind, start_index: index }; // a cell holds no object
      const where = { ...provenance(about, this.epoch), ...start };
      saveCodes(`${name}-code.${what}`, [{ name: `epoch ${this.epoch}`, z: this.z }], where);
    }
  }
}

export default liveComponent(".traverse", Traverse);
