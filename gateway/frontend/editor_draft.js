// Saves what is typed as a draft after a pause: the first time it makes one, later under its number.
import { meta } from "./editor_page.js";

const IDLE_MS = 2000;
const CONFLICTS = /\/(stale-base|revision-closed)$/;

export function drafts(area, view, live) {
  const form = area.form;
  const state = document.getElementById("draft-state");
  if (!state || form.dataset.drafts === undefined) return;
  const hidden = (name) => form.elements.namedItem(name);
  let timer;
  let version = 0;
  let busy = false;
  let saving = Promise.resolve();
  let stopped = false;
  let leaving = false;

  const tell = (word, more = "") => { state.textContent = (state.dataset[word] || "").replace("%s", more);
    document.getElementById("draft-hint")?.remove();
  };

  function schedule() {
    version += 1;
    const figures = document.getElementById("your-change");
    if (figures) figures.textContent = figures.dataset.later;
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(start, IDLE_MS);
  }

  // A first draft takes its name for good: not while that is still being typed, and not before it says what it is of.
  function isNaming() {
    if (form.dataset.name) return false;
    if (!/"model_id"\s*:\s*"[^"]/.test(view.state.doc.toString())) return true;
    const { activeElement: node } = document;
    if (/model_name$/.test(node?.name || "")) return true;
    return view.hasFocus && view.state.doc.lineAt(view.state.selection.main.head).text.includes('"model_name"');
  }

  function request() {
    const data = new FormData(form);
    const body = {
      document: view.state.doc.toString(),
      readme: String(data.get("readme") || "").replace(/\r\n/g, "\n"),
      visibility: data.get("public") ? "public" : data.get("otherwise") || "private",
      message: (data.get("message") || "").trim(),
    };
    if (!form.dataset.name) return ["POST", "/api/v1/models", { ...body, type: data.get("type"), submit: false }];
    const revisions = `/api/v1/models/${encodeURIComponent(form.dataset.name)}/revisions`;
    if (hidden("base_state").value === "draft") {
      return ["PUT", `${revisions}/${hidden("base_revision").value}`, { ...body, base_sha256: hidden("base_sha256").value }];
    }
    return ["POST", revisions, { ...body, base_revision: Number(hidden("base_revision").value), submit: false }];
  }

  function start() {
    clearTimeout(timer);
    if (leaving || stopped || form.dataset.dirty === undefined || !view.state.doc.toString().trim()) return;
    if (busy || isNaming()) timer = setTimeout(start, IDLE_MS);
    else saving = save().finally(() => { busy = false; });
  }

  async function save() {
    busy = true;
    await live.settled();
    const seen = version;
    const [method, url, body] = request();
    tell("saving");
    const answer = await fetch(url, {
      method, headers: { "Content-Type": "application/json", "X-CSRFToken": meta("csrf-token") }, body: JSON.stringify(body),
    }).catch(() => null);
    const said = (await answer?.json().catch(() => null)) || {};
    if (answer?.ok) saved(said, seen);
    else await refused(answer, said);
  }

  function saved(said, seen) {
    if (!said.unchanged) {
      if (!form.dataset.name) moveTo(said.name);
      hidden("base_revision").value = said.revision;
      hidden("base_sha256").value = said.document_sha256;
      hidden("base_state").value = "draft";
    }
    if (seen === version) delete form.dataset.dirty;
    const at = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    tell(said.unchanged ? "unchanged" : "saved", at);
  }

  // The model has its name now, so this is its page of settings.
  function moveTo(name) {
    const old = form.getAttribute("action");
    const path = `/models/detail/${encodeURIComponent(name)}/settings`;
    form.dataset.name = name;
    form.setAttribute("action", path);
    for (const node of form.querySelectorAll("[formaction]")) {
      node.setAttribute("formaction", node.getAttribute("formaction").replace(old, path));
    }
    history.replaceState(null, "", path);
    const type = hidden("type");
    if (type) type.disabled = true;
    live.refresh();
  }

  // The API speaks English; the hub's pages know its sentences in their own language.
  async function inWords(text) {
    const headers = { "X-CSRFToken": meta("csrf-token") };
    const answer = await fetch("/editor/words", { method: "POST", headers, body: new URLSearchParams({ text }) })
      .catch(() => null);
    return answer?.ok ? answer.text() : text;
  }

  async function refused(answer, said) {
    if (!answer) tell("offline");
    else if (answer.status === 409) {
      stopped = CONFLICTS.test(said.type || "");
      tell(stopped ? "conflict" : "refused", stopped ? "" : await inWords(said.detail || ""));
      const merge = document.getElementById("draft-merge");
      if (merge && stopped) merge.hidden = false;
    } else if (answer.status === 401 || answer.status === 403) tell("signed");
    else if (answer.status === 422) tell("unreadable");
    else tell("refused", await inWords(said.detail || ""));
  }

  form.addEventListener("input", schedule);
  form.addEventListener("change", ({ target }) => { if (!/^view$/.test(target.name)) schedule(); });
  // What is being saved is waited for: the form would otherwise go against a draft that it does not know yet.
  form.addEventListener("submit", (event) => {
    leaving = true;
    clearTimeout(timer);
    if (!busy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const go = () => form.requestSubmit(event.submitter);
    saving.then(go, go);
  });
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    form.dataset.dirty = "1";
    start();
  });
  if (form.dataset.dirty !== undefined) schedule();
}
