/** The advisor: answers what TLS mail for a domain has to reach, to mail servers that ask by protocols of their own. */
import type { Registry } from 'prom-client';
import type { PolicyEngine } from '../lookup/engine.ts';
import type { Domain } from '../names/domain.ts';
import type { Deadlines } from '../net/deadlines.ts';
import {
  type LocalListener,
  type LocalListenerOptions,
  type LocalPlace,
  listenLocally,
} from '../net/local-listener.ts';
import { attributesFor } from '../policies/answers/postfix-text.ts';
import type { Rules } from '../policies/demand.ts';
import { converse } from './conversation.ts';
import { type Desk, type LookUpsUnderWay, openDesk } from './desk.ts';
import type { Dialect } from './dialect.ts';
import { openHttpDesk } from './http.ts';
import { line } from './line.ts';
import { type AdvisorCounters, advisorMetrics } from './metrics.ts';
import type { Outcome } from './outcomes.ts';
import type { AdvisorListener, AdvisorProtocol, AdvisorSettings } from './settings.ts';
import { socketmap } from './socketmap.ts';
import { tcpTable } from './tcp-table.ts';

export interface AdvisorParts {
  readonly settings: AdvisorSettings;
  readonly learn: PolicyEngine['learn'];
  /**
   * What operators say at the moment, without a message, of mail to a domain; `null`: to a next hop that somebody named, of which
   * nobody says anything.
   */
  readonly rulesFor: (domain: Domain | null) => Rules;
  readonly deadlines: Deadlines;
  readonly registry: Registry;
  /** Remembers what programs that deliver by themselves have reached; absent: nobody does. */
  readonly remember: (outcome: Outcome) => boolean;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Of the program. */
  readonly version: string;
  /** Sets the mask for new files of this process, and gives back the one before. */
  readonly umask: (mask: number) => number;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onError: (what: string, error: unknown) => void;
}

interface AdvisorPlace {
  readonly protocol: AdvisorProtocol;
  /** With the port that it got. */
  readonly place: LocalPlace;
}

