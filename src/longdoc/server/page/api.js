// The server: JSON, uploads with progress, event streams; the token where the server asks for one.

import { $, sentenced } from "/dom.js";

const TOKEN = "longdoc.token";
let asking = null; // the one open question for a token, shared by all requests that wait for it

const kept = () => sessionStorage.getItem(TOKEN);
const headers = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Asks for a token, unless another than `refused` has come in the meantime.
function another(refused) {
  if (asking === null && kept() !== refused) return null;
  asking ??= new Promise((resolve) => {
    $("gate-note").textContent = refused
      ? "The server does not take this token." : "It is kept until this tab is closed.";
    $("gate-form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, $("token").value.trim());
      $("token").value = "";
      $("gate").close();
    };
    $("gate").addEventListener("close", () => { asking = null; resolve(); }, { once: true });
    $("gate").showModal();
  });
  return asking;
}

function message(status, body) {
  try {
    const { error } = JSON.parse(body);
    if (typeof error === "string" && error) return sentenced(error);
  } catch { /* a proxy's page, not the server's JSON */ }
  return `The server answered with status ${status}.`;
}

async function send(path, options = {}) {
  for (let tries = 0; ; tries += 1) {
    const token = kept();
    const response = await fetch(path, { ...options, headers: { ...options.headers, ...headers(token) } })
      .catch((error) => {
        throw error.name === "AbortError" ? error : new ApiError(0, "The server cannot be reached.");
      });
    if (response.ok) return response;
    const body = await response.text();
    if (response.status !== 401 || tries > 4) throw new ApiError(response.status, message(response.status, body));
    await another(token);
  }
}

const sent = (method, body) => ({
  method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

export const json = async (path) => (await send(path)).json();
export const plain = async (path) => (await send(path)).text();
export const picture = async (path) => (await send(path)).blob();
export const post = (path, body) => send(path, sent("POST", body));
export const put = (path, body) => send(path, sent("PUT", body));
export const remove = (path) => send(path, { method: "DELETE" });

// The events of a POST as [name, data], as they come. A stream that ends without `last` was cut off.
export async function* events(path, body, last, signal) {
  const response = await send(path, { ...sent("POST", body), signal });
  for await (const [name, data] of parsed(response.body)) {
    if (name === "error") throw new ApiError(0, sentenced(data.error || "The server could not finish"));
    yield [name, data];
    if (name === last) return;
  }
  throw new ApiError(0, "The connection ended before the server was done.");
}

async function* parsed(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (held + value).split(/\r?\n\r?\n/);
      held = blocks.pop();
      for (const block of blocks) {
        const event = one(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function one(block) {
  let name = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? [name, JSON.parse(data.join("\n"))] : null; // without data: a comment that keeps the line open
}

// fetch tells nothing of a body on its way, so files go by XMLHttpRequest; `progress` gets a part of 1.
// Gives the document, and whether it is new. `folder` is what the file lay in.
export async function upload(file, folder, progress, signal) {
  const path = `/api/documents?name=${encodeURIComponent(file.name)}&folder=${encodeURIComponent(folder)}`;
  for (let tries = 0; ; tries += 1) {
    const token = kept();
    const [status, body] = await upstream(path, file, token, progress, signal);
    if (status === 200 || status === 201) return [JSON.parse(body), status === 201];
    signal.throwIfAborted();
    if (status === 0) throw new ApiError(0, "The connection ended before the file was there.");
    if (status !== 401 || tries > 4) throw new ApiError(status, message(status, body));
    await another(token);
  }
}

function upstream(path, file, token, progress, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers(token))) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total) progress(event.loaded / event.total);
    });
    signal.addEventListener("abort", () => request.abort());
    request.addEventListener("loadend", () => resolve([request.status, request.responseText]));
    request.send(file);
  });
}
