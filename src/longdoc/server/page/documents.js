// The shelf: files on their way in, documents and what became of them, and which of them a question goes to.

import { ApiError, json, remove, upload } from "/api.js";
import { $, button, confirmed, counted, el, say, sentenced, trouble } from "/dom.js";

const EVERY = 700; // milliseconds between looks at what is still being read
const EXCLUDED = "longdoc.excluded";
const excluded = new Set(JSON.parse(localStorage.getItem(EXCLUDED) ?? "[]"));
const known = new Map(); // id: the server's document
const rows = new Map(); // id: the parts of its row
const waiting = []; // uploads not begun
let sending = false;
let changes = 0; // grows with what is added and deleted here, which a list asked for before does not have
let timer = 0;
let actions = {};
let listed = () => {};

// Settled once the list was asked for, with or without success.
export const listing = new Promise((done) => { listed = done; });

export const all = () => [...known.values()];
export const named = (id) => known.get(id)?.name ?? null;
export const pictured = (id) => known.get(id)?.pictures ?? false;
export const ready = () => all().filter((doc) => doc.status === "ready");
export const chosen = () => ready().filter((doc) => !excluded.has(doc.id));

function status(doc) {
  if (doc.status === "failed") return sentenced(doc.error ?? "It could not be read");
  if (doc.status === "reading") return "Reading…";
  const pages = doc.pages === null ? [] : [counted(doc.pages, "page")];
  return [counted(doc.words, "word"), ...pages].join(" · ");
}

function row(name) {
  const parts = {
    box: el("input", { type: "checkbox" }),
    facts: el("p", { class: "facts" }),
    bar: el("progress", { "aria-label": `Progress of ${name}` }),
    buttons: el("div", { class: "actions" }),
  };
  const label = el("label", {}, parts.box, el("span", { class: "name", dir: "auto" }, name));
  parts.item = el("li", {}, label, parts.facts, parts.bar, parts.buttons);
  $("documents").append(parts.item);
  return parts;
}

function documentRow(doc) {
  const parts = row(doc.name);
  parts.box.addEventListener("change", () => {
    excluded[parts.box.checked ? "delete" : "add"](doc.id);
    localStorage.setItem(EXCLUDED, JSON.stringify([...excluded]));
    changed();
  });
  parts.box.setAttribute("aria-label", `Ask ${doc.name}`);
  parts.read = button("Read", (event) => actions.read(doc.id, event.currentTarget),
    { class: "plain", "aria-label": `Read ${doc.name}` });
  parts.summary = button("Summary", () => actions.summary(doc.id),
    { class: "plain", "aria-label": `Summary of ${doc.name}` });
  parts.remove = button("Delete", () => discard(doc.id),
    { class: "plain", "aria-label": `Delete ${doc.name}` });
  parts.buttons.append(parts.read, parts.summary, parts.remove);
  rows.set(doc.id, parts);
  return parts;
}

function show(doc) {
  const parts = rows.get(doc.id) ?? documentRow(doc);
  const usable = doc.status === "ready";
  parts.item.className = doc.status;
  parts.facts.textContent = status(doc);
  parts.bar.hidden = doc.status !== "reading";
  parts.box.checked = usable && !excluded.has(doc.id);
  parts.box.disabled = !usable;
  parts.read.hidden = parts.summary.hidden = !usable;
}

function told(before, doc) {
  if (before?.status !== "reading" || doc.status === "reading") return;
  say(`${doc.name}: ${doc.status === "ready" ? "ready" : "failed"}, ${status(doc)}`);
}

function changed() {
  $("count").textContent = known.size ? `(${known.size})` : "";
  actions.changed();
}

export async function refresh() {
  clearTimeout(timer);
  const before = changes;
  const list = await json("/api/documents");
  if (before !== changes) return refresh();
  for (const id of [...known.keys()]) if (!list.some((doc) => doc.id === id)) forget(id);
  for (const doc of list) {
    told(known.get(doc.id), doc);
    known.set(doc.id, doc);
    show(doc);
  }
  changed();
  watch();
}

function watch() {
  clearTimeout(timer);
  if (all().some((doc) => doc.status === "reading")) {
    timer = setTimeout(() => refresh().then(() => trouble(""), failed), EVERY);
  }
}

function failed(error) {
  trouble(error.message);
  timer = setTimeout(() => refresh().then(() => trouble(""), failed), 10 * EVERY);
}

function forget(id) {
  known.delete(id);
  rows.get(id)?.item.remove();
  rows.delete(id);
}

async function discard(id) {
  const { name } = known.get(id);
  const text = "The document, its summary and what was made of it are deleted from the server.";
  if (!await confirmed(`Delete ${name}?`, text, "Delete")) return;
  const next = rows.get(id).item.nextElementSibling ?? rows.get(id).item.previousElementSibling;
  try {
    await remove(`/api/documents/${id}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) return trouble(error.message);
  }
  changes += 1;
  forget(id);
  changed();
  (next?.querySelector("button:not([hidden])") ?? $("choose")).focus();
  say(`${name} is deleted.`);
}

export function add(files) {
  for (const file of files) {
    const parts = row(file.name);
    parts.box.disabled = true;
    parts.facts.textContent = "Waiting";
    parts.bar.value = 0;
    waiting.push({ file, parts });
  }
  if (waiting.length) {
    $("shelf").open = true;
    say(`${counted(files.length, "file")} added.`);
  }
  if (!sending) sendAll();
}

// One after the other: the server takes few uploads at once, and a line has only so much width.
async function sendAll() {
  sending = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { file, parts } = next;
    try {
      const doc = await upload(file, (part) => {
        parts.bar.value = part;
        parts.facts.textContent = `Sending, ${Math.floor(100 * part)} %`;
      });
      changes += 1;
      known.set(doc.id, doc);
      parts.item.replaceWith((rows.get(doc.id) ?? documentRow(doc)).item);
      show(doc);
      changed();
      watch();
    } catch (error) {
      refused(file.name, parts, error.message);
    }
  }
  sending = false;
}

function refused(name, parts, reason) {
  parts.item.className = "failed";
  parts.facts.textContent = reason;
  parts.bar.hidden = true;
  parts.buttons.append(button("Dismiss", () => {
    parts.item.remove();
    $("choose").focus();
  }, { class: "plain", "aria-label": `Dismiss ${name}` }));
  say(`${name}: ${reason}`);
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

// Files may be dropped anywhere: a page that opened one in its own place would lose what was written on it.
function takeDrops() {
  let inside = 0;
  const over = (by) => (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    inside = Math.max(0, by ? inside + by : inside);
    document.body.classList.toggle("over", inside > 0);
  };
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
  addEventListener("dragenter", over(1));
  addEventListener("dragover", over(0));
  addEventListener("dragleave", over(-1));
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    inside = 0;
    document.body.classList.remove("over");
    add(event.dataTransfer.files);
  });
}

// `to` has what a row's buttons do, `read(id, button)` and `summary(id)`, and `changed()`.
export function start(to) {
  actions = to;
  takeDrops();
  $("choose").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => {
    add([...$("files").files]);
    $("files").value = "";
  });
  return refresh().finally(listed);
}
