/**
 * One picture of the film: points, their trails, images and numerals, drawn on a canvas. No DOM beyond that canvas, so
 * that the page, the files it saves and the player outside the app draw the same.
 *
 * Points are written straight into pixels: ten thousand antialiased discs take some two milliseconds so, and thirty with
 * the canvas's own paths.
 */

import { CLASS_COLOURS, cut } from "../shared/classes.js";

/** The whole film, each point of it; x and y are the middle of the picture as shares of half the film's extent. */
export const WHOLE = Object.freeze({ x: 0, y: 0, scale: 1 });

/**
 * Where a film is on its way from frame to frame when time runs evenly: it starts gently from each and comes gently to
 * the next. At speed that would only stutter.
 */
export function eased(time, speed) {
  const frame = Math.floor(time);
  const share = time - frame;
  const gently = share * share * (3 - 2 * share);
  return frame + share + (gently - share) / Math.max(1, speed);
}

const MARGIN = 0.06; // of the picture's half, between the outermost point and the edge
const SHAPES = [0.6, 2.4]; // of a frame, its width by its height: those that a page has room for

/** @param {number} shape of a film @returns {number} that of its frame */
export const clampShape = (shape) => Math.min(SHAPES[1], Math.max(SHAPES[0], shape));
const OPAQUE = 235; // of 256
const FAINT = 30; // of 256: points that are there and not meant
const NUMERAL = 14; // characters of a class's name that stand on the map
const TRAIL = 2; // epochs
const TRAIL_OPAQUE = 110; // of 256, at the point; nothing at the far end
const SUBPIXELS = 4; // places of a disc within a pixel, either way
const IMAGES_FROM = 2.5; // times that the whole must be enlarged before images stand at the points
const UNCHANGED = 0.8; // a point that kept this share of its neighbours has no reason to move
const NOTICEABLE = 0.05; // of the film's radius: a movement that is seen

// From little to much, for points that must stand out from what is behind them.
const MORE = { light: ["#e0a92e", "#d8576b", "#8b2d9c", "#1d1147"], dark: ["#5a4fd1", "#b5519c", "#f0805c", "#fbe45b"] };
const SIGNED = { light: ["#1c5fb0", "#b4bac2", "#c2390c"], dark: ["#58a6ff", "#59616d", "#ff8f5a"] };

/**
 * What a scene needs of a film; see engine/film.js for the whole.
 * @typedef {{points: number, labels: ArrayLike<number>, about: {class_names: string[]}, imageShape: number[],
 *   kinds: Map<string, {frames: number}>, at: function(string, number): Float32Array, image: function(number): Uint8Array,
 *   values: function(string, number): (Float32Array|null), range: function(string): number[]}} SceneFilm
 *   at: x and y of each point in a kind of layout at a frame, in units of the film's radius; values: one number a point at a
 *   frame, of "kl", "reconstruction", "kept" or "z0", "z1", …; range: the least and the greatest for the colours
 * @typedef {{background: string, text: string, dark: boolean}} Theme colours as CSS writes them
 * @typedef {{x: number, y: number, scale: number}} SceneView
 */
export class Scene {
  /** @param {SceneFilm} film @param {Theme} theme */
  constructor(film, theme) {
    this.film = film;
    this.kind = film.kinds.keys().next().value;
    this.colourBy = "class"; // or a name that `film.values` knows
    this.names = film.about.class_names.map((name) => cut(name, NUMERAL));
    this.colours = new Uint32Array(film.points); // as ImageData holds them; made by `paint`
    this.hidden = new Uint8Array(film.points); // 1 for a point that is not drawn
    /** @type {Uint8Array|null} 1 for the points that are meant; the others are drawn faintly. Null where all are. */
    this.meant = null;
    this.options = { numerals: true, trails: false, dim: false, images: true };
    this.ratio = 1; // of the canvas's pixels to those that sizes are given in
    /** @type {{kind: string, share: number}|null} while the points are on their way from another kind of layout */
    this.from = null;
    this.xs = new Float32Array(film.points); // where `paint` drew each point, in pixels of the canvas
    this.ys = new Float32Array(film.points);
    this.drawn = 0; // points that are in the picture
    this.thumbnails = []; // {point, left, top, width, height} as they were drawn, the uppermost last
    this.kept = { fits: new Map(), centres: new Map(), moved: new Map(), stamps: new Map() };
    this.setTheme(theme);
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    this.theme = theme;
    const mode = theme.dark ? "dark" : "light";
    this.palette = CLASS_COLOURS.map(packed);
    this.ramps = { more: ramp(MORE[mode]), signed: ramp(SIGNED[mode]) };
    this.background = packed(theme.background);
    this.coloured = null; // what the colours were last made for
  }

