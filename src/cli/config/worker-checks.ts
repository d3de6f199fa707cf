/** What `workers` asks of the limits that they divide among them. */
import type { Config } from './config.ts';

/** Limits of which each worker needs a part: one of 0 would keep it from working, and one of 1 each would exceed the limit. */
export function workerChecks({
  workers,
  relay,
  limits,
}: Pick<Config, 'workers'> & {
  readonly relay: Pick<Config['relay'], 'connections' | 'connectionsPerHost' | 'connectionsPerSecond'>;
  readonly limits: Pick<Config['limits'], 'sessions'>;
}): readonly (readonly [path: string, message: string])[] {
  const divided: readonly (readonly [path: string, limit: number | null])[] = [
    ['relay.connections', relay.connections],
    ['relay.connections_per_host', relay.connectionsPerHost],
    ['relay.connections_per_second', relay.connectionsPerSecond],
    ['limits.sessions', limits.sessions],
  ];
  return divided.flatMap(([path, limit]) =>
    limit === null || limit >= workers
      ? []
      : [
          [
            path,
            `is divided among ${workers} workers, of which each needs one: it has to be ${workers} at least`,
          ],
        ],
  );
}
