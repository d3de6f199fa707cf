/** What a hostile server says in place of an answer: octets of chance, or those of a real server that something was done to. */
import type { Random } from '../dns/random.ts';

/** One turn of a server in memory. */
export interface Turn {
  /** As they arrive: what is read at once stands in one. */
  readonly slices: readonly Buffer[];
  /** Milliseconds before each of them. */
  readonly delayMs: number;
  /** What it does then; `endless`: it says the last of them again and again. */
  readonly finally: 'wait' | 'close' | 'reset' | 'silence' | 'endless';
}

/** A turn that is as it should be. */
export function honestTurn(octets: Buffer): Turn {
  return { slices: octets.length === 0 ? [] : [octets], delayMs: 1, finally: 'wait' };
}

/** @param corpus answers of others, pieces of which are mixed in. */
export function hostileTurn(random: Random, honest: Buffer, corpus: readonly Buffer[]): Turn {
  const last = endings[random.below(40)] ?? 'wait';
  const delayMs = random.below(30) === 0 ? random.below(20_000) : random.below(2);
  if (last === 'endless') return { slices: repeatedly(random, honest, corpus), delayMs, finally: last };
  return { slices: sliced(random, hostileOctets(random, honest, corpus)), delayMs, finally: last };
}

function hostileOctets(random: Random, honest: Buffer, corpus: readonly Buffer[]): Buffer {
  const way = random.below(20);
  const octets =
    way < 3 ? ofChance(random) : way === 3 ? (random.pick(shorts) ?? CRLF) : changed(random, honest, corpus);
  return random.below(3) === 0 ? ofItsLength(octets) : octets;
}

/** Whole, and shorter than anybody expects them. */
const shorts = [
  ['\x01\0\0\0\xff', '\x02\0\0\0\xff\x10', '\0\0\0\0', '\x01\0\0\x03\xff', '\x01\0\0\0\x0a'],
  ['E\0\0\0\x04', 'E\0\0\0\x05\0', 'R\0\0\0\x08\0\0\0\0', 'S', 'N', 'SS', 'G', 'v\0\0\0\x04'],
  ['0\0', '0\x02\x02\0', '0\x03\x02\x01\x01', '0\x05\x02\x01\x02x\0', '0\x08\x02\x01\x01x\x03\x0a\x01\0'],
  ['<a/>', '</a>', '<stream:features/>', '</stream:stream>', '<>', '< />', "<?xml version='1.0'?>"],
  ['220\r\n', '220 \r\n', '250\r\n', '421\r\n', '220-\r\n220 \r\n', '000 \r\n', '.\r\n', '..\r\n', '\r\n'],
  [
    '*\r\n',
    '* \r\n',
    '* OK\r\n',
    '* BYE\r\n',
    '* PREAUTH\r\n',
    '+\r\n',
    'w2 OK\r\n',
    'w2\r\n',
    '* CAPABILITY\r\n',
  ],
  ['+OK\r\n', '-ERR\r\n', '+\r\n', 'OK\r\n', 'NO\r\n', 'BYE\r\n', '""\r\n', '"" ""\r\nOK\r\n', '{0}\r\n\r\n'],
  ['\x15\x03\x03\0\x02\x02\x28', '\x15\x03\x03\0\0', '\x16\x03\x03\0\0', '\x16\x03\x03\0\x04\x02\0\0\0'],
]
  .flat()
  .map((text) => Buffer.from(text, 'latin1'));

/** The same octets with the length at their beginning right, where they look like a message that has one. */
function ofItsLength(octets: Buffer): Buffer {
  const right = Buffer.from(octets);
  const [first, second, third, fourth = 0xff] = octets;
  const length = octets.length;
  if (length >= 4 && length < 0x10000 && third === 0 && fourth < 8) right.writeUIntLE(length - 4, 0, 3);
  else if (length >= 2 && length < 0x82 && first === 0x30) right[1] = length - 2;
  else if (length >= 5 && second === 0 && third === 0) right.writeUInt32BE(length - 1, 1);
  else if (length >= 5 && length < 0x10000 && second === 0x03) right.writeUInt16BE(length - 5, 3);
  return right;
}

