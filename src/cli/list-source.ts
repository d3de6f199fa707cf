/** Reads a policy list and the signature beside it: from files, or over HTTPS. */
import { createReadStream } from 'node:fs';
import type { SecureContext } from 'node:tls';
import type { ListSource, ReadList } from '../lookup/list-keeper.ts';
import { fetchPage, type PageFetch } from '../net/https.ts';
import { MAX_LIST_OCTETS } from '../policies/list/policy-list.ts';
import { MAX_SIGNATURE_OCTETS } from '../policies/list/signature.ts';
import type { ListConfig } from './config/config.ts';
import { listSourceText } from './config/settle-list.ts';
import { messageOf } from './usage.ts';

/** What the configuration of the moment says of connections. */
export interface FetchTerms extends Pick<PageFetch, 'addresses' | 'userAgent'> {
  readonly context: SecureContext;
}

/** For each of the two. */
const FETCH_MS = 60_000;

/** @returns null where lists are only imported. */
export function listSource(list: ListConfig, terms: () => FetchTerms): ListSource | null {
  const { source } = list;
  if (source === null) return null;
  const name = listSourceText(list) ?? '';
  if (source.kind === 'file') return { name, read: () => readListFiles(source.path, `${source.path}.sig`) };
  return {
    name,
    read: () =>
      both(
        () => fetch(source, source.path, MAX_LIST_OCTETS, terms()),
        () => fetch(source, `${source.path}.sig`, MAX_SIGNATURE_OCTETS, terms()),
      ),
  };
}

/** The promise never rejects. */
export function readListFiles(list: string, signature: string): Promise<ReadList> {
  return both(
    () => readBounded(list, MAX_LIST_OCTETS),
    () => readBounded(signature, MAX_SIGNATURE_OCTETS),
  );
}

type Octets = { readonly kind: 'ok'; readonly octets: Uint8Array } | Extract<ReadList, { kind: 'failed' }>;

/** The signature first: where somebody renews both meanwhile, they do not fit, and nothing worse. */
async function both(
  readList: () => Promise<Octets>,
  readSignature: () => Promise<Octets>,
): Promise<ReadList> {
  const signature = await readSignature();
  if (signature.kind === 'failed') return signature;
  const list = await readList();
  return list.kind === 'failed' ? list : { kind: 'read', list: list.octets, signature: signature.octets };
}

async function fetch(
  { host, port }: Extract<ListConfig['source'], { kind: 'url' }>,
  path: string,
  maxOctets: number,
  terms: FetchTerms,
): Promise<Octets> {
  const outcome = await fetchPage({
    ...terms,
    // The operator has named this host, not a stranger, and nothing is asked before its certificate proves the name.
    allowPrivate: true,
    host,
    port,
    path,
    accept: '*/*',
    timeoutMs: FETCH_MS,
    maxOctets,
  });
  const where = `https://${host}${port === 443 ? '' : `:${port}`}${path}`;
  if (outcome.kind === 'failed') return failed(`${where}: ${outcome.because}`, outcome.fault === 'too-big');
  const { status, contentEncoding, body, location } = outcome.answer;
  if (status !== 200) {
    const to = location === undefined ? '' : ` (a redirect to ${JSON.stringify(location)} is not followed)`;
    return failed(`${where} answers ${status} instead of 200${to}`);
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity')
    return failed(`${where} answers with a content encoding that was not asked for`);
  return { kind: 'ok', octets: body };
}

/** The whole file, unless it has more than so many octets. */
export async function readBounded(path: string, most: number): Promise<Octets> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { end: most })) {
      const octets = chunk as Buffer;
      chunks.push(octets);
      size += octets.length;
    }
  } catch (error) {
    return failed(`${path} cannot be read: ${messageOf(error)}`);
  }
  return size > most
    ? failed(`${path} has more than ${most} octets`, true)
    : { kind: 'ok', octets: Buffer.concat(chunks) };
}

function failed(because: string, tooLarge = false): Extract<ReadList, { kind: 'failed' }> {
  return { kind: 'failed', tooLarge, because };
}
