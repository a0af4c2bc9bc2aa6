/**
 * The films of one run or two, once they are there: on their maps, with the clock, the choices and what is said of them.
 */

import { Cursor, follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { explain } from "../shared/terms.js";
import { toAddress } from "./address.js";
import { Beside } from "./beside.js";
import { Choices, colourWords, kindIn } from "./choices.js";
import { CursorOnMap } from "./cursor-mark.js";
import { Emphasis } from "./emphasis.js";
import { FilmClock } from "./film-clock.js";
import { Legend } from "./legend.js";
import { looks } from "./looks.js";
import { epochAt, momentAt } from "./playback.js";
import { SaveMenu } from "./save.js";
import { shotOf } from "./shot.js";
import { Stage } from "./stage.js";

/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { Settings } from "./address.js" */
/** @import { Sides } from "./sides.js" */

const CALM_MS = 400; // after a wheel's notch

/** @typedef {{settings: Settings, hidden: Iterable<number>}} BoardOptions hidden: classes */

export class Board {
  /**
   * @param {HTMLElement} root @param {Link} link @param {Sides} sides @param {CursorState} cursor
   * @param {BoardOptions} options
   */
  constructor(root, link, sides, cursor, { settings, hidden }) {
    this.root = root;
    this.link = link;
    this.sides = sides;
    this.settings = settings;
    this.find = finder(root);
    /** @type {number|null} see `follow` */
    this.revision = null;
    this.cursor = new Cursor(sides.run, cursor);
    this.onMap = new CursorOnMap(sides, this.cursor);
    this.frame = 0; // of the browser's that was asked for
    this.told = ""; // of which frames everything has been said
    this.pointed = -1; // point of the first film
    this.calm = 0; // the timer after which the hand has let go of a view
    this.emphasis = new Emphasis(hidden);
    this.clock = new FilmClock(root, {
      moved: () => this.draw(performance.now()),
      moves: () => this.request(),
      rested: (frame) => this.carryCursor(frame),
    });
    this.stage = stageOf(this);
    this.choices = new Choices(root, (changes) => this.set(changes));
    new SaveMenu(this.find(".saving"), {
      shot: () => shotOf(this.sides, this.stage.maps, this.settings.speed),
      moment: () => this.clock.at,
    });
    this.beside = besideOf(this);
    this.legend = legendOf(this);
    this.show();
  }

  /** @returns {LiveRun} the first one */
  get run() {
    return this.sides.run;
  }

  // What is shown ---------------------------------------------------------------------------------------------------

  /**
   * Show other films, or the same after they have grown.
   * @param {Sides} sides @param {CursorState} cursor as Python has it
   */
  open(sides, cursor) {
    const same = sides.run.key === this.run.key;
    const epoch = epochAt(this.sides.first, this.clock.at);
    if (!same) this.revision = null;
    this.sides = sides;
    this.cursor = new Cursor(sides.run, same ? this.cursor : cursor);
    this.onMap = new CursorOnMap(sides, this.cursor);
    this.pointed = -1;
    this.beside = besideOf(this);
    this.legend = legendOf(this);
    this.show();
    if (same) this.clock.go(momentAt(sides.first, epoch));
    else this.remember(); // of another run's points and classes nothing is left
  }

  /** Show everything as it was once. @param {BoardOptions} options */
  take({ settings, hidden }) {
    this.settings = settings;
    this.emphasis = new Emphasis(hidden);
    this.legend = legendOf(this);
    this.show();
  }

  show() {
    const { first } = this.sides;
    const [height, width] = first.imageShape;
    this.root.style.setProperty("--shape", `${width} / ${height}`);
    this.stage.open(this.sides);
    this.emphasis.hidden = this.legend.hidden;
    this.choices.offer(first);
    this.apply();
    const { key, indices } = looks.selected;
    const known = key === this.run.key ? indices : [];
    this.emphasis.selection = known.map((index) => first.point(index)).filter((point) => point >= 0);
    this.beside.select(this.emphasis.selection, this.frames());
    this.emphasise();
  }

  /** Take the cursor that Python sent, if it counts, and draw. @param {{cursor: CursorState, revision: number}} data */
  receive(data) {
    if (follow(this, data)) {
      this.setCursor(this.cursor);
      this.clock.go(this.onMap.frame);
    }
    if (this.stage.showTheme()) this.showLegend();
    this.draw(performance.now());
  }

  /** @param {Partial<Settings>} changes */
  set(changes) {
    const before = this.stage.maps.map(({ scene }) => scene.kind);
    Object.assign(this.settings, changes);
    this.apply();
    this.remember();
    if (changes.kind) this.stage.morph(before);
    this.draw(performance.now());
  }

  /** Show everything as it was chosen, as far as the films have it. */
  apply() {
    const { settings, sides } = this;
    sides.kind = kindIn(sides.first, settings.kind);
    const colour = this.choices.offered(settings.colour);
    this.choices.show(settings, sides.kind, colour);
    this.stage.show(colour, settings);
    const without = sides.all.find(({ film }) => !film.kinds.has(sides.kind));
    const note = without ? ` ${without.about.name} has no such layout yet: its principal components are shown.` : "";
    explain(this.find(".kind-note"), sides.first.about.layouts[sides.kind].note + note);
    this.clock.open(sides.first, sides.last, settings.speed);
    this.told = "";
    this.showLegend();
  }

  showLegend() {
    const { scene } = this.stage.maps[0];
    this.legend.showColours(scene, colourWords(this.sides.first, scene.colourBy));
  }

  remember() {
    const { settings, run, emphasis, stage } = this;
    const hidden = [...emphasis.hidden];
    const memory = { settings, run: run.key, hidden, views: stage.views(), selected: emphasis.selection };
    this.link.remember(memory, toAddress);
  }

  // Drawing ---------------------------------------------------------------------------------------------------------

  request() {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      if (this.root.isConnected) this.draw(now);
      else this.clock.playback.playing = false;
    });
  }

  /** @param {number} now */
  draw(now) {
    const moving = this.clock.advance(now);
    const { at } = this.clock;
    this.showTime(); // and with it the pictures of another epoch, before the map shows them too
    const turning = this.stage.advance(now);
    this.stage.paint(at, (place) => this.marksOf(place, at));
    if (moving || turning) this.request();
  }

  /** @returns {number[]} the frame that each map shows, or is nearest to */
  frames() {
    return this.sides.frames(this.clock.at);
  }

  /** What stands out on a map. @param {number} place @param {number} at */
  marksOf(place, at) {
    const { scene } = this.stage.maps[place];
    return {
      pointed: this.pointed < 0 ? -1 : this.sides.all[place].pointOf(this.pointed),
      decoded: this.beside.decoded(place),
      cursor: place === 0 ? this.onMap.mark(at, scene) : this.onMap.otherMark(place, at, scene),
      path: this.settings.trails,
    };
  }

  /** The slider, and, whenever another epoch is the nearest, all that is said of an epoch. */
  showTime() {
    const { sides, clock } = this;
    clock.show(sides.first);
    const frames = this.frames();
    const told = frames.join();
    if (told === this.told) return;
    this.told = told;
    clock.tell(sides.first, frames[0]);
    this.stage.tell(frames);
    this.beside.show(frames, this.onMap, this.pointed);
  }

  // Points ----------------------------------------------------------------------------------------------------------

  /** @param {number} point of the first film, −1 for none */
  look(point) {
    if (point === this.pointed) return;
    this.pointed = point;
    this.beside.showPoint(this.frames(), this.onMap, point);
    this.request();
  }

  emphasise() {
    const { sides, emphasis } = this;
    for (const [place, { scene }] of this.stage.maps.entries()) emphasis.show(scene, sides.all[place]);
    if (this.pointed >= 0 && emphasis.hidden.has(sides.first.labels[this.pointed])) this.look(-1);
    this.request();
  }

  /** @param {number[]} points of the first film */
  select(points) {
    points.sort((one, other) => one - other);
    this.emphasis.selection = points;
    looks.selected = { key: this.run.key, indices: points.map((point) => this.sides.first.indices[point]) };
    for (const map of this.stage.maps) map.useLasso(false);
    this.beside.select(points, this.frames());
    this.emphasise();
    this.beside.say(points.length ? `${points.length} images selected` : "Nothing is selected");
    this.remember();
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  /** @param {Cursor} cursor */
  setCursor(cursor) {
    this.cursor = cursor;
    this.onMap = new CursorOnMap(this.sides, cursor);
    this.told = "";
    this.request();
  }

  /** Take the cursor along to a frame, and tell all pages. @param {number} frame */
  carryCursor(frame) {
    this.onMap.carry(frame);
    this.cursor = this.onMap.cursor;
    this.cursor.tell(this.link);
  }

  /** @param {number} point of the first film */
  choose(point) {
    if (point < 0) return;
    this.clock.playback.stop();
    const cursor = this.onMap.onPoint(Math.round(this.clock.at), point);
    if (!cursor) return;
    this.setCursor(cursor);
    if (Number.isInteger(this.clock.at)) cursor.tell(this.link);
    else this.clock.settle();
    this.beside.say(`${this.sides.nameOf(point)} is the cursor`);
  }

  takeMeanCode() {
    const [frame] = this.frames();
    this.setCursor(this.onMap.onCode(frame, this.beside.meanCode(frame)));
    this.cursor.tell(this.link);
  }
}

