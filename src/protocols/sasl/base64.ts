/** Base64 as SASL exchanges carry it (RFC 4954 §4, RFC 4648 §4), read without leniency. */

const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @returns the octets; undefined for white space, missing padding, another alphabet, or bits beyond the last octet. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!FORM.test(text)) return undefined;
  const octets = Buffer.from(text, 'base64');
  // Bits that no octet needs could be anything, so that one secret would have several spellings.
  return octets.toString('base64') === text ? octets : undefined;
}

export function encodeBase64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64');
}

/** The text that base64 holds as UTF-8; undefined where it is not both. */
export function decodeBase64Text(text: string): string | undefined {
  const octets = decodeBase64(text);
  if (octets === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

export function encodeBase64Text(text: string): string {
  return Buffer.from(text).toString('base64');
}