  /** @returns {number} how many frames this kind of layout has */
  get frames() {
    return this.film.kinds.get(this.kind).frames;
  }

  /**
   * Draw the film at a moment.
   * @param {HTMLCanvasElement} canvas @param {number} at frame; a fraction lies between two frames @param {SceneView} view
   */
  paint(canvas, at, view = WHOLE) {
    const { width, height } = canvas;
    const frame = Math.min(Math.max(at, 0), this.frames - 1);
    this.open(canvas);
    this.pixels.fill(this.background);
    this.place(frame, view, width, height);
    this.colour(frame);
    this.opacities(frame);
    if (this.options.trails) this.paintTrails(frame, view, width, height);
    this.paintPoints(view, width, height);
    this.paintThumbnails(view, width, height);
    this.context.putImageData(this.sheet, -this.margin, -this.margin);
    if (this.options.numerals) this.paintNumerals(frame, view, width, height);
  }

  /** The sheet of pixels is larger than the canvas all round, so that a disc at the edge needs no care. */
  open(canvas) {
    const { width, height } = canvas;
    const size = `${width} ${height} ${this.ratio}`;
    if (canvas === this.canvas && size === this.size) return;
    this.canvas = canvas;
    this.size = size;
    this.context = canvas.getContext("2d", { alpha: false });
    this.margin = 16 * Math.ceil(this.ratio);
    this.stride = width + 2 * this.margin;
    this.sheet = new ImageData(this.stride, height + 2 * this.margin);
    this.pixels = new Uint32Array(this.sheet.data.buffer);
    this.kept.stamps.clear();
  }

  // Places ----------------------------------------------------------------------------------------------------------

  /** The middle of a kind's film and half its extent, so that one scale serves all its frames. */
  fit(kind) {
    const { fits } = this.kept;
    if (!fits.has(kind)) {
      const least = [Infinity, Infinity];
      const most = [-Infinity, -Infinity];
      for (let frame = 0; frame < this.film.kinds.get(kind).frames; frame++) {
        const positions = this.film.at(kind, frame);
        for (let i = 0; i < positions.length; i++) {
          const value = positions[i];
          const axis = i & 1;
          if (value < least[axis]) least[axis] = value;
          if (value > most[axis]) most[axis] = value;
        }
      }
      const [x, y] = [0, 1].map((axis) => (least[axis] + most[axis]) / 2);
      const [wide, high] = [0, 1].map((axis) => Math.max((most[axis] - least[axis]) / 2, 1e-6));
      fits.set(kind, { x, y, wide, high, half: Math.max(wide, high) });
    }
    return fits.get(kind);
  }

  /** @returns {number} the width by the height of a frame that the film fills */
  get shape() {
    const { wide, high } = this.fit(this.kind);
    return clampShape(wide / high);
  }

  /** The nearest view that the film fills, as far as it is enlarged enough to. @param {SceneView} view */
  within({ x, y, scale }, width, height) {
    const { wide, high, half } = this.fit(this.kind);
    const unit = this.unit({ scale }, width, height);
    const [across, up] = [[wide, width], [high, height]].map(([extent, size]) =>
      Math.max(0, extent / half / (1 - MARGIN) - size / 2 / unit),
    );
    return { x: Math.min(across, Math.max(-across, x)), y: Math.min(up, Math.max(-up, y)), scale };
  }

  /** @returns {number} pixels of half the film's extent, in which a view is given */
  unit(view, width, height, kind = this.kind) {
    const { wide, high, half } = this.fit(kind);
    return half * Math.min(width / 2 / wide, height / 2 / high) * (1 - MARGIN) * view.scale;
  }

