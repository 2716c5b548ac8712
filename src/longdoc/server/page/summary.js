// A document's summary and, below it, the tree it was made from: part by part, down to the text itself.

import { ApiError, events, json } from "/api.js";
import { $, button, counted, el, say } from "/dom.js";
import { chosen, named, ready, refresh } from "/documents.js";
import { open } from "/source.js";
import { offer as take } from "/take.js";

// What is summarized goes by a key: the id of a document, or those of several, in order and with commas.
let current = null; // the key of what is shown
let runs = 0; // grows with each thing begun, so that what comes late changes nothing
let running = null; // the key of what is being summarized
let abort = null; // of that
let offered = ""; // the documents in the list, so that it is made again only when they change

export const shownId = () => current;

const MOST = 50; // documents that are summarized together

const note = (text, kind = "soft") => $("tree").replaceChildren(el("p", { class: kind }, text));

const ids = (key) => key.split(",");
const several = (key) => key.includes(",");
const called = (key) => (several(key) ? counted(ids(key).length, "document") : named(key));
const path = (key) => (several(key) ? `/api/summaries?documents=${key}` : `/api/documents/${key}/summary`);

// What can be summarized: the documents in the order of the shelf, those that are asked together, and those together
// whose summary is shown or made.
function offers() {
  const list = ready().map(({ id, name }) => ({ id, name }));
  const together = chosen().map(({ id }) => id).join(",");
  const held = [current, running].filter((key) => key && ids(key).every((id) => list.some((one) => one.id === id)));
  const sets = [...new Set([together, ...held])].filter((key) => several(key) && ids(key).length <= MOST);
  return [...list, ...sets.map((key) => (
    { id: key, name: key === together ? `The ${ids(key).length} chosen documents` : called(key) }))];
}

// What is shown stays chosen.
export function offer() {
  const list = offers();
  const held = list.some((one) => one.id === current) ? current : null;
  const now = JSON.stringify(list.map(({ id, name }) => [id, name]));
  if (now !== offered) {
    offered = now;
    const options = list.map(({ id, name }) => el("option", { value: id, selected: id === held }, name));
    $("which").replaceChildren(...options);
  }
  $("start").disabled = !list.length || running !== null;
  if (current !== null && held === null) {
    current = null;
    note("The document was deleted.");
  }
  if (current === null && !list.length) note("There is no document to summarize yet.");
  if (held === null && list.length) choose(list[0].id);
}

export async function choose(key) {
  if (!offers().some(({ id }) => id === key)) return;
  const mine = ++runs;
  current = key;
  $("which").value = key;
  if (running === key) return note("");
  if (!several(key) && !ready().find((one) => one.id === key)?.summarized) return note("No summary yet.");
  note("Loading…");
  try {
    const summary = await json(path(key));
    if (mine !== runs) return;
    if (summary) show(summary, key);
    else note("No summary yet.");
  } catch (error) {
    if (mine !== runs) return;
    if (error.status === 404) note("No summary yet.");
    else note(error.message, "problem");
  }
}

function show(summary, key) {
  const list = summary.blocks?.length ? digest(summary) : sentences(summary.sentences);
  const children = summary.tree?.children ?? [];
  const title = several(key) ? called(key) : summary.tree?.title || named(key) || "Summary";
  const cited = new Set(summary.sentences.flatMap(({ spans }) => spans.map(({ source }) => source)));
  $("tree").replaceChildren(
    el("h2", { class: "title", lang: "", dir: "auto", tabindex: "-1" }, title),
    el("p", { class: "soft facts" }, [
      `${summary.tokens.toLocaleString("en")} of ${counted(summary.max_tokens, "token")}`, summary.model,
    ].filter(Boolean).join(" · "), " ", button("Export", () => take(title, `/api/summaries/export?documents=${key}`, cited),
      { class: "plain", "aria-label": "Export the summary" })),
    list ?? el("p", {}, "The summary is empty."),
    ...(children.length ? [el("h3", {}, "Part by part"), outline(children)] : []),
  );
}

