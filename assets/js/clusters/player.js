/**
 * Plays a film without the app, in the page that packed-page.js makes: the same scene as in the app, the positions, the
 * images
 * and what was measured of them, and nothing from anywhere else.
 */

import { finder } from "../shared/elements.js";
import { Terms } from "../shared/terms.js";
import { steadySliders } from "../shared/touch.js";
import { STEP_IN, WHOLE } from "./camera.js";
import { SavedFilm, unpack } from "./packed.js";
import { epochAt, momentAt, Playback } from "./playback.js";
import { PlayerControls } from "./player-controls.js";
import { PlayerMap } from "./player-map.js";
import { tellFilms, tellPoint } from "./player-words.js";

/** @import { Kind } from "../engine/film.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { PackedPage } from "./packed.js" */
/** @import { Theme } from "./scene.js" */

const dark = matchMedia("(prefers-color-scheme: dark)");

class Player {
  /**
   * @param {SavedFilm[]} films side by side; the first one's epochs are the clock's
   * @param {PackedPage["shown"]} shown
   */
  constructor(films, shown) {
    this.find = finder(document);
    this.films = films;
    this.scrubber = this.find(".scrubber", HTMLInputElement);
    this.playback = new Playback(shown.seconds, { changed: () => this.showPlaying(), ended: () => {} });
    this.playback.speed = shown.speed;
    /** @type {SceneView} of all maps */
    this.view = { ...WHOLE, ...shown.view };
    /** @type {{map: PlayerMap, point: number}|null} */
    this.pointed = null;
    this.frame = 0; // of the browser's that was asked for
    this.told = ""; // of which frame everything has been said
    this.maps = films.map((film) => this.makeMap(film));
    for (const { scene } of this.maps) scene.options = { ...shown.options };
    this.controls = new PlayerControls(films, shown.options, shown.speed, {
      chosen: (kind, colourBy) => this.choose(kind, colourBy),
      drawn: (name, on) => {
        for (const { scene } of this.maps) scene.options[name] = on;
        this.later();
      },
      hastened: (speed) => {
        this.playback.speed = speed;
      },
      hid: (hidden) => this.hide(hidden),
    });
    this.hide(films[0].hidden);
    this.listen();
    this.retheme();
    this.choose(shown.kind, shown.colourBy);
  }

  // What there is to press -------------------------------------------------------------------------------------------

  /** @param {SavedFilm} film */
  makeMap(film) {
    const map = new PlayerMap(film, this.theme(), {
      zoomed: (of, factor, place) => this.zoom(factor, of, place),
      panned: ({ scene }, across, down, size) => {
        this.look(scene.camera.panned(scene.kind, this.view, across, down, size));
      },
      whole: () => this.look(WHOLE),
      pointed: (of, point) => this.point(of, point),
    });
    map.caption.hidden = this.films.length === 1;
    this.find(".maps").append(map.figure);
    return map;
  }

  /** @param {boolean[]} hidden by class */
  hide(hidden) {
    for (const { scene, film } of this.maps) {
      for (let point = 0; point < film.points; point++) scene.hidden[point] = hidden[film.labels[point]] ? 1 : 0;
    }
    this.later();
  }

