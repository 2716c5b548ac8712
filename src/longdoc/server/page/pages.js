// The pages of a PDF as they look: those in view are drawn by the server, and the cited lines are marked on them.

import { json, picture } from "/api.js";
import { $, el } from "/dom.js";

const STEP = 160; // pictures have widths in these steps, in pixels of the screen
const WIDEST = 3200;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const SMALL = 9; // pixels: a marked line that is less high is made READABLE, where its width allows
const READABLE = 12;
const TOGETHER = 2; // pictures asked for at once
const AGAIN = 1000; // milliseconds until a busy server is asked again

const view = $("pages");
let shown = null; // {id, sizes, labels, sheets: [element]}
let zoom = 1; // of a page as wide as the view
let chosen = false; // whether the reader chose the zoom
let width = 0; // of the view when the sheets were laid out
let asking = 0;
let waiting = []; // sheets in view that are not drawn yet

const address = (id) => `/api/documents/${encodeURIComponent(id)}`;
const room = () => view.clientWidth - parseFloat(getComputedStyle(view).paddingLeft) * 2;
const across = ([wide], most = room()) => Math.max(40, Math.round(Math.min(most, wide * 2) * zoom));

export const labelOf = (number) => shown?.labels[number - 1] || String(number);
export const count = () => shown?.sheets.length ?? 0;

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) want(target);
    else blank(target);
  }
}, { root: view, rootMargin: "60% 20%" });

function want(sheet) {
  if (!waiting.includes(sheet)) waiting.push(sheet);
  next();
}

function blank(sheet) {
  waiting = waiting.filter((one) => one !== sheet);
  sheet.querySelector("canvas")?.remove();
  delete sheet.dataset.width;
}

const drawnWidth = (sheet) => {
  const wanted = Math.ceil((sheet.clientWidth * devicePixelRatio) / STEP) * STEP;
  return Math.min(WIDEST, Math.max(STEP, wanted));
};

// Those in the view itself before those near it.
function next() {
  while (asking < TOGETHER && waiting.length) {
    const middle = view.getBoundingClientRect().top + view.clientHeight / 2;
    const far = (sheet) => Math.abs(sheet.getBoundingClientRect().top + sheet.clientHeight / 2 - middle);
    waiting.sort((one, other) => far(one) - far(other));
    draw(waiting.shift());
  }
}

async function draw(sheet) {
  const wanted = drawnWidth(sheet);
  if (Number(sheet.dataset.width) === wanted) return;
  sheet.dataset.width = wanted;
  asking += 1;
  try {
    const blob = await picture(`${address(shown.id)}/pages/${sheet.dataset.page}?width=${wanted}`);
    const bitmap = await createImageBitmap(blob);
    if (sheet.isConnected && Number(sheet.dataset.width) === wanted) paint(sheet, bitmap);
    bitmap.close();
  } catch (error) {
    if (!sheet.isConnected) return;
    delete sheet.dataset.width;
    if (error.status === 429) setTimeout(() => { if (sheet.isConnected) want(sheet); }, AGAIN);
    else sheet.querySelector(".undrawn").textContent = error.message;
  } finally {
    asking -= 1;
    next();
  }
}

function paint(sheet, bitmap) {
  const canvas = el("canvas", { role: "img", "aria-label": `Page ${labelOf(Number(sheet.dataset.page))}` });
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  sheet.querySelector("canvas")?.remove();
  sheet.prepend(canvas);
}

function lay() {
  const most = room();
  width = view.clientWidth;
  shown.sheets.forEach((sheet, at) => {
    const wide = across(shown.sizes[at], most);
    sheet.style.width = `${wide}px`;
    sheet.style.height = `${Math.round((wide * shown.sizes[at][1]) / shown.sizes[at][0])}px`;
  });
  for (const sheet of shown.sheets) if (sheet.dataset.width) want(sheet); // drawn for another width
  $("zoom").textContent = `${Math.round(zoom * 100)} %`;
  $("smaller").disabled = zoom <= ZOOMS[0];
  $("larger").disabled = zoom >= ZOOMS.at(-1);
}

