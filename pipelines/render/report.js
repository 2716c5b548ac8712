"use strict";
(() => {
  const BLOCK = 4000; // UTF-16 units in a block, about
  const { sources, citations } = JSON.parse(document.getElementById("data").textContent);
  const pane = document.getElementById("pane");
  const view = document.getElementById("text");
  const where = document.getElementById("where");
  const choice = document.getElementById("choice");
  const said = document.getElementById("said");
  let shown = -1; // the source in the pane
  let blocks = []; // its text in pieces, with where each begins
  let marked = []; // the blocks that hold a mark
  let current = 0; // the number of the citation looked at last
  let opener = null; // the link that Escape goes back to

  // Offsets come in code points; the browser counts UTF-16 units. The source has no lone surrogates.
  const isPair = (text, at) => text.charCodeAt(at) >> 10 === 0x36;

  function units(text, points) {
    let at = 0;
    while (points > 0 && at < text.length) {
      at += isPair(text, at) ? 2 : 1;
      points -= 1;
    }
    return at;
  }

  function blockEnd(text, from) {
    const most = from + BLOCK;
    if (most >= text.length) return text.length;
    const piece = text.slice(from, most);
    for (const edge of ["\n\n", "\n", " "]) {
      const at = piece.lastIndexOf(edge);
      if (at > BLOCK / 4) return from + at + edge.length;
    }
    return isPair(text, most - 1) ? most - 1 : most;
  }

  function cut(text) {
    const pieces = [];
    let from = 0, point = 0, line = 1;
    while (from < text.length) {
      const end = blockEnd(text, from);
      const block = { text: text.slice(from, end), point, line, lines: 0, element: null };
      for (let at = from; at < end; at += 1) {
        const unit = text.charCodeAt(at);
        if (unit >> 10 !== 0x37) point += 1; // a low surrogate is the second half of its point
        if (unit === 10) block.lines += 1;
      }
      line += block.lines;
      block.end = point;
      pieces.push(block);
      from = end;
    }
    return pieces;
  }

  function open(index) {
    if (index === shown) return;
    shown = index;
    marked = [];
    blocks = cut(sources[index].text);
    const page = document.createDocumentFragment();
    for (const block of blocks) {
      block.element = document.createElement("div");
      block.element.className = "block";
      block.element.textContent = block.text;
      const lines = Math.max(block.lines, block.text.length / 80, 1);
      block.element.style.containIntrinsicBlockSize = `auto ${Math.ceil(lines * 1.6)}em`;
      page.append(block.element);
    }
    view.replaceChildren(page);
    view.scrollTop = 0;
    choice.value = String(index);
  }

  function unmark() {
    for (const block of marked) block.element.textContent = block.text;
    marked = [];
  }

  function mark(start, end) {
    unmark();
    for (const block of blocks) {
      const inside = start === end ? block.point <= start && start < block.end : block.point < end && start < block.end;
      if (!inside) continue;
      const a = units(block.text, start - block.point);
      const b = a + units(block.text.slice(a), end - Math.max(start, block.point));
      const cited = document.createElement("mark");
      cited.textContent = block.text.slice(a, b);
      block.element.replaceChildren(block.text.slice(0, a), cited, block.text.slice(b));
      marked.push(block);
    }
    return view.querySelector("mark");
  }

  // Blocks out of sight have estimated heights, so the way there is corrected as they are laid out.
  function scrollTo(target, tries) {
    const off = target.getBoundingClientRect().top - view.getBoundingClientRect().top - view.clientHeight / 4;
    view.scrollTop += off;
    if (tries > 0) requestAnimationFrame(() => scrollTo(target, tries - 1));
  }

  function place(start) {
    const block = blocks.findLast((b) => b.point <= start);
    if (!block) return "";
    const before = block.text.slice(0, units(block.text, start - block.point));
    const line = block.line + before.split("\n").length - 1;
    const pages = sources[shown].pages;
    const page = pages.filter((first) => first <= start).length;
    const label = sources[shown].labels[page - 1];
    const printed = label && label !== String(page) ? `p. ${label}` : `page ${page}`;
    return `line ${line.toLocaleString("en")}${pages.length ? `, ${printed}` : ""}`;
  }

  function parse(hash) {
    const number = /^#c([0-9]+)$/.exec(hash);
    if (number && citations[number[1] - 1]) return { number: Number(number[1]), span: citations[number[1] - 1] };
    const span = /^#s([0-9]+)-([0-9]+)-([0-9]+)$/.exec(hash);
    if (span && sources[span[1]] && Number(span[2]) <= Number(span[3])) return { number: 0, span: span.slice(1).map(Number) };
    return null;
  }

  function follow() {
    const goal = parse(location.hash);
    for (const link of document.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    if (!goal) return leave();
    const [source, start, end] = goal.span;
    const links = [...document.querySelectorAll(`a[href="${location.hash}"]`)];
    for (const link of links) link.setAttribute("aria-current", "true");
    if (!links.includes(opener)) opener = links[0] || opener;
    current = goal.number || current;
    document.getElementById("previous").disabled = current <= 1;
    document.getElementById("next").disabled = current >= citations.length;
    pane.classList.add("open");
    open(source);
    const target = mark(start, end);
    const at = place(start);
    where.textContent = goal.number ? `Citation ${goal.number} of ${citations.length}, ${at}` : at;
    if (target) scrollTo(target, 4);
    const quote = marked.map((block) => block.element.querySelector("mark").textContent).join("");
    said.textContent = `${where.textContent}, ${sources[source].name}: ${quote.slice(0, 600)}`;
    if (opener) reveal(opener);
    view.focus({ preventScroll: true });
  }

  // Keeps the sentence in sight above the pane on a narrow screen, and beside it on a wide one.
  function reveal(link) {
    for (let at = link.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    const box = link.getBoundingClientRect();
    const floor = matchMedia("(min-width: 60rem)").matches ? innerHeight : pane.getBoundingClientRect().top;
    if (box.top < 0 || box.bottom > floor) scrollBy(0, box.top - 16);
  }

  function leave() {
    pane.classList.remove("open");
    unmark();
    where.textContent = "Choose a sentence to see the text it rests on.";
  }

  function back() {
    const link = opener;
    history.replaceState(null, "", "#");
    follow();
    if (link) link.focus();
  }

  function step(by) {
    const number = Math.min(Math.max(current + by, 1), citations.length);
    if (number !== current) location.hash = `#c${number}`;
  }

  function start() {
    document.documentElement.classList.add("js");
    // The list of passages keeps the numbers' names for readers without scripts; here the pane answers to them.
    for (const passage of document.querySelectorAll("#passages li")) passage.removeAttribute("id");
    sources.forEach((source, index) => choice.append(new Option(source.name, String(index))));
    choice.hidden = sources.length < 2;
    if (sources.length === 1) document.getElementById("pane-heading").textContent = sources[0].name;
    document.getElementById("previous").disabled = true;
    document.getElementById("next").disabled = citations.length === 0;
    document.getElementById("previous").addEventListener("click", () => step(-1));
    document.getElementById("next").addEventListener("click", () => step(1));
    document.getElementById("close").addEventListener("click", back);
    choice.addEventListener("change", () => {
      unmark();
      open(Number(choice.value));
      where.textContent = "";
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      if (!link) return;
      opener = link;
      if (link.hash === location.hash) follow();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && parse(location.hash)) back();
      if (!pane.contains(event.target) || event.target === choice || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowLeft") step(-1);
      if (event.key === "ArrowRight") step(1);
    });
    addEventListener("hashchange", follow);
    if (matchMedia("(min-width: 60rem)").matches && sources.length) open(0);
    if (parse(location.hash)) follow();
  }

  start();
})();