  listen() {
    this.find(".play").onclick = () => this.toggle();
    steadySliders(document.body);
    this.scrubber.oninput = () => this.seek(Number(this.scrubber.value));
    this.find(".zoom [value=in]").onclick = () => this.zoom(STEP_IN);
    this.find(".zoom [value=out]").onclick = () => this.zoom(1 / STEP_IN);
    this.find(".zoom [value=whole]").onclick = () => this.look(WHOLE);
    document.onkeydown = (event) => this.press(event);
    dark.onchange = () => this.retheme();
    new ResizeObserver(() => this.resize()).observe(this.find(".maps"));
    addEventListener("resize", () => this.resize());
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = /** @type {Element} */ (event.target).closest("button, select, input");
    const slider = at instanceof HTMLInputElement && at.type === "range";
    // What the control that has the focus does with the key itself. A slider does nothing with Space.
    const native = at?.tagName === "SELECT" || (slider ? event.key.length > 1 : at && event.key === " ");
    /** @type {Record<string, () => void>} */
    const keys = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.seek(this.playback.beside(-1)),
      ArrowRight: () => this.seek(this.playback.beside(1)),
      Home: () => this.seek(0),
      End: () => this.seek(this.playback.last),
      "+": () => this.zoom(STEP_IN),
      "-": () => this.zoom(1 / STEP_IN),
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

  /** @param {Kind} kind @param {string} colourBy */
  choose(kind, colourBy) {
    const { find, playback } = this;
    const [{ scene }] = this.maps;
    for (const map of this.maps) {
      map.scene.kind = kind;
      map.scene.colourBy = colourBy;
      map.figure.style.setProperty("--shape", String(map.scene.shape));
    }
    this.controls.show(kind, colourBy);
    if (colourBy !== "class") this.controls.showRange(scene.film.range(colourBy), scene.rampColours());
    find(".kind-note").textContent = scene.film.about.layouts[kind].note;
    const shapes = this.maps.reduce((sum, map) => sum + map.scene.shape, 0);
    find(".stage").style.setProperty("--shapes", String(shapes));
    playback.last = scene.frames - 1;
    if (playback.at > playback.last) playback.go(playback.last);
    this.scrubber.max = String(playback.last);
    this.told = "";
    this.later();
  }

  toggle() {
    if (this.playback.playing) this.playback.stop();
    else this.playback.play();
  }

  showPlaying() {
    const { playing } = this.playback;
    const button = this.find(".play");
    button.classList.toggle("playing", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.later();
  }

  /** Go to a frame, as a hand does: a film that plays is paused. @param {number} frame */
  seek(frame) {
    this.playback.stop();
    this.playback.go(frame);
    this.showTime();
    this.later();
  }

  /** @param {SavedFilm} film @returns {number} where it is: another than the first at the same epoch, between frames too */
  at(film) {
    const [first] = this.films;
    const { at } = this.playback;
    return film === first ? at : momentAt(film, epochAt(first, at));
  }

  showTime() {
    const [first] = this.films;
    const { kind } = this.maps[0].scene;
    const frame = Math.round(this.playback.at);
    if (Number(this.scrubber.value) !== frame) this.scrubber.value = String(frame);
    if (this.told === `${frame}`) return;
    this.told = `${frame}`;
    this.scrubber.setAttribute("aria-valuetext", `epoch ${first.epochs[frame]}`);
    this.find(".epoch").textContent = `Epoch ${first.epochs[frame]}`;
    tellFilms(
      this.maps.map((map) => ({ map, frame: Math.round(this.at(map.film)) })),
      kind,
    );
    this.tellPoint();
  }

  // Drawing ----------------------------------------------------------------------------------------------------------

  later() {
    this.frame ||= requestAnimationFrame((now) => this.draw(now));
  }

  /** @param {number} now */
  draw(now) {
    this.frame = 0;
    if (this.playback.advance(now)) this.later();
    this.showTime();
    for (const map of this.maps) {
      map.scene.paint(map.canvas, this.at(map.film), this.view);
      map.nothing.hidden = map.scene.drawn > 0;
      if (this.pointed?.map === map) map.ring(this.pointed.point);
    }
    this.find("main").removeAttribute("aria-busy");
  }

  resize() {
    for (const map of this.maps) map.resize();
    this.later();
  }

  /** @returns {Theme} */
  theme() {
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { background: backgroundColor, text: color, dark: dark.matches };
  }

  retheme() {
    const [{ scene }] = this.maps;
    for (const map of this.maps) map.scene.setTheme(this.theme());
    if (scene.colourBy !== "class") this.choose(scene.kind, scene.colourBy);
    this.resize();
  }

  // Moving about -----------------------------------------------------------------------------------------------------

  /**
   * Enlarge, so that what lies under a pixel stays there.
   * @param {number} factor @param {PlayerMap} map @param {[number, number]} [place]
   */
  zoom(factor, { scene, canvas } = this.maps[0], place = [canvas.width / 2, canvas.height / 2]) {
    this.look(scene.camera.zoomed(scene.kind, this.view, factor, place, canvas));
  }

  /** @param {SceneView} view */
  look(view) {
    const [{ scene, canvas }] = this.maps;
    this.view = scene.camera.within(scene.kind, view, canvas);
    this.later();
  }

  /** @param {PlayerMap} map @param {number} point */
  point(map, point) {
    if (point < 0 || (this.pointed?.map === map && this.pointed.point === point)) return;
    this.pointed = { map, point };
    this.tellPoint();
    this.later();
  }

  /** To the next image that is shown, for those who have no pointer. @param {number} step */
  next(step) {
    const map = this.pointed?.map ?? this.maps[0];
    const { points } = map.film;
    let point = this.pointed?.point ?? (step > 0 ? -1 : points);
    for (let tried = 0; tried < points; tried++) {
      point = (point + step + points) % points;
      if (!map.scene.hidden[point]) return this.point(map, point);
    }
  }

  tellPoint() {
    if (!this.pointed) return;
    const { map, point } = this.pointed;
    tellPoint(map.film, point, Math.round(this.at(map.film)), this.films.length > 1);
  }
}

const within = finder(document);
try {
  /** @type {PackedPage} */
  const { films, shown, arrays } = JSON.parse(within("#films", HTMLScriptElement).text);
  const numbers = within("#numbers", HTMLScriptElement);
  const unpacked = await unpack(numbers.text, arrays);
  numbers.textContent = ""; // the text is not needed any more
  new Terms(document, document.body);
  new Player(
    films.map((film) => new SavedFilm(film, unpacked)),
    shown,
  );
} catch (error) {
  const problem = within(".problem");
  problem.textContent = `This film cannot be played: ${/** @type {Error} */ (error).message}`;
  problem.hidden = false;
}
