// An answer as it is read: sentence by sentence with what each rests on, and what can be done with it.

import { named } from "/documents.js";
import { button, el, shortened } from "/dom.js";
import { blocks, inline } from "/markdown.js";
import { open } from "/source.js";
import { why } from "/summary.js";

const QUOTE = 140; // characters of a quotation below an answer

function describe(citation, at) {
  const name = citation.name ?? named(citation.source) ?? "a deleted document";
  const label = citation.page_label ?? String(citation.page);
  const shown = label === String(citation.page) ? `page ${label}` : `p. ${label}`;
  const page = citation.page === null || citation.page === undefined ? "" : `, ${shown}`;
  return { ...citation, name, page, number: at + 1 };
}

// The button opens the place; the first that does is where the arrows lead to.
function opening(places, at, made) {
  made.addEventListener("click", () => open(places.with(at, { ...places[at], button: made }), at));
  places[at].button ??= made;
  return made;
}

// Each sentence, its citations as numbered buttons; where none supports it, that and why.
function sentence(one, nodes, places) {
  const text = el("span", { class: "line" }, ...nodes);
  const marks = one.citations.map((at) => {
    const { number, name, page } = places[at];
    return opening(places, at, button(String(number), null,
      { class: "cite", "aria-label": `Citation ${number}: ${name}${page}` }));
  });
  const doubt = !one.supported && (one.problems.length || one.citations.length);
  return el("span", { class: doubt ? "unsupported" : "" }, text, marks.length ? "\u00a0" : null, ...marks,
    doubt ? el("span", { class: "note" }, ` ${why(one)}`) : null, " ");
}

function sources(places) {
  const list = el("ol", { class: "sources", role: "list", "aria-label": "Sources" });
  places.forEach((place, at) => {
    const made = opening(places, at, button("", null, { class: "source" }));
    made.append(el("span", { class: "number" }, String(place.number)), " ",
      el("span", { class: "from" }, `${place.name}${place.page}`), " ",
      el("q", { lang: "", dir: "auto" }, shortened(place.quote, QUOTE)));
    list.append(el("li", {}, made));
  });
  return list;
}

const plain = (text) => text.replace(/\s+/g, " ").trim();

// Only what a model wrote is markdown: an answer chosen without one, and a quotation, are shown as they are.
function quotes(answer, one) {
  if (answer.quoted || (answer.confidence ?? null) !== null) return true;
  return one.citations.some((at) => plain(answer.citations[at].quote).includes(plain(one.text)));
}

// The nodes of an answer.
export function answered(answer) {
  const places = answer.citations.map((citation, at) => ({
    ...describe(citation, at), label: `Citation ${at + 1} of ${answer.citations.length}`,
  }));
  const silent = !answer.supported && !answer.citations.length && answer.sentences.every((one) => !one.problems.length);
  const quoted = answer.sentences.map((one) => quotes(answer, one));
  const body = blocks(answer.sentences.map((one) => one.text), (text, at) => (
    [sentence(answer.sentences[at], quoted[at] ? [text] : inline(text), places)]
  ), (at) => quoted[at]);
  return [
    el("div", { class: silent ? "body silent" : "body", lang: "", dir: "auto" }, ...body),
    places.length ? sources(places) : null,
  ].filter(Boolean);
}
