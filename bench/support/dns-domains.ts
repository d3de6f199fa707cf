/** New mail domains in full: over UDP, through unbound, beside unbound. */
import type { Answer } from '../../src/dns/answer.ts';
import { childOf, type Name } from '../../src/dns/name.ts';
import { type Question, types } from '../../src/dns/record.ts';
import { readMx } from '../../src/dns/records.ts';
import type { Resolver } from '../../src/net/dns/resolver.ts';
import { startDnsMitm } from '../../test/lab/mitm/dns.ts';
import { nsec3, signed, split, type Zone } from '../../test/lab/zone.ts';
import { type Mode, named, type Place, type RunningResolver, resolverOver } from './dns-place.ts';
import { recordingsOf } from './dns-recorded.ts';
import { median, table } from './figures.ts';

/** Domains that are under way at the same time. */
const AT_ONCE = 32;
/** Domains at most over which questions are counted, at somebody on the way. */
const COUNTED = 50;
/** Asked before the clock starts, so that the zones above are known as they are to a process that has run for a while. */
export const FIRST = domainAt(0);
const DIGEST = '8cb0fc6c527506a053f4f14c8464bebbd6dede2738d11468dd953d7d6a3021f1';

/** A root, a registry with opt-out, and below it so many mail domains, each a signed zone with two mail hosts. */
export function mailHierarchy(domains: number): readonly Zone[] {
  const host = (label: string, octet: number): string[] => [
    `@ MX ${octet}0 ${label}`,
    `${label} A 192.0.2.${octet}`,
    `${label} AAAA 2001:db8::${octet}`,
    `_25._tcp.${label} TLSA 3 1 1 ${DIGEST}`,
  ];
  const records = [...host('mx1', 1), ...host('mx2', 2), '*.many A 192.0.2.9'];
  return [
    { name: '.', shows: '', server: 'root', records: [], signing: signed({ keys: split('RSASHA256') }) },
    {
      name: 'test',
      shows: '',
      server: 'tld',
      records: [],
      signing: signed({ denial: nsec3({ optOut: true }) }),
    },
    ...Array.from({ length: domains + 1 }, (_, index): Zone => {
      return { name: domainAt(index), shows: '', server: 'leaf', records, signing: signed() };
    }),
  ];
}

function domainAt(index: number): string {
  return `d${index}.test`;
}

/** What one way of asking costs for each domain. */
interface Cost {
  readonly domainsPerSecond: number;
  readonly questions: number;
  readonly oursMs: number;
  /** Of the round that others disturbed least. */
  readonly leastMs: number;
  readonly unboundMs: number;
}

/** One way of asking: who proves, and through whom. */
export interface Way {
  readonly what: string;
  readonly mode: Mode;
  readonly through: 'plain' | 'validating';
  /** Whether the resolver has been asked all of it before. */
  readonly warm: boolean;
}

export const ways: readonly Way[] = [
  { what: 'validate here, resolver warm', mode: 'validate', through: 'plain', warm: true },
  { what: 'trust AD, resolver warm', mode: 'trust', through: 'validating', warm: true },
  { what: 'nothing proven, resolver warm', mode: 'off', through: 'plain', warm: true },
  { what: 'validate here, resolver empty', mode: 'validate', through: 'plain', warm: false },
  { what: 'unbound validates, empty', mode: 'trust', through: 'validating', warm: false },
  { what: 'nobody validates, resolver empty', mode: 'off', through: 'plain', warm: false },
];

/** MX, and for each host A and AAAA, then TLSA, of domains that were never asked for in this process. */
export async function tellDomains(place: Place, domains: number, rounds: number): Promise<void> {
  const costs = new Map<Way, Cost>();
  for (const way of ways) costs.set(way, await costOfWay(place, way, domains, rounds));
  table(
    [
      '',
      'domains/s',
      'questions/s',
      'our CPU, ms',
      'domains per s of it',
      'in the best round',
      'CPU of unbound, ms',
      'both, ms',
    ],
    ways.map((way) => cellsOf(way, costs.get(way) ?? none)),
  );
  const [validate = none, , off = none, here = none, theirs = none, nobody = none] = ways.map(
    (way) => costs.get(way) ?? none,
  );
  const own = validate.oursMs - off.oursMs;
  const its = theirs.unboundMs - nobody.unboundMs;
  const both = (theirs.oursMs + theirs.unboundMs) / (here.oursMs + here.unboundMs);
  console.log(
    `\nValidation alone, per domain: ours ${own.toFixed(2)} ms, unbound's ${its.toFixed(2)} ms; ` +
      `unbound ÷ ours: **${(its / own).toFixed(2)}**. All CPU from empty caches on, unbound validates ÷ we do: **${both.toFixed(2)}**`,
  );
  await tellInMemory(place, domains, rounds);
  await tellAsked(place, Math.min(COUNTED, domains));
}

/** The same without sockets: what of it is validation. */
async function tellInMemory(place: Place, domains: number, rounds: number): Promise<void> {
  const plain = await place.resolver('plain');
  try {
    const recordings = recordingsOf(plain, place.anchors);
    const first = questionsOf(FIRST);
    const all = Array.from({ length: domains }, (_, index) => questionsOf(domainAt(index + 1))).flat();
    await recordings.record([...first, ...all]);
    let checks = 0;
    const costs = Array.from({ length: rounds }, () => {
      const validator = recordings.validator();
      for (const question of first) recordsOf(validator.validate(question), 'validate');
      const before = validator.counts.checks;
      const began = process.threadCpuUsage();
      for (const question of all) recordsOf(validator.validate(question), 'validate');
      const { user, system } = process.threadCpuUsage(began);
      checks = (validator.counts.checks - before) / domains;
      return (user + system) / 1000 / domains;
    });
    const least = Math.min(...costs);
    console.log(
      `\nThe same questions out of memory, one thread: ${median(costs).toFixed(2)} ms of CPU for a domain, ` +
        `in the best round ${least.toFixed(2)} ms (${Math.round(1000 / least)}/s); ${checks} signatures checked`,
    );
  } finally {
    await plain.close();
  }
}

