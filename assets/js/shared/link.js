/** What goes from a component to Python. */

/** What goes from a component to Python: the cursor once the hand or the key lets go, and what the page shall remember. */
export class Link {
  /** @param {HTMLElement} root whose keys count */
  constructor(root) {
    this.keyDown = false;
    this.waiting = new Map(); // by name: what to send when the key comes up
    this.sent = {};
    // A held arrow key changes a slider thirty times a second: Python hears of it once, when the key comes up.
    root.addEventListener("keydown", () => (this.keyDown = true));
    for (const event of ["keyup", "focusout"]) {
      root.addEventListener(event, () => {
        this.keyDown = false;
        for (const [name, [value, about]] of this.waiting) this.send(name, value, about);
      });
    }
  }

  /** @param {string} name of the state, "cursor" or "memory" @param {object} value @param {string} about what else it depends on */
  send(name, value, about = "") {
    if (this.keyDown) {
      this.waiting.set(name, [value, about]);
      return;
    }
    this.waiting.delete(name);
    const text = JSON.stringify([about, value]);
    if (text === this.sent[name]) return;
    this.sent[name] = text;
    this.setStateValue(name, { ...value, at: performance.now() }); // Streamlit would keep back a value that equals the last one
  }

  /** Python has gone elsewhere since, so that the same position is news to it. */
  forget(name) {
    delete this.sent[name];
  }
}

/** Have a link lead to another page of the app, within the session and with the cursor; a new tab gets the address. */
export function leadsTo(anchor, page, link) {
  const address = () => (anchor.href = new URL(`${page}${location.search}`, location.href));
  address();
  anchor.onpointerdown = anchor.onfocus = address;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.send("page", { page });
  };
}
