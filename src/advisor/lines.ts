/** Requests of one line each. */
import type { RequestReader } from './dialect.ts';

const LF = 0x0a;
const CR = 0x0d;

/** @param most octets of one line, its end not counted. A CR before the LF belongs to the end. */
export function requestLineReader(most: number): RequestReader {
  let buffered: Buffer = Buffer.alloc(0);
  let at = 0;
  /** Up to here there is no end of a line. */
  let looked = 0;
  return {
    feed(octets) {
      buffered = at === buffered.length ? octets : Buffer.concat([buffered.subarray(at), octets]);
      looked -= at;
      if (looked < 0) looked = 0;
      at = 0;
    },
    next() {
      const end = buffered.indexOf(LF, Math.max(at, looked));
      if ((end === -1 ? buffered.length : end) - at > most + 1)
        return { because: `a request has more than ${most} octets` };
      if (end === -1) {
        looked = buffered.length;
        return undefined;
      }
      const text = buffered.toString('latin1', at, end > at && buffered[end - 1] === CR ? end - 1 : end);
      at = end + 1;
      looked = at;
      return text;
    },
    get midway() {
      return at < buffered.length;
    },
  };
}
