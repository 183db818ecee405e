// Between JSON Pointers and the nodes of the editor's syntax tree.
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";

function children(node) {
  const found = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!/^[[\]{},:]$/.test(child.name) && child.name !== "⚠") found.push(child);
  }
  return found;
}

function keyOf(state, property) {
  const name = property.firstChild;
  try {
    return JSON.parse(state.sliceDoc(name.from, name.to));
  } catch {
    return "";
  }
}

export const tree = (state) => ensureSyntaxTree(state, state.doc.length, 200) || syntaxTree(state);

// The value at a pointer; where a part is missing, the object or list that lacks it.
export function nodeAt(state, pointer) {
  let node = tree(state).topNode.firstChild;
  const parts = pointer.split("/").slice(1).map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  for (const part of parts) {
    if (!node) return null;
    let next;
    if (node.name === "Array") next = children(node)[Number(part)];
    if (node.name === "Object") next = children(node).find((property) => keyOf(state, property) === part)?.lastChild;
    if (!next) return node;
    node = next;
  }
  return node;
}

// The pointer's parts of the object that holds `node`, lists as "*": what a schema is walked by.
export function partsOf(state, node) {
  const parts = [];
  for (let at = node; at; at = at.parent) {
    if (at.name === "Property") parts.unshift(keyOf(state, at));
    if (at.name === "Array") parts.unshift("*");
  }
  return parts;
}
