/** Two relays that deliver nothing, as workers of one, and the control socket of their primary. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { type Merging, openMerging } from '../../src/cli/workers/merging.ts';
import { addWorkerCalls, workerCalls } from '../../src/relay/workers/answer.ts';
import { openClients } from '../../src/store/open-clients.ts';
import { createAuthority } from './certificates.ts';
import { startTestRelay, type TestRelay } from './relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

interface TestWorker {
  readonly number: number;
  readonly role: 'serve';
  readonly socketPath: string;
  readonly relay: TestRelay;
  /** Domains whose policy was looked at, and what for. */
  readonly policies: readonly string[];
  /** Nobody listens any more, until it comes back. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

async function startWorker(t: TestContext, number: number): Promise<TestWorker> {
  const relay = await startTestRelay(t, {
    keyPair,
    dns: { mx: () => Promise.resolve({ kind: 'unknown', because: 'no resolver' }) },
  });
  const policies: string[] = [];
  const app = new Hono();
  addWorkerCalls(
    app,
    workerCalls({
      store: relay.store,
      relay: relay.relay,
      engine: {
        refresh: (domain) => Promise.reject(new Error(`no policy of ${domain} in this test`)),
        overlook: (domain) => void policies.push(`overlooks ${domain}`),
        async forget(domain) {
          policies.push(`forgets ${domain}`);
          return undefined;
        },
      },
      recorder: { flush: () => policies.push('flushes') },
      registry: new Registry(),
      since: 1,
    }),
  );
  const socketPath = join(relay.folder, `control-${number}.sock`);
  const open = () => createServer(getRequestListener(app.fetch));
  let server = open();
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(socketPath, resolve));
  const leave = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await listen();
  t.after(leave);
  return {
    number,
    role: 'serve',
    socketPath,
    relay,
    policies,
    leave,
    comeBack() {
      server = open();
      return listen();
    },
  };
}

export interface MergingSetting {
  readonly workers: readonly [TestWorker, TestWorker];
  readonly merging: Merging;
}

export async function mergingSetting(t: TestContext): Promise<MergingSetting> {
  const workers = [await startWorker(t, 1), await startWorker(t, 2)] as const;
  const clients = openClients({ path: workers[0].relay.folder });
  t.after(() => clients.close());
  const merging = openMerging({
    workers: () => workers,
    clients,
    holders: () => ({ accounts: [], networkQuotas: [] }),
    now: Date.now,
  });
  return { workers, merging };
}
