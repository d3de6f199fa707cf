/** The whole process is killed again and again, as by a power cut or the kernel's out-of-memory killer. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDovecot } from '../peers/support/dovecot.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { untilFlushing } from './support/flushing.ts';
import type { Row } from './support/row.ts';
import { besiege, type Recovery, type Scene, underLoad } from './support/siege.ts';

/** systemd's RestartSec, unless a unit says otherwise. */
const RESTART_MS = 100;

/** At a random moment, or while one of its threads flushes to the disk. */
type Moment = 'at random' | 'in a flush';

export function killed(times: number, when: Moment, options: WaxwingOptions = {}): Promise<Row> {
  return besiege({
    fault: `kill -9, ${times} times, ${when}`,
    load: { connections: 10, perSecond: 1_000, contentBytes: 4_000 },
    options,
    strike: (scene) => killAgainAndAgain(scene, times, when),
  });
}

/** With several processes: one of those that take and deliver mail is killed, the others and the first go on. */
export function workerKilled(times: number, options: WaxwingOptions = {}): Promise<Row> {
  return besiege({
    fault: `kill -9 of one of two workers, ${times} times, at random`,
    load: { connections: 10, perSecond: 50, contentBytes: 4_000 },
    options: { ...options, top: { ...options.top, workers: WORKERS } },
    async strike({ waxwing, load: { accepted } }) {
      let whileAlone = 0;
      for (let time = 1; time <= times; time++) {
        await bothAt(waxwing.pid);
        await sleep(200 + Math.random() * 600);
        const workers = childrenOf(waxwing.pid);
        process.kill(workers[Math.floor(Math.random() * workers.length)] ?? waxwing.pid, 'SIGKILL');
        await sleep(100);
        const before = accepted.size;
        await sleep(500);
        whileAlone += accepted.size - before;
      }
      await bothAt(waxwing.pid);
      await sleep(300);
      const text = `The other one took ${whileAlone} messages in the half seconds after the kills. What the killed one had in its queue waited for its successor.`;
      return { text, facts: { whileAlone } };
    },
  });
}

const WORKERS = 2;
/** Each time that one dies its successor waits longer, a minute at most. */
const LONGEST_MS = 70_000;

/** Waits until all workers run. */
async function bothAt(pid: number): Promise<void> {
  for (const end = performance.now() + LONGEST_MS; childrenOf(pid).length < WORKERS; await sleep(50))
    if (performance.now() > end) throw new Error('a worker that was killed has no successor');
}

function childrenOf(pid: number): readonly number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return listed === '' ? [] : listed.split(' ').map(Number);
}

/** The same where mail goes to the mailboxes of a real server. @param root of the peer `dovecot`. */
export async function killedBeforeDovecot(
  root: string,
  times: number,
  when: Moment,
  options: WaxwingOptions = {},
): Promise<Row> {
  const user = 'b@example.test';
  const dovecot = await startDovecot(root, { users: [user] });
  try {
    return await besiege({
      fault: `kill -9, ${times} times, ${when}, with Dovecot 2.3.19 behind it by LMTP`,
      load: { connections: 10, perSecond: 100, contentBytes: 4_000 },
      options: {
        ...options,
        routes: [{ match: 'example.test', to: `lmtp://127.0.0.1:${dovecot.port}`, tls: 'off' }],
      },
      farSide: () => ({
        async arrived() {
          const received = await dovecot.messages(user);
          return received.map(({ header }) => /^Subject: (.*)$/m.exec(header)?.[1] ?? '');
        },
        returned: () => Promise.resolve([]),
      }),
      strike: (scene) => killAgainAndAgain(scene, times, when),
    });
  } finally {
    await dovecot.close();
  }
}

async function killAgainAndAgain({ waxwing, load }: Scene, times: number, when: Moment): Promise<Recovery> {
  let caught = 0;
  let longestMs = 0;
  for (let time = 1; time <= times; time++) {
    await underLoad(load, 200 + Math.random() * 600, 15);
    if (when === 'in a flush' && (await untilFlushing(waxwing.pid, 2_000))) caught += 1;
    await waxwing.kill9();
    await sleep(RESTART_MS);
    const begun = performance.now();
    await waxwing.start();
    longestMs = Math.max(longestMs, performance.now() - begun);
  }
  await sleep(300);
  const inFlush = when === 'in a flush' ? ` ${caught} of the kills met a thread in a flush.` : '';
  const text = `Each start was ready after ${(longestMs / 1_000).toFixed(1)} s at most.${inFlush}`;
  return { text, facts: { caught } };
}
