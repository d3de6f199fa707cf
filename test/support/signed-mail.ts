/** Mail with signatures, keys in a scripted DNS, and messages as the intake sees them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { dkimSign, sealMessage } from 'mailauth';
import { octetFacts } from '../../src/mail/encodings.ts';
import { readHeaderSection } from '../../src/mail/headers.ts';
import { parseMailbox } from '../../src/names/mailbox.ts';
import type { Judged } from '../../src/relay/authentication/evaluate.ts';

interface Pair {
  readonly privateKey: KeyObject;
  /** The TXT record with the public key. */
  readonly record: string;
}

export function rsaKey(bits = 1024): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { privateKey, record: `v=DKIM1; k=rsa; p=${p}` };
}

export function ed25519Key(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  // The last 32 octets of the structure are the key (RFC 8463 §4).
  const p = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
  return { privateKey, record: `v=DKIM1; k=ed25519; p=${p}` };
}

export interface Signing {
  readonly domain: string;
  readonly selector: string;
  readonly key: Pair;
  readonly algorithm?: string;
  readonly canonicalization?: string;
  readonly maxBodyLength?: number;
  readonly signTime?: Date;
  readonly expires?: Date;
}

/** The mail with a signature for each in front. */
export async function signed(mail: string, ...signings: readonly Signing[]): Promise<string> {
  let all = mail;
  for (const { domain, key, ...rest } of signings) {
    const data = { signingDomain: domain, privateKey: pem(key), ...rest };
    const { signatures, errors } = await dkimSign(Buffer.from(mail), {
      ...data,
      canonicalization: 'relaxed/relaxed',
      signatureData: [data],
    });
    const [failed] = errors;
    if (failed !== undefined) throw failed.err;
    all = signatures + all;
  }
  return all;
}

/** The mail with an ARC set in front. */
export async function sealed(
  mail: string,
  by: Pick<Signing, 'domain' | 'selector' | 'key'>,
  authResults: string,
  cv: 'none' | 'pass' = 'none',
): Promise<string> {
  const headers = await sealMessage(Buffer.from(mail), {
    signingDomain: by.domain,
    selector: by.selector,
    privateKey: pem(by.key),
    authResults,
    cv,
  });
  return headers.toString() + mail;
}

function pem({ privateKey }: Pair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** The message as it stands before the steps of the intake. */
export function incoming(
  mail: string,
  from: { client?: string | null; hello?: string; sender?: string } = {},
): Judged {
  const head = Buffer.from(mail);
  const sender = parseMailbox(from.sender ?? 'anna@example.test', { utf8: true });
  if (from.sender !== '' && sender.kind !== 'ok') throw new Error(sender.because);
  return {
    id: 'm1',
    client: from.client === undefined ? '192.0.2.1' : from.client,
    hello: from.hello ?? 'client.example.test',
    sender: sender.kind === 'ok' ? sender.value : null,
    head,
    section: readHeaderSection(head, { bytes: 64 * 1024, fields: 5_000 }),
    content: { kind: 'bytes', bytes: head },
    bodyAt: 0,
    longestLine: octetFacts(head).longestLine,
  };
}
