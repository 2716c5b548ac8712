// Questions and answers: streamed as they are written, then shown sentence by sentence with what each rests on.

import { events, json, remove } from "/api.js";
import { chosen, named, ready } from "/documents.js";
import { $, button, confirmed, counted, el, say, shortened, trouble } from "/dom.js";
import { blocks, inline, markdown } from "/markdown.js";
import { open } from "/source.js";
import { why } from "/summary.js";

const CONVERSATION = "longdoc.conversation";
const QUOTE = 140; // characters of a quotation below an answer
let abort = null; // of the question being answered

function conversation() {
  const held = localStorage.getItem(CONVERSATION);
  if (held) return held;
  // Not randomUUID, which a page served over plain HTTP to another machine does not have.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const made = `c-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  localStorage.setItem(CONVERSATION, made);
  return made;
}

const path = () => `/api/conversations/${conversation()}`;

function said(role, ...children) {
  const message = el("article", { class: role, "aria-label": role === "user" ? "Question" : "Answer" }, ...children);
  $("log").append(message);
  $("welcome").hidden = true;
  $("clear").hidden = false;
  return message;
}

const asked = (text) => said("user", el("p", { dir: "auto" }, text));

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

function answered(answer) {
  const places = answer.citations.map((citation, at) => ({
    ...describe(citation, at), label: `Citation ${at + 1} of ${answer.citations.length}`,
  }));
  const silent = !answer.supported && !answer.citations.length && answer.sentences.every((one) => !one.problems.length);
  const lines = answer.sentences.map((one) => one.text);
  const body = blocks(lines, (text, at) => [sentence(answer.sentences[at], inline(text), places)]);
  return [
    el("div", { class: silent ? "body silent" : "body", lang: "", dir: "auto" }, ...body),
    places.length ? sources(places) : null,
  ].filter(Boolean);
}

function spoken(answer) {
  const doubts = answer.sentences.filter((one) => !one.supported && one.problems.length).length;
  const about = answer.citations.length ? ` ${counted(answer.citations.length, "citation")}.` : "";
  return `${answer.answer}${about}${doubts ? ` ${counted(doubts, "sentence")} not supported.` : ""}`;
}

const atEnd = () => innerHeight + scrollY > document.documentElement.scrollHeight - 120;

function asking(on) {
  $("send").disabled = on;
  $("stop").hidden = !on;
  if (!on) scope();
}

async function ask(question) {
  const documents = chosen().length === ready().length ? null : chosen().map(({ id }) => id);
  asked(question);
  const message = said("assistant", el("p", { class: "soft waiting" }, "Reading…"));
  message.scrollIntoView({ block: "end" });
  abort = new AbortController();
  asking(true);
  say("Asked.");
  try {
    await answering(message, { question, documents, conversation: conversation() });
  } catch (error) {
    const stopped = error.name === "AbortError";
    message.append(el("p", { class: stopped ? "soft" : "problem" }, stopped ? "Stopped." : error.message));
    message.querySelector(".waiting")?.remove();
    say(stopped ? "Stopped." : error.message);
  } finally {
    abort = null;
    asking(false);
  }
}

async function answering(message, body) {
  let text = "";
  for await (const [name, data] of events("/api/questions", body, "answer", abort.signal)) {
    const follow = atEnd();
    if (name === "text") {
      text += data.text;
      message.replaceChildren(el("div", { class: "body", lang: "", dir: "auto" }, ...markdown(text)));
    }
    if (name === "answer") {
      message.replaceChildren(...answered(data));
      say(spoken(data));
    }
    if (follow) message.scrollIntoView({ block: "end" });
  }
}

// What the next question goes to, said beside it.
export function scope() {
  const from = ready().length, to = chosen().length;
  let text = `Asks ${to} of ${counted(from, "document")}`;
  if (!from) text = "No document to ask yet.";
  else if (!to) text = "Choose a document to ask.";
  else if (to === 1) text = `Asks ${chosen()[0].name}`;
  else if (to === from) text = `Asks all ${counted(from, "document")}`;
  $("scope").textContent = text;
  if (abort === null) $("send").disabled = !to;
}

async function clear() {
  const text = "Its questions and answers are deleted from the server.";
  if (!await confirmed("Clear the conversation?", text, "Clear")) return;
  try {
    await remove(path());
  } catch (error) {
    if (error.status !== 404) return trouble(error.message);
  }
  localStorage.removeItem(CONVERSATION);
  $("log").replaceChildren();
  $("welcome").hidden = false;
  $("clear").hidden = true;
  $("question").focus();
  say("The conversation is cleared.");
}

async function restore() {
  const messages = await json(path()).catch((error) => {
    if (error.status === 404) return [];
    throw error;
  });
  for (const { role, text, answer } of messages) {
    if (role === "user") asked(text);
    else said("assistant", ...(answer ? answered(answer) : [el("div", { class: "body" }, ...markdown(text))]));
  }
  $("log").lastElementChild?.scrollIntoView({ block: "end" });
}

export function start() {
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = $("question").value.trim();
    if (!question || abort !== null || $("send").disabled) return;
    $("question").value = "";
    ask(question);
  });
  $("question").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("ask").requestSubmit();
  });
  $("stop").addEventListener("click", () => {
    abort?.abort();
    $("question").focus();
  });
  $("clear").addEventListener("click", clear);
  return restore();
}
