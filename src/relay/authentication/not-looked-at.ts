/** What of a message mailauth is not given, as it would stand still over it: costly signatures and fields of ARC. */
import { fieldsNamed, type HeaderField } from '../../mail/headers.ts';
import type { Judged } from './evaluate.ts';

/**
 * RFC 6376 §6.1: a verifier may limit the number of signatures that it tries. Each with an `l=` of its own has the whole
 * body hashed once more.
 */
const MOST_SIGNATURES = 10;

/** Octets of a field of DKIM or ARC; real ones have a tenth. Reading 50 KiB of tags takes mailauth a third of a second. */
const LONGEST_FIELD = 8 * 1024;

/** Names that it may list, times the fields of the message: for each name that is not there all of them are gone through. */
const MOST_COMPARED = 200_000;

/** Octets of a line: mailauth begins a longer one anew with each piece that it is given, so that 20 MB take it a quarter of a minute. */
const LONGEST_LINE = 64 * 1024;

const COLON = 0x3a;

export interface NotLookedAt {
  /** Signatures. */
  readonly surplus: number;
  readonly leftOut: readonly HeaderField[];
}

export function notLookedAt({ head, section, longestLine }: Judged): NotLookedAt {
  const isHashed = longestLine <= LONGEST_LINE;
  const isCostly = ({ start, end }: HeaderField): boolean =>
    end - start > LONGEST_FIELD ||
    colonsIn(head.subarray(start, end)) * section.fields.length > MOST_COMPARED;
  const signatures = fieldsNamed(section, 'dkim-signature');
  const few = new Set(signatures.filter((field) => isHashed && !isCostly(field)).slice(0, MOST_SIGNATURES));
  const surplus = signatures.filter((field) => !few.has(field));
  // A chain that lacks a field is broken, as it should be.
  const costlyOfArc = section.fields.filter(
    (field) =>
      /^arc-/i.test(field.name) && (isCostly(field) || (!isHashed && /^arc-message-/i.test(field.name))),
  );
  const leftOut = [...surplus, ...costlyOfArc].toSorted((a, b) => a.start - b.start);
  return { surplus: surplus.length, leftOut };
}

/** At least as many as it lists names. */
function colonsIn(field: Uint8Array): number {
  let colons = 0;
  for (const octet of field) if (octet === COLON) colons += 1;
  return colons;
}
