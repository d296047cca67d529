/**
 * Icons and state shapes, as SVG for CSS masks: one technique for browsers and mini-programs, which
 * draw no inline SVG. `line` icons stand in a box of 24, `shape`s in one of 48. In a shape the mark is cut
 * out of the ground, so that one colour draws both.
 */
const LINE = {
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  close: "M6 6l12 12M18 6L6 18",
  tick: "M5 12.6l4.6 4.6L19 7.4",
  plus: "M12 5v14M5 12h14",
  more: "M5.5 12h.1M12 12h.1M18.5 12h.1",
  scan: "M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15M4 12h16",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0",
  people:
    "M9 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6zM2.8 19.5a6.2 6.2 0 0 1 12.4 0M17.2 13.6a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM17.8 16.2a4.2 4.2 0 0 1 3.4 3.3",
  heart: "M12 20C7 16.4 3.5 13.2 3.5 9.4A4.4 4.4 0 0 1 12 7.6a4.4 4.4 0 0 1 8.5 1.8C20.5 13.2 17 16.4 12 20z",
  tube: "M9 3.5v13.5a3 3 0 0 0 6 0V3.5M7.5 3.5h9M9 11h6",
  shield: "M12 3l7.5 2.6v5.6c0 4.4-3 7.8-7.5 9.8-4.5-2-7.5-5.4-7.5-9.8V5.6zM8.7 11.8l2.4 2.4 4.3-4.5",
  route: "M6 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 18h6.5a3 3 0 0 0 0-6h-5a3 3 0 0 1 0-6H16",
  venue: "M4.5 20.5V8l7.5-4.5L19.5 8v12.5M3 20.5h18M9.5 20.5v-6h5v6",
  list: "M8.5 6h12M8.5 12h12M8.5 18h12M4 6h.1M4 12h.1M4 18h.1",
  phone: "M5.5 3.5h3.4l1.7 4.6-2.2 1.5a11.5 11.5 0 0 0 6 6l1.5-2.2 4.6 1.7v3.4a2 2 0 0 1-2.2 2A17 17 0 0 1 3.5 5.7a2 2 0 0 1 2-2.2z",
  mobile: "M7 3.5h10v17H7zM11 17.8h2",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2",
  thermometer: "M10 14.6V5.5a2 2 0 1 1 4 0v9.1a4 4 0 1 1-4 0zM12 11v6",
  torch: "M8 3h8v3.5l-1.7 2.8V20a1 1 0 0 1-1 1h-2.6a1 1 0 0 1-1-1V9.3L8 6.5zM12 12v2.5",
  album: "M4.5 5h15v14h-15zM4.5 16l4.5-4.5 4 4 2.5-2.5 4 4M15.5 9.2h.1",
  keyboard: "M3.5 6.5h17v11h-17zM7 10.2h.1M10.4 10.2h.1M13.7 10.2h.1M17 10.2h.1M8 14h8",
  card: "M3.5 5.5h17v13h-17zM8.5 11.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM5.8 15.8a2.8 2.8 0 0 1 5.4 0M14 9.5h4M14 13h4",
  offline:
    "M3 3l18 18M8.2 8.4A12 12 0 0 0 3 11.5M12.5 7.1A12 12 0 0 1 21 11.5M9.8 13.2A7.5 7.5 0 0 0 6.5 15M15.8 13.8l1.7 1.2M12 18.5v.1",
  sound: "M4 9.8v4.4h3.2L11.5 18V6L7.2 9.8zM15 9a4.2 4.2 0 0 1 0 6M17.6 6.5a8 8 0 0 1 0 11",
  silent: "M4 9.8v4.4h3.2L11.5 18V6L7.2 9.8zM15.5 9.5l5 5M20.5 9.5l-5 5",
  print: "M7 8.5v-5h10v5M7 16.5H4.5v-8h15v8H17M7 14h10v6.5H7z",
  key: "M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11.5h8.5v3.5M17 11.5V14",
  code: "M4.5 4.5h5.5v5.5H4.5zM14 4.5h5.5v5.5H14zM4.5 14h5.5v5.5H4.5zM14 14h2.5v2.5M19.5 14v5.5H14",
  copy: "M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5",
} as const;

const TICK = '<path d="M14 25l7 7 13.5-14.5" stroke-width="5"/>';
const PEN = '<path d="M15 33l1.6-6.2 13.6-13.6 4.6 4.6L21.2 31.4z" stroke-width="3.2"/>';
const QUESTION =
  '<path d="M18.5 18.5a5.7 5.7 0 1 1 8.4 5.1c-2 1-2.9 2-2.9 4.1M24 34.5v.1" stroke-width="4.5"/>';
const RING = '<circle cx="24" cy="24" r="20.5" stroke-width="4.5"/>';

const SHAPE = {
  disc_tick: cut('<circle cx="24" cy="24" r="22"/>', TICK),
  ring_tick: drawn(RING + TICK),
  ring_pen: drawn(RING + PEN),
  ring_clock: drawn(RING + '<path d="M24 13.5V24l7 5" stroke-width="4"/>'),
  ring_bar: drawn(RING + '<path d="M15 24h18" stroke-width="5"/>'),
  ring_question: drawn('<circle cx="24" cy="24" r="20.5" stroke-width="4.5" stroke-dasharray="9.5 6"/>' + QUESTION),
  triangle: cut(
    '<path d="M24 3.5 46 42.5H2z" stroke="#fff" stroke-linejoin="round" stroke-width="4"/>',
    '<path d="M24 17v12M24 35.5v.2" stroke-width="5"/>',
  ),
  octagon: cut(
    '<path d="M15.3 3h17.4L45 15.3v17.4L32.7 45H15.3L3 32.7V15.3z" stroke="#fff" stroke-linejoin="round" stroke-width="2"/>',
    '<path d="M13.5 24h21" stroke-width="6.5"/>',
  ),
  dots: cut('<rect x="3" y="3" width="42" height="42" rx="11"/>', '<path d="M14 24h.1M24 24h.1M34 24h.1" stroke-width="6"/>'),
} as const;

export type IconName = keyof typeof LINE | keyof typeof SHAPE;

/** Return a CSS `url()` of an icon, to be used as a mask. */
export function mask(name: IconName): string {
  const line = (LINE as Record<string, string>)[name];
  const svg =
    line === undefined
      ? wrapped(48, (SHAPE as Record<string, string>)[name]!)
      : wrapped(24, `<path d="${line}" fill="none" stroke="#000" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`);
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}

function wrapped(box: number, inner: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${box} ${box}">${inner}</svg>`;
}

function cut(ground: string, mark: string): string {
  const line = `<g fill="none" stroke="#000" stroke-linecap="round" stroke-linejoin="round">${mark}</g>`;
  return `<mask id="m"><g fill="#fff">${ground}</g>${line}</mask><rect width="48" height="48" mask="url(#m)"/>`;
}

function drawn(lines: string): string {
  return `<g fill="none" stroke="#000" stroke-linecap="round" stroke-linejoin="round">${lines}</g>`;
}
