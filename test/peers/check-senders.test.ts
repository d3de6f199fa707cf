/**
 * What a check says that senders would do, beside what real ones do then: every mail domain of the lab, Postfix at three
 * levels, the real Waxwing with DNSSEC and without.
 *
 * The table stands in docs/check-senders.md; `CHECK_SENDERS=write` writes it there, where all is as it should be.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import type { CheckCase } from '../../src/findings/case.ts';
import { judgeRecording } from '../../src/findings/judge.ts';
import { type SenderKind, senderKinds } from '../../src/findings/sender-kinds.ts';
import { type Sender, type Simulated, senders } from '../../src/findings/senders.ts';
import { simulate, simulateAs } from '../../src/findings/simulate.ts';
import type { Route } from '../../src/policies/overrides/route.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { mailDomains } from '../lab/zones/mail.ts';
import { testOnLab } from './support/check-lab.ts';
import { type Became, sentByPostfix, sentByWaxwing } from './support/real-senders.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

const NOT_THERE = 'nothing-here.test';
const domains = [...mailDomains.map(({ name }) => name), NOT_THERE];

/** Our relay looks at the name in a certificate wherever there is TLS; the others only where a policy makes them. */
const relay: SenderKind = { ...senderKinds['postfix-dane'], ...ofRelay('applied') };
const relayWithoutDane: SenderKind = { ...senderKinds['mta-sts'], ...ofRelay('applied') };
/** `secure` is no kind of sender for a check, as it stands for nobody but an operator who wrote it. */
const secure: SenderKind = { ...senderKinds['postfix-may'], level: 'authenticate' };

function ofRelay(sts: SenderKind['sts']): Pick<SenderKind, 'sts' | 'looks' | 'withoutAddress' | 'hello'> {
  return { sts, looks: 'always', withoutAddress: 'deferred', hello: 'large' };
}

/** What Postfix takes at `secure` as it is shipped: the recipient's domain, or a name below it (`nexthop, dot-nexthop`). */
function secureRoute({ facts }: CheckCase): Route | undefined {
  if (facts === null) return undefined;
  const { domain } = facts;
  return {
    match: { kind: 'any' },
    to: null,
    login: null,
    tls: null,
    requireTls: null,
    onBlocked: null,
    names: [{ kind: 'below', domain }],
    hello: { kind: 'domain', domain },
    source: null,
    connections: null,
    messagesPerMinute: null,
  };
}

interface RealSender {
  readonly name: string;
  readonly send: (lab: Lab, t: TestContext) => Promise<ReadonlyMap<string, Became>>;
  readonly simulate: (theCase: CheckCase) => Simulated | undefined;
}

const realSenders: readonly RealSender[] = [
  {
    name: 'Postfix, `may`',
    send: (lab, t) => sentByPostfix(lab, t, 'may', 160, domains),
    simulate: (theCase) => simulate(theCase).outcomes['postfix-may'],
  },
  {
    name: 'Postfix, `dane`',
    send: (lab, t) => sentByPostfix(lab, t, 'dane', 161, domains),
    simulate: (theCase) => simulate(theCase).outcomes['postfix-dane'],
  },
  {
    name: 'Postfix, `secure`',
    send: (lab, t) => sentByPostfix(lab, t, 'secure', 162, domains),
    simulate: (theCase) => simulateAs(theCase, secure, secureRoute(theCase)).outcome,
  },
  {
    name: 'Waxwing',
    send: (lab, t) => sentByWaxwing(lab, t, 'validate', domains),
    simulate: (theCase) => simulateAs(theCase, relay).outcome,
  },
  {
    name: 'Waxwing without DNSSEC',
    send: (lab, t) => sentByWaxwing(lab, t, 'off', domains),
    simulate: (theCase) => simulateAs(theCase, relayWithoutDane).outcome,
  },
];

const simulatedOnly: readonly Sender[] = senders.filter((one) => !one.startsWith('postfix'));

/** Of all senders, what came out otherwise. */
const wrong: string[] = [];

let tested: Promise<ReadonlyMap<string, CheckCase>> | undefined;

/** One connection to each door of each domain, then no network. */
function casesOf(lab: Lab): NonNullable<typeof tested> {
  tested ??= testOnLab(lab, domains).then(
    (all) =>
      new Map([...all].map(([name, one]) => [name, judgeRecording(one, one.startedAt).theCase] as const)),
  );
  return tested;
}

describe('what senders would do, and what they do', () => {
  for (const { name, send, simulate: simulateIt } of realSenders) {
    labTest(`${name}: ${domains.length} domains, each as simulated`, async (lab, t) => {
      const cases = await casesOf(lab);
      const real = await send(lab, t);
      const differ = domains.flatMap((domain) => {
        const [theCase, did] = [cases.get(domain), real.get(domain)];
        if (theCase === undefined || did === undefined) return [`${domain}: nothing is known`];
        const would = simulateIt(theCase);
        if (would?.outcome === did.outcome) return [];
        return [`${domain}: would ${would?.outcome} (${would?.because}), did ${did.outcome} (${did.text})`];
      });
      wrong.push(...differ);
      assert.deepEqual(differ, []);
      const outcomes = new Set([...real.values()].map(({ outcome }) => outcome));
      assert.ok(outcomes.size >= 3, 'a sender to whom all is the same proves nothing');
    });
  }

  labTest('docs/check-senders.md has the table', async (lab, t) => {
    assert.deepEqual(wrong, [], 'the table would say what was not done');
    const table = tableOf(await casesOf(lab));
    t.diagnostic(`\n${table}`);
    const path = join(import.meta.dirname, '..', '..', 'docs', 'check-senders.md');
    const page = readFileSync(path, 'utf8');
    const at = page.indexOf('\n| domain |') + 1;
    assert.ok(at > 0, 'the page has no table');
    if (process.env['CHECK_SENDERS'] === 'write') writeFileSync(path, `${page.slice(0, at)}${table}`);
    else assert.equal(page.slice(at), table);
  });
});

/** A row for each domain; what was simulated is what was done, or the tests above fail. */
function tableOf(cases: ReadonlyMap<string, CheckCase>): string {
  const heads = [
    'domain',
    ...realSenders.map(({ name }) => name),
    ...simulatedOnly.map((one) => `\`${one}\``),
  ];
  const rows = domains.map((domain) => {
    const theCase = cases.get(domain) ?? assert.fail(domain);
    const { outcomes } = simulate(theCase);
    const done = realSenders.map((one) => one.simulate(theCase)?.outcome ?? '–');
    const shows = mailDomains.find(({ name }) => name === domain)?.shows ?? 'it does not exist';
    return [`${domain}: ${shows}`, ...done, ...simulatedOnly.map((one) => outcomes[one]?.outcome ?? '–')];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('');
}
