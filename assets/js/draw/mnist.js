/** Bringing what is on the field into the form of the model's images. No DOM. */

/**
 * Bring ink into the form of MNIST: "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio. The
 * resulting images contain grey levels as a result of the anti-aliasing technique … the images were centered in a 28x28
 * image by computing the center of mass of the pixels, and translating the image so as to position this point at the
 * center of the 28x28 field" (LeCun, Cortes and Burges, The MNIST Database). Its centre is pixel 14 of 0 to 27, reached by
 * moving whole pixels: so it is in the files, where the centre of mass lies within half a pixel of (14, 14). Another
 * size of image has a box and a centre in proportion.
 *
 * Moved by whole pixels, a digit jumps by one where its centre lies between two: so a photograph of a digit is moved exactly,
 * and is the same in any light.
 * @param {Uint8Array} ink width·height values, 0 to 255 @param {number} width @param {number} height
 * @param {[number, number]} shape height and width of the result
 * @param {boolean} [exactly] move it by parts of pixels too
 * @returns {Uint8Array} all 0 where there is no ink
 */
export function asMnist(ink, width, height, shape, exactly = false) {
  const [rows, columns] = shape;
  const box = boundingBox(ink, width, height);
  const out = new Uint8Array(rows * columns);
  if (!box) return out;
  const side = Math.round((Math.min(rows, columns) * 20) / 28);
  const scale = side / Math.max(box.right - box.left, box.bottom - box.top);
  if (exactly) {
    const [x, y] = centreOfMass(ink, width);
    /** @param {number} centre @param {number} low @param {number} high @param {number} size */
    const from = (centre, low, high, size) =>
      Math.min(low, Math.max(high - size / scale, centre - (size / 2 + 0.5) / scale));
    const left = from(x + 0.5, box.left, box.right, columns);
    const top = from(y + 0.5, box.top, box.bottom, rows);
    return Uint8Array.from(resample(ink, width, height, left, top, 1 / scale, columns, rows), Math.round);
  }
  const small = resample(ink, width, height, box.left, box.top, 1 / scale, side, side);
  const [middleX, middleY] = centreOfMass(small, side);
  const usedX = Math.ceil((box.right - box.left) * scale - 1e-6);
  const usedY = Math.ceil((box.bottom - box.top) * scale - 1e-6);
  // No ink is cut off: a very lopsided figure is rather left a little off its centre.
  /** @param {number} middle @param {number} centre @param {number} used @param {number} size */
  const place = (middle, centre, used, size) => Math.min(size - used, Math.max(0, Math.round(middle - centre)));
  const left = place(columns / 2, middleX, usedX, columns);
  const top = place(rows / 2, middleY, usedY, rows);
  for (let y = 0; y < usedY; y++) {
    for (let x = 0; x < usedX; x++) out[(top + y) * columns + left + x] = Math.round(small[y * side + x]);
  }
  return out;
}

/** In pixels, each counted by its ink. @param {ArrayLike<number>} ink @param {number} width */
export function centreOfMass(ink, width) {
  let mass = 0;
  let massX = 0;
  let massY = 0;
  for (let at = 0; at < ink.length; at++) {
    const x = at % width;
    mass += ink[at];
    massX += ink[at] * x;
    massY += (ink[at] * (at - x)) / width;
  }
  return [massX / mass, massY / mass];
}

/**
 * The whole field at the size of the model's images.
 * @param {Uint8Array} ink @param {number} width @param {number} height @param {[number, number]} shape height and width of the result
 */
export function asItIs(ink, width, height, shape) {
  const [rows, columns] = shape;
  return Uint8Array.from(resample(ink, width, height, 0, 0, width / columns, columns, rows), Math.round);
}

/** Make the strongest ink white, in place: lines thinner than a pixel are grey when they are reduced. @param {Uint8Array} image */
export function stretch(image) {
  const most = image.reduce((high, value) => Math.max(high, value), 0);
  if (most) for (let at = 0; at < image.length; at++) image[at] = Math.round((image[at] * 255) / most);
}

/**
 * The smallest box that holds all ink, in whole pixels; null without ink.
 * @param {Uint8Array} ink @param {number} width @param {number} height @param {number} [least] that counts as ink
 */
export function boundingBox(ink, width, height, least = 1) {
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (ink[at] < least) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right > left ? { left, right, top, bottom } : null;
}

/**
 * Each pixel of the result is the mean over the area that it covers: `step` pixels of the source by as many.
 * @param {Uint8Array} source @param {number} width @param {number} height @param {number} left @param {number} top @param {number} step
 * @param {number} columns @param {number} rows of the result
 */
export function resample(source, width, height, left, top, step, columns, rows) {
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

/**
 * Along one axis, which source pixels each result pixel covers, and by what share of itself.
 * @param {number} first @param {number} step @param {number} count @param {number} size
 */
function shares(first, step, count, size) {
  return Array.from({ length: count }, (_, n) => {
    const from = first + n * step;
    const to = from + step;
    /** @type {[at: number, share: number][]} */
    const found = [];
    for (let at = Math.max(0, Math.floor(from)); at < Math.min(size, to); at++) {
      const covered = Math.min(at + 1, to) - Math.max(at, from);
      if (covered > 1e-9) found.push([at, covered / step]);
    }
    return found;
  });
}
