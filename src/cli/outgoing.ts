/** From the configuration to what deliveries need; shared by `serve` and `send --direct`. */
import type { PolicyEngine } from '../lookup/engine.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { outgoingContext } from '../net/tls.ts';
import { outgoingPatience } from '../relay/session.ts';
import type { Outgoing } from '../relay/settings.ts';
import type { Config } from './config/config.ts';
import type { OutgoingFiles } from './config/files.ts';

/** How mail leaves under this configuration; the routes to the backends of domains are not among these. */
export function outgoingOf(
  config: Config,
  { roots, routes }: OutgoingFiles,
  deadlines: Deadlines,
  engine: Pick<PolicyEngine, 'factsOf' | 'factsAnew'>,
): Omit<Outgoing, 'isSelf' | 'readersOf' | 'senderFor' | 'sign'> {
  const { hostname } = config;
  return {
    hostname,
    routes: routes.map((route) => ({ ...route, hello: route.hello ?? hostname })),
    rules: config.rules,
    level: () => config.relay.tls,
    requireTls: config.relay.demands.requireTls,
    smtpPort: config.relay.smtpPort,
    now: Date.now,
    lookUp: engine.factsOf,
    lookUpAnew: engine.factsAnew,
    context: outgoingContext(roots),
    smallHelloContext: lazily(() => outgoingContext(roots, 'added', 'small')),
    deadlines,
    patience: outgoingPatience,
  };
}

function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
