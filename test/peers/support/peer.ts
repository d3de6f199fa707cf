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
    const roots: Record<PeerName, string> = { postfix: '', exim: '', opensmtpd: '', dovecot: '', tools: '' };
    for (const peer of peers) {
      const fetched = await fetchPeer(peer);
      if (fetched.kind === 'ready') {
        roots[peer] = fetched.root;
        continue;
      }
      const because = `no ${peer}: ${fetched.because}`;
      if (process.env['PEERS_REQUIRED'] === '1') throw new Error(because);
      t.skip(because);
      return;
    }
    await work(roots, t);
  });
}