// Lays the sheets out anew and leaves the point in the middle of the view where it was.
function relay() {
  if (!shown?.sheets.length || view.hidden) return;
  const box = view.getBoundingClientRect();
  const x = box.left + view.clientWidth / 2, y = box.top + view.clientHeight / 2;
  const sheet = shown.sheets.find((one) => one.getBoundingClientRect().bottom >= y) ?? shown.sheets.at(-1);
  const before = sheet.getBoundingClientRect();
  const right = (x - before.left) / before.width, down = (y - before.top) / before.height;
  lay();
  const after = sheet.getBoundingClientRect();
  view.scrollLeft += after.left + right * after.width - x;
  view.scrollTop += after.top + down * after.height - y;
}

function zoomed(to) {
  chosen = true;
  zoom = Math.min(ZOOMS.at(-1), Math.max(ZOOMS[0], to));
  relay();
}

const larger = () => zoomed(ZOOMS.find((one) => one > zoom + 0.01) ?? ZOOMS.at(-1));
const smaller = () => zoomed(ZOOMS.findLast((one) => one < zoom - 0.01) ?? ZOOMS[0]);

function sheet(number) {
  const made = el("div", { class: "sheet", "data-page": number }, el("p", { class: "undrawn" }));
  observer.observe(made);
  return made;
}

// Has the sheets of a document in the view; false where another was asked for meanwhile.
async function load(id, current) {
  if (shown?.id === id) return true;
  const { sizes, labels } = await json(`${address(id)}/pages`);
  if (!current()) return false;
  observer.disconnect();
  waiting = [];
  shown = { id, sizes, labels, sheets: sizes.map((_, at) => sheet(at + 1)) };
  view.replaceChildren(...shown.sheets.flatMap((one, at) => [one, caption(at + 1)]));
  return true;
}

const caption = (number) => el("p", { class: "soft caption" },
  labelOf(number) === String(number) ? `Page ${number}` : `Page ${labelOf(number)} (${number} of ${count()})`);

// A line has to be read: on a narrow screen a page as wide as it is too small, so the marked lines are made to fill it.
function fit(marks) {
  if (chosen || !marks.length) return;
  zoom = 1;
  const [page] = marks[0];
  const own = marks.filter((one) => one[0] === page);
  const size = shown.sizes[page - 1];
  const wide = across(size);
  const high = (Math.max(...own.map(([, , top, , bottom]) => bottom - top)) * wide * size[1]) / size[0];
  const span = (Math.max(...own.map((one) => one[3])) - Math.min(...own.map((one) => one[1]))) * wide;
  if (high < SMALL) zoom = Math.min(ZOOMS.at(-1), Math.max(1, Math.min(READABLE / high, (0.97 * view.clientWidth) / span)));
}

function mark(marks) {
  for (const old of view.querySelectorAll(".mark")) old.remove();
  for (const [page, left, top, right, bottom] of marks) {
    const made = el("div", { class: "mark" });
    Object.assign(made.style, {
      left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
    });
    shown.sheets[page - 1]?.append(made);
  }
}

function scrollTo(page, marks) {
  const target = shown.sheets[page - 1];
  if (!target) return;
  const box = target.getBoundingClientRect(), frame = view.getBoundingClientRect();
  const own = marks.filter((one) => one[0] === page);
  const [, left, top] = own[0] ?? [page, 0, 0];
  const right = Math.max(0, ...own.map((one) => one[3]));
  const down = own.length ? view.clientHeight / 4 : 12;
  view.scrollTop += box.top + top * box.height - frame.top - down;
  const middle = box.left + ((left + right) / 2) * box.width;
  view.scrollLeft += own.length ? middle - frame.left - view.clientWidth / 2 : 0;
}

// Shows a place {source, start, end} on its page; a place that is empty is where to begin, and is not marked.
// Gives the page, or null where `current()` says that something else was opened meanwhile.
export async function show(place, current) {
  const empty = place.end <= place.start;
  const end = empty ? place.start + 1 : place.end;
  const loading = json(`${address(place.source)}/places?start=${place.start}&end=${end}`);
  const [found, there] = await Promise.all([loading, load(place.source, current)]);
  if (!there || !current()) return null;
  if (!empty) fit(found.marks);
  lay();
  mark(empty ? [] : found.marks);
  scrollTo(found.page, place.start ? found.marks : []);
  return found.page;
}

export function start() {
  $("larger").addEventListener("click", larger);
  $("smaller").addEventListener("click", smaller);
  new ResizeObserver(() => { if (view.clientWidth !== width) relay(); }).observe(view);
  view.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const does = { "+": larger, "=": larger, "-": smaller, 0: () => zoomed(1) }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });
}
