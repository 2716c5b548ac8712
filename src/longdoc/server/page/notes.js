// Notes beside the documents: answers and passages that the reader kept, with what he says of them.

import { json, post, put, remove } from "/api.js";
import { answered } from "/answer.js";
import { all, noted } from "/documents.js";
import { $, button, confirmed, counted, el, say, trouble } from "/dom.js";
import { offer } from "/take.js";

let notes = []; // as the server has them
const rows = new Map(); // id: the row of a note, its words, those that the server has, and its answer
let offered = ""; // the documents in the list, so that it is made again only when they change
const cites = ({ answer }, id) => answer.citations.some(({ source }) => source === id);

// The documents that have notes, and of the one that is chosen its notes.
function show() {
  const chosen = $("noted").value;
  const with_ = all().filter(({ id }) => notes.some((note) => cites(note, id)));
  const now = JSON.stringify(with_.map(({ id, name }) => [id, name]));
  if (now !== offered) {
    offered = now;
    $("noted").replaceChildren(el("option", { value: "" }, "All documents"),
      ...with_.map(({ id, name }) => el("option", { value: id }, name)));
    $("noted").value = with_.some(({ id }) => id === chosen) ? chosen : "";
  }
  for (const id of [...rows.keys()]) if (!notes.some((note) => note.id === id)) rows.delete(id);
  const shown = notes.filter((note) => !$("noted").value || cites(note, $("noted").value)).map(row);
  if (shown.length !== $("kept").children.length || shown.some((one, at) => one !== $("kept").children[at])) {
    $("kept").replaceChildren(...shown);
  }
  $("no-notes").hidden = notes.length > 0;
  $("take-notes").disabled = !notes.length;
}

// A row stays while its note is the same, and while its words are being written.
function row(note) {
  const held = rows.get(note.id);
  const told = JSON.stringify([note.words, note.answer]);
  const writing = held && (held.words.value !== held.saved || held.words === document.activeElement);
  if (writing || held?.told === told) return held.item;
  const words = el("textarea", { rows: 2, maxlength: 10000, placeholder: "Your words", "aria-label": `Your words on ${note.heading}` });
  const made = { words, saved: note.words, told };
  rows.set(note.id, made);
  words.value = note.words;
  words.addEventListener("change", async () => {
    const written = words.value;
    try {
      await put(`/api/notes/${note.id}`, { words: written });
      made.saved = written;
      made.told = JSON.stringify([written, note.answer]);
      for (const one of notes) if (one.id === note.id) one.words = written;
      say("The note is saved.");
    } catch (error) {
      trouble(error.message);
    }
  });
  made.item = el("article", { class: "kept", "aria-label": `Note: ${note.heading}` },
    el("h3", { dir: "auto" }, note.heading), words, ...answered(note.answer),
    el("div", { class: "actions" }, button("Delete note", () => discard(note), { class: "plain" })));
  return made.item;
}

async function discard(note) {
  if (!await confirmed("Delete the note?", "Your words and the quotations are deleted from the server.", "Delete")) return;
  try {
    await remove(`/api/notes/${note.id}`);
    await refresh();
    $("noted").focus();
    say("The note is deleted.");
  } catch (error) {
    trouble(error.message);
  }
}

export async function refresh() {
  notes = await json("/api/notes");
  changed();
}

// The documents are others now, or the notes.
export function changed() {
  noted((id) => notes.filter((note) => cites(note, id)).length);
  show();
}

// Keeps an answer, `{conversation, message}`, or a passage, `{document, start, end}`.
export async function keep(order) {
  try {
    await post("/api/notes", order);
    await refresh();
    say(`Kept as a note. There ${notes.length === 1 ? "is" : "are"} ${counted(notes.length, "note")}.`);
    return true;
  } catch (error) {
    trouble(error.message);
    return false;
  }
}

export function choose(id) {
  $("noted").value = id;
  show();
}

export function start() {
  $("noted").addEventListener("change", show);
  $("take-notes").addEventListener("click", () => {
    offer("Notes", "/api/notes/export", new Set(notes.flatMap(({ answer }) => answer.citations.map(({ source }) => source))));
  });
  return refresh();
}