  /** How a kind's positions become pixels: x · scale + left, top − y · scale. */
  frameOf(kind, view, width, height) {
    const { x, y, half } = this.fit(kind);
    const scale = this.unit(view, width, height, kind) / half;
    return { scale, left: width / 2 - (x + view.x * half) * scale, top: height / 2 + (y + view.y * half) * scale };
  }

  /** Where every point is at a moment, into `xs` and `ys`. */
  place(at, view, width, height) {
    this.project(this.kind, at, view, width, height, this.xs, this.ys);
    if (!this.from) return;
    const { kind, share } = this.from;
    this.otherXs ??= new Float32Array(this.film.points);
    this.otherYs ??= new Float32Array(this.film.points);
    this.project(kind, at, view, width, height, this.otherXs, this.otherYs);
    for (let point = 0; point < this.film.points; point++) {
      this.xs[point] = this.otherXs[point] + (this.xs[point] - this.otherXs[point]) * share;
      this.ys[point] = this.otherYs[point] + (this.ys[point] - this.otherYs[point]) * share;
    }
  }

  project(kind, at, view, width, height, xs, ys) {
    const { points } = this.film;
    const { frames } = this.film.kinds.get(kind);
    const { scale, left, top } = this.frameOf(kind, view, width, height);
    const frame = Math.min(Math.floor(at), frames - 1);
    const share = frame < frames - 1 ? at - frame : 0;
    const before = this.film.at(kind, frame);
    const after = share > 0 ? this.film.at(kind, frame + 1) : before;
    for (let point = 0, i = 0; point < points; point++, i += 2) {
      xs[point] = (before[i] + (after[i] - before[i]) * share) * scale + left;
      ys[point] = top - (before[i + 1] + (after[i + 1] - before[i + 1]) * share) * scale;
    }
  }

  /** Where one point is at each frame up to a moment. @returns {number[][]} pixels, x and y */
  path(point, at, view, width, height) {
    const { scale, left, top } = this.frameOf(this.kind, view, width, height);
    const { frames } = this;
    const key = `${this.kind} ${point}`;
    if (this.kept.way?.key !== key) {
      const places = Array.from({ length: frames }, (_, frame) => {
        const positions = this.film.at(this.kind, frame);
        return [positions[2 * point], positions[2 * point + 1]];
      });
      this.kept.way = { key, places };
    }
    const last = Math.min(Math.floor(at), frames - 1);
    const path = this.kept.way.places.slice(0, last + 1).map(([x, y]) => [x * scale + left, top - y * scale]);
    if (at > last) path.push([this.xs[point], this.ys[point]]);
    return path;
  }

  /** @returns {number} the point drawn nearest to a pixel of the canvas and no further than `reach`, −1 if there is none */
  nearest(x, y, reach) {
    for (let i = this.thumbnails.length - 1; i >= 0; i--) {
      const { point, left, top, width, height } = this.thumbnails[i];
      if (x >= left && x < left + width && y >= top && y < top + height) return point;
    }
    let best = -1;
    let least = reach * reach;
    for (let point = 0; point < this.film.points; point++) {
      if (this.hidden[point]) continue;
      const across = this.xs[point] - x;
      const up = this.ys[point] - y;
      const square = across * across + up * up;
      if (square <= least) {
        least = square;
        best = point;
      }
    }
    return best;
  }

  /** @param {number[][]} outline x and y of its corners, in pixels of the canvas @returns {number[]} the points within */
  enclosed(outline) {
    const found = [];
    for (let point = 0; point < this.film.points; point++) {
      if (!this.hidden[point] && encloses(outline, this.xs[point], this.ys[point])) found.push(point);
    }
    return found;
  }

  // Colours ---------------------------------------------------------------------------------------------------------

