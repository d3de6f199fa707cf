/** Domains that nobody has asked for: all that is to be learnt of each, over the DNS and from its policy host. */
import { types } from '../../src/dns/record.ts';
import { startDnsMitm } from '../../test/lab/mitm/dns.ts';
import type { Endpoint } from '../../test/lab/net.ts';
import { type AdvisorLab, ask, freshKeys, type Subject, startOurs, startTheirs } from './advisor-lab.ts';
import { median, table } from './figures.ts';
import { cpuUsOf } from './processes.ts';

const CONNECTIONS = 16;
const IN_FLIGHT = 2;
/** Domains at most over which questions are counted. */
const COUNTED = 50;

interface Way {
  readonly what: string;
  readonly knows: 'DANE' | 'MTA-STS';
  readonly start: (lab: AdvisorLab, resolver: Endpoint) => Promise<Subject>;
}

const ways: readonly Way[] = [
  { what: 'Waxwing: MX, addresses, TLSA, MTA-STS, all proven', knows: 'DANE', start: startOurs },
  {
    what: 'postfix-mta-sts-resolver, as shipped: MTA-STS',
    knows: 'MTA-STS',
    start: (lab, resolver) => startTheirs(lab, resolver, 'sqlite'),
  },
];

interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly fetches: number;
}

export async function tellDiscovery(lab: AdvisorLab, fresh: number, rounds: number): Promise<void> {
  const runs = ways.map((): Run[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, way] of ways.entries()) runs[index]?.push(await discover(lab, way, fresh));
  }
  const middle = (index: number, figure: (run: Run) => number): number =>
    median((runs[index] ?? []).map(figure));
  const asked: string[] = [];
  for (const way of ways) asked.push(await questionsOf(lab, way, Math.min(COUNTED, fresh)));
  table(
    ['', 'domains/s', 'p50 ms', 'p99 ms', 'its CPU ms', 'HTTPS fetches', 'questions to the resolver'],
    ways.map(({ what }, index) => [
      what,
      middle(index, (run) => run.perSecond).toFixed(0),
      middle(index, (run) => run.p50Ms).toFixed(0),
      middle(index, (run) => run.p99Ms).toFixed(0),
      middle(index, (run) => run.cpuMs).toFixed(2),
      middle(index, (run) => run.fetches).toFixed(2),
      asked[index] ?? '',
    ]),
  );
}

/** With a program, a resolver and a store that know nothing; the policy host has its certificates. */
async function discover(lab: AdvisorLab, { start, knows }: Way, fresh: number): Promise<Run> {
  const resolver = await lab.place.resolver('plain');
  try {
    const subject = await start(lab, resolver);
    try {
      const fetched = lab.policyHosts.requests().length;
      const before = await cpuUsOf(subject.pids);
      const taken = await ask(subject, taskOf(fresh, knows), 'other core');
      return {
        perSecond: taken.perSecond,
        p50Ms: taken.p50 / 1000,
        p99Ms: taken.p99 / 1000,
        cpuMs: ((await cpuUsOf(subject.pids)) - before) / 1000 / fresh,
        fetches: (lab.policyHosts.requests().length - fetched) / fresh,
      };
    } finally {
      await subject.close();
    }
  } finally {
    await resolver.close();
  }
}

function taskOf(count: number, knows: Way['knows']): Parameters<typeof ask>[1] {
  return {
    keys: freshKeys(count, knows),
    connections: CONNECTIONS,
    inFlight: IN_FLIGHT,
    lookUps: 'each',
    warm: false,
  };
}

/** What it asks for each domain, by somebody on the way; that takes time, so nothing else is measured. */
async function questionsOf(lab: AdvisorLab, { start, knows }: Way, count: number): Promise<string> {
  const resolver = await lab.place.resolver('plain');
  const counter = await startDnsMitm(lab.place.onTheWay, resolver);
  try {
    const subject = await start(lab, lab.place.onTheWay);
    try {
      await ask(subject, taskOf(count, knows), 'other core');
    } finally {
      await subject.close();
    }
    const asked = counter.asked();
    const byType = Object.entries(types).flatMap(([type, number]) => {
      const share = asked.filter((one) => one.type === number).length / count;
      return share === 0 ? [] : [`${share.toFixed(2)} ${type}`];
    });
    return `${(asked.length / count).toFixed(2)} (${byType.join(', ')})`;
  } finally {
    await counter.close();
    await resolver.close();
  }
}
