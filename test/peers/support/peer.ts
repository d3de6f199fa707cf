/** Tests that need real peers: skipped by name where there are none, failing where they are required. */
import { it, type TestContext } from 'node:test';
import type { PeerName } from './catalog.ts';
import { fetchPeer } from './fetch.ts';

/** A test that runs against the named peers; their roots are handed to it. */
export function peerTest<const Needed extends PeerName>(
  name: string,
  peers: readonly Needed[],
  work: (roots: Readonly<Record<Needed, string>>, t: TestContext) => Promise<void>,
): void {
  it(name, async (t) => {
    const had = await rootsOf(peers);
    if (had.kind === 'ready') return work(had.roots, t);
    if (process.env['PEERS_REQUIRED'] === '1') throw new Error(had.because);
    t.skip(had.because);
  });
}

/** The roots of all these peers, or why one of them cannot be had. */
export type Roots<Needed extends PeerName> =
  | { readonly kind: 'ready'; readonly roots: Readonly<Record<Needed, string>> }
  | { readonly kind: 'unavailable'; readonly because: string };

/** Fetches peers, one after the other. */
export async function rootsOf<const Needed extends PeerName>(
  peers: readonly Needed[],
): Promise<Roots<Needed>> {
  const roots: Record<PeerName, string> = {
    postfix: '',
    postfix310: '',
    exim: '',
    opensmtpd: '',
    dovecot: '',
    slapd: '',
    bind: '',
    knot: '',
    ldns: '',
    nsd: '',
    unbound: '',
    postgresql: '',
    postgresql17: '',
    mariadb: '',
    prosody: '',
    inn: '',
    vsftpd: '',
    sendmail: '',
    cyrus: '',
    stunnel: '',
    nginx: '',
    haproxy: '',
    tools: '',
    mailclients: '',
    mailauth: '',
    mailx: '',
    pflogsumm: '',
    systemd: '',
    stsresolver: '',
    faketime: '',
    forms: '',
    scanners: '',
  };
  for (const peer of peers) {
    const fetched = await fetchPeer(peer);
    if (fetched.kind === 'unavailable')
      return { kind: 'unavailable', because: `no ${peer}: ${fetched.because}` };
    roots[peer] = fetched.root;
  }
  return { kind: 'ready', roots };
}
