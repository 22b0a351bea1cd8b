// Turns the numbers of a page into links, and back again.
//
// The page's own nodes are never moved, because scripts of the page hold on to them: a text node
// keeps what is before the first number, and an element of ours beside it has the rest. What the
// page does to its text afterwards wins.

const TEXT_TAG = "siptapi-text";
const LINK_TAG = "siptapi-number";
/** Where a number stays as it is: it would not be seen, is being written, or is somebody's link. */
const LEFT_ALONE = [
  "a", "button", "summary", "label", "input", "textarea", "select", "option", "datalist", "script",
  "style", "noscript", "template", "code", "kbd", "samp", "var", "svg", "math", "canvas", "iframe",
  "object", "audio", "video", "[contenteditable]:not([contenteditable=false i])", "[role=button]",
  "[role=link]", "[role=menuitem]", "[role=option]", "[role=tab]", "[role=textbox]", TEXT_TAG,
].join(",");
const TELEPHONE_LINK = "a[href^='tel:' i], a[href^='callto:' i]";

const LONGEST_TEXT = 20_000; // characters; more is data, not something to read
const MOST_WAITING = 500; // nodes; where more have changed, the page is looked through again
const SLICE = 8; // milliseconds of looking, before the page has its turn
const MOST_AT_ONCE = 100; // texts that are changed before the page has its turn

// Not as methods: those of a form are hidden by fields of the same name.
const matches = (element, what) => Element.prototype.matches.call(element, what);
const closest = (element, what) => Element.prototype.closest.call(element, what);
/** In a flex box or a grid two pieces of a text would be two boxes. */
const isBoxed = (parent) => /flex|grid/.test(getComputedStyle(parent).display);

class NumberLinks {
  #texts = new WeakMap(); // a text node of the page: {beside, original, shown}
  #owners = new WeakMap(); // an element of ours: the text node that it belongs to
  #numbers = new WeakMap(); // a link of ours: its number
  #waiting = new Set();
  #walk = null;
  #handle = 0;
  #observer = new MutationObserver((records) => this.#onChanged(records));
  #isOn = false;
  #onFound;

  /** `onFound` is called for telephone links, and for the first number before it may be a link. */
  constructor(onFound) {
    this.#onFound = onFound;
  }

  /** Only look whether there is anything. */
  watch() {
    this.#observer.observe(document.body, { childList: true, characterData: true, subtree: true });
    this.#look(document.body);
  }

  switchOn() {
    this.#isOn = true;
    this.watch();
  }

  switchOff() {
    this.#isOn = false;
    this.#rest();
    for (const element of document.querySelectorAll(TEXT_TAG)) {
      if (this.#owners.has(element)) this.#restore(this.#owners.get(element));
    }
  }

  /** The number that a link of ours stands for; undefined where the page made or changed it. */
  numberOf(element) {
    const number = this.#numbers.get(element);
    return element.textContent === number ? number : undefined;
  }

  #rest() {
    this.#observer.disconnect();
    cancelIdleCallback(this.#handle);
    this.#handle = 0;
    this.#walk = null;
    this.#waiting.clear();
  }

  // --- what the page changes -------------------------------------------------------------------

  #onChanged(records) {
    for (const { type, target, addedNodes, removedNodes } of records) {
      if (type === "characterData") this.#onText(target);
      for (const node of removedNodes) this.#onRemoved(node);
      for (const node of addedNodes) this.#look(node);
    }
  }

  #onText(node) {
    if (this.#texts.has(node)) this.#forget(node);
    this.#look(node);
  }

