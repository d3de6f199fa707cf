/** The HTTP API before a whole relay in this process, and a client that says exactly what it is told. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type { Explanation } from '../../src/events/explanation.ts';
import { openCertificates } from '../../src/net/certificates.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import {
  type ApiKey,
  makeApiKey,
  parseApiKeyHash,
  type Scope,
  scopes,
} from '../../src/relay/http-api/api-key.ts';
import {
  type ApiSettings,
  type HttpApi,
  type HttpPatience,
  openHttpApi,
} from '../../src/relay/http-api/http-api.ts';
import type { ClientStore } from '../../src/store/client-store.ts';
import { openClients } from '../../src/store/open-clients.ts';
import { createAuthority } from './certificates.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions } from './relay.ts';

export interface MadeKey {
  /** As a client sends it. */
  readonly key: string;
  readonly settings: ApiKey;
}

export function madeKey(name: string, may: readonly Scope[] = scopes, parts: Partial<ApiKey> = {}): MadeKey {
  const { key, hash } = makeApiKey(randomBytes);
  const parsed = parseApiKeyHash(hash);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  const settings = {
    name,
    hash: parsed.value,
    scopes: may,
    senders: null,
    requestsPerMinute: 10_000,
    ...parts,
  };
  return { key, settings };
}

export interface TestApiOptions {
  readonly relay?: Partial<TestRelayOptions>;
  readonly keys?: readonly MadeKey[];
  readonly settings?: Partial<ApiSettings>;
  readonly patience?: Partial<HttpPatience>;
  readonly address?: string;
  readonly explain?: () => Promise<Explanation | undefined>;
}

export interface TestApi {
  readonly relay: TestRelay;
  readonly api: HttpApi;
  readonly port: number;
  readonly url: string;
  /** Errors and oddities that were told. */
  readonly told: readonly string[];
  /** Asks with the key, by default with the first. */
  ask(method: string, path: string, request?: Asked): Promise<Answer>;
  /** Those of the store. */
  readonly suppressions: ClientStore['suppressions'];
  /** What the queue keeps of a message. */
  stored(id: string): Promise<string>;
}

export interface Asked {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What is asserted on it is the test's affair.
  readonly body: Readonly<Record<string, unknown>>;
}

/** Starts both; they are closed when the test ends. */
export async function startTestApi(
  t: Pick<TestContext, 'after'>,
  options: TestApiOptions = {},
): Promise<TestApi> {
  const authority = await createAuthority();
  const keyPair = await authority.issue({ names: ['relay.test'] });
  const relay = await startTestRelay(t, { keyPair, ...options.relay });
  // Nothing is attempted, so that what is asserted of a message stays so.
  for (const destination of ['far.test', 'near.test']) await relay.store.pause({ destination, until: null });
  const keys = options.keys ?? [madeKey('shop')];
  const clients = openClients({ path: relay.folder });
  t.after(() => clients.close());
  const told: string[] = [];
  const deadlines = startDeadlines(10);
  const settings: ApiSettings = {
    keys: keys.map((one) => one.settings),
    maxMessageBytes: 1024 * 1024,
    maxRecipients: 100,
    sessionsPerAddress: 50,
    loginFailures: 10,
    ...options.settings,
  };
  const api = await openHttpApi({
    places: [{ address: options.address ?? '127.0.0.1', port: 0 }],
    settings: () => settings,
    certificates: openCertificates([keyPair]),
    deadlines,
    store: relay.store,
    relay: relay.relay,
    suppressions: clients.suppressions,
    world: { now: Date.now, random: Math.random },
    explain: options.explain ?? (() => Promise.resolve(undefined)),
    version: '0',
    onEvents: () => undefined,
    onOddity: (what, about) => told.push(`${what} ${JSON.stringify(about)}`),
    onError: (what, error) => told.push(`${what}: ${String(error)}`),
    ...(options.patience === undefined ? {} : { patience: options.patience }),
  });
  t.after(async () => {
    await api.close(0);
    deadlines.close();
  });
  const port = api.places[0]?.port ?? 0;
  const url = `http://127.0.0.1:${port}`;
  return {
    relay,
    api,
    port,
    url,
    told,
    suppressions: clients.suppressions,
    ask: (method, path, request = {}) => ask(`${url}${path}`, method, keys[0]?.key ?? '', request),
    async stored(id) {
      const body = await relay.store.body(id);
      if (body?.kind !== 'bytes') throw new Error(`no content of ${id} in memory`);
      return Buffer.from(body.bytes).toString('latin1');
    },
  };
}

async function ask(
  url: string,
  method: string,
  usual: string,
  { key = usual, headers = {}, body }: Asked,
): Promise<Answer> {
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array);
  const response = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : toBody(body) }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

function toBody(body: string | Uint8Array): string | ArrayBuffer {
  return typeof body === 'string' ? body : new Uint8Array(body).buffer;
}

/** Says the octets of a request and then, after `ms` each, the further ones. @returns all that came back up to the end. */
export function rawHttp(port: number, first: string, later: readonly string[] = [], ms = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    const waiting = [...later];
    let timer: NodeJS.Timeout | undefined;
    socket.on('connect', () => {
      socket.write(first);
      timer = setInterval(() => {
        const next = waiting.shift();
        if (next === undefined) clearInterval(timer);
        else if (socket.writable) socket.write(next);
      }, ms);
    });
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(text);
    });
    socket.setTimeout(8_000, () => {
      socket.destroy();
      reject(new Error('the server does not close the connection'));
    });
  });
}
