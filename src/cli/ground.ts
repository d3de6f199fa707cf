/** What the service stands on, whatever the configuration comes to say: the data folder, its stores, DNS, events. */
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { type Deadlines, startDeadlines } from '../net/deadlines.ts';
import type { EventLog } from '../relay/event-log.ts';
import type { ClientStore } from '../store/client-store.ts';
import { type DataFolder, openDataFolder } from '../store/data-folder.ts';
import { openClients } from '../store/open-clients.ts';
import { openPolicies } from '../store/open-policies.ts';
import { openQueue } from '../store/open-queue.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import type { QueueStore } from '../store/queue-store.ts';
import type { Config } from './config/config.ts';
import { openEventLogs } from './event-logs.ts';
import { openRelayDns, type RelayDns } from './relay-dns.ts';

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

/** What was opened, the last of it first to be closed. */
export type Opened = (() => Promise<void> | void)[];

const DEADLINE_STEP_MS = 250;

export interface Ground {
  readonly folder: DataFolder;
  readonly store: QueueStore;
  readonly policies: PolicyStore;
  readonly clients: ClientStore;
  readonly deadlines: Deadlines;
  readonly dns: RelayDns;
  readonly events: EventLog;
}

/** Opens it in order, and says in `opened` how each part is closed. */
export async function openGround(config: Config, log: Log, opened: Opened): Promise<Ground> {
  const folder = openDataFolder(config.dataFolder);
  opened.push(() => folder.close());
  warnOfOthers(folder, log);
  const store = await openQueue(folder);
  opened.push(() => store.close());
  const policies = openPolicies(folder);
  opened.push(() => policies.close());
  const clients = openClients(folder);
  opened.push(() => clients.close());
  const deadlines = startDeadlines(DEADLINE_STEP_MS);
  opened.push(() => deadlines.close());
  const dns = openRelayDns(log);
  opened.push(() => dns.close());
  const events = openEventLogs(config, log);
  opened.push(() => events.close());
  return { folder, store, policies, clients, deadlines, dns, events };
}

/** The folder is made with mode 0700; one that was there before may be open to others. */
function warnOfOthers({ path }: DataFolder, log: Log): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  log.warn(
    { data: path },
    `the data folder has mode 0${mode.toString(8)}: other users may read mail and keys; 0700 is right`,
  );
}
