/** Leaving the page by a link, with a last word to Python. */

const LONGEST_ANSWER_MS = 1000; // after which a link is followed all the same

/**
 * Whoever follows a link takes along the picture that is seen at that moment. Streamlit drops what a page has sent if it is
 * told to leave the page before it has looked at it: so the click waits for an answer.
 */
export class Leaving {
  /** @param {HTMLElement} root of the component @param {() => void} tell says the last word */
  constructor(root, tell) {
    this.root = root;
    this.tell = tell;
    /** @type {(() => void)|null} what waits for Python's next word */
    this.waiting = null;
    /** @param {MouseEvent} event */
    this.clicked = (event) => this.hold(event);
  }

  /** @param {boolean} on whether there is a last word to say */
  watch(on) {
    if (on) document.addEventListener("click", this.clicked, true);
    else document.removeEventListener("click", this.clicked, true);
  }

  /** @param {MouseEvent} event */
  hold(event) {
    const anchor = event.composedPath().find((element) => element instanceof HTMLAnchorElement);
    if (!anchor) return;
    this.tell();
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.waiting = () => {
      this.waiting = null;
      if (this.root.isConnected) anchor.click();
    };
    setTimeout(() => this.answered(), LONGEST_ANSWER_MS);
  }

  /** Python has answered. */
  answered() {
    this.waiting?.();
  }
}
