/**
 * The gateway against stunnel, nginx's mail proxy and HAProxy, before the same IMAP server without TLS.
 *
 *     node bench/gateway.ts [sessions] [rounds] [idle] [megabytes]
 *
 * The server is a toy (mailbox.ts) in a process of its own. A round runs all programs in turn, each in processes of its
 * own on the first core, while the load and the server share the last one; figures are medians of the rounds. Where the
 * load's core is the busier one, the processor time says more than the speed. Clients go by STARTTLS, except with HAProxy,
 * which knows none. nginx asks an HTTP server whom to let in: here it asks itself, and that time is its own.
 *
 * At the end a Dovecot, which gives each client a process until it has logged in, says what that costs.
 */
import { join } from 'node:path';
import { startDovecot } from '../test/peers/support/dovecot.ts';
import { rootsOf } from '../test/peers/support/peer.ts';
import { createAuthority } from '../test/support/certificates.ts';
import { moveToFirstCore, takeLastCore } from './support/cores.ts';
import { startCounter } from './support/counter.ts';
import { median, table } from './support/figures.ts';
import {
  type Bulk,
  idle,
  type Measured,
  openAndClose,
  roundTrip,
  type Subject,
  transfer,
} from './support/front-figures.ts';
import { allFronts } from './support/fronts.ts';
import { inside, loggedIn, terms, type Way } from './support/imap-client.ts';
import { children, familyOf } from './support/processes.ts';

const sessions = Number(process.argv[2] ?? 2_000);
const rounds = Number(process.argv[3] ?? 3);
const idlers = Number(process.argv[4] ?? 5_000);
const megabytes = Number(process.argv[5] ?? 512);
/** Before the clock starts: what has just been started is not what runs for months. */
const WARM_UP = 300;
const ROUND_TRIPS = 2_000;
/** Of a process each. */
const DOVECOTS = 200;

const cores = await takeLastCore();
const authority = await createAuthority();
const ca = authority.certPem;
const certificate = await authority.issue({ names: ['gateway.test'] });
const before = await children();
const mailbox = await startCounter<never>(join(import.meta.dirname, 'mailbox.ts'), {});
const behind = (await children()).difference(before);
const direct: Way = { how: 'no TLS', port: Number(mailbox.first) };

/** Samples of each figure, one of each round. */
const samples = new Map<string, number[]>();
const names: string[] = [];
const hows = new Map<string, readonly Way['how'][]>();
const loads = (['to the server', 'from the server'] as const).flatMap((direction) =>
  [1, 10].map((connections): Bulk => ({ connections, direction, octets: megabytes * 1_000_000 })),
);

try {
  for (let round = 0; round < rounds; round++) {
    note('direct', 'round trip', await roundTrip({ way: direct, ca }, ROUND_TRIPS));
    for (const load of loads)
      noteBulk(
        'direct',
        load,
        await transfer({ front: { roots: new Set() }, way: direct, ca, behind }, load),
      );
    for (const [name, start] of await allFronts()) {
      const front = await start(direct.port, certificate);
      await moveToFirstCore(await familyOf(front.roots));
      if (round === 0) names.push(name);
      hows.set(
        name,
        front.ways.map(({ how }) => how),
      );
      try {
        for (const way of front.ways) await measureSessions(name, { front, way, ca, behind });
        const [way] = front.ways;
        if (way !== undefined) await measureRest(name, { front, way, ca, behind });
      } finally {
        await front.close();
      }
    }
  }
  const each = await dovecotIdle();
  tell(each);
} finally {
  mailbox.close();
}

async function measureSessions(name: string, subject: Subject): Promise<void> {
  await openAndClose(subject, WARM_UP);
  const { ms, cpuMs, load } = await openAndClose(subject, sessions);
  const { how } = subject.way;
  note(name, `${how} /s`, (sessions / ms) * 1000);
  note(name, `${how} CPU`, cpuMs / sessions);
  note(name, `${how} busy`, cpuMs / ms);
  note(name, `${how} load`, load);
}

async function measureRest(name: string, subject: Subject): Promise<void> {
  for (const load of loads) noteBulk(name, load, await transfer(subject, load));
  note(name, 'round trip', await roundTrip(subject, ROUND_TRIPS));
  note(name, 'idle', await idle(subject, idlers, loggedIn));
}

