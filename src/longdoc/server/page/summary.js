// A document's summary and, below it, the tree it was made from: part by part, down to the text itself.

import { ApiError, events, json } from "/api.js";
import { $, button, counted, el, say } from "/dom.js";
import { named, ready, refresh } from "/documents.js";
import { open, pageOf } from "/source.js";

let current = null; // the id of the document shown
let runs = 0; // grows with each thing begun, so that what comes late changes nothing
let running = null; // the id of the document being summarized
let offered = ""; // the documents in the list, so that it is made again only when they change

export const shownId = () => current;

const note = (text, kind = "soft") => $("tree").replaceChildren(el("p", { class: kind }, text));

// The documents that can be summarized, in the order of the shelf; the one shown stays chosen.
export function offer() {
  const list = ready();
  const chosen = list.some((one) => one.id === current) ? current : null;
  const now = JSON.stringify(list.map(({ id, name }) => [id, name]));
  if (now !== offered) {
    offered = now;
    const options = list.map(({ id, name }) => el("option", { value: id, selected: id === chosen }, name));
    $("which").replaceChildren(...options);
  }
  $("start").disabled = !list.length || running !== null;
  if (current !== null && chosen === null && named(current) === null) {
    current = null;
    note("The document was deleted.");
  }
  if (current === null && !list.length) note("There is no document to summarize yet.");
  if (chosen === null && list.length) choose(list[0].id);
}

export async function choose(id) {
  const mine = ++runs;
  current = id;
  $("which").value = id;
  if (running === id) return note("");
  if (!ready().find((one) => one.id === id)?.summarized) return note("No summary yet.");
  note("Loading…");
  try {
    const [summary, { pages }] = await Promise.all([json(`/api/documents/${id}/summary`), text(id)]);
    if (mine === runs) show(summary, id, pages);
  } catch (error) {
    if (mine !== runs) return;
    if (error.status === 404) note("No summary yet.");
    else note(error.message, "problem");
  }
}

const text = (id) => json(`/api/documents/${id}/text?start=0&end=1`);

function show(summary, id, pages) {
  const list = summary.blocks?.length ? digest(summary, id, pages) : sentences(summary.sentences, id, pages);
  const children = summary.tree?.children ?? [];
  const title = summary.tree?.title || named(id) || "Summary";
  $("tree").replaceChildren(
    el("h2", { class: "title", lang: "", dir: "auto", tabindex: "-1" }, title),
    el("p", { class: "soft facts" }, [
      `${summary.tokens.toLocaleString("en")} of ${counted(summary.max_tokens, "token")}`, summary.model,
    ].filter(Boolean).join(" · ")),
    list ?? el("p", {}, "The summary is empty."),
    ...(children.length ? [el("h3", {}, "Part by part"), outline(children, id, pages)] : []),
  );
}

// A digest: its blocks in order, each with its heading and the next of the sentences.
function digest(summary, id, pages) {
  const out = el("div", {});
  let at = 0;
  for (const { heading, count, form } of summary.blocks) {
    if (heading) out.append(el(form === "note" ? "p" : "h3", form === "note" ? { class: "soft" } : { dir: "auto" }, heading));
    const list = sentences(summary.sentences.slice(at, at + count), id, pages);
    if (list) out.append(list);
    at += count;
  }
  return out;
}

function sentences(list, id, pages) {
  if (!list.length) return null;
  const places = [];
  const out = el("ol", { class: "sentences", role: "list" });
  list.forEach((sentence, at) => out.append(item(sentence, `Sentence ${at + 1} of ${list.length}`, places, id, pages)));
  return out;
}