  colour(at) {
    const moment = this.colourBy === "class" ? "class" : `${this.colourBy} ${at}`;
    if (this.coloured === moment) return;
    this.coloured = moment;
    const { film, colours } = this;
    if (this.colourBy === "class") {
      for (let point = 0; point < film.points; point++) {
        colours[point] = this.palette[film.labels[point] % this.palette.length];
      }
      return;
    }
    const frame = Math.floor(at);
    // Where one of the two is not known, the other stands for it.
    const next = at > frame ? film.values(this.colourBy, frame + 1) : null;
    const before = film.values(this.colourBy, frame) ?? next;
    const after = next ?? before;
    if (!before) {
      colours.fill(packed(this.theme.text));
      return;
    }
    const [least, most] = film.range(this.colourBy);
    const share = at - frame;
    const steps = least < 0 ? this.ramps.signed : this.ramps.more;
    const scale = (steps.length - 1) / (most - least || 1);
    for (let point = 0; point < film.points; point++) {
      const value = before[point] + (after[point] - before[point]) * share;
      const step = Math.round((value - least) * scale);
      colours[point] = steps[step < 0 ? 0 : step >= steps.length ? steps.length - 1 : step];
    }
  }

  /** @returns {string[]} the colours of the values from the least to the greatest, as CSS writes them */
  rampColours() {
    const mode = this.theme.dark ? "dark" : "light";
    return this.film.range(this.colourBy)[0] < 0 ? SIGNED[mode] : MORE[mode];
  }

  /** How opaque every point is, of 256; 0 for hidden ones. */
  opacities(at) {
    this.opaque ??= new Uint8Array(this.film.points);
    const moved = this.options.dim ? this.unexplained(at) : null;
    for (let point = 0; point < this.film.points; point++) {
      const faint = (this.meant && !this.meant[point]) || (moved && moved[point]);
      this.opaque[point] = this.hidden[point] ? 0 : faint ? FAINT : OPAQUE;
    }
  }

  /**
   * Which points move, on the way to or into a frame, though their neighbourhood stayed.
   * @returns {Uint8Array} 1 for those
   */
  unexplained(at) {
    const frame = Math.ceil(at);
    const key = `${this.kind} ${frame}`;
    const { moved } = this.kept;
    if (!moved.has(key)) {
      const { points } = this.film;
      const flags = new Uint8Array(points);
      const kept = frame < this.frames ? this.film.values("kept", frame) : null;
      if (kept) {
        const [before, after] = [this.film.at(this.kind, frame - 1), this.film.at(this.kind, frame)];
        for (let point = 0, i = 0; point < points; point++, i += 2) {
          const far = Math.hypot(after[i] - before[i], after[i + 1] - before[i + 1]);
          flags[point] = kept[point] >= UNCHANGED && far > NOTICEABLE ? 1 : 0;
        }
      }
      if (moved.size > 8) moved.clear();
      moved.set(key, flags);
    }
    return moved.get(key);
  }

  // Points ----------------------------------------------------------------------------------------------------------

  /** @returns {number} of a disc, in pixels of the canvas */
  radius(view) {
    const many = Math.min(4, Math.max(1.75, 24 / this.film.points ** 0.29));
    return many * Math.min(2, Math.max(1, view.scale) ** 0.35) * this.ratio;
  }

