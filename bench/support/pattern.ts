/** Octets that both ends of a bulk transfer know beforehand: each one is compared, which costs less than a digest. */
import { createHash } from 'node:crypto';

/** A prime, so that a piece at the wrong place cannot look right: nothing is a multiple of it. */
const LENGTH = 1_000_003;
const PIECE = 65_536;

const pattern = createHash('shake256', { outputLength: LENGTH }).update('waxwing').digest();

/** @returns the octets from there on, as many of at most `most` as there are in one piece. */
export function patternAt(offset: number, most: number): Buffer {
  const start = offset % LENGTH;
  return pattern.subarray(start, Math.min(start + PIECE, start + most, LENGTH));
}

/** @throws where they are not what stands there. */
export function comparePattern(offset: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const expected = patternAt(offset + at, bytes.length - at);
    if (expected.compare(bytes, at, at + expected.length) !== 0)
      throw new Error(`other octets came than were sent, after ${offset + at}`);
    at += expected.length;
  }
}
