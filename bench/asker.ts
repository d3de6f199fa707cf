/**
 * Asks a socketmap server and looks at every answer; lean, and the same whoever answers. Run by advisor.ts in a process of its own.
 *
 * It shares no code with the server that it measures. Its first line is its process number, once it is connected; a line on stdin
 * starts it, and its second line says what came of it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Task {
  readonly address: string;
  readonly port: number;
  readonly keys: Keys;
  readonly connections: number;
  /** Requests that are out at once on each connection. */
  readonly inFlight: number;
  /** `each`: every key once; else so many keys by chance, the same ones each time. */
  readonly lookUps: number | 'each';
  /** Whether every key is asked once before the clock starts. */
  readonly warm: boolean;
}

/** Keys and their answers; `#` stands for the number of the key. */
export interface Keys {
  readonly count: number;
  readonly key: string;
  readonly answer: string;
}

export interface Taken {
  readonly perSecond: number;
  /** From the request to its answer, µs. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that are not what they have to be, those before the clock starts included. */
  readonly wrong: number;
  /** The first of them. */
  readonly example: string | null;
  /** CPU time of this process for a look-up, µs. */
  readonly cpuUs: number;
}

/** A request and its answer. */
interface Exchange {
  readonly request: Buffer;
  readonly answer: Buffer;
}

interface Connection {
  readonly socket: Socket;
  onOctets: (octets: Buffer) => void;
}

const BUFFER_OCTETS = 65_536;
const SEED = 0x9e3779b9;

const task: Task = JSON.parse(process.env['ASK'] ?? '');
const made = new Map<number, Exchange>();
let wrong = 0;
let example: string | null = null;

const every = Array.from({ length: task.keys.count }, (_, index) => index);
const timed = (task.lookUps === 'each' ? every : byChance(task.lookUps)).map(exchange);
const untimed = task.warm ? every.map(exchange) : [];
const connections = await Promise.all(Array.from({ length: task.connections }, open));
process.stdout.write(`${process.pid}\n`);
await once(process.stdin, 'data');
await ask(untimed);
const before = process.cpuUsage();
const began = performance.now();
const waits = (await ask(timed)).toSorted();
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(before);
const taken: Taken = {
  perSecond: timed.length / seconds,
  p50: (waits[Math.floor(waits.length / 2)] ?? Number.NaN) * 1000,
  p99: (waits[Math.floor(waits.length * 0.99)] ?? Number.NaN) * 1000,
  wrong,
  example,
  cpuUs: (user + system) / timed.length,
};
process.stdout.write(`${JSON.stringify(taken)}\n`, () => process.exit());

/** @returns how long each has waited, ms. */
async function ask(list: readonly Exchange[]): Promise<Float64Array> {
  const took = new Float64Array(list.length);
  const sentAt = new Float64Array(list.length);
  const { promise, resolve } = Promise.withResolvers<void>();
  let next = 0;
  let answered = 0;
  for (const connection of connections) {
    /** Where in the list the requests are whose answers are out, the oldest first. */
    const out: number[] = [];
    const send = (most: number): void => {
      const requests: Buffer[] = [];
      const now = performance.now();
      while (requests.length < most) {
        const one = list[next];
        if (one === undefined) break;
        sentAt[next] = now;
        out.push(next++);
        requests.push(one.request);
      }
      const [first] = requests;
      if (first === undefined) return;
      connection.socket.write(requests.length === 1 ? first : Buffer.concat(requests));
    };
    let rest: Buffer = Buffer.alloc(0);
    connection.onOctets = (octets) => {
      const now = performance.now();
      const unread = rest.length === 0 ? octets : Buffer.concat([rest, octets]);
      let at = 0;
      let done = 0;
      for (;;) {
        const position = out[0];
        const end = position === undefined ? undefined : answerEnd(unread, at, list[position]?.answer);
        if (position === undefined || end === undefined) break;
        took[position] = now - (sentAt[position] ?? 0);
        out.shift();
        at = end;
        done += 1;
      }
      // What is read next stands in the same place.
      rest = Buffer.from(unread.subarray(at));
      answered += done;
      if (answered === list.length) resolve();
      else send(done);
    };
    send(task.inFlight);
  }
  if (list.length > 0) await promise;
  return took;
}

/** @returns where the answer ends; undefined where it is not all there. */
function answerEnd(octets: Buffer, at: number, answer: Buffer | undefined): number | undefined {
  const expected = answer?.length ?? 0;
  if (answer !== undefined && octets.length >= at + expected) {
    if (octets.compare(answer, 0, expected, at, at + expected) === 0) return at + expected;
  }
  const [head = '', digits = ''] = /^(\d{1,6}):/.exec(octets.toString('latin1', at, at + 7)) ?? [];
  if (head === '') {
    if (octets.length - at < 7) return undefined;
    throw new Error('no netstring has come');
  }
  const end = at + head.length + Number(digits) + 1;
  if (octets.length < end) return undefined;
  wrong += 1;
  example ??= `${octets.toString('latin1', at, end)} in place of ${answer?.toString('latin1')}`;
  return end;
}

async function open(): Promise<Connection> {
  const { address: host, port } = task;
  const onread = {
    buffer: Buffer.alloc(BUFFER_OCTETS),
    callback(octets: number, buffer: Uint8Array): boolean {
      connection.onOctets(Buffer.from(buffer.buffer, buffer.byteOffset, octets));
      return true;
    },
  };
  const socket = connect({ host, port, noDelay: true, onread });
  const connection: Connection = { socket, onOctets: () => undefined };
  await once(socket, 'connect');
  socket.once('close', () => {
    throw new Error('the server has closed a connection');
  });
  return connection;
}

function exchange(index: number): Exchange {
  const { key, answer } = task.keys;
  const known = made.get(index) ?? {
    request: netstring(`postfix ${key.replaceAll('#', String(index))}`),
    answer: netstring(answer.replaceAll('#', String(index))),
  };
  made.set(index, known);
  return known;
}

function netstring(text: string): Buffer {
  return Buffer.from(`${text.length}:${text},`, 'latin1');
}

/** By a generator of Marsaglia (xorshift32): each run asks the same. */
function byChance(lookUps: number): number[] {
  let state = SEED;
  return Array.from({ length: lookUps }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % task.keys.count;
  });
}
