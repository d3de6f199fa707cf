/** A small internet on the loopback network: signed zones, their servers, resolvers, mail servers, policy hosts. */
import { rootsOf } from '../peers/support/peer.ts';
import { openSandbox, type Sandbox } from '../peers/support/sandbox.ts';
import { type Authority, reopenAuthority } from '../support/certificates.ts';
import { type Authorities, startAuthorities } from './authorities.ts';
import { type MailServer, mailServerNames } from './build/certificates.ts';
import { keptZones, writeTrustFiles } from './build/kept.ts';
import { serverAddresses } from './build/zone-text.ts';
import { type Asked, type Dug, digAll, verdicts } from './dig.ts';
import { type RunningMailServer, startMailServer } from './mail-servers.ts';
import { type DnsMitm, startDnsMitm } from './mitm/dns.ts';
import { type Endpoint, type Net, takeNet } from './net.ts';
import { type PolicyHosts, startPolicyHosts } from './policy-hosts.ts';
import type { Question, Verdict } from './question.ts';
import { type ResolverKind, resolverAddresses, resolverKinds, startUnbound } from './resolvers.ts';
import { POLICY_HOST } from './zones/mail-domain.ts';
import { zones } from './zones.ts';

/** The sets of packages that every lab is made of. */
export const labPeers = ['bind', 'knot', 'ldns', 'nsd', 'unbound'] as const;

/** What is started beside zones, servers and resolvers. */
export interface LabOptions {
  /** Mail servers, and the ways to them. */
  readonly mail?: readonly MailServer[];
}

/** A lab that runs. */
export interface Lab {
  /** What to trust: DS lines of the root, and a file with them. */
  readonly anchor: string;
  readonly anchorFile: string;
  /** unbound, which validates from that anchor on. */
  readonly resolver: Endpoint;
  readonly resolvers: Readonly<Record<ResolverKind, Endpoint>>;
  readonly authorities: Authorities;
  /** Whose certificates are to be trusted, and a file with its own. */
  readonly authority: Authority;
  readonly authorityFile: string;
  readonly policyHosts: PolicyHosts;
  /** Those that were asked for. */
  readonly mail: Readonly<Partial<Record<MailServer, RunningMailServer>>>;
  /** The address of the lab that ends with this number; 160 to 199 are for tests. */
  readonly address: (last: number) => string;
  /** Asks by dig, with DO. */
  readonly dig: (name: string, type: string, options?: DigOptions) => Promise<Dug>;
  readonly digAll: (questions: readonly Asked[], options?: DigOptions) => Promise<Dug[]>;
  /** What unbound finds of each question. */
  readonly verdicts: (questions: readonly Question[]) => Promise<Verdict[]>;
  /** Somebody on the way to a resolver, by default the plain one; closed with the lab. */
  readonly dnsMitm: (resolver?: ResolverKind) => Promise<DnsMitm>;
  readonly close: () => Promise<void>;
}

/** Whom dig asks, by default the validating resolver, and how: `+cd`, `+tcp`. */
export interface DigOptions {
  readonly resolver?: ResolverKind;
  /** Somebody else, at port 53. */
  readonly address?: string;
  readonly more?: readonly string[];
}

/** From here on, one for each man in the middle. */
const FIRST_MITM = 200;

/** Brings a lab up. @throws where one of its programs cannot be had. */
export async function startLab({ mail = [] }: LabOptions = {}): Promise<Lab> {
  const had = await rootsOf([...labPeers, ...mail]);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).toReversed()) await one();
  };
  try {
    const net = await takeNet([...Object.values(serverAddresses), ...Object.values(resolverAddresses)]);
    opened.push(net.close);
    const made = await keptZones(had.roots, zones, net.prefix);
    const { anchor } = made;
    const authorities = await startAuthorities(had.roots, net, zones, made);
    opened.push(authorities.close);
    const authority = await reopenAuthority(made.certificates.authority);
    const policyHosts = await startPolicyHosts({ address: net.address(POLICY_HOST), port: 443 }, authority);
    opened.push(policyHosts.close);
    const servers: Partial<Record<MailServer, RunningMailServer>> = {};
    await together([
      ...resolverKinds.map((kind) => async () => {
        const resolver = await startUnbound(had.roots.unbound, net, kind, anchor);
        opened.push(resolver.sandbox.close);
      }),
      ...mailServerNames
        .filter((name) => mail.includes(name))
        .map((name) => async () => {
          const server = await startMailServer(name, had.roots[name], net, made.certificates);
          opened.push(server.close);
          servers[name] = server;
        }),
    ]);
    const desk = await openSandbox(had.roots.bind);
    opened.push(desk.close);
    const files = await writeTrustFiles(net.prefix, made);
    const asking = askingFrom(desk, net, (closing) => opened.push(closing));
    return {
      anchor,
      authorities,
      authority,
      policyHosts,
      mail: servers,
      address: net.address,
      ...files,
      ...asking,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts all of them at once. @throws what the first that fails throws, once all have ended. */
async function together(starts: readonly (() => Promise<void>)[]): Promise<void> {
  const started = await Promise.allSettled(starts.map((start) => start()));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

type Asking = Pick<Lab, 'resolver' | 'resolvers' | 'dig' | 'digAll' | 'verdicts' | 'dnsMitm'>;

/** The resolvers, and who asks them. */
function askingFrom(desk: Sandbox, net: Net, opened: (close: () => Promise<void>) => void): Asking {
  const at = (kind: ResolverKind): Endpoint => ({ address: net.address(resolverAddresses[kind]), port: 53 });
  const resolvers = { validating: at('validating'), plain: at('plain'), stripping: at('stripping') };
  const ask: Lab['digAll'] = (questions, { resolver = 'validating', address, more = [] } = {}) =>
    digAll(desk, address ?? resolvers[resolver].address, questions, more);
  let mitms = 0;
  return {
    resolver: resolvers.validating,
    resolvers,
    digAll: ask,
    async dig(name, type, options) {
      const [answer] = await ask([{ name, type }], options);
      if (answer === undefined) throw new Error('dig says nothing');
      return answer;
    },
    verdicts: (questions) => verdicts(desk, resolvers.validating.address, questions),
    async dnsMitm(resolver = 'plain') {
      const listen = { address: net.address(FIRST_MITM + mitms), port: 53 };
      mitms += 1;
      const mitm = await startDnsMitm(listen, resolvers[resolver]);
      opened(mitm.close);
      return mitm;
    },
  };
}
