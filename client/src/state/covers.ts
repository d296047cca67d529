/**
 * What lies over a page in a browser: sheets and full screens.
 *
 * Only the top one can be reached: everything else of its page is inert. It gets the focus, Escape
 * closes it, and the focus goes back to where it was before the first one opened.
 *
 * Browsers know `inert` since Chrome 102 and Safari 15.5. In older ones the page is hidden from screen readers, and the
 * focus that gets into it comes back.
 */

interface Cover {
  element: HTMLElement;
  close: () => void;
}

/** The top one last. Pages below in the stack keep theirs, without being seen. */
const covers: Cover[] = [];
/** Where the focus was before the page was covered. */
let opener: HTMLElement | null = null;

/** Cover the element's page with it; return what uncovers the page again. */
export function cover(element: HTMLElement, close: () => void): () => void {
  const own = { element, close };
  const at = document.activeElement;
  if (at instanceof HTMLElement && at !== document.body && !covers.some((one) => one.element.contains(at))) opener = at;
  if (covers.length === 0) {
    document.addEventListener("keydown", escape);
    document.addEventListener("focusin", bringBack);
  }
  covers.push(own);
  settle(pageOf(element));
  if (seen(element)) element.focus({ preventScroll: true });
  return () => {
    const page = pageOf(element);
    covers.splice(covers.indexOf(own), 1);
    if (covers.length === 0) {
      document.removeEventListener("keydown", escape);
      document.removeEventListener("focusin", bringBack);
    }
    settle(page);
    if (!seen(page) || focusCover(page)) return;
    opener?.focus();
    // What opened it is gone, such as a row that was removed.
    if (document.activeElement !== opener) page.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  };
}

/** Give the focus to what covers this page, unless it is there; return whether anything covers it. */
export function focusCover(page: HTMLElement): boolean {
  const top = topOf(page);
  if (top && !top.element.contains(document.activeElement)) top.element.focus({ preventScroll: true });
  return top !== undefined;
}

function escape(event: KeyboardEvent): void {
  if (event.key === "Escape") covers.filter((one) => seen(one.element)).pop()?.close();
}

function bringBack(event: FocusEvent): void {
  const page = (event.target as HTMLElement).closest<HTMLElement>(".vc");
  if (page) focusCover(page);
}

/** Put what is not on top out of reach, or back. Chrome 64 has no `toggleAttribute`. */
function settle(page: HTMLElement): void {
  const top = topOf(page);
  for (const part of Array.from(page.children)) {
    // A confirmation is read out whatever lies over the page.
    if (top && !part.contains(top.element) && !part.matches(".toast-place")) {
      part.setAttribute("inert", "");
      part.setAttribute("aria-hidden", "true");
    } else {
      part.removeAttribute("inert");
      part.removeAttribute("aria-hidden");
    }
  }
}

function topOf(page: HTMLElement): Cover | undefined {
  return covers.filter((one) => page.contains(one.element)).pop();
}

/** Remembered: an element that has gone knows its page no more. */
const pages = new WeakMap<HTMLElement, HTMLElement>();
function pageOf(element: HTMLElement): HTMLElement {
  const page = pages.get(element) ?? element.closest<HTMLElement>(".vc") ?? document.body;
  pages.set(element, page);
  return page;
}

function seen(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
}
