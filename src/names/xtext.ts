/**
 * Values of SMTP parameters that hold what a parameter could not: in xtext, `+3D` is an equals sign.
 *
 * RFC 3461 §4 (xtext), RFC 6533 §3 (addresses beyond ASCII).
 */

/** RFC 3461 §4: printable ASCII without `+` and `=`, and `+` with two upper-case hexadecimal digits. */
const XTEXT = /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/;
/** RFC 6533 §3, utf-8-addr-unitext: as above without `\`, beyond ASCII anything, and `\x{…}` for one character. */
const UNITEXT =
  /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]|\\x\{[0-9A-F]{2,6}\})+$/u;

/** @returns the octets that xtext stands for, as latin1; undefined where it is none. */
export function decodeXtext(text: string): string | undefined {
  if (!XTEXT.test(text)) return undefined;
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** @returns what an address of type `utf-8` stands for, in either of its forms; undefined where it is neither. */
export function decodeUnitext(text: string): string | undefined {
  if (!UNITEXT.test(text)) return undefined;
  const points = [...text.matchAll(/\\x\{([0-9A-F]+)\}/g)].map(([, hex = '']) => Number.parseInt(hex, 16));
  const allCharacters = points.every((point) => point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
  if (!allCharacters) return undefined;
  return text.replace(/\\x\{([0-9A-F]+)\}/g, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

/** The 7-bit form of such an address (utf-8-addr-xtext), which may stand before a host without SMTPUTF8 too. */
export function toAsciiUnitext(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => {
    return `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
  });
}
