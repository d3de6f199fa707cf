/** Signs a policy list with a key in a file. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { formatMoment } from '../names/calendar.ts';
import type { Parsed } from '../names/domain.ts';
import { judgeList } from '../policies/list/accept.ts';
import { MAX_LIST_OCTETS, type PolicyList, parsePolicyList } from '../policies/list/policy-list.ts';
import { listKeyOf, MAX_SIGNATURE_OCTETS, parseSignatures, signList } from '../policies/list/signature.ts';
import { readBounded } from './list-source.ts';
import { messageOf } from './usage.ts';

export interface SignRequest {
  readonly file: string;
  /** PEM. */
  readonly keyFile: string;
  readonly out: string;
  /** Whether lines of other keys that are in `out` already stay there. */
  readonly keepOthers: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Signs what a relay would accept, and nothing else. @returns what was done, for people. */
export async function signListFile({
  file,
  keyFile,
  out,
  keepOthers,
  now,
}: SignRequest): Promise<Parsed<string>> {
  const read = await readBounded(file, MAX_LIST_OCTETS);
  if (read.kind === 'failed') return invalid(read.because);
  const list = parsePolicyList(read.octets);
  if (list.kind === 'invalid') return invalid(`${file} is no policy list: ${list.because}`);
  if (list.value.expires <= now) return invalid(`${file} expired at ${moment(list.value.expires)}`);
  const key = await readKey(keyFile);
  if (key.kind === 'invalid') return key;
  const { id, base64 } = listKeyOf(key.value);
  const others = keepOthers ? await othersIn(out, id) : { kind: 'ok' as const, value: '' };
  if (others.kind === 'invalid') return others;
  const text = `${others.value}${signList(read.octets, key.value)}`;
  const offered = { list: read.octets, signature: Buffer.from(text) };
  const judged = judgeList(offered, [{ id, base64 }], [], now);
  if (judged.kind === 'refused') return invalid(`${file}: nobody would take it: ${judged.because}`);
  const written = await write(out, text);
  return written.kind === 'invalid' ? written : { kind: 'ok', value: told(list.value, out, id, base64) };
}

function told({ domains, timestamp, expires }: PolicyList, out: string, id: string, base64: string): string {
  return [
    `${out}: signed by ${id}: ${domains.size} domain${domains.size === 1 ? '' : 's'}, made at ${moment(timestamp)}, holds until ${moment(expires)}`,
    `Whoever goes by it names the key: [list] keys = ["${base64}"]`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

async function readKey(file: string): Promise<Parsed<KeyObject>> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    return invalid(`${file} cannot be read: ${messageOf(error)}`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What OpenSSL says of it may repeat a part of the key.
    return invalid(`${file} holds no private key in PEM form that can be read without a password`);
  }
  return key.asymmetricKeyType === 'ed25519'
    ? { kind: 'ok', value: key }
    : invalid(`${file} holds a key that is not one of Ed25519: openssl genpkey -algorithm ed25519`);
}

/** Signatures of an earlier list would be dead weight, but they are for their owners to take away. */
async function othersIn(out: string, id: string): Promise<Parsed<string>> {
  if (!existsSync(out)) return { kind: 'ok', value: '' };
  const read = await readBounded(out, MAX_SIGNATURE_OCTETS);
  if (read.kind === 'failed') return invalid(read.because);
  const text = Buffer.from(read.octets).toString('latin1');
  const parsed = parseSignatures(text);
  if (parsed.kind === 'invalid') return invalid(`${out}: ${parsed.because}`);
  const kept = text.split('\n').filter((line) => line !== '' && !line.startsWith(`waxwing-list-1 ${id} `));
  return { kind: 'ok', value: kept.map((line) => `${line}\n`).join('') };
}

/** Whoever reads it meanwhile sees the old one or the new one. */
async function write(file: string, text: string): Promise<Parsed<string>> {
  try {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    return { kind: 'ok', value: file };
  } catch (error) {
    return invalid(`${file} cannot be written: ${messageOf(error)}`);
  }
}

function moment(at: number): string {
  return formatMoment(Math.floor(at / 1000));
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
