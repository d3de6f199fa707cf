/** The relays that are compared, each ready to take mail in clear or by STARTTLS and to hand it to one host. */
import { startPostfix } from '../../test/peers/support/postfix.ts';
import type { Authority } from '../../test/support/certificates.ts';
import { children } from './processes.ts';
import type { Told } from './running.ts';

export interface Relay {
  readonly port: number;
  /** The processes it consists of, or their parents. */
  readonly roots: ReadonlySet<number>;
  log(): string;
  /** What it says of itself, once it says that so many are delivered; not of others, whose words are their own. */
  told?(delivered: number): Promise<Told>;
  close(): Promise<void>;
}

/** What a relay is to do with mail for sink.test. */
export interface Task {
  readonly sink: number;
  readonly tls: 'verified' | 'may' | 'none';
  /** `keep`: take it and deliver nothing. */
  readonly deliver: 'at once' | 'keep';
  readonly authority: Authority;
}

export type StartRelay = (task: Task) => Promise<Relay>;

/** Postfix as Debian ships it, its settings for this task aside. */
export function shippedPostfix(root: string): StartRelay {
  return (task) => postfixWith(root, task, {});
}

/** Postfix at its best: high concurrency and reuse of TLS connections, which is off as shipped. */
export function tunedPostfix(root: string): StartRelay {
  return (task) =>
    postfixWith(root, task, {
      smtp_destination_concurrency_limit: '100',
      default_destination_concurrency_limit: '100',
      initial_destination_concurrency: '100',
      default_process_limit: '300',
      smtp_tls_connection_reuse: 'yes',
      smtp_connection_cache_on_demand: 'yes',
      smtp_connection_cache_destinations: '127.0.0.1',
      qmgr_message_active_limit: '20000',
    });
}

async function postfixWith(
  root: string,
  { sink, tls, deliver, authority }: Task,
  settings: Readonly<Record<string, string>>,
): Promise<Relay> {
  const level = { verified: 'secure', may: 'may', none: 'none' } as const;
  const before = await children();
  const postfix = await startPostfix(root, {
    certificate: await authority.issue({ names: ['127.0.0.1', 'postfix.test'] }),
    relay: {
      host: '127.0.0.1',
      port: sink,
      tls: level[tls],
      trust: authority.certPem,
      names: ['sink.test'],
    },
    settings: { ...settings, ...(deliver === 'keep' ? { defer_transports: 'smtp' } : {}) },
  });
  return {
    port: postfix.port,
    roots: (await children()).difference(before),
    log: () => postfix.log(),
    close: () => postfix.close(),
  };
}
