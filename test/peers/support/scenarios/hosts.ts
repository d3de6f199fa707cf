/** The mail servers that rows are made of: real ones as far as they can be set up so, else ours, which follows a script. */
import type { Lab } from '../../../lab/lab.ts';
import { type CertificateOptions, createAuthority } from '../../../support/certificates.ts';
import { type HostileServer, type Script, startHostileServer } from '../../../support/hostile-server.ts';
import { startExim } from '../exim.ts';
import { startOpenSmtpd } from '../opensmtpd.ts';
import type { rootsOf } from '../peer.ts';
import { startPostfix } from '../postfix.ts';
import type { PeerName } from './row.ts';
import { hostOf, OTHER_HOST, type Scene } from './scene.ts';
import type { PeerPlace } from './scene-dns.ts';

/** The roots of their packages. */
export type ServerRoots = Extract<
  Awaited<ReturnType<typeof rootsOf<'postfix' | 'exim' | 'opensmtpd'>>>,
  { kind: 'ready' }
>['roots'];

export interface Hosts {
  readonly places: Readonly<Partial<Record<PeerName, PeerPlace>>>;
  /** Those that note what they are told. */
  readonly scripted: Readonly<Partial<Record<PeerName, HostileServer>>>;
  /** Those that have mailboxes: the recipients of what came there, at least so many. */
  readonly mailboxes: Readonly<Partial<Record<PeerName, (atLeast: number) => Promise<readonly string[]>>>>;
  readonly close: () => Promise<void>;
}

const aDay = 24 * 3600 * 1000;
const usual = ['PIPELINING', 'SIZE 50000000', '8BITMIME'];

/** 160 to 199 are free for tests. */
const scripts: readonly (readonly [name: PeerName, at: number, script: Partial<Script>])[] = [
  ['good', 160, { offers: [...usual, 'REQUIRETLS', 'STARTTLS'] }],
  ['bare', 161, { offers: usual }],
  ['refused', 162, { startTls: { say: '454 4.7.0 TLS not available\r\n', next: 'stay' } }],
  ['broken', 163, { startTls: { say: '220 go\r\n', next: 'close-on-hello' } }],
  // Inside TLS there would be nothing wrong: what must not be is that it comes so far.
  ['injected', 164, { startTls: { say: '220 go\r\n250 2.0.0 injected\r\n', next: 'handshake' } }],
  ['hanging', 165, { startTls: { say: '220 go\r\n', next: 'swallow-large' } }],
];

const real: readonly (readonly [
  name: PeerName,
  at: number,
  start: keyof ServerRoots,
  shown: Omit<CertificateOptions, 'names'> & { readonly by: 'authority' | 'stranger' | 'nobody' },
])[] = [
  ['untrusted', 170, 'exim', { by: 'stranger' }],
  ['wrong name', 171, 'opensmtpd', { by: 'authority' }],
  [
    'expired',
    172,
    'postfix',
    { by: 'authority', notBefore: new Date(Date.now() - 60 * aDay), notAfter: new Date(Date.now() - aDay) },
  ],
  ['no STARTTLS', 173, 'postfix', { by: 'nobody' }],
];

const programs = { postfix: startPostfix, exim: startExim, opensmtpd: startOpenSmtpd } as const;

/** Starts all that the scenes name and the lab has not. */
export async function startHosts(lab: Lab, roots: ServerRoots, scenes: readonly Scene[]): Promise<Hosts> {
  const places: Partial<Record<PeerName, PeerPlace>> = {};
  const scripted: Partial<Record<PeerName, HostileServer>> = {};
  const mailboxes: Partial<Record<PeerName, (atLeast: number) => Promise<readonly string[]>>> = {};
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closing.splice(0).map((one) => one()));
  };
  const stranger = await createAuthority('Unknown Authority');
  const at = (peer: PeerName): readonly Scene[] => scenes.filter(({ row }) => row.peer === peer);
  const startScripted = async ([name, last, script]: (typeof scripts)[number]): Promise<void> => {
    const address = lab.address(last);
    const certificate = await lab.authority.issue({ names: at(name).map(hostOf) });
    const server = await startHostileServer(certificate, script, { address, port: 25 });
    closing.push(() => server.close());
    scripted[name] = server;
    places[name] = { address, certPem: certificate.certPem };
  };
  const startReal = async ([name, last, program, shown]: (typeof real)[number]): Promise<void> => {
    const address = lab.address(last);
    const { by, ...dates } = shown;
    const authority = by === 'stranger' ? stranger : lab.authority;
    const names = name === 'wrong name' ? [OTHER_HOST] : at(name).map(hostOf);
    const certificate = by === 'nobody' ? undefined : await authority.issue({ names, ...dates });
    const server = await programs[program](roots[program], {
      address,
      port: 25,
      hostname: `${program}.scene.test`,
      domains: at(name).map(({ domain }) => domain),
      ...(certificate === undefined ? {} : { certificate }),
    });
    closing.push(() => server.close());
    places[name] = { address, certPem: certificate?.certPem ?? null };
    mailboxes[name] = async (atLeast) => (await server.messages(atLeast)).map(({ to }) => to);
  };
  const started = await Promise.allSettled([...scripts.map(startScripted), ...real.map(startReal)]);
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return { places, scripted, mailboxes, close };
  await close();
  throw failed.reason;
}
