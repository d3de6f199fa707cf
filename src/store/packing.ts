/**
 * Calls and answers as one text and one piece of memory, for the way between two threads.
 *
 * Measured: structured cloning of the calls costs both threads more than twice as much as JSON does, and moving one
 * piece of memory for a whole batch a third of moving one for each message.
 */
import type { Answer, Answered, Call, PreparedMessage, PreparedSettle } from './calls.ts';
import type { StoredBody } from './queue-store.ts';

export interface Packed {
  readonly text: string;
  /** All contents, one behind the other; it moves to the other thread. */
  readonly contents: ArrayBuffer;
}

/** Where a content lies in {@link Packed.contents}. */
interface PackedBytes {
  readonly kind: 'packed';
  readonly from: number;
  readonly to: number;
}

type PackedBody = PackedBytes | Extract<StoredBody, { kind: 'file' }>;
type PackedMessage = Omit<PreparedMessage, 'body' | 'copies'> & {
  readonly body: PackedBody;
  readonly copies?: readonly PackedMessage[];
};
type PackedCall =
  | Exclude<Call, { name: 'accept' | 'settle' }>
  | { readonly name: 'accept'; readonly argument: PackedMessage }
  | {
      readonly name: 'settle';
      readonly argument: Omit<PreparedSettle, 'messages'> & { readonly messages: readonly PackedMessage[] };
    };
type PackedAnswer =
  | Exclude<Answer, { kind: 'done' }>
  | { readonly kind: 'done'; readonly value: Exclude<Answered, StoredBody> | PackedBody };

/** The contents are copied: the caller may be about to deliver them, and its memory may hold much more. */
export function packCalls(calls: readonly Call[]): Packed {
  const contents = packer();
  const packMessage = ({ copies, ...message }: PreparedMessage): PackedMessage => {
    const packed = { ...message, body: contents.add(message.body) };
    return copies === undefined ? packed : { ...packed, copies: copies.map(packMessage) };
  };
  const packed = calls.map((call): PackedCall => {
    if (call.name === 'accept') return { name: 'accept', argument: packMessage(call.argument) };
    if (call.name !== 'settle') return call;
    return {
      name: 'settle',
      argument: { ...call.argument, messages: call.argument.messages.map(packMessage) },
    };
  });
  return { text: JSON.stringify(packed), contents: contents.together() };
}

export function unpackCalls({ text, contents }: Packed): readonly Call[] {
  const calls: readonly PackedCall[] = JSON.parse(text);
  const unpackMessage = ({ copies, ...message }: PackedMessage): PreparedMessage => {
    const unpacked = { ...message, body: unpackBody(message.body, contents) };
    return copies === undefined ? unpacked : { ...unpacked, copies: copies.map(unpackMessage) };
  };
  return calls.map((call): Call => {
    if (call.name === 'accept') return { name: 'accept', argument: unpackMessage(call.argument) };
    if (call.name !== 'settle') return call;
    return {
      name: 'settle',
      argument: { ...call.argument, messages: call.argument.messages.map(unpackMessage) },
    };
  });
}

export function packAnswers(answers: readonly Answer[]): Packed {
  const contents = packer();
  const packed = answers.map((answer): PackedAnswer => {
    if (answer.kind === 'failed') return answer;
    const { value } = answer;
    return { kind: 'done', value: isBody(value) ? contents.add(value) : value };
  });
  return { text: JSON.stringify(packed), contents: contents.together() };
}

export function unpackAnswers({ text, contents }: Packed): readonly Answer[] {
  const answers: readonly PackedAnswer[] = JSON.parse(text);
  return answers.map((answer): Answer => {
    if (answer.kind === 'failed') return answer;
    const { value } = answer;
    return { kind: 'done', value: isPacked(value) ? unpackBody(value, contents) : value };
  });
}

function isBody(value: Answered): value is StoredBody {
  return typeof value === 'object' && 'kind' in value;
}

function isPacked(value: Exclude<PackedAnswer, { kind: 'failed' }>['value']): value is PackedBody {
  return typeof value === 'object' && 'kind' in value;
}

function unpackBody(body: PackedBody, contents: ArrayBuffer): StoredBody {
  if (body.kind === 'file') return body;
  return { kind: 'bytes', bytes: new Uint8Array(contents, body.from, body.to - body.from) };
}

function packer(): { add(body: StoredBody): PackedBody; together(): ArrayBuffer } {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    add(body) {
      if (body.kind === 'file') return body;
      const from = size;
      size += body.bytes.length;
      pieces.push(body.bytes);
      return { kind: 'packed', from, to: size };
    },
    together() {
      const all = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      return all.buffer;
    },
  };
}