  paintPoints(view, width, height) {
    const stamps = this.stamps(Math.min(this.radius(view), this.margin - 2));
    const { points } = this.film;
    const { xs, ys, opaque, colours, pixels, stride, margin } = this;
    let drawn = 0;
    for (const strong of [false, true]) {
      for (let point = 0; point < points; point++) {
        const alpha = opaque[point];
        if (alpha === 0 || alpha > FAINT !== strong) continue;
        const x = xs[point] * SUBPIXELS;
        const y = ys[point] * SUBPIXELS;
        const column = Math.round(x);
        const row = Math.round(y);
        const left = column >> 2;
        const top = row >> 2;
        if (left < -2 || top < -2 || left > width + 1 || top > height + 1) continue;
        drawn++;
        const { offsets, coverage } = stamps[(row & 3) * SUBPIXELS + (column & 3)];
        const origin = (top + margin) * stride + left + margin;
        const colour = colours[point];
        const redBlue = colour & 0xff00ff;
        const green = colour & 0x00ff00;
        for (let i = 0; i < offsets.length; i++) {
          const share = (coverage[i] * alpha) >> 8;
          const rest = 256 - share;
          const at = origin + offsets[i];
          const under = pixels[at];
          pixels[at] =
            0xff000000 |
            (((Math.imul(redBlue, share) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff) |
            (((Math.imul(green, share) + Math.imul(under & 0x00ff00, rest)) >>> 8) & 0x00ff00);
        }
      }
    }
    this.drawn = drawn;
  }

  /** A disc at each place within a pixel: which pixels it covers, and how much of each, of 256. */
  stamps(wanted) {
    const key = Math.round(wanted * 16);
    const radius = key / 16;
    const { stamps } = this.kept;
    if (!stamps.has(key)) {
      const reach = Math.ceil(radius) + 1;
      const made = [];
      for (let row = 0; row < SUBPIXELS; row++) {
        for (let column = 0; column < SUBPIXELS; column++) {
          const offsets = [];
          const coverage = [];
          for (let y = -reach; y <= reach; y++) {
            for (let x = -reach; x <= reach; x++) {
              const far = Math.hypot(x + 0.5 - column / SUBPIXELS, y + 0.5 - row / SUBPIXELS);
              const share = Math.min(1, Math.max(0, radius + 0.5 - far));
              if (share < 0.02) continue;
              offsets.push(y * this.stride + x);
              coverage.push(Math.round(share * 256));
            }
          }
          made.push({ offsets: Int32Array.from(offsets), coverage: Uint16Array.from(coverage) });
        }
      }
      if (stamps.size > 32) stamps.clear();
      stamps.set(key, made);
    }
    return stamps.get(key);
  }

  /** Where each point came from in the last epochs, fading. */
  paintTrails(at, view, width, height) {
    const { points } = this.film;
    const start = Math.max(0, at - TRAIL);
    if (at - start < 1e-3 || this.from) return;
    const moments = [start];
    for (let frame = Math.floor(start) + 1; frame < at; frame++) moments.push(frame);
    this.trailXs ??= [new Float32Array(points), new Float32Array(points)];
    this.trailYs ??= [new Float32Array(points), new Float32Array(points)];
    moments.push(at);
    const place = (moment, which) =>
      this.project(this.kind, moment, view, width, height, this.trailXs[which], this.trailYs[which]);
    place(moments[0], 0);
    for (let i = 1; i < moments.length; i++) {
      const [old, now] = [(i - 1) & 1, i & 1];
      place(moments[i], now);
      const begin = (TRAIL_OPAQUE * (moments[i - 1] - at + TRAIL)) / TRAIL;
      const end = (TRAIL_OPAQUE * (moments[i] - at + TRAIL)) / TRAIL;
      const [fromXs, fromYs, toXs, toYs] = [this.trailXs[old], this.trailYs[old], this.trailXs[now], this.trailYs[now]];
      for (let point = 0; point < points; point++) {
        if (this.opaque[point] <= FAINT) continue;
        this.line(fromXs[point], fromYs[point], toXs[point], toYs[point], begin, end, this.colours[point], width, height);
      }
    }
  }

  /** A line that grows from one opacity to another, of 256; what leaves the canvas is left out. */
  line(fromX, fromY, toX, toY, begin, end, colour, width, height) {
    const right = width - 1;
    const bottom = height - 1;
    if ((fromX < 0 && toX < 0) || (fromY < 0 && toY < 0)) return;
    if ((fromX > right && toX > right) || (fromY > bottom && toY > bottom)) return;
    const across = toX - fromX;
    const down = toY - fromY;
    const steps = Math.ceil(Math.max(Math.abs(across), Math.abs(down)));
    if (steps === 0) return;
    let first = 0; // shares of the way between which it is within
    let last = 1;
    if (across !== 0) {
      const [enter, leave] = across > 0 ? [-fromX / across, (right - fromX) / across] : [(right - fromX) / across, -fromX / across];
      if (enter > first) first = enter;
      if (leave < last) last = leave;
    }
    if (down !== 0) {
      const [enter, leave] = down > 0 ? [-fromY / down, (bottom - fromY) / down] : [(bottom - fromY) / down, -fromY / down];
      if (enter > first) first = enter;
      if (leave < last) last = leave;
    }
    const { pixels, stride, margin } = this;
    const redBlue = colour & 0xff00ff;
    const green = colour & 0x00ff00;
    const stop = Math.min(steps, Math.ceil(last * steps));
    for (let step = Math.ceil(first * steps); step < stop; step++) {
      const share = step / steps;
      const alpha = (begin + (end - begin) * share) | 0;
      const rest = 256 - alpha;
      // Half a pixel and cut off is a rounding, as no place within is below 0.
      const at = ((fromY + down * share + 0.5 + margin) | 0) * stride + ((fromX + across * share + 0.5 + margin) | 0);
      const under = pixels[at];
      pixels[at] =
        0xff000000 |
        (((Math.imul(redBlue, alpha) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff) |
        (((Math.imul(green, alpha) + Math.imul(under & 0x00ff00, rest)) >>> 8) & 0x00ff00);
    }
  }

  // Images ----------------------------------------------------------------------------------------------------------

  /** The images at the points, where the film is enlarged enough; none covers another. */
  paintThumbnails(view, width, height) {
    this.thumbnails = [];
    if (!this.options.images || view.scale < IMAGES_FROM || this.from) return;
    const [rows, columns] = this.film.imageShape;
    const wanted = Math.min(56, 28 * (view.scale / IMAGES_FROM) ** 0.4) * this.ratio;
    const enlarged = Math.max(1 / 4, wanted / Math.max(rows, columns));
    const factor = enlarged >= 1 ? Math.round(enlarged) : enlarged;
    const border = Math.max(1, Math.round(1.5 * this.ratio));
    const size = { width: Math.round(columns * factor) + 2 * border, height: Math.round(rows * factor) + 2 * border };
    const taken = new Map(); // by cell of the thumbnail's size: the thumbnail whose corner lies there
    const key = (column, row) => row * 65536 + column;
    const free = (left, top) => {
      const column = Math.floor(left / size.width) + 2;
      const row = Math.floor(top / size.height) + 2;
      for (let y = row - 1; y <= row + 1; y++) {
        for (let x = column - 1; x <= column + 1; x++) {
          const other = taken.get(key(x, y));
          if (other && Math.abs(other.left - left) < size.width + 1 && Math.abs(other.top - top) < size.height + 1) return null;
        }
      }
      return key(column, row);
    };
    for (let point = 0; point < this.film.points; point++) {
      if (this.opaque[point] <= FAINT) continue;
      const left = Math.round(this.xs[point] - size.width / 2);
      const top = Math.round(this.ys[point] - size.height / 2);
      if (left < 0 || top < 0 || left + size.width > width || top + size.height > height) continue;
      const cell = free(left, top);
      if (cell === null) continue;
      const thumbnail = { point, left, top, border, ...size };
      taken.set(cell, thumbnail);
      this.thumbnails.push(thumbnail);
      this.paintThumbnail(thumbnail, factor);
    }
  }

  paintThumbnail({ point, left, top, width, height, border }, factor) {
    const { pixels, stride, margin } = this;
    const [rows, columns] = this.film.imageShape;
    const image = this.film.image(point);
    const colour = this.colours[point];
    for (let y = 0; y < height; y++) {
      let to = (top + y + margin) * stride + left + margin;
      const row = Math.min(rows - 1, Math.floor((y - border) / factor));
      const edge = y < border || y >= height - border;
      for (let x = 0; x < width; x++, to++) {
        if (edge || x < border || x >= width - border) {
          pixels[to] = colour;
        } else {
          const grey = image[row * columns + Math.min(columns - 1, Math.floor((x - border) / factor))];
          pixels[to] = 0xff000000 | (grey * 0x010101);
        }
      }
    }
  }

  // Numerals --------------------------------------------------------------------------------------------------------

  /** The median place of every class at a frame, x and y of each; NaN for a class without points. */
  centres(kind, frame) {
    const { centres } = this.kept;
    const key = `${kind} ${frame}`;
    if (!centres.has(key)) {
      const { points, labels, about } = this.film;
      const positions = this.film.at(kind, frame);
      this.members ??= about.class_names.map((_, label) => {
        const members = [];
        for (let point = 0; point < points; point++) if (labels[point] === label) members.push(point);
        return members;
      });
      const found = new Float32Array(2 * this.members.length);
      this.members.forEach((members, label) => {
        for (const axis of [0, 1]) {
          const values = Float32Array.from(members, (point) => positions[2 * point + axis]).sort();
          found[2 * label + axis] = (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;
        }
      });
      centres.set(key, found);
    }
    return centres.get(key);
  }

  paintNumerals(at, view, width, height) {
    const { points, labels, about } = this.film;
    const shown = new Uint32Array(about.class_names.length);
    for (let point = 0; point < points; point++) if (this.opaque[point] > FAINT) shown[labels[point]]++;
    const ends = [[this.kind, this.from?.share ?? 1]];
    if (this.from) ends.push([this.from.kind, 1 - this.from.share]);
    const texts = this.names.map((name) => ({ name, x: 0, y: 0 }));
    for (const [kind, weight] of ends) {
      const { frames } = this.film.kinds.get(kind);
      const frame = Math.min(Math.floor(at), frames - 1);
      const before = this.centres(kind, frame);
      const after = frame < frames - 1 ? this.centres(kind, frame + 1) : before;
      const { scale, left, top } = this.frameOf(kind, view, width, height);
      const share = Math.min(1, at - frame);
      texts.forEach((text, label) => {
        const [x, y] = [0, 1].map((axis) => before[2 * label + axis] + (after[2 * label + axis] - before[2 * label + axis]) * share);
        text.x += (x * scale + left) * weight;
        text.y += (top - y * scale) * weight;
      });
    }
    const { context } = this;
    const size = (Math.max(...this.names.map((name) => name.length)) > 2 ? 12 : 17) * this.ratio;
    context.font = `700 ${size}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 0.28 * size;
    context.strokeStyle = this.theme.background;
    context.fillStyle = this.theme.text;
    const drawn = texts.filter(({ x }, label) => shown[label] > 0 && Number.isFinite(x));
    for (const text of drawn) text.width = 1.15 * Math.max(size, context.measureText(text.name).width);
    makeRoom(drawn, 1.15 * size);
    for (const text of drawn) {
      const half = text.width / 2;
      if (text.x > 0 && text.x < width) text.x = Math.max(half, Math.min(width - half, text.x));
    }
    for (const { name, x, y } of drawn) context.strokeText(name, x, y);
    for (const { name, x, y } of drawn) context.fillText(name, x, y);
  }
}

/** Push texts apart until hardly any covers another; those that have room stay where they are. */
function makeRoom(texts, height) {
  for (let round = 0; round < 24; round++) {
    let moved = false;
    for (let i = 0; i < texts.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [texts[i], texts[j]];
        const wide = (a.width + b.width) / 2;
        const across = (a.x - b.x) / wide;
        const down = (a.y - b.y) / height;
        const far = Math.hypot(across, down);
        if (far >= 1) continue;
        const push = (1 - far) / 2;
        // Two on one spot part along a direction of their own.
        const [x, y] = far > 1e-3 ? [across / far, down / far] : [Math.cos(i), Math.sin(i)];
        a.x += x * push * wide;
        b.x -= x * push * wide;
        a.y += y * push * height;
        b.y -= y * push * height;
        moved = true;
      }
    }
    if (!moved) return;
  }
}

/** Whether an outline encloses a place, by the rule of even and odd crossings. */
function encloses(outline, x, y) {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i];
    const [bx, by] = outline[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** A colour as CSS writes it, #rrggbb or rgb(r, g, b), as a pixel of ImageData holds it. */
function packed(colour) {
  const parts = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  return (0xff000000 | (parts[2] << 16) | (parts[1] << 8) | parts[0]) >>> 0;
}

/** 256 colours from the first to the last, evenly over those between. */
function ramp(colours) {
  const stops = colours.map(packed);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    const mix = (shift) => {
      const [from, to] = [(stops[stop] >> shift) & 255, (stops[stop + 1] >> shift) & 255];
      return Math.round(from + (to - from) * (place - stop)) << shift;
    };
    return (0xff000000 | mix(16) | mix(8) | mix(0)) >>> 0;
  });
}
