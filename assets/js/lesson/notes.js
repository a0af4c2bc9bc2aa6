/** What a person notes on the steps of a lesson. It is theirs, so it stays in their browser. */

const NOTES_KEY = "beta-vae-notes";
const MOST_NOTED = 200_000; // characters of all notes; a browser refuses a few millions

/** @typedef {Record<string, string>} Notes by lesson and step */

/** @returns {Notes} */
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(NOTES_KEY) ?? "{}");
    return found && typeof found === "object" ? found : {};
  } catch {
    return {}; // a browser that keeps nothing, or what is no JSON
  }
}

export class Notebook {
  constructor() {
    this.notes = read();
  }

  /** @param {string} lesson its name @param {{title: string, notes?: string}} step */
  of(lesson, step) {
    const own = this.notes[`${lesson}: ${step.title}`];
    return typeof own === "string" ? own : (step.notes ?? "");
  }

  /** @param {string} lesson @param {{title: string}} step @param {string} text */
  write(lesson, step, text) {
    this.notes = { ...read(), ...this.notes, [`${lesson}: ${step.title}`]: text };
    const kept = JSON.stringify(this.notes);
    try {
      if (kept.length <= MOST_NOTED) localStorage.setItem(NOTES_KEY, kept);
    } catch {
      // They stay as long as the page does.
    }
  }
}
