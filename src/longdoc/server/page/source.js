// The source beside what cites it: a window of the text about the span, more of it as the reader scrolls.

import { json } from "/api.js";
import { $, el, say } from "/dom.js";
import { listing, named, pictured } from "/documents.js";
import { keep } from "/notes.js";
import * as sheets from "/pages.js";

const WINDOW = 20000; // characters, Python's, which are code points
const BEFORE = 6000; // characters shown ahead of a span
const SLACK = 2000; // a window may end this much sooner, to end with a line
const HELD = 6; // windows kept; what is farther away is let go
const NEAR = 800; // pixels to the edge at which more is fetched

const VIEW = "longdoc.view"; // whether the reader would see the text of a PDF rather than its pages

const view = $("text");
let places = []; // [{source, start, end, button, label}]: what the arrows step through
let at = 0;
let opener = null; // what Escape goes back to
let shown = null; // {id, total, pages, windows: [{start, end, text, element}]}
let span = { start: 0, end: 0 };
let run = 0; // grows with each text opened, so that an answer that comes late changes nothing
let busy = false;

// Offsets come in code points; the browser counts UTF-16 units.
function units(text, points) {
  let unit = 0;
  for (; points > 0 && unit < text.length; points -= 1) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  return unit;
}

const points = (text) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const slice = (text, start, end) => {
  const from = units(text, start);
  return text.slice(from, from + units(text.slice(from), end - start));
};

async function fetched(id, start, end) {
  const from = Math.max(0, start);
  return json(`/api/documents/${encodeURIComponent(id)}/text?start=${from}&end=${end}`);
}

// Windows end with lines, since each is a block of its own: an edge inside of a line would break it.
function trimmed(piece, head, tail) {
  let { text, start, end } = piece;
  if (tail && end < piece.total) {
    const cut = text.lastIndexOf("\n") + 1;
    if (cut && text.length - cut < SLACK) {
      end -= points(text.slice(cut));
      text = text.slice(0, cut);
    }
  }
  if (head && start > 0) {
    const cut = text.indexOf("\n") + 1;
    if (cut && cut < SLACK) {
      start += points(text.slice(0, cut));
      text = text.slice(cut);
    }
  }
  return { text, start, end };
}

function cutAt(start, end, edges) {
  const inside = [...new Set(edges)].filter((edge) => edge > start && edge < end).sort((a, b) => a - b);
  return [start, ...inside].map((from, n) => [from, inside[n] ?? end]);
}

function draw(stretch) {
  const pages = shown.pages ?? [];
  const pieces = cutAt(stretch.start, stretch.end, [...pages, span.start, span.end]);
  stretch.element.replaceChildren();
  for (const [from, to] of pieces) {
    const page = pages.lastIndexOf(from);
    if (page >= 0) stretch.element.append(el("p", { class: "page" }, `Page ${page + 1}`));
    const text = slice(stretch.text, from - stretch.start, to - stretch.start);
    stretch.element.append(span.start <= from && to <= span.end && from < to ? el("mark", {}, text) : text);
  }
}

const block = (piece) => ({ ...piece, element: el("div", { class: "block" }) });

// Does `change` and leaves `element` where it was on the screen.
function keeping(element, edge, change) {
  const before = element.getBoundingClientRect()[edge];
  change();
  view.scrollTop += element.getBoundingClientRect()[edge] - before;
}

async function more() {
  if (busy || !shown?.windows.length) return;
  const first = shown.windows[0], last = shown.windows.at(-1);
  const up = view.scrollTop < NEAR && first.start > 0;
  const down = view.scrollHeight - view.clientHeight - view.scrollTop < NEAR && last.end < shown.total;
  if (!up && !down) return;
  const mine = run;
  busy = true;
  try {
    const piece = up
      ? trimmed(await fetched(shown.id, first.start - WINDOW, first.start), true, false)
      : trimmed(await fetched(shown.id, last.end, last.end + WINDOW), false, true);
    if (mine === run && piece.text) attach(block(piece), up);
  } catch (error) {
    if (mine === run) $("where").textContent = error.message;
  } finally {
    if (mine === run) busy = false;
  }
}

function attach(stretch, up) {
  draw(stretch);
  if (up) {
    keeping(shown.windows[0].element, "bottom", () => view.prepend(stretch.element));
    shown.windows.unshift(stretch);
    if (shown.windows.length > HELD) shown.windows.pop().element.remove();
    return;
  }
  view.append(stretch.element);
  shown.windows.push(stretch);
  if (shown.windows.length > HELD) keeping(stretch.element, "top", () => shown.windows.shift().element.remove());
}

async function load(place) {
  run += 1;
  const mine = run;
  busy = true;
  view.setAttribute("aria-busy", "true");
  const end = Math.min(Math.max(place.start + WINDOW - BEFORE, place.end + SLACK), place.start + 3 * WINDOW);
  try {
    const piece = await fetched(place.source, place.start - BEFORE, end);
    if (mine !== run) return false;
    const stretch = block(trimmed(piece, place.start - piece.start > SLACK, piece.end - place.end >= SLACK));
    shown = { id: place.source, total: piece.total, pages: piece.pages, windows: [stretch] };
    view.replaceChildren(stretch.element);
    return true;
  } finally {
    if (mine === run) {
      busy = false;
      view.removeAttribute("aria-busy");
    }
  }
}

