/**
 * The Draw page: what is written on a field becomes an image as the model's own, a code, a decoded image and neighbours.
 *
 * The drawing is a list of operations, so that a step can be taken back and the page is found as it was left. Encoders
 * and probe images come by way of encoders.js; everything is computed here, at every stroke.
 */

import { floorNats, klNats, reconstructionNats } from "../engine/bound.js";
import { number } from "../engine/numbers.js";
import { cut, shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { cursorAt } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Link, leadsTo } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";
import { PictureError, PicturePanel, readPicture, rehearse } from "./bring.js";
import { fitted } from "./fit.js";
import { asItIs, asMnist, stretch } from "./mnist.js";
import { STEPS, strokesOf } from "./strokes.js";

const FIELD = 280; // the longer side of the drawing field, in its own pixels
const NEIGHBOURS = 8;
const STEPS_KEPT = 200;
// A picture is the one large step, up to 0.2 MB: what is remembered of a drawing goes to Python and back.
const PICTURES_KEPT = 3;

const encoderShelf = (globalThis.betaVaeEncoders ??= { current: null, listeners: new Set() });

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const wayOf = ({ dark, without }) => JSON.stringify([dark, without]); // how a picture is read
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** What tells one drawing from another: FNV-1a (Fowler, Noll and Vo) of its pixels, 29 bits of it. */
const numberOf = (pixels) => pixels.reduce((hash, pixel) => Math.imul(hash ^ pixel, 0x01000193), 0x811c9dc5 | 0) >>> 3;

// The page ------------------------------------------------------------------------------------------------------------

/**
 * @typedef {{kind: "stroke", width: number, erase: boolean, points: number[]}} Stroke points: x, y, x, y, …
 * @typedef {{kind: "picture", source: string, width: number, height: number, dark: boolean, without: string[], chosen: number|null}}
 *   Brought base64 of its greys; without: which of `STEPS` are not taken; chosen: which digit, the largest where null
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
    this.prepared = new WeakMap(); // of each picture, what was found on it the last time
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
    find(".file input").onclick = () => setTimeout(rehearse, 100); // when the browser's own window for files is open
    find(".invert input").onchange = (event) => this.setPicture({ dark: event.target.checked, chosen: null });
    this.panel = new PicturePanel(find(".brought"), (change) => this.setPicture(change));
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
    this.centred = centred;
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
    this.exactly = false; // see asMnist
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
    const brought = this.brought();
    disable(invert, brought ? "" : "This turns a picture that was brought, and there is none.");
    invert.checked = brought?.dark ?? false;
    if (!brought) this.panel.hide();
  }

  /** The picture that lies on the field, if one does. @returns {Brought|null} */
  brought() {
    const base = this.steps.findLast(({ kind }) => kind !== "stroke");
    return base?.kind === "picture" ? base : null;
  }

  /** A picture's digit, enlarged to most of the field where it will be centred anyway, else as it lies on its paper. */
  layPicture(picture) {
    const strokes = this.strokes(picture);
    const { figures, width, height } = strokes;
    const whole = Math.min(this.ink.width / width, this.ink.height / height);
    const { rows, columns } = { rows: this.ink.height, columns: this.ink.width };
    const centre = this.find(".centre input").checked;
    const match = !picture.without.includes("width") && !strokes.inverted;
    const drawn = figures.map((figure, place) => fitted(strokes, place, centre ? (200 / FIELD) * Math.min(rows, columns) : whole * figure.long, match));
    const chosen = picture.chosen ?? strokes.largest;
    const one = drawn[chosen];
    if (one) {
      this.exactly = !one.coarse;
      const canvas = make("canvas");
      new Picture(canvas, [one.height, one.width]).draw(one.ink, 1);
      const left = centre ? (columns - one.width) / 2 : one.left + (columns - width * whole) / 2;
      const top = centre ? (rows - one.height) / 2 : one.top + (rows - height * whole) / 2;
      this.context.globalCompositeOperation = "lighten"; // its margin may lie over the edge of another's
      this.context.drawImage(canvas, Math.round(left), Math.round(top));
      this.context.globalCompositeOperation = "source-over";
    }
    const thumbnails = drawn.map((digit) => asMnist(digit.ink, digit.width, digit.height, this.run.imageShape, !digit.coarse));
    this.panel.show(picture, strokes, { chosen, change: one ? one.after - one.before : 0, thumbnails, shape: this.run.imageShape });
  }

  /** What is found on a picture, kept until it is read otherwise. */
  strokes(picture) {
    const way = wayOf(picture);
    let kept = this.prepared.get(picture);
    if (kept?.way !== way) {
      const greys = { source: fromBase64(picture.source), width: picture.width, height: picture.height };
      const steps = Object.fromEntries(STEPS.map((step) => [step, !picture.without.includes(step)]));
      kept = { way, strokes: strokesOf(greys, picture.dark, steps) };
      this.prepared.set(picture, kept);
    }
    return kept.strokes;
  }

  /** A test image, in the middle of the field and as large as it takes. */
  layImage({ pixels, width, height }) {
    const canvas = make("canvas");
    new Picture(canvas, [height, width]).draw(fromBase64(pixels), 1);
    const scale = Math.min(this.ink.width / width, this.ink.height / height);
    const x = Math.round((this.ink.width - width * scale) / 2);
    const y = Math.round((this.ink.height - height * scale) / 2);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(canvas, x, y, Math.round(width * scale), Math.round(height * scale));
  }

  async bring(input) {
    const [file] = input.files;
    input.value = ""; // so that the same file can be brought again
    if (!file) return;
    const problem = this.find(".problem");
    problem.textContent = "";
    try {
      const { greys, strokes } = await readPicture(file);
      // What is not made of strokes has its greys, and no lines or specks.
      const without = this.centred ? [] : [...STEPS];
      const picture = { ...greys, kind: "picture", source: toBase64(greys.source), dark: strokes.dark, without, chosen: null };
      if (this.centred) this.prepared.set(picture, { way: wayOf(picture), strokes });
      this.add(picture);
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      problem.textContent = error.message;
    }
  }

  /** Read the picture on the field otherwise. @param {Partial<Brought>} change */
  setPicture(change) {
    const brought = this.brought();
    if (!brought) return;
    Object.assign(brought, change);
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
    this.image = form(values, ink.width, ink.height, run.imageShape, this.exactly);
    if (this.brought()) stretch(this.image);
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

export default liveComponent(".draw", Draw);