export interface Advisor {
  readonly places: readonly AdvisorPlace[];
  /**
   * Listeners that keep their place and protocol stay, with their connections, and go by the new settings from the next request on.
   * All answers are forgotten.
   *
   * @throws Node's error where a place cannot be had; as far as possible everything is as it was then.
   */
  reload(settings: AdvisorSettings): Promise<void>;
  /** Forgets all answers: somebody has said something about policies. */
  forget(): void;
  /** Takes nobody in any more, and gives answers that are looked up `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** A listener under its present settings. */
interface Standing {
  settings: AdvisorListener;
  readonly desk: Desk;
  readonly listener: LocalListener;
}

/** How long answers may take whose listener is no more. */
const GRACE_MS = 30_000;

/** One that speaks another protocol comes again with each mail: so often the log says it of a listener. The counter has all. */
const TELL_EVERY_MS = 60_000;

/** @throws Node's error where a place cannot be had; nothing is left open then. */
export async function startAdvisor(parts: AdvisorParts): Promise<Advisor> {
  let { connections, answers } = parts.settings;
  let standing: readonly Standing[] = [];
  const leaving = new Set<Promise<void>>();
  const lookUps: LookUpsUnderWay = { count: 0 };
  const counters = advisorMetrics(parts.registry, () =>
    standing.reduce((sum, { listener }) => sum + listener.connections, 0),
  );

  async function open(settings: AdvisorListener): Promise<Standing> {
    const { protocol, place } = settings;
    const slot = { settings };
    const desk = openDesk({
      learn: parts.learn,
      deadlines: parts.deadlines,
      now: () => performance.now(),
      counters: counters.of(protocol),
      lookUps,
      most: () => answers,
      onError: parts.onError,
    });
    const listener = await listenLocally({
      place,
      most: () => connections,
      ...receiverOf(protocol, desk, () => slot.settings, counters, parts),
      umask: parts.umask,
      onError: (error) => parts.onError(`listening at ${showPlace(place)}`, error),
    });
    return Object.assign(slot, { desk, listener });
  }

  function leave({ listener }: Standing): void {
    const gone = listener.close(GRACE_MS).finally(() => leaving.delete(gone));
    leaving.add(gone);
  }

  async function reload(settings: AdvisorSettings): Promise<void> {
    const going = [...standing];
    const places = settings.listeners.map((wanted): { wanted: AdvisorListener; at: Standing | undefined } => {
      const index = going.findIndex((one) => isSame(one.settings, wanted));
      return { wanted, at: index === -1 ? undefined : going.splice(index, 1)[0] };
    });
    const missing = places.filter(({ at }) => at === undefined);
    // Only one can have a place: what stands there for something else makes room first.
    const inTheWay = going.filter((one) =>
      missing.some(({ wanted }) => isAt(one.settings.place, wanted.place)),
    );
    for (const one of inTheWay) leave(one);
    standing = standing.filter((one) => !inTheWay.includes(one));
    try {
      for (const place of missing) place.at = await open(place.wanted);
    } catch (error) {
      const opened = missing.flatMap(({ at }) => at ?? []);
      await Promise.all(opened.map(({ listener }) => listener.close(0)));
      throw error;
    }
    for (const one of going) if (!inTheWay.includes(one)) leave(one);
    ({ connections, answers } = settings);
    standing = places.flatMap(({ at, wanted }) => {
      if (at === undefined) return [];
      at.settings = wanted;
      at.desk.forget();
      return [at];
    });
  }

  await reload(parts.settings);
  return {
    get places() {
      return standing.map(({ settings: { protocol }, listener: { place } }) => ({ protocol, place }));
    },
    reload,
    forget() {
      for (const { desk } of standing) desk.forget();
    },
    async close(graceMs) {
      await Promise.all([...leaving, ...standing.map(({ listener }) => listener.close(graceMs))]);
    },
  };
}

function receiverOf(
  protocol: AdvisorProtocol,
  desk: Desk,
  settings: () => AdvisorListener,
  counters: AdvisorCounters,
  { rulesFor, deadlines, remember, wallClock, version, onOddity, onError }: AdvisorParts,
): Pick<LocalListenerOptions, 'receive' | 'server'> {
  const terms = () => {
    const { dane, version: postfix, outcomes } = settings();
    return { dane, version: postfix, outcomes, rulesFor };
  };
  if (protocol === 'http') {
    const http = { desk, remember, wallClock, version, onError };
    return openHttpDesk(
      { ...http, terms: () => ({ ...terms(), attributes: attributesFor(settings().version) }) },
      deadlines,
    );
  }
  const dialect = dialectOf(protocol, desk, terms);
  let toldAt = Number.NEGATIVE_INFINITY;
  const onFault = (because: string): void => {
    counters.fault(protocol);
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    onOddity('a client of the advisor broke the protocol', { protocol, because });
  };
  return { receive: (socket) => converse(socket, dialect, deadlines, onFault) };
}

function dialectOf(
  protocol: Exclude<AdvisorProtocol, 'http'>,
  desk: Desk,
  terms: Parameters<typeof socketmap>[1],
): Dialect {
  switch (protocol) {
    case 'socketmap':
      return socketmap(desk, terms);
    case 'tcp_table':
      return tcpTable(desk, terms);
    case 'line':
      return line(desk, (domain) => terms().rulesFor(domain));
  }
}

/** Whether a listener can go on in place of the other; its file would have to be made anew for another mode. */
function isSame({ protocol, place }: AdvisorListener, other: AdvisorListener): boolean {
  const hasMode =
    place.kind === 'file' && other.place.kind === 'file' ? place.mode === other.place.mode : true;
  return protocol === other.protocol && hasMode && isAt(place, other.place);
}

function isAt(one: LocalPlace, other: LocalPlace): boolean {
  if (one.kind === 'file') return other.kind === 'file' && one.path === other.path;
  return other.kind === 'address' && one.address === other.address && one.port === other.port;
}

export function showPlace(place: LocalPlace): string {
  return place.kind === 'address' ? `${place.address}:${place.port}` : place.path;
}
