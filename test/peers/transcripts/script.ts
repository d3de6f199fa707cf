/** What the client does and says in recordings; what the server answers is recorded. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/**
 * A line of a transcript, or a function that makes one of the server's last words, or of all of them, or {@link Heard}
 * where the server speaks next; `OFFERS` stands for the keywords of the last EHLO.
 */
export type ScriptLine = string | Heard | ((said: string, heard: readonly string[]) => string);

export type Script = readonly ScriptLine[];

/** What the server says next: lines, to the end of what is found, or octets that end with these. */
export type Heard = { readonly lines: RegExp } | { readonly octets: string };

/** One reply of SMTP. */
export const reply: Heard = { lines: /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/ };

/** The user that the client's tests log in. */
export const user = 'user';
export const password = 'pencil';
const nonce = 'rOprNGfwEbeRWgbNEkqO';

const ready = 'C< ready in TLS, offers OFFERS';
const name = 'client.example.test';
export const sender = 'a@sender.test';

/** A session in TLS after STARTTLS; `login` is what is said of AUTH. */
export function startTls(how: Partial<{ login: Script; lmtp: boolean }> = {}): Script {
  const { login = [], lmtp = false } = how;
  const hello = `C: ${lmtp ? 'LHLO' : 'EHLO'} ${name}`;
  return [
    `C> open required${lmtp ? ' lmtp' : ''}${login.length > 0 ? ' login' : ''}`,
    reply,
    hello,
    reply,
    'C: STARTTLS',
    reply,
    '== TLS',
    hello,
    reply,
    ...login,
    ...(login.at(-1) === reply || login.length === 0 ? [ready] : []),
  ];
}

/** A session over implicit TLS. */
export const implicitTls: Script = ['C> open implicit', '== TLS', reply, `C: EHLO ${name}`, reply, ready];

/** A session in clear. */
export function inClear(mode: 'if-offered' | 'never', lmtp = false): Script {
  const hello = `C: ${lmtp ? 'LHLO' : 'EHLO'} ${name}`;
  return [`C> open ${mode}${lmtp ? ' lmtp' : ''}`, reply, hello, reply, 'C< ready in clear, offers OFFERS'];
}

export const startTlsRefused: Script = [
  'C> open required',
  reply,
  `C: EHLO ${name}`,
  reply,
  'C: STARTTLS',
  reply,
  'C< startTlsRefused 454',
];

export const quit: Script = ['C> quit', 'C: QUIT', reply, '== close', 'C< goodbye'];

export const resetAfterwards: Script = ['C> settle', 'C: RSET', reply, 'C< reusable'];

/** Logs in by PLAIN. */
export const plain: Script = [`C: AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, reply];

/** Logs in by LOGIN. */
export const loginOnAsking: Script = [
  'C: AUTH LOGIN',
  reply,
  `C: ${base64(user)}`,
  reply,
  `C: ${base64(password)}`,
  reply,
];

const firstBare = `n=${user},r=${nonce}`;

/** SCRAM-SHA-256 up to the client's proof and what the server says to it. */
export const scramProof: Script = [
  `C: AUTH SCRAM-SHA-256 ${base64(`n,,${firstBare}`)}`,
  reply,
  (said) => `C: ${base64(scramFinal(Buffer.from(said.slice(4), 'base64').toString()))}`,
  reply,
];

/** Logs in by SCRAM-SHA-256. */
export const scram: Script = [...scramProof, 'C: ', reply];

/** Ends a login that was refused with this code. */
export function loginRefused(code: number): Script {
  return [`C< loginRefused ${code}`];
}

/** The client's last message. RFC 5802 §3. */
function scramFinal(serverFirst: string): string {
  const [, both = '', salt = '', iterations = ''] = /^r=(.*),s=(.*),i=(.*)$/.exec(serverFirst) ?? [];
  const withoutProof = `c=${base64('n,,')},r=${both}`;
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', storedKey)
    .update(`${firstBare},${serverFirst},${withoutProof}`)
    .digest();
  const proof = clientKey.map((octet, index) => octet ^ (signature[index] ?? 0));
  return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** One message. */
export interface Sent {
  readonly from?: string;
  /** By recipient, with what its RCPT says beside the address: what came of it, as a transcript has it. */
  readonly to: Readonly<Record<string, string>>;
  readonly framing: 'chunks' | 'dots';
  /** Without PIPELINING each command waits for its answer; by default they are sent together. */
  readonly pipelining?: boolean;
  /** To a server that answers for each recipient, and has no SIZE. */
  readonly lmtp?: boolean;
  /** Words of the task that describe the transaction. */
  readonly properties?: string;
  /** Words of MAIL beside the address. */
  readonly mailWords?: string;
  /** Words of each RCPT beside the address. */
  readonly rcptWords?: string;
  /** By default whether any recipient took the message. */
  readonly afterwards?: 'reusable' | 'to-reset';
}

const content = 'Subject: x\\r\\n\\r\\n.\\r\\n';
const dotted = ['C: Subject: x', 'C: ', 'C: ..', 'C: .'];
const size = 17;

/** Hands over one message. */
export function send(sent: Sent): Script {
  const {
    from = sender,
    to,
    framing,
    pipelining = true,
    properties = '',
    mailWords = '',
    rcptWords = '',
  } = sent;
  const recipients = Object.keys(to);
  const sizeWord = sent.lmtp === true ? '' : ` SIZE=${size}`;
  const commands = [
    `C: MAIL FROM:<${from}>${sizeWord}${mailWords}`,
    ...recipients.map((one) => `C: RCPT TO:<${one}>${rcptWords}`),
  ];
  const outcomes = Object.values(to);
  const codes = outcomes.map((one) => /^refused at RCPT (\d+)$/.exec(one)?.[1] ?? '250');
  const taken = codes.filter((code) => code === '250').length;
  const task = `C> send ${from} ${recipients.join(',')} size=${size}${properties}`;
  // DATA is not said where it is known by then that nobody takes the message.
  const saysData = framing === 'dots' && (pipelining || taken > 0);
  const envelope = saysData ? [...commands, 'C: DATA'] : commands;
  const asked = pipelining
    ? [...envelope, ...envelope.map(() => reply)]
    : envelope.flatMap((line) => [line, reply]);
  if (taken === 0) return [task, ...asked, `C< to-reset: ${outcomes.join(', ')}`, ...resetAfterwards];
  const afterwards = sent.afterwards ?? 'reusable';
  return [
    task,
    ...asked,
    `C< goAhead ${codes.join(' ')}`,
    `C> content ${content}`,
    ...(framing === 'chunks' ? [`C: BDAT ${size} LAST`, `C~ ${content}`] : dotted),
    ...Array.from({ length: sent.lmtp === true ? taken : 1 }, () => reply),
    `C< ${afterwards}: ${outcomes.join(', ')}`,
    ...(afterwards === 'to-reset' ? resetAfterwards : []),
  ];
}

/** A line, or octets, as a transcript has them. */
export function escaped(line: string): string {
  const octet = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return line.replaceAll('\\', '\\\\').replace(/[^\x20-\x7e]/g, octet);
}
