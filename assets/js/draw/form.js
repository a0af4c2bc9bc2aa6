/** What a run's images are like, measured on them, and a drawing brought into that form. No DOM. */

import { boundingBox, centreOfMass, resample } from "./mnist.js";
import { distances, rewidened, strokeWidth } from "./widths.js";

/**
 * Of each property from where to where it reaches in nine of ten images. A drawing that lies within is left as it is, and any
 * other is brought to the nearer end: where all images are alike, as centred ones are, it becomes like them, and where they
 * are not, it stays where it was written.
 * @typedef {[number, number]} Range
 * @typedef {object} Form
 * @property {Range} long the longer side of what is on an image, in pixels
 * @property {"mass"|"box"} by what their place is told by: the centre of mass, or that of the box around them
 * @property {Range} across where it lies, in pixels from the left
 * @property {Range} down in pixels from the top
 * @property {Range} stroke width of strokes as a share of the longer side
 * @property {number} ink the least share of its box that ink covers
 * @property {[ground: number, ink: number]} levels grey levels
 */

const MOST_MEASURED = 80; // images that are measured
const FINE = 84; // pixels of the longer side of an image, as finely as it is measured
const SHARE = 0.3; // of an image's own contrast, from which it is ink
const LEAST_CONTRAST = 16; // grey levels: less contrast is an image of nothing
const OFF_GROUND = 0.4; // of an image's border: more, and the image fills its frame
const HALF = 128;
const MOST_STROKE = 0.25; // of the longer side: strokes are thinner
const NO_STROKE = 0.45; // no stroke any more
const ONE_PLACE = 0.1; // of the longer side of an image: what lies less far apart lies at one place
const NEARLY_WHITE = 240;

/**
 * @param {Uint8Array[]} images @param {[number, number]} shape height and width of them
 * @returns {Form|null} null where there is nothing that lies on a ground, as on photographs, or nothing at all
 */
export function formOf(images, shape) {
  const chosen = images.filter((_, place) => place % Math.ceil(images.length / MOST_MEASURED) === 0);
  const found = chosen.flatMap((image) => measured(image, shape) ?? []);
  if (found.length < chosen.length / 2 || !found.length) return null;
  /** @param {(one: Measured) => number} value @param {number} share */
  const quantile = (value, share) =>
    found.map(value).sort((a, b) => a - b)[Math.min(found.length - 1, Math.floor(share * found.length))];
  /** @param {(one: Measured) => number} value @returns {Range} */
  const range = (value) => [quantile(value, 0.05), quantile(value, 0.95)];
  /** @param {"mass"|"box"} by @param {0|1} axis */
  const middle = (by, axis) => range((one) => one[by][axis]);
  /** @param {"mass"|"box"} by */
  const spread = (by) => [0, 1].reduce((sum, axis) => sum - middle(by, axis ? 1 : 0).reduce((a, b) => a - b), 0);
  const by = spread("mass") < spread("box") ? "mass" : "box";
  return {
    long: range(({ long }) => long),
    by,
    across: middle(by, 0),
    down: middle(by, 1),
    stroke: range(({ stroke }) => stroke),
    ink: quantile(({ ink }) => ink, 0.05),
    levels: [quantile(({ ground }) => ground, 0.5), quantile(({ level }) => level, 0.5)],
  };
}

/** @param {Form} form @returns {boolean} whether it is that of things written, and not of areas */
export const isWritten = ({ stroke }) => (stroke[0] + stroke[1]) / 2 <= MOST_STROKE;

/**
 * What was measured, in a sentence for the page.
 * @param {Form} form @param {[number, number]} shape height and width of the images
 */
