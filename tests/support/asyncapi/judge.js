// Reads an AsyncAPI document from standard input; writes what its parser finds, as JSON.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const found = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join('/') }));
process.stdout.write(JSON.stringify(found));