  #onRemoved(node) {
    const known = this.#texts.get(node);
    if (!known) return;
    // An empty one may have been tidied away (normalize()); the page's text is what we show then.
    if (node.isConnected || known.shown) this.#restore(node);
  }

  // --- looking, a little at a time ---------------------------------------------------------------

  #look(node) {
    this.#waiting.add(node);
    if (this.#waiting.size > MOST_WAITING) {
      this.#waiting.clear();
      this.#waiting.add(document.body);
    }
    this.#handle ||= requestIdleCallback((deadline) => this.#work(deadline), { timeout: 1000 });
  }

  #work(deadline) {
    const end = performance.now() + Math.min(SLICE, Math.max(deadline.timeRemaining(), SLICE / 4));
    const found = new Map(); // by node: what has changed twice may be come upon twice
    this.#handle = 0;
    while (found.size < MOST_AT_ONCE && performance.now() < end) {
      this.#walk ??= this.#next();
      if (!this.#walk) break;
      const { done, value } = this.#walk.next();
      if (value) found.set(...value);
      if (done) this.#walk = null;
    }
    if (found.size && !this.#isOn) {
      this.#rest();
      return this.#onFound();
    }
    // First look at all of them, then change them: each change would have the page styled anew.
    const boxed = new Set([...found.keys()].filter((node) => isBoxed(node.parentElement)));
    for (const [node, numbers] of found) this.#link(node, numbers, boxed.has(node));
    this.#observer.takeRecords(); // our own; the page's were told before we began
    if (this.#walk || this.#waiting.size) {
      this.#handle = requestIdleCallback((later) => this.#work(later), { timeout: 1000 });
    }
  }

  #next() {
    for (const node of this.#waiting) {
      this.#waiting.delete(node);
      if (node.isConnected) return this.#through(node);
    }
    return null;
  }

  /** Go through what is below `root`: for each node `[node, numbers]`, or null where there are none. */
  *#through(root) {
    const element = root.nodeType === Node.ELEMENT_NODE ? root : root.parentElement;
    if (!element || element.isContentEditable) return;
    if (root === element) this.#dropCopies(element);
    if (closest(element, LEFT_ALONE)) {
      if (closest(element, TELEPHONE_LINK)) this.#onFound();
      return;
    }
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => {
        if (node.nodeType === Node.TEXT_NODE || !matches(node, LEFT_ALONE)) return NodeFilter.FILTER_ACCEPT;
        if (matches(node, TELEPHONE_LINK)) this.#onFound();
        return NodeFilter.FILTER_REJECT;
      },
    });
    let before = root === element ? "" : (root.previousSibling?.textContent ?? "");
    // What we put in is passed over: it is of our own tag.
    for (let node = root; node; node = walker.nextNode()) {
      const text = node.nodeType === Node.TEXT_NODE ? node.data : "";
      const known = text.length > LONGEST_TEXT || !/\d/.test(text) || this.#texts.has(node);
      const numbers = known ? [] : findNumbers(text, before);
      if (/\S/.test(text)) before = text.trimEnd();
      yield numbers.length ? [node, numbers] : null;
      if (!node.isConnected) return void (root.isConnected && this.#look(root)); // taken from under us
    }
  }

  // --- links -------------------------------------------------------------------------------------

  #link(node, numbers, boxed) {
    const original = node.data;
    const [first, last] = [numbers[0].start, numbers.at(-1).end];
    const [head, tail] = boxed ? [0, original.length] : [first, last];
    const keepsTail = head === 0 && tail < original.length;
    const end = keepsTail ? tail : original.length;

    const beside = document.createElement(TEXT_TAG);
    let at = head;
    for (const number of numbers) {
      beside.append(original.slice(at, number.start), this.#newLink(number.text));
      at = number.end;
    }
    beside.append(original.slice(at, end));
    for (const piece of [...beside.childNodes]) if (!piece.textContent) piece.remove();

    const shown = keepsTail ? original.slice(tail) : original.slice(0, head);
    this.#texts.set(node, { beside, original, shown });
    this.#owners.set(beside, node);
    if (keepsTail) node.before(beside);
    else node.after(beside);
    node.data = shown;
  }

  #newLink(number) {
    const link = document.createElement(LINK_TAG);
    link.textContent = number;
    link.setAttribute("role", "link");
    link.tabIndex = 0;
    link.title = `Dial ${number} with SIPTAPI`;
    this.#numbers.set(link, number);
    return link;
  }

  /** Give the page its text back. */
  #restore(node) {
    const { original } = this.#texts.get(node);
    this.#forget(node);
    node.data = original;
  }

  #forget(node) {
    const { beside } = this.#texts.get(node);
    this.#texts.delete(node);
    this.#owners.delete(beside);
    beside.remove();
  }

  /** What the page copied of ours is only text. */
  #dropCopies(element) {
    const found = element.localName === TEXT_TAG ? [element] : element.querySelectorAll(TEXT_TAG);
    for (const copy of found) if (!this.#owners.has(copy)) copy.replaceWith(copy.textContent);
  }
}
