// The enhancer of every page. Each task is a plain link or form; this makes them quicker and may be missing.
const doc = document;
const root = doc.documentElement;
const live = () => doc.getElementById("live");
const typing = (node) => node.closest?.("input, textarea, select, [contenteditable]");
let asked;
let timer;

function say(text) {
  const region = live();
  if (region) region.textContent = text;
}

// Puts the fresh page's [data-swap] parts in place of ours; focus, open groups and kept boxes stay as they are.
function swap(fresh) {
  const { name, value, id } = doc.activeElement || {};
  for (const part of doc.querySelectorAll("[data-swap]")) {
    const next = fresh.getElementById(part.id);
    if (!next) continue;
    for (const old of part.querySelectorAll("details[id]")) {
      const same = next.querySelector(`#${CSS.escape(old.id)}`);
      if (same) same.open = old.open;
    }
    for (const old of part.querySelectorAll("[data-keep]")) {
      const same = next.querySelector(`#${CSS.escape(old.id)}`);
      if (same) same.checked = old.checked;
    }
    part.replaceWith(next);
  }
  doc.title = fresh.title;
  if (doc.activeElement === doc.body && (name || id)) {
    const again = [...doc.querySelectorAll(name ? `[name="${CSS.escape(name)}"]` : `#${CSS.escape(id)}`)];
    (again.find((node) => node.value === value) || again[0])?.focus({ preventScroll: true });
  }
  const news = doc.querySelector("[data-announce]");
  if (news) say(news.textContent.trim());
}

async function load(url, push) {
  asked?.abort();
  asked = new AbortController();
  const busy = [...doc.querySelectorAll("[data-swap]")];
  for (const part of busy) part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (push) history[push](null, "", url);
    swap(fresh);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

function address(form) {
  const fields = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(fields).toString();
  return form.action.split("?")[0] + (query ? `?${query}` : "");
}

doc.addEventListener("change", ({ target }) => {
  const form = target.form;
  if (target.id === "filters-toggle") return target.checked || doc.getElementById("results").scrollIntoView();
  if (form?.matches("[data-live]") && target.type !== "search") load(address(form), "pushState");
});

doc.addEventListener("input", ({ target }) => {
  const form = target.form;
  form?.matches("[data-guard]") && (form.dataset.dirty = "1");
  if (target.type !== "search" || !form?.matches("[data-live]")) return;
  clearTimeout(timer);
  const first = !new URLSearchParams(location.search).get(target.name);
  timer = setTimeout(() => load(address(form), first ? "pushState" : "replaceState"), 250);
});

// What was sent and not answered yet: it is not sent twice, and where the answer takes its time the pressed button says so.
let sent;
let shown;

function free() {
  clearTimeout(sent?.timer);
  shown?.removeAttribute("aria-busy");
  sent = shown = null;
}

function send(event, form) {
  if (sent?.form === form) return event.preventDefault();
  free();
  const timer = setTimeout(() => {
    shown = event.submitter;
    shown?.setAttribute("aria-busy", "true");
    say(live()?.dataset.busy);
  }, 300);
  sent = { form, timer };
}

// Back at a page that was kept, or with the sending stopped, all can be pressed again.
addEventListener("pageshow", free);
globalThis.navigation?.addEventListener("navigateerror", free);

doc.addEventListener("submit", (event) => {
  const form = event.target;
  delete form.dataset.dirty;
  if (form.matches("[data-live]")) {
    event.preventDefault();
    clearTimeout(timer);
    load(address(form), "pushState");
  } else if (form.method === "post") send(event, form);
});

addEventListener("popstate", () => {
  if (!doc.querySelector("[data-swap]")) return;
  const query = new URLSearchParams(location.search);
  for (const box of doc.querySelectorAll("input[type=search]")) box.value = query.get(box.name) || "";
  load(location.href);
});

addEventListener("beforeunload", (event) => {
  if (doc.querySelector("form[data-dirty]")) event.preventDefault();
});

doc.addEventListener("click", async (event) => {
  const { target } = event;
  for (const menu of doc.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  const link = target.closest("a[data-live]");
  if (link && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    load(link.href, "pushState");
  }
  const copy = target.closest("[data-copy]");
  if (copy) {
    const text = copy.dataset.copy || doc.getElementById(copy.dataset.copyFrom).textContent;
    await navigator.clipboard.writeText(text);
    copy.dataset.copied = "";
    say(copy.dataset.done);
    setTimeout(() => delete copy.dataset.copied, 1500);
  }
});

// From the search box into the results and along them, by arrows or by j and k; Escape leads back to the box.
function walk({ key, target }) {
  const links = [...doc.querySelectorAll("#results .cover")];
  const at = links.indexOf(target);
  const box = doc.getElementById("search");
  const letter = key === "j" || key === "k";
  if (letter ? root.dataset.shortcuts === "off" || typing(target) : at < 0 && !(target === box && key === "ArrowDown"))
    return false;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
  if (key === "Escape" || (step < 0 && at <= 0)) box?.select();
  else if (step) links[at + step]?.focus();
  return Boolean(links.length && (step || key === "Escape"));
}

doc.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = doc.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (!(event.ctrlKey || event.metaKey || event.altKey) && walk(event)) return event.preventDefault();
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (root.dataset.shortcuts === "off") return;
  event.preventDefault();
  doc.getElementById("search")?.select();
});

// A form that was refused: to the first field that is wrong.
if (doc.querySelector("main [role=alert]")) doc.querySelector("main [aria-invalid=true]")?.focus();

// Looks again at a state that moves, as long as the page says so and someone watches.
function poll() {
  const moving = doc.querySelector("[data-poll]");
  if (!moving) return;
  setTimeout(async () => {
    if (!doc.hidden) await load(location.href);
    poll();
  }, moving.dataset.poll * 1000);
}
poll();

// On a phone the rows of tabs scroll: bring the current one into view, without moving the page.
for (const tab of doc.querySelectorAll(".tabs [aria-current], .bar-nav [aria-current]")) {
  const row = tab.closest("nav");
  if (tab.offsetLeft + tab.offsetWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - 16;
}
