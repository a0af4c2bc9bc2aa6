/** The menu of pages, the choice of the run, and what is said of the run: what the app has in its sidebar. */

import { finder, make } from "../shared/elements.js";
import { icon } from "./icons.js";
import { line } from "./prose.js";

/** @import { Session } from "./session.js" */

const NARROW = matchMedia("(max-width: 768px)"); // the menu lies over the page, as in frame.css

export class Sidebar {
  /**
   * @param {HTMLElement} root @param {Session} session
   * @param {{page: (path: string) => void, run: (name: string) => void}} listener
   */
  constructor(root, session, listener) {
    const { site } = session;
    this.root = root;
    this.session = session;
    this.find = finder(root);
    this.openMenu = this.find(".open-menu");
    this.links = site.pages.map(({ path, title, icon: name }) => {
      const link = make("a");
      link.append(icon(name), make("span", "", title));
      link.onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        if (NARROW.matches) this.open(false);
        listener.page(path);
      };
      return { path, link };
    });
    this.find(".pages").replaceChildren(
      ...this.links.map(({ link }) => {
        const item = make("li");
        item.append(link);
        return item;
      }),
    );
    this.choice = this.find(".run-choice select", HTMLSelectElement);
    this.choice.replaceChildren(...site.runs.map(({ name }) => make("option", "", name, { value: name })));
    this.choice.onchange = () => listener.run(this.choice.value);
    if (site.runs.length < 2) this.find(".run-choice").title = "This page holds one run.";
    const { version, date } = site.made;
    this.written = `Written by the β-VAE latent explorer ${version} on ${date}.`;
    this.openMenu.onclick = () => this.open(true);
    this.find(".close-menu").onclick = () => this.open(false);
    this.find(".sidebar").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && NARROW.matches) this.open(false);
    });
    this.find("main").addEventListener("pointerdown", () => NARROW.matches && this.isOpen && this.open(false, false));
    NARROW.onchange = () => this.open(!NARROW.matches, false);
    this.open(!NARROW.matches, false);
  }

  get isOpen() {
    return !this.find(".sidebar").hidden;
  }

  /** @param {boolean} wanted @param {boolean} [focus] whether the focus goes along */
  open(wanted, focus = true) {
    this.find(".sidebar").hidden = !wanted;
    this.root.classList.toggle("with-menu", wanted);
    this.openMenu.hidden = wanted;
    this.openMenu.setAttribute("aria-expanded", String(wanted));
    if (focus) (wanted ? this.find(".close-menu") : this.openMenu).focus();
  }

  /** Show which page and run are looked at, and what is known of the run. */
  show() {
    const { session, links } = this;
    const { run, page, cursor } = session;
    for (const { path, link } of links) {
      link.href = session.addressOf(path);
      if (path === page.path) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.choice.value = run.name;
    const standing = cursor && run.standing[cursor.epoch];
    const lines = [...run.facts, ...(standing ? [standing] : [])].map((text) => {
      const paragraph = make("p", "small");
      paragraph.append(...line(text));
      return paragraph;
    });
    this.find(".run-facts").replaceChildren(...lines);
    const said = [...run.said, ...session.site.said, this.written];
    this.find(".made").replaceChildren(...said.map((text) => make("p", "small", text)));
  }
}
