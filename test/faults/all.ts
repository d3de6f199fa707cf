/** All faults, with the names by which they are run. */
import type { PeerName } from '../peers/support/catalog.ts';
import { rootsOf } from '../peers/support/peer.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { clockJump } from './clock-jump.ts';
import { fewDescriptors } from './descriptors.ts';
import { diskFull } from './disk-full.ts';
import { killed, killedBeforeDovecot } from './kill.ts';
import { readOnlyAtStart, readOnlyMeanwhile } from './read-only.ts';
import { resolverDown } from './resolver-down.ts';
import type { Row } from './support/row.ts';
import { webhookDown } from './webhook-down.ts';

const MIB = 2 ** 20;

/** @param options what the relay is told beside what the fault needs. */
type Run = (options: WaxwingOptions) => Promise<Row>;

export const faults: Readonly<Record<string, Run>> = {
  kill: (options) => killed(20, 'at random', options),
  'kill-in-flush': (options) => killed(20, 'in a flush', options),
  'kill-dovecot': async (options) => killedBeforeDovecot(await root('dovecot'), 20, 'at random', options),
  'disk-almost-full': (options) => diskFull(8 * MIB, 10_000, options),
  'disk-full': (options) => diskFull(0, 10_000, options),
  'read-only': (options) => readOnlyMeanwhile(5_000, options),
  'read-only-start': (options) => readOnlyAtStart(options),
  'resolver-silent': (options) => resolverDown('silent', 20_000, options),
  'resolver-refuses': (options) => resolverDown('refuses', 5_000, options),
  'resolver-fails': (options) => resolverDown('fails', 5_000, options),
  webhook: (options) => webhookDown(60_000, options),
  'clock-forward': async (options) => clockJump(await root('faketime'), 'forward', options),
  'clock-back': async (options) => clockJump(await root('faketime'), 'back', options),
  'clock-back-down': async (options) => clockJump(await root('faketime'), 'back', options, true),
  descriptors: (options) => fewDescriptors(15_000, options),
};

async function root(peer: PeerName): Promise<string> {
  const had = await rootsOf([peer]);
  if (had.kind === 'unavailable') throw new Error(had.because);
  return had.roots[peer];
}
