// Keys of the review pages. They open, focus and move; none of them decides. Without scripts all of it is links.
const doc = document;
const off = () => doc.documentElement.dataset.shortcuts === "off";
const typing = (node) => node.closest?.("input:not([type=checkbox], [type=radio]), textarea, select");
const keys = doc.getElementById("keys");

function showKeys() {
  if (!keys.open) keys.showModal();
}

// The number links of a side's lines; a change is where a run of changed lines begins.
const lines = () => [...doc.querySelectorAll("#diff .diff .no a")];
const changed = (link) => Boolean(link.closest("tr.added, tr.removed, td.added, td.removed"));

function begins(link, at, all) {
  if (!changed(link)) return false;
  const before = all[at - 1];
  return !before || !changed(before) || link.closest("tr").previousElementSibling?.matches(".hunk");
}

function walk(step, places) {
  const all = lines();
  const stops = places ? all.filter(places) : all;
  const at = all.indexOf(doc.activeElement);
  const next = step > 0 ? stops.find((link) => all.indexOf(link) > at) : stops.findLast((link) => all.indexOf(link) < at);
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "center" });
  return Boolean(next);
}

function act(node) {
  if (node.matches("a")) return node.click();
  node.focus();
  node.scrollIntoView({ block: "nearest" });
}

doc.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || keys?.open) return;
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (arrow) {
    if (target.matches?.("#diff .diff .no a") && walk(arrow)) event.preventDefault();
    return;
  }
  if (off() || typing(target)) return;
  const step = { j: 1, k: -1 }[key];
  const place = key === "u" ? ".crumbs a[href='/reviews']" : `[aria-keyshortcuts="${key}"]`;
  const node = /^[a-z?]$/.test(key) && doc.querySelector(place);
  if (step ? !walk(step, begins) : !node) return;
  event.preventDefault();
  if (node && !step) act(node);
});

doc.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href='#keys'], a[data-close], a[data-fill]");
  if (!link) return;
  event.preventDefault();
  if (link.hasAttribute("data-close")) return keys.close();
  if (link.dataset.fill === undefined) return showKeys();
  const box = doc.getElementById("feedback");
  box.value = [box.value.trim(), link.dataset.fill].filter(Boolean).join("\n\n");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
});

// A form that came with a swapped part has the focus, as after a new page.
new MutationObserver((records) => {
  for (const { addedNodes } of records)
    for (const node of addedNodes) node.querySelector?.("[autofocus]")?.focus();
}).observe(doc.getElementById("text") || doc.body, { childList: true });
