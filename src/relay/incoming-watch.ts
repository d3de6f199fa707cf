/** Sees what becomes of the sessions of clients, for those who count. */
import type { Refusal } from '../net/admission.ts';
import type { Reducer, SessionWords } from '../wire/session.ts';
import type { ListenerSettings } from './settings.ts';

/** What is counted of clients; `listener` is the place that it was given in the configuration. */
export type IncomingNote = {
  readonly listener: Pick<ListenerSettings, 'address' | 'port' | 'role'>;
} & (
  | /** A session is over. `tls`: the version, null where it was in clear to its end. */
  { readonly kind: 'session'; readonly tls: string | null }
  /** Somebody was sent away at the door. */
  | { readonly kind: 'turned-away'; readonly reason: Refusal['reason'] }
  /** A command or a message was refused. `status`: as RFC 3463 has it, `5.1.1`; null where the reply has none. */
  | { readonly kind: 'refused'; readonly status: string | null }
);

/** What is seen of one session. */
export interface Watched<Words extends SessionWords> {
  readonly reducer: Reducer<Words>;
  /** The version of TLS that it came to. */
  readonly tls: () => string | null;
}

const REFUSAL = /^[45][0-9]{2}[ -](?:([45]\.[0-9]{1,3}\.[0-9]{1,3}) )?/;

/** Puts an eye between a session and its driver. @param onRefused with the status of each reply that refuses something. */
export function watchedSession<Words extends SessionWords>(
  reducer: Reducer<Words>,
  onRefused: (status: string | null) => void,
): Watched<Words> {
  let tls: string | null = null;
  return {
    tls: () => tls,
    reducer(state, input) {
      if (input.kind === 'secured') tls = input.facts.version;
      else if (input.kind === 'opened' && input.tls !== undefined) tls = input.tls.version;
      const step = reducer(state, input);
      for (const effect of step.effects) {
        if (effect.kind !== 'send') continue;
        const refusal = REFUSAL.exec(effect.text);
        if (refusal !== null) onRefused(refusal[1] ?? null);
      }
      return step;
    },
  };
}