function item(sentence, label, places, id, pages) {
  const spans = sentence.spans.map(({ start, end, page_label }) => ({
    source: id, start, end, printed: page_label, label, name: named(id),
  }));
  const [first, ...others] = spans;
  const number = first ? (first.printed ?? pageOf(pages, first.start)) : null;
  const line = [
    el("span", { class: "line", lang: "", dir: "auto" }, sentence.text),
    number ? el("span", { class: "number" }, el("span", { class: "unseen" }, " Page "),
      el("span", { "aria-hidden": "true" }, "p. "), String(number)) : null,
  ];
  const whole = first ? opening(first, places, el("button", { type: "button", class: "sentence" }, ...line))
    : el("p", { class: "sentence" }, ...line);
  const also = others.map((place, n) => opening(place, places,
    button(String(n + 2), null, { class: "cite", "aria-label": `Place ${n + 2} of ${label.toLowerCase()}` })));
  return el("li", { class: sentence.supported ? "" : "unsupported" }, whole,
    also.length ? el("p", { class: "more soft" }, "also ", ...also) : null,
    sentence.supported ? null : el("p", { class: "note" }, why(sentence)));
}

export const why = (sentence) => `Not supported${sentence.problems?.length ? `: ${sentence.problems.join("; ")}` : ""}`;

function opening(place, places, made) {
  const index = places.push({ ...place, button: made }) - 1;
  made.addEventListener("click", () => open(places, index));
  return made;
}

function outline(nodes, id, pages) {
  return el("ul", { class: "outline", role: "list" }, ...nodes.map((node) => el("li", {}, part(node, id, pages))));
}

// A node's inside is made when it is first opened: a book has thousands.
function part(node, id, pages) {
  const size = node.children.length ? counted(node.children.length, "part") : counted(node.tokens, "token");
  const made = el("details", {}, el("summary", {},
    el("span", { class: "title", lang: "", dir: "auto" }, node.title || "Untitled"),
    el("span", { class: "size" }, node.tokens ? size : "")));
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(...inside(node, id, pages));
  });
  return made;
}

function inside(node, id, pages) {
  const parts = [];
  if (node.error) parts.push(el("p", { class: "note" }, `Failed: ${node.error}`));
  const from = node.spans[0]?.start;
  if (from !== undefined) {
    const read = button("Go to this part of the source", () => open([{
      source: id, start: from, end: from, label: node.title || "Untitled", name: named(id), button: read,
    }]), { class: "plain goto" });
    parts.push(read);
  }
  const list = sentences(node.sentences, id, pages);
  if (list) parts.push(list);
  if (node.children.length) parts.push(outline(node.children, id, pages));
  return parts;
}

function advance(id, { done, planned }) {
  const bar = $("progress").querySelector("progress");
  if (planned) bar.max = planned;
  if (planned) bar.value = Math.min(done, planned);
  $("stage").textContent = `${named(id)}: ${done.toLocaleString("en")} of ${counted(planned, "call")}`;
}

function working(on) {
  $("progress").hidden = !on;
  $("start").disabled = on;
  $("start").textContent = on ? "Summarizing…" : "Summarize";
  if (on) $("progress").querySelector("progress").removeAttribute("value");
  $("stage").textContent = "";
}

async function make(id) {
  const body = { max_tokens: Number($("length").value), query: $("about").value.trim() || null };
  runs += 1;
  current = running = id;
  note("");
  working(true);
  say(`Summarizing ${named(id)}.`);
  try {
    for await (const [name, data] of events(`/api/documents/${id}/summary`, body, "summary")) {
      if (name === "progress") advance(id, data);
      if (name === "summary") await finished(data, id);
    }
  } catch (error) {
    if (current === id) note(error instanceof ApiError ? error.message : "The summary could not be shown.", "problem");
    say(error.message);
  } finally {
    running = null;
    working(false);
  }
}

async function finished(summary, id) {
  say(`The summary of ${named(id)} is ready.`);
  const { pages } = await text(id);
  if (current === id) show(summary, id, pages);
  refresh().catch(() => {});
}

export function start() {
  $("which").addEventListener("change", () => choose($("which").value));
  $("summarize").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running === null && $("which").value) make($("which").value);
  });
}
