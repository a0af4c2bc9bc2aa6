/** A table of 256 colours for pictures of many: the box of colours that varies most is halved again and again (Wu 1991). */

const COLOURS = 256;
const BINS = 1 << 15; // colours are counted by the upper 5 bits of red, green and blue

/** @param {number} pixel */
const bin = (pixel) => ((pixel & 0xf8) << 7) | ((pixel & 0xf800) >> 6) | ((pixel & 0xf80000) >> 19);

/**
 * Colours by their places among the bins, with their mean, and the channel in which they vary most.
 * @typedef {{places: number[], means: number[], channel: number, error: number}} Box
 */

export class Palette {
  constructor() {
    this.counts = new Float64Array(BINS);
    this.sums = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)]; // red, green, blue
    this.table = new Uint8Array(3 * COLOURS); // red, green, blue of each colour that was chosen
    this.size = 0; // how many were
    this.nearest = new Int16Array(BINS).fill(-1); // place in the table by bin, −1 where it is not known yet
  }

  /** Count the colours of a picture. @param {Uint32Array} pixels as an ImageData holds them, blue above green above red */
  see(pixels) {
    const [red, green, blue] = this.sums;
    for (const pixel of pixels) {
      const place = bin(pixel);
      this.counts[place]++;
      red[place] += pixel & 255;
      green[place] += (pixel >> 8) & 255;
      blue[place] += (pixel >> 16) & 255;
    }
  }

  /** Choose the colours, once all pictures have been seen. @returns {Uint8Array} 256 times red, green, blue */
  choose() {
    const seen = Array.from(this.counts.keys()).filter((place) => this.counts[place] > 0);
    const boxes = [this.box(seen)];
    while (boxes.length < COLOURS) {
      const widest = boxes.reduce((best, box) => (box.error > best.error ? box : best));
      if (widest.error < 1) break; // no box holds two colours
      const { channel, means } = widest;
      const low = widest.places.filter((place) => this.mean(place, channel) <= means[channel]);
      const high = widest.places.filter((place) => this.mean(place, channel) > means[channel]);
      boxes.splice(boxes.indexOf(widest), 1, this.box(low), this.box(high));
    }
    for (const [place, { means }] of boxes.entries()) this.table.set(means.map(Math.round), 3 * place);
    this.size = boxes.length;
    this.nearest.fill(-1);
    return this.table;
  }

  /** @param {number[]} places @returns {Box} */
  box(places) {
    let pixels = 0;
    const totals = [0, 0, 0];
    const squares = [0, 0, 0];
    for (const place of places) {
      pixels += this.counts[place];
      for (let channel = 0; channel < 3; channel++) {
        totals[channel] += this.sums[channel][place];
        squares[channel] += this.sums[channel][place] * this.mean(place, channel);
      }
    }
    const means = totals.map((total) => total / pixels);
    const errors = squares.map((square, channel) =>
      places.length > 1 ? square - totals[channel] * means[channel] : 0,
    );
    const error = Math.max(...errors);
    return { places, means, channel: errors.indexOf(error), error };
  }

  /** @param {number} place @param {number} channel */
  mean(place, channel) {
    return this.sums[channel][place] / this.counts[place];
  }

  /** @param {Uint32Array} pixels @returns {Uint8Array} where in the table the colour nearest to each pixel's stands */
  places(pixels) {
    const places = new Uint8Array(pixels.length);
    for (let i = 0; i < pixels.length; i++) {
      const place = bin(pixels[i]);
      if (this.nearest[place] < 0) this.nearest[place] = this.closest(place);
      places[i] = this.nearest[place];
    }
    return places;
  }

  /** @param {number} place @returns {number} */
  closest(place) {
    const seen = this.counts[place] > 0;
    const middle = [(place >> 7) & 0xf8, (place >> 2) & 0xf8, (place << 3) & 0xf8].map((value) => value + 4);
    const colour = seen ? [0, 1, 2].map((channel) => this.mean(place, channel)) : middle;
    let best = 0;
    let least = Infinity;
    for (let entry = 0; entry < this.size; entry++) {
      let distance = 0;
      for (let channel = 0; channel < 3; channel++)
        distance += (this.table[3 * entry + channel] - colour[channel]) ** 2;
      if (distance >= least) continue;
      least = distance;
      best = entry;
    }
    return best;
  }
}
