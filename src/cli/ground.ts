/** What work on mail stands on, whatever the configuration comes to say: a queue, what is known of others, DNS. */
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { type Deadlines, startDeadlines } from '../net/deadlines.ts';
import type { ClientStore } from '../store/client-store.ts';
import { awaitQueueFolder, type FolderPaths } from '../store/data-folder.ts';
import { openClients } from '../store/open-clients.ts';
import { openPolicies } from '../store/open-policies.ts';
import { openQueue } from '../store/open-queue.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import type { QueueStore } from '../store/queue-store.ts';
import { type CurrentLookUps, followDns, openRelayDns } from './relay-dns.ts';
import type { Running } from './reload.ts';

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

/** What was opened, the last of it first to be closed. */
export type Opened = (() => Promise<void> | void)[];

const DEADLINE_STEP_MS = 250;
/** A process that has lost the one that started it ends within `relay.grace`, and a little. */
const LITTLE_MS = 30_000;

/** What a process needs whatever it does. */
export interface Base {
  readonly deadlines: Deadlines;
  readonly lookUps: CurrentLookUps;
}

export interface Ground extends Base {
  readonly folder: FolderPaths;
  readonly store: QueueStore;
  readonly policies: PolicyStore;
  readonly clients: ClientStore;
}

/** Says in `opened` how each part is closed. */
export function openBase(first: Running, log: Log, opened: Opened): Base {
  const deadlines = startDeadlines(DEADLINE_STEP_MS);
  opened.push(() => deadlines.close());
  const dns = openRelayDns(log);
  opened.push(() => dns.close());
  return { deadlines, lookUps: followDns(dns, first) };
}

/**
 * Opens one of the queues, once nobody else works on it, and the rest in order.
 *
 * @param folder absolute; somebody holds it.
 */
export async function openGround(
  first: Running,
  { folder, queue }: { readonly folder: string; readonly queue: number },
  log: Log,
  opened: Opened,
): Promise<Ground> {
  const held = await awaitQueueFolder(folder, queue, {
    waitMs: first.config.relay.graceMs + LITTLE_MS,
    onWait: () =>
      log.warn(`queue ${queue} is still worked on by an earlier process, whose end is waited for`),
  });
  opened.push(() => held.close());
  const store = await openQueue(held);
  opened.push(() => store.close());
  const policies = openPolicies(held);
  opened.push(() => policies.close());
  const clients = openClients(held);
  opened.push(() => clients.close());
  return { ...openBase(first, log, opened), folder: held, store, policies, clients };
}

/** The folder is made with mode 0700; one that was there before may be open to others. */
export function warnOfOthers(path: string, log: Log): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  log.warn(
    { data: path },
    `the data folder has mode 0${mode.toString(8)}: other users may read mail and keys; 0700 is right`,
  );
}