function noteBulk(name: string, bulk: Bulk, { ms, cpuMs, load }: Measured): void {
  const what = bulkName(bulk);
  note(name, `${what} speed`, bulk.octets / ms / 1000);
  // Ticks are coarse: of nothing no rate can be told.
  note(name, `${what} per core`, bulk.octets / cpuMs / 1000);
  note(name, `${what} load`, load);
}

function bulkName({ connections, direction }: Bulk): string {
  return `${connections} ${direction}`;
}

/** Logged in or not, what holds the TLS connection there is one process of its own. */
async function dovecotIdle(): Promise<number> {
  const had = await rootsOf(['dovecot']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const earlier = await children();
  const dovecot = await startDovecot(had.roots.dovecot, {
    certificate,
    accounts: { 'ada@example.test': 'secret' },
    settings: { default_process_limit: String(DOVECOTS * 2), default_client_limit: String(DOVECOTS * 8) },
  });
  try {
    const front = { roots: (await children()).difference(earlier) };
    const way: Way = { how: 'STARTTLS', port: dovecot.imap.port };
    return await idle({ front, way, ca, behind }, DOVECOTS, inside);
  } finally {
    await dovecot.close();
  }
}

function tell(dovecot: number): void {
  console.log(
    `${terms}; the programs on core 0, the load ${cores.replace(/, the servers.*/, '')}; ${rounds} rounds`,
  );
  console.log(`\n${sessions} new sessions, each logged in and out:\n`);
  for (const how of ['STARTTLS', 'implicit TLS'] as const) {
    const those = names.filter((name) => hows.get(name)?.includes(how) === true);
    table(
      [how, 'sessions/s', 'CPU ms each', 'core busy', "load's core busy", 'CPU: Waxwing ÷ it'],
      those.map((name) => [
        name,
        figure(name, `${how} /s`),
        figure(name, `${how} CPU`, 2),
        percent(name, `${how} busy`),
        percent(name, `${how} load`),
        ratio('Waxwing', name, `${how} CPU`),
      ]),
    );
    console.log('');
  }
  console.log(`${megabytes} MB through one connection, and through 10:\n`);
  table(
    [
      '',
      'connections',
      'direction',
      'MB/s',
      "MB per second of the program's CPU",
      "load's core busy",
      'MB/s: Waxwing ÷ it',
      'per CPU: Waxwing ÷ it',
    ],
    loads.flatMap((bulk) => [...names, 'direct'].map((name) => bulkRow(name, bulk))),
  );
  console.log(
    `\n${ROUND_TRIPS} round trips, and ${idlers} idle connections (Dovecot: ${DOVECOTS}, before the login):\n`,
  );
  table(
    ['', 'µs a round trip', 'added to no TLS', 'KiB for an idle connection'],
    [
      ...names.map((name) => [
        name,
        figure(name, 'round trip'),
        Math.round(value(name, 'round trip') - value('direct', 'round trip')),
        figure(name, 'idle', 1),
      ]),
      ['direct', figure('direct', 'round trip'), 0, ''],
      ['Dovecot, a process each', '', '', dovecot.toFixed(1)],
    ],
  );
}

function bulkRow(name: string, bulk: Bulk): (string | number)[] {
  const what = bulkName(bulk);
  const isFront = name !== 'direct';
  return [
    name,
    bulk.connections,
    bulk.direction,
    figure(name, `${what} speed`),
    isFront ? figure(name, `${what} per core`) : '',
    percent(name, `${what} load`),
    isFront ? ratio('Waxwing', name, `${what} speed`) : '',
    isFront ? ratio('Waxwing', name, `${what} per core`) : '',
  ];
}

function note(name: string, what: string, sample: number): void {
  const key = `${name}: ${what}`;
  samples.set(key, [...(samples.get(key) ?? []), sample]);
}

function of(name: string, what: string): readonly number[] {
  return samples.get(`${name}: ${what}`) ?? [];
}

function value(name: string, what: string): number {
  return median(of(name, what));
}

function figure(name: string, what: string, digits = 0): string {
  return value(name, what).toFixed(digits);
}

function percent(name: string, what: string): string {
  return `${Math.round(value(name, what) * 100)} %`;
}

/** Round by round, so that a machine whose speed drifts does not decide. */
function ratio(ours: string, theirs: string, what: string): string {
  const divisors = of(theirs, what);
  return median(of(ours, what).map((one, round) => one / (divisors[round] ?? Number.NaN))).toFixed(2);
}