export function wordsOf(form, [rows, columns]) {
  const { long, across, down, stroke, levels } = form;
  /** @param {Range} range @param {number} [times] */
  const span = ([low, high], times = 1) => {
    const [from, to] = [low, high].map((value) => Math.max(1, Math.round(value * times)));
    return from === to ? `${from}` : `${from} to ${to}`;
  };
  const side = Math.max(rows, columns);
  const apart = Math.max(across[1] - across[0], down[1] - down[0]);
  /** @param {Range} range @param {number} size */
  const off = ([low, high], size) => Math.abs((low + high) / 2 - size / 2);
  const central = Math.max(off(across, columns), off(down, rows)) < ONE_PLACE * side;
  const where = apart > ONE_PLACE * side ? "at different places" : central ? "in the middle" : "all at one place";
  const parts = [
    `${span(long)} of ${side} pixels large`,
    where,
    isWritten(form) ? `strokes ${span(stroke, (long[0] + long[1]) / 2)} pixels wide` : "areas rather than strokes",
    ...(levels[1] < NEARLY_WHITE ? [`grey ${levels[1]} of 255`] : []),
    ...(levels[0] > LEAST_CONTRAST ? [`on grey ${levels[0]}`] : []),
  ];
  return `Measured: ${parts.join(", ")}.`;
}

/** @typedef {{long: number, mass: number[], box: number[], stroke: number, ink: number, ground: number, level: number}} Measured */

/** @param {Uint8Array} image @param {[number, number]} shape @returns {Measured|null} */
function measured(image, [rows, columns]) {
  const border = Array.from(image.keys()).filter((at) => {
    const [x, y] = [at % columns, Math.floor(at / columns)];
    return x === 0 || y === 0 || x === columns - 1 || y === rows - 1;
  });
  const ground = border.map((at) => image[at]).sort((a, b) => a - b)[border.length >> 1];
  const contrast = image.reduce((most, value) => Math.max(most, value - ground), 0);
  if (contrast < LEAST_CONTRAST) return null;
  const off = border.filter((at) => Math.abs(image[at] - ground) > SHARE * contrast);
  if (off.length > OFF_GROUND * border.length) return null;
  // Half of `ink` is where the outline lies, between pixels too.
  const ink = Uint8Array.from(image, (value) =>
    Math.max(0, Math.min(255, ((value - ground) * HALF) / (SHARE * contrast))),
  );
  const fine = Math.max(1, Math.round(FINE / Math.max(rows, columns)));
  const [width, height] = [columns * fine, rows * fine];
  const large = enlarged(ink, rows, columns, fine);
  const box = boundingBox(large, width, height, HALF);
  if (!box) return null;
  const [wide, high] = [box.right - box.left, box.bottom - box.top];
  const long = Math.max(wide, high);
  const levels = image.filter((_, at) => ink[at] >= HALF).sort();
  const [massX, massY] = centreOfMass(
    image.map((value) => Math.max(0, value - ground)),
    columns,
  );
  const covered = large.reduce((count, value) => count + Number(value >= HALF), 0);
  return {
    long: long / fine,
    mass: [massX + 0.5, massY + 0.5],
    box: [(box.left + box.right) / 2 / fine, (box.top + box.bottom) / 2 / fine],
    stroke: Math.min(1, strokeWidth(distances(large, width, height, false), width, height) / long),
    ink: covered / (wide * high),
    ground,
    level: levels[Math.floor(0.75 * levels.length)],
  };
}

/** With values between pixels. @param {Uint8Array} image @param {number} rows @param {number} columns @param {number} times */
function enlarged(image, rows, columns, times) {
  const width = columns * times;
  const out = new Uint8Array(width * rows * times);
  /** @param {number} at @param {number} count @returns {[number, number, number]} the pixels on both sides, and how far it is on */
  const between = (at, count) => {
    const place = Math.max(0, Math.min(count - 1, (at + 0.5) / times - 0.5));
    return [Math.floor(place), Math.min(count - 1, Math.floor(place) + 1), place % 1];
  };
  for (let v = 0, at = 0; v < rows * times; v++) {
    const [top, bottom, down] = between(v, rows);
    for (let u = 0; u < width; u++, at++) {
      const [left, right, on] = between(u, columns);
      const high = image[top * columns + left] * (1 - on) + image[top * columns + right] * on;
      const low = image[bottom * columns + left] * (1 - on) + image[bottom * columns + right] * on;
      out[at] = high * (1 - down) + low * down;
    }
  }
  return out;
}

