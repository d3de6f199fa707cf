/** All faults, with the names by which they are run. */
import type { PeerName } from '../peers/support/catalog.ts';
import { rootsOf } from '../peers/support/peer.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { clockJump } from './clock-jump.ts';
import { fewDescriptors } from './descriptors.ts';
import { diskFull } from './disk-full.ts';
import { killed, killedBeforeDovecot, workerKilled } from './kill.ts';
import { readOnlyAtStart, readOnlyMeanwhile } from './read-only.ts';
import { resolverDown } from './resolver-down.ts';
import type { Row } from './support/row.ts';
import { webhookDown } from './webhook-down.ts';

const MIB = 2 ** 20;

interface Fault {
  /** @param options what the relay is told beside what the fault needs. */
  readonly run: (options: WaxwingOptions) => Promise<Row>;
  /** What the operator does about it. */
  readonly operator: string;
}

const afterKill =
  'nothing: the service manager starts it again. What the far side had answered with yes, and was not on record yet, goes to it once more. Where the kernel kills it for want of memory, its log says so (`dmesg`).';
const moreRoom = 'make room; senders come again by themselves. Watch the free room of its file system.';
const mendDns =
  'look at the resolver; `waxwing queue list` gives the reason for each message. Once it answers mail goes by itself; `waxwing queue retry --all` does not wait for the next try. The log says nothing before the next hourly test of the resolver: watch `waxwing_queue_recipients{state="deferred"}`.';
const setClock = 'set the clock right (NTP).';

export const faults: Readonly<Record<string, Fault>> = {
  kill: { run: (options) => killed(20, 'at random', options), operator: afterKill },
  'kill-in-flush': { run: (options) => killed(20, 'in a flush', options), operator: afterKill },
  'kill-dovecot': {
    run: async (options) => killedBeforeDovecot(await root('dovecot'), 20, 'at random', options),
    operator: afterKill,
  },
  'kill-worker': {
    run: (options) => workerKilled(8, options),
    operator:
      'nothing: the first process starts another worker, after one second, and after twice as long each further time, up to a minute. A worker that dies again and again is a fault of ours: keep the log and tell us.',
  },
  'disk-almost-full': { run: (options) => diskFull(8 * MIB, 10_000, options), operator: moreRoom },
  'disk-full': {
    run: (options) => diskFull(0, 10_000, options),
    operator: `${moreRoom} Whatever writes beside Waxwing took its reserve of 16 MB, so that deliveries could not be noted: a file system of its own is better.`,
  },
  'read-only': {
    run: (options) => readOnlyMeanwhile(5_000, options),
    operator:
      'stop it, look at the disk (`dmesg`), repair and mount the file system, start it. What was handed over meanwhile could not be noted: at most as many messages as there are connections to a destination go there twice.',
  },
  'read-only-start': {
    run: (options) => readOnlyAtStart(options),
    operator: 'mount the file system so that it can be written, and start it again.',
  },
  'resolver-silent': { run: (options) => resolverDown('silent', 20_000, options), operator: mendDns },
  'resolver-refuses': { run: (options) => resolverDown('refuses', 5_000, options), operator: mendDns },
  'resolver-fails': { run: (options) => resolverDown('fails', 5_000, options), operator: mendDns },
  webhook: {
    run: (options) => webhookDown(60_000, options),
    operator:
      'nothing, for three days; `waxwing events list` shows what waits, and after that `waxwing events retry-dead` sends what was given up.',
  },
  'clock-forward': {
    run: async (options) => clockJump(await root('faketime'), 'forward', options),
    operator: `${setClock} Mail is a day older now: senders may be told of a delay, and what was in its last day is returned.`,
  },
  'clock-back': {
    run: async (options) => clockJump(await root('faketime'), 'back', options),
    operator: setClock,
  },
  'clock-back-down': {
    run: async (options) => clockJump(await root('faketime'), 'back', options, true),
    operator: `${setClock} The start notices it where all of the queue was put off for longer than the longest of \`relay.retry\`.`,
  },
  descriptors: {
    run: (options) => fewDescriptors(15_000, options),
    operator: 'raise `LimitNOFILE` of the unit, or lower `limits.sessions`.',
  },
};

async function root(peer: PeerName): Promise<string> {
  const had = await rootsOf([peer]);
  if (had.kind === 'unavailable') throw new Error(had.because);
  return had.roots[peer];
}
