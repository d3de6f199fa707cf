/** Just enough DER to take a certificate apart. X.690 §8.1, §10.1 (definite lengths in their shortest form). */

export interface DerElement {
  /** The identifier octet: class, constructed bit and number together. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly whole: Uint8Array;
}

// A subjectAltName of thousands of names is real; more only cost memory.
const MOST_ELEMENTS = 20_000;

/** The elements that stand one after the other in `bytes`; undefined where they do not fill it exactly. */
export function readElements(bytes: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let start = 0; start < bytes.length; ) {
    const tag = bytes[start] ?? 0;
    const length = readLength(bytes, start + 1);
    // Tag numbers above 30 take several octets; no certificate field has one.
    if ((tag & 0x1f) === 0x1f || length === undefined || elements.length === MOST_ELEMENTS) return undefined;
    const end = length.contentStart + length.value;
    if (end > bytes.length) return undefined;
    elements.push({
      tag,
      content: bytes.subarray(length.contentStart, end),
      whole: bytes.subarray(start, end),
    });
    start = end;
  }
  return elements;
}

/** The elements inside the one element of that tag that fills `bytes`. */
export function readInside(bytes: Uint8Array, tag: number): readonly DerElement[] | undefined {
  const [element, ...others] = readElements(bytes) ?? [];
  if (element === undefined || others.length > 0 || element.tag !== tag) return undefined;
  return readElements(element.content);
}

function readLength(bytes: Uint8Array, at: number): { value: number; contentStart: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { value: first, contentStart: at + 1 };
  const octets = first & 0x7f;
  // 0 would be the indefinite form of BER; four octets are more than any certificate needs.
  if (octets === 0 || octets > 4 || at + octets >= bytes.length) return undefined;
  let value = 0;
  for (let index = 1; index <= octets; index++) value = value * 256 + (bytes[at + index] ?? 0);
  const shortest = octets === 1 ? value >= 0x80 : value >= 256 ** (octets - 1);
  return shortest ? { value, contentStart: at + 1 + octets } : undefined;
}
