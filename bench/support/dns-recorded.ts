/** Answers of a resolver held in memory, and validation over them on one thread: no sockets, no pool, no waiting. */
import { verify as verifyNow } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TrustAnchor } from '../../src/dns/anchors.ts';
import type { Answer } from '../../src/dns/answer.ts';
import { type Verifier, verifierOf } from '../../src/dns/dnssec/signature.ts';
import { validated } from '../../src/dns/dnssec/validate.ts';
import { encodeQuery } from '../../src/dns/encode.ts';
import type { Asked, SignatureCheck } from '../../src/dns/look-ups.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { showName } from '../../src/dns/name.ts';
import type { Question } from '../../src/dns/record.ts';
import { Driver } from '../../src/net/dns/driver.ts';
import type { Endpoint } from '../../test/lab/net.ts';

/** Validates what was recorded. */
interface Validator {
  /** @throws where something is asked that was not recorded. */
  readonly validate: (question: Question) => Answer;
  /** Signatures checked, and questions asked, so far. */
  readonly counts: { checks: number; asked: number };
}

export interface Recordings {
  /** Asks all that is needed for these questions, each once, and holds the octets of the answers. */
  readonly record: (questions: readonly Question[]) => Promise<void>;
  /** One that knows nothing yet: neither zones nor keys. What it learns of zones it keeps, of answers nothing. */
  readonly validator: () => Validator;
}

/** @param resolver one that hands records of DNSSEC on. */
export function recordingsOf(resolver: Endpoint, anchors: readonly TrustAnchor[]): Recordings {
  const octets = new Map<string, Uint8Array>();
  const now = Date.now();
  const terms = { now: Math.floor(now / 1000), anchors, sha1: true };
  const clock = (): number => now;
  const known = (question: Question): Asked | undefined => {
    const message = octets.get(keyOf(question));
    return message === undefined ? undefined : read(message, question);
  };
  return {
    async record(questions) {
      const driver = new Driver({
        clock,
        verify: verifying(),
        ask(question, done, lost) {
          const answer = known(question);
          if (answer !== undefined) return answer;
          askOnce(resolver, question, true)
            .then((message) => {
              octets.set(keyOf(question), message);
              done(read(message, question));
            })
            .catch((error: unknown) => lost(error instanceof Error ? error : new Error(String(error))));
          return undefined;
        },
      });
      for (const question of questions) {
        await new Promise<Answer>((done, failed) => {
          driver.start(validated(question, terms), { done, failed });
        });
      }
    },
    validator() {
      const counts = { checks: 0, asked: 0 };
      const verify = verifying();
      const driver = new Driver({
        clock,
        verify(check) {
          counts.checks += 1;
          return verify(check);
        },
        ask(question) {
          counts.asked += 1;
          const answer = known(question);
          if (answer === undefined) throw new Error(`${keyOf(question)} was not recorded`);
          return answer;
        },
      });
      return {
        counts,
        validate(question) {
          let answer: Answer | undefined;
          driver.start(validated(question, terms), {
            done: (outcome) => {
              answer = outcome;
            },
            failed: (error) => {
              throw error;
            },
          });
          if (answer === undefined) throw new Error(`${keyOf(question)} is not answered at once`);
          return answer;
        },
      };
    },
  };
}

function keyOf({ name, type }: Question): string {
  return `${showName(name)} ${type}`;
}

function read(octets: Uint8Array, question: Question): Asked {
  const decoded = decodeMessage(octets);
  if (decoded.kind !== 'ok') throw new Error(`${keyOf(question)}: ${decoded.because}`);
  return { kind: 'message', message: decoded.message, from: 'memory' };
}

/** On this thread, each key made once. */
function verifying(): (check: SignatureCheck) => boolean {
  const keys = new Map<string, Verifier | undefined>();
  return ({ algorithm, publicKey, data, signature }) => {
    const name = `${algorithm} ${Buffer.from(publicKey).toString('latin1')}`;
    if (!keys.has(name)) keys.set(name, verifierOf(algorithm, publicKey));
    const verifier = keys.get(name);
    if (verifier === undefined || signature.length !== verifier.signatureOctets) return false;
    return verifyNow(verifier.hash, data, verifier.key, signature);
  };
}

/** Asks by TCP, where nothing is cut, with DO. @param checkingDisabled CD: the answer is wanted without a look at it. */
export async function askOnce(
  { address, port }: Endpoint,
  question: Question,
  checkingDisabled: boolean,
): Promise<Uint8Array> {
  const query = encodeQuery({
    id: 4242,
    question,
    recursionDesired: true,
    checkingDisabled,
    authenticData: false,
    edns: { udpSize: 1232, dnssecOk: true, cookie: undefined },
  });
  const socket = connect(port, address);
  try {
    await once(socket, 'connect');
    socket.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length & 0xff), query]));
    let octets = Buffer.alloc(0);
    while (octets.length < 2 || octets.length < 2 + octets.readUInt16BE(0)) {
      const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) });
      octets = Buffer.concat([octets, chunk]);
    }
    return new Uint8Array(octets.subarray(2));
  } finally {
    socket.destroy();
  }
}

const PATIENCE_MS = 30_000;
