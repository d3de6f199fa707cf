/** The spool of a running relay: where it is, and what those who leave mail there are told. */
import type { Logger } from 'pino';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Spool, type SpoolParts, startSpool } from '../relay/spool.ts';
import { openSpoolFolder } from '../relay/spool-folder.ts';
import type { Config } from './config/config.ts';

export interface SpoolServiceParts extends Pick<SpoolParts, 'store' | 'relay' | 'world' | 'onError'> {
  /** What holds at the moment; where the spool is does not change. */
  readonly config: () => Config;
  readonly log: Pick<Logger, 'warn'>;
}

/** @throws Error where the folder cannot be used. */
export async function startSpoolService({ config, log, ...parts }: SpoolServiceParts): Promise<Spool> {
  return startSpool({
    ...parts,
    // Where a system has no user ids every file has the owner 0.
    folder: await openSpoolFolder(config().spool, process.getuid?.() ?? 0),
    terms() {
      const { hostname, relay } = config();
      const { maxMessageBytes, maxRecipients } = relay;
      return { hostname: formatMailDomain(hostname), maxMessageBytes, maxRecipients };
    },
    onOddity: (what, about) => log.warn(about, what),
  });
}
