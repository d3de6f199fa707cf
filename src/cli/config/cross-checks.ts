/** What the tables of a configuration ask of each other. */
import { isIPv4 } from 'node:net';
import { formatHostPort, isLoopback } from '../../names/address.ts';
import type { RouteTarget } from '../../policies/overrides/route.ts';
import type { Config, ConfigError, Listener } from './config.ts';

/** Everything by which the configuration cannot do what it says. */
export function crossCheck(config: Config, originOf: (path: string) => string): readonly ConfigError[] {
  const { listeners, accounts, domains, routes } = config;
  const errors: ConfigError[] = [];
  const complain = (path: string, message: string): void => {
    errors.push({ path, origin: originOf(path), message });
  };
  for (const [index, { role, networks }] of listeners.entries()) {
    if (role === 'mx' && domains.length === 0) {
      complain(`listener[${index}].role`, '"mx" takes mail for the domains of [[domain]], and there is none');
    }
    if (role === 'submission' && networks.length === 0 && accounts.length === 0) {
      complain(`listener[${index}].networks`, 'nobody may hand in mail here: there is no [[account]] either');
    }
  }
  for (const [index, listener] of listeners.entries()) {
    const wider = listeners.find((other) => other !== listener && isPartOf(listener, other));
    if (wider === undefined) continue;
    const all = wider.address === '::' ? 'every address, those of IPv4 too' : 'every address of IPv4';
    complain(
      `listener[${index}].address`,
      `is taken already: ${formatHostPort(wider.address, wider.port)} is ${all}`,
    );
  }
  if (accounts.length > 0 && listeners.every(({ role }) => role !== 'submission')) {
    complain('account', 'nobody can log in: there is no listener with role = "submission"');
  }
  for (const [index, { backend }] of domains.entries()) {
    const own = ownListener(config, backend);
    if (own !== undefined) complain(`domain[${index}].backend`, leadsBack(own));
  }
  for (const [index, { to }] of routes.entries()) {
    const own = to === null ? undefined : ownListener(config, to);
    if (own !== undefined) complain(`route[${index}].to`, leadsBack(own));
  }
  return errors;
}

/** Whether the system refuses to listen at `one` because it listens at `other`. */
function isPartOf(one: Listener, other: Listener): boolean {
  if (one.port !== other.port || one.port === 0 || one.address === other.address) return false;
  return other.address === '::' || (other.address === '0.0.0.0' && isIPv4(one.address));
}

function leadsBack({ address, port }: Listener): string {
  return `is our own listener ${formatHostPort(address, port)}: the mail would go round in circles`;
}

/** As far as the configuration alone can tell; behind other names of this host the relay finds it at delivery. */
function ownListener({ listeners }: Config, { host, port }: RouteTarget): Listener | undefined {
  return listeners.find((listener) => {
    if (listener.port !== port) return false;
    const everywhere = listener.address === '0.0.0.0' || listener.address === '::';
    if (host.kind === 'ip')
      return host.address === listener.address || (everywhere && isLoopback(host.address));
    return host.name === 'localhost' && (everywhere || isLoopback(listener.address));
  });
}
