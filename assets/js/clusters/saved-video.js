/** The film as a video. */

import { save } from "../shared/files.js";
import { eased, FINAL_SECONDS } from "./playback.js";
import { FilmSheet } from "./saved-sheet.js";

/** @import { Watch } from "./save.js" */
/** @import { Shot } from "./shot.js" */

const VIDEO = { width: 800, rate: 30, bits: 8e6 }; // pixels of a map, frames and bits a second
const VIDEO_TYPES = ["video/mp4;codecs=avc1.640028", "video/webm;codecs=vp9", "video/webm"]; // what plays in most places first

/** @returns {string|undefined} the kind of video that this browser can record */
export const videoType = () =>
  "MediaRecorder" in globalThis ? VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type)) : undefined;

/**
 * Save a film as a video. It is recorded while it plays, and takes as long as it will last.
 * @param {string} name @param {Shot} shot @param {Watch} watch
 */
export async function saveFilmVideo(name, shot, watch) {
  const type = videoType();
  if (!type) throw new Error("This browser cannot record a video. Save a GIF, or use another browser.");
  const sheet = new FilmSheet(shot, VIDEO.width);
  sheet.draw(0);
  const stream = sheet.canvas.captureStream(0);
  const [track] = /** @type {CanvasCaptureMediaStreamTrack[]} */ (stream.getVideoTracks());
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: VIDEO.bits });
  /** @type {Blob[]} */
  const parts = [];
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
  };
  const ended = new Promise((resolve, reject) => {
    recorder.onstop = resolve;
    recorder.onerror = (event) => {
      const { error } = /** @type {ErrorEvent} */ (event);
      reject(new Error(`The video could not be recorded: ${error?.message ?? error}.`));
    };
  });
  recorder.start();
  try {
    await Promise.race([ended, playFor(recorder, track, sheet, shot, watch)]);
  } finally {
    if (recorder.state !== "inactive") recorder.stop();
    track.stop();
  }
  await ended;
  save(`${name}.${type.startsWith("video/mp4") ? "mp4" : "webm"}`, parts, type.split(";")[0]);
}

/**
 * Play a film to a recorder. Both wait while the page is out of sight, where a browser draws nothing.
 * @param {MediaRecorder} recorder @param {CanvasCaptureMediaStreamTrack} track @param {FilmSheet} sheet @param {Shot} shot
 * @param {Watch} watch
 */
async function playFor(recorder, track, sheet, { last, seconds, speed }, { report, signal }) {
  const length = last * seconds + FINAL_SECONDS;
  let played = 0;
  let before = 0; // when the frame before was drawn, 0 if there was none
  const seen = () => {
    before = 0;
    if (document.hidden) recorder.pause();
    else recorder.resume();
  };
  document.addEventListener("visibilitychange", seen);
  try {
    while (played < length) {
      /** @type {number} */
      const now = await new Promise(requestAnimationFrame);
      signal.throwIfAborted();
      before ||= now;
      if (now > before && now - before < 900 / VIDEO.rate) continue;
      played += (now - before) / 1000;
      before = now;
      sheet.draw(eased(Math.min(last, played / seconds), speed));
      track.requestFrame();
      report(Math.min(1, played / length));
    }
  } finally {
    document.removeEventListener("visibilitychange", seen);
  }
}
