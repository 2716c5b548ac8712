// Puts the parts of the page together: the shelf, the two tabs, the source beside them.

import * as chat from "/chat.js";
import * as documents from "/documents.js";
import { $, trouble } from "/dom.js";
import * as notes from "/notes.js";
import * as source from "/source.js";
import * as summary from "/summary.js";
import * as take from "/take.js";

const TABS = ["questions", "summary", "notes"];

// The address keeps the tab over a reload.
function select(name) {
  for (const tab of TABS) {
    const on = tab === name;
    $(tab).hidden = !on;
    $(`tab-${tab}`).setAttribute("aria-selected", String(on));
    $(`tab-${tab}`).tabIndex = on ? 0 : -1;
  }
  const shown = summary.shownId() ? `-${summary.shownId()}` : "";
  history.replaceState(null, "", { summary: `#summary${shown}`, notes: "#notes" }[name] ?? "#");
}

function tabs() {
  for (const [at, name] of TABS.entries()) {
    $(`tab-${name}`).addEventListener("click", () => select(name));
    $(`tab-${name}`).addEventListener("keydown", (event) => {
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: TABS.length - 1 }[event.key];
      if (TABS[to] === undefined) return;
      event.preventDefault();
      select(TABS[to]);
      $(`tab-${TABS[to]}`).focus();
    });
  }
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    select("questions");
    $("question").focus();
  });
}

const actions = {
  changed() {
    summary.offer();
    notes.changed();
    chat.scope();
  },
  read: (id, button) => source.open([{ source: id, start: 0, end: 0, button, name: documents.named(id) }]),
  summary(id) {
    summary.choose(id);
    select("summary");
    $("start").focus();
  },
  notes(id) {
    notes.choose(id);
    select("notes");
    $("noted").focus();
  },
};

// Beside the page the shelf stands open; above it, it folds away.
function shelf() {
  const wide = matchMedia("(min-width: 48rem)");
  const heading = $("shelf").querySelector("summary");
  const follow = () => {
    $("shelf").open = wide.matches || !documents.all().length;
    heading.tabIndex = wide.matches ? -1 : 0;
  };
  wide.addEventListener("change", follow);
  heading.addEventListener("click", (event) => { if (wide.matches) event.preventDefault(); });
  follow();
}

async function start() {
  const asked = /^#(summary|notes)(?:-([\w,-]+))?$/.exec(location.hash);
  tabs();
  source.start();
  take.start();
  summary.start();
  $("which").addEventListener("change", () => select("summary"));
  try {
    await documents.start(actions);
    await Promise.all([chat.start(), notes.start()]);
  } catch (error) {
    trouble(error.message);
  }
  $("log").removeAttribute("aria-busy");
  shelf();
  if (asked?.[2]) summary.choose(asked[2]);
  if (asked) select(asked[1]);
}

start();
