/** The webhooks of a running relay. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Domain } from '../names/domain.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { HostAddresses } from '../net/https.ts';
import { openPoster } from '../net/https-post.ts';
import { outgoingContext } from '../net/tls.ts';
import type { World } from '../relay/settings.ts';
import { startWebhooks, type Webhooks } from '../relay/webhooks/webhooks.ts';
import type { FolderPaths } from '../store/data-folder.ts';
import { openOutbox } from '../store/open-outbox.ts';
import type { Running } from './reload.ts';
import { version } from './version.ts';

export interface WebhookServiceParts {
  /** By what the relay works at the moment. */
  readonly running: () => Running;
  readonly folder: Pick<FolderPaths, 'path'>;
  readonly addresses: (host: Domain) => Promise<HostAddresses>;
  readonly deadlines: Deadlines;
  readonly world: World;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** @throws StoreError where there is a webhook, and the outbox cannot be opened. */
export function startWebhookService(parts: WebhookServiceParts): Promise<Webhooks> {
  const { running, folder, addresses, log } = parts;
  const { config, files } = running();
  const target = config.events.log;
  return startWebhooks(files.webhooks, {
    ...parts,
    openOutbox: () => openOutbox(folder),
    openPoster: ({ target: to, timeoutMs }) =>
      openPoster({ target: to, timeoutMs, addresses, context: outgoingContext(running().files.roots) }),
    // No full stop: it would end the id in what is signed.
    newId: () => `msg_${randomUUID().replaceAll('-', '')}`,
    userAgent: `waxwing/${version()}`,
    log: target.kind === 'file' ? target.path : null,
    tell: (level, what) => log[level](what),
  });
}
