/** The relaxed forms of fields and bodies that DKIM and ARC sign. RFC 6376 §3.4.2 (header), §3.4.4 (body). */

/** A field in relaxed form, without a CRLF at its end. `value`: as it stands behind the colon, folds included. */
export function relaxedField(name: string, value: string): string {
  const unfolded = value.replaceAll('\r\n', '').replace(/[ \t]+/g, ' ');
  return `${name.toLowerCase()}:${unfolded.replace(/^ | $/g, '')}`;
}

/** A body on its way into its relaxed form. */
export interface RelaxedBody {
  add(bytes: Uint8Array): void;
  end(): void;
}

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const ROOM = 8_192;
const CRLF = Uint8Array.of(CR, LF);
const BLANK = Uint8Array.of(SPACE);
const LONE_CR = Uint8Array.of(CR);

/** @param out takes the relaxed form; what it is given holds until it returns. */
export function relaxedBody(out: (bytes: Uint8Array) => void): RelaxedBody {
  const pass = gathered(out);
  let some = false;
  let cr = false;
  let space = false;
  /** Ends of lines that count only if something follows: however many, they cost no memory. */
  let lines = 0;

  /** Something follows, so what was held back counts. */
  function follow(bytes: Uint8Array): void {
    for (; lines > 0; lines -= 1) pass.add(CRLF);
    if (space) pass.add(BLANK);
    space = false;
    some = true;
    pass.add(bytes);
  }

  return {
    add(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const byte = bytes[at];
        if (cr) {
          cr = false;
          if (byte === LF) {
            space = false;
            lines += 1;
            at += 1;
            continue;
          }
          follow(LONE_CR);
        }
        const from = at;
        if (byte === CR) cr = true;
        else if (byte === SPACE || byte === TAB) space = true;
        else {
          at = endOfRun(bytes, at);
          follow(bytes.subarray(from, at));
          continue;
        }
        at += 1;
      }
    },
    end() {
      if (cr) follow(LONE_CR);
      if (some) pass.add(CRLF);
      pass.flush();
    },
  };
}

/** Where what stays as it is ends: a single space between two words is part of it. */
function endOfRun(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === CR || byte === TAB) return at;
    if (byte !== SPACE) continue;
    const next = bytes[at + 1];
    if (next === undefined || next === SPACE || next === TAB || next === CR) return at;
  }
  return bytes.length;
}

/** Fewer and bigger pieces: a hash takes longer to be called than to read a line. */
function gathered(out: (bytes: Uint8Array) => void): {
  add(bytes: Uint8Array): void;
  flush(): void;
} {
  const room = Buffer.allocUnsafe(ROOM);
  let used = 0;
  const flush = (): void => {
    if (used > 0) out(room.subarray(0, used));
    used = 0;
  };
  return {
    flush,
    add(bytes) {
      if (used + bytes.length > ROOM) flush();
      if (bytes.length > ROOM) return out(bytes);
      room.set(bytes, used);
      used += bytes.length;
    },
  };
}
