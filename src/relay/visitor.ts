/** Who a session is with: whoever connected, or, by the word of a front, the client behind it. */
import type { Admission, Pass, Refusal } from '../net/admission.ts';
import type { Introduced } from '../protocols/smtp/server/session.ts';
import { isWithinOneOf } from './networks.ts';
import type { Client } from './session-rules.ts';
import type { ListenerSettings } from './settings.ts';

export interface Visitor {
  readonly kind: 'visitor';
  /** As of now. */
  readonly client: Client;
  /** Counts what this client does. */
  readonly pass: Pass;
  /** A front says for whom it speaks from here on. @returns why he may not come in; nobody is counted then. */
  introduce(who: Introduced): Refusal | undefined;
  /** The connection is gone; once or more. */
  leave(): void;
}

type Terms = Pick<ListenerSettings, 'networks' | 'fronts' | 'role'>;

/**
 * @param anonymous the address is that of a proxy that named no client.
 * @returns the refusal where the limits do not let it in.
 */
export function admit(
  admission: Admission,
  { networks, fronts, role }: Terms,
  { address, anonymous }: { readonly address: string; readonly anonymous: boolean },
): Visitor | Refusal {
  const isFront = !anonymous && isWithinOneOf(fronts, address);
  let client: Client = {
    address,
    trusted: !anonymous && isWithinOneOf(networks, address),
    front: isFront,
    introduced: false,
    known: !anonymous,
  };
  // A front comes for many: each of them is counted once it says who that is.
  const asServer = role === 'mx';
  const entered = admission.enter(address, { exempt: client.trusted || isFront, asServer });
  if (entered.kind === 'refused') return entered;
  let pass: Pass = entered;
  return {
    kind: 'visitor',
    get client() {
      return client;
    },
    get pass() {
      return pass;
    },
    introduce(who) {
      const known = who.address !== null;
      const next = who.address ?? address;
      // An address that nobody knows is nobody's network.
      const trusted = known && isWithinOneOf(networks, next);
      // One that does not know its clients is not to be shut out for all of them together.
      const admitted = admission.enter(next, { exempt: trusted || !known, asServer });
      if (admitted.kind === 'refused') return admitted;
      pass.leave();
      pass = admitted;
      client = { address: next, trusted, front: true, introduced: true, known };
      return undefined;
    },
    leave: () => pass.leave(),
  };
}