// A digest: its blocks in order, each with its heading and the next of the sentences.
function digest(summary) {
  const out = el("div", {});
  let at = 0;
  for (const { heading, count, form } of summary.blocks) {
    const shown = form === "document" ? named(heading) ?? heading : heading;
    if (heading) out.append(el(form === "note" ? "p" : "h3", form === "note" ? { class: "soft" } : { dir: "auto", class: form }, shown));
    const list = sentences(summary.sentences.slice(at, at + count));
    if (list) out.append(list);
    at += count;
  }
  return out;
}

function sentences(list) {
  if (!list.length) return null;
  const places = [];
  const out = el("ol", { class: "sentences", role: "list" });
  list.forEach((sentence, at) => out.append(item(sentence, `Sentence ${at + 1} of ${list.length}`, places)));
  return out;
}

function item(sentence, label, places) {
  const spans = sentence.spans.map(({ source, start, end, page, page_label }) => ({
    source, start, end, printed: page_label ?? page, label, name: named(source),
  }));
  const [first, ...others] = spans;
  const number = first?.printed;
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

function outline(nodes) {
  return el("ul", { class: "outline", role: "list" }, ...nodes.map((node) => el("li", {}, part(node))));
}

// A node's inside is made when it is first opened: a book has thousands.
function part(node) {
  const size = node.children.length ? counted(node.children.length, "part") : counted(node.tokens, "token");
  const made = el("details", {}, el("summary", {},
    el("span", { class: "title", lang: "", dir: "auto" }, node.title || "Untitled"),
    el("span", { class: "size" }, node.tokens ? size : "")));
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(...inside(node));
  });
  return made;
}

function inside(node) {
  const parts = [];
  if (node.error) parts.push(el("p", { class: "note" }, `Failed: ${node.error}`));
  const span = node.spans[0];
  if (span) {
    const read = button("Go to this part of the source", () => open([{
      source: span.source, start: span.start, end: span.start, label: node.title || "Untitled", name: named(span.source),
      button: read,
    }]), { class: "plain goto" });
    parts.push(read);
  }
  const list = sentences(node.sentences);
  if (list) parts.push(list);
  if (node.children.length) parts.push(outline(node.children));
  return parts;
}

function advance(key, { done, planned }) {
  const bar = $("progress").querySelector("progress");
  if (planned) bar.max = planned;
  if (planned) bar.value = Math.min(done, planned);
  $("stage").textContent = `${called(key)}: ${done.toLocaleString("en")} of ${counted(planned, "step")}`;
}

function working(on) {
  $("progress").hidden = !on;
  $("start").disabled = on;
  $("start").textContent = on ? "Summarizing…" : "Summarize";
  if (on) $("progress").querySelector("progress").removeAttribute("value");
  $("stage").textContent = "";
}

async function make(key) {
  const body = { max_tokens: Number($("length").value), query: $("about").value.trim() || null };
  runs += 1;
  current = running = key;
  abort = new AbortController();
  note("");
  working(true);
  say(`Summarizing ${called(key)}.`);
  try {
    const [to, order] = several(key) ? ["/api/summaries", { ...body, documents: ids(key) }] : [path(key), body];
    for await (const [name, data] of events(to, order, "summary", abort.signal)) {
      if (name === "progress") advance(key, data);
      if (name === "summary") finished(data, key);
    }
  } catch (error) {
    const stopped = error.name === "AbortError";
    const told = stopped ? "Stopped. What is done is used when you ask again." : error.message;
    if (current === key) note(stopped || error instanceof ApiError ? told : "The summary could not be shown.", stopped ? "soft" : "problem");
    say(told);
  } finally {
    running = null;
    working(false);
  }
}

function finished(summary, key) {
  say(`The summary of ${called(key)} is ready.`);
  if (current === key) show(summary, key);
  refresh().catch(() => {});
}

export function start() {
  $("which").addEventListener("change", () => choose($("which").value));
  $("halt").addEventListener("click", () => {
    abort?.abort();
    $("start").focus();
  });
  $("summarize").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running === null && $("which").value) make($("which").value);
  });
}
