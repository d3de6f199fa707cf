/** Ten domains of the lab, decided by Postfix with DANE and by the real Waxwing: the same where Postfix can say it. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { rootsOf } from './support/peer.ts';
import { deliverTo, startOnLab, verdictOf } from './support/policy-lab.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

/** What Postfix's log can say of one delivery. */
interface PostfixVerdict {
  readonly status: string;
  /** `Verified`: a TLSA record fits; `Trusted` and `Untrusted`: TLS without one. */
  readonly tls: string | null;
  readonly text: string;
}

/** `unlike`: why Postfix cannot say the same. */
const domains: readonly { readonly name: string; readonly unlike?: string }[] = [
  { name: 'dane-ee.test' },
  { name: 'dane-ta.test' },
  { name: 'dane-second.test' },
  { name: 'dane-mismatch.test' },
  { name: 'dane-no-starttls.test' },
  { name: 'dane-bogus.test' },
  { name: 'dane-pkix.test' },
  { name: 'dane-host-unsigned.test' },
  { name: 'plain.test' },
  { name: 'sts-mismatch.test', unlike: 'Postfix knows no MTA-STS' },
  // A match for a host that anybody could have named: Postfix calls it trusted, not verified.
  { name: 'half-dane.test' },
];

/** A Postfix that sends by MX, with DANE, and asks the lab's unbound. */
async function startSender(lab: Lab, t: TestContext): Promise<Postfix> {
  const had = await rootsOf(['postfix']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const sender = await startPostfix(had.roots.postfix, {
    address: lab.address(160),
    hostname: 'sender.lab.test',
    domains: ['nobody.test'],
    files: {
      '/etc/resolv.conf': `nameserver ${lab.resolver.address}\noptions trust-ad\n`,
      '/peer/roots.pem': lab.authority.certPem,
    },
    settings: {
      smtp_dns_support_level: 'dnssec',
      smtp_host_lookup: 'dns',
      smtp_tls_security_level: 'dane',
      smtp_tls_dane_insecure_mx_policy: 'dane',
      smtp_tls_CAfile: '/peer/roots.pem',
      maximal_queue_lifetime: '1d',
    },
  });
  t.after(() => sender.close());
  return sender;
}

async function decidedByPostfix(sender: Postfix): Promise<ReadonlyMap<string, PostfixVerdict>> {
  // One message each: the lines about TLS stand under the process that delivers, one message after the other.
  const found = new Map<string, PostfixVerdict>();
  for (const { name } of domains) {
    const from = sender.log().length;
    await sender.inject('a@sender.test', [`b@${name}`], Buffer.from('Subject: x\n\nx\n'));
    const line = await until(
      () =>
        sender
          .log()
          .slice(from)
          .split('\n')
          .find((one) => one.includes(`to=<b@${name}>`)),
      () => sender.log(),
    );
    const [, status = '', text = ''] = / status=(\w+) \((.*)\)$/.exec(line) ?? [];
    const said = [
      ...sender
        .log()
        .slice(from)
        .matchAll(/(Verified|Trusted|Untrusted|Anonymous) TLS connection established to/g),
    ];
    found.set(name, { status, tls: said.at(-1)?.[1] ?? null, text });
  }
  return found;
}

/** Both verdicts in the same words. */
function byPostfix({ status, tls }: PostfixVerdict): string {
  if (status !== 'sent') return status;
  return tls === 'Verified' ? 'sent, TLSA matches' : `sent, ${tls === null ? 'in clear' : 'TLS'}`;
}

function byUs({ event, tls }: DeliveryEvent): string {
  if (event !== 'delivered') return event === 'bounced' ? 'bounced' : 'deferred';
  if (tls?.tlsa !== null && tls?.outcome === 'authenticated') return 'sent, TLSA matches';
  return tls?.outcome === 'cleartext' ? 'sent, in clear' : 'sent, TLS';
}

describe('DANE by Postfix and by us', () => {
  labTest(`${domains.length} domains, the same verdicts`, async (lab, t) => {
    const waxwing = await startOnLab(lab);
    t.after(() => waxwing.close());
    const ours = await deliverTo(
      waxwing,
      domains.map(({ name }) => name),
    );
    const theirs = await decidedByPostfix(await startSender(lab, t));
    t.diagnostic('| domain | Postfix | ours | |');
    const differ: string[] = [];
    for (const { name, unlike } of domains) {
      const [his, our] = [theirs.get(name), ours.get(name)];
      if (his === undefined || our === undefined) return assert.fail(name);
      t.diagnostic(
        `| ${name} | ${byPostfix(his)} | ${byUs(our)} (${verdictOf(our)}) | ${unlike ?? ''} | ${his.text}`,
      );
      if ((byPostfix(his) === byUs(our)) === (unlike !== undefined))
        differ.push(`${name}: ${byPostfix(his)} (${his.text}), ${byUs(our)}`);
    }
    assert.deepEqual(differ, []);
  });
});
