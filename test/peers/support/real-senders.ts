/** Real senders on the lab, and what became of the mail that each of them had for a domain. */
import type { TestContext } from 'node:test';
import type { SimulatedOutcome } from '../../../src/findings/senders.ts';
import type { Lab } from '../../lab/lab.ts';
import { rootsOf } from './peer.ts';
import { deliverTo, startOnLab } from './policy-lab.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { until } from './until.ts';

/** What became of a message, and what was said of it. */
export interface Became {
  readonly outcome: SimulatedOutcome;
  readonly text: string;
}

/** `smtp_tls_security_level` of the Postfix that sends. */
export type PostfixLevel = 'may' | 'dane' | 'secure';

/** Sends one message for each domain by a Postfix that asks the lab's unbound and trusts the lab's authority. */
export async function sentByPostfix(
  lab: Lab,
  t: TestContext,
  level: PostfixLevel,
  last: number,
  domains: readonly string[],
): Promise<ReadonlyMap<string, Became>> {
  const had = await rootsOf(['postfix']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const sender = await startPostfix(had.roots.postfix, {
    address: lab.address(last),
    hostname: 'sender.lab.test',
    domains: ['nobody.test'],
    files: {
      '/etc/resolv.conf': `nameserver ${lab.resolver.address}\noptions trust-ad\n`,
      '/peer/roots.pem': lab.authority.certPem,
    },
    settings: {
      smtp_dns_support_level: level === 'dane' ? 'dnssec' : 'enabled',
      smtp_host_lookup: 'dns',
      smtp_tls_security_level: level,
      smtp_tls_CAfile: '/peer/roots.pem',
      smtp_connection_cache_on_demand: 'no',
      // What is tried again must not speak in between.
      queue_run_delay: '1h',
      minimal_backoff_time: '1h',
      maximal_backoff_time: '1h',
      maximal_queue_lifetime: '1d',
    },
  });
  t.after(() => sender.close());
  // One message after the other: the lines about TLS stand under the process that delivers.
  const found = new Map<string, Became>();
  for (const name of domains) found.set(name, await sendOne(sender, name));
  return found;
}

/** `Verified` is said where Postfix has found the certificate to be the right one: by TLSA records, or by name at `secure`. */
async function sendOne(sender: Postfix, name: string): Promise<Became> {
  const from = sender.log().length;
  const since = (): string => sender.log().slice(from);
  await sender.inject('a@sender.test', [`b@${name}`], Buffer.from('Subject: x\n\nx\n'));
  const line = await until(
    () =>
      since()
        .split('\n')
        .find((one) => one.includes(`to=<b@${name}>`)),
    () => sender.log(),
  );
  const [, status = '', text = ''] = / status=(\w+) \((.*)\)$/.exec(line) ?? [];
  if (status === 'bounced' || status === 'deferred') return { outcome: status, text };
  if (status !== 'sent') throw new Error(`Postfix says ${JSON.stringify(status)}: ${line}`);
  const said = [
    ...since().matchAll(/(Verified|Trusted|Untrusted|Anonymous) TLS connection established to/g),
  ].at(-1)?.[1];
  if (said === undefined) return { outcome: 'cleartext', text };
  return { outcome: said === 'Verified' ? 'authenticated' : 'encrypted', text: said };
}

/** Sends one message for each domain by the real Waxwing. @param dnssec with `off` it knows no DANE, as large webmail services. */
export async function sentByWaxwing(
  lab: Lab,
  t: TestContext,
  dnssec: 'validate' | 'off',
  domains: readonly string[],
): Promise<ReadonlyMap<string, Became>> {
  const { address, port } = lab.resolver;
  const waxwing = await startOnLab(lab, {
    dns: {
      resolver: [`${address}:${port}`],
      dnssec,
      ...(dnssec === 'off' ? {} : { trust_anchor: lab.anchorFile }),
    },
  });
  t.after(() => waxwing.close());
  const events = await deliverTo(waxwing, domains);
  return new Map(
    [...events].map(([name, { event, tls }]) => {
      const undelivered = event === 'bounced' ? 'bounced' : 'deferred';
      const outcome = event === 'delivered' ? (tls?.outcome ?? 'unknown') : undelivered;
      return [name, { outcome, text: tls?.because ?? '' }];
    }),
  );
}
