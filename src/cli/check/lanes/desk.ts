/** The main thread's side of one lane: hands targets to it, and lets it go to doors as its turns come. */
import type { Target } from '../../../findings/case.ts';
import type { VisitEnd } from '../../../findings/observation.ts';
import type { Called } from '../../../scanner/policy-calls.ts';
import type { Seeing } from '../../../scanner/shared.ts';
import type { Place } from '../crowd.ts';
import type { Turns } from '../open.ts';
import type { Done, FromLane, ToLane } from './messages.ts';

export interface Desk {
  readonly hear: (message: FromLane) => void;
  /** Rejects where the lane is lost. */
  readonly attempt: (target: Target, join: Place['join']) => Promise<Done>;
  /** How many targets the lane has. */
  readonly busy: () => number;
  /** The lane is lost, and with it all that it has. */
  readonly fail: (error: Error) => void;
}

/** A target that the lane has. */
interface Job {
  readonly join: Place['join'];
  readonly done: (done: Done) => void;
  readonly failed: (error: Error) => void;
}

/** A door at which the lane is. */
interface There {
  readonly between: (last: VisitEnd) => void;
  readonly seen: (seeing: Extract<Seeing, { kind: 'seen' }>) => void;
  readonly failed: (error: Error) => void;
}

export function openDesk(
  say: (message: ToLane) => void,
  { visits, calls }: Turns,
  onNotice: (text: string) => void,
): Desk {
  const jobs = new Map<number, Job>();
  const there = new Map<number, There>();
  /** Policy hosts that the lane calls. */
  const calling = new Map<number, (called: Called) => void>();
  let count = 0;
  let lost: Error | undefined;

  async function ask({ way, to }: Extract<FromLane, { kind: 'ask' }>): Promise<void> {
    let went = false;
    const seeing = await visits.seeing(to, async (between, depth) => {
      went = true;
      const { promise, resolve, reject } = Promise.withResolvers<Extract<Seeing, { kind: 'seen' }>>();
      there.set(way, {
        between: (last) => {
          between(last).then((answer) => say({ kind: 'next', way, answer }), reject);
        },
        seen: resolve,
        failed: reject,
      });
      if (lost !== undefined) throw lost;
      say({ kind: 'go', way, depth });
      try {
        return (await promise).observation;
      } finally {
        there.delete(way);
      }
    });
    if (!went) say({ kind: 'known', way, seeing });
  }

  async function askCall({ call, address }: Extract<FromLane, { kind: 'ask-call' }>): Promise<void> {
    const entry = await calls.enter(address);
    if (entry.kind === 'left-alone') say({ kind: 'call', call, entry });
    else if (lost !== undefined) entry.leave('other');
    else {
      calling.set(call, entry.leave);
      say({ kind: 'call', call, entry: 'entered' });
    }
  }

  function fail(error: Error): void {
    lost ??= error;
    for (const leave of calling.values()) leave('other');
    calling.clear();
    for (const { failed } of [...jobs.values(), ...there.values()]) failed(lost);
    jobs.clear();
  }

  return {
    hear(message) {
      switch (message.kind) {
        case 'join':
          say({
            kind: 'joined',
            job: message.job,
            long: jobs.get(message.job)?.join(message.lines) ?? [],
          });
          return;
        case 'ask':
          ask(message).catch(fail);
          return;
        case 'between':
          there.get(message.way)?.between(message.last);
          return;
        case 'seen':
          there.get(message.way)?.seen(message.seeing);
          return;
        case 'ask-call':
          askCall(message).catch(fail);
          return;
        case 'called':
          calling.get(message.call)?.(message.called);
          calling.delete(message.call);
          return;
        case 'done':
          jobs.get(message.job)?.done(message.done);
          jobs.delete(message.job);
          return;
        case 'notice':
          onNotice(message.text);
          return;
        case 'ready':
        case 'failed':
      }
    },
    attempt: (target, join) =>
      new Promise((done, failed) => {
        if (lost !== undefined) {
          failed(lost);
          return;
        }
        count += 1;
        jobs.set(count, { join, done, failed });
        say({ kind: 'target', job: count, target });
      }),
    busy: () => jobs.size,
    fail,
  };
}
