// The markdown of answers as DOM nodes. No markup is ever parsed as HTML, so text cannot become an element,
// an image or a script; a link is one only to http and https, and says where it goes.

import { el } from "/dom.js";

const INLINE = new RegExp([
  /(`{1,3})([^`\n]{1,1000})\1(?!`)/, // code
  /!?\[([^\[\]\n]{0,500})\]\(([^()\s]{1,2000})\)/, // a link or an image
  /(\*\*|__)(?=\S)([^*_\n]{1,2000}?\S|\S)\5/, // strong
  /(?<![\w*])\*(?=[^\s*])([^*\n]{0,2000}?[^\s*])\*(?![\w*])/, // emphasis
].map((kind) => kind.source).join("|"), "g");
const ITEM = /^\s{0,3}(?:([-*+•])|(\d{1,9})[.)])\s+(?=\S)/;
const HEADING = /^\s{0,3}#{1,6}\s+(?=\S)/;
const QUOTE = /^\s{0,3}>\s?/;
const ENDED = /[.!?…。！？]["'”’»)\]]*\s*$/;
const FENCE = /^\s{0,3}(```+|~~~+)/;

function linked(label, target) {
  let url = null;
  try { url = new URL(target); } catch { /* relative, or no address at all */ }
  if (!url || !["http:", "https:"].includes(url.protocol)) return [label];
  const link = el("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, label || url.href);
  return [link, label.includes(url.host) || !label ? "" : ` (${url.host})`];
}

// Bold, italic, code and links of one line, as nodes and text.
export function inline(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, , code, label, target, , strong, emphasis] = match;
    parts.push(text.slice(from, match.index));
    if (code !== undefined) parts.push(el("code", {}, code.trim()));
    else if (target !== undefined) parts.push(...(all.startsWith("!") ? [label] : linked(label, target)));
    else if (strong !== undefined) parts.push(el("strong", {}, strong));
    else parts.push(el("em", {}, emphasis));
    from = match.index + all.length;
  }
  return [...parts, text.slice(from)].filter((part) => part !== "");
}

// Lines, or sentences, put into paragraphs and lists: `content(text, at)` makes the nodes of one without its marker.
// A line that opens no block goes on with the one before it. One that is `plain(at)` has no marks; unless it ends as a
// sentence does, it stands alone.
export function blocks(lines, content, plain = () => false) {
  const out = [];
  let block = null;
  lines.forEach((line, at) => {
    if (plain(at)) {
      const alone = !ENDED.test(line);
      if (block === null || alone) {
        block = el("p", {});
        out.push(block);
      }
      block.append(...content(line, at));
      if (alone) block = null;
      return;
    }
    const item = ITEM.exec(line);
    if (item) {
      const tag = item[1] ? "ul" : "ol";
      let list = out.at(-1);
      if (list?.localName !== tag || block === null) {
        list = el(tag, tag === "ol" ? { start: item[2] } : {});
        out.push(list);
      }
      block = el("li", {}, ...content(line.slice(item[0].length), at));
      list.append(block);
    } else if (!line.trim()) {
      block = null;
    } else if (HEADING.test(line)) {
      out.push(el("p", { class: "heading" }, ...content(line.replace(HEADING, "").replace(/\s#+\s*$/, ""), at)));
      block = null;
    } else if (block && (!QUOTE.test(line) || block.parentElement?.localName === "blockquote")) {
      block.append(" ", ...content(line.replace(QUOTE, ""), at));
    } else {
      block = el("p", {}, ...content(line.replace(QUOTE, ""), at));
      out.push(QUOTE.test(line) ? el("blockquote", {}, block) : block);
    }
  });
  return out;
}

// A text as it streams in, perhaps cut off inside of a mark-up.
export function markdown(text) {
  const out = [];
  let lines = [], code = null, fence = "";
  for (const line of text.split(/\r?\n/)) {
    const mark = FENCE.exec(line)?.[1];
    if (code === null && mark) {
      out.push(...blocks(lines, inline));
      [lines, code, fence] = [[], [], mark];
    } else if (code !== null && mark?.startsWith(fence)) {
      out.push(el("pre", {}, el("code", {}, code.join("\n"))));
      code = null;
    } else {
      (code ?? lines).push(line);
    }
  }
  if (code !== null) out.push(el("pre", {}, el("code", {}, code.join("\n"))));
  return [...out, ...blocks(lines, inline)];
}
