// The few icons of the page, as strokes on a grid of 24.

const PATHS = {
  back: "M15 5l-7 7 7 7",
  write: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  rooms: "M9 4L7 20M17 4l-2 16M4 9h17M3 15h17",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.500a3.5 3.5 0 0 1 0 6.500M18 14.500c2 .7 3.2 2.6 3.5 5.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  react: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.500c1.8 2.600 5.200 2.600 7 0M9 9.500h.01M15 9.500h.01",
  reply: "M9 6L3 12l6 6M4 12h10c4 0 6 2 6.500 6",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700L12 17.700",
  send: "M4 12l16-8-5 16-3.5-6.500zM20 4l-8.5 9.5",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
  sent: "M5 12.500l4.5 4.500L19 7.5",
  delivered: "M2 12.500L6.5 17 16 7.500M11.5 16l1 1L22 7.5",
  refused: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500v5.500M12 16.500h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c5 5.5 5 12.5 0 18M12 3c-5 5.5-5 12.5 0 18",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.500 1.500h-15zM10.500 21h3",
  quiet: "M8 6.500A6 6 0 0 1 18 11v5M6 11v6l-1.500 1.500H17M10.500 21h3M4 4l16 16",
  pin: "M9 4h6l-1 6 3 3.500H7L10 10zM12 13.500V21",
  unread: "M20 11v8H4V7h10M4 7.500l8 6 4-3M19 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  hide: "M4 4l16 16M10 6.300A9 9 0 0 1 12 6c5 0 8 4 9 6a14 14 0 0 1-3 3.700M6.500 8A14 14 0 0 0 3 12c1 2 4 6 9 6a9 9 0 0 0 4-1",
  seen: "M3 12c1-2 4-6 9-6s8 4 9 6c-1 2-4 6-9 6s-8-4-9-6zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  person: "M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.6-4 3.500-6.500 7.500-6.500s6.900 2.500 7.500 6.500",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.500L20 20",
};

/** An icon; with a label for those who listen, otherwise left out for them. */
export function icon(name, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
