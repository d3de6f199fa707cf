/**
 * The three fields with which a forwarder vouches for what it found out about a message.
 *
 * RFC 8617 §4.1 (the fields), §5.1 (sealing), §5.1.1 (what a seal covers).
 */
import { type SignatureOf, type SignedHeader, type Unsigned, unsignedField } from './dkim.ts';
import { relaxedField } from './dkim-canonical.ts';
import { fieldsNamed, type HeaderSection, unfoldedValue } from './headers.ts';

/** RFC 8617 §4.2.1: "The maximum number of ARC Sets that can be attached to a message is 50". */
export const MOST_SETS = 50;

/** What a new seal follows: the sets of a chain that was found good, or nothing. */
export interface Chain {
  readonly instance: number;
  /** Its fields in relaxed form in the order in which seals cover them, each with its CRLF. One character per octet. */
  readonly text: string;
}

export const noChain: Chain = { instance: 0, text: '' };

const RESULTS = 'arc-authentication-results';
const SIGNATURE = 'arc-message-signature';
const SEAL = 'arc-seal';

/** @returns undefined where the sets are not complete: such a chain is not continued. */
export function readChain(message: Uint8Array, section: HeaderSection, instance: number): Chain | undefined {
  const byPlace = new Map<string, string>();
  for (const name of [RESULTS, SIGNATURE, SEAL]) {
    for (const field of fieldsNamed(section, name)) {
      const place = `${instanceOf(unfoldedValue(message, field))} ${name}`;
      if (byPlace.has(place)) return undefined;
      byPlace.set(
        place,
        `${relaxedField(name, latin1(message.subarray(field.valueStart, field.end - 2)))}\r\n`,
      );
    }
  }
  const wanted = Array.from({ length: instance }, (_, index) =>
    [RESULTS, SIGNATURE, SEAL].map((name) => byPlace.get(`${index + 1} ${name}`)),
  ).flat();
  const fields = wanted.filter((field) => field !== undefined);
  if (fields.length !== wanted.length || byPlace.size !== wanted.length) return undefined;
  return { instance, text: fields.join('') };
}

/** The tag i=, which is the first one of results and may stand anywhere in the others. */
function instanceOf(value: string): string {
  return (
    /(?:^|;)[ \t]*i[ \t]*=[ \t]*([0-9]{1,2})[ \t]*(?:;|$)/.exec(value)?.[1]?.replace(/^0(?=.)/, '') ?? ''
  );
}

/** @param results as RFC 8601 has them, from the name of who found them out on, folded. */
export function arcResults({ instance }: Chain, results: string): string {
  return `ARC-Authentication-Results: i=${instance + 1}; ${results}\r\n`;
}

/** The message signature without its value. @param at milliseconds since 1970. */
export function unsignedMessage(
  key: SignatureOf,
  { instance }: Chain,
  header: SignedHeader,
  bodyHash: string,
  at: number,
): Unsigned {
  const field = { name: 'ARC-Message-Signature', first: `i=${instance + 1}` };
  return unsignedField(key, header, bodyHash, at, field);
}

/**
 * The seal without its value.
 *
 * @param results and message: the other two fields of this set, each with its CRLF.
 */
export function unsignedSeal(
  { domain, selector, algorithm }: SignatureOf,
  chain: Chain,
  { results, message }: { readonly results: string; readonly message: string },
  at: number,
): Unsigned {
  const cv = chain.instance === 0 ? 'none' : 'pass';
  const value = [
    ` i=${chain.instance + 1}; a=${algorithm}; t=${Math.floor(at / 1_000)}; cv=${cv};`,
    ` d=${domain}; s=${selector};`,
    ' b=',
  ].join('\r\n');
  const own = [results, message].map((field) => {
    const colon = field.indexOf(':');
    return `${relaxedField(field.slice(0, colon), field.slice(colon + 1, -2))}\r\n`;
  });
  return { field: `ARC-Seal:${value}`, data: chain.text + own.join('') + relaxedField(SEAL, value) };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
