// What is taken away: text for the clipboard, files of what was said, PDFs with its places marked.

import { picture, plain } from "/api.js";
import { pictured, ready } from "/documents.js";
import { $, button, say, sentenced, trouble } from "/dom.js";

// A page served over plain HTTP to another machine has no clipboard; the old way needs a selection.
async function written(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser does not let this page copy.");
}

export async function copy(path) {
  try {
    await written(await plain(path));
    say("Copied, with its citations, as Markdown.");
  } catch (error) {
    trouble(sentenced(error.message));
  }
}

async function save(path, name) {
  $("taking").close();
  try {
    const address = URL.createObjectURL(await picture(path));
    const link = Object.assign(document.createElement("a"), { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    say(`${name} is saved.`);
  } catch (error) {
    trouble(error.message);
  }
}

const fileName = (title, suffix) => `${title.replace(/[\\/:*?"<>|\s]+/g, " ").trim().slice(0, 80) || "longdoc"}${suffix}`;

// Asks in which form to take what is at an address; `sources` are the ids of the documents that it cites.
export function offer(title, path, sources) {
  const joined = path.includes("?") ? "&" : "?";
  const choice = (label, query, name) => button(label, () => save(`${path}${joined}${query}`, name), { class: "choice" });
  const marked = ready().filter(({ id, name }) => sources.has(id) && pictured(id) && /\.pdf$/i.test(name));
  $("taking-choices").replaceChildren(
    choice("Markdown, with footnotes", "format=markdown", fileName(title, ".md")),
    choice("A page with its sources, HTML", "format=html", fileName(title, ".html")),
    ...marked.map(({ id, name }) => choice(
      `${name}, with the places marked`, `format=pdf&document=${id}`, fileName(name.replace(/\.pdf$/i, ""), " marked.pdf"),
    )),
  );
  $("taking").showModal();
}

export function start() {
  $("taking-no").addEventListener("click", () => $("taking").close());
}