function questionsOf(domain: string): Question[] {
  const hosts = ['mx1', 'mx2'].flatMap((label): Question[] => {
    const host = `${label}.${domain}`;
    return [
      { name: named(host), type: types.A },
      { name: named(host), type: types.AAAA },
      { name: named(`_25._tcp.${host}`), type: types.TLSA },
    ];
  });
  return [{ name: named(domain), type: types.MX }, ...hosts];
}

const none: Cost = { domainsPerSecond: 0, questions: 0, oursMs: 0, leastMs: 0, unboundMs: 0 };

function cellsOf({ what }: Way, cost: Cost): (string | number)[] {
  const { domainsPerSecond, questions, oursMs, leastMs, unboundMs } = cost;
  const perSecond = [domainsPerSecond, domainsPerSecond * questions].map(Math.round);
  const perCpu = [1000 / oursMs, 1000 / leastMs].map(Math.round);
  const both = [unboundMs, oursMs + unboundMs].map((ms) => ms.toFixed(2));
  return [what, ...perSecond, oursMs.toFixed(2), ...perCpu, ...both];
}

async function costOfWay(place: Place, way: Way, domains: number, rounds: number): Promise<Cost> {
  const all: Cost[] = [];
  let unbound = await place.resolver(way.through);
  try {
    if (way.warm) await measured(place, way, unbound, domains);
    for (let round = 0; round < rounds; round += 1) {
      if (!way.warm && round > 0) {
        await unbound.close();
        unbound = await place.resolver(way.through);
      }
      all.push(await measured(place, way, unbound, domains));
    }
  } finally {
    await unbound.close();
  }
  const middle = (figure: (cost: Cost) => number): number => median(all.map(figure));
  return {
    domainsPerSecond: middle((cost) => cost.domainsPerSecond),
    questions: middle((cost) => cost.questions),
    oursMs: middle((cost) => cost.oursMs),
    leastMs: Math.min(...all.map((cost) => cost.oursMs)),
    unboundMs: middle((cost) => cost.unboundMs),
  };
}

/** All the domains by a process that knows the zones above them and nothing else. */
async function measured(
  place: Place,
  { mode }: Way,
  unbound: RunningResolver,
  domains: number,
): Promise<Cost> {
  const resolver = resolverOver(place, unbound, mode);
  try {
    await inFull(resolver, FIRST, mode);
    const theirs = await unbound.cpuUs();
    const ours = process.cpuUsage();
    const began = performance.now();
    let questions = 0;
    let next = 1;
    const worker = async (): Promise<void> => {
      while (next <= domains) {
        const asked = await inFull(resolver, domainAt(next++), mode);
        questions += asked;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(ours);
    const oursMs = (user + system) / 1000 / domains;
    return {
      domainsPerSecond: (domains / ms) * 1000,
      questions: questions / domains,
      oursMs,
      leastMs: oursMs,
      unboundMs: ((await unbound.cpuUs()) - theirs) / 1000 / domains,
    };
  } finally {
    await resolver.close();
  }
}

/** @returns how many questions there were. @throws where an answer is not what the zone holds, or not proven as it has to be. */
async function inFull(resolver: Resolver, domain: string, mode: Mode): Promise<number> {
  const look = async (name: Name | undefined, type: number): Promise<readonly Uint8Array[]> => {
    if (name === undefined) throw new Error(`a name below ${domain} is too long`);
    return recordsOf(await resolver.lookUp({ name, type }), mode);
  };
  const hosts = (await look(named(domain), types.MX)).flatMap((data) => readMx(data)?.exchange ?? []);
  const each = hosts.map(async (host) => {
    await Promise.all([look(host, types.A), look(host, types.AAAA)]);
    const protocol = childOf('_tcp', host);
    await look(protocol && childOf('_25', protocol), types.TLSA);
    return 3;
  });
  return (await Promise.all(each)).reduce((sum, count) => sum + count, 1);
}

function recordsOf(answer: Answer, mode: Mode): readonly Uint8Array[] {
  const expected = mode === 'off' ? 'indeterminate' : 'secure';
  if (answer.kind === 'found' && answer.status === expected) return answer.records;
  throw new Error(`${answer.kind} and ${answer.status} in the mode ${mode}: ${answer.because}`);
}

/** What a domain has the resolver asked, counted by somebody on the way. */
async function tellAsked(place: Place, domains: number): Promise<void> {
  console.log(`\nQuestions to the resolver for a domain, counted over ${domains} on the way to it:\n`);
  for (const { mode, through } of ways.slice(0, 3)) {
    const unbound = await place.resolver(through);
    const mitm = await startDnsMitm(place.onTheWay, unbound);
    const resolver = resolverOver(place, mitm, mode);
    try {
      await inFull(resolver, FIRST, mode);
      const before = mitm.asked().length;
      for (let index = 1; index <= domains; index += 1) await inFull(resolver, domainAt(index), mode);
      const asked = mitm.asked().slice(before);
      const byType = Object.entries(types).flatMap(([type, number]) => {
        const count = asked.filter((one) => one.type === number).length / domains;
        return count === 0 ? [] : [`${count} ${type}`];
      });
      const byTcp = asked.filter(({ over }) => over === 'tcp').length;
      console.log(`- ${mode}: ${asked.length / domains} (${byType.join(', ')}); by TCP ${byTcp}`);
    } finally {
      await resolver.close();
      await mitm.close();
      await unbound.close();
    }
  }
}