/** What never comes to its end: an answer, or one line of it. */
function repeatedly(random: Random, honest: Buffer, corpus: readonly Buffer[]): readonly Buffer[] {
  const lines = honest.toString('latin1').split(/(?<=\r\n)/);
  const line = Buffer.from(random.pick(lines) ?? '', 'latin1');
  const one = random.below(3) === 0 ? hostileOctets(random, honest, corpus) : line;
  const before = random.below(2) === 0 && honest.length > 0 ? [honest] : [];
  const again = atLeast(LEAST_REPEATED, one);
  return again.length === 0 ? [] : [...before, ...again];
}

/** Octets that come again and again come in pieces of so many, or a limit of thousands would be far away. */
const LEAST_REPEATED = 400;

function atLeast(length: number, octets: Buffer): readonly Buffer[] {
  if (octets.length === 0) return [];
  if (octets.length >= length) return [octets];
  const times = Math.ceil(length / octets.length);
  return [Buffer.concat(Array.from({ length: times }, () => octets))];
}

const endings: readonly Turn['finally'][] = [
  'close',
  'close',
  'reset',
  'silence',
  'endless',
  'endless',
  'endless',
];

/** Mostly short, as each octet of a protocol is at its beginning; now and then longer than anything may be. */
function ofChance(random: Random): Buffer {
  const kind = random.below(200);
  const length = random.below(kind === 0 ? 70_000 : kind < 20 ? 2_000 : 40);
  const octets = Buffer.allocUnsafe(length);
  const isText = random.below(2) === 0;
  for (let at = 0; at < length; at += 1) octets[at] = isText ? 0x20 + random.below(0x5f) : random.below(256);
  return random.below(3) === 0 ? Buffer.concat([octets, CRLF]) : octets;
}

/** Octets with one change, or some more. */
export function changed(random: Random, octets: Buffer, corpus: readonly Buffer[]): Buffer {
  let some = octets;
  for (let left = 1 + random.below(random.below(5)); left > 0; left -= 1) {
    const change = random.pick(changes);
    if (change !== undefined) some = change(random, some, corpus).subarray(0, MOST_OCTETS);
  }
  return some;
}

/** What one turn has at most, were it repeated and repeated. */
const MOST_OCTETS = 300_000;

type Change = (random: Random, octets: Buffer, corpus: readonly Buffer[]) => Buffer;

