// Notes beside the documents: answers and passages that the reader kept, with what he says of them.

import { json, post, put, remove } from "/api.js";
import { answered } from "/answer.js";
import { all, noted } from "/documents.js";
import { $, button, confirmed, counted, el, say, trouble } from "/dom.js";
import { offer } from "/take.js";

let notes = []; // as the server has them
const cites = ({ answer }, id) => answer.citations.some(({ source }) => source === id);

// The documents that have notes, and of the one that is chosen its notes.
function show() {
  const chosen = $("noted").value;
  const with_ = all().filter(({ id }) => notes.some((note) => cites(note, id)));
  $("noted").replaceChildren(el("option", { value: "" }, "All documents"),
    ...with_.map(({ id, name }) => el("option", { value: id }, name)));
  $("noted").value = with_.some(({ id }) => id === chosen) ? chosen : "";
  const shown = notes.filter((note) => !$("noted").value || cites(note, $("noted").value));
  $("kept").replaceChildren(...shown.map(row));
  $("no-notes").hidden = notes.length > 0;
  $("take-notes").disabled = !notes.length;
}

function row(note) {
  const words = el("textarea", { rows: 2, maxlength: 10000, placeholder: "Your words", "aria-label": `Your words on ${note.heading}` });
  words.value = note.words;
  words.addEventListener("change", async () => {
    try {
      await put(`/api/notes/${note.id}`, { words: words.value });
      note.words = words.value;
      say("The note is saved.");
    } catch (error) {
      trouble(error.message);
    }
  });
  return el("article", { class: "kept", "aria-label": `Note: ${note.heading}` },
    el("h3", { dir: "auto" }, note.heading), words, ...answered(note.answer),
    el("div", { class: "actions" }, button("Delete note", () => discard(note), { class: "plain" })));
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
