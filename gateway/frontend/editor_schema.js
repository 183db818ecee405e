// Completion of keys and of enumerated values from the type's JSON Schema.
import { partsOf, tree } from "./editor_pointer.js";

const known = new Map();

function fetched(url) {
  if (!known.has(url)) known.set(url, fetch(url).then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({})));
  return known.get(url);
}

function resolve(schema, whole) {
  if (!schema?.$ref) return schema || {};
  return schema.$ref.replace(/^#\//, "").split("/").reduce((at, part) => at?.[part], whole) || {};
}

// All the schemas that can stand at a place, through $ref, anyOf, oneOf and allOf.
function branches(schema, whole, depth = 0) {
  const here = resolve(schema, whole);
  if (depth > 6) return [here];
  const more = [...(here.anyOf || []), ...(here.oneOf || []), ...(here.allOf || [])];
  return [here, ...more.flatMap((branch) => branches(branch, whole, depth + 1))];
}

function step(schemas, part, whole) {
  return schemas.flatMap((schema) => {
    const next = part === "*" ? schema.items : schema.properties?.[part] || schema.additionalProperties;
    return next && typeof next === "object" ? branches(next, whole) : [];
  });
}

function at(whole, parts) {
  let schemas = branches(whole, whole);
  // A record may stand alone or in a list of variants; the schema describes either.
  const first = parts[0] === "*" && !schemas.some((schema) => schema.items) ? parts.slice(1) : parts;
  for (const part of first) schemas = step(schemas, part, whole);
  return schemas;
}

// Between the keys of an object, not behind a key's colon.
function objectAt(node) {
  return node.name === "Object" || ((node.name === "{" || node.name === ",") && node.parent?.name === "Object");
}

const quoted = (value) => JSON.stringify(value);

export function schemaCompletion(urlOf) {
  return async (context) => {
    const url = urlOf();
    const node = tree(context.state).resolveInner(context.pos, -1);
    const text = node.name === "PropertyName" || node.name === "String" ? node : null;
    const word = text || context.matchBefore(/[\w-]*/);
    if (!url || !word || (!text && word.from === context.pos && !context.explicit)) return null;
    const whole = await fetched(url);
    const place = text ? node.parent : node;
    const inKey = node.name === "PropertyName" || objectAt(node);
    const holder = node.name === "PropertyName" ? place.parent : place;
    const schemas = at(whole, partsOf(context.state, holder));
    const options = inKey
      ? schemas.flatMap(({ properties, required }) =>
          Object.entries(properties || {}).map(([key, about]) => ({
            label: quoted(key), type: "property", detail: [about.type].flat().join(" | "), info: about.description,
            boost: required?.includes(key) ? 1 : 0, apply: `${quoted(key)}: `,
          })))
      : schemas.flatMap(({ enum: values, const: only, examples }) =>
          [...(values || []), ...(only === undefined ? [] : [only]), ...(examples || [])]
            .map((value) => ({ label: quoted(value), type: "enum" })));
    const unique = [...new Map(options.map((option) => [option.label, option])).values()];
    // Inside quotes the whole text is replaced, its quotes too; a key that has its colon keeps it.
    const colon = inKey && /^\s*:/.test(context.state.sliceDoc(text ? text.to : context.pos, context.state.doc.length).slice(0, 20));
    if (colon) for (const option of unique) option.apply = option.label;
    return unique.length ? { from: word.from, to: text ? text.to : context.pos, options: unique } : null;
  };
}
