/** One question to one resolver by a carrier: TCP, TLS or HTTPS. */
import { decodeMessage, type Message } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import type { Carrier, Delivered, Parcel } from './carrier.ts';
import type { Habits } from './habits.ts';
import { buildQuery, fitOf, hasLetters, type Manner, type Query, type Wishes } from './query.ts';
import { aged } from './ttl.ts';

/** What asking one resolver came to. */
export type Exchanged =
  /**
   * `way`: how the answer came, e.g. `UDP`. `octets`: the answer unread, which takes a fraction of its memory.
   * `ageSeconds`: for which it had been kept by somebody else when it came.
   */
  | {
      readonly kind: 'message';
      readonly message: Message;
      readonly way: string;
      readonly octets: Uint8Array;
      readonly ageSeconds: number;
    }
  /** `because`: to be read behind the name of the resolver. */
  | { readonly kind: 'failed'; readonly because: string };

/** One question under way at one resolver. */
export interface Exchange {
  /** Why there is no answer yet, in the form of `because`. */
  soFar(): string;
  drop(): void;
}

export interface CarriedParts {
  readonly carrier: Carrier;
  readonly way: 'TCP' | 'TLS' | 'HTTPS';
  readonly habits: Habits;
  readonly wishes: () => Wishes;
}

const FORMERR = 1;
const NOTIMP = 4;

/** RFC 6891 §7: who does not know EDNS answers so, and without OPT. */
export function refusesEdns({ rcode, edns }: Message): boolean {
  return (rcode === FORMERR || rcode === NOTIMP) && edns === undefined;
}

/** @param settle called once, and not before this has returned. */
export function askByCarrier(
  parts: CarriedParts,
  question: Question,
  settle: (exchanged: Exchanged) => void,
): Exchange {
  const { carrier, way, habits, wishes } = parts;
  let parcel: Parcel | undefined;
  let over = false;
  const end = (exchanged: Exchanged): void => {
    if (over) return;
    over = true;
    settle(exchanged);
  };
  const send = (): void => {
    const manner = mannerOf(parts);
    const query = buildQuery(question, wishes(), manner);
    parcel = carrier.send(query, (delivered) => {
      const read = readDelivered(parts, question, { query, manner }, delivered);
      if (read.kind === 'message' && manner.edns && refusesEdns(read.message)) {
        habits.refusesEdns();
        send();
      } else end(read);
    });
    if (parcel === undefined) {
      queueMicrotask(() => end({ kind: 'failed', because: `too many questions wait for it (${way})` }));
    }
  };
  send();
  return {
    soFar: () => (parcel?.waitsFor === 'an answer' ? `no answer by ${way}` : `no connection by ${way}`),
    drop() {
      over = true;
      parcel?.forget();
    },
  };
}

/** Inside TLS nobody forges answers; by TCP it is of use to learn how the resolver answers to what UDP needs. */
function mannerOf({ way, habits }: CarriedParts): Manner {
  return way === 'TCP' ? habits.manner() : { edns: habits.edns, cookie: undefined, spelling: undefined };
}

function readDelivered(
  { way, habits }: CarriedParts,
  question: Question,
  { query, manner }: { readonly query: Query; readonly manner: Manner },
  delivered: Delivered,
): Exchanged {
  if (delivered.kind === 'failed') return { kind: 'failed', because: `${delivered.because} (${way})` };
  const decoded = decodeMessage(delivered.message);
  if (decoded.kind === 'malformed')
    return { kind: 'failed', because: `its answer is malformed: ${decoded.because} (${way})` };
  const { message } = decoded;
  const fit = fitOf(query, delivered.message);
  if (fit === 'other' || (fit === 'no-question' && message.rcode !== FORMERR)) {
    return { kind: 'failed', because: `it answered another question (${way})` };
  }
  if (manner.spelling !== undefined && fit !== 'no-question' && hasLetters(question)) {
    habits.repeatedOverTcp(fit === 'same');
  }
  if (manner.edns && manner.cookie !== undefined) {
    const verdict = habits.cookies.judge(manner.cookie, message.edns?.cookie, 'tcp');
    if (verdict === 'forged')
      return { kind: 'failed', because: `its answer has a cookie that is not ours (${way})` };
  }
  if (message.truncated)
    return { kind: 'failed', because: `its answer is cut off although it came by ${way}` };
  const { ageSeconds, message: octets } = delivered;
  return { kind: 'message', message: aged(message, ageSeconds), way, octets, ageSeconds };
}
