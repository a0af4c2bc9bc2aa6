/**
 * Traverse: sliders for the latent dimensions, the decoded picture, the epoch clock and a row of decodes.
 *
 * Everything that moves is decoded here at once; Python hears of the position when it is released.
 */

import { live } from "./store.js";

const LIMIT = 4; // sliders reach from −4 to 4: beyond lies one code in 16,000 of the prior
const STEP = 0.05;
const STRIP_VALUES = Array.from({ length: 13 }, (_, i) => -3 + 0.5 * i);
const SLICE_MS = 5; // of a frame's 16 ms, what the strip may take; the picture comes first

const number = (value, digits = 2) => value.toFixed(digits).replace(/^-(0\.0*)$/, "$1").replace("-", "−");
const clamp = (value) => Math.min(LIMIT, Math.max(-LIMIT, value));

/** A canvas that shows one grey image, white on black. */
class Picture {
  /** @param {HTMLCanvasElement} canvas @param {number[]} shape [height, width] */
  constructor(canvas, [height, width]) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.context = canvas.getContext("2d");
    this.frame = this.context.createImageData(width, height);
    this.packed = new Uint32Array(this.frame.data.buffer);
  }

  /** @param {ArrayLike<number>} pixels @param {number} scale 255 for values in [0, 1], 1 for bytes */
  draw(pixels, scale) {
    for (let i = 0; i < pixels.length; i++) this.packed[i] = 0xff000000 | (Math.round(pixels[i] * scale) * 0x010101);
    this.context.putImageData(this.frame, 0, 0);
  }
}

