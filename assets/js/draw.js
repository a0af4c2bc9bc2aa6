/**
 * The Draw page: what is written on a field becomes an image as the model's own, a code, a decoded image and neighbours.
 *
 * The drawing is a list of operations, so that a step can be taken back and the page is found as it was left. Encoders
 * and probe images come by way of encoders.js; everything is computed here, at every stroke.
 */

import { cut, shorten } from "./classes.js";
import { floorNats, klNats, reconstructionNats } from "./decoder.js";
import { Clock, Link, Picture, component, cursorAt, epochWords, leadsTo, make, number, provenance, saveCodes, whenRun } from "./common.js";
import { disable } from "./disable.js";
import { heading, saveSheet } from "./sheet.js";
import { live } from "./store.js";
import { explain } from "./terms.js";

const FIELD = 280; // the longer side of the drawing field, in its own pixels
const NEIGHBOURS = 8;
const STEPS_KEPT = 200;
const PICTURES_KEPT = 3; // a picture is the one large step: what is remembered of a drawing goes to Python and back
const MAX_FILE = 10 * 2 ** 20; // bytes
const MAX_PIXELS = 40e6; // a browser takes four bytes each to open it
const PAPER = 0.1; // of the range of a picture's greys: paper and the noise of a JPEG, not ink

const encoderShelf = (globalThis.betaVaeEncoders ??= { current: null, listeners: new Set() });

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** What tells one drawing from another: FNV-1a (Fowler, Noll and Vo) of its pixels, 29 bits of it. */
const numberOf = (pixels) => pixels.reduce((hash, pixel) => Math.imul(hash ^ pixel, 0x01000193), 0x811c9dc5 | 0) >>> 3;

// An image as the model's own -----------------------------------------------------------------------------------------

/**
 * Bring ink into the form of MNIST: "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio. The
 * resulting images contain grey levels as a result of the anti-aliasing technique … the images were centered in a 28x28
 * image by computing the center of mass of the pixels, and translating the image so as to position this point at the
 * center of the 28x28 field" (LeCun, Cortes and Burges, The MNIST Database). Its centre is pixel 14 of 0 to 27, reached by
 * moving whole pixels: so it is in the files, where the centre of mass lies within half a pixel of (14, 14). Another
 * size of image has a box and a centre in proportion.
 * @param {Uint8Array} ink width·height values, 0 to 255 @param {number[]} shape [height, width] of the result
 * @returns {Uint8Array} all 0 where there is no ink
 */
function asMnist(ink, width, height, [rows, columns]) {
  const box = boundingBox(ink, width, height);
  const out = new Uint8Array(rows * columns);
  if (!box) return out;
  const side = Math.round((Math.min(rows, columns) * 20) / 28);
  const scale = side / Math.max(box.right - box.left, box.bottom - box.top);
  const small = resample(ink, width, height, box.left, box.top, 1 / scale, side, side);
  let mass = 0;
  let massX = 0;
  let massY = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = small[y * side + x];
      mass += value;
      massX += value * x;
      massY += value * y;
    }
  }
  const usedX = Math.ceil((box.right - box.left) * scale - 1e-6);
  const usedY = Math.ceil((box.bottom - box.top) * scale - 1e-6);
  // No ink is cut off: a very lopsided figure is rather left a little off its centre.
  const place = (middle, centre, used, size) => Math.min(size - used, Math.max(0, Math.round(middle - centre)));
  const left = place(columns / 2, massX / mass, usedX, columns);
  const top = place(rows / 2, massY / mass, usedY, rows);
  for (let y = 0; y < usedY; y++) {
    for (let x = 0; x < usedX; x++) out[(top + y) * columns + left + x] = Math.round(small[y * side + x]);
  }
  return out;
}

/** The whole field at the size of the model's images. */
function asItIs(ink, width, height, [rows, columns]) {
  return Uint8Array.from(resample(ink, width, height, 0, 0, width / columns, columns, rows), Math.round);
}

