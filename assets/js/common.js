/**
 * What the live components share: elements, pictures, the epoch clock, being mounted by Streamlit, saving to a file.
 */

import { csvRow } from "./csv.js";
import { live } from "./store.js";
import { Terms, explain, explainMarks } from "./terms.js";
import { steadySliders } from "./touch.js";

const LARGE = 1e5; // from here on a power of ten is shorter than the figures

/** @returns {string} a number with a real minus sign, and no minus before a zero; a large one as "9.12 × 10⁸". As bvae/numbers.py. */
export function number(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= LARGE) {
    const [figures, power] = value.toExponential(2).split("e+");
    return `${figures.replace("-", "−")} × 10${Array.from(power, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
  }
  return value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
}

/** A canvas that shows one grey image, white on black. */
export class Picture {
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
export function make(tag, className = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** D numbers from N(0, 1), by Box and Muller's transform. */
export function normalCode(dimensions) {
  return Array.from({ length: dimensions }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return Math.fround(radius * Math.cos(2 * Math.PI * Math.random()));
  });
}

/** A radio button that looks like an image of the gallery, so that the arrow keys work as everywhere. */
export function imageRadio(run, position, { group, value, name, choose }) {
  const label = make("label", "thumbnail", "", { title: name });
  const radio = make("input", "", "", { type: "radio", name: group, value, "aria-label": name });
  const canvas = make("canvas", "", "", { "aria-hidden": "true" });
  new Picture(canvas, run.imageShape).draw(run.image(position), 1);
  radio.onclick = choose; // which the arrow keys are too, and a press on the one that is chosen
  label.append(radio, canvas);
  return label;
}

/**
 * An epoch in words. Weights that came in without their training stand at epoch 0, which says nothing of them: they are
 * never called by it.
 * @param {{imported: boolean}} about a run or a film
 * @returns {{shown: string, remark: string, name: string, at: string}} its number, what is known of it besides, and how
 *   it is called alone and at the end of what is said of it
 */
export function epochWords(about, epoch) {
  if (epoch === 0 && about.imported) return { shown: "", remark: "trained elsewhere", name: "trained elsewhere", at: "" };
  const name = `epoch ${epoch}`;
  return { shown: String(epoch), remark: epoch === 0 ? "before any training" : "", name, at: ` at ${name}` };
}

/** @param {{imported: boolean, epochs: number[]}} about a run or a film @returns {string} why its epoch cannot be moved, "" if it can */
export function whyOneEpoch({ imported, epochs }) {
  if (epochs.length > 1) return "";
  if (imported) return "These weights came in without their training: there is no other epoch to move to.";
  return `The run has kept epoch ${epochs[0]} and no other to move to.`;
}

/** The epoch slider with the figures of its epoch. It moves over the kept epochs and says their true numbers. */
export class Clock {
  /**
   * @param {HTMLElement} container what the page has for it, filled here
   * @param {{moved: function(number, Event), released: function()}} listener told the epoch while it moves, and when it rests
   */
  constructor(container, listener) {
    const line = make("div", "line");
    this.value = make("output", "epoch-value");
    const label = make("span", "epoch-label");
    explain(label, "[Epoch](#epoch)");
    line.append(label, this.value);
    this.input = make("input", "epoch", "", { type: "range", min: 0, max: 1, step: 1, value: 1, "aria-label": "Epoch" });
    this.facts = make("p", "facts");
    this.why = make("p", "note", "", { id: "why-one-epoch" });
    container.replaceChildren(line, this.input, this.why, ...container.children, this.facts);
    this.input.oninput = (event) => {
      const { run } = this;
      const epoch = run.epochs[Number(this.input.value)];
      this.awaited = run.has(epoch) ? null : epoch;
      if (this.awaited === null) return listener.moved(epoch, event);
      // Its weights are on their way: what is shown follows when they are here, if no other was chosen meanwhile.
      live.whenReady(run.key, epoch).then((arrived) => {
        if (arrived !== this.run || epoch !== this.awaited) return;
        this.awaited = null;
        listener.moved(epoch, event);
        listener.released();
      });
    };
    this.input.onchange = () => listener.released();
  }

  open(run) {
    this.run = run;
    this.shown = null;
    this.awaited = null; // the epoch at which the slider stands while its weights are on their way
    const why = whyOneEpoch(run.about);
    this.input.max = run.epochs.length - 1;
    this.input.disabled = why !== "";
    this.input.title = this.why.textContent = why;
    this.why.hidden = !why;
    if (why) this.input.setAttribute("aria-describedby", "why-one-epoch");
    else this.input.removeAttribute("aria-describedby");
  }

  show(epoch) {
    const { epochs, about } = this.run;
    const position = epochs.indexOf(epoch);
    if (epoch !== this.shown) this.awaited = null;
    this.shown = epoch;
    if (this.awaited === null && Number(this.input.value) !== position) this.input.value = position;
    const { shown, remark, name } = epochWords(about, epoch);
    this.input.setAttribute("aria-valuetext", shown && remark ? `${name}, ${remark}` : name);
    this.value.textContent = [shown, remark].filter(Boolean).join(", ");
    explain(this.facts, about.facts[position]);
  }
}

/** What goes from a component to Python: the cursor once the hand or the key lets go, and what the page shall remember. */
export class Link {
  /** @param {HTMLElement} root whose keys count */
  constructor(root) {
    this.keyDown = false;
    this.waiting = new Map(); // by name: what to send when the key comes up
    this.sent = {};
    // A held arrow key changes a slider thirty times a second: Python hears of it once, when the key comes up.
    root.addEventListener("keydown", () => (this.keyDown = true));
    for (const event of ["keyup", "focusout"]) {
      root.addEventListener(event, () => {
        this.keyDown = false;
        for (const [name, [value, about]] of this.waiting) this.send(name, value, about);
      });
    }
  }

  /** @param {string} name of the state, "cursor" or "memory" @param {object} value @param {string} about what else it depends on */
  send(name, value, about = "") {
    if (this.keyDown) {
      this.waiting.set(name, [value, about]);
      return;
    }
    this.waiting.delete(name);
    const text = JSON.stringify([about, value]);
    if (text === this.sent[name]) return;
    this.sent[name] = text;
    this.setStateValue(name, { ...value, at: performance.now() }); // Streamlit would keep back a value that equals the last one
  }

  /** Python has gone elsewhere since, so that the same position is news to it. */
  forget(name) {
    delete this.sent[name];
  }
}

/** Have a link lead to another page of the app, within the session and with the cursor; a new tab gets the address. */
export function leadsTo(anchor, page, link) {
  const address = () => (anchor.href = new URL(`${page}${location.search}`, location.href));
  address();
  anchor.onpointerdown = anchor.onfocus = address;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.send("page", { page });
  };
}

/** A cursor at another epoch. What has been added to an image's own code stays, if the cursor keeps its image. */
export function cursorAt(run, cursor, epoch) {
  const position = cursor.keep === "digit" ? run.place(cursor.start) : -1;
  if (position < 0) return { ...cursor, epoch };
  const before = run.mean(cursor.epoch, position);
  const after = run.mean(epoch, position);
  return { ...cursor, epoch, z: cursor.z.map((value, dimension) => value - before[dimension] + after[dimension]) };
}

/**
 * Decoded images on buttons, in rows: one stop for the Tab key, and the arrow keys within. They are decoded in the frames
 * to come, a few milliseconds each, and in turn, so that none of them waits for as long as a hand changes the codes.
 */
export class Mosaic {
  /**
   * @param {HTMLElement} container filled here
   * @param {{columns: number, slice?: number, choose: function(number), look?: function(number)}} options
   *   slice: milliseconds of a frame that it may take; choose: a tile was pressed; look: one is pointed at or focused
   */
  constructor(container, { columns, slice = 5, choose, look }) {
    Object.assign(this, { container, columns, slice, choose, look, frame: 0, left: 0, next: 0, stop: 0 });
    container.classList.add("mosaic");
    container.style.setProperty("--columns", columns);
    container.onkeydown = (event) => this.move(event);
  }

  /** @param {string[]} names what each tile is called */
  open(run, names) {
    this.run = run;
    this.left = this.next = 0;
    this.images = names.map(() => new Float32Array(run.pixels));
    this.pictures = [];
    this.buttons = names.map((name, position) => {
      const button = make("button", "cell", "", { type: "button", "aria-label": name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      this.pictures.push(new Picture(canvas, run.imageShape));
      button.append(canvas);
      button.onclick = () => this.choose(position);
      if (this.look) button.onpointerenter = () => this.look(position);
      button.onfocus = () => {
        this.stopAt(position);
        this.look?.(position);
      };
      return button;
    });
    this.container.replaceChildren(...this.buttons);
    this.mark(-1);
    this.stopAt(0);
  }

  /** Draw these codes, as a network decodes them. @param {ArrayLike<number>[]} codes @param {function()} [done] all are drawn */
  show(decoder, codes, done) {
    Object.assign(this, { decoder, codes, done, left: codes.length });
    this.container.setAttribute("aria-busy", "true");
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw(slice = this.slice) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const end = performance.now() + slice;
    while (this.left > 0) {
      const position = this.next;
      this.next = (position + 1) % this.codes.length;
      this.left--;
      this.pictures[position].draw(this.decoder.decode(this.codes[position], this.images[position]), 255);
      if (performance.now() > end) break;
    }
    if (this.left > 0) {
      this.frame = requestAnimationFrame(() => this.draw());
    } else {
      this.container.removeAttribute("aria-busy");
      this.done?.();
    }
  }

  /** @returns {Float32Array[]} the images of all codes, without waiting for those that are still to be drawn */
  finished() {
    if (this.left > 0) this.draw(Infinity);
    return this.images;
  }

  /** Show which tile is the chosen one, −1 for none. */
  mark(position) {
    this.buttons.forEach((button, at) => {
      if (at === position) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    if (position >= 0) this.stopAt(position);
  }

  stopAt(position) {
    this.stop = position;
    this.buttons.forEach((button, at) => (button.tabIndex = at === position ? 0 : -1));
  }

  move(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (!step) return;
    event.preventDefault();
    this.buttons[this.stop + step]?.focus();
  }
}

/**
 * The default export of a live component.
 *
 * Streamlit runs it at the first mount and again whenever data or theme change; the hand's state lives in the WeakMap.
 * It returns no cleanup: a cleanup that comes late, as it does when two runs overlap, would stop the drawing of the
 * mount that followed. Views that animate look at `root.isConnected`.
 *
 * @param {string} selector of the component's root element in its HTML
 * @param {new (root: HTMLElement) => {receive: function(object, function)}} View
 */
export function component(selector, View) {
  const mounted = new WeakMap();
  return ({ data: sent, parentElement, setStateValue }) => {
    const data = sent?.[0]; // see live.py
    let attach = mounted.get(parentElement);
    if (!attach) {
      let view = null;
      let latest = null;
      attach = (given) => {
        latest = given ?? latest;
        const root = parentElement.querySelector(selector);
        if (!root || !latest?.data) return;
        if (view?.root !== root) {
          explainMarks(root);
          new Terms(root, root);
          steadySliders(root);
          view = new View(root);
        }
        if (latest.data.guests) live.welcome(latest.data.key, latest.data.guests);
        view.receive(latest.data, latest.setStateValue);
      };
      mounted.set(parentElement, attach);
      // Streamlit may put the HTML into the parent anew without running this again.
      new MutationObserver(() => {
        if (parentElement.querySelector(selector) !== view?.root) attach();
      }).observe(parentElement, { childList: true });
    }
    attach({ data, setStateValue });
  };
}

/**
 * Call `show(run)` once the weights of a run are there, unless something else was asked for meanwhile.
 * @param {object} view keeps what it waits for in `wanted`
 * @param {{key: string, epoch: number|undefined}} wanted a run and the epoch whose weights are enough; without one, all are
 *   waited for
 * @param {function(LiveRun)} show
 */
export function whenRun(view, { key, epoch }, show) {
  view.wanted = show;
  const run = live.get(key);
  if (run?.has(epoch)) show(run);
  else live.whenReady(key, epoch).then((arrived) => view.wanted === show && show(arrived));
}

// Saving --------------------------------------------------------------------------------------------------------------

/**
 * A menu below its button, as `.save` of common.css shows it: closed by Escape, by a choice, and when anything else is used.
 * @param {HTMLElement} root of the component @param {HTMLDetailsElement} menu @param {function(string)} choose told a button's value
 */
export function listenToMenu(root, menu, choose) {
  const close = () => {
    menu.open = false;
    menu.firstElementChild.focus();
  };
  menu.onkeydown = (event) => {
    if (event.key === "Escape" && menu.open) close();
  };
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  root.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  for (const button of menu.querySelectorAll("button")) {
    button.onclick = () => {
      choose(button.value);
      close();
    };
  }
}

/** @param {{name: string, objective: object}} about a run @returns {object} what saved codes say of it: run, β or capacity, and epoch */
export const provenance = (about, epoch) => ({ run: about.name, ...about.objective, epoch });

/** Offer bytes as a file under a name. */
export function save(name, parts, type) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = make("a", "", "", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A GIF89a of grey frames: 256 greys, looping. @param {Uint8Array[]} frames width·height greys each @param {number} delay hundredths of a second */
export function encodeGif(frames, width, height, delay) {
  const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  return [gifHead(width, height, greys), ...frames.map((frame) => gifFrame(frame, width, height, delay)), GIF_END];
}

const GIF_END = Uint8Array.of(0x3b);
const lowFirst = (value) => [value & 255, value >> 8];

/** What a GIF89a that plays for ever begins with. @param {ArrayLike<number>} colours 256 times red, green, blue */
export function gifHead(width, height, colours) {
  const text = (characters) => Array.from(characters, (character) => character.charCodeAt(0));
  const table = [0xf7, 0, 0, ...colours];
  const forever = [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  return Uint8Array.from([...text("GIF89a"), ...lowFirst(width), ...lowFirst(height), ...table, ...forever]);
}

/** One frame of a GIF. @param {Uint8Array} places of the pixels' colours in the table @param {number} delay hundredths of a second */
export function gifFrame(places, width, height, delay) {
  const shown = [0x21, 0xf9, 4, 0, ...lowFirst(delay), 0, 0];
  const head = [...shown, 0x2c, 0, 0, 0, 0, ...lowFirst(width), ...lowFirst(height), 0, 8];
  const packed = lempelZivWelch(places);
  const bytes = new Uint8Array(head.length + packed.length + Math.ceil(packed.length / 255) + 1);
  bytes.set(head);
  let to = head.length;
  for (let from = 0; from < packed.length; from += 255) {
    const block = packed.subarray(from, from + 255);
    bytes[to++] = block.length;
    bytes.set(block, to);
    to += block.length;
  }
  return bytes; // its last byte, 0, ends the frame
}

/** GIF's compression of bytes: codes of 9 to 12 bits, the table begun anew when it is full. */
function lempelZivWelch(values) {
  const CLEAR = 256;
  const END = 257;
  const FULL = 4096;
  const out = new Uint8Array(Math.ceil(values.length * 1.5) + 16); // 12 bits a value at the worst
  let written = 0;
  let buffer = 0;
  let filled = 0;
  let size = 9;
  const emit = (code) => {
    buffer |= code << filled;
    filled += size;
    for (; filled >= 8; filled -= 8, buffer >>= 8) out[written++] = buffer & 255;
  };
  const table = new Uint32Array(FULL << 8); // by prefix and value, the code and before it which table's, so that none is cleared
  let current = FULL;
  let next = END + 1;
  emit(CLEAR);
  let prefix = values[0];
  for (let i = 1; i < values.length; i++) {
    const key = (prefix << 8) | values[i];
    const known = table[key];
    if (known >= current) {
      prefix = known - current;
      continue;
    }
    emit(prefix);
    if (next < FULL) {
      if (next === 1 << size) size++;
      table[key] = current + next++;
    } else {
      emit(CLEAR);
      current += FULL;
      next = END + 1;
      size = 9;
    }
    prefix = values[i];
  }
  emit(prefix);
  if (next === 1 << size && size < 12) size++;
  emit(END);
  if (filled > 0) out[written++] = buffer & 255;
  return out.subarray(0, written);
}

/**
 * Save codes as JSON, or as CSV with a column a dimension. What is said about all of them stands in columns of its own there.
 * @param {{name: string, z: ArrayLike<number>}[]} codes @param {Object<string, string|number>} about
 */
export function saveCodes(name, codes, about) {
  if (name.endsWith(".json")) {
    const rows = codes.map(({ name: label, z }) => ({ name: label, z: Array.from(z) }));
    save(name, [JSON.stringify({ ...about, codes: rows }, null, 1)], "application/json");
    return;
  }
  const head = [...Object.keys(about), "name", ...Array.from(codes[0].z, (_, dimension) => `z${dimension}`)];
  const rows = codes.map(({ name: label, z }) => [...Object.values(about), label, ...z]);
  save(name, [head, ...rows].map(csvRow), "text/csv");
}