/** @returns {HTMLElement} an element with a class, text and attributes; text is never parsed as HTML */
function make(tag, className = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** One mounted component: its elements, what it shows, and what it tells Python. */
class Traverse {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.revision = null;
    this.frame = 0;
    this.stale = new Set(); // tiles of the strip that do not show the present code yet
    this.keyDown = false;
    this.unsent = false;
    this.find = (selector) => root.querySelector(selector);
    this.listen();
  }

  listen() {
    const { root, find } = this;
    const epoch = find(".epoch");
    epoch.oninput = (event) => {
      this.setEpoch(this.run.epochs[Number(epoch.value)]);
      live.recordLatency(performance.now() - event.timeStamp);
    };
    epoch.onchange = () => this.release();
    find(".random").onclick = () => this.startFrom({ kind: "random", code: normalCode(this.run.latentDim) });
    find(".origin").onclick = () => this.startFrom({ kind: "origin" });
    find(".reset").onclick = () => {
      this.setCode(this.base);
      this.release();
    };
    for (const radio of root.querySelectorAll("[name=keep]")) radio.onchange = () => this.setKeep(radio.value);
    // A held arrow key changes a slider thirty times a second: Python hears of it once, when the key comes up.
    root.onkeydown = () => (this.keyDown = true);
    root.onkeyup = root.onfocusout = () => {
      this.keyDown = false;
      if (this.unsent) this.release();
    };
  }

  /** Take what Python sent: the same again on most reruns, and then nothing changes here. */
  receive(data, setStateValue) {
    this.send = (cursor) => setStateValue("cursor", cursor);
    const key = data.key;
    this.wanted = key;
    this.root.style.setProperty("--rows", data.rows);
    if (this.run?.key === key) {
      this.applyFromPython(data);
      return;
    }
    const show = (run) => {
      if (this.wanted !== key) return; // another run was selected while this one's weights were on their way
      this.openRun(run);
      this.applyFromPython(data);
    };
    const run = live.get(key);
    if (run) show(run);
    else live.whenReady(key).then(show);
  }

  /**
   * A cursor from Python counts only if Python set it, which its revision tells. Otherwise it is this component's own
   * word coming back, perhaps older than what the hand has done since.
   */
  applyFromPython({ cursor, revision }) {
    if (revision === this.revision) return;
    this.revision = revision;
    this.sent = null; // Python has gone elsewhere since, so that the same position is news to it
    this.epoch = this.run.epochs.includes(cursor.epoch) ? cursor.epoch : this.run.epochs.at(-1);
    this.keep = cursor.keep;
    this.start = cursor.start;
    this.base = this.codeOfStart() ?? Float32Array.from(cursor.z);
    this.z = Float32Array.from(cursor.z);
    this.showStart();
    this.showEpoch();
    this.setCode(this.z);
  }

  openRun(run) {
    this.run = run;
    this.revision = null;
    this.out = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".decoded"), run.imageShape);
    this.original = new Picture(this.find(".original"), run.imageShape);
    this.find(".keep-digit").textContent = `keep the ${run.about.noun}`;
    this.find(".epoch").max = run.epochs.length - 1;
    this.makeSliders();
    this.makeClasses();
    this.makeStrip();
    this.root.removeAttribute("aria-busy");
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

  /** Tell Python where the cursor is, once the hand or the key lets go. */
  release() {
    this.unsent = this.keyDown;
    if (this.unsent) return;
    const cursor = { z: Array.from(this.z), epoch: this.epoch, start: this.start, keep: this.keep };
    const text = JSON.stringify([this.run.key, cursor]);
    if (text === this.sent) return;
    this.sent = text;
    this.send({ ...cursor, at: performance.now() }); // Streamlit would keep back a value that equals the last one
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
    const many = passive === 1 ? "1 dimension carries" : `${passive} dimensions carry`;
    details.firstElementChild.textContent = `${many} nothing (KL below ${threshold} nats)`;
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
    row.append(make("span", "name", `z${dimension}`, { "aria-hidden": "true" }), input, value, kl);
    input.oninput = (event) => this.slide(dimension, event);
    input.onchange = () => this.release();
    input.onfocus = input.onpointerdown = () => this.showDimension(dimension);
    input.ondblclick = () => this.resetDimension(dimension);
    input.onkeydown = (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      this.resetDimension(dimension);
    };
    this.sliders[dimension] = { input, row, value, bar, nats };
    return row;
  }

  /** The path of every frame of a drag: decode, draw, and only then the numbers around the picture. */
  slide(dimension, event) {
    this.z[dimension] = Number(this.sliders[dimension].input.value);
    this.draw();
    live.recordLatency(performance.now() - event.timeStamp);
    this.showValue(dimension);
    if (dimension === this.dimension) this.showMarker();
    else this.refreshStrip();
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
    const text = number(z);
    if (Number(input.value) !== z) input.value = clamp(z);
    value.textContent = text;
    row.classList.toggle("beyond", beyond);
    row.title = beyond ? "Beyond the end of the slider" : "";
    input.setAttribute("aria-valuetext", beyond ? `${text}, beyond the end of the slider` : text);
    row.style.setProperty("--at", (clamp(z) + LIMIT) / (2 * LIMIT));
    row.style.setProperty("--start", (clamp(this.base[dimension]) + LIMIT) / (2 * LIMIT));
  }

  // Starting point ------------------------------------------------------------------------------------------------

  /** @param {{kind: string, index?: number, code?: number[]}} start */
  startFrom(start) {
    this.start = start;
    this.base = this.codeOfStart();
    this.showStart();
    this.setCode(this.base);
    this.release();
  }

  /** @returns {Float32Array|null} the code to which a reset returns, null if only the cursor itself knows */
  codeOfStart() {
    const { kind, index, code } = this.start;
    const position = kind === "digit" ? this.run.position(index) : -1;
    if (position >= 0) return this.run.mean(this.epoch, position).slice();
    if (kind === "origin") return new Float32Array(this.run.latentDim);
    return code ? Float32Array.from(code) : null;
  }

  /** @returns {number} the starting image's place in the gallery, −1 if the start is no image */
  startPosition() {
    return this.start.kind === "digit" ? this.run.position(this.start.index) : -1;
  }

  makeClasses() {
    const { class_names: names } = this.run.about;
    const firsts = names.map((_, label) => this.run.labels.indexOf(label));
    const thumbnails = firsts.flatMap((position, label) =>
      position < 0 ? [] : [this.makeThumbnail("class", label, position, `Class ${names[label]}`, () => this.showClass(label))],
    );
    this.find(".classes").replaceChildren(...thumbnails);
    this.shownClass = null;
  }

  showClass(label) {
    if (label === this.shownClass) return;
    this.shownClass = label;
    const positions = Array.from(this.run.labels.keys()).filter((position) => this.run.labels[position] === label);
    const thumbnails = positions.map((position) => {
      const index = this.run.indices[position];
      const name = `Test image ${index}, ${this.run.about.class_names[label]}`;
      return this.makeThumbnail("example", position, position, name, () => this.startFrom({ kind: "digit", index }));
    });
    this.find(".examples").replaceChildren(...thumbnails);
    this.checkExample();
  }

  /** A radio button that looks like its image, so that the arrow keys work as everywhere. */
  makeThumbnail(group, value, position, name, choose) {
    const label = make("label", "thumbnail", "", { title: name });
    const radio = make("input", "", "", { type: "radio", name: group, value, "aria-label": name });
    const canvas = make("canvas", "", "", { "aria-hidden": "true" });
    new Picture(canvas, this.run.imageShape).draw(this.run.image(position), 1);
    radio.onchange = choose;
    label.append(radio, canvas);
    return label;
  }

  checkExample() {
    const position = this.startPosition();
    for (const radio of this.root.querySelectorAll("[name=example]")) radio.checked = Number(radio.value) === position;
  }

  showStart() {
    const { noun, class_names: names } = this.run.about;
    const position = this.startPosition();
    const label = position >= 0 ? this.run.labels[position] : this.shownClass ?? this.run.labels[0];
    for (const radio of this.root.querySelectorAll("[name=class]")) radio.checked = Number(radio.value) === label;
    this.showClass(label);
    this.checkExample();

    const original = this.find(".original");
    original.hidden = position < 0;
    if (position >= 0) {
      this.original.draw(this.run.image(position), 1);
      original.setAttribute("aria-label", `Original image, ${names[label]}`);
    }
    const texts = {
      digit: position >= 0 ? `Started from test image ${this.start.index}, a ${names[label]}: this is the original.` : "",
      random: "Started from a random code, drawn from the prior N(0, I).",
      origin: "Started from the origin: every latent dimension at 0.",
      code: "Started from a given code.",
    };
    this.find(".source-text").textContent = texts[this.start.kind] || `Started from a ${noun} that is not shown here.`;

    for (const radio of this.root.querySelectorAll("[name=keep]")) {
      radio.checked = radio.value === this.keepNow();
      radio.disabled = radio.value === "digit" && position < 0;
    }
  }

  // The clock -----------------------------------------------------------------------------------------------------

  /** What stays when the epoch moves; a start that is no image has only its code. */
  keepNow() {
    return this.startPosition() >= 0 ? this.keep : "code";
  }

  setKeep(keep) {
    this.keep = keep;
    this.release();
  }

  setEpoch(epoch) {
    this.epoch = epoch;
    if (this.keepNow() === "digit") {
      const before = this.base;
      this.base = this.codeOfStart();
      this.setCode(this.base.map((value, dimension) => value + this.z[dimension] - before[dimension]));
    } else {
      this.draw();
      this.refreshStrip();
    }
    this.showEpoch();
  }

  showEpoch() {
    const { epochs, about } = this.run;
    const position = epochs.indexOf(this.epoch);
    const input = this.find(".epoch");
    if (Number(input.value) !== position) input.value = position;
    const text = this.epoch === 0 ? "0, before any training" : String(this.epoch);
    input.setAttribute("aria-valuetext", `epoch ${text}`);
    input.parentElement.style.setProperty("--at", position / Math.max(1, epochs.length - 1));
    this.find(".epoch-value").textContent = text;
    this.find(".facts").textContent = about.facts[position];
    const kl = this.run.kl(this.epoch);
    this.sliders.forEach(({ input: slider, bar, nats }, dimension) => {
      const rounded = number(kl[dimension]);
      nats.textContent = rounded;
      bar.style.setProperty("--share", Math.min(1, kl[dimension] / about.largest_kl));
      slider.setAttribute("aria-label", `z${dimension}, ${rounded} nats`);
    });
  }

  // The strip -----------------------------------------------------------------------------------------------------

  makeStrip() {
    this.tiles = STRIP_VALUES.map((value) => {
      const button = make("button", "tile", "", { type: "button" });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      button.append(canvas, make("span", "", number(value, 1), { "aria-hidden": "true" }));
      button.onclick = () => {
        this.z[this.dimension] = value;
        this.setCode(this.z);
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
    this.tileOut = new Float32Array(this.run.pixels);
    this.tileCode = new Float32Array(this.run.latentDim);
    this.nameStrip();
  }

  showDimension(dimension) {
    if (dimension === this.dimension) return;
    this.dimension = dimension;
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
    this.tiles.forEach(({ button }, position) => {
      button.classList.toggle("current", position === nearest && Math.abs(z) <= 3.25);
      button.tabIndex = position === nearest ? 0 : -1;
    });
  }

  /** Have every tile drawn anew in the frames to come, a few milliseconds each, so that the hand is never kept waiting. */
  refreshStrip() {
    this.showMarker();
    this.stale = new Set(this.tiles);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawStrip());
  }

  drawStrip() {
    this.frame = 0;
    const decoder = this.run.decoder(this.epoch);
    const end = performance.now() + SLICE_MS;
    for (const tile of this.stale) {
      this.tileCode.set(this.z);
      this.tileCode[this.dimension] = tile.value;
      tile.picture.draw(decoder.decode(this.tileCode, this.tileOut), 255);
      this.stale.delete(tile);
      if (performance.now() > end) break;
    }
    if (this.stale.size) this.frame = requestAnimationFrame(() => this.drawStrip());
  }
}

/** D numbers from N(0, 1), by Box and Muller's transform. */
function normalCode(dimensions) {
  return Array.from({ length: dimensions }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return Math.fround(radius * Math.cos(2 * Math.PI * Math.random()));
  });
}

const mounted = new WeakMap();

/**
 * Runs at the first mount and again whenever data or theme change; the hand's state lives in the WeakMap. Returns no
 * cleanup: a strip in the making ends by itself within a few frames, and a cleanup that comes late, as it does when two
 * runs overlap, would stop the drawing of the mount that followed.
 */
export default function ({ data, parentElement, setStateValue }) {
  let attach = mounted.get(parentElement);
  if (!attach) {
    let traverse = null;
    let latest = null;
    attach = (given) => {
      latest = given ?? latest;
      const root = parentElement.querySelector(".traverse");
      if (!root || !latest?.data) return;
      if (traverse?.root !== root) traverse = new Traverse(root);
      traverse.receive(latest.data, latest.setStateValue);
    };
    mounted.set(parentElement, attach);
    // Streamlit may put the HTML into the parent anew without running this again.
    new MutationObserver(() => {
      if (parentElement.querySelector(".traverse") !== traverse?.root) attach();
    }).observe(parentElement, { childList: true });
  }
  attach({ data, setStateValue });
}
