/** The work of one of several processes: its queue, its listeners, and what it tells the primary. */
import { join } from 'node:path';
import type { Control } from '../../relay/control.ts';
import { workerCalls } from '../../relay/workers/answer.ts';
import { openCallSocket } from '../../relay/workers/call-socket.ts';
import { receiptsHoldUntil } from '../../store/last-receipt.ts';
import { pausesOfOthers } from '../../store/pauses-of-others.ts';
import { queuesIn } from '../../store/queue-files.ts';
import { type Opened, openGround } from '../ground.ts';
import type { Running } from '../reload.ts';
import { openAll } from '../service.ts';
import { messageOf } from '../usage.ts';
import { type Log, startWorks, type Works, world } from '../works.ts';
import { tellWhenEmpty } from './empty-queue.ts';
import { inStep } from './event-pipe.ts';
import { type Begin, callSocketOf, type FromWorker, type Reload } from './messages.ts';
import { unpack } from './pack.ts';
import type { Wires } from './wires.ts';

export interface WorkParts {
  readonly wires: Wires;
  readonly log: Log;
  readonly onError: (what: string, error: unknown) => void;
  readonly say: (message: FromWorker) => void;
}

export interface Work {
  /** One time after the other; the primary is told what came of it. */
  reload(message: Reload): void;
  /** Looks at the files of certificates. */
  look(): void;
  /** Finishes what is under way for as long as the configuration allows. */
  close(): Promise<void>;
}

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
export function startWork(begin: Begin, parts: WorkParts): Promise<Work> {
  return openAll((opened, closeAll) => open(begin, parts, opened, closeAll));
}

async function open(
  begin: Begin,
  { wires, log, onError, say }: WorkParts,
  opened: Opened,
  closeAll: () => Promise<void>,
): Promise<Work> {
  const { number, role, folder } = begin;
  let running = ofRole(unpack(begin.running), role);
  let { part } = begin;
  const isNew = !queuesIn(folder).includes(number);
  const ground = await openGround(running, { folder, queue: number }, log, opened);
  if (isNew) for (const pause of pausesOfOthers(ground.folder)) await ground.store.pause(pause);
  opened.push(() => wires.events.empty());
  // What users of this host and other servers leave for all of them is for one to take.
  const isFirst = number === 1 && role === 'serve';
  const works = await startWorks(
    {
      first: running,
      running: () => running,
      ground: { ...ground, store: inStep(ground.store, () => wires.events.room()) },
      doors: () => Promise.resolve(wires.doors),
      page: false,
      datagrams: isFirst,
      spool: isFirst,
      advisor: isFirst,
      fellows: { peers: wires.peers, part: () => part, hidden: begin.hidden },
      onEvents: (list) => wires.events.write(list),
      log,
      onError,
    },
    opened,
  );
  const control = await openCalls(begin, works, onError);
  opened.push(() => control.close());
  if (role === 'drain') {
    const stop = tellWhenEmpty({
      store: ground.store,
      receiptsUntil: receiptsHoldUntil(ground.folder),
      keepFinalMs: () => running.config.relay.keepFinalMs,
      now: world.now,
      tell: () => say({ kind: 'empty' }),
      onError,
    });
    opened.push(stop);
  }

  async function reload(next: Running): Promise<void> {
    try {
      await works.apply(next);
      running = next;
      await works.tellSpool();
      say({ kind: 'reloaded', because: null });
    } catch (error) {
      say({ kind: 'reloaded', because: messageOf(error) });
    }
  }
  let reloading: Promise<void> = Promise.resolve();
  return {
    reload(message) {
      reloading = reloading.then(() => {
        part = message.part;
        return reload(ofRole(unpack(message.running), role));
      });
    },
    look() {
      works.checkCertificates().catch((error: unknown) => onError('looking at certificates', error));
    },
    async close() {
      await reloading;
      await closeAll();
    },
  };
}

/** What only empties a queue takes nothing in. */
function ofRole(running: Running, role: Begin['role']): Running {
  if (role === 'serve') return running;
  const { config, files, effective } = running;
  return {
    config: { ...config, listeners: [], gateways: [] },
    files: { ...files, gateways: [] },
    effective,
  };
}

/** Where the primary asks it. */
function openCalls({ folder, number }: Begin, works: Works, onError: WorkParts['onError']): Promise<Control> {
  const { store, relay, recorder } = works.atTheSocket;
  const { engine, observation } = works;
  const { registry } = observation;
  const calls = workerCalls({ store, relay, engine, recorder, registry, since: world.now() });
  const umask = (mask: number): number => process.umask(mask);
  return openCallSocket(join(folder, callSocketOf(number)), calls, { umask, onError });
}
