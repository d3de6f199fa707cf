/** A real Waxwing on the lab: its resolver, its trust anchor, its authority, its mail servers. */
import { askRelay } from '../../../src/cli/control-client.ts';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import type { KeptOfDomain } from '../../../src/relay/policies-api.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Endpoint } from '../../lab/net.ts';
import { handIn } from './pipelining-client.ts';
import { until } from './until.ts';
import { startWaxwing, type Waxwing, type WaxwingOptions } from './waxwing.ts';

/** Starts a Waxwing that knows no internet but the lab. @param resolver by default unbound, which validates. */
export function startOnLab(
  lab: Lab,
  options: WaxwingOptions = {},
  resolver: Endpoint = lab.resolver,
): Promise<Waxwing> {
  return startWaxwing({
    hostname: 'relay.sender.test',
    trust: lab.authority.certPem,
    dns: { resolver: [`${resolver.address}:${resolver.port}`], trust_anchor: lab.anchorFile },
    relay: { retry: ['1h'] },
    ...options,
  });
}

const SENDER = 'a@sender.test';
const OUTCOMES: ReadonlySet<string> = new Set(['delivered', 'deferred', 'blocked', 'bounced']);

/** Hands in one message for one mailbox of each domain. @returns what became of it, by domain. */
export async function deliverTo(
  waxwing: Waxwing,
  domains: readonly string[],
): Promise<ReadonlyMap<string, DeliveryEvent>> {
  const before = waxwing.events().length;
  const to = domains.map((domain) => `b@${domain}`);
  const content = Buffer.from('Subject: secret\r\n\r\nsecret text\r\n');
  await handIn(waxwing.port, { from: SENDER, to, content });
  return until(
    () => {
      // A bounce follows what it is about, and is a message of its own.
      const came = waxwing
        .events()
        .slice(before)
        .filter((one) => one.from === SENDER && OUTCOMES.has(one.event));
      const first = new Map(came.toReversed().map((one) => [one.to.slice(2), one]));
      return first.size === domains.length && first;
    },
    () => `not every domain has an outcome: ${JSON.stringify(waxwing.events(), null, 1)}\n${waxwing.log()}`,
  );
}

/** The same for one domain. */
export async function deliverToOne(waxwing: Waxwing, domain: string): Promise<DeliveryEvent> {
  const event = (await deliverTo(waxwing, [domain])).get(domain);
  if (event === undefined) throw new Error(`nothing became of the mail for ${domain}`);
  return event;
}

/** What an event says of TLS, on one line: `delivered authenticated, authenticate by dane`. */
export function verdictOf({ event, tls }: DeliveryEvent): string {
  if (tls === null) return event;
  const { outcome, required, by } = tls;
  return `${event}${outcome === null ? '' : ` ${outcome}`}, ${required} by ${by}`;
}

/** What is kept of a domain; all that sessions have shown up to now is written down then. */
export async function keptOf(waxwing: Waxwing, domain: string): Promise<KeptOfDomain> {
  const answer = await askRelay(waxwing.data, { method: 'GET', path: `/policies/${domain}` });
  if (answer.kind !== 'answered' || answer.status !== 200)
    throw new Error(`nothing is kept of ${domain}: ${JSON.stringify(answer)}\n${waxwing.log()}`);
  return answer.body as KeptOfDomain;
}
