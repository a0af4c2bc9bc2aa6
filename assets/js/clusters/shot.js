/** What is saved: the maps as they are shown. */

import { number } from "../engine/numbers.js";
import { colourWords } from "./choices.js";
import { SECONDS } from "./playback.js";
import { figure } from "./quality.js";

/** @import { Film, Kind } from "../engine/film.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { FilmMap } from "./map.js" */
/** @import { Scene } from "./scene.js" */
/** @import { Sides } from "./sides.js" */

/**
 * One map.
 * @typedef {object} ShotMap
 * @property {Scene<Film>} scene
 * @property {SceneView} view
 * @property {(moment: number) => number} at where its film is at a moment of the first one's
 * @property {string} title what stands above it
 * @property {(frame: number) => string} facts and below that
 */

/**
 * @typedef {object} Shot
 * @property {ShotMap[]} maps
 * @property {number} last frame of the first map's film
 * @property {number} seconds from frame to frame, at its speed
 * @property {number} speed
 * @property {string} font
 * @property {string} colouredBy what the colours say
 * @property {string} player what bvae/browser/player.py makes
 */

/** @param {Sides} sides @param {FilmMap[]} maps @param {number} speed @returns {Shot} */
export function shotOf(sides, maps, speed) {
  return {
    maps: maps.map(({ scene, view, film }, place) => {
      const { kind, frames } = scene; // a film goes on being saved while another layout is looked at
      return {
        scene,
        view: { ...view.now },
        at: (moment) => sides.momentOf(place, moment, frames),
        title: `${film.about.name} · ${film.about.weight}`,
        facts: (frame) => factsOf(film, kind, frame),
      };
    }),
    last: sides.last,
    seconds: SECONDS / speed,
    speed,
    font: getComputedStyle(maps[0].figure).fontFamily,
    colouredBy: colourWords(sides.first, maps[0].scene.colourBy).title,
    player: globalThis.betaVaePlayer ?? "",
  };
}

/** @param {Film} film @param {Kind} kind @param {number} frame */
function factsOf(film, kind, frame) {
  const value = figure(film.about, kind, "trustworthiness", frame);
  const trust = Number.isFinite(value) ? `, trustworthiness ${number(value, 3)}` : "";
  return `${film.about.layouts[kind].name}, ${film.points.toLocaleString("en")} test images${trust}`;
}
