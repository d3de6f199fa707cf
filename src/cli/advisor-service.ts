/** The advisor of a running relay, where the configuration has one. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Advisor, AdvisorParts } from '../advisor/advisor.ts';
import type { PolicyEngine } from '../lookup/engine.ts';
import type { Domain } from '../names/domain.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { Rules } from '../policies/demand.ts';
import type { SessionNote } from '../policies/memory/track.ts';
import { routeFor } from '../policies/overrides/route.ts';
import { ruledForDomain } from '../policies/overrides/rule.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import type { Running } from './reload.ts';
import { version } from './version.ts';

export interface AdvisorServiceParts {
  readonly first: Running;
  readonly engine: PolicyEngine;
  /** What an operator or another process may change at any time, and answers depend on. */
  readonly kept: {
    readonly overrides: Pick<PolicyStore['overrides'], 'list'>;
    readonly promotions: Pick<PolicyStore['promotions'], 'list'>;
    readonly list: Pick<PolicyStore['list'], 'head'>;
  };
  /** Takes a session that somebody else had. @returns whether it is remembered. */
  readonly remember: (note: SessionNote) => boolean;
  readonly deadlines: Deadlines;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly onError: (what: string, error: unknown) => void;
}

export interface AdvisorService {
  /** The engine, for whoever makes it learn or forget something: the answers are made anew then. */
  readonly engine: PolicyEngine;
  /** @throws Node's error where a place cannot be had; as far as possible everything is as it was then. */
  reload(next: Running): Promise<void>;
  close(graceMs: number): Promise<void>;
}

/** An override may be set, or a list accepted, by another process, and holds a second later at the latest. */
const LOOK_EVERY_MS = 1_000;

/** @throws Node's error where a place cannot be had. */
export async function startAdvisorService(parts: AdvisorServiceParts): Promise<AdvisorService> {
  const { first, engine, kept, log, onError } = parts;
  let running = first;
  let advisor: Advisor | undefined;
  let stop: (() => void) | undefined;
  let told = new Set<string>();

  async function follow(): Promise<void> {
    const settings = running.config.advisor;
    if (advisor !== undefined) await advisor.reload(settings);
    else if (settings.listeners.length > 0) {
      // Only who has one pays for it: in memory, and at the start.
      const { startAdvisor } = await import('../advisor/advisor.ts');
      advisor = await startAdvisor({
        ...partsOf(parts),
        settings,
        rulesFor: (domain) => rulesFor(domain, running),
      });
      stop = whenChanged(kept, startOver, onError);
    }
    tell();
  }

  /** Names each listener once: where port 0 was asked for, only the log knows which it became. */
  function tell(): void {
    const now = new Set<string>();
    for (const { protocol, place } of advisor?.places ?? []) {
      const at =
        place.kind === 'file' ? { socket: place.path } : { address: place.address, port: place.port };
      const key = JSON.stringify([protocol, at]);
      now.add(key);
      if (!told.has(key)) log.info({ protocol, ...at }, 'the advisor listens');
    }
    told = now;
  }

  function forget(): void {
    advisor?.forget();
  }

  /** What is under way has read what was said before, and takes up to a minute. */
  function startOver(): void {
    engine.overlookAll();
    forget();
  }

  await follow();
  return {
    engine: {
      ...engine,
      refresh: (domain) => engine.refresh(domain).finally(forget),
      forget: (domain) => engine.forget(domain).finally(forget),
      overlook(domain) {
        engine.overlook(domain);
        forget();
      },
    },
    async reload(next) {
      const before = running;
      running = next;
      try {
        await follow();
      } catch (error) {
        running = before;
        throw error;
      }
    },
    async close(graceMs) {
      stop?.();
      await advisor?.close(graceMs);
    },
  };
}

function partsOf({
  engine,
  remember,
  deadlines,
  registry,
  log,
  onError,
}: AdvisorServiceParts): Omit<AdvisorParts, 'settings' | 'rulesFor'> {
  return {
    learn: engine.learn,
    remember,
    deadlines,
    registry,
    wallClock: Date.now,
    version: version(),
    umask: (mask) => process.umask(mask),
    onOddity: (what, about) => log.warn(about, what),
    onError,
  };
}

/**
 * What the configuration says of mail to a domain. A route with a next hop says how this relay sends, and nothing of how
 * others do.
 */
function rulesFor(domain: Domain | null, { config, files }: Running): Rules {
  const defaultLevel = config.relay.tls;
  if (domain === null) return { route: undefined, defaultLevel };
  const at = { kind: 'domain', domain } as const;
  const route = routeFor(
    at,
    files.routes.map((one) => ({ ...one, hello: one.hello ?? config.hostname })),
  );
  return {
    route: route?.to === null ? route : undefined,
    defaultLevel,
    ruled: ruledForDomain(at, config.rules).tls,
  };
}

/** Looks at what is kept from time to time. @returns what ends it. */
function whenChanged(
  { overrides, promotions, list }: AdvisorServiceParts['kept'],
  tell: () => void,
  onError: AdvisorServiceParts['onError'],
): () => void {
  let known: string | undefined;
  const look = (): void => {
    try {
      // What a promotion has blocked changes no answer, until it is taken back.
      const promoted = promotions.list().map((one) => ({ ...one, blocked: 0 }));
      const now = JSON.stringify([overrides.list(), promoted, list.head()]);
      if (known !== undefined && now !== known) tell();
      known = now;
    } catch (error) {
      onError('looking at overrides, promotions and the policy list', error);
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
