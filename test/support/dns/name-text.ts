/** Names as zone files write them, relative ones among them, for tests (RFC 1035 §5.1). */
import { childOf, lowerCase, type Name, parseName, root } from '../../../src/dns/name.ts';

/** The name in a text. @throws Error where it is none. */
export function readName(text: string, origin: Name = root): Name {
  const parsed = parseName(text === '@' ? '.' : text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  if (text !== '@' && isAbsolute(text)) return parsed.value;
  let name: Name | undefined = origin;
  for (const label of rawLabels(text === '@' ? '.' : text).toReversed()) {
    name = name === undefined ? undefined : childOf(label, name);
  }
  if (name === undefined) throw new Error(`too long a name: ${text}`);
  return name;
}

/** A name on the wire (latin1), its letters as they are written: what NSEC signs (RFC 6840 §5.1). */
export function wireName(text: string, origin: Name = root): string {
  const canonical = readName(text, origin);
  const own = (text === '@' ? [] : rawLabels(text)).map(
    (label) => `${String.fromCharCode(label.length)}${label}`,
  );
  const wire = `${own.join('')}${isAbsolute(text) ? root : origin}`;
  if (lowerCase(wire) !== canonical) throw new Error(`two readings of the name ${text}`);
  return wire;
}

function isAbsolute(text: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*\.$/.test(text);
}

/** The labels of a name as octets, without the root's. */
function rawLabels(text: string): string[] {
  const labels = [...text.matchAll(/(?:\\\d{3}|\\[^\d]|[^\\.])+/gs)].map(([label]) => octetsOf(label));
  return labels;
}

/** The octets of a text with `\DDD` and `\X`, as latin1. */
export function octetsOf(text: string): string {
  return text.replace(/\\(\d{3}|[^\d])/gs, (_, escaped: string) =>
    escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped,
  );
}
