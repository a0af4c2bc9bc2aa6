/** Home: the live panel, the way of an image, the objective with its figures, what β trades, and where to go next. */

import { make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { imageCursor, nearestEpoch, ownCode } from "./address.js";
import { spaceOf } from "./guests.js";
import { icon } from "./icons.js";
import { formula } from "./math.js";
import { line, prose } from "./prose.js";
import { MOST_RUNS, sidesOf } from "./sides.js";

/** @import { Frame, Now } from "./views.js" */
/** @import { RunTold } from "./session.js" */

const FEW = 3; // sliders of each
const FACTORS = ["slant", "thickness", "width"]; // what dimensions are named after that come first

/** @param {HTMLElement} home @param {string} title */
function heading(home, title) {
  home.append(make("h3", "", title));
}

/** @param {Frame} frame @param {HTMLElement} home */
export function showHome(frame, home) {
  const { site } = frame.session;
  const texts = site.home;
  const invitation = invited(frame, home);
  const panel = frame.mount("traverse", home.appendChild(make("div", "component panel")));
  heading(home, texts.way);
  const way = frame.mount("way", home.appendChild(make("div", "component way-room")), () => {});
  heading(home, texts.taught);
  const objective = home.appendChild(make("section", "objective"));
  const trades = home.appendChild(make("section", "trades"));
  const beside = site.runs.length > 1 ? new Trades(frame, trades) : null;
  heading(home, texts.next_title);
  const next = home.appendChild(make("ul", "next"));
  for (const [path, label, text] of texts.next) {
    const page = site.pages.find((each) => each.path === path);
    if (!page) continue;
    const link = linkTo(page.icon, label, () => frame.go(path));
    link.dataset.page = path;
    const item = next.appendChild(make("li"));
    item.append(link, ...prose(`:small[${text}]`));
  }
  let taught = "";
  return (/** @type {Now} */ now) => {
    if (invitation) invitation.href = frame.lesson.addressOf(1);
    panel.draw(frame.data("traverse", { compact: true }));
    way.draw(frame.data("way"));
    for (const link of next.querySelectorAll("a")) link.href = frame.session.addressOf(link.dataset.page ?? "");
    if (taught !== now.told.key) showObjective(objective, now.told);
    taught = now.told.key;
    beside?.draw(now);
  };
}

/** @param {string} sign @param {string} label @param {() => void} follow */
function linkTo(sign, label, follow) {
  const link = make("a");
  link.append(icon(sign), make("span", "", label));
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    follow();
  };
  return link;
}

/** The way into the lesson that came along. @param {Frame} frame @param {HTMLElement} home @returns {HTMLAnchorElement|null} */
function invited(frame, home) {
  const { lesson, home: texts } = frame.session.site;
  if (!lesson?.steps.length) return null;
  const { length } = lesson.steps;
  const label = `${lesson.title}, in ${length} ${length === 1 ? "step" : "steps"}`;
  const link = linkTo("school", label, () => frame.lesson.open(1));
  const room = home.appendChild(make("div", "invitation"));
  room.append(link, make("span", "small", texts.lesson));
  return link;
}

/** @param {HTMLElement} section @param {RunTold} run */
function showObjective(section, { home }) {
  section.replaceChildren();
  if (!home) return;
  const terms = make("dl", "terms");
  for (const [label, value, text] of home.terms) {
    const term = terms.appendChild(make("div"));
    const name = term.appendChild(make("dt"));
    name.append(...line(label));
    term.append(make("dd", "figure", value));
    const said = term.appendChild(make("dd", "small"));
    said.append(...line(text));
  }
  const written = make("p", "formula");
  // In pieces, between which a narrow window begins another line.
  for (const piece of home.formula.split(/(?<==\\,)|(?=\\,\+\\,)/)) written.append(formula(piece), " ");
  section.append(written, ...prose(home.symbols), terms);
}

/** The runs that came along beside each other: live, and what is left of ten images in each. */
class Trades {
  /** @param {Frame} frame @param {HTMLElement} section */
  constructor(frame, section) {
    const { trades, trades_title: title } = frame.session.site.home;
    this.frame = frame;
    const { runs, home } = frame.session.site;
    this.runs = runs
      .slice(0, MOST_RUNS)
      .sort((a, b) => home.by_weight.indexOf(a.name) - home.by_weight.indexOf(b.name));
    heading(section, title);
    section.append(...prose(trades));
    this.mounted = frame.mount("beside", section.appendChild(make("div", "component beside-room")), () => {});
    const sheets = section.appendChild(make("div", "sheets"));
    this.sheets = this.runs.map((run) => {
      const home = sheets.appendChild(make("div"));
      const canvas = make("canvas", "", "", {
        role: "img",
        "aria-label": `Ten test images above their reconstructions by the model with ${run.weight}`,
      });
      home.append(make("strong", "", run.weight), canvas, ...prose(`:small[${run.home?.line ?? ""}]`));
      return { run, canvas, drawn: false };
    });
    this.turn = 0;
  }

  /** @param {Now} now */
  async draw({ told, run, cursor }) {
    const { frame, runs } = this;
    const { holding, session } = frame;
    const turn = ++this.turn;
    await frame.holding.give(told, "rest"); // nothing on the page waits for more runs than the one that is looked at
    for (const each of runs) await holding.give(each, "head", "meaning");
    const here = runs.filter((each) => holding.has(each, "head"));
    if (turn !== this.turn || here.length < 2) return;
    this.showSheets();
    const lead = here.find((each) => each.key === told.key) ?? here[Math.floor(here.length / 2)];
    let own = cursor;
    if (lead !== told) {
      const space = spaceOf(lead, frame.run(lead));
      const { start } = cursor;
      await frame.guests.admit(lead, frame.run(lead), start, frame.guests.pictureIn(run, start));
      const same = start.kind === "drawing" || lead.dataset === told.dataset;
      const epoch = nearestEpoch(cursor.epoch, lead.epochs);
      own = imageCursor(space, same && ownCode(space, start, epoch) ? start : null, epoch);
    }
    const sides = await sidesOf(frame, here, lead, own);
    if (turn !== this.turn) return;
    for (const [at, side] of sides.entries()) side.said = here[at].home?.said ?? "";
    const common = { key: lead.key, cursor: own, revision: 0, guests: [], memory: null, runs: sides };
    const shown = { few: FEW, factors: FACTORS, memory: null, compact: true };
    this.mounted.draw({ ...common, ...shown });
    for (const each of here) if (session.page.path === "home") await holding.give(each, "rest");
  }

  /** The first test image of every class above its reconstruction at the last epoch. */
  showSheets() {
    for (const sheet of this.sheets) {
      if (sheet.drawn || !this.frame.holding.has(sheet.run, "head")) continue;
      sheet.drawn = true;
      const run = this.frame.run(sheet.run);
      const places = [...new Set(run.labels)].map((label) => run.labels.indexOf(label));
      const [height, width] = run.imageShape;
      const all = new Float32Array(2 * places.length * run.pixels);
      const wide = places.length * width;
      for (const [column, place] of places.entries()) {
        const pair = [
          Float32Array.from(run.image(place), (byte) => byte / 255),
          run.decoder(run.last).decode(Float32Array.from(run.mean(run.last, place))),
        ];
        for (const [row, pixels] of pair.entries()) {
          for (let y = 0; y < height; y++) {
            all.set(pixels.subarray(y * width, (y + 1) * width), (row * height + y) * wide + column * width);
          }
        }
      }
      new Picture(sheet.canvas, [2 * height, wide]).draw(all, 255);
    }
  }
}
