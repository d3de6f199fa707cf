/** The one switch back to `may` for all mail, for a network that strips STARTTLS: loud for as long as it is on. */
import { EVERYWHERE, type Override } from '../policies/overrides/override.ts';
import { isInForce } from '../policies/overrides/release.ts';
import type { EpochMs } from '../policies/words.ts';
import type { PolicyStore } from '../store/policy-store.ts';

export interface SwitchParts {
  readonly overrides: Pick<PolicyStore['overrides'], 'get'>;
  /** Milliseconds since 1970. */
  readonly now: () => EpochMs;
}

/** The switch, while it is on. */
export function switchOn({ overrides, now }: SwitchParts): Override | undefined {
  const general = overrides.get(EVERYWHERE);
  return general !== undefined && isInForce(general, now()) ? general : undefined;
}

/** One sentence about what it does. */
export function switchText({ until, reason }: Override): string {
  const end = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  return `TLS is required of no mail${end}, whatever policies and rules say, but of mail with REQUIRETLS, of domains with an override of their own and at next hops that are named by address: ${reason}`;
}

const EVERY_MS = 60 * 60_000;

/** Says at the start and each hour that the switch is on. */
export function startSwitchNotices(parts: SwitchParts, warn: (text: string) => void): { close(): void } {
  const look = (): void => {
    const general = switchOn(parts);
    if (general !== undefined) warn(switchText(general));
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
