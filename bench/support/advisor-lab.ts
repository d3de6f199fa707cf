/** What the advisor is measured on: signed zones, policy hosts, and who answers by them. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Endpoint } from '../../test/lab/net.ts';
import { type PolicyHosts, startPolicyHosts } from '../../test/lab/policy-hosts.ts';
import { nsec3, signed, split, type Zone } from '../../test/lab/zone.ts';
import { POLICY_HOST } from '../../test/lab/zones/mail-domain.ts';
import { rootsOf } from '../../test/peers/support/peer.ts';
import { freePort } from '../../test/peers/support/ports.ts';
import { startStsResolver } from '../../test/peers/support/sts-resolver.ts';
import { type Authority, createAuthority } from '../../test/support/certificates.ts';
import type { Keys, Taken, Task } from '../asker.ts';
import { moveToFirstCore } from './cores.ts';
import { startCounter } from './counter.ts';
import { openPlace, type Place } from './dns-place.ts';
import { children, familyOf } from './processes.ts';
import { type RunningWaxwing, type Setup, startProgram } from './running.ts';
import { dnsOf } from './waxwing.ts';

/** How many domains of each sort there are. */
export interface Sizes {
  /** Whose policies are asked for again and again; in one zone. */
  readonly known: number;
  /** That nobody has asked for; a signed zone each. */
  readonly fresh: number;
}

export interface AdvisorLab {
  readonly place: Place;
  readonly policyHosts: PolicyHosts;
  readonly authority: Authority;
  readonly close: () => Promise<void>;
}

/** Somebody who answers. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  /** All its processes. */
  readonly pids: ReadonlySet<number>;
  readonly close: () => Promise<void>;
}

export const ADDRESS = '127.0.0.1';
const DIGEST = '8cb0fc6c527506a053f4f14c8464bebbd6dede2738d11468dd953d7d6a3021f1';
/** Certificates are made so many at a time. */
const AT_ONCE = 8;

/** Domains with MTA-STS and without TLSA records: what both answer is the same. */
export function knownKeys(count: number): Keys {
  return { count, key: 's#.many.test', answer: 'OK secure match=mx.s#.many.test servername=hostname' };
}

/** Domains with both; who knows nothing of DANE answers by MTA-STS. */
export function freshKeys(count: number, knows: 'DANE' | 'MTA-STS'): Keys {
  const answer = knows === 'DANE' ? 'OK dane-only' : 'OK secure match=.d#.test servername=hostname';
  return { count, key: 'd#.test', answer };
}

/** Domains that stand in the store before they are asked for; the DNS has them all by a wildcard. */
export function storedKeys(count: number): Keys {
  const match = 'mx.million.test:k#.million.test';
  return { count, key: 'k#.million.test', answer: `OK secure match=${match} servername=hostname` };
}

export async function openAdvisorLab({ known, fresh }: Sizes): Promise<AdvisorLab> {
  const place = await openPlace(zonesOf(known, fresh));
  const authority = await createAuthority();
  const listen = { address: place.address(POLICY_HOST), port: 443 };
  const policyHosts = await startPolicyHosts(listen, authority);
  const lab = { place, policyHosts, authority };
  for (let index = 0; index < known; index += 1) serve(lab, `s${index}.many.test`, `mx.s${index}.many.test`);
  for (let index = 0; index < fresh; index += 1) serve(lab, `d${index}.test`, `*.d${index}.test`);
  const hosts = [
    ...Array.from({ length: known }, (_, index) => `mta-sts.s${index}.many.test`),
    ...Array.from({ length: fresh }, (_, index) => `mta-sts.d${index}.test`),
  ].values();
  const meetAll = async (): Promise<void> => {
    for (const host of hosts) await meet(listen, host);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, meetAll));
  return {
    ...lab,
    async close() {
      await policyHosts.close();
      await place.close();
    },
  };
}

