/**
 * Whether a list that is offered takes the place of the one that is kept.
 *
 * Whoever is on the path, or has the server that offers it, can keep a new list away for as long as the old one lasts; he can
 * neither write one, nor bring an earlier one back.
 */
import { createHash } from 'node:crypto';
import { formatMoment } from '../../names/calendar.ts';
import type { EpochMs } from '../words.ts';
import { MAX_LIST_OCTETS, type PolicyList, parsePolicyList } from './policy-list.ts';
import { type ListKey, parseSignatures, signersOf } from './signature.ts';

/** As it came: nothing of it is believed. */
export interface OfferedList {
  readonly list: Uint8Array;
  /** The text beside it. */
  readonly signature: Uint8Array;
}

/** The newest list that a key has signed, of those that were accepted: also where its time is over. */
export interface Signing {
  /** The id of the key. */
  readonly key: string;
  readonly timestamp: EpochMs;
  /** SHA-256 of its octets, hexadecimal. */
  readonly digest: string;
}

/**
 * Why a list is refused.
 *
 * `size`: too large to be looked at. `signature`: not signed as a whole by one of the keys; a file that was half written is
 * not. `form`: signed, and not in the form of a list. `expired`: its time is over. `future`: made later than now. `rollback`:
 * older than one that was accepted. `conflict`: as old as that, and another.
 */
export type ListFault = 'size' | 'signature' | 'form' | 'expired' | 'future' | 'rollback' | 'conflict';

interface RefusedList {
  readonly kind: 'refused';
  readonly fault: ListFault;
  /** One sentence. */
  readonly because: string;
}

/** A list that may be used. */
export interface AcceptedList {
  readonly list: PolicyList;
  readonly digest: string;
  /** Ids of all keys that have signed it, of those that are known. */
  readonly signers: readonly string[];
}

export type JudgedList = ({ readonly kind: 'accepted' } & AcceptedList) | RefusedList;

/** A clock may be wrong by this much before a list seems to come from the future. */
const AHEAD_MS = 24 * 60 * 60_000;

/**
 * Judges an offered list: its size first, then its signature over the octets, and only then what it says.
 *
 * @param keys those that the operator trusts.
 * @param signings what these have signed so far.
 */
export function judgeList(
  { list: octets, signature }: OfferedList,
  keys: readonly ListKey[],
  signings: readonly Signing[],
  now: EpochMs,
): JudgedList {
  if (octets.length > MAX_LIST_OCTETS)
    return refused('size', `it has ${octets.length} octets, the limit is ${MAX_LIST_OCTETS}`);
  const signatures = parseSignatures(Buffer.from(signature).toString('latin1'));
  if (signatures.kind === 'invalid') return refused('signature', signatures.because);
  const signers = signersOf(octets, signatures.value, keys);
  if (signers.length === 0) {
    const known = signatures.value.some(({ key }) => keys.some(({ id }) => id === key));
    return refused('signature', known ? UNFIT : STRANGE);
  }
  const parsed = parsePolicyList(octets);
  if (parsed.kind === 'invalid') return refused('form', parsed.because);
  const { timestamp, expires } = parsed.value;
  if (expires <= now) return refused('expired', `it expired at ${moment(expires)}`);
  if (timestamp > now + AHEAD_MS)
    return refused('future', `it was made at ${moment(timestamp)}, which is more than a day ahead`);
  const digest = createHash('sha256').update(octets).digest('hex');
  const newest = newestOf(keys, signings);
  if (newest !== undefined && timestamp < newest.timestamp) {
    const before = `one of ${moment(newest.timestamp)} was accepted before`;
    return refused('rollback', `it was made at ${moment(timestamp)}, and ${before}`);
  }
  if (newest !== undefined && timestamp === newest.timestamp && digest !== newest.digest)
    return refused(
      'conflict',
      `another list of the same time, ${moment(timestamp)}, was accepted before: a new one takes a later timestamp`,
    );
  return { kind: 'accepted', list: parsed.value, digest, signers };
}

const UNFIT =
  'the signature is not one of these octets: list and signature do not belong together, or one of them is not whole';
const STRANGE = 'none of the keys in list.keys has signed it';

/** Keys that are trusted no more say nothing, also about what is too old: else who has stolen one could shut out all others. */
function newestOf(keys: readonly ListKey[], signings: readonly Signing[]): Signing | undefined {
  const trusted = signings.filter(({ key }) => keys.some(({ id }) => id === key));
  return trusted.toSorted((a, b) => b.timestamp - a.timestamp)[0];
}

function moment(at: EpochMs): string {
  return formatMoment(Math.floor(at / 1000));
}

function refused(fault: ListFault, because: string): RefusedList {
  return { kind: 'refused', fault, because };
}