/** The smallest box that holds all ink, in whole pixels; null without ink. */
function boundingBox(ink, width, height) {
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (ink[at] === 0) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right > left ? { left, right, top, bottom } : null;
}

/** Each pixel of the result is the mean over the area that it covers: `step` pixels of the source by as many. */
function resample(source, width, height, left, top, step, columns, rows) {
  const across = shares(left, step, columns, width);
  const down = shares(top, step, rows, height);
  const lines = new Float64Array(height * columns);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (const [x, share] of across[c]) sum += share * source[y * width + x];
      lines[y * columns + c] = sum;
    }
  }
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (const [y, share] of down[r]) {
      for (let c = 0; c < columns; c++) out[r * columns + c] += share * lines[y * columns + c];
    }
  }
  return out;
}

/** Along one axis, which source pixels each result pixel covers, and by what share of itself. */
function shares(first, step, count, size) {
  return Array.from({ length: count }, (_, n) => {
    const from = first + n * step;
    const to = from + step;
    const found = [];
    for (let at = Math.max(0, Math.floor(from)); at < Math.min(size, to); at++) {
      const covered = Math.min(at + 1, to) - Math.max(at, from);
      if (covered > 1e-9) found.push([at, covered / step]);
    }
    return found;
  });
}

// Pictures that are brought -------------------------------------------------------------------------------------------

/** A picture that cannot be used. Its message is a sentence for the page. */
class PictureError extends Error {}

/**
 * Read a picture file as greys.
 * @param {File} file
 * @returns {Promise<{source: Uint8Array, width: number, height: number}>}
 */
