// The reader's place in a log: what is under one's eye stays there, whatever changes around it.

/** So near to the end counts as being there: browsers round. */
const NEAR = 4;
/** What stands between messages, and moves among them. */
const BETWEEN = ".day, .marker";

export class Place {
  /** Whether one is at the end, and stays there. */
  following = true;
  #view;
  #rows;
  /** Where one was last, by hand or by what is done here. */
  #at = 0;
  /** The rows in sight when one moved last, top to bottom: each by its key, and where it ends. */
  #held = [];

  /** @param view what scrolls @param rows the `KeyedList` in it @param parent the element of that list */
  constructor(view, rows, parent) {
    this.#view = view;
    this.#rows = rows;
    // Images, fonts, turned phones, what one writes below: whatever it is, it is made good before it is painted.
    const observer = new ResizeObserver(() => this.#keep());
    observer.observe(view);
    observer.observe(parent);
  }

  /** Changes what there is to see. */
  hold(change) {
    this.notice();
    change();
    this.#keep();
  }

  /** Goes to the end, and stays there. */
  follow() {
    this.following = true;
    this.#keep();
  }

  /** Goes to a row that is above what is in sight: a quarter of the view stays above it. */
  backTo(node) {
    const view = this.#view;
    const above = node.getBoundingClientRect().top - view.getBoundingClientRect().top;
    if (above >= 0) return;
    view.scrollTop += above - view.clientHeight / 4;
    this.notice();
  }

  /** Goes to a row, wherever it is: a quarter of the view stays above it. */
  goTo(node) {
    const view = this.#view;
    view.scrollTop += node.getBoundingClientRect().top - view.getBoundingClientRect().top - view.clientHeight / 4;
    this.notice();
  }

  /** Remembers where one is, if one has moved. */
  notice() {
    const view = this.#view;
    if (view.clientHeight === 0 || view.scrollTop === this.#at) return;
    this.#at = view.scrollTop;
    this.following = view.scrollHeight - view.scrollTop - view.clientHeight <= NEAR;
    this.#held = this.inSight().filter((row) => !row.matches(BETWEEN))
      .map((row) => ({ key: row.dataset.key, end: row.getBoundingClientRect().bottom }));
  }

  /** The rows of which anything is in sight, top to bottom. */
  inSight() {
    const { top, bottom } = this.#view.getBoundingClientRect();
    const { nodes } = this.#rows;
    let [from, to] = [0, nodes.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (nodes[middle].getBoundingClientRect().bottom <= top) from = middle + 1;
      else to = middle;
    }
    let end = from;
    while (end < nodes.length && nodes[end].getBoundingClientRect().top < bottom) end += 1;
    return [...nodes].slice(from, end);
  }

  /** Whether one has seen a row to its end, or has nothing else in sight. */
  isShown(row) {
    const [seen, view] = [row.getBoundingClientRect(), this.#view.getBoundingClientRect()];
    return seen.bottom <= view.bottom + 1 || seen.top <= view.top;
  }

  /** A row is held at its end: what it has above its text depends on the rows before it. */
  #keep() {
    const view = this.#view;
    if (view.clientHeight === 0) return;
    const held = this.#held.find(({ key }) => this.#rows.node(key));
    if (this.following) view.scrollTop = view.scrollHeight;
    else if (held) view.scrollTop += this.#rows.node(held.key).getBoundingClientRect().bottom - held.end;
    this.#at = view.scrollTop;
  }
}
