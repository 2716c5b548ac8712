// Questions and answers: streamed as they are written, then shown with what they rest on; questions to begin with.

import { events, json } from "/api.js";
import { answered } from "/answer.js";
import { chosen, ready } from "/documents.js";
import { $, button, counted, el, say, trouble } from "/dom.js";
import { markdown } from "/markdown.js";
import { keep } from "/notes.js";
import { copy } from "/take.js";
import * as talks from "/talks.js";

const SUGGESTED = 3; // questions of documents, and documents that they are of
let abort = null; // of the question being answered
let looks = 0; // grows with each look for questions, so that one that comes late changes nothing
let offered = ""; // the documents whose questions are offered, so that they are made again only when these change
const asks = new Map(); // id: what a document can be asked, as a promise

function said(role, ...children) {
  const message = el("article", { class: role, "aria-label": role === "user" ? "Question" : "Answer" }, ...children);
  $("log").append(message);
  $("welcome").hidden = $("suggested").hidden = true;
  return message;
}

const asked = (text) => said("user", el("p", { dir: "auto" }, text));

// An answer that the server has kept can be copied and noted.
function whole(answer) {
  if (!answer.message || !answer.citations.length) return answered(answer);
  const place = { conversation: talks.current(), message: answer.message };
  const note = button("Keep as a note", async () => {
    if (await keep(place)) note.textContent = "Kept";
  }, { class: "plain" });
  return [...answered(answer), el("div", { class: "actions" },
    button("Copy", () => copy(`${talks.path()}/export?message=${place.message}`), { class: "plain" }), note)];
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
  $("talks").disabled = on;
  for (const name of ["begin", "rename", "forget"]) $(name).disabled = true; // until the conversation is known
  if (!on) scope();
}

// Seconds, where nothing else tells how far it is.
function waiting() {
  const begun = performance.now();
  const made = el("p", { class: "soft waiting" }, "Reading…");
  const timer = setInterval(() => {
    if (!made.isConnected) return clearInterval(timer);
    made.textContent = `Reading… ${Math.round((performance.now() - begun) / 1000)} s`;
  }, 1000);
  return made;
}

async function ask(question, only = null) {
  const documents = only ?? (chosen().length === ready().length ? null : chosen().map(({ id }) => id));
  abort = new AbortController();
  asking(true);
  await talks.settled(); // a conversation that is still to be shown would take the place of the question
  asked(question);
  const message = said("assistant", waiting());
  message.scrollIntoView({ block: "end" });
  say("Asked.");
  try {
    await answering(message, { question, documents, conversation: talks.current() });
  } catch (error) {
    const stopped = error.name === "AbortError";
    message.append(el("p", { class: stopped ? "soft" : "problem" }, stopped ? "Stopped." : error.message));
    message.querySelector(".waiting")?.remove();
    say(stopped ? "Stopped." : error.message);
  } finally {
    abort = null;
    asking(false);
    talks.refresh().catch((error) => trouble(error.message));
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
      message.replaceChildren(...whole(data));
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
  suggest();
}

const asksOf = (id) => {
  if (!asks.has(id)) asks.set(id, json(`/api/documents/${id}/questions`).catch(() => {
    asks.delete(id); // asked for again with the next choice
    return [];
  }));
  return asks.get(id);
};

// Questions that the chosen documents answer, while nothing has been asked.
async function suggest() {
  const list = chosen();
  $("suggested").hidden = !list.length || $("log").children.length > 0;
  const now = JSON.stringify(list.map(({ id, name }) => [id, name]));
  if ($("suggested").hidden || now === offered) return;
  offered = now;
  const mine = ++looks;
  const general = ["Summarize", list.length > 1 ? "What is in them?" : "What is in it?"];
  const shown = (question, doc) => button(list.length > 1 && doc ? `${question} (${doc.name})` : question,
    () => { if (abort === null) ask(question, doc && [doc.id]); }, { class: "suggestion" });
  const made = general.map((question) => shown(question, null));
  $("suggested").replaceChildren(...made);
  for (const doc of list.slice(0, SUGGESTED)) {
    const found = await asksOf(doc.id);
    if (mine !== looks) return;
    const most = list.length > 1 ? 1 : SUGGESTED;
    $("suggested").append(...found.slice(0, most).map((question) => shown(question, doc)));
  }
}

async function restore() {
  const messages = await json(talks.path());
  $("log").replaceChildren();
  for (const { role, text, answer } of messages) {
    if (role === "user") asked(text);
    else said("assistant", ...(answer ? whole(answer) : [el("div", { class: "body" }, ...markdown(text))]));
  }
  $("welcome").hidden = messages.length > 0;
  offered = "";
  suggest();
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
  return talks.start(restore);
}
