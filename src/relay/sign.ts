/** Signs mail that is submitted here, and our own notifications, with DKIM (RFC 6376). */
import { createHash, sign as signWith } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { authorDomains } from '../mail/author.ts';
import { type SignedHeader, signedField, signedHeader, unsignedField } from '../mail/dkim.ts';
import { relaxedBody } from '../mail/dkim-canonical.ts';
import { toSevenBit } from '../mail/eight-bit.ts';
import { LONGEST_LINE } from '../mail/encodings.ts';
import {
  defaultHeaderLimits,
  fieldsNamed,
  type HeaderSection,
  readHeaderSection,
  unfoldedValue,
} from '../mail/headers.ts';
import type { NewBody } from '../store/queue-store.ts';
import { wholeBody } from './content.ts';
import { type DkimKey, type KeyRing, keyRing } from './dkim-key.ts';
import type { Treatment } from './treatment.ts';

/** Above this many octets of a file the header is not looked for: such a header is refused a signature anyway. */
const HEAD_BYTES = defaultHeaderLimits.bytes;

/** In a thread of Node's pool: an RSA signature takes a third of a millisecond. */
const signInPool = promisify(signWith);

/**
 * The step that signs what is submitted by authors for whose domain there is a key; undefined without keys.
 *
 * It is the last one: what comes after a signature breaks it.
 */
export function signing(
  keys: readonly DkimKey[],
  onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void,
): Treatment | undefined {
  if (keys.length === 0) return undefined;
  const ring = keyRing(keys);
  return async (message, before) => {
    const { submitter, section, head, id, at } = message;
    if (submitter.role !== 'submission') return before;
    const own = keysFor(section, head, ring);
    if (own.length === 0) return before;
    const content = message.longestLine > LONGEST_LINE ? await refitted(message.content) : null;
    const signed = await sign(
      content === null ? message.content : { kind: 'bytes', bytes: content },
      before.fields,
      own,
      at,
    );
    if (signed.kind === 'unfit') {
      onOddity(`the message is not signed: ${signed.because}`, { id });
      return before;
    }
    return { ...before, fields: signed.fields + before.fields, content };
  };
}

/** Signs a message of our own. @returns its signatures, each a field with its CRLF. */
export type SignOwn = (message: Uint8Array, at: number) => Promise<string>;

export function signingOwn(keys: readonly DkimKey[]): SignOwn | undefined {
  if (keys.length === 0) return undefined;
  const ring = keyRing(keys);
  return async (bytes, at) => {
    const own = keysFor(readHeaderSection(bytes, defaultHeaderLimits), bytes, ring);
    if (own.length === 0) return '';
    const signed = await sign({ kind: 'bytes', bytes }, '', own, at);
    return signed.kind === 'signed' ? signed.fields : '';
  };
}

function keysFor(section: HeaderSection, bytes: Uint8Array, ring: KeyRing): readonly DkimKey[] {
  const [from, second] = fieldsNamed(section, 'from');
  if (from === undefined || second !== undefined) return [];
  const value = Buffer.from(unfoldedValue(bytes, from), 'latin1').toString();
  const authors = authorDomains(value);
  return authors.length === 1 && authors[0] !== undefined
    ? ring(authors[0])
    : [...new Set(authors.flatMap((author) => ring(author)))];
}

/** Lines that no server takes are re-encoded on the way out, which breaks a signature: so it is done before. */
async function refitted(content: NewBody): Promise<Uint8Array | null> {
  const conversion = toSevenBit(await wholeBody(asSource(content)));
  return conversion.kind === 'converted' ? conversion.bytes : null;
}

function asSource(content: NewBody): Parameters<typeof wholeBody>[0] {
  if (content.kind === 'bytes') return content;
  return { kind: 'stream', open: () => createReadStream(content.path) };
}

type Signed =
  | { readonly kind: 'signed'; readonly fields: string }
  | { readonly kind: 'unfit'; readonly because: string };

/** @param front fields that will stand in front of `content`. */
async function sign(content: NewBody, front: string, keys: readonly DkimKey[], at: number): Promise<Signed> {
  const { head, section, added } = await readHeaderOf(content, front);
  const header = signedHeader(head, section);
  if (header.kind === 'unfit') return header;
  const bodyHash = await hashOfBody(content, section.bodyStart - added);
  const fields = await Promise.all(keys.map((key) => signature(key, header, bodyHash, at)));
  return { kind: 'signed', fields: fields.join('') };
}

/** The header section as it will be sent. @param front fields that will stand in front of `content`. */
export async function readHeaderOf(
  content: NewBody,
  front = '',
): Promise<{ readonly head: Uint8Array; readonly section: HeaderSection; readonly added: number }> {
  const beginning = content.kind === 'bytes' ? content.bytes : await readHead(content.path);
  const head = front === '' ? beginning : Buffer.concat([Buffer.from(front), beginning]);
  const section = readHeaderSection(head, defaultHeaderLimits);
  return { head, section, added: head.length - beginning.length };
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Of the body in relaxed form, base64; the body of a file is read piece by piece. */
export async function hashOfBody(content: NewBody, start: number): Promise<string> {
  const hash = createHash('sha256');
  const relaxed = relaxedBody((bytes) => hash.update(bytes));
  if (content.kind === 'bytes') relaxed.add(content.bytes.subarray(start));
  else for await (const chunk of createReadStream(content.path, { start })) relaxed.add(chunk as Buffer);
  relaxed.end();
  return hash.digest('base64');
}

async function signature(key: DkimKey, header: SignedHeader, bodyHash: string, at: number): Promise<string> {
  const unsigned = unsignedField(key, header, bodyHash, at);
  const data = Buffer.from(unsigned.data, 'latin1');
  return signedField(unsigned, await valueOf(key, data));
}

/** The signature over these octets, base64. */
export async function valueOf({ key, algorithm }: DkimKey, data: Uint8Array): Promise<string> {
  // RFC 8463 §3: Ed25519 signs the SHA-256 hash of what RSA would be given.
  const value =
    algorithm === 'rsa-sha256'
      ? await signInPool('sha256', data, key)
      : await signInPool(null, createHash('sha256').update(data).digest(), key);
  return value.toString('base64');
}
