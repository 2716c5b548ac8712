// The conversations: which there are, which one is open, and their names.

import { json, put, remove } from "/api.js";
import { choose, ready } from "/documents.js";
import { $, confirmed, counted, el, named as nameOf, say, trouble } from "/dom.js";
import { offer } from "/take.js";

const CURRENT = "longdoc.conversation";
let talks = []; // as the server has them
let opened = async () => {}; // shows the conversation that is open now
let turning = Promise.resolve(); // until the one that was turned to is shown

// Not randomUUID, which a page served over plain HTTP to another machine does not have.
function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `c-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function current() {
  if (!localStorage.getItem(CURRENT)) localStorage.setItem(CURRENT, fresh());
  return localStorage.getItem(CURRENT);
}

export const settled = () => turning.catch(() => {});
export const path = () => `/api/conversations/${current()}`;
const known = () => talks.find(({ id }) => id === current());

function described({ name, documents }) {
  return documents === null ? name : `${name} (${counted(documents.length, "document")})`;
}

export async function refresh() {
  talks = await json("/api/conversations");
  const options = talks.toReversed().map((talk) => el("option", { value: talk.id }, described(talk)));
  if (!known()) options.unshift(el("option", { value: current() }, "New conversation"));
  $("talks").replaceChildren(...options);
  $("talks").value = current();
  $("talk").hidden = !talks.length;
  for (const name of ["rename", "forget", "take-talk"]) $(name).disabled = !known();
  $("begin").disabled = !known();
}

const turnTo = (id) => (turning = turned(id));

async function turned(id) {
  localStorage.setItem(CURRENT, id);
  await refresh();
  if (known()) choose(known().documents ?? ready().map((one) => one.id));
  await opened();
}

const safely = (action) => () => action().catch((error) => trouble(error.message));

async function rename() {
  const name = await nameOf("Rename the conversation", known().name);
  if (!name) return;
  await put(path(), { name });
  await refresh();
  say(`The conversation is called ${name}.`);
}

async function forget() {
  const text = "Its questions and answers are deleted from the server. Notes made of it stay.";
  if (!await confirmed("Delete the conversation?", text, "Delete")) return;
  await remove(path());
  await turnTo(fresh());
  $("question").focus();
  say("The conversation is deleted.");
}

async function begin() {
  await turnTo(fresh());
  $("question").focus();
  say("A new conversation.");
}

async function take() {
  const said = await json(path());
  const cited = said.flatMap(({ answer }) => answer?.citations ?? []);
  offer(known().name, `${path()}/export`, new Set(cited.map(({ source }) => source)));
}

export function start(show) {
  opened = show;
  $("talks").addEventListener("change", safely(() => turnTo($("talks").value)));
  $("begin").addEventListener("click", safely(begin));
  $("rename").addEventListener("click", safely(rename));
  $("forget").addEventListener("click", safely(forget));
  $("take-talk").addEventListener("click", safely(take));
  return turning = refresh().then(opened);
}
