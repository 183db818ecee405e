// node still_font.mjs VARIABLE.woff2 STILL.woff2
// Writes the font's default weight alone. Without what varies it, and without ligatures and kerning, which code must
// not have, it is less than half as heavy; glyphs, names and licence stay as they are.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

// WOFF2 numbers the tables it knows, and spells the others out.
const GLYF = 10;
const LOCA = 11;
const SPELT = 63;
const NUMBERED = { GDEF: 26, GPOS: 27, GSUB: 28, avar: 39, cvar: 43, fvar: 47, gvar: 48 };
const LEFT_OUT = new Set([...Object.values(NUMBERED), "HVAR", "MVAR", "STAT"]);
// Where the header says: how many tables, the size unpacked, the size packed; and where it ends.
const [TABLES, UNPACKED, PACKED, HEADER] = [12, 16, 20, 48];

const [source, target] = process.argv.slice(2);
const font = readFileSync(source);
if (font.toString("latin1", 0, 4) !== "wOF2") throw new Error(`${source}: expected a WOFF2 font`);
let at = HEADER;

function length() {
  let value = 0;
  let byte;
  do {
    byte = font[at++];
    value = value * 128 + (byte & 127);
  } while (byte & 128);
  return value;
}

function table() {
  const start = at;
  const flags = font[at++];
  let name = flags & 63;
  if (name === SPELT) name = font.toString("latin1", at, (at += 4));
  const whole = length();
  // Glyphs are stored in another form unless the flags say so, all else only if they say so.
  const form = flags >> 6;
  const other = name === GLYF || name === LOCA ? form === 0 : form !== 0;
  return { name, whole, stored: other ? length() : whole, entry: font.subarray(start, at) };
}

const tables = Array.from({ length: font.readUInt16BE(TABLES) }, table);
const content = brotliDecompressSync(font.subarray(at, at + font.readUInt32BE(PACKED)));
let from = 0;
for (const each of tables) each.bytes = content.subarray(from, (from += each.stored));

const kept = tables.filter((each) => !LEFT_OUT.has(each.name));
const packed = brotliCompressSync(Buffer.concat(kept.map((each) => each.bytes)), {
  params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_FONT, [constants.BROTLI_PARAM_QUALITY]: 11 },
});
const parts = [Buffer.from(font.subarray(0, HEADER)), ...kept.map((each) => each.entry), packed];
const bytes = parts.reduce((sum, part) => sum + part.length, 0);
const padded = Math.ceil(bytes / 4) * 4;
const header = parts[0];
header.writeUInt32BE(padded, 8);
header.writeUInt16BE(kept.length, TABLES);
header.writeUInt32BE(kept.reduce((sum, each) => sum + 16 + Math.ceil(each.whole / 4) * 4, 12), UNPACKED);
header.writeUInt32BE(packed.length, PACKED);
// Neither metadata nor private data
header.fill(0, 28, HEADER);

// Another build may be at it.
const unfinished = `${target}.${process.pid}`;
writeFileSync(unfinished, Buffer.concat([...parts, Buffer.alloc(padded - bytes)]));
renameSync(unfinished, target);
