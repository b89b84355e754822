// Shows the contract of this very server. Text of the contract goes in as text, never as HTML.
"use strict";

const METHODS = ["get", "post", "put", "delete"];
let contract;

function el(name, props, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props || {})) node.setAttribute(key, value);
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function resolve(node) {
  while (node && node.$ref) {
    const found = node.$ref.slice(2).split("/").reduce((at, k) => at[k.replaceAll("~1", "/").replaceAll("~0", "~")], contract);
    const { $ref, ...own } = node;
    node = { ...found, ...own };
  }
  return node;
}

function typeOf(schema) {
  const s = resolve(schema) || {};
  if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(" | ");
  if (s.const !== undefined) return JSON.stringify(s.const);
  if (s.oneOf) return s.oneOf.map(typeOf).join(" or ");
  const type = Array.isArray(s.type) ? s.type.join(" or ") : s.type || "any";
  return type === "array" && s.items ? `list of ${typeOf(s.items)}` : type;
}

function limits(schema) {
  const s = resolve(schema) || {}, out = [];
  if (s.minimum !== undefined || s.maximum !== undefined) out.push(`${s.minimum ?? ""} … ${s.maximum ?? ""}`);
  if (s.maxLength !== undefined) out.push(`at most ${s.maxLength} characters`);
  if (s.format && s.format !== "text") out.push(s.format);
  if (s.format === "text") out.push("one line");
  else if (s.pattern) out.push(s.pattern);
  if (s.default !== undefined) out.push(`default ${JSON.stringify(s.default)}`);
  return out.join("; ");
}

function schemaRows(schema, prefix, depth, rows) {
  const s = resolve(schema) || {};
  if (s.type === "array" || s.items) return schemaRows(s.items, `${prefix}[]`, depth, rows);
  if (s.oneOf) { s.oneOf.forEach((b) => schemaRows(b, prefix, depth, rows)); return rows; }
  for (const [name, child] of Object.entries(s.properties || {})) {
    const c = resolve(child), path = prefix ? `${prefix}.${name}` : name;
    const required = (s.required || []).includes(name);
    rows.push([path, typeOf(child), required, [c.description, limits(child)].filter(Boolean).join(" · ")]);
    if (depth < 3 && !c["x-loader"]) schemaRows(child, path, depth + 1, rows);
  }
  return rows;
}

function table(rows) {
  const body = el("tbody");
  for (const [name, type, required, text] of rows)
    body.append(el("tr", {}, el("td", {}, el("code", {}, name), required ? " *" : ""), el("td", {}, type), el("td", { class: "faint" }, text)));
  return el("table", {}, body);
}

function schemaPart(schema) {
  const rows = schemaRows(schema, "", 0, []);
  return rows.length ? table(rows) : el("p", {}, typeOf(schema));
}

function exampleOf(schema) {
  const s = resolve(schema) || {};
  return s.examples ? s.examples[0] : undefined;
}

function curl(path, method, op, body) {
  const parts = ["curl"];
  if (method !== "get") parts.push(`-X ${method.toUpperCase()}`);
  if (op["x-role"] !== "Public") parts.push(`-H "Authorization: Bearer $TOKEN"`);
  for (const p of op.parameters.map(resolve))
    if (p.name === "If-Match") parts.push(`-H 'If-Match: "…"'`);
  const url = `${location.origin}${path}`;
  if (body && body["application/json"]) {
    const example = exampleOf(body["application/json"].schema);
    parts.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example ?? {}).replaceAll("'", "'\\''")}'`);
  } else if (body) {
    parts.push(`-H 'Content-Type: ${Object.keys(body)[0]}'`, "--data-binary @FILE");
  }
  const query = op.parameters.map(resolve).filter((p) => p.in === "query" && p.required)
    .map((p) => `${p.name}=${encodeURIComponent(p.example ?? p.name.toUpperCase())}`).join("&");
  return [...parts, `'${url}${query ? `?${query}` : ""}'`].join(" \\\n  ");
}

function operation(path, method, op) {
  const body = op.requestBody && op.requestBody.content;
  const section = el("section", { id: op.operationId },
    el("span", { class: "role" }, op["x-role"] + (op["x-scope"] && op["x-scope"] !== "none" ? ` · ${op["x-scope"]}` : "")),
    el("h3", {}, el("span", { class: "method" }, method.toUpperCase()), el("code", {}, path)),
    el("p", {}, op.summary), op.description ? el("p", { class: "faint" }, op.description) : null);
  if (op.parameters.length) {
    section.append(el("h4", {}, "Parameters"), table(op.parameters.map(resolve).map((p) =>
      [p.name, `${p.in}, ${typeOf(p.schema)}`, p.required, [p.description, limits(p.schema)].filter(Boolean).join(" · ")])));
  }
  if (body) {
    section.append(el("h4", {}, `Body: ${Object.keys(body).join(", ")}`));
    if (body["application/json"]) section.append(schemaPart(body["application/json"].schema));
  }
  section.append(el("h4", {}, "Answers"));
  for (const [status, answer] of Object.entries(op.responses)) {
    const json = answer.content && answer.content["application/json"];
    const line = el("p", {}, el("code", {}, status), ` ${answer.description || "OK"}`);
    section.append(json ? el("details", {}, el("summary", {}, ...line.childNodes), schemaPart(json.schema)) : line);
  }
  section.append(el("h4", {}, "Example"), el("pre", {}, curl(path, method, op, body)));
  return section;
}

function show() {
  const content = document.getElementById("content"), list = document.getElementById("list");
  content.replaceChildren(el("h2", {}, `${contract.info.title} API, version ${contract.info.version}`),
    ...contract.info.description.split("\n\n").map((p) => el("p", {}, p.replaceAll("**", ""))));
  for (const tag of contract.tags) {
    const names = el("ul");
    content.append(el("h2", {}, tag.name), el("p", { class: "faint" }, tag.description));
    list.append(el("div", {}, el("h2", {}, tag.name), names));
    for (const [path, item] of Object.entries(contract.paths))
      for (const method of METHODS) {
        const op = item[method];
        if (!op || op.tags[0] !== tag.name) continue;
        content.append(operation(path, method, op));
        names.append(el("li", {}, el("a", { href: `#${op.operationId}` }, op.summary)));
      }
  }
}

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const node of [...document.querySelectorAll("main section"), ...document.querySelectorAll("nav li")]) {
    const has = node.textContent.toLowerCase();
    node.hidden = !words.every((w) => has.includes(w));
  }
}

fetch("/api/openapi.json").then((r) => r.json()).then((json) => {
  contract = json;
  show();
  document.getElementById("find").addEventListener("input", (e) => find(e.target.value));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}).catch(() => { document.getElementById("wait").textContent = "The contract cannot be read: reload the page."; });
