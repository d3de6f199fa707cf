/** The role of the relay where mail goes out: one message, by a route that asks for verified TLS and logs in there. */
import { describeEvent, describeTls } from '../../../src/cli/queue-text.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startTestRelay } from '../../support/relay.ts';
import type { Dialect } from '../dialect.ts';
import type { Target } from '../twins/sloppy-client.ts';
import type { Reached, VictimRole } from '../victim.ts';
import { clientRole } from './client.ts';

/** Nobody hands in over TLS here, but a relay has a certificate. */
const keyPair = await (await createAuthority()).issue({ names: ['relay.test'] });

/** What `SECRET` stands for: in base64, between NULs, as SASL PLAIN has it. */
const login = { user: 'wax', password: 'secretword' };

/** A relay has to be started, and takes a message in before it delivers one. */
const STARTING_MS = 3_000;

export const deliveryRole: VictimRole = {
  startingMs: STARTING_MS,
  ours,
  twin: clientRole.twin,
  speaks: (protocol) => protocol === 'smtp' || protocol === 'lmtp',
};

async function ours({ protocol }: Dialect, target: Target): Promise<Reached> {
  const { port, serverName, ca, patienceMs } = target;
  if (protocol !== 'smtp' && protocol !== 'lmtp') throw new Error(`mail does not go out by ${protocol}`);
  const relay = await startTestRelay(
    // It is closed below.
    { after: () => undefined },
    {
      keyPair,
      routes: [{ domain: 'far.test', to: { host: serverName, port, protocol }, login, tls: 'authenticate' }],
      trust: [ca],
      patience: {
        phases: {
          greeting: patienceMs,
          reply: patienceMs,
          'data-start': patienceMs,
          'data-end': patienceMs,
          goodbye: patienceMs,
        },
        connect: patienceMs,
        handshake: patienceMs,
        dataBlock: patienceMs,
      },
    },
  );
  try {
    await relay.send({ to: ['anna@far.test'] });
    const end = await relay.until('an end of the attempt', ({ event }) => event !== 'received');
    // As `waxwing queue show` has it.
    const shown = [describeEvent(end), ...describeTls(end)].join('\n');
    return end.event === 'delivered'
      ? { wentOn: true, believed: shown, told: '' }
      : { wentOn: false, believed: '', told: shown };
  } finally {
    await relay.close(0);
  }
}
