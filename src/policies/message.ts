/** What a message itself asks of TLS on its way, as it is honoured at one next hop. RFC 8689. */
import type { TlsWish } from '../names/message-terms.ts';
import type { Requirement } from './words.ts';

/**
 * How far REQUIRETLS is honoured at a next hop.
 *
 * `enforce`: the host proves its name and takes REQUIRETLS over (RFC 8689 §4.2.1). `starttls`: it proves its name, and is told
 * where it offers that. `opportunistic`: it is told where it offers that and proves its name, and nothing more is asked of it.
 * `off`: neither offered nor asked.
 */
export type RequireTlsLevel = 'enforce' | 'starttls' | 'opportunistic' | 'off';

export const requireTlsLevels = [
  'enforce',
  'starttls',
  'opportunistic',
  'off',
] as const satisfies readonly RequireTlsLevel[];

export interface MessageDemand {
  /** `authenticate`: of a name that the path could not choose. */
  readonly requires: Requirement;
  /** Whether it stands also over an override: what REQUIRETLS promises is not the operator's to take back. */
  readonly overOverride: boolean;
  /** REQUIRETLS with MAIL: `pass` where it can be had, `must` or no mail. */
  readonly requireTls: 'no' | 'pass' | 'must';
  /** Whether the policies of the recipient domain are set aside (RFC 8689 §3). */
  readonly lifts: boolean;
  /** One sentence. */
  readonly because: string;
}

const nothing = { requires: 'none', overOverride: false, requireTls: 'no', lifts: false } as const;

/**
 * @param wish what the message says.
 * @param level how far REQUIRETLS is honoured at this next hop.
 * @param isBounce whether it comes from the null sender.
 * @returns null where it asks for nothing.
 */
export function messageDemand(
  wish: TlsWish | null,
  level: RequireTlsLevel,
  isBounce: boolean,
): MessageDemand | null {
  switch (wish) {
    case null:
      return null;
    case 'optional':
      return { ...nothing, lifts: true, because: 'the message says TLS-Required: No' };
    case 'encrypt':
    case 'authenticate':
      return { ...nothing, requires: wish, because: `whoever submitted the message asked for ${wish}` };
    case 'requiretls':
      return requireTlsDemand(level, isBounce);
  }
}

function requireTlsDemand(level: RequireTlsLevel, isBounce: boolean): MessageDemand | null {
  if (level === 'off') return null;
  const because = `the message was sent with REQUIRETLS, which is honoured here as ${level}`;
  // RFC 8689 §4.2.1 is about messages that have a return-path; §5: a notification SHOULD NOT be lost for want of REQUIRETLS.
  if (level === 'opportunistic' || isBounce) return { ...nothing, requireTls: 'pass', because };
  const requireTls = level === 'enforce' ? 'must' : 'pass';
  return { requires: 'authenticate', overOverride: true, requireTls, lifts: false, because };
}