// Its parts that say when the hand has done something, and what follows from it --------------------------------------

/** @param {Board} board */
function stageOf(board) {
  return new Stage(board.root, board.sides, {
    changed: () => board.request(),
    pointed: (map, point, byKey) => {
      board.look(board.stage.pointOn(map, point));
      if (byKey && board.pointed >= 0) board.beside.say(board.sides.nameOf(board.pointed));
    },
    chosen: (map, point) => board.choose(board.stage.pointOn(map, point)),
    selected: (map, points) => {
      board.select(points.map((point) => board.stage.pointOn(map, point)).filter((point) => point >= 0));
    },
    viewed: () => {
      board.stage.keepViews();
      clearTimeout(board.calm);
      board.calm = setTimeout(() => board.remember(), CALM_MS);
    },
    allClasses: () => board.legend.hide(new Set()),
  });
}

/** @param {Board} board */
function besideOf(board) {
  return new Beside(board.root, board.sides, {
    all: () => board.select(board.stage.inView()),
    clear: () => board.select([]),
    take: () => board.takeMeanCode(),
    look: (point) => board.look(point),
    choose: (point) => board.choose(point),
  });
}

/** @param {Board} board */
function legendOf(board) {
  return new Legend(board.find("section.legend"), board.sides.first, board.emphasis.hidden, {
    hid: (classes) => {
      board.emphasis.hidden = classes;
      board.emphasise();
      board.remember();
    },
    look: (label) => {
      board.emphasis.label = label;
      board.emphasise();
    },
  });
}