function zonesOf(known: number, fresh: number): readonly Zone[] {
  const domain = (label: string): readonly string[] => [
    `_mta-sts${label} TXT "v=STSv1; id=1;"`,
    `mta-sts${label} A $${POLICY_HOST}`,
  ];
  const many = Array.from({ length: known }, (_, index) => [
    `s${index} MX 10 mx.s${index}`,
    `mx.s${index} A 192.0.2.1`,
    ...domain(`.s${index}`),
  ]).flat();
  const host = (label: string, octet: number): readonly string[] => [
    `@ MX ${octet}0 ${label}`,
    `${label} A 192.0.2.${octet}`,
    `${label} AAAA 2001:db8::${octet}`,
    `_25._tcp.${label} TLSA 3 1 1 ${DIGEST}`,
  ];
  const own = [...host('mx1', 1), ...host('mx2', 2), ...domain('')];
  const stored = ['* MX 10 mx', '* TXT "v=STSv1; id=1;"', 'mx A 192.0.2.1'];
  const leaf = (name: string, records: readonly string[]): Zone => ({
    name,
    shows: '',
    server: 'leaf',
    records,
    signing: signed(),
  });
  return [
    { name: '.', shows: '', server: 'root', records: [], signing: signed({ keys: split('RSASHA256') }) },
    {
      name: 'test',
      shows: '',
      server: 'tld',
      records: [],
      signing: signed({ denial: nsec3({ optOut: true }) }),
    },
    leaf('many.test', many),
    leaf('million.test', stored),
    ...Array.from({ length: fresh }, (_, index) => leaf(`d${index}.test`, own)),
  ];
}

function serve({ policyHosts }: Pick<AdvisorLab, 'policyHosts'>, domain: string, mx: string): void {
  policyHosts.serve(domain, { text: policyText(mx) });
}

export function policyText(...mx: readonly string[]): string {
  const patterns = mx.map((one) => `mx: ${one}`);
  return ['version: STSv1', 'mode: enforce', ...patterns, 'max_age: 604800', ''].join('\r\n');
}

/** Has the policy host make its certificate: in the world each has its own long before it is asked. */
async function meet({ address, port }: Endpoint, servername: string): Promise<void> {
  const socket = connect({ host: address, port, servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.destroy();
}

/** @param port where its table is asked. @param answers that it may keep. */
export function setupOf(
  { place, authority }: AdvisorLab,
  resolver: Endpoint,
  port: number,
  answers = 100_000,
): Setup {
  const asked = dnsOf({ resolver, anchor: place.anchor });
  return {
    tables: [
      asked.table,
      '[tls]\nca = "ca.pem"\n',
      `[advisor]\nanswers = ${answers}\n`,
      '[[advisor.listener]]\nprotocol = "socketmap"\npostfix = "3.7"\n',
      `address = "${ADDRESS}:${port}"\n`,
    ].join(''),
    files: { ...asked.files, 'ca.pem': authority.certPem },
  };
}

export async function startOurs(lab: AdvisorLab, resolver: Endpoint): Promise<Subject> {
  const port = await freePort(ADDRESS);
  const running = await startProgram(setupOf(lab, resolver, port));
  return subjectOf('Waxwing', port, running.roots, () => running.close());
}

/** A program that was started by itself. */
export async function subjectOf(
  name: string,
  port: number,
  roots: RunningWaxwing['roots'],
  close: () => Promise<void>,
): Promise<Subject> {
  const pids = await familyOf(roots);
  await moveToFirstCore(pids);
  return { name, port, pids, close };
}

/** As Debian ships it, with policies in SQLite, or tuned: in memory only, gone with the process. */
export async function startTheirs(
  lab: AdvisorLab,
  { address }: Endpoint,
  cache: 'memory' | 'sqlite',
): Promise<Subject> {
  const had = await rootsOf(['stsresolver']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const before = await children();
  const options = { resolver: address, trust: lab.authority.certPem, cache };
  const running = await startStsResolver(had.roots.stsresolver, options);
  const roots = (await children()).difference(before);
  if (!running.log().includes('uvloop enabled')) throw new Error(`it runs without uvloop:\n${running.log()}`);
  const name = `postfix-mta-sts-resolver, ${cache === 'sqlite' ? 'as shipped' : 'in memory'}`;
  return subjectOf(name, running.port, roots, () => running.close());
}

/** Where the program that asks runs: beside the server, or on a core of its own. */
export type Seat = 'same core' | 'other core';

/** @throws where an answer was wrong: what answers wrongly has no speed. */
export async function ask(
  { name, port }: Pick<Subject, 'name' | 'port'>,
  task: Omit<Task, 'address' | 'port'>,
  seat: Seat,
): Promise<Taken> {
  const all: Task = { ...task, address: ADDRESS, port };
  const asker = await startCounter<Taken>(new URL('../asker.ts', import.meta.url).pathname, {
    ASK: JSON.stringify(all),
  });
  try {
    if (seat === 'same core') await moveToFirstCore([Number(asker.first)]);
    const taken = await asker.counts();
    if (taken.wrong > 0) throw new Error(`${name} gave ${taken.wrong} wrong answers: ${taken.example}`);
    return taken;
  } finally {
    asker.close();
  }
}
