/**
 * Names of the DNS as the wire has them: any octets in a label, the root, wildcards.
 *
 * RFC 1035 §3.1 (form and limits), RFC 4034 §6.1 and §6.2 (canonical order and case).
 */
import type { Domain, Parsed } from '../names/domain.ts';
import { quote } from '../names/domain.ts';

declare const known: unique symbol;

/**
 * A name in its one spelling: its octets on the wire, one character for each (latin1), with A to Z in lower case,
 * the empty label of the root at the end; 1 to 255 characters. Equal names are equal strings.
 */
export type Name = string & { readonly [known]: 'dns-name' };

export const MAX_NAME_OCTETS = 255;
export const MAX_LABEL_OCTETS = 63;

/** The root, `.`. */
export const root = '\0' as Name;

/** The name of a domain. */
export function nameOf(domain: Domain): Name {
  return domain
    .split('.')
    .reduce((wire, label) => `${wire}${wireLabel(label)}`, '')
    .concat(root) as Name;
}

/** Characters that one octet may take in a text: `\DDD`. */
const MAX_ESCAPE = 4;

/**
 * Reads a name as people and zone files write it: absolute whether it ends with a dot or not, `\.` and `\DDD` for odd
 * octets (RFC 1035 §5.1), `.` for the root.
 *
 * Nothing is guessed: spaces and what is not ASCII have to be escaped, as nobody can say which octets they stand for.
 */
export function parseName(text: string): Parsed<Name> {
  if (text === '.') return { kind: 'ok', value: root };
  if (text.length > MAX_ESCAPE * MAX_NAME_OCTETS) return tooLong(text);
  const labels = splitLabels(text);
  if (labels === undefined) return invalid(text, 'has an escape or a character that a name cannot have');
  // The dot at the end is not followed by a label.
  if (labels.length > 1 && labels.at(-1) === '') labels.pop();
  if (labels.includes('')) return invalid(text, 'has an empty label');
  const long = labels.find((label) => label.length > MAX_LABEL_OCTETS);
  if (long !== undefined) return invalid(text, `has a label of more than ${MAX_LABEL_OCTETS} octets`);
  const wire = `${labels.map(wireLabel).join('')}${root}`;
  return wire.length > MAX_NAME_OCTETS ? tooLong(text) : { kind: 'ok', value: wire as Name };
}

/** The name as zone files write it, without the dot at the end; `.` for the root. */
export function showName(name: Name): string {
  if (name === root) return '.';
  let shown = '';
  for (let at = 0; ; ) {
    const length = name.charCodeAt(at);
    if (!(length > 0)) return shown;
    const label = showLabel(name.slice(at + 1, at + 1 + length));
    shown = at === 0 ? label : `${shown}.${label}`;
    at += 1 + length;
  }
}

/** Its labels from left to right, without the root's. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let at = 0; ; ) {
    const length = name.charCodeAt(at);
    if (!(length > 0)) return labels;
    labels.push(name.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** How many labels it has; the root has none, and `*` counts (unlike in the Labels field of an RRSIG). */
export function countLabels(name: Name): number {
  let count = 0;
  for (let at = 0; name.charCodeAt(at) > 0; at += 1 + name.charCodeAt(at)) count += 1;
  return count;
}

/** The name without its left-most label; undefined for the root. */
export function parentOf(name: Name): Name | undefined {
  return name === root ? undefined : (name.slice(1 + name.charCodeAt(0)) as Name);
}

/** The last `count` labels of a name; all of it where it has no more. */
export function lastLabels(name: Name, count: number): Name {
  let rest: Name = name;
  for (let left = countLabels(name) - count; left > 0; left -= 1) rest = parentOf(rest) ?? root;
  return rest;
}

/** `label` (octets as latin1) below `name`; undefined where that is too long. */
export function childOf(label: string, name: Name): Name | undefined {
  if (label.length === 0 || label.length > MAX_LABEL_OCTETS) return undefined;
  const wire = `${wireLabel(label)}${name}`;
  return wire.length > MAX_NAME_OCTETS ? undefined : (wire as Name);
}

/** `*` below `name`; undefined where that is too long. */
export function wildcardOf(name: Name): Name | undefined {
  return childOf('*', name);
}

/** Whether `name` is `ancestor` or below it, label by label. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  const from = name.length - ancestor.length;
  if (!name.endsWith(ancestor)) return false;
  let at = 0;
  while (at < from) at += 1 + name.charCodeAt(at);
  return at === from;
}

/** The longest name that both are at or below. */
export function commonAncestor(a: Name, b: Name): Name {
  let shared: Name = a;
  while (!isAtOrBelow(b, shared)) shared = parentOf(shared) ?? root;
  return shared;
}

/** Canonical order (RFC 4034 §6.1): by labels from the right, each as octets. @returns below, at or above 0. */
export function compareNames(a: Name, b: Name): number {
  if (a === b) return 0;
  const left = labelsOf(a);
  const right = labelsOf(b);
  for (let index = 1; index <= Math.min(left.length, right.length); index += 1) {
    const one = left[left.length - index] ?? '';
    const other = right[right.length - index] ?? '';
    // Strings of latin1 characters compare as their octets do.
    if (one !== other) return one < other ? -1 : 1;
  }
  return left.length - right.length;
}

/** A to Z in lower case; other octets as they are. Not toLowerCase, which knows À. */
export function lowerCase(octets: string): string {
  return /[A-Z]/.test(octets) ? octets.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : octets;
}

function wireLabel(label: string): string {
  return `${String.fromCharCode(label.length)}${lowerCase(label)}`;
}

/** An escape, a character that stands for itself, or one that may not stand there. */
const CHARACTER = /\\(\d{3}|[ -/:-~])|([!-[\]-~])|[^]/g;

function splitLabels(text: string): string[] | undefined {
  const labels: string[] = [];
  let label = '';
  for (const [, escaped, plain] of text.matchAll(CHARACTER)) {
    const octet = plain ?? octetOf(escaped);
    if (octet === undefined) return undefined;
    if (plain === '.') {
      labels.push(label);
      label = '';
    } else label += octet;
  }
  return [...labels, label];
}

function octetOf(escaped: string | undefined): string | undefined {
  if (escaped === undefined || escaped.length === 1) return escaped;
  return Number(escaped) > 255 ? undefined : String.fromCharCode(Number(escaped));
}

function showLabel(label: string): string {
  // Nearly all names are like this, and it takes a tenth of the time.
  if (/^[\w-]+$/.test(label)) return label;
  return label.replace(/[^!-~]|[.\\"();@$]/gs, (octet) =>
    octet >= '!' && octet <= '~' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  );
}

function tooLong(text: string): Parsed<Name> {
  return invalid(text, `is longer than ${MAX_NAME_OCTETS} octets on the wire`);
}

function invalid(text: string, because: string): Parsed<Name> {
  return { kind: 'invalid', because: `the name ${quote(text)} ${because}` };
}
