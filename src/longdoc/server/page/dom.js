// Elements made of text only, messages read aloud, and the question before something is lost.

export const $ = (id) => document.getElementById(id);

// `attributes` are set as attributes, but for `on`: listeners by event. Children are nodes or text, never markup.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function button(label, action, attributes = {}) {
  return el("button", { type: "button", on: action ? { click: action } : {}, ...attributes }, label);
}

// The same words twice are read twice: the region is emptied first.
export function say(text) {
  $("said").textContent = "";
  requestAnimationFrame(() => { $("said").textContent = text; });
}

export function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

export const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

// The server's messages are clauses, as the command line prints them.
export const sentenced = (text) => {
  const begun = /^[a-z]+[ ,]/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?:…]$/.test(begun) ? begun : `${begun}.`;
};

export const shortened = (text, most) => {
  const points = Array.from(text.replace(/\s+/g, " ").trim());
  return points.length > most ? `${points.slice(0, most - 1).join("")}…` : points.join("");
};

// The name that the reader gives to something; null where there is none.
export function named(heading, name) {
  $("naming-heading").textContent = heading;
  $("name").value = name;
  return new Promise((resolve) => {
    let answer = null;
    $("naming-form").onsubmit = (event) => {
      event.preventDefault();
      answer = $("name").value.trim();
      $("naming").close();
    };
    $("naming-no").onclick = () => $("naming").close();
    $("naming").addEventListener("close", () => resolve(answer), { once: true });
    $("naming").showModal();
    $("name").select();
  });
}

// Whether the reader said yes. Escape and the other button say no, and focus goes back to where it was.
export function confirmed(heading, text, yes) {
  const dialog = $("confirm");
  $("confirm-heading").textContent = heading;
  $("confirm-text").textContent = text;
  $("yes").textContent = yes;
  return new Promise((resolve) => {
    let answer = false;
    $("yes").onclick = () => { answer = true; dialog.close(); };
    $("no").onclick = () => dialog.close();
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
    $("no").focus();
  });
}
