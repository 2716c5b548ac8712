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
export const choose = (ids) => {
  for (const { id } of ready()) excluded[ids.includes(id) ? "delete" : "add"](id);
  remember();
};
export const chosen = () => ready().filter((doc) => !excluded.has(doc.id));

function status(doc) {
  if (doc.status === "failed") return sentenced(doc.error ?? "It could not be read");
  if (doc.status === "reading") return doc.progress === null ? "Reading…" : `Indexing, ${Math.floor(100 * doc.progress)} %`;
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

function remember() {
  localStorage.setItem(EXCLUDED, JSON.stringify([...excluded]));
  for (const doc of all()) show(doc);
  changed();
}

function documentRow(doc) {
  const parts = row(doc.name);
  parts.box.addEventListener("change", () => {
    excluded[parts.box.checked ? "delete" : "add"](doc.id);
    remember();
  });
  parts.box.setAttribute("aria-label", `Ask ${doc.name}`);
  parts.read = button("Read", (event) => actions.read(doc.id, event.currentTarget),
    { class: "plain", "aria-label": `Read ${doc.name}` });
  parts.summary = button("Summary", () => actions.summary(doc.id),
    { class: "plain", "aria-label": `Summary of ${doc.name}` });
  parts.notes = button("", () => actions.notes(doc.id), { class: "plain", hidden: true });
  parts.remove = button("Delete", () => discard(doc.id), { class: "plain" });
  parts.buttons.append(parts.read, parts.summary, parts.notes, parts.remove);
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
  if (doc.progress === null) parts.bar.removeAttribute("value");
  else parts.bar.value = doc.progress;
  parts.remove.textContent = doc.status === "reading" ? "Cancel" : "Delete";
  parts.remove.setAttribute("aria-label", `${parts.remove.textContent} ${doc.name}`);
}

// `count` gives the notes on a document.
export function noted(count) {
  for (const [id, { notes }] of rows) {
    const number = count(id);
    notes.hidden = !number;
    notes.textContent = `Notes (${number})`;
    notes.setAttribute("aria-label", `${counted(number, "note")} on ${named(id)}`);
  }
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
  const { name, status: was } = known.get(id);
  const text = "The document, its summary and what was made of it are deleted from the server.";
  if (was !== "reading" && !await confirmed(`Delete ${name}?`, text, "Delete")) return;
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
  say(was === "reading" ? `${name} is not read.` : `${name} is deleted.`);
}

// `folder` is what the files lay in; what is hidden in it is left out.
export function add(files, folder = (file) => file.webkitRelativePath.split("/").slice(0, -1).join("/")) {
  for (const file of files) {
    const path = [folder(file), file.name].filter(Boolean).join("/");
    if (path.includes("/") && /(^|\/)\./.test(path)) continue;
    const parts = row(path);
    const one = { file, folder: folder(file), parts, stop: new AbortController() };
    parts.box.disabled = true;
    parts.facts.textContent = "Waiting";
    parts.bar.value = 0;
    parts.buttons.append(button("Cancel", () => callOff(one), { class: "plain", "aria-label": `Cancel ${path}` }));
    waiting.push(one);
  }
  if (waiting.length) {
    $("shelf").open = true;
    say(`${counted(files.length, "file")} added.`);
  }
  if (!sending) sendAll();
}

function callOff(one) {
  one.stop.abort();
  if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
  one.parts.item.remove();
  $("choose").focus();
  say(`${one.file.name} is not added.`);
}

// One after the other: the server takes few uploads at once, and a line has only so much width.
async function sendAll() {
  sending = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { file, folder, parts, stop } = next;
    try {
      const [doc, added] = await upload(file, folder, (part) => {
        parts.bar.value = part;
        parts.facts.textContent = `Sending, ${Math.floor(100 * part)} %`;
      }, stop.signal);
      changes += 1;
      known.set(doc.id, doc);
      if (rows.has(doc.id)) parts.item.remove();
      else parts.item.replaceWith(documentRow(doc).item);
      show(doc);
      if (!added) again(doc);
      changed();
      watch();
    } catch (error) {
      if (!stop.signal.aborted) refused(file.name, parts, error.message);
    }
  }
  sending = false;
}

function again(doc) {
  rows.get(doc.id).facts.textContent = `Here already · ${status(doc)}`;
  say(`The file is here already, as ${doc.name}.`);
}

function refused(name, parts, reason) {
  parts.item.className = "failed";
  parts.facts.textContent = reason;
  parts.bar.hidden = true;
  parts.buttons.replaceChildren(button("Dismiss", () => {
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
    dropped([...event.dataTransfer.items]);
  });
}

// Folders are walked; a browser tells what is dropped only while it is being dropped.
async function dropped(items) {
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
  const files = [];
  const folders = new Map();
  const walk = async (entry, folder) => {
    if (entry instanceof File) return void files.push(entry);
    if (entry.isFile) {
      const file = await new Promise((done, wrong) => entry.file(done, wrong));
      folders.set(file, folder);
      return void files.push(file);
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, wrong) => reader.readEntries(done, wrong));
      if (!some.length) return;
      for (const one of some) await walk(one, [folder, entry.name].filter(Boolean).join("/"));
    }
  };
  for (const entry of entries) await walk(entry, "").catch((error) => trouble(sentenced(error.message)));
  add(files, (file) => folders.get(file) ?? "");
}

// Text that lies in the clipboard or in the reader's head.
function takePastes() {
  $("paste").addEventListener("click", () => $("pasting").showModal());
  $("pasting-no").addEventListener("click", () => $("pasting").close());
  $("pasting-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("pasted-name").value.trim() || "Pasted text";
    add([new File([$("pasted").value], /\.[A-Za-z]{2,5}$/.test(name) ? name : `${name}.txt`)]);
    $("pasting-form").reset();
    $("pasting").close();
  });
}

// `to` has what a row's buttons do, `read(id, button)`, `summary(id)` and `notes(id)`, and `changed()`.
export function start(to) {
  actions = to;
  takeDrops();
  takePastes();
  for (const [press, files] of [["choose", "files"], ["choose-folder", "folder"]]) {
    $(press).addEventListener("click", () => $(files).click());
    $(files).addEventListener("change", () => {
      add([...$(files).files]);
      $(files).value = "";
    });
  }
  return refresh().finally(listed);
}