const CRLF = Buffer.from('\r\n');
const lineEnds = ['\n', '\r', '\r\r\n', '\r\n\r\n', '\n\r', '', '\r\n ', '\0\r\n', '\r\n.\r\n', '\u0085'];
/** What parsers of these protocols stumble over, were they to stumble. */
const words = [
  ['\0', '\xff\xfe', '\xc0\x80', '\x1b[2J', '\x7f', '\t', '"', '\\'],
  ['(', ')', '[', ']', '%s%n', '-', ' ', '{3}'],
  ['{3+}', '{0}', '{4294967295}', '{99999999999999999999}', '{-1}', '* BYE x', '* OK [CAPABILITY', '+ '],
  ['421 4.7.0 too many', '220-', '250 ', '999 ', '22', '554 5.7.1 blocked', 'STARTTLS', 'XXXXXXXA'],
  [
    'AUTH PLAIN',
    '+OK',
    '-ERR',
    'OK (',
    'NO {5}',
    'BYE (REFERRAL "sieve://x/")',
    '"STARTTLS"',
    'HTTP/1.1 400 Bad Request',
  ],
  [
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<![CDATA[',
    '&b;',
    '&#0;',
    '<?xml',
    '</stream:stream>',
    '<a',
    "xmlns='",
  ],
  [
    '>',
    '\x30\x84\xff\xff\xff\xff',
    '\x30\x80',
    '\x30\x00',
    '\x02\x04\x80\x00\x00\x00',
    '\x0a\x01\x33',
    'E\0\0\0\x04',
    '\xff\xff\xff\x00',
  ],
  ['\xff\x10\x04', '\x0a', '\x16\x03\x01\x02\x00', '\x15\x03\x03\x00\x02\x02\x28', 'S', 'N'],
]
  .flat()
  .map((text) => Buffer.from(text, 'latin1'));
/** About the limits that lines and messages have. */
const lengths = [80, 510, 512, 513, 998, 1_000, 2_048, 2_050, 8_192, 8_193];

const changes: readonly Change[] = [
  flip,
  flip,
  (random, octets) => octets.subarray(0, random.below(octets.length + 1)),
  (random, octets) => put(octets, span(random, octets), Buffer.alloc(0)),
  (random, octets) => put(octets, span(random, octets), random.pick(words) ?? CRLF),
  (random, octets) => put(octets, place(random, octets), random.pick(words) ?? CRLF),
  (random, octets) => put(octets, place(random, octets), ofChance(random)),
  (random, octets) => put(octets, place(random, octets), longRun(random)),
  repeated,
  (random, octets, corpus) => put(octets, span(random, octets), random.pick(corpus) ?? CRLF),
  (random, octets, corpus) => Buffer.concat([octets, random.pick(corpus) ?? CRLF]),
  otherLineEnd,
  otherLineEnd,
  otherDigit,
  otherDigit,
  lineElsewhere,
];

interface Span {
  readonly from: number;
  readonly to: number;
}

function put(octets: Buffer, { from, to }: Span, others: Buffer): Buffer {
  return Buffer.concat([octets.subarray(0, from), others, octets.subarray(to)]);
}

function place(random: Random, octets: Buffer): Span {
  const from = random.below(octets.length + 1);
  return { from, to: from };
}

function span(random: Random, octets: Buffer): Span {
  const from = random.below(octets.length + 1);
  return { from, to: from + random.below(Math.min(24, octets.length - from) + 1) };
}

function flip(random: Random, octets: Buffer): Buffer {
  const flipped = Buffer.from(octets);
  const at = random.below(octets.length);
  const octet = flipped[at];
  if (octet !== undefined) flipped[at] = octet ^ (1 << random.below(8));
  return flipped;
}

function longRun(random: Random): Buffer {
  const length = random.below(100) === 0 ? 70_000 : (random.pick(lengths) ?? 0) + random.below(3) - 1;
  return Buffer.alloc(length, random.pick(words)?.[0] ?? 0x41);
}

function repeated(random: Random, octets: Buffer): Buffer {
  const { from, to } = random.below(2) === 0 ? span(random, octets) : { from: 0, to: octets.length };
  const times = random.below(60) === 0 ? 3_000 : 1 + random.below(20);
  const part = octets.subarray(from, to);
  return put(
    octets,
    { from, to },
    Buffer.concat(Array.from({ length: times }, () => part)).subarray(0, MOST_OCTETS),
  );
}

function otherLineEnd(random: Random, octets: Buffer): Buffer {
  const from = octets.indexOf(CRLF, random.below(octets.length + 1));
  if (from === -1) return Buffer.concat([octets, Buffer.from(random.pick(lineEnds) ?? '', 'latin1')]);
  return put(octets, { from, to: from + 2 }, Buffer.from(random.pick(lineEnds) ?? '', 'latin1'));
}

/** Codes, lengths and tags are told by them. */
function otherDigit(random: Random, octets: Buffer): Buffer {
  const begin = random.below(2) === 0 ? 0 : random.below(octets.length + 1);
  const at = octets.subarray(begin).findIndex((octet) => octet >= 0x30 && octet <= 0x39);
  if (at === -1) return flip(random, octets);
  const other = Buffer.from(octets);
  other[begin + at] = 0x30 + random.below(10);
  return other;
}

function lineElsewhere(random: Random, octets: Buffer): Buffer {
  const lines = octets.toString('latin1').split('\r\n');
  const [taken = ''] = lines.splice(random.below(lines.length), 1);
  lines.splice(random.below(lines.length + 1), 0, taken);
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** Whole, in two, in pieces of any size, or octet by octet. */
function sliced(random: Random, octets: Buffer): readonly Buffer[] {
  if (octets.length === 0) return [];
  const way = random.below(10);
  if (way < 5) return [octets];
  const most = way < 8 ? octets.length : way === 8 ? 80 : 1;
  // Octet by octet a long one would take the time of a thousand others.
  if (octets.length > 400 && most < 100) return [octets];
  const slices: Buffer[] = [];
  for (let from = 0; from < octets.length; ) {
    const to = from + 1 + random.below(most);
    slices.push(octets.subarray(from, to));
    from = to;
  }
  return slices;
}