function held(place) {
  const windows = shown?.id === place.source && named(place.source) ? shown.windows : []; // not of a deleted document
  return windows.length > 0 && windows[0].start <= place.start && place.end <= windows.at(-1).end;
}

export const pageOf = (pages, start) => (pages?.length ? pages.filter((first) => first <= start).length : null);

function located(place) {
  const page = pageOf(shown.pages, place.start);
  const part = shown.total ? Math.floor((100 * place.start) / shown.total) : 0;
  const told = [place.label, page ? `page ${page} of ${shown.pages.length}` : null, `at ${part} %`];
  return told.filter(Boolean).join(" · ");
}

function onPage(place, page) {
  const label = sheets.labelOf(page);
  const printed = label === String(page) ? null : `p. ${label}`;
  return [place.label, printed, `page ${page} of ${sheets.count()}`].filter(Boolean).join(" · ");
}

const asPages = (place) => pictured(place.source) && localStorage.getItem(VIEW) !== "text";
const inView = () => ($("pages").hidden ? view : $("pages"));

function arrange(place) {
  const paged = asPages(place);
  $("views").hidden = !pictured(place.source);
  $("pages").hidden = $("zooming").hidden = !paged;
  view.hidden = paged;
  $("as-page").setAttribute("aria-pressed", String(paged));
  $("as-text").setAttribute("aria-pressed", String(!paged));
}

function scrollToMark() {
  const mark = view.querySelector("mark");
  if (!mark) return void (view.scrollTop = 0);
  view.scrollTop += mark.getBoundingClientRect().top - view.getBoundingClientRect().top - view.clientHeight / 4;
}

function appear(place) {
  for (const current of document.querySelectorAll("[aria-current]")) current.removeAttribute("aria-current");
  opener = place.button ?? opener;
  opener?.setAttribute("aria-current", "true");
  $("pane").hidden = false;
  document.body.classList.add("split");
  $("previous").disabled = at <= 0;
  $("keep").disabled = place.start >= place.end || named(place.source) === null;
  $("next").disabled = at >= places.length - 1;
  $("pane-heading").textContent = named(place.source) ?? place.name ?? "A deleted document";
  arrange(place);
  inView().focus({ preventScroll: true });
}

// Keeps what was chosen in sight above the sheet that a narrow screen shows the source on.
function reveal() {
  if (!opener?.isConnected) return;
  for (let part = opener.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  const box = opener.getBoundingClientRect();
  const sheet = $("pane").getBoundingClientRect();
  if (sheet.left >= box.right) opener.scrollIntoView({ block: "nearest" });
  else if (box.top < 0 || box.bottom > sheet.top) opener.scrollIntoView({ block: "start" });
}

// Opens place `index` of a list; a span that is empty is where reading begins, and nothing is marked.
export async function open(list, index = 0) {
  places = list;
  at = index;
  const place = places[at];
  if (named(place.source) === null) await listing; // what kind of document it is stands there
  if (places !== list || at !== index) return;
  appear(place);
  if (asPages(place)) return openPage(place);
  try {
    if (!held(place)) {
      $("where").textContent = "Loading…";
      if (!await load(place)) return;
    } else {
      run += 1;
      busy = false;
    }
  } catch (error) {
    return absent(place, error);
  }
  span = { start: place.start, end: place.end };
  for (const stretch of shown.windows) draw(stretch);
  $("where").textContent = located(place);
  scrollToMark();
  reveal();
  const quote = [...view.querySelectorAll("mark")].map((mark) => mark.textContent).join("");
  say(`${$("pane-heading").textContent}, ${$("where").textContent}: ${quote.slice(0, 600)}`);
}

async function openPage(place) {
  run += 1;
  const mine = run;
  busy = false;
  $("where").textContent = "Loading…";
  try {
    const page = await sheets.show(place, () => mine === run);
    if (page === null) return;
    $("where").textContent = onPage(place, page);
    reveal();
    const quote = place.quote ?? (await fetched(place.source, place.start, Math.min(place.end, place.start + 600))).text;
    if (mine === run) say(`${$("pane-heading").textContent}, ${$("where").textContent}: ${quote.slice(0, 600)}`);
  } catch (error) {
    if (mine === run) absent(place, error);
  }
}

function absent(place, error) {
  $("pages").hidden = $("zooming").hidden = true;
  view.hidden = false;
  shown = null;
  $("where").textContent = error.status === 404 ? "This document is not on the server any more." : error.message;
  view.replaceChildren(place.quote ? el("mark", {}, place.quote) : "");
  say($("where").textContent);
}

export function close() {
  if ($("pane").hidden) return;
  run += 1;
  busy = false;
  $("pane").hidden = true;
  document.body.classList.remove("split");
  opener?.removeAttribute("aria-current");
  const back = opener?.isConnected && opener.offsetParent ? opener : $("question");
  back.focus();
}

function showAs(kind) {
  localStorage.setItem(VIEW, kind);
  open(places, at);
}

function step(by) {
  if (places[at + by]) open(places, at + by);
}

export function start() {
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("close").addEventListener("click", close);
  $("keep").addEventListener("click", () => {
    const { source, start, end } = places[at];
    keep({ document: source, start, end });
  });
  $("as-page").addEventListener("click", () => showAs("page"));
  $("as-text").addEventListener("click", () => showAs("text"));
  sheets.start();
  view.addEventListener("scroll", more, { passive: true });
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") close();
    if (!$("pane").contains(event.target)) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
}
