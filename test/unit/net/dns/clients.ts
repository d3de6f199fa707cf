/** Resolvers that answer when the test says so. */
import { randomBytes } from 'node:crypto';
import { encodeMessage } from '../../../../src/dns/encode.ts';
import type { Message } from '../../../../src/dns/message.ts';
import type { ExtendedError, Question, ResourceRecord } from '../../../../src/dns/record.ts';
import type { Exchanged } from '../../../../src/net/dns/carried.ts';
import type { Client } from '../../../../src/net/dns/client.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import { newHabits } from '../../../../src/net/dns/habits.ts';
import type { Wishes } from '../../../../src/net/dns/query.ts';
import { newStanding } from '../../../../src/net/dns/standing.ts';

/** One question at a resolver. */
export interface Put {
  readonly question: Question;
  readonly wishes: Wishes;
  readonly answer: (said: Said) => void;
  readonly fail: (because: string) => void;
  dropped: boolean;
}

export interface FakeClient extends Client {
  readonly put: Put[];
  /** What its answers came in, each within something larger. */
  readonly brought: readonly Uint8Array[];
  /** Answers each question at once, after it was asked. */
  always: ((put: Put) => void) | undefined;
}

export interface Said {
  readonly rcode?: number;
  readonly answers?: readonly ResourceRecord[];
  readonly authority?: readonly ResourceRecord[];
  readonly ad?: boolean;
  readonly errors?: readonly ExtendedError[];
}

export function messageOf({
  rcode = 0,
  answers = [],
  authority = [],
  ad = false,
  errors = [],
}: Said): Message {
  return {
    id: 0,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    authenticated: ad,
    rcode,
    question: undefined,
    answers,
    authority,
    additional: [],
    edns: { udpSize: 1232, dnssecOk: true, cookie: undefined, errors },
  };
}

export function fakeClient(name: string, now: () => number = () => performance.now()): FakeClient {
  const entropy = entropyFrom(randomBytes);
  const put: Put[] = [];
  const brought: Uint8Array[] = [];
  const client: FakeClient = {
    name,
    put,
    brought,
    always: undefined,
    habits: newHabits(entropy, now),
    standing: newStanding(now),
    ask(question, wishes, _withinMs, settle) {
      const tell = (exchanged: Exchanged): void => {
        if (!one.dropped) settle(exchanged);
      };
      const one: Put = {
        question,
        wishes: wishes(),
        answer: (said) => {
          client.standing.answered(1);
          const message = messageOf(said);
          const octets = within(encodeMessage(message), brought);
          tell({ kind: 'message', message, way: 'UDP', octets, ageSeconds: 0 });
        },
        fail: (because) => tell({ kind: 'failed', because }),
        dropped: false,
      };
      put.push(one);
      queueMicrotask(() => client.always?.(one));
      return {
        soFar: () => 'did not answer within 2 s (UDP, 3 tries)',
        drop: () => {
          one.dropped = true;
        },
      };
    },
    close: () => Promise.resolve(),
  };
  return client;
}

/** The octets as a stream brings them: in the middle of more, which is noted. */
function within(octets: Uint8Array, brought: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(octets.length + 1_000);
  whole.set(octets, 500);
  brought.push(whole);
  return whole.subarray(500, 500 + octets.length);
}