/**
 * Bring ink into the form of a run's images, but for their grey levels, see `levelled`.
 * @param {Uint8Array} ink width·height values, 0 to 255 @param {number} width @param {number} height
 * @param {[number, number]} shape height and width of the result
 * @param {Form} form
 * @returns {Uint8Array} all 0 where there is no ink
 */
export function asForm(ink, width, height, shape, form) {
  const [rows, columns] = shape;
  const written = inStrokes(ink, width, height, form);
  const box = boundingBox(written, width, height, HALF) ?? boundingBox(written, width, height);
  if (!box) return new Uint8Array(rows * columns);
  const pixel = Math.max(width / columns, height / rows);
  const long = Math.max(box.right - box.left, box.bottom - box.top);
  const step = long / within(long / pixel, form.long); // pixels of the field that one of the image covers
  const middle =
    form.by === "mass"
      ? centreOfMass(written, width).map((place) => place + 0.5)
      : [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  /** @param {number} at @param {Range} range @param {number} low @param {number} high @param {number} count */
  const from = (at, range, low, high, count) => {
    const first = at - within(at / pixel, range) * step;
    // No ink is cut off: what is very lopsided is rather left a little off its place.
    return high - low > count * step ? first : Math.min(low, Math.max(high - count * step, first));
  };
  const left = from(middle[0], form.across, box.left, box.right, columns);
  const top = from(middle[1], form.down, box.top, box.bottom, rows);
  return Uint8Array.from(resample(written, width, height, left, top, step, columns, rows), Math.round);
}

/** @param {number} value @param {Range} range */
const within = (value, [low, high]) => Math.min(high, Math.max(low, value));

/** An image of ink in the grey levels of a form; one of nothing stays so. @param {Uint8Array} image @param {Form} form */
export function levelled(image, { levels: [ground, ink] }) {
  if (!image.some((value) => value > 0)) return image;
  return Uint8Array.from(image, (value) => Math.round(ground + (value * (ink - ground)) / 255));
}

/**
 * Areas that an outline encloses are filled where a run's images are no strokes, and strokes are as wide as theirs.
 * @param {Uint8Array} ink @param {number} width @param {number} height @param {Form} form
 */
function inStrokes(ink, width, height, form) {
  const box = boundingBox(ink, width, height, HALF);
  if (!box) return ink;
  const covered = ink.reduce((count, value) => count + Number(value >= HALF), 0);
  const sparse = !isWritten(form) && covered < form.ink * (box.right - box.left) * (box.bottom - box.top);
  const whole = sparse ? filled(ink, width, height) : ink;
  const inside = distances(whole, width, height, false);
  const stroke = strokeWidth(inside, width, height);
  const long = Math.max(box.right - box.left, box.bottom - box.top);
  if (!isWritten(form) || stroke / long > NO_STROKE) return whole;
  const line = long - stroke; // the longer side of the middle line, which stays
  const wanted = within(stroke, [
    (form.stroke[0] * line) / (1 - form.stroke[0]),
    (form.stroke[1] * line) / (1 - form.stroke[1]),
  ]);
  const more = (wanted - stroke) / 2;
  return Math.abs(more) < 0.25 ? whole : rewidened(whole, inside, width, height, more);
}

/** The same with all that ink encloses. @param {Uint8Array} ink @param {number} width @param {number} height */
function filled(ink, width, height) {
  const outside = new Uint8Array(ink.length);
  const edge = [];
  for (let x = 0; x < width; x++) edge.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) edge.push(y * width, y * width + width - 1);
  while (edge.length) {
    const at = /** @type {number} */ (edge.pop());
    if (outside[at] || ink[at] >= HALF) continue;
    outside[at] = 1;
    const x = at % width;
    if (x > 0) edge.push(at - 1);
    if (x < width - 1) edge.push(at + 1);
    if (at >= width) edge.push(at - width);
    if (at < ink.length - width) edge.push(at + width);
  }
  return ink.map((value, at) => (outside[at] ? value : 255));
}
