/** A relay that delivers nothing, its control socket, and who asks there. */
import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import type { Domain } from '../../src/names/domain.ts';
import { formatMailDomain } from '../../src/names/mailbox.ts';
import { type ControlParts, openControl } from '../../src/relay/control.ts';
import { openClients } from '../../src/store/open-clients.ts';
import { openPolicies } from '../../src/store/open-policies.ts';
import { openResults, type Results } from '../../src/store/open-results.ts';
import type { PolicyStore } from '../../src/store/policy-store.ts';
import { createAuthority } from './certificates.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions } from './relay.ts';
import { settings as memorySettings } from './tracks.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlSetting {
  readonly relay: TestRelay;
  readonly path: string;
  readonly policies: PolicyStore;
  readonly results: Results;
  /** What was told of the socket while it served. */
  readonly failures: readonly string[];
  /** The events of what an operator did. */
  readonly raised: readonly DeliveryEvent[];
  /** What an operator said about policies. */
  readonly words: readonly string[];
  /** Permissions of the socket at the moment at which it was bound. */
  readonly boundAs: () => number | undefined;
  readonly asked: (method: string, path: string, body?: string) => Promise<Answer>;
}

export interface ControlOptions {
  /** Something lies where the socket is to be. */
  readonly stale?: true;
  /** What a fetch brings; by default none is expected. */
  readonly refresh?: ControlParts['engine']['refresh'];
  /** Told where the engine is to forget a domain. */
  readonly onForget?: (domain: Domain) => void;
  /** Those of the relay; by default it has none. */
  readonly domains?: TestRelayOptions['domains'];
  /** By default there are none. */
  readonly webhooks?: ControlParts['webhooks'];
  /** By default no policy list is used. */
  readonly list?: (store: PolicyStore['list']) => ControlParts['list'];
}

const noWebhooks: ControlParts['webhooks'] = {
  list: () => Promise.resolve([]),
  replay: () => Promise.resolve({ kind: 'refused', because: 'there is none' }),
  dead: () => Promise.resolve({ kind: 'refused', because: 'there is none' }),
  retryDead: () => Promise.resolve({ kind: 'refused', because: 'there is none' }),
};

const noList: ControlParts['list'] = {
  keeper: {
    head: () => undefined,
    lastLook: null,
    nextLookAt: null,
    offer: () => {
      throw new Error('there is no key');
    },
  },
  terms: () => null,
};

/** Mail for `routed.test` goes to `smtp://next.test:25`, and so does that for the next hop itself. */
export async function controlSetting(t: TestContext, options: ControlOptions = {}): Promise<ControlSetting> {
  const relay = await startTestRelay(t, {
    keyPair,
    domains: options.domains ?? [],
    routes: [{ domain: 'routed.test', to: { host: 'next.test', port: 25 } }],
    // Nothing is delivered: what is handed in stays to be looked at.
    dns: { mx: () => Promise.resolve({ kind: 'unknown', because: 'no resolver' }) },
  });
  const path = join(relay.folder, 'control.sock');
  if (options.stale === true) await writeFile(path, 'left behind');
  const policies = openPolicies({ path: relay.folder });
  t.after(() => policies.close());
  const results = openResults({ path: relay.folder });
  t.after(() => results.close());
  const clients = openClients({ path: relay.folder });
  t.after(() => clients.close());
  const failures: string[] = [];
  const raised: DeliveryEvent[] = [];
  const words: string[] = [];
  let mode: number | undefined;
  const parts: ControlParts = {
    store: relay.store,
    relay: relay.relay,
    world: { now: Date.now, random: Math.random },
    hostname: 'relay.test',
    maxMessageBytes: 10_000,
    destinationOf: (at) => destinationOf(formatMailDomain(at)),
    onEvents: (events) => raised.push(...events),
    umask(mask) {
      mode = statSync(path, { throwIfNoEntry: false })?.mode;
      return process.umask(mask);
    },
    onError: (what, error) => failures.push(`${what}: ${String(error)}`),
    policies,
    list: options.list?.(policies.list) ?? noList,
    memory: () => memorySettings,
    suppressions: clients.suppressions,
    webhooks: options.webhooks ?? noWebhooks,
    results,
    recorder: { flush: () => undefined },
    engine: {
      refresh: options.refresh ?? (() => Promise.reject(new Error('nobody expected a fetch'))),
      forget(domain) {
        options.onForget?.(domain);
        const entry = policies.sts.get(domain);
        policies.sts.remove(domain);
        return Promise.resolve(entry);
      },
    },
    destinationsOf,
    onWord: (what, about) => words.push(`${what} ${JSON.stringify(about)}`),
  };
  const control = await openControl(path, parts);
  t.after(() => control.close());
  return {
    relay,
    path,
    policies,
    results,
    failures,
    raised,
    words,
    boundAs: () => mode,
    asked: (method, target, body) => ask(path, method, target, body),
  };
}

const NEXT_HOP = 'smtp://next.test:25';

function destinationOf(domain: string): string {
  return domain === 'routed.test' ? NEXT_HOP : domain;
}

function destinationsOf(domain: Domain): [string, ...string[]] {
  return domain === 'next.test' ? [domain, NEXT_HOP] : [destinationOf(domain)];
}

function ask(socketPath: string, method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
