// The document's form in step with the editor: a field's change patches the text on the server, the text's the form.
import { Annotation } from "@codemirror/state";
import { meta, symbol } from "./editor_page.js";

const fromForm = Annotation.define();
const TEXT_IDLE_MS = 400;
const FIELD_IDLE_MS = 300;
const isField = (name) => /^f\+?:/.test(name || "");
const pointerOf = (name) => name.slice(name.indexOf(":") + 1);

// The one change that leads from the editor's text to another: the cursor and what was undone stay where they are.
function changeTo(before, after) {
  let from = 0;
  const least = Math.min(before.length, after.length);
  while (from < least && before[from] === after[from]) from += 1;
  let tail = 0;
  while (tail < least - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}

function remembered(panel) {
  const node = document.activeElement;
  const open = new Set([...panel.querySelectorAll("details[open]")].map(({ id }) => id));
  if (!panel.contains(node)) return { open };
  const { name, value, id, type } = node;
  const typed = "selectionStart" in node && value !== node.defaultValue ? value : null;
  return { open, name, value, id, type, typed, at: type === "checkbox" ? null : node.selectionStart };
}

// The fresh panel opens what was open, and the field that had the focus has it again, with what was typed meanwhile.
function restored(panel, { open, name, value, id, type, typed, at }) {
  for (const part of panel.querySelectorAll("details")) if (open.has(part.id)) part.open = true;
  if (!name && !id) return false;
  const same = [...panel.querySelectorAll("input, select, textarea, button")].filter((node) => (name ? node.name === name : node.id === id));
  const node = type === "checkbox" || type === "submit" ? same.find((each) => each.value === value) : same[0];
  if (!node) {
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
    return false;
  }
  if (typed !== null) node.value = typed;
  node.focus({ preventScroll: true });
  if (at !== null && at !== undefined && node.setSelectionRange) node.setSelectionRange(at, at);
  return typed !== null;
}

// Errors at their fields: one about a part of a value, or about a member that is missing. As form_words.py places them.
function placesOf({ path, missing }) {
  const places = missing ? [`${path}/${missing}`] : [];
  for (let at = path; at; at = at.slice(0, at.lastIndexOf("/"))) places.push(at);
  return places;
}

function say(control, message) {
  const field = control.closest(".field");
  const id = `${control.id || `f:${control.dataset.at}`}-error`;
  const old = field.querySelector(":scope > .error");
  const described = (control.getAttribute("aria-describedby") || "").split(" ").filter((each) => each && each !== id);
  if (!message) {
    old?.remove();
    control.removeAttribute("aria-invalid");
  } else {
    const line = old || document.createElement("p");
    line.className = "error";
    line.id = id;
    const words = document.createElement("span");
    words.textContent = message;
    line.replaceChildren(symbol("alert-fill"), words);
    if (!old) (field.querySelector(":scope > .hint") ? field.insertBefore(line, field.querySelector(":scope > .hint")) : field.append(line));
    control.setAttribute("aria-invalid", "true");
    described.unshift(id);
  }
  if (described.length) control.setAttribute("aria-describedby", described.join(" "));
  else control.removeAttribute("aria-describedby");
}

// The page's own preview, taken over from the answer that the button brings without scripts.
async function previewInPlace(form, submitter) {
  const body = new URLSearchParams(new FormData(form));
  body.set("action", "preview");
  const answer = await fetch(form.getAttribute("action"), { method: "POST", headers: { Accept: "text/html" }, body }).catch(() => null);
  if (!answer?.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
  if (!fresh) return false;
  const old = document.getElementById("preview");
  if (old) old.replaceWith(fresh);
  else submitter.closest(".card").parentElement.after(fresh);
  document.getElementById("preview").scrollIntoView({ block: "nearest" });
  return true;
}

export function liveForm(area, view) {
  const form = area.form;
  const state = document.getElementById("form-state");
  const text = () => view.state.doc.toString();
  const panel = () => document.getElementById("model-form");
  let shown = area.value; // what the panel was made from
  let problems = [];
  let textTimer;
  let fieldTimer;
  let pending = new Map();
  let work = Promise.resolve();

  function ask(fields) {
    const body = new URLSearchParams(fields);
    body.append("type", form.elements.namedItem("type")?.value || area.dataset.type);
    body.append("settled", form.dataset.name || "");
    body.append("document", text());
    return fetch("/editor/form", { method: "POST", headers: { "X-CSRFToken": meta("csrf-token") }, body })
      .then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  }

  function show(html) {
    const old = panel();
    const kept = remembered(old);
    old.outerHTML = html;
    const typedOn = restored(panel(), kept);
    place();
    if (typedOn) note(document.activeElement);
  }

  function tell(word) {
    if (state) state.textContent = word ? state.dataset[word] : "";
    panel().toggleAttribute("inert", word === "waits");
  }

  async function refresh() {
    clearTimeout(textTimer);
    const asked = text();
    if (asked === shown) return;
    const answer = await ask([]);
    if (!answer || text() !== asked) return;
    if (!answer.readable) return tell("waits");
    shown = asked;
    tell("");
    show(answer.html);
  }

  // `whole`: the panel too is made anew, for fields that others depend on.
  async function apply(act, whole) {
    clearTimeout(fieldTimer);
    const fields = [...pending.values()].flat();
    pending = new Map();
    if (!fields.length && !act) return;
    const asked = text();
    if (asked !== shown) {
      // The text was changed under the field: the form shows what it says now, and nothing is written.
      await refresh();
      return;
    }
    const answer = await ask(act ? [...fields, ["act", act]] : fields);
    if (!answer || text() !== asked) return tell(answer ? "" : "failed");
    if (answer.document !== null) {
      shown = answer.document;
      view.dispatch({ changes: changeTo(asked, answer.document), annotations: fromForm.of(true) });
    }
    tell("");
    if (whole || act) show(answer.html);
  }

  const queue = (act, whole) => (work = work.then(() => apply(act, whole)));

  function note(node) {
    const pointer = pointerOf(node.name);
    const names = [`f:${pointer}`, `f+:${pointer}`];
    const said = [...panel().querySelectorAll("[name]")].filter(({ name }) => names.includes(name));
    pending.set(pointer, said.filter((each) => each.type !== "checkbox" || each.checked).map(({ name, value }) => [name, value]));
  }

  form.addEventListener("input", ({ target }) => {
    if (!isField(target.name) || target.name.startsWith("f+:")) return;
    note(target);
    clearTimeout(fieldTimer);
    fieldTimer = setTimeout(() => queue("", false), FIELD_IDLE_MS);
  });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "type") queue("", true).then(() => { shown = null; return refresh(); });
    if (!isField(target.name)) return;
    note(target);
    queue("", target.tagName === "SELECT" || target.type === "checkbox" || target.name.startsWith("f+:"));
  });

  // What the form's buttons do without scripts is done here without leaving the page.
  form.addEventListener("submit", (event) => {
    const { submitter } = event;
    if (submitter?.value === "preview" && !submitter.dataset.failed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      previewInPlace(form, submitter).then((done) => {
        if (done) return;
        submitter.dataset.failed = "1";
        form.requestSubmit(submitter);
      });
      return;
    }
    const live = submitter?.name === "act" || submitter?.value === "apply";
    if (!live && !pending.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    queue(submitter?.name === "act" ? submitter.value : "", live).then(() => live || form.requestSubmit(submitter));
  });
  // The text has everything: the fields need not travel beside it.
  form.addEventListener("formdata", ({ formData }) => {
    if (pending.size) return;
    for (const name of [...formData.keys()]) if (isField(name) || name === "form_was") formData.delete(name);
  });

  function place() {
    const controls = new Map([...panel().querySelectorAll("[data-at]")].map((node) => [node.dataset.at, node]));
    const records = panel().querySelectorAll("[data-record]");
    const lone = records.length === 1 ? records[0].dataset.record : "";
    const wrong = new Map();
    for (const problem of problems) {
      if (problem.severity !== "error") continue;
      const at = placesOf(problem).flatMap((each) => [each, lone + each]).find((each) => controls.has(each));
      if (at && !wrong.has(at)) wrong.set(at, problem.message);
    }
    for (const [at, control] of controls) {
      const message = wrong.get(at) || "";
      if (message || control.hasAttribute("aria-invalid")) say(control, message);
    }
    for (const part of panel().querySelectorAll("[data-under]")) {
      const count = [...wrong.keys()].filter((at) => at.startsWith(`${part.dataset.under}/`)).length;
      const mark = part.querySelector(":scope > summary > [data-wrong]");
      if (!mark) continue;
      mark.hidden = !count;
      mark.lastElementChild.textContent = count || "";
    }
  }

  return {
    edited(update) {
      if (update.transactions.some((transaction) => transaction.annotation(fromForm))) return;
      clearTimeout(textTimer);
      textTimer = setTimeout(() => { work = work.then(refresh); }, TEXT_IDLE_MS);
    },
    problems(found) {
      problems = text().trim() ? found : [];
      place();
    },
    settled: () => queue("", false),
    refresh: () => { shown = null; work = work.then(refresh); },
  };
}
