/** Full screen with large type, for those who sit in the last row. */

// The type of a window of 1280 × 720 is what it is; a larger window shows as much as that, larger.
const USUAL_WIDTH = 1280;
const USUAL_HEIGHT = 720;
const LEAST_LARGER = 1.25;
const MOST_LARGER = 4;
const USUAL_TYPE = 16; // pixels of the usual type
const SMALLEST_TYPE = 12; // pixels at the usual type, below which nothing is written while presenting

/** How much larger all is while presenting in a window. @param {number} width @param {number} height */
export const enlargement = (width, height) =>
  Math.max(LEAST_LARGER, Math.min(MOST_LARGER, width / USUAL_WIDTH, height / USUAL_HEIGHT));

class Presenting {
  constructor() {
    /** @type {(on: boolean) => void} */
    this.told = () => {};
    this.on = false;
    this.filling = false; // the screen, which a frame of another page may not
    document.addEventListener("fullscreenchange", () => {
      if (document.fullscreenElement) this.filling = true;
      else if (this.filling) this.set(false);
    });
    addEventListener("resize", ({ isTrusted }) => isTrusted && this.on && this.enlarge());
  }

  /** @param {boolean} on */
  async set(on) {
    if (on !== this.on) {
      this.on = on;
      document.documentElement.toggleAttribute("data-presenting", on);
      this.enlarge();
      this.told(on);
    }
    try {
      if (on && !document.fullscreenElement) await document.documentElement.requestFullscreen();
      else if (!on && document.fullscreenElement) await document.exitFullscreen();
    } catch {
      // The type is large all the same.
    }
    if (!on) this.filling = false;
  }

  /** Type in rem grows with the root's, and what is drawn by `globalThis.betaVaeScale`. */
  enlarge() {
    const scale = this.on ? enlargement(innerWidth, innerHeight) : 1;
    const { style } = document.documentElement;
    if (this.on) {
      style.fontSize = `${USUAL_TYPE * scale}px`;
      style.setProperty("--smallest", `${SMALLEST_TYPE * scale}px`);
      style.setProperty("--smallest-drawn", `${SMALLEST_TYPE}px`); // within a drawing that is enlarged as a whole
    } else {
      style.removeProperty("font-size");
      for (const name of ["--smallest", "--smallest-drawn"]) style.removeProperty(name);
    }
    globalThis.betaVaeScale = scale;
    dispatchEvent(new Event("resize")); // what is drawn is drawn anew
  }
}

/** There is one window, whichever pages come and go in it. */
export const presenting = new Presenting();