async function readPicture(file) {
  if (file.size === 0) throw new PictureError(`${file.name} is empty (0 bytes). Choose another picture.`);
  if (file.size > MAX_FILE) {
    const size = number(file.size / 2 ** 20, 0);
    throw new PictureError(`${file.name} has ${size} MB, and 10 MB is the most. Save it smaller, or cut out the digit.`);
  }
  const image = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new PictureError(`${file.name} is not a picture that can be read. Choose a PNG, JPEG, GIF or WebP.`));
      image.src = address;
    });
    const { naturalWidth: wide, naturalHeight: high } = image;
    if (!wide || !high) throw new PictureError(`${file.name} does not say how large it is. Save it as PNG.`);
    // The size is known before the pixels are unpacked, which is when a small file can become a huge picture.
    if (wide * high > MAX_PIXELS) {
      throw new PictureError(`${file.name} is ${wide} × ${high} pixels, and 40 million in all is the most. Save it smaller.`);
    }
    const scale = Math.min(1, FIELD / Math.max(wide, high));
    const canvas = make("canvas");
    canvas.width = Math.max(1, Math.round(wide * scale));
    canvas.height = Math.max(1, Math.round(high * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const source = greys(context.getImageData(0, 0, canvas.width, canvas.height).data);
    if (Math.max(...source) - Math.min(...source) < 16) {
      throw new PictureError(`${file.name} is of one colour, so there is nothing on it to see. Choose another picture.`);
    }
    return { source, width: canvas.width, height: canvas.height };
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Luminance (ITU-R BT.601); what is transparent gets the ground that what is seen stands out against. */
function greys(data) {
  const luminance = (at) => 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  let seen = 0;
  let light = 0;
  for (let at = 0; at < data.length; at += 4) {
    seen += data[at + 3];
    light += data[at + 3] * luminance(at);
  }
  const ground = light > 127.5 * seen ? 0 : 255;
  return Uint8Array.from({ length: data.length / 4 }, (_, n) => {
    const share = data[4 * n + 3] / 255;
    return Math.round(share * luminance(4 * n) + (1 - share) * ground);
  });
}

/** The greys of a picture's edge, sorted: mostly paper. */
function edge({ source, width, height }) {
  const found = source.filter((_, at) => {
    const x = at % width;
    const y = Math.floor(at / width);
    return x < 2 || y < 2 || x >= width - 2 || y >= height - 2;
  });
  return found.sort();
}

const middle = (sorted) => sorted[sorted.length >> 1];

/** Whether the edge of a picture is lighter than the picture is on average. */
function isDarkOnLight(picture) {
  return middle(edge(picture)) > picture.source.reduce((sum, value) => sum + value, 0) / picture.source.length;
}

/** The ink of a picture, 0 to 255: from its paper to its strongest grey. */
function inkOf(picture, darkOnLight) {
  const value = (grey) => (darkOnLight ? 255 - grey : grey);
  const border = Float64Array.from(edge(picture), value).sort();
  const all = picture.source.reduce(([low, high], grey) => [Math.min(low, value(grey)), Math.max(high, value(grey))], [255, 0]);
  // An edge that is nearer to ink than to paper is a frame, or the person wants the ground for ink.
  const framed = middle(border) > (all[0] + all[1]) / 2;
  const paper = framed ? all[0] : middle(border);
  const range = Math.max(1, all[1] - paper);
  const spread = framed ? 0 : border.reduce((sum, one) => sum + Math.abs(one - paper), 0) / border.length;
  const least = Math.max(PAPER, Math.min(0.5, (3 * spread) / range));
  return Uint8Array.from(picture.source, (grey) => {
    const share = (value(grey) - paper) / range;
    return share < least ? 0 : Math.round(255 * Math.min(1, share));
  });
}

// The page ------------------------------------------------------------------------------------------------------------

/**
 * @typedef {{kind: "stroke", width: number, erase: boolean, points: number[]}} Stroke points: x, y, x, y, …
 * @typedef {{kind: "picture", source: string, width: number, height: number, dark: boolean}} Brought base64 of its greys
 * @typedef {{kind: "image", pixels: string, width: number, height: number}} Copied base64 of a test image
 * @typedef {Stroke|Brought|Copied|{kind: "clear"}} Step
 */

class Draw {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.revision = null;
    this.remembered = false;
    this.kept = null; // the number of the drawing that Python has
    this.owed = false; // the drawing shall be the cursor as soon as there is an encoder
    /** @type {Step[]} */
    this.steps = [];
    this.stroke = null; // the one under the hand
    this.frame = 0;
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.ink = this.find(".ink");
    this.context = this.ink.getContext("2d", { willReadFrequently: true });
    this.listen();
    const arrived = () => {
      if (!root.isConnected) encoderShelf.listeners.delete(arrived);
      else if (this.run) this.catchUp();
    };
    encoderShelf.listeners.add(arrived);
  }

  listen() {
    const { find, ink } = this;
    this.clock = new Clock(find(".clock"), {
      moved: (epoch, event) => {
        this.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.release(),
    });
    ink.onpointerdown = (event) => this.begin(event);
    ink.onpointermove = (event) => this.go(event);
    ink.onpointerup = ink.onpointercancel = (event) => this.end(event);
    find(".undo").onclick = () => this.undo();
    find(".clear").onclick = () => this.isEmpty() || this.add({ kind: "clear" });
    this.root.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
      event.preventDefault();
      this.undo();
    });
    find(".file input").onchange = (event) => this.bring(event.target);
    find(".invert input").onchange = (event) => this.setDark(event.target.checked);
    find(".centre input").onchange = () => {
      this.redraw();
      this.settle();
    };
    find(".gallery select").onchange = () => this.showExamples();
    for (const [kind, act] of Object.entries({
      seen: () => this.savePicture("drawing", this.unit(this.image), "A drawing, as the model sees it"),
      decoded: () => this.savePicture("drawing-decoded", this.decoded, "A drawing, encoded and decoded"),
      csv: () => this.saveCode("csv"),
      json: () => this.saveCode("json"),
    })) {
      find(`.save-${kind}`).onclick = act;
    }
    leadsTo(find(".to-sliders"), "traverse", this.link);
    find(".to-sliders").addEventListener("click", () => this.release(true), { capture: true });
  }

  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    whenRun(this, { key: data.key }, (run) => {
      const other = run !== this.run;
      if (other) this.openRun(run, data.centred);
      if (!this.remembered) this.remember(data.memory);
      const moved = data.revision !== this.revision;
      if (moved) {
        this.revision = data.revision;
        this.link.forget("cursor");
        this.cursor = data.cursor;
        this.epoch = run.kept(data.cursor.epoch);
        this.clock.show(this.epoch);
      }
      if (other) this.redraw();
      if (other) this.catchUp();
      else if (moved) this.show();
      this.root.removeAttribute("aria-busy");
    });
  }

  openRun(run, centred) {
    const { find } = this;
    this.run = run;
    this.revision = null;
    const [rows, columns] = run.imageShape;
    const scale = FIELD / Math.max(rows, columns);
    this.ink.width = Math.round(columns * scale);
    this.ink.height = Math.round(rows * scale);
    this.root.style.setProperty("--shape", `${columns} / ${rows}`);
    this.seen = new Picture(find(".seen"), run.imageShape);
    this.picture = new Picture(find(".decoded"), run.imageShape);
    this.decoded = new Float32Array(run.pixels);
    this.active = run.about.order.slice(0, run.latentDim - run.about.passive);
    this.clock.open(run);
    find(".centre input").checked = centred;
    find(".placeholder").textContent = `Write ${run.about.noun === "digit" ? "a digit" : "or paint"} here`;
    find(".pair figcaption").textContent = "What the model sees";
    find(".seen").title = `${rows} × ${columns} pixels`;
    const { class_names: names } = run.about;
    const options = [...new Set(run.labels)].map((label) => make("option", "", cut(names[label]), { value: label, title: names[label] }));
    find(".gallery select").replaceChildren(...options);
    this.showExamples();
    this.neighbours = Array.from({ length: NEIGHBOURS }, () => {
      const item = make("li");
      const canvas = make("canvas", "", "", { role: "img" });
      const picture = new Picture(canvas, run.imageShape);
      const label = make("span", "class", "", { "aria-hidden": "true" });
      const distance = make("span", "distance", "", { "aria-hidden": "true" });
      item.append(canvas, label, distance);
      return { item, canvas, picture, label, distance };
    });
    find(".neighbours").replaceChildren(...this.neighbours.map(({ item }) => item));
  }

  /** Take up the drawing that was left here, once. */
  remember(memory) {
    this.remembered = true;
    if (!memory || this.steps.length) return;
    this.steps = memory.steps ?? [];
    this.find(".centre input").checked = memory.centre ?? true;
    this.kept = memory.number;
  }

  // The field -----------------------------------------------------------------------------------------------------

  at(event) {
    const box = this.ink.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * this.ink.width;
    const down = ((event.clientY - box.top) / box.height) * this.ink.height;
    return [Math.round(across * 2) / 2, Math.round(down * 2) / 2];
  }

  begin(event) {
    if (!this.run || this.stroke || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    try {
      this.ink.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already, as after a tap under a busy machine; the stroke is a dot then.
    }
    const erase = this.find("[value=eraser]").checked;
    const [x, y] = this.at(event);
    this.stroke = { kind: "stroke", width: Number(this.find(".width input").value), erase, points: [x, y] };
    this.draw(this.stroke, x, y, x, y);
    this.schedule();
  }

  go(event) {
    if (!this.stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const [x, y] = this.at(one);
      const [fromX, fromY] = this.stroke.points.slice(-2);
      if (x === fromX && y === fromY) continue;
      this.stroke.points.push(x, y);
      this.draw(this.stroke, fromX, fromY, x, y);
    }
    this.schedule();
  }

  end(event) {
    if (!this.stroke || !event.isPrimary) return;
    this.steps.push(this.stroke);
    this.stroke = null;
    this.trim();
    this.settle();
  }

  /** Every piece is drawn alone, so that a drawing drawn anew is the same to the last grey. */
  draw({ width, erase }, fromX, fromY, toX, toY) {
    const { context } = this;
    context.lineCap = "round";
    context.lineWidth = width;
    context.strokeStyle = erase ? "#000" : "#fff";
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  }

  /** @param {Step} step */
  add(step) {
    this.steps.push(step);
    this.trim();
    this.redraw();
    this.settle();
  }

  undo() {
    if (!this.steps.pop()) return;
    this.redraw();
    this.settle();
  }

  trim() {
    const pictures = () => this.steps.filter(({ kind }) => kind === "picture").length;
    while (this.steps.length > STEPS_KEPT || pictures() > PICTURES_KEPT) this.steps.shift();
  }

  redraw() {
    const { context, ink } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, ink.width, ink.height);
    const last = this.steps.findLastIndex(({ kind }) => kind !== "stroke");
    for (const step of this.steps.slice(Math.max(0, last))) {
      if (step.kind === "picture") this.layPicture(step);
      else if (step.kind === "image") this.layImage(step);
      else if (step.kind === "stroke") {
        const { points } = step;
        this.draw(step, points[0], points[1], points[0], points[1]);
        for (let i = 2; i < points.length; i += 2) this.draw(step, ...points.slice(i - 2, i + 2));
      }
    }
    const invert = this.find(".invert input");
    const brought = this.steps[last]?.kind === "picture" ? this.steps[last] : null;
    disable(invert, brought ? "" : "This turns a picture that was brought, and there is none.");
    invert.checked = brought?.dark ?? false;
  }

  /** A picture's ink, enlarged to most of the field where it will be centred anyway, else as it lies on its paper. */
  layPicture({ source, width, height, dark }) {
    const ink = inkOf({ source: fromBase64(source), width, height }, dark);
    const whole = { left: 0, top: 0, right: width, bottom: height };
    const centre = this.find(".centre input").checked;
    this.lay(ink, width, height, (centre && boundingBox(ink, width, height)) || whole, centre ? 200 / FIELD : 1, true);
  }

  layImage({ pixels, width, height }) {
    this.lay(fromBase64(pixels), width, height, { left: 0, top: 0, right: width, bottom: height }, 1, false);
  }

  /** Put a part of a grey image into the middle of the field, so large that it fills a share of it. */
  lay(pixels, width, height, { left, top, right, bottom }, share, smooth) {
    const canvas = make("canvas");
    new Picture(canvas, [height, width]).draw(pixels, 1);
    const wide = right - left;
    const high = bottom - top;
    const scale = share * Math.min(this.ink.width / wide, this.ink.height / high);
    const { context } = this;
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "high";
    const x = Math.round((this.ink.width - wide * scale) / 2);
    const y = Math.round((this.ink.height - high * scale) / 2);
    context.drawImage(canvas, left, top, wide, high, x, y, Math.round(wide * scale), Math.round(high * scale));
  }

  async bring(input) {
    const [file] = input.files;
    input.value = ""; // so that the same file can be brought again
    if (!file) return;
    const problem = this.find(".problem");
    problem.textContent = "";
    try {
      const picture = await readPicture(file);
      const dark = isDarkOnLight(picture);
      this.add({ kind: "picture", ...picture, source: toBase64(picture.source), dark });
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      problem.textContent = error.message;
    }
  }

  setDark(dark) {
    const brought = this.steps.findLast(({ kind }) => kind === "picture");
    if (!brought) return;
    brought.dark = dark;
    this.redraw();
    this.settle();
  }

  showExamples() {
    const { run } = this;
    const label = Number(this.find(".gallery select").value);
    const positions = Array.from(run.labels.keys()).filter((position) => run.labels[position] === label);
    const [height, width] = run.imageShape;
    const buttons = positions.map((position) => {
      const name = `Test image ${run.indices[position]}, class ${run.about.class_names[label]}`;
      const button = make("button", "", "", { type: "button", "aria-label": `Start from ${name.toLowerCase()}`, title: name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, run.imageShape).draw(run.image(position), 1);
      button.append(canvas);
      button.onclick = () => this.add({ kind: "image", pixels: toBase64(run.image(position)), width, height });
      return button;
    });
    this.find(".examples").replaceChildren(...buttons);
  }

  // What the model makes of it ------------------------------------------------------------------------------------

  schedule() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        if (this.root.isConnected) this.show();
      });
    }
  }

  isEmpty() {
    return !this.image?.some((value) => value > 0);
  }

  encoderAt(epoch) {
    const shelf = encoderShelf.current;
    return shelf?.key === this.run.key ? shelf.encoder(epoch) : null;
  }

  /** From the field to the code and all that follows from it. */
  show() {
    const { ink, run, find } = this;
    const { data } = this.context.getImageData(0, 0, ink.width, ink.height);
    const values = Uint8Array.from({ length: data.length / 4 }, (_, n) => data[4 * n]);
    const form = find(".centre input").checked ? asMnist : asItIs;
    this.image = form(values, ink.width, ink.height, run.imageShape);
    this.seen.draw(this.image, 1);
    const empty = this.isEmpty();
    find(".seen").setAttribute("aria-label", empty ? "Nothing yet" : "The drawing as the model sees it");
    find(".placeholder").hidden = !empty;
    disable(find(".undo"), this.steps.length || this.stroke ? "" : "There is no step yet that could be taken back.");
    disable(find(".clear"), empty ? "There is nothing to clear." : "");

    const encoder = empty ? null : this.encoderAt(this.epoch);
    this.posterior = encoder ? encoder.encode(this.image) : null;
    const why = this.posterior ? "" : empty ? "There is no drawing yet to take along." : "The encoder of this epoch is on its way.";
    for (const control of this.root.querySelectorAll(".leave button, .to-sliders")) disable(control, why);
    if (!this.posterior) this.showNothing(empty);
    else this.showCode();
  }

  showNothing(empty) {
    const { find, run } = this;
    this.decoded.fill(0);
    this.picture.draw(this.decoded, 255);
    find(".decoded").setAttribute("aria-label", "Nothing yet");
    find(".figures").textContent = empty
      ? "Nothing is drawn yet. The code, what it decodes to and its neighbours appear with the first stroke."
      : "The encoder of this epoch is on its way.";
    for (const { canvas, picture, label, distance } of this.neighbours) {
      picture.draw(new Uint8Array(run.pixels), 1);
      canvas.setAttribute("aria-label", "No neighbour yet");
      label.textContent = distance.textContent = "";
    }
    explain(find(".searched"), "By the distance between codes, among the [probe images](#probe) of the [test split](#test-set).");
    find(".vote").textContent = "";
  }

  showCode() {
    const { find, run, epoch, image } = this;
    const { mean, logVariance } = this.posterior;
    const decoder = run.decoder(epoch);
    const logits = decoder.logits(mean);
    const logSigma = encoderShelf.current.logSigma(epoch);
    const reconstruction = reconstructionNats(logits, image, logSigma);
    for (let i = 0; i < logits.length; i++) this.decoded[i] = 1 / (1 + Math.exp(-logits[i]));
    this.picture.draw(this.decoded, 255);
    find(".decoded").setAttribute("aria-label", "The drawing's code, decoded");
    const overFloor = number(reconstruction - floorNats(image), 1);
    const above = logSigma === null ? ` (${overFloor} above its [floor](#floor))` : "";
    explain(
      find(".figures"),
      `Your drawing${epochWords(run.about, epoch).at}: [reconstruction](#reconstruction) ${number(reconstruction, 1)} [nats](#nats)${above}, ` +
        `[KL](#kl) ${number(klNats(mean, logVariance), 1)} nats. The code is the mean of its [posterior](#posterior).`,
    );
    this.showNeighbours(mean);
  }

  showNeighbours(mean) {
    const { find, run, epoch } = this;
    const shelf = encoderShelf.current;
    const names = run.about.class_names;
    const found = shelf.nearest(epoch, mean, this.active.length ? this.active : run.about.order, NEIGHBOURS);
    const votes = new Map();
    this.neighbours.forEach(({ item, canvas, picture, label, distance }, place) => {
      item.hidden = place >= found.length;
      if (item.hidden) return;
      const { position, distance: far } = found[place];
      const name = names[shelf.labels[position]];
      picture.draw(shelf.image(position), 1);
      canvas.setAttribute("aria-label", `Test image ${shelf.indices[position]}, class ${name}, distance ${number(far)}`);
      item.title = `Test image ${shelf.indices[position]}`;
      label.textContent = name;
      shorten(label, name);
      distance.textContent = number(far);
      votes.set(name, (votes.get(name) ?? 0) + 1);
    });
    const many = this.active.length === 1 ? "the active dimension" : `the ${this.active.length} active dimensions`;
    explain(
      find(".searched"),
      `The ${found.length} of ${shelf.labels.length.toLocaleString("en")} [probe images](#probe) ([test split](#test-set)) ` +
        `whose codes are nearest${epochWords(run.about, epoch).at}, by [Euclidean](#euclidean) distance over ${this.active.length ? many : "all dimensions"}.`,
    );
    const counted = [...votes].sort((a, b) => b[1] - a[1]);
    const said = counted.map(([name, count], place) => `${count} ${place === 0 ? `of ${found.length} ` : ""}of class ${name}`);
    const vote = `Vote: ${said.join(", ")}.`;
    if (find(".vote").textContent === vote) return;
    find(".vote").textContent = vote;
    shorten(find(".vote"), ...votes.keys());
  }

  unit(bytes) {
    return Float32Array.from(bytes, (byte) => byte / 255);
  }

  savePicture(what, image, words) {
    const { about, imageShape } = this.run;
    saveSheet(`${about.name}-${what}-epoch-${this.epoch}.png`, [image], imageShape, 1, { title: [heading(about, this.epoch), words] });
  }

  saveCode(kind) {
    const about = { ...provenance(this.run.about, this.epoch), code: "mean of the drawing's posterior" };
    saveCodes(`${about.run}-drawing-code-epoch-${this.epoch}.${kind}`, [{ name: "drawing", z: this.posterior.mean }], about);
  }

  // The cursor ----------------------------------------------------------------------------------------------------

  /** The drawing rests: what follows from it is shown, its code is the cursor, and the page is remembered. */
  settle() {
    this.find(".problem").textContent = ""; // of a picture that was brought before
    this.show();
    this.owed = !this.posterior && !this.isEmpty();
    this.keep(); // first, so that Python has the drawing when it hears of the cursor
    this.release(true);
  }

  /** A run or its encoders have come: do what a drawing was waiting for. */
  catchUp() {
    this.show();
    if (!this.posterior) return;
    // The run may have images of another size, and so the drawing.
    if (this.owed || (this.cursor.start.kind === "drawing" && !this.isCursor())) this.settle();
    else if (this.kept !== numberOf(this.image)) this.keep();
  }

  /** Have the page remembered, and the drawing kept for other pages. */
  keep() {
    this.kept = numberOf(this.image);
    const centre = this.find(".centre input").checked;
    const memory = { steps: this.steps, centre, image: Array.from(this.image), number: this.kept };
    this.link.send("memory", memory, this.run.key);
  }

  isCursor() {
    const { kind, index } = this.cursor.start;
    return kind === "drawing" && index === numberOf(this.image);
  }

  setEpoch(epoch) {
    const own = this.isCursor();
    this.epoch = epoch;
    this.clock.show(epoch);
    this.show();
    this.cursor = own && this.posterior ? this.ownCursor() : cursorAt(this.run, this.cursor, epoch);
  }

  ownCursor() {
    const z = Array.from(this.posterior.mean);
    return { z, epoch: this.epoch, start: { kind: "drawing", index: numberOf(this.image) }, keep: this.cursor.keep };
  }

  /** @param {boolean} [own] take the drawing's code for the cursor */
  release(own = false) {
    const { z, start } = this.cursor;
    const wiped = this.isEmpty() && start.kind === "drawing"; // no image is left that it set out from
    if (wiped) this.cursor = { ...this.cursor, start: { kind: "code", code: z } };
    else if (own && this.posterior) this.cursor = this.ownCursor();
    if (!own || wiped || this.posterior) this.link.send("cursor", this.cursor, this.run.key);
  }
}

export default component(".draw", Draw);
