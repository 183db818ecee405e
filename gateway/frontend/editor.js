// CodeMirror over <textarea data-editor="json">. The textarea stays the form's field and holds the exact text.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintGutter, nextDiagnostic } from "@codemirror/lint";
import { openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";
import { drafts } from "./editor_draft.js";
import { liveForm } from "./editor_form.js";
import { meta, symbol } from "./editor_page.js";
import { schemaCompletion } from "./editor_schema.js";
import { nodeAt } from "./editor_pointer.js";

// Of each text box, the form that is in step with it.
const lives = new Map();
const copying = new Map();
const COPY_IDLE_MS = 150;
const LONG = 100_000;

const colours = tagHighlighter([
  { tag: tags.propertyName, class: "jk" },
  { tag: tags.string, class: "js" },
  { tag: [tags.number, tags.bool, tags.null], class: "jn" },
]);

function typeOf(area) {
  return area.form?.elements.namedItem(area.dataset.typeField || "")?.value || area.dataset.type;
}

// The server's verdict is the only one: what it says is underlined where its JSON Pointer points.
function serverLint(area) {
  let asked;
  return async (view) => {
    asked?.abort();
    if (!view.state.doc.toString().trim()) {
      showProblems(area, view, []);
      showPull(area, "");
      lives.get(area)?.problems([]);
      return [];
    }
    asked = new AbortController();
    const answer = await fetch(area.dataset.findingsUrl, {
      method: "POST",
      signal: asked.signal,
      headers: { "X-CSRFToken": meta("csrf-token") },
      body: new URLSearchParams({ type: typeOf(area), document: view.state.doc.toString(), settled: nameOf(area) }),
    }).catch(() => null);
    if (!answer?.ok) return [];
    const { findings, pull } = await answer.json().catch(() => ({ findings: [] }));
    showPull(area, pull);
    lives.get(area)?.problems(findings);
    const found = findings.map((each) => place(view.state, each));
    showProblems(area, view, found);
    return found;
  };
}

const nameOf = (area) => area.form?.dataset.name || "";

// The pull request that a model to come will have bears its name; a model that has one keeps its own.
function showPull(area, html) {
  const box = nameOf(area) ? null : document.getElementById("pull-facts");
  if (box && html) box.outerHTML = html;
  else if (box) box.hidden = true;
}

function place(state, problem) {
  const { from, to } = spot(state, problem);
  return { from, to, severity: problem.severity, message: problem.message, path: problem.path || "" };
}

function spot(state, { path, line, column }) {
  const node = path || !line ? nodeAt(state, path || "") : null;
  if (node) {
    // A whole object or list would underline a page; its opening bracket is enough.
    const wide = node.name === "Object" || node.name === "Array";
    return { from: node.from, to: wide ? node.from + 1 : node.to };
  }
  const at = state.doc.line(Math.min(line || 1, state.doc.lines));
  const from = Math.min(at.from + Math.max((column || 1) - 1, 0), at.to);
  return { from, to: Math.min(from + 1, state.doc.length) };
}

// The list beside the editor: the same markup as the server's `problems` macro.
function showProblems(area, view, found) {
  const box = document.getElementById(area.dataset.problems || "");
  if (!box) return;
  const words = box.dataset;
  const list = document.createElement("ul");
  list.className = "findings ruled";
  for (const { from, severity, message, path } of found) {
    const item = document.createElement("li");
    item.className = severity === "error" ? "tone-bad" : "tone-warn";
    const text = document.createElement("p");
    const kind = document.createElement("span");
    kind.className = "vh";
    kind.textContent = `${severity === "error" ? words.error : words.warning}: `;
    text.append(kind, message);
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "more";
    jump.textContent = `${words.line.replace("%s", view.state.doc.lineAt(from).number)}${path ? `, ${path}` : ""}`;
    jump.addEventListener("click", () => {
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    });
    item.append(symbol(severity === "error" ? "x-circle-fill" : "alert-fill"), text, jump);
    list.append(item);
  }
  const errors = found.filter(({ severity }) => severity === "error").length;
  const count = words.counts.replace("%1", errors).replace("%2", found.length - errors);
  const head = box.querySelector("[data-count]");
  if (head) head.textContent = found.length ? count : words.none;
  box.querySelector("ul")?.remove();
  if (found.length) box.append(list);
}

function buttons(area, view) {
  for (const button of document.querySelectorAll(`[data-editor-for="${area.id}"]`)) {
    button.addEventListener("click", () => {
      if (button.dataset.act === "find") openSearchPanel(view);
      if (button.dataset.act !== "format") return;
      let text;
      try {
        text = JSON.stringify(JSON.parse(view.state.doc.toString()), null, 2);
      } catch {
        nextDiagnostic(view);
        return;
      }
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      view.focus();
    });
  }
}

// What every text needs; the label and the hint are the text box's own.
function common(area) {
  const nonce = meta("csp-nonce");
  const label = area.labels?.[0];
  if (label && !label.id) label.id = `${area.id}-label`;
  return [
    nonce ? EditorView.cspNonce.of(nonce) : [],
    highlightActiveLine(), drawSelection(), history(), search({ top: false }), EditorView.lineWrapping,
    EditorState.readOnly.of(area.readOnly),
    EditorView.contentAttributes.of({
      "aria-labelledby": label?.id || "", "aria-describedby": area.getAttribute("aria-describedby") || "", tabindex: "0",
    }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      // A large text is not copied for every key; what is sent is taken from the editor itself.
      clearTimeout(copying.get(area));
      copying.set(area, setTimeout(() => { area.value = update.view.state.doc.toString(); }, COPY_IDLE_MS));
      lives.get(area)?.edited(update);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }),
  ];
}

