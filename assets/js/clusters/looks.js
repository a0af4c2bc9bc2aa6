/**
 * How films are looked at, for as long as the browser's tab is open: it changes too often to be sent, and means nothing to
 * Python.
 */

/** @import { SceneView } from "./camera.js" */

/**
 * views: what part of its film each map shows, by the run's name and the map's place; selected: images, by their places
 * in the
 * test split, of the run with this key.
 * @typedef {{views: Record<string, SceneView>, selected: {key: string, indices: number[]}}} Looks
 */

globalThis.betaVaeLooks ??= { views: {}, selected: { key: "", indices: [] } };

export const looks = globalThis.betaVaeLooks;
