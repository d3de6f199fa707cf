/** Records conversations with a resolver that runs, over TCP: each question is asked once, with DO and CD. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TrustAnchor } from '../../../src/dns/anchors.ts';
import { encodeQuery } from '../../../src/dns/encode.ts';
import { decodeMessage, type Message } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import type { Question, ResourceRecord } from '../../../src/dns/record.ts';
import { type Conversation, keyOf, record } from './conversation.ts';
import { coveredType, isRrsig, readRrsig } from './rrsig.ts';

export interface Recorder {
  readonly record: (question: Question) => Promise<Conversation>;
  /** What was answered to a question that was asked already. */
  readonly known: (question: Question) => Message | undefined;
  readonly close: () => void;
}

class Unasked extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super('not asked yet');
    this.question = question;
  }
}

/** @param now seconds since 1970. */
export async function openRecorder(
  resolver: { readonly address: string; readonly port: number },
  anchors: readonly TrustAnchor[],
  now: number,
): Promise<Recorder> {
  const socket = connect(resolver.port, resolver.address);
  await once(socket, 'connect');
  const answers = new Map<string, Message>();
  const known = (question: Question): Message | undefined => answers.get(keyOf(question));
  return {
    known,
    close: () => socket.destroy(),
    async record(question) {
      const frame = { from: `${showName(question.name)} ${question.type}`, question, anchors, now };
      // A look-up runs again from its beginning with each answer that it lacked.
      for (;;) {
        try {
          return record(frame, (one) => {
            const answer = known(one);
            if (answer === undefined) throw new Unasked(one);
            return answer;
          });
        } catch (error) {
          if (!(error instanceof Unasked)) throw error;
          answers.set(keyOf(error.question), await ask(socket, error.question));
        }
      }
    },
  };
}

async function ask(socket: Socket, question: Question): Promise<Message> {
  const flags = { recursionDesired: true, checkingDisabled: true, authenticData: false };
  const edns = { udpSize: 1232, dnssecOk: true, cookie: undefined };
  const query = encodeQuery({ id: 4242, question, ...flags, edns });
  socket.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length & 0xff), query]));
  let octets = Buffer.alloc(0);
  while (octets.length < 2 || octets.length < 2 + octets.readUInt16BE(0)) {
    const [chunk] = await once(socket, 'data');
    octets = Buffer.concat([octets, chunk]);
  }
  const decoded = decodeMessage(octets.subarray(2));
  if (decoded.kind !== 'ok') throw new Error(`${showName(question.name)}: ${decoded.because}`);
  return fresh(decoded.message);
}

/** As it was when the resolver had just got it: the TTL that a signature names is what a liar can always raise it to. */
function fresh(message: Message): Message {
  const all = [...message.answers, ...message.authority];
  const original = (one: ResourceRecord): ResourceRecord => {
    const signature = all.find(
      (other) => isRrsig(other) && other.name === one.name && coveredType(other) === coveredType(one),
    );
    return signature === undefined ? one : { ...one, ttl: readRrsig(signature.data).originalTtl };
  };
  return { ...message, answers: message.answers.map(original), authority: message.authority.map(original) };
}