function jsonExtensions(area) {
  return [
    lineNumbers(), foldGutter(), lintGutter(), highlightActiveLineGutter(), common(area),
    json(), indentOnInput(), indentUnit.of("  "), bracketMatching(), closeBrackets(),
    syntaxHighlighting(colours),
    area.dataset.findingsUrl ? linter(serverLint(area), { delay: 400 }) : [],
    autocompletion({ override: [schemaCompletion(() => area.dataset.schemaUrl?.replace("{type}", typeOf(area)))] }),
    // No indentWithTab: Tab leaves the editor.
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap,
      { key: "F8", run: nextDiagnostic }]),
  ];
}

function mount(area, extensions) {
  const view = new EditorView({ state: EditorState.create({ doc: area.value, extensions }) });
  area.after(view.dom);
  area.hidden = true;
  area.required = false;
  area.labels?.[0]?.addEventListener("click", () => view.focus());
  area.form?.addEventListener("formdata", ({ formData }) => formData.set(area.name, view.state.doc.toString()));
  return view;
}

function start(area) {
  const view = mount(area, jsonExtensions(area));
  buttons(area, view);
  if (document.getElementById("model-form")) {
    lives.set(area, liveForm(area, view));
    drafts(area, view, lives.get(area));
  }
  area.form?.elements.namedItem(area.dataset.typeField || "")?.addEventListener?.("change", () => forceLinting(view));
  document.addEventListener("click", ({ target }) => {
    const line = Number(target.closest?.("[data-jump-line]")?.dataset.jumpLine);
    if (!line || line > view.state.doc.lines) return;
    view.dispatch({ selection: { anchor: view.state.doc.line(line).from }, scrollIntoView: true });
    view.focus();
  });
  if (area.dataset.findingsUrl) forceLinting(view);
  area.dispatchEvent(new CustomEvent("editor-ready", { bubbles: true }));
}

// A browser's text box takes seconds for a megabyte, and half of one for each key: a long README gets the editor too.
function whereLong(area) {
  const long = () => area.value.length > LONG && !area.hidden;
  const take = () => {
    const at = area.selectionStart;
    const focused = document.activeElement === area;
    const view = mount(area, [common(area), keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap])]);
    if (!focused) return;
    view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) }, scrollIntoView: true });
    view.focus();
  };
  if (long()) take();
  else area.addEventListener("input", () => { if (long()) take(); });
}

for (const area of document.querySelectorAll('textarea[data-editor="json"]')) start(area);
for (const area of document.querySelectorAll("textarea[data-grows]")) whereLong(area);
